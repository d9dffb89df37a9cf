//! Click's names and shapes as its pages show them. Nothing is interpreted here.
//!
//! Where the table and the example of a page disagree, the example counts: it is the only request that is known to have
//! been made. So `bill_account`, not the table's `bill_number`; `processing_date`, which the table calls `due_date` a
//! second time; and forms, though the pages' header blocks say JSON. `authroized` and `sucess` are Click's spellings.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::providers::json::{self, Unreadable};

/// Signing in.
pub(super) const SIGN_IN: &str = "/api/v1/accounts/sign_in.json";
/// POST pays a bill, GET asks for one.
pub(super) const BILL_PAYMENTS: &str = "/api/v1/bill_payments.json";

pub(super) const EMAIL: &str = "account[email]";
pub(super) const PASSWORD: &str = "account[password]";

pub(super) const CUSTOMER_MOBILE_NUMBER: &str = "customer_mobile_number";
pub(super) const PROCESSING_DATE: &str = "processing_date";
pub(super) const DUE_DATE: &str = "due_date";
pub(super) const BILLER_NAME: &str = "biller_name";
pub(super) const AMOUNT: &str = "amount";
/// The account, when it is paid.
pub(super) const BILL_ACCOUNT: &str = "bill_account";
/// A second number: in the table, in no example.
pub(super) const ACCOUNT_NUMBER: &str = "account_number";
/// The account, when it is asked for.
pub(super) const BILLING_ACCT: &str = "billing_acct";

/// `status` of an error that says that our account may not use the service.
pub(super) const FORBIDDEN: &str = "forbidden";

/// The one documented error.
#[derive(Debug, Deserialize)]
pub(super) struct ErrorBody {
    pub(super) error: String,
    pub(super) status: Option<String>,
}

impl ErrorBody {
    /// Reads an error, as JSON or as the Ruby hash that the page prints.
    pub(super) fn read(body: &[u8]) -> Result<Self, Unreadable> {
        let text = str::from_utf8(body).map_err(|_| Unreadable)?;
        json::read(body).or_else(|_| json::read(json_of_ruby(text).as_bytes()))
    }
}

/// Whether a body is `{}`, all that a success is documented to say.
pub(super) fn is_empty_object(body: &[u8]) -> bool {
    json::read::<Map<String, Value>>(body).is_ok_and(|members| members.is_empty())
}

/// Whether a body is JSON at all.
pub(super) fn is_json(body: &[u8]) -> bool {
    json::read::<Value>(body).is_ok()
}

/// A printed Ruby hash as JSON: outside of strings `=>` is a colon and `nil` is null. What else Ruby can print stays as
/// it is, and is refused as no JSON.
fn json_of_ruby(text: &str) -> String {
    let mut json = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((between, strings)) = rest.find('"').map(|quote| rest.split_at(quote)) {
        let (string, after) = strings.split_at(literal_length(strings));
        json.push_str(&translated(between));
        json.push_str(string);
        rest = after;
    }
    json.push_str(&translated(rest));
    json
}

/// What stands between two strings.
fn translated(ruby: &str) -> String {
    ruby.replace("=>", ":").replace("nil", "null")
}

/// The bytes of the string that a text starts with, quotes included; all of them where it does not end.
fn literal_length(text: &str) -> usize {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::click::fixture;

    fn read(text: &str) -> Option<(String, Option<String>)> {
        ErrorBody::read(text.as_bytes()).ok().map(|body| (body.error, body.status))
    }

    #[test]
    fn trap_5_an_error_is_read_as_json_and_as_the_ruby_hash_that_is_printed() {
        for name in ["pay_forbidden", "pay_forbidden_json"] {
            let body = ErrorBody::read(&fixture::answer(name).body).expect("the documented error");
            assert_eq!(body.error, "Sorry!, You are not authroized to use this service.", "{name}");
            assert_eq!(body.status.as_deref(), Some(FORBIDDEN), "{name}");
        }
    }

    #[test]
    fn a_ruby_string_keeps_what_looks_like_ruby_in_it() {
        let printed = r#"{ "error"=>"nil => \"x\\", "status" => nil }"#;
        assert_eq!(read(printed), Some((r#"nil => "x\"#.to_owned(), None)));
        assert_eq!(read(r#"{"error"=>"a"}"#), Some(("a".to_owned(), None)));
    }

    #[test]
    fn what_is_no_documented_error_is_not_read() {
        for text in [
            "",
            "{}",
            "nil",
            "{\"error\"=>",
            r#"{"error"=>"a"#,
            r#"{"error"=>"a", "error"=>"b"}"#,
            r#"{"error":"a","error":"b"}"#,
            r#"{:error=>"a"}"#,
            r#"{"error"=>["a"]}"#,
            r#"{"error"=>"a\e"}"#,
            r#"{"error"=>nil}"#,
            r#"{"request_id":"jisr1","description":"Duplicate Transaction","body":null,"success":false}"#,
            "<html><body>Unprocessable</body></html>",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert!(ErrorBody::read(b"\xff").is_err());
    }

    #[test]
    fn trap_5_a_success_says_nothing_but_braces() {
        for text in ["{}", " { } \n"] {
            assert!(is_empty_object(text.as_bytes()), "{text}");
        }
        for text in ["", "null", "[]", "\"\"", "{\"id\":1}", "{}{}", "<html>", "{"] {
            assert!(!is_empty_object(text.as_bytes()), "{text}");
        }
    }
}
