//! Bill numbers that a client saves, kept in memory: the account's holder, what it owes, and until when.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Number;

use super::super::lock;
use super::bill::Bill;
use super::fields::{self, Fields};
use super::look_up::UNKNOWN_ACCOUNT;
use super::query::{self, Parameters};
use super::rejection::{BROKEN, Rejection};
use super::request::known_service;
use super::script::{BillForm, LookUp};
use super::service::Service;
use super::wire::{self, APP_DOMAIN_NAME, Message};
use super::{Almara, scenarios};

/// The saved numbers, by service and account.
#[derive(Default)]
pub(super) struct SavedNumbers {
    phones: Mutex<HashMap<(&'static str, String), Option<String>>>,
}

impl SavedNumbers {
    fn save(&self, service: &'static Service, account: &str, phone: Option<String>) {
        lock(&self.phones).insert((service.service_id, account.to_owned()), phone);
    }

    /// The phone number kept with a saved number; `None` where the number is not saved.
    fn find(&self, service: &'static Service, account: &str) -> Option<Option<String>> {
        lock(&self.phones).get(&(service.service_id, account.to_owned())).cloned()
    }
}

struct NumberRequest {
    service: &'static Service,
    account: String,
    phone: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Saved {
    app_domain_name: &'static str,
    remarks: &'static str,
    service_code: Option<&'static str>,
    account_customer_name: String,
    system_conversation_id: String,
    last_known_balance: Number,
    due_date: Option<String>,
    verified: bool,
    timestamp: String,
}

/// The older engine's form, the only one that is known.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    #[serde(rename = "serviceID")]
    service_id: u8,
    customer_name: String,
    account_number: String,
    phone_number: Option<String>,
    enabled: bool,
    verified: bool,
    due_date: Option<String>,
}

/// `POST /v1/bill-numbers`.
pub(super) async fn save(State(almara): State<Arc<Almara>>, headers: HeaderMap, body: Bytes) -> Response {
    let request = match read(&headers, &body) {
        Ok(request) => request,
        Err(rejection) => return rejection.into_response(),
    };
    match scenarios::look_up(&request.account) {
        LookUp::Bill(form) => {
            almara.numbers.save(request.service, &request.account, request.phone);
            saved(Bill::of(&request.account, form)).into_response()
        }
        LookUp::UnknownAccount => Rejection::Refused(UNKNOWN_ACCOUNT).into_response(),
        LookUp::Faulty(fault) => fault.respond(&BROKEN, almara.hang).await,
    }
}

/// `GET /v1/bill-numbers?serviceId=&accountNumber=`.
pub(super) async fn find(State(almara): State<Arc<Almara>>, Query(parameters): Query<Parameters>) -> Response {
    match found(&almara, &parameters) {
        Ok(found) => Json(found).into_response(),
        Err(rejection) => rejection.into_response(),
    }
}

fn read(headers: &HeaderMap, body: &[u8]) -> Result<NumberRequest, Rejection> {
    let members = fields::parse(headers, body)?;
    let mut fields = Fields::new(&members);
    let service = fields.required_reference("ServiceId", "ServiceCode");
    let account = fields.required_text("AccountNumber");
    let phone = fields.text("PhoneNumber");
    fields.text("TransactionDesc");
    fields.flag("RemindMeDueDate");
    fields.finish()?;
    Ok(NumberRequest { service: known_service(&service)?, account, phone })
}

fn saved(bill: Bill) -> Json<Message<Saved>> {
    let message = Saved {
        app_domain_name: APP_DOMAIN_NAME,
        remarks: "Bill Number submission accepted",
        service_code: None,
        account_customer_name: bill.holder,
        system_conversation_id: wire::conversation_id(),
        last_known_balance: wire::money(bill.amount_due),
        due_date: bill.due_date,
        verified: bill.active,
        timestamp: wire::timestamp(),
    };
    Json(Message { message })
}

fn found(almara: &Almara, parameters: &Parameters) -> Result<Found, Rejection> {
    let service = query::required(parameters, "ServiceId")?;
    let account = query::required(parameters, "AccountNumber")?;
    let service = known_service(service)?;
    let phone_number =
        almara.numbers.find(service, account).ok_or_else(|| Rejection::NumberNotFound(account.to_owned()))?;
    let bill = Bill::of(account, BillForm::DueAtSpace);
    Ok(Found {
        service_id: service.service_type,
        customer_name: bill.holder,
        account_number: account.to_owned(),
        phone_number,
        enabled: true,
        verified: bill.active,
        due_date: bill.due_date,
    })
}
