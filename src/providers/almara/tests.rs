//! The adapter as a whole, without a network: what it would send, and whose answers it believes.

use jiff::civil::date;
use serde_json::Value;

use super::*;
use crate::config::Settings;
use crate::domain::amount_rule::AmountRule;
use crate::domain::biller::BillerCategory;
use crate::domain::ids::BillerId;
use crate::domain::money::Money;
use crate::domain::payment::{DeliverySpeed, Payer};
use crate::ports::limits::Unlimited;
use crate::ports::provider::PaymentRequest;

const OURS: &str = "d695e5e7-8a3e-4d60-aae3-731bb81f95d1";

fn almara(more: &[(&str, &str)]) -> Almara {
    let usual = [
        ("BILLPAY_PUBLIC_URL", "https://pay.example.com"),
        ("BILLPAY_PROVIDERS__ALMARA__BASE_URL", "http://127.0.0.1:9000/almara"),
        ("BILLPAY_PROVIDERS__ALMARA__TOKEN_URL", "http://127.0.0.1:9000/almara/v1/oauth/token"),
        ("BILLPAY_PROVIDERS__ALMARA__CLIENT_ID", "client"),
        ("BILLPAY_PROVIDERS__ALMARA__CLIENT_SECRET", "hunter2"),
    ];
    let variables = usual.iter().chain(more).map(|&(name, value)| (name.to_owned(), value.to_owned()));
    let settings = Settings::load(None, variables).expect("settings").providers.almara.expect("on");
    let callback_url = "https://pay.example.com/callbacks/almara".parse().expect("a URL");
    let clock = Clock::default();
    let ids = Ids::from_system(clock.clone());
    let parts = AlmaraParts { callback_url, clock, ids, limits: Arc::new(Unlimited) };
    Almara::try_new(&settings, parts).expect("an adapter")
}

fn biller() -> Biller {
    Biller {
        id: BillerId::from_uuid(uuid::Uuid::nil()),
        provider: ProviderCode::Almara,
        code: "bc97d2b1-4828-f111-bc5a-0w7d952d79b7".to_owned(),
        name: "MOMBASA WATER".to_owned(),
        category: BillerCategory::Water,
        category_name: "WATER".to_owned(),
        country: "KE".to_owned(),
        currency: CurrencyCode::KES,
        amount_rule: AmountRule::any(CurrencyCode::KES),
        time_zone: "Africa/Nairobi".to_owned(),
        disbursement_method: None,
        combines: false,
        active: true,
    }
}

fn payment() -> PaymentRequest {
    PaymentRequest {
        biller: biller(),
        account_reference: "1111111".to_owned(),
        second_reference: None,
        amount: Money::from_minor(1_500, CurrencyCode::KES),
        payer: Payer { name: Some("IRINA MUTHONI".to_owned()), phone_number: Some("+254710000000".to_owned()) },
        description: Some("Bill Payment NEW".to_owned()),
        process_date: date(2026, 4, 10),
        due_date: None,
        delivery_speed: DeliverySpeed::Standard,
        save_bill_number: true,
        funding_account: None,
        bills: Vec::new(),
        new_bill: false,
    }
}

/// The submission of a payment alone.
fn submission(payment: &PaymentRequest) -> SubmissionRequest {
    SubmissionRequest { our_reference: OURS.to_owned(), bulk: false, payments: vec![payment.clone()] }
}

fn frozen(almara: &Almara, request: &PaymentRequest) -> Value {
    json::read(&almara.freeze(&submission(request), &Preparation::default()).expect("bytes").0).expect("JSON")
}

fn with_route() -> Almara {
    almara(&[("BILLPAY_PROVIDERS__ALMARA__ROUTE_ID", "068d89af-be67-f011-bb46-0e7d952d79b7")])
}

#[test]
fn a_payment_is_written_as_recorded_with_call_back_url_so_spelt() {
    let body = frozen(&with_route(), &payment());
    assert_eq!(body, fixture::request("pay_accepted"));
    assert!(body.get("callBackUrl").is_some() && body.get("serviceId").is_some());
}

#[test]
fn route_id_is_sent_only_where_it_is_set() {
    assert!(frozen(&almara(&[]), &payment()).get("routeId").is_none());
}

#[test]
fn the_same_payment_has_the_same_bytes() {
    let almara = with_route();
    assert_eq!(frozen(&almara, &payment()), frozen(&almara, &payment()));
}

#[test]
fn narration_and_transaction_desc_both_carry_the_description() {
    let almara = almara(&[]);
    for description in [None, Some(" ".to_owned())] {
        let body = frozen(&almara, &PaymentRequest { description, ..payment() });
        assert_eq!(body["narration"], "Bill payment");
        assert_eq!(body["transactionDesc"], "Bill payment");
    }
    let body = frozen(&almara, &payment());
    assert_eq!(body["narration"], body["transactionDesc"]);
}

#[test]
fn a_payment_without_a_payer_is_refused_before_it_is_sent() {
    let nobody = PaymentRequest { payer: Payer::default(), ..payment() };
    let refused = almara(&[]).freeze(&submission(&nobody), &Preparation::default());
    assert!(matches!(refused, Err(ProviderError::Refused(_))));
}

#[test]
fn an_answer_of_another_environment_is_not_believed() {
    let answer = |name| Answer { status: 200, body: fixture::answer(name) };
    let (test, live) = (almara(&[]), almara(&[("BILLPAY_PROVIDERS__ALMARA__ENVIRONMENT", "LIVE")]));
    let believes = |almara: &Almara, name| almara.shape::<BillMessage>(&answer(name)).is_ok();
    for (name, in_test, in_live) in [
        ("pay_accepted", true, false),
        ("pay_accepted_older", false, true),
        ("bill_number_refused", false, true),
        ("bill_number_invalid", true, true),
    ] {
        assert_eq!((believes(&test, name), believes(&live, name)), (in_test, in_live), "{name}");
    }
}

#[test]
fn queries_are_encoded_behind_the_base_url() {
    let call = almara(&[]).get(BILL_NUMBERS, &[("serviceId", "a&b"), ("accountNumber", "1\r\n2")]);
    let expected = "http://127.0.0.1:9000/almara/v1/bill-numbers?serviceId=a%26b&accountNumber=1%0D%0A2";
    assert_eq!(call.url.as_str(), expected);
}

#[test]
fn only_a_base_url_on_this_host_is_a_sandbox() {
    assert!(almara(&[]).sandbox());
    assert!(!almara(&[("BILLPAY_PROVIDERS__ALMARA__BASE_URL", "https://api.example.com")]).sandbox());
}

#[test]
fn a2_debug_shows_no_secret() {
    assert!(!format!("{:?}", almara(&[])).contains("hunter2"));
}
