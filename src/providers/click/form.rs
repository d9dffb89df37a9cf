//! Forms as Click's examples send them: `multipart/form-data`, text fields only.
//!
//! The same fields behind the same boundary are the same bytes. The boundary is the first line of the body, so bytes
//! that were kept tell their own content type. No value can hold a delimiter: each stands behind a line break, and a
//! value with one is not written.

/// The most characters of a boundary.
const LONGEST_BOUNDARY: usize = 70;

/// A body with the content type that it needs.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) content_type: String,
    pub(super) body: Vec<u8>,
}

/// A value with a line break or another control character in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unwritable {
    /// Its field.
    pub(super) field: &'static str,
}

impl Form {
    /// Writes fields in their order. The boundary is made of ASCII letters, digits and hyphens.
    pub(super) fn write(boundary: &str, fields: &[(&'static str, &str)]) -> Result<Self, Unwritable> {
        if let Some(&(field, _)) = fields.iter().find(|(_, value)| value.chars().any(char::is_control)) {
            return Err(Unwritable { field });
        }
        let parts = fields.iter().map(|(name, value)| {
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        });
        let body = parts.chain([format!("--{boundary}--\r\n")]).collect::<String>();
        Ok(Self { content_type: content_type(boundary), body: body.into_bytes() })
    }

    /// A form that was written earlier; none where the bytes are no form of ours.
    pub(super) fn kept(body: &[u8]) -> Option<Self> {
        let line_end = body.windows(2).position(|pair| pair == b"\r\n")?;
        let boundary = str::from_utf8(body[..line_end].strip_prefix(b"--")?).ok()?;
        let is_ours = (1..=LONGEST_BOUNDARY).contains(&boundary.len())
            && boundary.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && body.ends_with(format!("--{boundary}--\r\n").as_bytes());
        is_ours.then(|| Self { content_type: content_type(boundary), body: body.to_vec() })
    }
}

fn content_type(boundary: &str) -> String {
    format!("multipart/form-data; boundary={boundary}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_written_in_order_with_a_line_break_before_each_delimiter() {
        let form = Form::write("b-1", &[("account[email]", "a@b"), ("amount", "")]).expect("a form");
        let expected = "--b-1\r\nContent-Disposition: form-data; name=\"account[email]\"\r\n\r\na@b\r\n\
                        --b-1\r\nContent-Disposition: form-data; name=\"amount\"\r\n\r\n\r\n--b-1--\r\n";
        assert_eq!(String::from_utf8(form.body).as_deref(), Ok(expected));
        assert_eq!(form.content_type, "multipart/form-data; boundary=b-1");
    }

    #[test]
    fn kept_bytes_tell_their_content_type() {
        let form = Form::write("b-1", &[("amount", "100")]).expect("a form");
        assert!(Form::kept(&form.body) == Some(form));
        for other in ["", "\r\n", "--\r\n----\r\n", "--b\r\n", "{\"a\":1}\r\n", "--b c\r\n--b c--\r\n"] {
            assert!(Form::kept(other.as_bytes()).is_none(), "{other:?}");
        }
    }

    #[test]
    fn a_value_cannot_add_a_field() {
        let value = "1\r\n--b-1\r\nContent-Disposition: form-data; name=\"amount\"\r\n\r\n9999";
        let fault = Form::write("b-1", &[("amount", "1"), ("bill_account", value)]).err();
        assert_eq!(fault, Some(Unwritable { field: "bill_account" }));
    }
}
