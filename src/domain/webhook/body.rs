//! What a receiver is told: the event as it was, with what never changes of its object.
//!
//! The same event makes the same bytes each time, whatever has become of its object since; so a receiver that was told
//! twice sees so by the id, and one that asks for more asks the API. Another event has another id, even where a database
//! that was restored gives it the sequence of one that it has forgotten. Nothing is told that only its owner may see: no
//! prepaid token, no account, no name.

use bytes::Bytes;
use serde::Serialize;
use uuid::Uuid;

use crate::domain::event::{Event, SubjectKind};
use crate::domain::ids::{BillNumberId, BulkPaymentId, CollectionId, ControlNumberId, PaymentId, WebhookEndpointId};
use crate::domain::money::Money;
use crate::domain::payment::{Failure, Payment};
use crate::domain::refusal::ErrorCode;

/// The type of what is sent on request, to try a receiver.
pub const TEST_TYPE: &str = "WEBHOOK_TEST";

/// What never changes of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentFacts {
    /// The client's key; none in a bulk.
    pub idempotency_key: Option<String>,
    /// How much is paid.
    pub amount: Money,
    /// The reference that its provider is told, where that was known from the beginning.
    pub our_reference: Option<String>,
}

impl From<&Payment> for PaymentFacts {
    fn from(payment: &Payment) -> Self {
        Self {
            idempotency_key: payment.idempotency_key.clone(),
            amount: payment.amount,
            our_reference: payment.our_reference.clone(),
        }
    }
}

/// The id under which an endpoint is told of an event, at every retry and replay. The sequence tells it from all others
/// of its log; the moment from those that had the sequence in a life of the database that was forgotten. Its object and
/// version would not: a payment that was PENDING in the backup may have succeeded then, and be UNKNOWN now.
pub fn message_id(endpoint: WebhookEndpointId, event: &Event) -> String {
    format!("msg_{}_{}_{:x}", endpoint.uuid().simple(), event.sequence, event.at.as_microsecond())
}

/// The id of a test.
pub fn test_message_id(random: Uuid) -> String {
    format!("msg_{}", random.simple())
}

/// The body for an event; with the facts of its payment, where it is about one.
pub fn of_event(event: &Event, payment: Option<&PaymentFacts>) -> Bytes {
    let subject = Subject { id: subject_id(event.subject_kind, event.subject_id), kind: kind(event.subject_kind) };
    write(&Message {
        kind: event.kind.as_str(),
        timestamp: event.at.to_string(),
        data: Data {
            sequence: Some(event.sequence.to_string()),
            version: Some(event.subject_version),
            status: event.status.as_deref(),
            actor: &event.actor,
            reason: event.reason.as_deref(),
            subject: Some(subject),
            customer: event.customer.as_deref(),
            failure: event.failure.as_ref().map(ToldFailure::of),
            payment: payment.map(ToldPayment::of),
        },
    })
}

/// The body of a test, sent now by `actor`.
pub fn of_test(actor: &str, now: jiff::Timestamp) -> Bytes {
    let reason = "sent on request, to try this receiver";
    write(&Message {
        kind: TEST_TYPE,
        timestamp: now.to_string(),
        data: Data {
            sequence: None,
            version: None,
            status: None,
            actor,
            reason: Some(reason),
            subject: None,
            customer: None,
            failure: None,
            payment: None,
        },
    })
}

#[derive(Serialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    sequence: Option<String>,
    version: Option<i32>,
    status: Option<&'a str>,
    actor: &'a str,
    reason: Option<&'a str>,
    subject: Option<Subject>,
    customer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<ToldFailure<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<ToldPayment<'a>>,
}

#[derive(Serialize)]
struct Subject {
    id: String,
    kind: &'static str,
}

/// Without the provider's own words, which only an administrator is shown.
#[derive(Serialize)]
struct ToldFailure<'a> {
    code: ErrorCode,
    message: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToldPayment<'a> {
    idempotency_key: Option<&'a str>,
    amount: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    our_reference: Option<&'a str>,
}

#[derive(Serialize)]
struct Amount {
    amount: String,
    currency: &'static str,
}

impl<'a> ToldFailure<'a> {
    fn of(failure: &'a Failure) -> Self {
        Self { code: failure.code, message: &failure.message }
    }
}

impl<'a> ToldPayment<'a> {
    fn of(facts: &'a PaymentFacts) -> Self {
        Self {
            idempotency_key: facts.idempotency_key.as_deref(),
            amount: Amount { amount: facts.amount.decimal(), currency: facts.amount.currency().as_str() },
            our_reference: facts.our_reference.as_deref(),
        }
    }
}

/// The object's type in the schema.
const fn kind(kind: SubjectKind) -> &'static str {
    match kind {
        SubjectKind::Payment => "Payment",
        SubjectKind::BillNumber => "BillNumber",
        SubjectKind::ControlNumber => "ControlNumber",
        SubjectKind::Collection => "Collection",
        SubjectKind::BulkPayment => "BulkPayment",
    }
}

fn subject_id(kind: SubjectKind, id: Uuid) -> String {
    match kind {
        SubjectKind::Payment => PaymentId::from_uuid(id).to_string(),
        SubjectKind::BillNumber => BillNumberId::from_uuid(id).to_string(),
        SubjectKind::ControlNumber => ControlNumberId::from_uuid(id).to_string(),
        SubjectKind::Collection => CollectionId::from_uuid(id).to_string(),
        SubjectKind::BulkPayment => BulkPaymentId::from_uuid(id).to_string(),
    }
}

/// Texts, numbers and lists of them: there is nothing in a message that JSON could not say.
fn write(message: &Message<'_>) -> Bytes {
    serde_json::to_vec(message).unwrap_or_default().into()
}

#[cfg(test)]
mod tests;
