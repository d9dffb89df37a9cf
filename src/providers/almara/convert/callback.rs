//! Callbacks. They are not signed, so whatever they say is a hint: that a look-up is worth while, and of what.

use crate::ports::provider::{CallbackError, CallbackNotice};
use crate::providers::almara::wire::Callback;
use crate::providers::json;

/// The most bytes of a callback; the documented body has a thousand.
const LARGEST: usize = 64 * 1024;
/// The most characters of a reference, known for payment orders.
const LONGEST_REFERENCE: usize = 100;

/// Reads the references and nothing else.
pub(in crate::providers::almara) fn notice(body: &[u8]) -> Result<CallbackNotice, CallbackError> {
    if body.len() > LARGEST {
        return Err(CallbackError::Unreadable);
    }
    let callback: Callback = json::read(body).map_err(|_| CallbackError::Unreadable)?;
    let our_reference = reference(callback.originator_conversation_id)?;
    let provider_reference = reference(callback.system_conversation_id)?;
    if our_reference.is_none() && provider_reference.is_none() {
        return Err(CallbackError::Unreadable);
    }
    Ok(CallbackNotice { our_reference, provider_reference, ..CallbackNotice::default() })
}

fn reference(text: Option<String>) -> Result<Option<String>, CallbackError> {
    match text {
        Some(text) if text.len() > LONGEST_REFERENCE || text.chars().any(char::is_control) => {
            Err(CallbackError::Unreadable)
        }
        Some(text) if text.is_empty() => Ok(None),
        Some(_) | None => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::almara::fixture;

    #[test]
    fn c8_an_unsigned_success_is_only_a_hint() {
        let notice = notice(&fixture::answer("status_completed")).expect("a callback");
        assert_eq!(notice.our_reference.as_deref(), Some("eb9d3597-1e6b-4339-8ce0-4c21532008be"));
        assert_eq!(notice.provider_reference.as_deref(), Some("01000000-005c-0a00-9a73-08de9e9b1b7c"));
        assert_eq!((notice.answer, notice.event_id), (None, None));
    }

    #[test]
    fn c5_what_is_no_callback_is_refused() {
        let large = format!(r#"{{"originatorConversationId":"a","x":"{}"}}"#, "x".repeat(LARGEST));
        let long = format!(r#"{{"originatorConversationId":"{}"}}"#, "a".repeat(LONGEST_REFERENCE + 1));
        for body in [
            "",
            "[]",
            "{}",
            r#"{"originatorConversationId":null}"#,
            r#"{"originatorConversationId":""}"#,
            r#"{"originatorConversationId":7}"#,
            r#"{"originatorConversationId":"a","originatorConversationId":"b"}"#,
            r#"{"originatorConversationId":"a","billRequestOutcome":{"status":4,"status":5}}"#,
            large.as_str(),
            long.as_str(),
        ] {
            assert_eq!(notice(body.as_bytes()), Err(CallbackError::Unreadable));
        }
    }
}
