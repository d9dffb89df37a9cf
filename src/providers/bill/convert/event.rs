//! Notifications: whether BILL sent one, and what it says.
//!
//! A notification is JSON that is "JSON-escaped and presented as a string": a text within a text. Over which of the two
//! its signature goes is not documented, so it is taken if it holds over either: both show that whoever sent it has the
//! key. Without a key nothing can be proven, and everything is refused. Of a payment only `payment.updated` is
//! documented; any other event tells us nothing.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::status::SingleStatus;
use super::{is_plain, our_reference, owned_words, told};
use crate::config::Secret;
use crate::domain::payment::evidence::{Reported, Verdict};
use crate::ports::provider::{CallbackError, CallbackNotice, PaymentAnswer};
use crate::providers::bill::wire::{Event, EventPayment};
use crate::providers::json;

const SIGNATURE: &str = "x-bill-sha-signature";
const PAYMENT_UPDATED: &str = "payment.updated";
/// The most bytes of a notification; the documented one has a thousand.
const LARGEST: usize = 128 * 1024;
/// The most characters of an id.
const LONGEST_ID: usize = 200;

/// Verifies and reads a notification.
pub(in crate::providers::bill) fn notice(
    headers: &[(String, String)],
    body: &[u8],
    key: Option<&Secret>,
) -> Result<CallbackNotice, CallbackError> {
    if body.len() > LARGEST {
        return Err(CallbackError::Unreadable);
    }
    let inner = unescaped(body);
    let signature = signature(headers).ok_or(CallbackError::Forged)?;
    let key = key.ok_or(CallbackError::Forged)?;
    let holds = |text: &[u8]| is_signed(text, &signature, key.expose().as_bytes());
    if !holds(body) && !inner.as_deref().is_some_and(|inner| holds(inner.as_bytes())) {
        return Err(CallbackError::Forged);
    }
    let text = inner.as_deref().map_or(body, str::as_bytes);
    read(json::read(text).map_err(|_| CallbackError::Unreadable)?)
}

fn read(event: Event) -> Result<CallbackNotice, CallbackError> {
    let event_id = told(event.metadata.event_id.as_deref()).map(str::to_owned);
    if event_id.as_ref().is_some_and(|id| id.len() > LONGEST_ID) {
        return Err(CallbackError::Unreadable);
    }
    let nothing = CallbackNotice { event_id, ..CallbackNotice::default() };
    if event.metadata.event_type.as_deref() != Some(PAYMENT_UPDATED) {
        return Ok(nothing);
    }
    let payment = event.payment.and_then(|payment| serde_json::from_value::<EventPayment>(payment).ok());
    let payment = payment.filter(|payment| is_plain(&payment.id) && payment.id.len() <= LONGEST_ID);
    let payment = payment.ok_or(CallbackError::Unreadable)?;
    Ok(CallbackNotice {
        our_reference: payment.transaction_number.as_deref().and_then(our_reference),
        provider_reference: Some(payment.id.clone()),
        answer: Some(answer(payment)),
        ..nothing
    })
}

/// A status that no page has is worth a look-up, so it says nothing here.
fn answer(payment: EventPayment) -> PaymentAnswer {
    let status = owned_words(payment.status.as_deref());
    let verdict = status.as_deref().map(|word| SingleStatus::read(word).verdict());
    PaymentAnswer {
        verdict: verdict.filter(|verdict| *verdict != Verdict::Unclear),
        reported: Reported { provider_reference: Some(payment.id), ..Reported::default() },
        provider_status: status,
        ..PaymentAnswer::default()
    }
}

fn signature(headers: &[(String, String)]) -> Option<Vec<u8>> {
    let (_, text) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(SIGNATURE))?;
    BASE64_STANDARD.decode(text.trim()).ok()
}

/// In constant time.
fn is_signed(text: &[u8], signature: &[u8], key: &[u8]) -> bool {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key) else { return false };
    mac.chain_update(text).verify_slice(signature).is_ok()
}

/// The text within the text: inside a string of JSON, with its quotation marks or without them.
fn unescaped(body: &[u8]) -> Option<String> {
    let body = std::str::from_utf8(body).ok()?.trim();
    if body.starts_with('"') {
        serde_json::from_str(body).ok()
    } else if body.starts_with(r#"{\""#) {
        serde_json::from_str(&format!("\"{body}\"")).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::providers::bill::fixture;

    const KEY: &str = "security-key";

    fn sign(text: &[u8], key: &str) -> Vec<(String, String)> {
        let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key").chain_update(text);
        vec![("X-BILL-SHA-Signature".to_owned(), BASE64_STANDARD.encode(mac.finalize().into_bytes()))]
    }

    fn take(headers: &[(String, String)], body: &[u8]) -> Result<CallbackNotice, CallbackError> {
        notice(headers, body, Some(&Secret::new(KEY)))
    }

    fn recorded() -> Vec<u8> {
        fixture::request("payment_updated").to_string().into_bytes()
    }

    fn escaped() -> Vec<u8> {
        serde_json::to_vec(std::str::from_utf8(&recorded()).expect("text")).expect("JSON")
    }

    #[test]
    fn the_recorded_event_is_evidence_in_each_of_its_forms() {
        let (plain, escaped) = (recorded(), escaped());
        let bare = &escaped[1..escaped.len() - 1];
        for (body, signed) in [
            (plain.as_slice(), plain.as_slice()),
            (escaped.as_slice(), escaped.as_slice()),
            (escaped.as_slice(), plain.as_slice()),
            (bare, bare),
            (bare, plain.as_slice()),
        ] {
            let notice = take(&sign(signed, KEY), body).expect("a notice");
            assert_eq!(notice.event_id.as_deref(), Some("a4c2a3c1-5d5b-4d0f-9f43-7f7c6d1d9c11"));
            assert_eq!(notice.our_reference.as_deref(), Some(fixture::OURS));
            assert_eq!(notice.provider_reference.as_deref(), Some("stp01ZZRCUFIQWHP6ldb"));
            let answer = notice.answer.expect("evidence");
            assert_eq!(answer.verdict, Some(Verdict::Accepted));
            assert_eq!(answer.provider_status.as_deref(), Some("SCHEDULED"));
        }
    }

    #[test]
    fn c1_without_a_signature_that_holds_it_is_forged() {
        let body = recorded();
        for headers in [
            Vec::new(),
            sign(&body, "another-key"),
            sign(b"another body", KEY),
            vec![(SIGNATURE.to_owned(), String::new())],
            vec![(SIGNATURE.to_owned(), "no base64!".to_owned())],
            vec![("x-signature".to_owned(), sign(&body, KEY).remove(0).1)],
        ] {
            assert_eq!(take(&headers, &body), Err(CallbackError::Forged));
        }
        assert_eq!(notice(&sign(&body, ""), &body, None), Err(CallbackError::Forged));
    }

    #[test]
    fn what_is_signed_and_no_notification_is_unreadable() {
        let large = vec![b' '; LARGEST + 1];
        for body in [
            b"".as_slice(),
            b"{}",
            b"[]",
            br#"{"metadata":{"eventType":"payment.updated"}}"#,
            br#"{"metadata":{"eventType":"payment.updated"},"payment":{"id":"a/b"}}"#,
            br#"{"metadata":{"eventId":"1","eventId":"2"}}"#,
            large.as_slice(),
        ] {
            assert_eq!(take(&sign(body, KEY), body), Err(CallbackError::Unreadable));
        }
    }

    #[test]
    fn an_event_of_another_type_says_nothing() {
        let body = br#"{"metadata":{"eventId":"e1","eventType":"bill.updated"},"bill":{"id":"00n1"}}"#;
        let expected = CallbackNotice { event_id: Some("e1".to_owned()), ..CallbackNotice::default() };
        assert_eq!(take(&sign(body, KEY), body), Ok(expected));
    }

    #[test]
    fn a_status_that_no_page_has_leaves_it_to_a_look_up() {
        for (status, verdict) in [("CLEARED", Some(Verdict::Succeeded)), ("ROUTED", None), ("UNDEFINED", None)] {
            let body = format!(
                r#"{{"metadata":{{"eventType":"payment.updated"}},"payment":{{"id":"stp1","status":"{status}"}}}}"#
            );
            let notice = take(&sign(body.as_bytes(), KEY), body.as_bytes()).expect("a notice");
            assert_eq!(notice.answer.and_then(|answer| answer.verdict), verdict, "{status}");
        }
    }

    proptest! {
        #[test]
        fn a_signature_holds_for_its_body_and_key_alone(
            body in prop::collection::vec(any::<u8>(), 0..200),
            key in "[ -~]{1,40}",
            place in any::<prop::sample::Index>(),
        ) {
            let signature = signature(&sign(&body, &key)).expect("a signature");
            prop_assert!(is_signed(&body, &signature, key.as_bytes()));
            let mut other = signature.clone();
            other[place.index(signature.len())] ^= 1;
            prop_assert!(!is_signed(&body, &other, key.as_bytes()));
            prop_assert!(!is_signed(&body, &signature[1..], key.as_bytes()));
            let longer = [body.as_slice(), b"x"].concat();
            prop_assert!(!is_signed(&longer, &signature, key.as_bytes()));
        }

        #[test]
        fn no_body_makes_a_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = take(&sign(&body, KEY), &body);
        }
    }
}
