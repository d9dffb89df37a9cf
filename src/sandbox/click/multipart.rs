//! Reading `multipart/form-data` with text fields, strictly: no files, no preamble, nothing behind the end.

/// The names and values of a body in their order; none where it is no such form.
pub(super) fn read(boundary: &str, body: &str) -> Option<Vec<(String, String)>> {
    let delimiter = format!("\r\n--{boundary}");
    let mut fields = Vec::new();
    let mut rest = body.strip_prefix("--")?.strip_prefix(boundary).filter(|_| !boundary.is_empty())?;
    loop {
        if let Some(end) = rest.strip_prefix("--") {
            return (end.is_empty() || end == "\r\n").then_some(fields);
        }
        let (part, after) = rest.strip_prefix("\r\n")?.split_once(delimiter.as_str())?;
        fields.push(field(part)?);
        rest = after;
    }
}

/// The boundary of a content type; none where it is of no form.
pub(super) fn boundary(content_type: &str) -> Option<&str> {
    let (media_type, parameters) = content_type.split_once(';')?;
    if !media_type.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let parameters = parameters.split(';').filter_map(|parameter| parameter.trim().split_once('='));
    let mut boundaries = parameters.filter(|(name, _)| name.eq_ignore_ascii_case("boundary"));
    boundaries.next().map(|(_, boundary)| boundary.trim_matches('"'))
}

/// The boundary of a body that does not tell it by its content type: what its first line begins with.
pub(super) fn first_boundary(body: &str) -> Option<&str> {
    let (first_line, _) = body.split_once("\r\n")?;
    first_line.strip_prefix("--").filter(|boundary| !boundary.is_empty())
}

fn field(part: &str) -> Option<(String, String)> {
    let (head, value) = part.split_once("\r\n\r\n")?;
    let disposition = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition").then(|| value.trim())
    })?;
    let name = disposition.strip_prefix("form-data; name=\"")?.strip_suffix('"')?;
    (!name.contains('"')).then(|| (name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURL: &str = concat!(
        "--------------------------d7\r\nContent-Disposition: form-data; name=\"amount\"\r\n\r\n100\r\n",
        "--------------------------d7\r\nContent-Disposition: form-data; name=\"biller_name\"\r\n\r\n\r\n",
        "--------------------------d7--\r\n",
    );

    #[test]
    fn a_form_is_read_as_curl_writes_it() {
        let expected =
            [("amount", "100"), ("biller_name", "")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let boundary = first_boundary(CURL).expect("a boundary");
        assert_eq!(boundary, "------------------------d7");
        assert_eq!(read(boundary, CURL), Some(expected.to_vec()));
    }

    #[test]
    fn a_boundary_is_read_from_the_content_type() {
        assert_eq!(boundary("multipart/form-data; boundary=x-1"), Some("x-1"));
        assert_eq!(boundary("Multipart/Form-Data; charset=utf-8; Boundary=\"x 1\""), Some("x 1"));
        assert_eq!(boundary("application/json; boundary=x"), None);
        assert_eq!(boundary("multipart/form-data"), None);
    }

    #[test]
    fn what_is_no_complete_form_is_not_read() {
        let part = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1";
        assert!(read("b", &format!("{part}\r\n--b--")).is_some());
        for body in [
            "",
            "--b",
            part,
            &format!("{part}\r\n--b"),
            &format!("{part}\r\n--c--\r\n"),
            &format!("{part}\r\n--b--\r\nmore"),
            "--b\r\n\r\n1\r\n--b--\r\n",
            "--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"f\"\r\n\r\n1\r\n--b--\r\n",
        ] {
            assert_eq!(read("b", body), None, "{body:?}");
        }
        assert_eq!(read("", "--\r\n"), None);
    }
}
