//! Storing new payments: a batch in one transaction, an outcome for each.
//!
//! The idempotency key is looked up before anything else, so that a repetition is recognised whatever else has become
//! of the bill. Two who race for a key or a claim are told apart by the database: the loser's whole transaction is
//! taken back and tried again, and then finds what the winner stored (`carefully`). On PostgreSQL most of a batch needs
//! none of this: see `at_once`. The bill of an account is found by that same statement; on the other ways it is looked up
//! before (`bills`). Locks are taken in one order in both ways: claims, then keys, both in the order of their bytes, and
//! heads last. No batch costs a statement a payment: each table is asked once, and written in portions (`inserts`).

mod asked;
mod at_once;
mod bills;
mod carefully;
mod kept;
mod rows;

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter};
use uuid::Uuid;

use self::rows::{allocation_rows, created_event, payment_row};
use super::bill_claims::ClaimKey;
use super::convert::payment;
use super::portions::filled_up;
use super::webhooks::NewWebhookEndpoint;
use super::work::Work;
use super::{Store, StoreError};
use crate::domain::bill_number::BillNumber;
use crate::domain::bulk_payment::BulkPayment;
use crate::domain::ids::{BillId, PaymentId};
use crate::domain::payment::submission::Submission;
use crate::domain::payment::{Allocation, Payment};

pub use self::bills::WhichBill;
pub(super) use self::rows::submission_row;

/// How many batches may be under way at once: on PostgreSQL one is prepared while another reaches the disk. More of them
/// make smaller batches, which cost the database more for each payment: a sixth for two, a half for four, as measured.
const BATCHES_OF_POSTGRES: usize = 2;
/// SQLite has one writer.
const BATCHES_OF_SQLITE: usize = 1;

/// A payment to be stored.
#[derive(Clone, Debug)]
pub struct NewPayment {
    /// The payment, in its first version.
    pub payment: Payment,
    /// Which bill it is for. Where that is still to be found, its allocation and its due date change with it.
    pub bill: WhichBill,
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
    /// By whom it is to be claimed as it is stored, where that can be done at once; else it is left to whoever looks.
    pub claim: Option<Lease>,
}

/// Who holds what he claims, and for how long.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The process.
    pub owner: String,
    /// How long, from the database's now.
    pub length: Duration,
}

/// How one was stored; of a bulk its first payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// When its payment is due: that may be as the bill of its account has it.
    pub due_date: Option<Date>,
    /// The bill of its first part: that may be the bill of its account.
    pub bill: Option<BillId>,
    /// Whether it was claimed, as it was asked to be.
    pub is_claimed: bool,
}

/// What became of one submission of the batch.
#[derive(Clone, Debug)]
pub enum Created {
    /// It was stored.
    Stored(Stored),
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

/// What became of one submission of the batch, or why nothing did.
type Outcome = Result<Created, StoreError>;

impl Store {
    /// How many batches of new payments it pays to store at once.
    pub fn batches_at_once(&self) -> usize {
        if self.is_postgres() { BATCHES_OF_POSTGRES } else { BATCHES_OF_SQLITE }
    }

    /// Stores a batch: each outcome stands for the submission in the same place, and is as if that had been alone. All
    /// that is said to be stored is committed.
    pub async fn create(&self, batch: &[NewSubmission]) -> Vec<Result<Created, StoreError>> {
        let mut outcomes: Vec<Option<Outcome>> = batch.iter().map(|_| None).collect();
        let waits = self.create_at_once(batch, &mut outcomes).await;
        self.create_carefully(batch, &mut outcomes, waits).await;
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(|| Err(StoreError::unheard()))).collect()
    }

    pub(super) fn is_postgres(&self) -> bool {
        self.writer.get_database_backend() == DbBackend::Postgres
    }
}

impl Work {
    async fn used_keys(&self, batch: &[&NewSubmission]) -> Result<HashMap<Key, Created>, StoreError> {
        let keys: Vec<Key> = batch.iter().copied().filter_map(key_of).collect();
        let mut used = used_payments(&self.tx, &keys).await?;
        let of_bulks = keys.iter().filter(|key| key.of_bulk);
        let of_bulks: Vec<(&str, &str)> = of_bulks.map(|key| (key.tenant.as_str(), key.key.as_str())).collect();
        for (bulk, request_hash, first) in self.used_bulk_keys(&of_bulks).await? {
            let key = Key { of_bulk: true, tenant: bulk.tenant.as_str().to_owned(), key: bulk.idempotency_key.clone() };
            used.insert(key, Created::KeyUsed { payment: Box::new(first), request_hash });
        }
        Ok(used)
    }

    async fn insert(&mut self, stored: &[&NewSubmission]) -> Result<(), StoreError> {
        let payments: Vec<&NewPayment> = stored.iter().flat_map(|item| &item.payments).collect();
        self.take_claims(payments.iter().filter(|new| new.takes_claim).copied()).await?;
        let submissions = stored.iter().map(|item| submission_row(&item.submission, item.next_action_at));
        self.insert_all::<entity::submission::Entity>(submissions.collect()).await?;
        let mut bulks: Vec<&NewBulk> = stored.iter().filter_map(|item| item.bulk.as_ref()).collect();
        bulks.sort_by(|one, other| bulk_key(one).cmp(&bulk_key(other)));
        for new in bulks {
            self.insert_bulk(new).await?;
        }
        let mut by_key = payments.clone();
        by_key.sort_by(|one, other| payment_key(one).cmp(&payment_key(other)));
        let bill_numbers = self.keep_accounts(&by_key).await?;
        let rows = by_key.into_iter().zip(bill_numbers).map(|(new, bill_number)| payment_row(new, bill_number));
        self.insert_all::<entity::payment::Entity>(rows.collect()).await?;
        let parts = payments.iter().flat_map(|new| allocation_rows(new));
        self.insert_all::<entity::allocation::Entity>(parts.collect()).await?;
        let callbacks: Vec<&NewWebhookEndpoint> = payments.iter().filter_map(|new| new.callbacks.as_ref()).collect();
        self.ensure_callbacks_endpoints(&callbacks).await?;
        for new in payments {
            self.tell(created_event(&new.payment));
        }
        Ok(())
    }
}

/// The payments, beside those of bulks, that were made with these keys.
async fn used_payments(connection: &impl ConnectionTrait, keys: &[Key]) -> Result<HashMap<Key, Created>, StoreError> {
    use entity::payment::{Column, Entity};
    let mut any = Condition::any();
    for key in filled_up(keys.iter().filter(|key| !key.of_bulk).collect()) {
        let same = Condition::all().add(Column::TenantId.eq(&key.tenant)).add(Column::IdempotencyKey.eq(&key.key));
        any = any.add(same);
    }
    let mut used = HashMap::new();
    if any.is_empty() {
        return Ok(used);
    }
    for row in Entity::find().filter(any).all(connection).await? {
        let (tenant, key) = (row.tenant_id.clone(), row.idempotency_key.clone().unwrap_or_default());
        let request_hash = row.request_hash.clone();
        let key = Key { of_bulk: false, tenant, key };
        used.insert(key, Created::KeyUsed { payment: Box::new(payment(row)?), request_hash });
    }
    Ok(used)
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

/// What orders the keys of bulks, as `payment_key` those of payments.
fn bulk_key(new: &NewBulk) -> (&str, &str) {
    (new.bulk.tenant.as_str(), new.bulk.idempotency_key.as_str())
}

fn payment_key(new: &NewPayment) -> (&str, Option<&str>) {
    (new.payment.tenant.as_str(), new.payment.idempotency_key.as_deref())
}

fn stored(item: &NewSubmission) -> Created {
    let first = item.payments.first();
    Created::Stored(Stored {
        due_date: first.and_then(|new| new.payment.due_date),
        bill: first.and_then(|new| new.allocations.first()?.bill_id),
        is_claimed: false,
    })
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
