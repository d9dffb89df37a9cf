//! Storing new payments: a batch in one transaction, an answer for each.
//!
//! The idempotency key is looked up before anything else, so that a repetition is recognised whatever else has become
//! of the bill. Two who race for a key or a claim are told apart by the database: the loser's whole transaction is
//! taken back and tried again, and then finds what the winner stored.

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::bill_claims::ClaimKey;
use super::convert::{failure_json, payment};
use super::time::micros;
use super::work::{NewEvent, Work, all_set};
use super::{Store, StoreError};
use crate::crash::Step;
use crate::domain::bill_number::BillNumber;
use crate::domain::event::{EventType, SubjectKind};
use crate::domain::ids::{BillNumberId, PaymentId};
use crate::domain::payment::submission::Submission;
use crate::domain::payment::{Allocation, Payment};

const MOST_TRIES: u32 = 8;

/// A payment to be stored.
#[derive(Clone, Debug)]
pub struct NewPayment {
    /// The payment, in its first version.
    pub payment: Payment,
    /// Of the whole input.
    pub request_hash: String,
    /// Which bill is claimed: empty where the biller lists none.
    pub bill_ref: String,
    /// Whether it claims the bill, so that no other open payment may.
    pub takes_claim: bool,
    /// The bill number that is to be kept with it, unless the owner has kept the account already.
    pub keeps: Option<BillNumber>,
    /// Which bills it pays.
    pub allocations: Vec<Allocation>,
}

/// A submission to be stored, with its payments: one, or those of a bulk.
#[derive(Clone, Debug)]
pub struct NewSubmission {
    /// The submission.
    pub submission: Submission,
    /// When the worker is to look at it.
    pub next_action_at: Timestamp,
    /// Its payments.
    pub payments: Vec<NewPayment>,
}

/// What became of one submission of the batch.
#[derive(Clone, Debug)]
pub enum Created {
    /// It was stored.
    Stored,
    /// The key of its first payment was used before: by this payment, of an input with this hash.
    KeyUsed {
        /// That payment, as it is now.
        payment: Box<Payment>,
        /// Of its input.
        request_hash: String,
    },
    /// One of its bills or accounts is claimed by this open payment.
    BeingPaid(PaymentId),
}

impl Store {
    /// Stores a batch: each answer stands for the submission in the same place.
    pub async fn create(&self, batch: &[NewSubmission]) -> Result<Vec<Created>, StoreError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_create(batch).await {
                Err(error) if (error.is_duplicate() || error.is_transient()) && tries < MOST_TRIES => {}
                outcome => return outcome,
            }
        }
    }

    async fn try_create(&self, batch: &[NewSubmission]) -> Result<Vec<Created>, StoreError> {
        let mut work = self.begin(Step::Create).await?;
        // Claims first: who sees the claim of a payment that was committed meanwhile then sees its key as well.
        let claims = batch.iter().flat_map(|item| &item.payments).filter(|new| new.takes_claim).map(ClaimKey::of);
        let mut held = work.claims(claims).await?;
        let used = work.used_keys(batch).await?;
        let mut stored_keys: HashMap<(String, String), usize> = HashMap::new();
        let mut answers = Vec::with_capacity(batch.len());
        let mut stored = Vec::new();
        for (place, item) in batch.iter().enumerate() {
            let key = item.payments.first().and_then(key_of);
            if let Some(answer) = key.as_ref().and_then(|key| used.get(key)) {
                answers.push(answer.clone());
            } else if let Some(&first) = key.as_ref().and_then(|key| stored_keys.get(key)) {
                answers.push(used_in_batch(&batch[first].payments[0]));
            } else if let Some(holder) = holder_of(item, &held) {
                answers.push(Created::BeingPaid(holder));
            } else {
                claim_all(item, &mut held);
                stored_keys.extend(key.map(|key| (key, place)));
                stored.push(item);
                answers.push(Created::Stored);
            }
        }
        if stored.is_empty() {
            work.roll_back().await?;
            return Ok(answers);
        }
        work.insert(&stored).await?;
        work.wake_worker();
        work.commit().await?;
        Ok(answers)
    }
}

impl Work {
    async fn used_keys(&self, batch: &[NewSubmission]) -> Result<HashMap<(String, String), Created>, StoreError> {
        use entity::payment::{Column, Entity};
        let mut any = Condition::any();
        for (tenant, key) in batch.iter().filter_map(|item| item.payments.first().and_then(key_of)) {
            any = any.add(Condition::all().add(Column::TenantId.eq(tenant)).add(Column::IdempotencyKey.eq(key)));
        }
        if any.is_empty() {
            return Ok(HashMap::new());
        }
        let mut used = HashMap::new();
        for row in Entity::find().filter(any).all(&self.tx).await? {
            let key = (row.tenant_id.clone(), row.idempotency_key.clone().unwrap_or_default());
            let request_hash = row.request_hash.clone();
            used.insert(key, Created::KeyUsed { payment: Box::new(payment(row)?), request_hash });
        }
        Ok(used)
    }

    async fn insert(&mut self, stored: &[&NewSubmission]) -> Result<(), StoreError> {
        let rows = stored.iter().map(|item| all_set::<entity::submission::ActiveModel, _>(submission_row(item)));
        entity::submission::Entity::insert_many(rows).exec_without_returning(&self.tx).await?;
        let payments: Vec<&NewPayment> = stored.iter().flat_map(|item| &item.payments).collect();
        let mut rows = Vec::with_capacity(payments.len());
        for new in &payments {
            let bill_number = match &new.keeps {
                Some(number) => Some(self.keep_bill_number(number, &new.payment.created_by).await?),
                None => new.payment.bill_number_id,
            };
            rows.push(all_set::<entity::payment::ActiveModel, _>(payment_row(new, bill_number)));
        }
        entity::payment::Entity::insert_many(rows).exec_without_returning(&self.tx).await?;
        let rows: Vec<_> = payments.iter().flat_map(|new| allocation_rows(new)).collect();
        if !rows.is_empty() {
            entity::allocation::Entity::insert_many(rows).exec_without_returning(&self.tx).await?;
        }
        self.take_claims(payments.iter().filter(|new| new.takes_claim).copied()).await?;
        for new in payments {
            self.tell(created_event(&new.payment));
        }
        Ok(())
    }
}

fn key_of(new: &NewPayment) -> Option<(String, String)> {
    let key = new.payment.idempotency_key.clone()?;
    Some((new.payment.tenant.as_str().to_owned(), key))
}

fn used_in_batch(new: &NewPayment) -> Created {
    Created::KeyUsed { payment: Box::new(new.payment.clone()), request_hash: new.request_hash.clone() }
}

fn holder_of(item: &NewSubmission, held: &HashMap<ClaimKey, Uuid>) -> Option<PaymentId> {
    let mut claims = item.payments.iter().filter(|new| new.takes_claim);
    claims.find_map(|new| held.get(&ClaimKey::of(new))).map(|&holder| PaymentId::from_uuid(holder))
}

fn claim_all(item: &NewSubmission, held: &mut HashMap<ClaimKey, Uuid>) {
    let claims = item.payments.iter().filter(|new| new.takes_claim);
    held.extend(claims.map(|new| (ClaimKey::of(new), new.payment.id.uuid())));
}

fn created_event(payment: &Payment) -> NewEvent {
    NewEvent {
        tenant: payment.tenant.clone(),
        subject_kind: SubjectKind::Payment,
        subject_id: payment.id.uuid(),
        subject_version: payment.version,
        customer: payment.customer.as_ref().map(|customer| customer.as_str().to_owned()),
        status: Some(payment.status),
        kind: EventType::PaymentCreated,
        actor: payment.created_by.clone(),
        reason: None,
        failure: None,
    }
}

fn submission_row(item: &NewSubmission) -> entity::submission::Model {
    let submission = &item.submission;
    entity::submission::Model {
        id: submission.id.uuid(),
        tenant_id: submission.tenant.as_str().to_owned(),
        provider: submission.provider.as_str().to_owned(),
        provider_key: submission.provider_key.clone(),
        key_first_used_at: None,
        provider_reference: None,
        request_bytes: submission.request_bytes.clone(),
        next_action_at: Some(micros(item.next_action_at)),
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

fn payment_row(new: &NewPayment, bill_number: Option<BillNumberId>) -> entity::payment::Model {
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
        failure: failure_json(payment.failure.as_ref()),
        created_by: payment.created_by.clone(),
        created_at: micros(payment.created_at),
        updated_at: micros(payment.updated_at),
    }
}

fn allocation_rows(new: &NewPayment) -> Vec<entity::allocation::ActiveModel> {
    let rows = (1..).zip(&new.allocations).map(|(no, allocation)| entity::allocation::Model {
        payment_id: new.payment.id.uuid(),
        no,
        bill_id: allocation.bill_id.map(|bill| bill.uuid()),
        amount_minor: allocation.amount.minor(),
        currency: allocation.amount.currency().as_str().to_owned(),
        provider_reference: None,
    });
    rows.map(all_set).collect()
}
