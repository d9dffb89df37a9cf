use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::domain::event::EventType;
use crate::domain::money::CurrencyCode;

fn event() -> Event {
    Event {
        sequence: 41,
        subject_kind: SubjectKind::Payment,
        subject_id: PaymentId::from_parts(1_795_305_600_000, &[7; 10]).uuid(),
        subject_version: 3,
        customer: Some("user|42".to_owned()),
        status: Some("SUCCEEDED".to_owned()),
        kind: EventType::PaymentSucceeded,
        actor: "almara".to_owned(),
        reason: None,
        failure: None,
        at: Timestamp::from_microsecond(1_795_305_600_250_000).expect("a time"),
    }
}

fn facts() -> PaymentFacts {
    PaymentFacts {
        idempotency_key: Some("order-1".to_owned()),
        amount: Money::from_minor(1_500, CurrencyCode::KES),
        our_reference: Some("0191".to_owned()),
    }
}

fn text(body: &Bytes) -> &str {
    std::str::from_utf8(body).expect("text")
}

/// Written out in full: a receiver's code goes by it, and a retry must be the same to the byte.
#[test]
fn the_body_of_a_payments_event() {
    let id = PaymentId::from_uuid(event().subject_id);
    let body = of_event(&event(), Some(&facts()));
    let expected = format!(
        concat!(
            r#"{{"type":"PAYMENT_SUCCEEDED","timestamp":"2026-11-22T00:00:00.25Z","data":{{"sequence":"41","version":3,"#,
            r#""status":"SUCCEEDED","actor":"almara","reason":null,"subject":{{"id":"{id}","kind":"Payment"}},"#,
            r#""customer":"user|42","payment":{{"idempotencyKey":"order-1","amount":{{"amount":"15.00","currency":"KES"}},"#,
            r#""ourReference":"0191"}}}}}}"#
        ),
        id = id
    );
    assert_eq!(text(&body), expected);
    assert_eq!(of_event(&event(), Some(&facts())), body);
}

#[test]
fn a_failure_is_told_without_the_providers_own_words() {
    let failure = Failure {
        code: ErrorCode::ProviderRefused,
        message: "the provider declined".to_owned(),
        provider_code: Some("51".to_owned()),
        provider_message: Some("insufficient float of merchant 0042".to_owned()),
        fields: Vec::new(),
    };
    let event = Event { kind: EventType::PaymentFailed, failure: Some(failure), ..event() };
    let body = of_event(&event, None);
    let told: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(told["data"]["failure"]["code"], "PROVIDER_REFUSED");
    assert_eq!(told["data"]["failure"]["message"], "the provider declined");
    assert!(!text(&body).contains("0042") && told["data"].get("payment").is_none());
}

#[test]
fn an_object_without_a_status_says_so() {
    let event = Event {
        subject_kind: SubjectKind::BillNumber,
        kind: EventType::ReminderDue,
        status: None,
        customer: None,
        ..event()
    };
    let told: serde_json::Value = serde_json::from_slice(&of_event(&event, None)).expect("JSON");
    assert_eq!(
        (&told["data"]["status"], &told["data"]["customer"]),
        (&serde_json::Value::Null, &serde_json::Value::Null)
    );
    let subject = &told["data"]["subject"];
    assert!(subject["kind"] == "BillNumber" && subject["id"].as_str().is_some_and(|id| id.starts_with("bln_")));
}

#[test]
fn a_test_has_no_place_in_the_log() {
    let body = of_test("tester", event().at);
    let expected = concat!(
        r#"{"type":"WEBHOOK_TEST","timestamp":"2026-11-22T00:00:00.25Z","data":{"sequence":null,"version":null,"#,
        r#""status":null,"actor":"tester","reason":"sent on request, to try this receiver","subject":null,"customer":null}}"#
    );
    assert_eq!(text(&body), expected);
}

#[test]
fn s11_ids_have_no_dots_and_name_the_endpoint_and_the_event() {
    let endpoint = WebhookEndpointId::from_parts(1, &[9; 10]);
    let id = message_id(endpoint, &event());
    assert_eq!(id, format!("msg_{}_41_{:x}", endpoint.uuid().simple(), 1_795_305_600_250_000_i64));
    assert!(!id.contains('.') && !test_message_id(Uuid::nil()).contains('.'));
}

/// After a restore a payment that is known already may come to the same version at the same sequence, and otherwise.
#[test]
fn s11_another_event_has_another_id_even_at_the_same_sequence() {
    let endpoint = WebhookEndpointId::from_parts(1, &[9; 10]);
    let now = event();
    let forgotten = Event { at: Timestamp::from_microsecond(1_795_305_600_249_999).expect("a time"), ..event() };
    assert_eq!(message_id(endpoint, &now), message_id(endpoint, &now.clone()), "at each attempt");
    assert_ne!(message_id(endpoint, &now), message_id(endpoint, &forgotten));
    let next = Event { sequence: 42, ..event() };
    assert_ne!(message_id(endpoint, &now), message_id(endpoint, &next), "several happen in one moment");
    let other = WebhookEndpointId::from_parts(2, &[9; 10]);
    assert_ne!(message_id(endpoint, &now), message_id(other, &now));
}

proptest! {
    #[test]
    fn every_body_is_json_and_the_same_again(actor in ".*", reason in proptest::option::of(".*"), sequence in 1_i64..) {
        let event = Event { actor: actor.clone(), reason: reason.clone(), sequence, ..event() };
        let body = of_event(&event, Some(&facts()));
        let told: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        prop_assert_eq!(told["data"]["actor"].as_str(), Some(actor.as_str()));
        prop_assert_eq!(told["data"]["reason"].as_str(), reason.as_deref());
        let written = sequence.to_string();
        prop_assert_eq!(told["data"]["sequence"].as_str(), Some(written.as_str()));
        prop_assert_eq!(of_event(&event, Some(&facts())), body);
    }
}
