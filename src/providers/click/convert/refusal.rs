//! The documented error, as a refusal in createPayment's words.
//!
//! A refusal is final and lets a payment fail, so it must be one: a 422 of another shape is unknown, and so is one
//! whose own words speak of an earlier payment. Click knows duplicates of transfers, by what its pages do not say; if
//! something between us and Click sent a request twice, the answer about the second could be the only one that comes
//! back.

use crate::domain::biller::InputName;
use crate::domain::payment::FieldFault;
use crate::ports::provider::{ProviderError, RefusalKind, Refused, Trouble};
use crate::providers::click::form::Unwritable;
use crate::providers::click::wire::{self, ErrorBody, FORBIDDEN};
use crate::providers::http::Answer;

/// The most characters that are kept of what the provider says.
const LONGEST_WORDS: usize = 300;
/// Words of an error about a payment that may be an earlier one of ours, which may have been paid.
const DUPLICATE_WORDS: [&str; 3] = ["duplicate", "previous transaction", "already"];
/// Words of an error that does not know either.
const UNDECIDED_WORDS: [&str; 5] = ["timeout", "timed out", "time out", "pending", "in progress"];
/// The pages' four names for the number that is paid.
const ACCOUNT_WORDS: [&str; 4] = ["bill number", "bill account", "billing acc", "account number"];
const NOT_FOUND_WORDS: [&str; 4] = ["not found", "not exist", "invalid", "not valid"];

/// What a 422 says.
pub(super) fn refusal(answer: &Answer) -> ProviderError {
    let Ok(body) = ErrorBody::read(&answer.body) else {
        return ProviderError::Unknown(answer.trouble("refusal in no documented form"));
    };
    let message = words(&body.error);
    let code = body.status.as_deref().map(words);
    let what = if holds_any(&message, &DUPLICATE_WORDS) {
        "duplicate"
    } else if holds_any(&message, &UNDECIDED_WORDS) {
        "error leaves the outcome open"
    } else {
        return ProviderError::Refused(definite(message, code, answer.status));
    };
    ProviderError::Unknown(Trouble { code, message: Some(message), ..answer.trouble(what) })
}

/// Whether Click refused because our account may not use the service: HTTP 422, though its `status` says forbidden.
pub(in crate::providers::click) fn is_forbidden(error: &ProviderError) -> bool {
    match error {
        ProviderError::Refused(refused) => refused.code.as_deref() == Some(FORBIDDEN),
        ProviderError::NotSent(_) | ProviderError::Unknown(_) | ProviderError::Misconfigured(_) => false,
    }
}

/// An input that no form can carry.
pub(in crate::providers::click) fn unwritable(fault: Unwritable) -> ProviderError {
    let message = "holds a line break or another control character".to_owned();
    let fields = vec![FieldFault { path: path(fault.field), message: message.clone() }];
    ProviderError::Refused(Refused { kind: RefusalKind::Input, message, fields, ..Refused::default() })
}

fn definite(message: String, code: Option<String>, http_status: u16) -> Refused {
    let kind = if code.as_deref() == Some(FORBIDDEN) { RefusalKind::Other } else { kind_of(&message) };
    let named = match kind {
        RefusalKind::AccountNotFound => Some(wire::BILL_ACCOUNT),
        RefusalKind::Amount => Some(wire::AMOUNT),
        RefusalKind::Input
        | RefusalKind::NotFound
        | RefusalKind::ProcessDate
        | RefusalKind::FundingAccount
        | RefusalKind::ReferenceInUse
        | RefusalKind::NotSupported
        | RefusalKind::NotRecallable
        | RefusalKind::Other => None,
    };
    let fields = named.map(|field| FieldFault { path: path(field), message: message.clone() });
    Refused {
        kind,
        code,
        message,
        fields: fields.into_iter().collect(),
        http_status: Some(http_status),
        ..Refused::default()
    }
}

/// The page shows no error about an input; where a text speaks of one, it is taken at its word.
fn kind_of(message: &str) -> RefusalKind {
    if holds_any(message, &ACCOUNT_WORDS) && holds_any(message, &NOT_FOUND_WORDS) {
        RefusalKind::AccountNotFound
    } else if holds_any(message, &["amount"]) {
        RefusalKind::Amount
    } else {
        RefusalKind::Other
    }
}

fn holds_any(text: &str, signs: &[&str]) -> bool {
    let text = text.to_ascii_lowercase();
    signs.iter().any(|sign| text.contains(sign))
}

/// Where Click's field stands in createPayment's input.
fn path(field: &str) -> Vec<String> {
    let path = match field {
        wire::BILL_ACCOUNT | wire::BILLING_ACCT => InputName::AccountReference.path(),
        wire::ACCOUNT_NUMBER => InputName::SecondReference.path(),
        wire::CUSTOMER_MOBILE_NUMBER => InputName::PayerPhone.path(),
        wire::DUE_DATE => InputName::DueDate.path(),
        wire::AMOUNT => &["input", "amount", "amount"],
        wire::BILLER_NAME => &["input", "target", "account", "billerId"],
        _ => &["input"],
    };
    path.iter().map(|&name| name.to_owned()).collect()
}

/// What the provider says, in one line that is not too long to keep.
fn words(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).take(LONGEST_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::click::fixture;

    fn error(text: &str) -> ProviderError {
        let body = format!(r#"{{"error":"{text}","status":"unprocessable_entity"}}"#);
        refusal(&Answer { status: 422, body: body.into_bytes() })
    }

    fn refused(error: ProviderError) -> Refused {
        match error {
            ProviderError::Refused(refused) => refused,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn trap_6_forbidden_with_422_is_a_definite_refusal_and_about_our_account() {
        for name in ["pay_forbidden", "pay_forbidden_json"] {
            let error = refusal(&fixture::answer(name));
            assert!(is_forbidden(&error), "{name}");
            let refused = refused(error);
            assert_eq!((refused.kind, refused.http_status), (RefusalKind::Other, Some(422)), "{name}");
            assert_eq!(refused.message, "Sorry!, You are not authroized to use this service.", "{name}");
            assert!(refused.fields.is_empty(), "{name}");
        }
    }

    #[test]
    fn an_ordinary_refusal_is_no_alert() {
        let error = refusal(&fixture::answer("pay_refused"));
        assert!(!is_forbidden(&error));
        assert_eq!(refused(error).kind, RefusalKind::Other);
        let none = refusal(&Answer { status: 422, body: br#"{"error":"Sorry!"}"#.to_vec() });
        assert_eq!(refused(none).code, None);
    }

    #[test]
    fn a_refusal_names_an_input_only_where_its_text_does() {
        for (text, kind, last) in [
            ("Bill account is not found.", RefusalKind::AccountNotFound, Some("accountReference")),
            ("The bill number is invalid", RefusalKind::AccountNotFound, Some("accountReference")),
            ("Amount is too small", RefusalKind::Amount, Some("amount")),
            ("Invalid request", RefusalKind::Other, None),
            ("Service not found", RefusalKind::Other, None),
        ] {
            let refused = refused(error(text));
            assert_eq!(refused.kind, kind, "{text}");
            let named = refused.fields.first().and_then(|field| field.path.last());
            assert_eq!(named.map(String::as_str), last, "{text}");
        }
    }

    #[test]
    fn a_duplicate_may_be_our_own_first_request_so_it_is_unknown() {
        for text in ["Duplicate Transaction", "Previous transaction was successful", "Bill was already paid"] {
            let error = error(text);
            assert!(matches!(&error, ProviderError::Unknown(trouble) if trouble.what == "duplicate"), "{text}");
        }
        assert!(matches!(error("Request timed out"), ProviderError::Unknown(_)));
    }

    #[test]
    fn a_422_of_another_shape_is_unknown() {
        for body in ["", "{}", "[]", "<html>", r#"{"description":"Duplicate Transaction","success":false}"#] {
            let error = refusal(&Answer { status: 422, body: body.as_bytes().to_vec() });
            assert!(matches!(error, ProviderError::Unknown(_)), "{body}");
        }
    }

    #[test]
    fn words_are_one_line_and_not_too_long() {
        assert_eq!(words("a\r\nb"), "a  b");
        assert_eq!(words(&"x".repeat(1000)).len(), LONGEST_WORDS);
    }

    #[test]
    fn an_input_that_cannot_be_written_is_named() {
        let refused = refused(unwritable(Unwritable { field: wire::ACCOUNT_NUMBER }));
        assert_eq!(refused.kind, RefusalKind::Input);
        assert_eq!(refused.fields[0].path, InputName::SecondReference.path());
    }
}
