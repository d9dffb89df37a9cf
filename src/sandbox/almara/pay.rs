//! Transaction type 2: a payment is captured once, its money moved once, and its script played.
//!
//! The order is the guarantee: the key is taken, the effect is on disk, and only then is there an answer, a silence or
//! a callback. Capture runs in a task of its own, so that a client that hangs up cannot leave it half done.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Number;
use tokio::time::sleep;

use super::payment::Payment;
use super::rejection::{self, BROKEN, Rejection};
use super::script::{Answer, Entry, Script, Step};
use super::wire::{self, APP_DOMAIN_NAME, Message};
use super::{Almara, PROVIDER, callback, scenarios};

/// How long the slow account takes.
const SLOW: Duration = Duration::from_secs(4);
const REMARKS: &str = "Bill Payment submission accepted";

/// The acceptance of 2026. It is not a receipt: the payment may still be declined.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Accepted<'a> {
    app_domain_name: &'static str,
    remarks: &'static str,
    originator_conversation_id: &'a str,
    system_conversation_id: &'a str,
    timestamp: String,
    due_date: Option<&'static str>,
    due_amount: u8,
    currency: &'a str,
    account_customer_name: &'static str,
    active: &'static str,
    response_code: Option<&'static str>,
    response_desc: Option<&'static str>,
}

/// The acceptance of 2021, in which -1 means "not known yet".
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AcceptedOlder<'a> {
    app_domain_name: &'static str,
    remarks: &'static str,
    originator_conversation_id: &'a str,
    system_conversation_id: &'a str,
    timestamp: String,
    due_date: &'static str,
    due_amount: Number,
    currency: &'a str,
    customer_name: &'static str,
    active: &'static str,
    status_code: i8,
    status_description: &'static str,
}

/// What came of an attempt to capture.
enum Capture {
    Taken,
    Duplicate,
    /// The ledger could not be written: the key is in use and its payment pending for ever.
    NotRecorded,
}

/// Answers one submission.
pub(super) async fn answer(almara: Arc<Almara>, payment: Payment) -> Response {
    let script = scenarios::payment_script(&payment);
    match script.entry {
        Entry::Capture => submit(almara, payment, script).await,
        Entry::Refuse(reason) => Rejection::Refused(reason).into_response(),
        Entry::LoseFirst(fault) if almara.payments.lose(&payment.key) => fault.respond(&BROKEN, almara.hang).await,
        Entry::LoseFirst(_) => submit(almara, payment, script).await,
    }
}

async fn submit(almara: Arc<Almara>, payment: Payment, script: Script) -> Response {
    let captured = tokio::spawn(capture(Arc::clone(&almara), payment.clone(), script)).await;
    match captured.unwrap_or(Capture::NotRecorded) {
        Capture::Taken => acknowledge(&payment, script.answer, almara.hang).await,
        Capture::Duplicate => Rejection::Refused("Duplicate transaction.").into_response(),
        Capture::NotRecorded => rejection::server_error(),
    }
}

async fn capture(almara: Arc<Almara>, payment: Payment, script: Script) -> Capture {
    if !almara.payments.capture(&payment) {
        return Capture::Duplicate;
    }
    if let Some(amount) = script.amount_moved(payment.amount)
        && let Err(error) = almara.effects.record(payment.movement(amount)).await
    {
        tracing::error!(provider.name = PROVIDER, %error, "sandbox effect not recorded");
        return Capture::NotRecorded;
    }
    almara.payments.change(&payment.key, script.first);
    tokio::spawn(play(almara, payment.key, script.then));
    Capture::Taken
}

async fn play(almara: Arc<Almara>, key: String, steps: &'static [Step]) {
    for step in steps {
        match *step {
            Step::Wait => sleep(almara.later).await,
            Step::Become(standing) => almara.payments.change(&key, standing),
            Step::Tell => callback::tell(&almara, &key, None).await,
            Step::TellStale(standing) => callback::tell(&almara, &key, Some(standing)).await,
        }
    }
}

async fn acknowledge(payment: &Payment, answer: Answer, hang: Duration) -> Response {
    match answer {
        Answer::Accepted => accepted(payment),
        Answer::AcceptedOlder => accepted_older(payment),
        Answer::AcceptedSlowly => {
            sleep(SLOW).await;
            accepted(payment)
        }
        Answer::Faulty(fault) => fault.respond(&BROKEN, hang).await,
    }
}

fn accepted(payment: &Payment) -> Response {
    let message = Accepted {
        app_domain_name: APP_DOMAIN_NAME,
        remarks: REMARKS,
        originator_conversation_id: &payment.key,
        system_conversation_id: &payment.system_id,
        timestamp: wire::timestamp(),
        due_date: None,
        due_amount: 0,
        currency: &payment.currency,
        account_customer_name: "",
        active: "Unknown",
        response_code: None,
        response_desc: None,
    };
    Json(Message { message }).into_response()
}

fn accepted_older(payment: &Payment) -> Response {
    let message = AcceptedOlder {
        app_domain_name: APP_DOMAIN_NAME,
        remarks: REMARKS,
        originator_conversation_id: &payment.key,
        system_conversation_id: &payment.system_id,
        timestamp: wire::timestamp(),
        due_date: "-1",
        due_amount: wire::money_not_known(),
        currency: &payment.currency,
        customer_name: "",
        active: "Unknown",
        status_code: -1,
        status_description: REMARKS,
    };
    Json(Message { message }).into_response()
}
