//! Transaction types 1 and 3: what an account owes, and whose it is.
//!
//! No document shows an answer to them; this one has the members of the acceptance, filled.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Number;

use super::bill::Bill;
use super::rejection::{BROKEN, Rejection};
use super::request::{LookUpKind, LookUpRequest};
use super::script::LookUp;
use super::wire::{self, APP_DOMAIN_NAME, Message};
use super::{Almara, derive, scenarios};

/// The provider's words for an account that the biller does not know.
pub(super) const UNKNOWN_ACCOUNT: &str = "Account number number is invalid.";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    app_domain_name: &'static str,
    remarks: &'static str,
    originator_conversation_id: Option<String>,
    system_conversation_id: String,
    timestamp: String,
    due_date: Option<String>,
    due_amount: Number,
    currency: String,
    account_customer_name: String,
    active: &'static str,
    response_code: &'static str,
    response_desc: &'static str,
}

/// Answers one look-up.
pub(super) async fn answer(almara: &Almara, request: LookUpRequest) -> Response {
    match scenarios::look_up(&request.account) {
        LookUp::Bill(form) => found(Bill::of(&request.account, form), request).into_response(),
        LookUp::UnknownAccount => Rejection::Refused(UNKNOWN_ACCOUNT).into_response(),
        LookUp::Faulty(fault) => fault.respond(&BROKEN, almara.hang).await,
    }
}

fn found(bill: Bill, request: LookUpRequest) -> Json<Message<Found>> {
    let message = Found {
        app_domain_name: APP_DOMAIN_NAME,
        remarks: match request.kind {
            LookUpKind::Query => "Bill Query successful",
            LookUpKind::Validation => "Account Validation successful",
        },
        system_conversation_id: request
            .key
            .as_deref()
            .map_or_else(wire::conversation_id, derive::system_conversation_id),
        originator_conversation_id: request.key,
        timestamp: wire::timestamp(),
        due_date: bill.due_date,
        due_amount: wire::money(bill.amount_due),
        currency: request.currency.unwrap_or_else(|| "KES".to_owned()),
        account_customer_name: bill.holder,
        active: if bill.active { "true" } else { "false" },
        response_code: "0",
        response_desc: "000 - Success",
    };
    Json(Message { message })
}
