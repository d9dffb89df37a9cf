//! Webhooks. With a checksum that holds they are evidence; without a key of ours they are a hint of which number to look
//! up.
//!
//! Of the events, two are about money that comes in; ClickPesa also tells of payouts and deposits, of which nothing is
//! read. What counts is the payment's `status`, not the event's name: where the checksum stands inside `data`, only the
//! former is covered by it. Events have no id of their own.

use serde_json::{Map, Value};

use super::collection::{Unusable, collection};
use super::reference;
use crate::domain::money::CurrencyCode;
use crate::ports::provider::{CallbackError, CallbackNotice};
use crate::providers::clickpesa::checksum::ChecksumKey;
use crate::providers::clickpesa::wire::Scalar;
use crate::providers::json;

/// The most bytes of a webhook; the documented body has less than a thousand.
const LARGEST: usize = 64 * 1024;
/// The name of an event; older pages have the other member for failures.
const EVENT_MEMBERS: [&str; 2] = ["event", "eventType"];
const PAYMENT_EVENTS: [&str; 2] = ["PAYMENT RECEIVED", "PAYMENT FAILED"];

/// A webhook, read, and why its payment could not be used where it could not.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::providers::clickpesa) struct Heard {
    pub notice: CallbackNotice,
    pub unusable: Option<Unusable>,
}

/// Verifies and reads a webhook.
pub(in crate::providers::clickpesa) fn notice(
    body: &[u8],
    key: Option<&ChecksumKey>,
    shilling: CurrencyCode,
) -> Result<Heard, CallbackError> {
    if body.len() > LARGEST {
        return Err(CallbackError::Unreadable);
    }
    let mut webhook: Map<String, Value> = json::read(body).map_err(|_| CallbackError::Unreadable)?;
    if key.is_some_and(|key| !key.proves(&webhook)) {
        return Err(CallbackError::Forged);
    }
    let event = EVENT_MEMBERS.iter().find_map(|&name| webhook.get(name).and_then(Value::as_str));
    let event = event.ok_or(CallbackError::Unreadable)?.trim();
    if !PAYMENT_EVENTS.iter().any(|known| event.eq_ignore_ascii_case(known)) {
        return Ok(Heard { notice: CallbackNotice::default(), unusable: None });
    }
    let Some(payment @ Value::Object(_)) = webhook.remove("data") else { return Err(CallbackError::Unreadable) };
    let number = number(&payment);
    if key.is_none() {
        return hint(number);
    }
    let (collection, unusable) = match collection(payment, shilling) {
        Ok(collection) => (Some(collection), None),
        Err(fault) => (None, Some(fault)),
    };
    let notice = CallbackNotice { collection, control_number: number, verified: true, ..CallbackNotice::default() };
    Ok(Heard { notice, unusable })
}

/// Nothing but the number, which must be there: what else anyone could have written is not read.
fn hint(number: Option<String>) -> Result<Heard, CallbackError> {
    let number = number.ok_or(CallbackError::Unreadable)?;
    let notice = CallbackNotice { control_number: Some(number), ..CallbackNotice::default() };
    Ok(Heard { notice, unusable: None })
}

fn number(payment: &Value) -> Option<String> {
    let told: Option<Scalar> = payment.get("orderReference").and_then(|told| serde_json::from_value(told.clone()).ok());
    reference(told.as_ref())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Secret;
    use crate::domain::collection::CollectionStatus;
    use crate::providers::clickpesa::fixture;

    fn key() -> ChecksumKey {
        ChecksumKey::new(Secret::new("secret-key"))
    }

    fn hear(webhook: &Value, key: Option<&ChecksumKey>) -> Result<Heard, CallbackError> {
        notice(webhook.to_string().as_bytes(), key, "TZS".parse().expect("a currency"))
    }

    fn sealed(webhook: Value) -> Value {
        let Value::Object(mut members) = webhook else { panic!("an object") };
        key().seal(&mut members).expect("a key of any length");
        Value::Object(members)
    }

    fn heard(webhook: &Value) -> Heard {
        hear(webhook, Some(&key())).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_signed_webhook_tells_a_collection() {
        let notice = heard(&fixture::request("webhook_signed")).notice;
        let collection = notice.collection.expect("a collection");
        assert_eq!((collection.reference.as_str(), collection.number.as_str()), ("ORD123456LCP7890", "ORD123456"));
        assert_eq!(collection.status, CollectionStatus::Received);
        assert_eq!(notice.control_number.as_deref(), Some("ORD123456"));
        assert_eq!((notice.event_id, notice.answer), (None, None));
    }

    #[test]
    fn a_failure_is_told_in_either_of_two_members() {
        let mut failed = fixture::request("webhook_failed");
        let by_event = heard(&sealed(failed.clone())).notice.collection;
        let event = failed["event"].take();
        let Value::Object(members) = &mut failed else { panic!("an object") };
        members.remove("event");
        members.insert("eventType".to_owned(), event);
        let by_type = heard(&sealed(failed)).notice.collection;
        assert_eq!(by_event.as_ref().map(|failed| failed.status), Some(CollectionStatus::Failed));
        assert_eq!(by_event, by_type);
    }

    #[test]
    fn c8_what_is_not_signed_is_forged_or_without_a_key_a_hint() {
        let bare = fixture::request("webhook_received");
        assert_eq!(hear(&bare, Some(&key())), Err(CallbackError::Forged));
        let mut raised = fixture::request("webhook_signed");
        raised["data"]["collectedAmount"] = json!("90000");
        assert_eq!(hear(&raised, Some(&key())), Err(CallbackError::Forged));
        let hint = hear(&raised, None).unwrap_or_else(|error| panic!("{error}")).notice;
        let expected = CallbackNotice { control_number: Some("ORD123456".to_owned()), ..CallbackNotice::default() };
        assert_eq!(hint, expected);
    }

    #[test]
    fn a_status_that_is_not_known_is_a_hint_and_told() {
        let mut odd = fixture::request("webhook_received");
        odd["data"]["status"] = json!("AUTHORIZED");
        let heard = heard(&sealed(odd));
        assert_eq!(heard.unusable, Some(Unusable::Status("AUTHORIZED".to_owned())));
        assert_eq!(heard.notice.collection, None);
        assert_eq!(heard.notice.control_number.as_deref(), Some("ORD123456"));
    }

    #[test]
    fn other_events_say_nothing() {
        let payout = json!({ "event": "PAYOUT INITIATED", "data": { "id": "P1", "orderReference": "ORD123456" } });
        assert_eq!(heard(&sealed(payout.clone())).notice, CallbackNotice::default());
        let unsigned = hear(&payout, None).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(unsigned.notice, CallbackNotice::default());
    }

    #[test]
    fn c5_what_is_no_webhook_is_refused() {
        let large = format!(r#"{{"event":"PAYMENT RECEIVED","x":"{}"}}"#, "x".repeat(LARGEST));
        let shilling: CurrencyCode = "TZS".parse().expect("a currency");
        for body in [
            "",
            "[]",
            "{}",
            "<html>",
            r#"{"event":7}"#,
            r#"{"event":"PAYMENT RECEIVED"}"#,
            r#"{"event":"PAYMENT RECEIVED","data":[]}"#,
            r#"{"event":"PAYMENT RECEIVED","data":{}}"#,
            r#"{"event":"PAYMENT RECEIVED","data":{"orderReference":"a\nb"}}"#,
            r#"{"event":"PAYMENT RECEIVED","data":{"orderReference":"A","orderReference":"B"}}"#,
            large.as_str(),
        ] {
            assert_eq!(notice(body.as_bytes(), None, shilling), Err(CallbackError::Unreadable), "{body:.60}");
        }
    }
}
