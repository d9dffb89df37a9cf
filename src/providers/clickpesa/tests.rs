//! The adapter as a whole, without a network: what it would send, and what it declares.

use serde_json::json;

use super::*;
use crate::config::Settings;
use crate::domain::control_number::{ControlNumberKind, ControlNumberMode, Customer};
use crate::domain::money::Money;
use crate::domain::provider::SafetyClass;
use crate::providers::json;

fn clickpesa(more: &[(&str, &str)]) -> Clickpesa {
    let usual = [
        ("BILLPAY_PROVIDERS__CLICKPESA__BASE_URL", "http://127.0.0.1:9000/clickpesa/third-parties"),
        ("BILLPAY_PROVIDERS__CLICKPESA__CLIENT_ID", "client"),
        ("BILLPAY_PROVIDERS__CLICKPESA__API_KEY", "hunter2"),
    ];
    let variables = usual.iter().chain(more).map(|&(name, value)| (name.to_owned(), value.to_owned()));
    let settings = Settings::load(None, variables).expect("settings").providers.clickpesa.expect("on");
    Clickpesa::try_new(&settings, Clock::default()).expect("an adapter")
}

fn with_key() -> Clickpesa {
    clickpesa(&[("BILLPAY_PROVIDERS__CLICKPESA__CHECKSUM_KEY", "secret-key")])
}

fn shillings(amount: i64) -> Money {
    Money::from_minor(amount * 100, "TZS".parse().expect("a currency"))
}

fn order() -> ControlNumberRequest {
    ControlNumberRequest {
        reference: "CUSTOMJH121".to_owned(),
        kind: ControlNumberKind::Order,
        mode: Some(ControlNumberMode::Exact),
        amount: Some(shillings(90_900)),
        max_amount: None,
        description: Some("Water Bill - July 2024".to_owned()),
        customer: None,
    }
}

fn of_customer() -> ControlNumberRequest {
    let customer = Customer {
        name: Some("John Doe".to_owned()),
        phone_number: Some("+255712345678".to_owned()),
        email: Some("john@example.com".to_owned()),
    };
    ControlNumberRequest { kind: ControlNumberKind::Customer, customer: Some(customer), ..order() }
}

fn frozen(clickpesa: &Clickpesa, requests: &[ControlNumberRequest]) -> (&'static str, Value) {
    let request = clickpesa.freeze_control_numbers(requests).unwrap_or_else(|error| panic!("{error}"));
    let frozen = Frozen::read(&request).expect("a request");
    (frozen.endpoint.path(), json::read(&frozen.body).expect("JSON"))
}

#[test]
fn numbers_are_asked_for_as_recorded() {
    let clickpesa = clickpesa(&[]);
    let (path, body) = frozen(&clickpesa, &[order()]);
    assert_eq!((path, body), ("/billpay/create-order-control-number", fixture::request("create_order")));
    let (path, body) = frozen(&clickpesa, &[of_customer()]);
    assert_eq!((path, body), ("/billpay/create-customer-control-number", fixture::request("create_customer")));
    let first = ControlNumberRequest { reference: "55042914871931".to_owned(), description: None, ..order() };
    let second = ControlNumberRequest { description: None, ..order() };
    let (path, body) = frozen(&clickpesa, &[first, second]);
    assert_eq!((path, body), ("/billpay/bulk-create-order-control-numbers", fixture::request("create_orders")));
}

#[test]
fn a_checksum_is_sent_only_where_a_key_is_set() {
    let (_, bare) = frozen(&clickpesa(&[]), &[order()]);
    assert!(bare.get("checksum").is_none());
    let (_, sealed) = frozen(&with_key(), &[order()]);
    assert_eq!(sealed["checksum"], "c88f7e3d148b5bf37f47a50acb9311183c3b7abf250f026d164c1f9df3117e45");
    let (_, several) = frozen(&with_key(), &[order(), ControlNumberRequest { reference: "B2".to_owned(), ..order() }]);
    assert!(several["checksum"].is_string());
    assert!(several["controlNumbers"][0].get("checksum").is_none(), "one for the whole body");
}

#[test]
fn a_change_is_written_as_recorded() {
    let change = ControlNumberChange {
        amount: Some(shillings(50_000)),
        mode: Some(ControlNumberMode::Exact),
        active: Some(false),
        ..ControlNumberChange::default()
    };
    let clickpesa = clickpesa(&[]);
    let body = convert::change(&change, clickpesa.shilling).and_then(|body| clickpesa.written(&body));
    let body: Value = json::read(&body.unwrap_or_else(|error| panic!("{error}"))).expect("JSON");
    assert_eq!(body, fixture::request("update"));
    assert_eq!(body, json!({ "billAmount": 50000, "billPaymentMode": "EXACT", "billStatus": "INACTIVE" }));
}

#[test]
fn the_same_numbers_have_the_same_bytes() {
    let clickpesa = with_key();
    assert_eq!(clickpesa.freeze_control_numbers(&[order()]), clickpesa.freeze_control_numbers(&[order()]));
}

#[test]
fn a_number_is_one_part_of_a_path() {
    let clickpesa = clickpesa(&[]);
    let url = clickpesa.number_url(wire::BILLPAY, "CUSTOMJH121").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(url.as_str(), "http://127.0.0.1:9000/clickpesa/third-parties/billpay/CUSTOMJH121");
    let long = "1".repeat(LONGEST_NUMBER + 1);
    for number in ["", "..", "../generate-token", "a/b", "a?b", "a#b", "a%2fb", "ä", "a b", long.as_str()] {
        assert!(matches!(clickpesa.number_url(wire::PAYMENTS, number), Err(ProviderError::Refused(_))), "{number}");
    }
}

#[test]
fn numbers_are_made_in_class_a_for_ever() {
    for (clickpesa, callbacks) in [(clickpesa(&[]), Callbacks::Unsigned), (with_key(), Callbacks::Signed)] {
        let safety = clickpesa.control_number_safety();
        assert_eq!((safety.class(false), safety.callbacks), (SafetyClass::A, callbacks));
    }
}

#[test]
fn it_makes_numbers_and_pays_nothing() {
    let clickpesa = clickpesa(&[]);
    assert!(clickpesa.capabilities().contains(&Capability::ControlNumber));
    assert!(!clickpesa.capabilities().contains(&Capability::Pay));
}

#[test]
fn a_webhook_is_read_by_the_key_that_is_set() {
    let body = fixture::request("webhook_signed").to_string();
    let proven = with_key().read_callback(&[], body.as_bytes()).expect("a webhook");
    assert!(proven.collection.is_some());
    let hint = clickpesa(&[]).read_callback(&[], body.as_bytes()).expect("a webhook");
    assert_eq!((hint.collection, hint.control_number.as_deref()), (None, Some("ORD123456")));
    let bare = fixture::request("webhook_received").to_string();
    assert_eq!(with_key().read_callback(&[], bare.as_bytes()), Err(CallbackError::Forged));
}

#[test]
fn only_a_base_url_on_this_host_is_a_sandbox() {
    assert!(clickpesa(&[]).sandbox());
    let real = ("BILLPAY_PROVIDERS__CLICKPESA__BASE_URL", "https://api.clickpesa.com/third-parties");
    assert!(!clickpesa(&[real]).sandbox());
}

#[test]
fn a2_debug_shows_no_secret() {
    let shown = format!("{:?}", with_key());
    assert!(!shown.contains("hunter2") && !shown.contains("secret-key"));
}
