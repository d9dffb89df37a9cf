//! Rows into the domain's types and back. What cannot be read is an error, never a default.

use std::str::FromStr;

use jiff::civil::Date;

use super::StoreError;
use super::time::timestamp;
use crate::domain::disbursement::Disbursement;
use crate::domain::ids::Id;
use crate::domain::money::{CurrencyCode, Money};
use crate::domain::payment::submission::Submission;
use crate::domain::payment::{Failure, Payer, Payment};
use crate::domain::requester::{CustomerId, TenantId};

/// Reads a stored word.
pub(super) fn word<T: FromStr>(text: &str, what: &'static str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Unreadable(what))
}

/// Reads a stored amount.
pub(super) fn money(minor: i64, currency: &str) -> Result<Money, StoreError> {
    Ok(Money::from_minor(minor, word::<CurrencyCode>(currency, "a currency")?))
}

/// Reads a stored amount that may be absent.
pub(super) fn some_money(minor: Option<i64>, currency: Option<&str>) -> Result<Option<Money>, StoreError> {
    minor.zip(currency).map(|(minor, currency)| money(minor, currency)).transpose()
}

/// Reads a stored day.
pub(super) fn date(text: &str) -> Result<Date, StoreError> {
    word(text, "a day")
}

/// Reads a stored tenant.
pub(super) fn tenant(name: &str) -> Result<TenantId, StoreError> {
    TenantId::try_new(name).map_err(|_| StoreError::Unreadable("a tenant"))
}

/// Reads a stored customer.
pub(super) fn customer(name: Option<&str>) -> Result<Option<CustomerId>, StoreError> {
    name.map(CustomerId::try_new).transpose().map_err(|_| StoreError::Unreadable("a customer"))
}

/// Reads a stored failure.
pub(super) fn failure(json: Option<&str>) -> Result<Option<Failure>, StoreError> {
    json.map(serde_json::from_str).transpose().map_err(|_| StoreError::Unreadable("a failure"))
}

/// Writes a failure.
pub(super) fn failure_json(failure: Option<&Failure>) -> Option<String> {
    failure.and_then(|failure| serde_json::to_string(failure).ok())
}

/// Reads a stored disbursement.
fn disbursement(json: Option<&str>) -> Result<Option<Disbursement>, StoreError> {
    json.map(serde_json::from_str).transpose().map_err(|_| StoreError::Unreadable("a disbursement"))
}

/// Writes a disbursement.
pub(super) fn disbursement_json(disbursement: Option<&Disbursement>) -> Option<String> {
    disbursement.and_then(|disbursement| serde_json::to_string(disbursement).ok())
}

/// Reads a payment.
pub(super) fn payment(row: entity::payment::Model) -> Result<Payment, StoreError> {
    let review = match (row.review_reason.as_deref(), row.review_since) {
        (Some(reason), Some(since)) => Some((word(reason, "a review reason")?, timestamp(since)?)),
        (None, _) | (_, None) => None,
    };
    Ok(Payment {
        id: Id::from_uuid(row.id),
        tenant: tenant(&row.tenant_id)?,
        customer: customer(row.customer.as_deref())?,
        idempotency_key: row.idempotency_key,
        submission_id: Id::from_uuid(row.submission_id),
        provider: word(&row.provider, "a provider")?,
        biller_id: Id::from_uuid(row.biller_id),
        account_reference: row.account_reference,
        second_reference: row.second_reference,
        account_holder_name: row.account_holder_name,
        bill_number_id: row.bill_number_id.map(Id::from_uuid),
        bulk_payment_id: row.bulk_payment_id.map(Id::from_uuid),
        amount: money(row.amount_minor, &row.currency)?,
        status: word(&row.status, "a status")?,
        version: row.version,
        review,
        payer: Payer { name: row.payer_name, phone_number: row.payer_phone },
        description: row.description,
        funding_account_id: row.funding_account_id.map(Id::from_uuid),
        delivery_speed: word(&row.delivery_speed, "a delivery speed")?,
        process_date: date(&row.process_date)?,
        due_date: row.due_date.as_deref().map(date).transpose()?,
        callback_url: row.callback_url,
        save_bill_number: row.save_bill_number,
        our_reference: row.our_reference,
        provider_reference: row.provider_reference,
        biller_reference: row.biller_reference,
        provider_status: row.provider_status,
        confirmation_number: row.confirmation_number,
        funding_amount: some_money(row.funding_amount_minor, row.funding_currency.as_deref())?,
        exchange_rate: row.exchange_rate,
        disbursement: disbursement(row.disbursement.as_deref())?,
        new_bill: row.new_bill,
        failure: failure(row.failure.as_deref())?,
        created_by: row.created_by,
        created_at: timestamp(row.created_at)?,
        updated_at: timestamp(row.updated_at)?,
    })
}

/// Reads a submission.
pub(super) fn submission(row: entity::submission::Model) -> Result<Submission, StoreError> {
    let last_look_up = match (row.last_look_up_verdict.as_deref(), row.last_look_up_at) {
        (Some(verdict), Some(at)) => Some((word(verdict, "a verdict")?, timestamp(at)?)),
        (None, _) | (_, None) => None,
    };
    Ok(Submission {
        id: Id::from_uuid(row.id),
        tenant: tenant(&row.tenant_id)?,
        provider: word(&row.provider, "a provider")?,
        subject: word(&row.subject, "a subject")?,
        provider_key: row.provider_key,
        key_first_used_at: row.key_first_used_at.map(timestamp).transpose()?,
        provider_reference: row.provider_reference,
        request_bytes: row.request_bytes,
        fence: row.fence,
        attempt_count: row.attempt_count,
        submits: row.submits.unsigned_abs(),
        last_submit_at: row.last_submit_at.map(timestamp).transpose()?,
        last_submit_verdict: row.last_submit_verdict.as_deref().map(|said| word(said, "a verdict")).transpose()?,
        look_ups: row.look_ups.unsigned_abs(),
        last_look_up,
        look_up_requests: row.look_up_requests,
        look_up_requests_met: row.look_up_requests_met,
        run_at: timestamp(row.run_at)?,
        not_after: timestamp(row.not_after)?,
        review_at: timestamp(row.review_at)?,
        fault_count: row.fault_count,
    })
}
