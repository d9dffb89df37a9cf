//! What ClickPesa does not take, by status and, where it helps, by words.
//!
//! A refusal is final, so it must be one: an error without the documented `message` is unknown, and so is every status
//! that no page names. Of the throttling the pages say that it exists and not how it looks; 429 is taken for it.

use std::time::Duration;

use super::words;
use crate::domain::payment::FieldFault;
use crate::ports::provider::{ProviderError, RefusalKind, Refused, Trouble};
use crate::providers::clickpesa::wire::{UNKNOWN_NUMBER, read_message};
use crate::providers::http::Answer;

/// 120 requests a minute are allowed; after a minute there is room again.
const THROTTLED_FOR: Duration = Duration::from_secs(60);
/// Words of an error about our account: "Application has no access to COLLECTION API feature".
const ACCOUNT_WORDS: &str = "has no access";
/// A word that no page has in an error. Whatever it were about, a payer could not mend it.
const CHECKSUM_WORD: &str = "checksum";
/// "Bill reference already used: Use a different reference"; also as the reason for one of several, where no text is
/// documented.
const USED_WORDS: &str = "reference already used";

/// Which fields of ours ClickPesa's errors name. The paths are of createControlNumber's input.
const FIELDS: [(&str, &[&str]); 9] = [
    ("billReference", &["input", "reference"]),
    ("billAmount", &["input", "amount", "amount"]),
    ("billMaxCollectionAmount", &["input", "maxAmount", "amount"]),
    ("billPaymentMode", &["input", "mode"]),
    ("billDescription", &["input", "description"]),
    ("customerName", &["input", "customer", "name"]),
    ("customerEmail", &["input", "customer", "email"]),
    ("customerPhone", &["input", "customer", "phoneNumber"]),
    ("billStatus", &["input", "active"]),
];

/// What was asked, as far as errors differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::providers::clickpesa) enum Asked {
    /// One number to be made.
    One,
    /// Several, each for itself.
    Several,
    /// A number to be changed.
    Change,
    /// Anything that only reads.
    Query,
}

/// What an answer says that is no success. 401 has been dealt with before.
pub(in crate::providers::clickpesa) fn refusal(asked: Asked, answer: &Answer) -> ProviderError {
    let unknown = |what| ProviderError::Unknown(in_its_words(answer, what));
    match (answer.status, read_message(&answer.body)) {
        (429, _) => throttled(answer),
        (403, _) => ProviderError::Misconfigured(in_its_words(answer, "permission missing")),
        (400, Some(message)) => by_message(&message, answer),
        (409, Some(message)) => match asked {
            Asked::One | Asked::Change => by_message(&message, answer),
            // Which of several it were about is not told, and several are documented to fail each for itself.
            Asked::Several | Asked::Query => unknown("status not documented"),
        },
        (404, message) => match asked {
            Asked::One | Asked::Several => ProviderError::Misconfigured(in_its_words(answer, "no such call")),
            Asked::Change => match message.filter(|_| says(answer, UNKNOWN_NUMBER)) {
                Some(message) => ProviderError::Refused(Refused {
                    kind: RefusalKind::NotFound,
                    message: words(&message),
                    http_status: Some(answer.status),
                    ..Refused::default()
                }),
                None => ProviderError::Misconfigured(in_its_words(answer, "no such call")),
            },
            Asked::Query => unknown("not found in other words than documented"),
        },
        (400 | 409, None) => unknown("refusal in no documented form"),
        (_, _) => unknown("status not documented"),
    }
}

/// That a call came too soon after others, and so was not processed.
pub(in crate::providers::clickpesa) fn throttled(answer: &Answer) -> ProviderError {
    ProviderError::NotSent(Trouble {
        retry_after: Some(THROTTLED_FOR),
        ..in_its_words(answer, "too many calls within a minute")
    })
}

/// What is wrong with an answer, with the words that it has for it.
pub(in crate::providers::clickpesa) fn in_its_words(answer: &Answer, what: &'static str) -> Trouble {
    Trouble { message: read_message(&answer.body).map(|message| words(&message)), ..answer.trouble(what) }
}

/// Whether an answer's message is this text, whatever its capitals and its full stop.
pub(super) fn says(answer: &Answer, text: &str) -> bool {
    read_message(&answer.body).is_some_and(|message| message.trim().trim_end_matches('.').eq_ignore_ascii_case(text))
}

/// A definite refusal of one number, in words.
pub(super) fn refused(message: String, http_status: u16) -> Refused {
    let (kind, fields) = if http_status == 409 || holds(&message, USED_WORDS) {
        (RefusalKind::ReferenceInUse, vec![fault(&["input", "reference"], &message)])
    } else {
        (RefusalKind::Input, named_fields(&message))
    };
    Refused { kind, message, fields, http_status: Some(http_status), ..Refused::default() }
}

fn by_message(message: &str, answer: &Answer) -> ProviderError {
    if holds(message, ACCOUNT_WORDS) {
        ProviderError::Misconfigured(in_its_words(answer, "our account lacks the feature"))
    } else if holds(message, CHECKSUM_WORD) {
        ProviderError::Misconfigured(in_its_words(answer, "checksum refused"))
    } else {
        ProviderError::Refused(refused(words(message), answer.status))
    }
}

fn named_fields(message: &str) -> Vec<FieldFault> {
    let named = FIELDS.iter().filter(|(field, _)| holds(message, field));
    named.map(|(_, path)| fault(path, message)).collect()
}

fn fault(path: &[&str], message: &str) -> FieldFault {
    FieldFault { path: path.iter().map(|&name| name.to_owned()).collect(), message: message.to_owned() }
}

fn holds(text: &str, sign: &str) -> bool {
    text.to_ascii_lowercase().contains(&sign.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::clickpesa::fixture;

    const EVERY: [Asked; 4] = [Asked::One, Asked::Several, Asked::Change, Asked::Query];

    fn answer(status: u16, message: &str) -> Answer {
        Answer { status, body: format!(r#"{{"message":"{message}"}}"#).into_bytes() }
    }

    fn definite(error: ProviderError) -> Refused {
        match error {
            ProviderError::Refused(refused) => refused,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_used_reference_is_refused_by_its_field() {
        let refused = definite(refusal(Asked::One, &fixture::answer("reference_in_use")));
        assert_eq!((refused.kind, refused.http_status), (RefusalKind::ReferenceInUse, Some(409)));
        assert_eq!(refused.fields[0].path, ["input", "reference"]);
        assert_eq!(refused.message, "Bill reference already used: Use a different reference");
        let of_several = refusal(Asked::Several, &fixture::answer("reference_in_use"));
        assert!(matches!(of_several, ProviderError::Unknown(_)));
    }

    #[test]
    fn a_400_is_about_the_input_and_names_fields_where_its_text_does() {
        for (message, path) in [
            ("billAmount must be at least 0.01", Some("amount")),
            ("customerName is required", Some("name")),
            ("BillReference must be alphanumeric", Some("reference")),
            ("Something else", None),
        ] {
            let refused = definite(refusal(Asked::One, &answer(400, message)));
            assert_eq!(refused.kind, RefusalKind::Input, "{message}");
            let last = refused.fields.first().and_then(|field| field.path.last());
            assert_eq!(last.map(String::as_str), path, "{message}");
        }
        let of_maximum = definite(refusal(Asked::One, &answer(400, "billMaxCollectionAmount is too small")));
        assert_eq!(of_maximum.fields.len(), 1);
        assert_eq!(of_maximum.fields[0].path, ["input", "maxAmount", "amount"]);
    }

    #[test]
    fn what_is_about_our_account_is_a_matter_for_an_operator() {
        for (status, message) in [
            (400, "Application has no access to COLLECTION API feature. Enable it on your application."),
            (400, "Invalid checksum"),
            (403, "Unauthorized API-Key"),
            (403, ""),
        ] {
            for asked in EVERY {
                let error = refusal(asked, &answer(status, message));
                assert!(matches!(error, ProviderError::Misconfigured(_)), "{status} {message}");
            }
        }
        let html = Answer { status: 404, body: b"<html>".to_vec() };
        for asked in [Asked::One, Asked::Several, Asked::Change] {
            assert!(matches!(refusal(asked, &html), ProviderError::Misconfigured(_)));
        }
        assert!(matches!(refusal(Asked::Query, &html), ProviderError::Unknown(_)));
    }

    #[test]
    fn a_throttled_call_was_not_processed_and_waits_a_minute() {
        for asked in EVERY {
            let error = refusal(asked, &answer(429, "Too many requests"));
            let ProviderError::NotSent(trouble) = error else { panic!("{error}") };
            assert_eq!(trouble.retry_after, Some(Duration::from_secs(60)));
        }
    }

    #[test]
    fn what_no_page_explains_settles_nothing() {
        for status in [302, 402, 405, 408, 422, 425] {
            for asked in EVERY {
                let error = refusal(asked, &answer(status, "Bill reference already used"));
                assert!(matches!(error, ProviderError::Unknown(_)), "{status}");
            }
        }
        for status in [400, 409] {
            let error = refusal(Asked::One, &Answer { status, body: b"<html>".to_vec() });
            assert!(matches!(error, ProviderError::Unknown(_)), "{status}");
        }
    }

    #[test]
    fn a_documented_text_is_known_by_its_letters() {
        assert!(says(&fixture::answer("find_unknown"), UNKNOWN_NUMBER));
        assert!(says(&answer(404, "Billpay number does not exist."), UNKNOWN_NUMBER));
        assert!(!says(&answer(404, "Cannot GET /billpay/A1"), UNKNOWN_NUMBER));
    }
}
