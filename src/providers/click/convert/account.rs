//! The answer to an inquiry, of which the pages show `{}` and nothing else.

use super::refusal::refusal;
use crate::ports::provider::{AccountAnswer, ProviderError};
use crate::providers::click::wire;
use crate::providers::http::Answer;

/// Reads an inquiry's answer. `{}` confirms nothing: neither that the account exists nor what it owes. A fuller answer
/// is not interpreted either, since no page names a member of it, nor the unit of a sum.
pub(in crate::providers::click) fn account(answer: &Answer) -> Result<AccountAnswer, ProviderError> {
    match answer.status {
        200..=299 if wire::is_json(&answer.body) => Ok(AccountAnswer::default()),
        200..=299 => Err(ProviderError::Unknown(answer.trouble("answer cannot be read"))),
        422 => Err(refusal(answer)),
        _ => Err(ProviderError::Unknown(answer.trouble("status not documented"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::click::fixture;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn trap_7_a_get_may_answer_201_and_confirms_nothing() {
        let recorded = fixture::answer("inquiry");
        assert_eq!(recorded.status, 201);
        assert_eq!(account(&recorded), Ok(AccountAnswer::default()));
        assert!(!account(&answer(200, "{}")).expect("an answer").verified);
    }

    #[test]
    fn a_fuller_answer_is_not_interpreted() {
        let fuller = r#"{"amount":"100","due_date":"2025-10-14","customer_name":"A","active":true}"#;
        assert_eq!(account(&answer(201, fuller)), Ok(AccountAnswer::default()));
    }

    #[test]
    fn a_refused_inquiry_is_refused_and_the_rest_is_unknown() {
        assert!(matches!(account(&fixture::answer("pay_forbidden")), Err(ProviderError::Refused(_))));
        for (status, body) in [(201, "<html>"), (201, ""), (422, "{}"), (404, "{}"), (302, ""), (429, "")] {
            assert!(matches!(account(&answer(status, body)), Err(ProviderError::Unknown(_))), "{status} {body}");
        }
    }
}
