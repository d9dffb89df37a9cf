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
use super::retry::retrying;
use super::time::micros;
use super::webhooks::NewWebhookEndpoint;
use super::work::{NewEvent, Work, all_set};
use super::{Store, StoreError};
use crate::crash::Step;
use crate::domain::bill_number::BillNumber;
use crate::domain::bulk_payment::BulkPayment;
use crate::domain::event::{EventType, SubjectKind};
use crate::domain::ids::{BillNumberId, PaymentId};
use crate::domain::payment::submission::Submission;
use crate::domain::payment::{Allocation, Payment};

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
    /// The endpoint of the tenant's callbacks, where it has a `callbackUrl`; kept unless the tenant has one.
    pub callbacks: Option<NewWebhookEndpoint>,
}

/// A bulk to be stored.
#[derive(Clone, Debug)]
pub struct NewBulk {
    /// The bulk, in its first version.
    pub bulk: BulkPayment,
    /// Of the whole input.
    pub request_hash: String,
}

/// A submission to be stored, with its payments: one, or those of a bulk.
#[derive(Clone, Debug)]
pub struct NewSubmission {
    /// The submission.
    pub submission: Submission,
    /// When the worker is to look at it.
    pub next_action_at: Timestamp,
    /// The bulk that its payments are part of. It has the key then.
    pub bulk: Option<NewBulk>,
    /// Its payments.
    pub payments: Vec<NewPayment>,
}

/// What became of one submission of the batch.
#[derive(Clone, Debug)]
pub enum Created {
    /// It was stored.
    Stored,
    /// Its key was used before: by this payment, of an input with this hash.
    KeyUsed {
        /// That payment, as it is now; of a bulk the first.
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
        retrying(|| self.try_create(batch)).await
    }

    async fn try_create(&self, batch: &[NewSubmission]) -> Result<Vec<Created>, StoreError> {
        let mut work = self.begin(Step::Create).await?;
        // Claims first: who sees the claim of a payment that was committed meanwhile then sees its key as well.
        let mut held = work.claims(batch.iter().flat_map(claims_of)).await?;
        let used = work.used_keys(batch).await?;
        let mut stored_keys: HashMap<Key, usize> = HashMap::new();
        let mut answers = Vec::with_capacity(batch.len());
        let mut stored = Vec::new();
        for (place, item) in batch.iter().enumerate() {
            let key = key_of(item);
            if let Some(answer) = key.as_ref().and_then(|key| used.get(key)) {
                answers.push(answer.clone());
            } else if let Some(&first) = key.as_ref().and_then(|key| stored_keys.get(key)) {
                answers.push(used_in_batch(&batch[first]));
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
    async fn used_keys(&self, batch: &[NewSubmission]) -> Result<HashMap<Key, Created>, StoreError> {
        use entity::payment::{Column, Entity};
        let keys: Vec<Key> = batch.iter().filter_map(key_of).collect();
        let mut used = HashMap::new();
        let of_bulks = keys.iter().filter(|key| key.of_bulk);
        let of_bulks: Vec<(&str, &str)> = of_bulks.map(|key| (key.tenant.as_str(), key.key.as_str())).collect();
        for (bulk, request_hash, first) in self.used_bulk_keys(&of_bulks).await? {
            let key = Key { of_bulk: true, tenant: bulk.tenant.as_str().to_owned(), key: bulk.idempotency_key.clone() };
            used.insert(key, Created::KeyUsed { payment: Box::new(first), request_hash });
        }
        let mut any = Condition::any();
        for key in keys.iter().filter(|key| !key.of_bulk) {
            let same = Condition::all().add(Column::TenantId.eq(&key.tenant)).add(Column::IdempotencyKey.eq(&key.key));
            any = any.add(same);
        }
        if any.is_empty() {
            return Ok(used);
        }
        for row in Entity::find().filter(any).all(&self.tx).await? {
            let (tenant, key) = (row.tenant_id.clone(), row.idempotency_key.clone().unwrap_or_default());
            let request_hash = row.request_hash.clone();
            let key = Key { of_bulk: false, tenant, key };
            used.insert(key, Created::KeyUsed { payment: Box::new(payment(row)?), request_hash });
        }
        Ok(used)
    }

    async fn insert(&mut self, stored: &[&NewSubmission]) -> Result<(), StoreError> {
        let rows = stored.iter().map(|item| {
            all_set::<entity::submission::ActiveModel, _>(submission_row(&item.submission, item.next_action_at))
        });
        entity::submission::Entity::insert_many(rows).exec_without_returning(&self.tx).await?;
        for new in stored.iter().filter_map(|item| item.bulk.as_ref()) {
            self.insert_bulk(new).await?;
        }
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
        for new in payments.iter().filter_map(|new| new.callbacks.as_ref()) {
            self.ensure_callbacks_endpoint(new).await?;
        }
        self.take_claims(payments.iter().filter(|new| new.takes_claim).copied()).await?;
        for new in payments {
            self.tell(created_event(&new.payment));
        }
        Ok(())
    }
}

/// A key of a client: unique within a tenant and a mutation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    of_bulk: bool,
    tenant: String,
    key: String,
}

fn key_of(item: &NewSubmission) -> Option<Key> {
    let tenant = item.submission.tenant.as_str().to_owned();
    match &item.bulk {
        Some(new) => Some(Key { of_bulk: true, tenant, key: new.bulk.idempotency_key.clone() }),
        None => {
            let key = item.payments.first()?.payment.idempotency_key.clone()?;
            Some(Key { of_bulk: false, tenant, key })
        }
    }
}

fn used_in_batch(item: &NewSubmission) -> Created {
    let first = &item.payments[0];
    let of_bulk = item.bulk.as_ref().map(|new| new.request_hash.clone());
    let request_hash = of_bulk.unwrap_or_else(|| first.request_hash.clone());
    Created::KeyUsed { payment: Box::new(first.payment.clone()), request_hash }
}

fn claims_of(item: &NewSubmission) -> Vec<ClaimKey> {
    item.payments.iter().filter(|new| new.takes_claim).flat_map(ClaimKey::all_of).collect()
}

fn holder_of(item: &NewSubmission, held: &HashMap<ClaimKey, Uuid>) -> Option<PaymentId> {
    claims_of(item).iter().find_map(|key| held.get(key)).map(|&holder| PaymentId::from_uuid(holder))
}

fn claim_all(item: &NewSubmission, held: &mut HashMap<ClaimKey, Uuid>) {
    let claims = item.payments.iter().filter(|new| new.takes_claim);
    for new in claims {
        held.extend(ClaimKey::all_of(new).into_iter().map(|key| (key, new.payment.id.uuid())));
    }
}

fn created_event(payment: &Payment) -> NewEvent {
    NewEvent {
        tenant: payment.tenant.clone(),
        subject_kind: SubjectKind::Payment,
        subject_id: payment.id.uuid(),
        subject_version: payment.version,
        customer: payment.customer.as_ref().map(|customer| customer.as_str().to_owned()),
        status: Some(payment.status.to_string()),
        kind: EventType::PaymentCreated,
        actor: payment.created_by.clone(),
        reason: None,
        failure: None,
    }
}

pub(super) fn submission_row(submission: &Submission, next_action_at: Timestamp) -> entity::submission::Model {
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

fn allocation_rows(new: &NewPayment) -> Vec<entity::allocation::ActiveModel> {
    let rows = (1..).zip(&new.allocations).map(|(no, allocation)| entity::allocation::Model {
        payment_id: new.payment.id.uuid(),
        no,
        bill_id: allocation.bill_id.map(|bill| bill.uuid()),
        bill_reference: allocation.bill_reference.clone(),
        amount_minor: allocation.amount.minor(),
        currency: allocation.amount.currency().as_str().to_owned(),
        provider_reference: None,
    });
    rows.map(all_set).collect()
}
