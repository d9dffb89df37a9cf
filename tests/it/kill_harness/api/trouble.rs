//! What may come in place of an answer, and what its caller knows then.

use std::fmt;

use serde_json::Value;

/// Codes beside the data that say that nothing was done (docs/errors.md). The others leave it open.
const NOTHING_DONE: [&str; 4] = ["RATE_LIMITED", "UNAUTHENTICATED", "FORBIDDEN", "BAD_USER_INPUT"];

/// What came in place of an answer.
pub(in crate::kill_harness) enum Trouble {
    /// Nobody listens there: nothing was asked.
    NotReached(String),
    /// The answer did not come, or half of it.
    Lost(String),
    /// An answer of errors, which say that nothing was recorded.
    Refused(String),
    /// An answer of errors that leave it open.
    Told(String),
}

impl Trouble {
    pub(super) fn of(error: reqwest::Error) -> Self {
        if error.is_connect() { Self::NotReached(error.to_string()) } else { Self::Lost(error.to_string()) }
    }

    /// Of an answer with errors beside the data, or in its place.
    pub(super) fn of_errors(body: &Value) -> Self {
        let code = body.pointer("/errors/0/extensions/code").and_then(Value::as_str);
        let is_unanswered = body.pointer("/data/answer").is_none_or(Value::is_null);
        let is_refusal = is_unanswered && code.is_some_and(|code| NOTHING_DONE.contains(&code));
        if is_refusal { Self::Refused(body.to_string()) } else { Self::Told(body.to_string()) }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::NotReached(text) | Self::Lost(text) | Self::Refused(text) | Self::Told(text)) = self;
        f.write_str(text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_some_errors_say_that_nothing_was_recorded() {
        let error = |code: &str| json!([{ "message": "m", "extensions": { "code": code } }]);
        let is_refusal = |body: &Value| matches!(Trouble::of_errors(body), Trouble::Refused(_));
        assert!(is_refusal(&json!({ "data": null, "errors": error("RATE_LIMITED") })));
        assert!(is_refusal(&json!({ "errors": error("UNAUTHENTICATED") })));
        assert!(!is_refusal(&json!({ "data": null, "errors": error("OUTCOME_UNKNOWN_RETRY_SAME_KEY") })));
        assert!(!is_refusal(&json!({ "data": null, "errors": error("INTERNAL_SERVER_ERROR") })));
        // The mutation was answered; a field of what it made was not.
        let answered = json!({ "answer": { "made": null } });
        assert!(!is_refusal(&json!({ "data": answered, "errors": error("RATE_LIMITED") })));
        assert!(!is_refusal(&json!("a page")));
    }
}
