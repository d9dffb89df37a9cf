//! How a payment stands: the body of `GET /v1/bill-payments`, and of callbacks.
//!
//! The documents know one status, 4 "Completed". The others here, 2, 5 and 7, are ours: an adapter must not settle a
//! payment by a number that it has not been told.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Number;

use super::payment::Payment;
use super::query::{self, Parameters};
use super::rejection::Rejection;
use super::script::Standing;
use super::service::{KPLC_PREPAID, Service};
use super::{Almara, bill, derive, scenarios, wire};

/// What a unit of electricity costs, in shillings; a prepaid token shows the units it is good for.
const SHILLINGS_PER_UNIT: Decimal = Decimal::from_parts(25, 0, 0, false, 0);

/// The status body.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    originator_conversation_id: String,
    system_conversation_id: String,
    account_number: String,
    account_customer_name: String,
    msisdn: Option<String>,
    amount: Number,
    currency_code: String,
    country_code: Option<String>,
    narration: Option<String>,
    due_date: Option<String>,
    due_amount: Number,
    #[serde(rename = "savebillNumber")]
    save_bill_number: bool,
    callback_url: Option<String>,
    bill_service: Option<&'static Service>,
    bill_request_outcome: Outcome,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    status: u8,
    status_desc: &'static str,
    response_code: Option<&'static str>,
    response_desc: Option<&'static str>,
    result_code: Option<&'static str>,
    result_desc: Option<&'static str>,
    third_party_payload: Option<ThirdPartyPayload>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ThirdPartyPayload {
    response_code: &'static str,
    response_desc: &'static str,
    reference: String,
    extra_data: ExtraData,
}

/// Named as the provider names it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ExtraData {
    request_extra_data: Option<MeterToken>,
    response_extra_data: Option<MeterToken>,
}

#[derive(Serialize)]
struct MeterToken {
    token: String,
    units: String,
}

/// The answer for an id that was never captured: HTTP 200, and code 11.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NotFound<'a> {
    originator_conversation_id: Option<&'a str>,
    system_conversation_id: Option<&'a str>,
    bill_request_outcome: Outcome,
}

impl Status {
    pub(super) fn of(payment: &Payment) -> Self {
        Self {
            originator_conversation_id: payment.key.clone(),
            system_conversation_id: payment.system_id.clone(),
            account_number: payment.account.clone(),
            account_customer_name: bill::holder(&payment.account),
            msisdn: payment.msisdn.clone(),
            amount: wire::money(payment.standing.amount_paid(payment.amount).unwrap_or(payment.amount)),
            currency_code: payment.currency.clone(),
            country_code: payment.country.clone(),
            narration: payment.narration.clone(),
            due_date: None,
            due_amount: wire::money(Decimal::ZERO),
            save_bill_number: payment.save_number,
            callback_url: payment.callback_url.clone(),
            bill_service: payment.service,
            bill_request_outcome: outcome(payment),
        }
    }
}

/// `GET /v1/bill-payments?OriginatorConversationId=` or `?SystemConversationId=`.
pub(super) async fn find(State(almara): State<Arc<Almara>>, Query(parameters): Query<Parameters>) -> Response {
    let originator_id = query::optional(&parameters, "OriginatorConversationId");
    let system_id = query::optional(&parameters, "SystemConversationId");
    let payment = match (originator_id, system_id) {
        (Some(key), _) => almara.payments.find(key),
        (None, Some(system_id)) => almara.payments.find_by_system_id(system_id),
        (None, None) => return Rejection::missing("OriginatorConversationId").into_response(),
    };
    match payment {
        Some(payment) => Json(Status::of(&payment)).into_response(),
        None => Json(not_found(originator_id, system_id)).into_response(),
    }
}

fn not_found<'a>(originator_id: Option<&'a str>, system_id: Option<&'a str>) -> NotFound<'a> {
    NotFound {
        originator_conversation_id: originator_id,
        system_conversation_id: system_id,
        bill_request_outcome: coded(0, "Not Found", "11", "Transaction not found"),
    }
}

fn outcome(payment: &Payment) -> Outcome {
    match payment.standing {
        Standing::Pending => Outcome {
            status: 2,
            status_desc: "Processing",
            response_code: None,
            response_desc: None,
            result_code: None,
            result_desc: None,
            third_party_payload: None,
        },
        Standing::Unavailable => coded(2, "Processing", "16", "Third party system unavailable"),
        Standing::Inconclusive => coded(7, "Inconclusive", "14", "Inconclusive status"),
        Standing::InsufficientFunds => coded(5, "Failed", "1", "Insufficient funds"),
        Standing::Suspected => coded(5, "Failed", "17", "AML check failure"),
        Standing::Completed | Standing::CompletedWithMore => {
            Outcome { third_party_payload: Some(receipt(payment)), ..coded(4, "Completed", "0", "000 - Success") }
        }
    }
}

fn coded(status: u8, status_desc: &'static str, code: &'static str, description: &'static str) -> Outcome {
    Outcome {
        status,
        status_desc,
        response_code: Some(code),
        response_desc: Some(description),
        result_code: Some(code),
        result_desc: Some(description),
        third_party_payload: None,
    }
}

fn receipt(payment: &Payment) -> ThirdPartyPayload {
    ThirdPartyPayload {
        response_code: "0",
        response_desc: "000 - Success",
        reference: derive::reference(&payment.key),
        extra_data: ExtraData { request_extra_data: None, response_extra_data: meter_token(payment) },
    }
}

fn meter_token(payment: &Payment) -> Option<MeterToken> {
    let is_prepaid = payment.service.is_some_and(|service| service.service_type == KPLC_PREPAID);
    (is_prepaid || payment.account == scenarios::PREPAID_ACCOUNT).then(|| MeterToken {
        token: derive::meter_token(&payment.key),
        units: format!("{:.1}", (payment.amount / SHILLINGS_PER_UNIT).round_dp(1)),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::service;
    use super::*;

    fn payment(standing: Standing, service: &str) -> Payment {
        Payment {
            key: "k1".to_owned(),
            system_id: derive::system_conversation_id("k1"),
            account: "111832".to_owned(),
            amount: Decimal::new(310, 0),
            currency: "KES".to_owned(),
            country: Some("KE".to_owned()),
            msisdn: Some("254710000000".to_owned()),
            narration: Some("QA Test".to_owned()),
            save_number: false,
            callback_url: Some("https://example.com".to_owned()),
            service: service::find(service),
            standing,
        }
    }

    fn body(payment: &Payment) -> Value {
        serde_json::to_value(Status::of(payment)).expect("a status")
    }

    #[test]
    fn a_completed_payment_has_the_documented_members() {
        let body = body(&payment(Standing::Completed, "860a26ce-4828-f111-bc5a-0e7d952d79b7"));
        assert_eq!(body["amount"].to_string(), "310.00");
        assert_eq!(body["savebillNumber"], json!(false));
        assert_eq!(body["callbackUrl"], json!("https://example.com"));
        assert_eq!(body["billService"]["serviceTypeDescription"], json!("KPLC POSTPAID"));
        let outcome = &body["billRequestOutcome"];
        assert_eq!((&outcome["status"], &outcome["resultCode"]), (&json!(4), &json!("0")));
        assert_eq!(outcome["thirdPartyPayload"]["extraData"]["ResponseExtraData"], Value::Null);
    }

    #[test]
    fn a_prepaid_payment_buys_a_token() {
        let body = body(&payment(Standing::Completed, &KPLC_PREPAID.to_string()));
        let token = &body["billRequestOutcome"]["thirdPartyPayload"]["extraData"]["ResponseExtraData"];
        assert_eq!(token["units"], json!("12.4"));
        assert_eq!(token["token"], json!(derive::meter_token("k1")));
    }

    #[test]
    fn a_mismatch_shows_one_shilling_more() {
        let body = body(&payment(Standing::CompletedWithMore, "2"));
        assert_eq!(body["amount"].to_string(), "311.00");
    }

    #[test]
    fn a_pending_payment_has_no_code() {
        let body = body(&payment(Standing::Pending, "2"));
        assert_eq!(body["billRequestOutcome"]["resultCode"], Value::Null);
        assert_eq!(body["billRequestOutcome"]["thirdPartyPayload"], Value::Null);
    }
}
