//! The rows of a new payment: what each of its tables keeps of it.

use jiff::Timestamp;

use super::super::convert::failure_json;
use super::super::time::micros;
use super::super::work::{NewEvent, payment_event};
use super::NewPayment;
use crate::domain::event::EventType;
use crate::domain::ids::BillNumberId;
use crate::domain::payment::Payment;
use crate::domain::payment::submission::Submission;

pub(super) fn created_event(payment: &Payment) -> NewEvent {
    payment_event(payment, EventType::PaymentCreated, &payment.created_by, None)
}

pub(in crate::store) fn submission_row(
    submission: &Submission,
    next_action_at: Timestamp,
) -> entity::submission::Model {
    entity::submission::Model {
        id: submission.id.uuid(),
        tenant_id: submission.tenant.as_str().to_owned(),
        provider: submission.provider.as_str().to_owned(),
        subject: submission.subject.to_string(),
        provider_key: submission.provider_key.clone(),
        key_first_used_at: None,
        provider_reference: None,
        request_bytes: submission.request_bytes.clone(),
        next_action_at: Some(micros(next_action_at)),
        lease_owner: None,
        lease_until: None,
        fence: 0,
        attempt_count: 0,
        submits: 0,
        last_submit_at: None,
        last_submit_verdict: None,
        look_ups: 0,
        last_look_up_verdict: None,
        last_look_up_at: None,
        look_up_requests: 0,
        look_up_requests_met: 0,
        run_at: micros(submission.run_at),
        not_after: micros(submission.not_after),
        review_at: micros(submission.review_at),
        fault_count: 0,
    }
}

pub(super) fn payment_row(new: &NewPayment, bill_number: Option<BillNumberId>) -> entity::payment::Model {
    let payment = &new.payment;
    entity::payment::Model {
        id: payment.id.uuid(),
        tenant_id: payment.tenant.as_str().to_owned(),
        customer: payment.customer.as_ref().map(|customer| customer.as_str().to_owned()),
        idempotency_key: payment.idempotency_key.clone(),
        request_hash: new.request_hash.clone(),
        submission_id: payment.submission_id.uuid(),
        provider: payment.provider.as_str().to_owned(),
        biller_id: payment.biller_id.uuid(),
        account_reference: payment.account_reference.clone(),
        second_reference: payment.second_reference.clone(),
        account_holder_name: payment.account_holder_name.clone(),
        bill_number_id: bill_number.map(|id| id.uuid()),
        bulk_payment_id: payment.bulk_payment_id.map(|id| id.uuid()),
        bill_ref: new.bill_ref.clone(),
        amount_minor: payment.amount.minor(),
        currency: payment.amount.currency().as_str().to_owned(),
        status: payment.status.to_string(),
        version: payment.version,
        review_reason: None,
        review_since: None,
        payer_name: payment.payer.name.clone(),
        payer_phone: payment.payer.phone_number.clone(),
        description: payment.description.clone(),
        funding_account_id: payment.funding_account_id.map(|id| id.uuid()),
        delivery_speed: payment.delivery_speed.to_string(),
        process_date: payment.process_date.to_string(),
        due_date: payment.due_date.map(|date| date.to_string()),
        callback_url: payment.callback_url.clone(),
        save_bill_number: payment.save_bill_number,
        our_reference: payment.our_reference.clone(),
        provider_reference: None,
        biller_reference: None,
        provider_status: None,
        confirmation_number: None,
        funding_amount_minor: None,
        funding_currency: None,
        exchange_rate: None,
        disbursement: None,
        new_bill: payment.new_bill,
        failure: failure_json(payment.failure.as_ref()),
        created_by: payment.created_by.clone(),
        created_at: micros(payment.created_at),
        updated_at: micros(payment.updated_at),
    }
}

pub(super) fn allocation_rows(new: &NewPayment) -> impl Iterator<Item = entity::allocation::Model> {
    (1..).zip(&new.allocations).map(move |(no, allocation)| entity::allocation::Model {
        payment_id: new.payment.id.uuid(),
        no,
        bill_id: allocation.bill_id.map(|bill| bill.uuid()),
        bill_reference: allocation.bill_reference.clone(),
        amount_minor: allocation.amount.minor(),
        currency: allocation.amount.currency().as_str().to_owned(),
        provider_reference: None,
    })
}
