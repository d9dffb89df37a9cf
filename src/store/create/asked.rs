//! What the statement of `at_once` is asked to store: the plain payments of a batch, each as a row of JSON.

use std::collections::HashSet;

use serde::Serialize;
use uuid::Uuid;

use super::super::bill_claims::claimant;
use super::rows::{payment_row, submission_row};
use super::{NewPayment, NewSubmission, WhichBill, key_of};

/// A payment as the statement reads it: what is not here has no value yet.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) place: i32,
    /// Whether its submission is to be held as it is stored.
    is_held: bool,
    claims: bool,
    claimant: String,
    id: Uuid,
    pub(super) tenant_id: String,
    customer: Option<String>,
    idempotency_key: Option<String>,
    request_hash: String,
    submission_id: Uuid,
    provider: String,
    biller_id: Uuid,
    account_reference: Option<String>,
    second_reference: Option<String>,
    bill_number_id: Option<Uuid>,
    bill_ref: String,
    amount_minor: i64,
    currency: String,
    status: String,
    version: i32,
    payer_name: Option<String>,
    payer_phone: Option<String>,
    description: Option<String>,
    funding_account_id: Option<Uuid>,
    delivery_speed: String,
    process_date: String,
    due_date: Option<String>,
    callback_url: Option<String>,
    save_bill_number: bool,
    our_reference: Option<String>,
    new_bill: bool,
    created_by: String,
    created_at: i64,
    bill_id: Option<Uuid>,
    bill_reference: Option<String>,
    /// The account whose bill is still to be found.
    sought: Option<String>,
    takes_due_date: bool,
    subject: String,
    provider_key: String,
    next_action_at: Option<i64>,
    run_at: i64,
    not_after: i64,
    review_at: i64,
}

/// The plain payments of a batch. Of several with one key the first: the others are to find it stored.
pub(super) fn rows_of(batch: &[NewSubmission]) -> Vec<Row> {
    let mut keys = HashSet::new();
    let mut rows = Vec::with_capacity(batch.len());
    for (place, item) in (0_i32..).zip(batch) {
        let (Some(new), Some(key)) = (plain(item), key_of(item)) else { continue };
        if keys.insert(key) {
            rows.push(row(place, item, new));
        }
    }
    rows
}

/// The one payment of a submission that needs nothing but itself: no bulk, nothing else to keep, at most one claim.
fn plain(item: &NewSubmission) -> Option<&NewPayment> {
    let [new] = item.payments.as_slice() else { return None };
    let is_plain = item.bulk.is_none()
        && item.submission.request_bytes.is_none()
        && new.keeps.is_none()
        && new.callbacks.is_none()
        && new.allocations.len() == 1
        && new.allocations.iter().all(|part| part.amount == new.payment.amount)
        && new.payment.account_holder_name.is_none()
        && new.payment.bulk_payment_id.is_none()
        && new.payment.failure.is_none()
        && new.payment.updated_at == new.payment.created_at;
    is_plain.then_some(new)
}

fn row(place: i32, item: &NewSubmission, new: &NewPayment) -> Row {
    let payment = payment_row(new, new.payment.bill_number_id);
    let submission = submission_row(&item.submission, item.next_action_at);
    let part = new.allocations.first();
    let takes_due_date = match new.bill {
        WhichBill::Allocated => false,
        WhichBill::OfAccount { gives_due_date } => gives_due_date,
    };
    Row {
        place,
        is_held: item.claim.is_some(),
        claims: new.takes_claim,
        claimant: claimant(&payment.tenant_id, &payment.bill_ref),
        id: payment.id,
        tenant_id: payment.tenant_id,
        customer: payment.customer,
        idempotency_key: payment.idempotency_key,
        request_hash: payment.request_hash,
        submission_id: submission.id,
        provider: payment.provider,
        biller_id: payment.biller_id,
        account_reference: payment.account_reference,
        second_reference: payment.second_reference,
        bill_number_id: payment.bill_number_id,
        bill_ref: payment.bill_ref,
        amount_minor: payment.amount_minor,
        currency: payment.currency,
        status: payment.status,
        version: payment.version,
        payer_name: payment.payer_name,
        payer_phone: payment.payer_phone,
        description: payment.description,
        funding_account_id: payment.funding_account_id,
        delivery_speed: payment.delivery_speed,
        process_date: payment.process_date,
        due_date: payment.due_date,
        callback_url: payment.callback_url,
        save_bill_number: payment.save_bill_number,
        our_reference: payment.our_reference,
        new_bill: payment.new_bill,
        created_by: payment.created_by,
        created_at: payment.created_at,
        bill_id: part.and_then(|part| part.bill_id).map(|bill| bill.uuid()),
        bill_reference: part.and_then(|part| part.bill_reference.clone()),
        sought: new.seeks_bill_of().map(str::to_owned),
        takes_due_date,
        subject: submission.subject,
        provider_key: submission.provider_key,
        next_action_at: submission.next_action_at,
        run_at: submission.run_at,
        not_after: submission.not_after,
        review_at: submission.review_at,
    }
}
