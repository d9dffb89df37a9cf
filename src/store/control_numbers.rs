//! Control numbers: finding, listing, changing.

mod create;
mod lease;
mod row;

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use entity::control_number::{Column, Entity};

use super::convert::failure_json;
use super::owner::Owner;
use super::page::keyset;
use super::time::micros;
use super::work::{NewEvent, Work, all_set};
use super::{Store, StoreError};
use crate::domain::control_number::fold::Fold;
use crate::domain::control_number::{ControlNumber, ControlNumberKind, ControlNumberStatus};
use crate::domain::event::{EventType, SubjectKind};
use crate::domain::ids::{ControlNumberId, EvidenceId, SubmissionId};
use crate::domain::money::Money;
use crate::domain::page::{Page, PageRequest};
use crate::domain::payment::evidence::{Source, Verdict};
use crate::domain::provider::ProviderCode;

pub use create::{CreatedNumbers, KeyOwner, NewControlNumber, NewNumbers, UsedNumber};
use row::control_number;
pub(super) use row::payer;

/// Which control numbers are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ControlNumberFilter {
    /// In one of these states.
    pub statuses: Option<Vec<ControlNumberStatus>>,
    /// Of this kind.
    pub kind: Option<ControlNumberKind>,
    /// With this reference.
    pub reference: Option<String>,
    /// Of this customer: the token's claim, not who pays.
    pub customer: Option<String>,
    /// Made at or after.
    pub created_from: Option<Timestamp>,
    /// Made before.
    pub created_before: Option<Timestamp>,
}

/// A piece of evidence about a control number, to be kept.
#[derive(Clone, Debug)]
pub struct NumberEvidence<'a> {
    /// Its id.
    pub id: EvidenceId,
    /// About which number.
    pub number: ControlNumberId,
    /// From which attempt.
    pub attempt_no: Option<i32>,
    /// Who gave it.
    pub source: Source,
    /// What it says.
    pub verdict: Verdict,
    /// What it did.
    pub fold: Fold,
    /// The number that it carries.
    pub told_number: Option<&'a str>,
    /// The amount that it carries.
    pub told_amount: Option<Money>,
    /// Who reported it.
    pub actor: &'a str,
    /// In words.
    pub note: Option<&'a str>,
}

impl Store {
    /// A control number that the owner may see.
    pub async fn control_number(
        &self,
        owner: &Owner,
        id: ControlNumberId,
    ) -> Result<Option<ControlNumber>, StoreError> {
        Entity::find_by_id(id.uuid()).filter(owned(owner)).one(&self.reader).await?.map(control_number).transpose()
    }

    /// The newest control number that is paid so.
    pub async fn control_number_by_number(
        &self,
        owner: &Owner,
        number: &str,
    ) -> Result<Option<ControlNumber>, StoreError> {
        let found = Entity::find().filter(owned(owner)).filter(Column::Number.eq(number)).order_by_desc(Column::Id);
        found.limit(1).one(&self.reader).await?.map(control_number).transpose()
    }

    /// The newest control number that is paid so, whoever's it is.
    pub async fn issued_number(
        &self,
        provider: ProviderCode,
        number: &str,
    ) -> Result<Option<ControlNumberId>, StoreError> {
        let newest = newest_paid_so(provider, number).one(&self.reader).await?;
        Ok(newest.map(|found| ControlNumberId::from_uuid(found.id)))
    }

    /// The newest control number that was made with this key; of a batch the first.
    pub async fn control_number_by_key(&self, owner: &Owner, key: &str) -> Result<Option<ControlNumber>, StoreError> {
        let found = Entity::find().filter(owned(owner)).filter(Column::IdempotencyKey.eq(key));
        let newest = found.order_by_desc(Column::CreatedAt).order_by_asc(Column::Item).limit(1);
        newest.one(&self.reader).await?.map(control_number).transpose()
    }

    /// Several control numbers that the owner may see.
    pub async fn control_numbers_by_ids(
        &self,
        owner: &Owner,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, ControlNumber>, StoreError> {
        let rows =
            Entity::find().filter(owned(owner)).filter(Column::Id.is_in(ids.iter().copied())).all(&self.reader).await?;
        rows.into_iter().map(|row| Ok((row.id, control_number(row)?))).collect()
    }

    /// A page of control numbers, newest first.
    pub async fn control_numbers(
        &self,
        owner: &Owner,
        filter: &ControlNumberFilter,
        page: PageRequest,
    ) -> Result<Page<ControlNumber>, StoreError> {
        let rows = keyset(Entity::find().filter(matching(owner, filter)), Column::Id, page, &self.reader).await?;
        Ok(page.cut(rows.into_iter().map(control_number).collect::<Result<Vec<_>, _>>()?))
    }

    /// The control numbers of a submission, in their places.
    pub async fn numbers_of_submission(&self, submission: SubmissionId) -> Result<Vec<ControlNumber>, StoreError> {
        let rows = of_submission(submission).all(&self.writer).await?;
        rows.into_iter().map(control_number).collect()
    }

    /// The control numbers that a restored database believes never to have been sent, and that were made before the
    /// restore.
    pub async fn requested_numbers_before(&self, before: Timestamp) -> Result<Vec<ControlNumber>, StoreError> {
        let rows = Entity::find()
            .filter(Column::Status.eq(ControlNumberStatus::Requested.as_str()))
            .filter(Column::CreatedAt.lt(micros(before)))
            .all(&self.writer)
            .await?;
        rows.into_iter().map(control_number).collect()
    }
}

impl Work {
    /// A control number that the owner may see, locked until the end of the change.
    pub async fn control_number(
        &self,
        owner: &Owner,
        id: ControlNumberId,
    ) -> Result<Option<ControlNumber>, StoreError> {
        let found = Entity::find_by_id(id.uuid()).filter(owned(owner)).lock_exclusive();
        found.one(&self.tx).await?.map(control_number).transpose()
    }

    /// A control number, locked until the end of the change.
    pub async fn lock_control_number(&self, id: ControlNumberId) -> Result<Option<ControlNumber>, StoreError> {
        Entity::find_by_id(id.uuid()).lock_exclusive().one(&self.tx).await?.map(control_number).transpose()
    }

    /// The control numbers of a submission, in their places, locked.
    pub async fn numbers_of_submission(&self, submission: SubmissionId) -> Result<Vec<ControlNumber>, StoreError> {
        let rows = of_submission(submission).lock_exclusive().all(&self.tx).await?;
        rows.into_iter().map(control_number).collect()
    }

    /// The control number that the provider gave this number. A reference alone proves nothing: another may have made
    /// the number before.
    pub async fn number_that_is_paid(
        &self,
        provider: ProviderCode,
        number: &str,
    ) -> Result<Option<ControlNumber>, StoreError> {
        newest_paid_so(provider, number).one(&self.tx).await?.map(control_number).transpose()
    }

    /// The control number whose answer is not known and which may be this one.
    pub async fn number_that_may_be_paid(
        &self,
        provider: ProviderCode,
        reference: &str,
    ) -> Result<Option<ControlNumber>, StoreError> {
        let open = [ControlNumberStatus::Unknown.as_str(), ControlNumberStatus::NeedsReview.as_str()];
        let found = Entity::find()
            .filter(Column::Provider.eq(provider.as_str()))
            .filter(Column::Reference.eq(reference))
            .filter(Column::Number.is_null())
            .filter(Column::Status.is_in(open))
            .limit(1);
        found.one(&self.tx).await?.map(control_number).transpose()
    }

    /// Saves what a change made of a control number, as its next version, with the event that tells of it. Someone
    /// else's change in between is a [`StoreError::Conflict`].
    pub async fn save_control_number(
        &mut self,
        before: &ControlNumber,
        after: &mut ControlNumber,
        kind: EventType,
        actor: &str,
        reason: Option<String>,
    ) -> Result<(), StoreError> {
        after.version = before.version + 1;
        after.updated_at = self.now();
        self.write_control_number(before.version, after).await?;
        self.tell(number_event(after, kind, actor, reason));
        Ok(())
    }

    async fn write_control_number(&self, version: i32, after: &ControlNumber) -> Result<(), StoreError> {
        let (reason, since) = match after.review {
            Some((reason, since)) => (Some(reason.to_string()), Some(micros(since))),
            None => (None, None),
        };
        let minor = |amount: Option<Money>| Expr::value(amount.map(Money::minor));
        let written = Entity::update_many()
            .filter(Column::Id.eq(after.id.uuid()))
            .filter(Column::Version.eq(version))
            .col_expr(Column::Status, Expr::value(after.status.as_str()))
            .col_expr(Column::Version, Expr::value(after.version))
            .col_expr(Column::Number, Expr::value(after.number.clone()))
            .col_expr(Column::Mode, Expr::value(after.mode.map(|mode| mode.to_string())))
            .col_expr(Column::AmountMinor, minor(after.amount))
            .col_expr(Column::MaxAmountMinor, minor(after.max_amount))
            .col_expr(Column::ReceivedMinor, Expr::value(after.received.minor()))
            .col_expr(Column::CountedMinor, Expr::value(after.counted.minor()))
            .col_expr(Column::PaidOnce, Expr::value(after.paid_once))
            .col_expr(Column::Description, Expr::value(after.description.clone()))
            .col_expr(Column::Enabled, Expr::value(after.enabled))
            .col_expr(Column::ReviewReason, Expr::value(reason))
            .col_expr(Column::ReviewSince, Expr::value(since))
            .col_expr(Column::Failure, Expr::value(failure_json(after.failure.as_ref())))
            .col_expr(Column::UpdatedAt, Expr::value(micros(after.updated_at)))
            .exec(&self.tx)
            .await?;
        if written.rows_affected == 1 { Ok(()) } else { Err(StoreError::Conflict) }
    }

    /// Keeps a piece of evidence about a control number.
    pub async fn keep_number_evidence(&self, new: &NumberEvidence<'_>) -> Result<(), StoreError> {
        let outcome = match new.fold {
            Fold::Become(_) => "BECAME",
            Fold::Stay => "STAYED",
            Fold::Refuse => "REFUSED",
        };
        let row = entity::evidence::Model {
            id: new.id.uuid(),
            payment_id: new.number.uuid(),
            attempt_no: new.attempt_no,
            callback_id: None,
            source: new.source.to_string(),
            verdict: new.verdict.to_string(),
            outcome: outcome.to_owned(),
            provider_reference: new.told_number.map(str::to_owned),
            amount_minor: new.told_amount.map(Money::minor),
            currency: new.told_amount.map(|amount| amount.currency().to_string()),
            actor: new.actor.to_owned(),
            note: new.note.map(str::to_owned),
            at: micros(self.now()),
        };
        let row: entity::evidence::ActiveModel = all_set(row);
        entity::evidence::Entity::insert(row).exec_without_returning(&self.tx).await?;
        Ok(())
    }
}

/// The event that tells of a control number as it is after a change.
fn number_event(number: &ControlNumber, kind: EventType, actor: &str, reason: Option<String>) -> NewEvent {
    NewEvent {
        tenant: number.tenant.clone(),
        subject_kind: SubjectKind::ControlNumber,
        subject_id: number.id.uuid(),
        subject_version: number.version,
        customer: number.owner.as_ref().map(|customer| customer.as_str().to_owned()),
        status: Some(number.status.to_string()),
        kind,
        actor: actor.to_owned(),
        reason,
        failure: number.failure.clone().filter(|_| number.status == ControlNumberStatus::Failed),
    }
}

fn of_submission(submission: SubmissionId) -> sea_orm::Select<Entity> {
    Entity::find().filter(Column::SubmissionId.eq(submission.uuid())).order_by_asc(Column::Place)
}

/// Of the control numbers that are paid so the newest one alone.
fn newest_paid_so(provider: ProviderCode, number: &str) -> sea_orm::Select<Entity> {
    let of_provider = Entity::find().filter(Column::Provider.eq(provider.as_str()));
    of_provider.filter(Column::Number.eq(number)).order_by_desc(Column::Id).limit(1)
}

/// Rows that an owner may see.
fn owned(owner: &Owner) -> Condition {
    owner.condition(Column::TenantId, Column::Customer)
}

fn matching(owner: &Owner, filter: &ControlNumberFilter) -> Condition {
    let statuses =
        filter.statuses.as_ref().map(|statuses| statuses.iter().map(ToString::to_string).collect::<Vec<_>>());
    owned(owner)
        .add_option(statuses.map(|statuses| Column::Status.is_in(statuses)))
        .add_option(filter.kind.map(|kind| Column::Kind.eq(kind.as_str())))
        .add_option(filter.reference.as_ref().map(|reference| Column::Reference.eq(reference)))
        .add_option(filter.customer.as_ref().map(|customer| Column::Customer.eq(customer)))
        .add_option(filter.created_from.map(|from| Column::CreatedAt.gte(micros(from))))
        .add_option(filter.created_before.map(|before| Column::CreatedAt.lt(micros(before))))
}
