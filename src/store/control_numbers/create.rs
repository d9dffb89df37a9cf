//! Storing new control numbers: all submissions of one request in one transaction.
//!
//! The idempotency key is looked up before anything else. Two who race for a key or a reference are told apart by the
//! database: the loser's whole transaction is taken back and tried again, and then finds what the winner stored.

use jiff::Timestamp;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};

use entity::control_number::{ActiveModel, Column, Entity, Model};

use super::super::create::submission_row;
use super::super::retry::retrying;
use super::super::work::{Work, all_set};
use super::super::{Store, StoreError};
use super::number_event;
use super::row::{control_number, new_row};
use crate::crash::Step;
use crate::domain::control_number::{ControlNumber, ControlNumberStatus};
use crate::domain::event::EventType;
use crate::domain::payment::submission::Submission;
use crate::domain::provider::ProviderCode;
use crate::domain::requester::TenantId;

/// Which mutation a key belongs to: keys are unique for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyOwner {
    /// createControlNumber.
    One,
    /// createControlNumbers.
    Batch,
}

impl KeyOwner {
    /// The word in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::One => "ONE",
            Self::Batch => "BATCH",
        }
    }
}

/// A control number to be stored.
#[derive(Clone, Debug)]
pub struct NewControlNumber {
    /// The number, in its first version.
    pub number: ControlNumber,
    /// Of the whole input.
    pub request_hash: String,
    /// Which mutation its key belongs to.
    pub key_owner: KeyOwner,
    /// Its place in the input, from 0.
    pub item: i32,
}

/// A submission to be stored, with its control numbers.
#[derive(Clone, Debug)]
pub struct NewNumbers {
    /// The submission.
    pub submission: Submission,
    /// When the worker is to look at it.
    pub next_action_at: Timestamp,
    /// Its numbers.
    pub numbers: Vec<NewControlNumber>,
}

/// A control number that was made with a key.
#[derive(Clone, Debug)]
pub struct UsedNumber {
    /// The number, as it is now.
    pub number: ControlNumber,
    /// Of its input.
    pub request_hash: String,
    /// Its place in the input.
    pub item: i32,
}

/// What became of the numbers of one request.
#[derive(Clone, Debug)]
pub enum CreatedNumbers {
    /// They were stored.
    Stored,
    /// The key was used before: by these, in their order. Nothing was stored.
    KeyUsed(Vec<UsedNumber>),
    /// These references belong to other numbers. Nothing was stored.
    ReferencesInUse(Vec<String>),
}

impl Store {
    /// The control numbers that were made with a key by anyone in the tenant, in their order.
    pub async fn numbers_of_key(
        &self,
        tenant: &TenantId,
        owner: KeyOwner,
        key: &str,
    ) -> Result<Vec<UsedNumber>, StoreError> {
        let rows = of_key(tenant, owner, key).all(&self.reader).await?;
        rows.into_iter().map(used).collect()
    }

    /// Stores the control numbers of one request: all of them or none.
    pub async fn create_control_numbers(&self, batch: &[NewNumbers]) -> Result<CreatedNumbers, StoreError> {
        retrying(|| self.try_create_numbers(batch)).await
    }

    async fn try_create_numbers(&self, batch: &[NewNumbers]) -> Result<CreatedNumbers, StoreError> {
        let Some(first) = batch.iter().flat_map(|item| &item.numbers).next() else {
            return Ok(CreatedNumbers::Stored);
        };
        let mut work = self.begin(Step::Create).await?;
        let key = &first.number.idempotency_key;
        let rows = of_key(&first.number.tenant, first.key_owner, key).all(&work.tx).await?;
        if !rows.is_empty() {
            work.roll_back().await?;
            return Ok(CreatedNumbers::KeyUsed(rows.into_iter().map(used).collect::<Result<_, _>>()?));
        }
        let in_use = work.references_in_use(batch).await?;
        if !in_use.is_empty() {
            work.roll_back().await?;
            return Ok(CreatedNumbers::ReferencesInUse(in_use));
        }
        work.insert_numbers(batch).await?;
        work.wake_worker();
        work.commit().await?;
        Ok(CreatedNumbers::Stored)
    }
}

impl Work {
    async fn references_in_use(&self, batch: &[NewNumbers]) -> Result<Vec<String>, StoreError> {
        let mut any = Condition::any();
        for item in batch {
            let references: Vec<_> = item.numbers.iter().map(|new| new.number.reference.clone()).collect();
            any = any.add(of_references(item.submission.provider, references));
        }
        let rows = Entity::find().filter(any).all(&self.tx).await?;
        Ok(rows.into_iter().map(|row| row.reference).collect())
    }

    async fn insert_numbers(&mut self, batch: &[NewNumbers]) -> Result<(), StoreError> {
        let submissions = batch.iter().map(|item| {
            let row = submission_row(&item.submission, item.next_action_at);
            all_set::<entity::submission::ActiveModel, _>(row)
        });
        entity::submission::Entity::insert_many(submissions).exec_without_returning(&self.tx).await?;
        let numbers: Vec<&NewControlNumber> = batch.iter().flat_map(|item| &item.numbers).collect();
        let rows = numbers.iter().map(|new| all_set::<ActiveModel, _>(new_row(new)));
        Entity::insert_many(rows).exec_without_returning(&self.tx).await?;
        for new in numbers {
            let event = number_event(&new.number, EventType::ControlNumberRequested, &new.number.created_by, None);
            self.tell(event);
        }
        Ok(())
    }
}

fn of_references(provider: ProviderCode, references: Vec<String>) -> Condition {
    Condition::all()
        .add(Column::Provider.eq(provider.as_str()))
        .add(Column::Reference.is_in(references))
        .add(Column::Status.ne(ControlNumberStatus::Failed.as_str()))
}

fn of_key(tenant: &TenantId, owner: KeyOwner, key: &str) -> sea_orm::Select<Entity> {
    Entity::find()
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::Mutation.eq(owner.as_str()))
        .filter(Column::IdempotencyKey.eq(key))
        .order_by_asc(Column::Item)
}

fn used(row: Model) -> Result<UsedNumber, StoreError> {
    let (request_hash, item) = (row.request_hash.clone(), row.item);
    Ok(UsedNumber { number: control_number(row)?, request_hash, item })
}
