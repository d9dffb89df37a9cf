//! Bulk payments: finding, listing, and following what their payments say.

use std::collections::HashMap;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use entity::bulk_payment::{ActiveModel, Column, Entity, Model};

use super::convert::{customer, money, payment, tenant, word};
use super::create::NewBulk;
use super::owner::Owner;
use super::page::keyset;
use super::time::{micros, timestamp};
use super::work::{NewEvent, Work, all_set};
use super::{Store, StoreError};
use crate::domain::bulk_payment::{BulkPayment, BulkPaymentStatus};
use crate::domain::event::{EventType, SubjectKind};
use crate::domain::ids::{BulkPaymentId, Id};
use crate::domain::page::{Page, PageRequest};
use crate::domain::payment::Payment;
use crate::domain::payment::status::PaymentStatus;
use crate::domain::requester::TenantId;

/// Who changes a bulk: billpay itself, since nobody but its payments says where it stands.
const ACTOR: &str = "billpay";

impl Store {
    /// A bulk payment that the owner may see.
    pub async fn bulk_payment(&self, owner: &Owner, id: BulkPaymentId) -> Result<Option<BulkPayment>, StoreError> {
        Entity::find_by_id(id.uuid()).filter(owned(owner)).one(&self.reader).await?.map(bulk).transpose()
    }

    /// Several bulk payments that the owner may see, by id.
    pub async fn bulk_payments_by_id(
        &self,
        owner: &Owner,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, BulkPayment>, StoreError> {
        let rows =
            Entity::find().filter(owned(owner)).filter(Column::Id.is_in(ids.iter().copied())).all(&self.reader).await?;
        rows.into_iter().map(|row| Ok((row.id, bulk(row)?))).collect()
    }

    /// A page of bulk payments, newest first.
    pub async fn bulk_payments(&self, owner: &Owner, page: PageRequest) -> Result<Page<BulkPayment>, StoreError> {
        let rows = keyset(Entity::find().filter(owned(owner)), Column::Id, page, &self.reader).await?;
        Ok(page.cut(rows.into_iter().map(bulk).collect::<Result<Vec<_>, _>>()?))
    }

    /// The bulk payment that was made with this key by anyone in the tenant, and the hash of its input.
    pub async fn used_bulk_key(
        &self,
        tenant: &TenantId,
        key: &str,
    ) -> Result<Option<(BulkPayment, String)>, StoreError> {
        let found = Entity::find().filter(Column::TenantId.eq(tenant.as_str())).filter(Column::IdempotencyKey.eq(key));
        let Some(row) = found.one(&self.reader).await? else { return Ok(None) };
        let hash = row.request_hash.clone();
        Ok(Some((bulk(row)?, hash)))
    }

    /// The payments of several bulks, in the order in which their first bills were named.
    pub async fn payments_of_bulks(
        &self,
        owner: &Owner,
        bulks: &[Uuid],
    ) -> Result<HashMap<Uuid, Vec<Payment>>, StoreError> {
        use entity::payment::{Column, Entity};
        let rows = Entity::find()
            .filter(owner.condition(Column::TenantId, Column::Customer))
            .filter(Column::BulkPaymentId.is_in(bulks.iter().copied()))
            .order_by_asc(Column::Id)
            .all(&self.reader)
            .await?;
        let mut found: HashMap<Uuid, Vec<Payment>> = HashMap::new();
        for row in rows {
            if let Some(bulk) = row.bulk_payment_id {
                found.entry(bulk).or_default().push(payment(row)?);
            }
        }
        Ok(found)
    }
}

impl Work {
    /// The bulks that were made with these keys, with the first payment of each.
    pub(super) async fn used_bulk_keys(
        &self,
        keys: &[(&str, &str)],
    ) -> Result<Vec<(BulkPayment, String, Payment)>, StoreError> {
        let mut any = Condition::any();
        for &(tenant, key) in keys {
            any = any.add(Condition::all().add(Column::TenantId.eq(tenant)).add(Column::IdempotencyKey.eq(key)));
        }
        if any.is_empty() {
            return Ok(Vec::new());
        }
        let mut used = Vec::new();
        for row in Entity::find().filter(any).all(&self.tx).await? {
            let first = entity::payment::Entity::find()
                .filter(entity::payment::Column::BulkPaymentId.eq(row.id))
                .order_by_asc(entity::payment::Column::Id)
                .limit(1)
                .one(&self.tx)
                .await?
                .ok_or(StoreError::Unreadable("a bulk without payments"))?;
            let hash = row.request_hash.clone();
            used.push((bulk(row)?, hash, payment(first)?));
        }
        Ok(used)
    }

    /// Stores a new bulk, with the event that tells of it.
    pub(super) async fn insert_bulk(&mut self, new: &NewBulk) -> Result<(), StoreError> {
        let active: ActiveModel = all_set(row(new));
        Entity::insert(active).exec_without_returning(&self.tx).await?;
        self.tell(event(&new.bulk, EventType::BulkPaymentCreated, &new.bulk.created_by));
        Ok(())
    }

    /// Brings a bulk to where its payments stand now, as this change leaves them; tells whether that was a change.
    /// To be called after the payments were saved, in the same change.
    pub async fn note_bulk(&mut self, id: BulkPaymentId) -> Result<bool, StoreError> {
        let Some(row) = Entity::find_by_id(id.uuid()).lock_exclusive().one(&self.tx).await? else { return Ok(false) };
        let mut bulk = bulk(row)?;
        let status = BulkPaymentStatus::of(self.statuses_of_bulk(id).await?);
        if status == bulk.status {
            return Ok(false);
        }
        bulk.status = status;
        bulk.version += 1;
        Entity::update_many()
            .filter(Column::Id.eq(id.uuid()))
            .col_expr(Column::Status, Expr::value(status.as_str()))
            .col_expr(Column::Version, Expr::value(bulk.version))
            .exec(&self.tx)
            .await?;
        self.tell(event(&bulk, EventType::BulkPaymentChanged, ACTOR));
        Ok(true)
    }

    async fn statuses_of_bulk(&self, id: BulkPaymentId) -> Result<Vec<PaymentStatus>, StoreError> {
        use entity::payment::{Column, Entity};
        let words: Vec<String> = Entity::find()
            .select_only()
            .column(Column::Status)
            .filter(Column::BulkPaymentId.eq(id.uuid()))
            .into_tuple()
            .all(&self.tx)
            .await?;
        words.iter().map(|text| word(text, "a status")).collect()
    }
}

/// Rows that an owner may see.
fn owned(owner: &Owner) -> Condition {
    owner.condition(Column::TenantId, Column::Customer)
}

fn event(bulk: &BulkPayment, kind: EventType, actor: &str) -> NewEvent {
    NewEvent {
        tenant: bulk.tenant.clone(),
        subject_kind: SubjectKind::BulkPayment,
        subject_id: bulk.id.uuid(),
        subject_version: bulk.version,
        customer: bulk.customer.as_ref().map(|customer| customer.as_str().to_owned()),
        status: Some(bulk.status.to_string()),
        kind,
        actor: actor.to_owned(),
        reason: None,
        failure: None,
    }
}

fn row(new: &NewBulk) -> Model {
    let bulk = &new.bulk;
    Model {
        id: bulk.id.uuid(),
        tenant_id: bulk.tenant.as_str().to_owned(),
        customer: bulk.customer.as_ref().map(|customer| customer.as_str().to_owned()),
        idempotency_key: bulk.idempotency_key.clone(),
        request_hash: new.request_hash.clone(),
        submission_id: bulk.submission_id.uuid(),
        total_minor: bulk.total.minor(),
        currency: bulk.total.currency().to_string(),
        status: bulk.status.to_string(),
        version: bulk.version,
        created_by: bulk.created_by.clone(),
        created_at: micros(bulk.created_at),
    }
}

fn bulk(row: Model) -> Result<BulkPayment, StoreError> {
    Ok(BulkPayment {
        id: Id::from_uuid(row.id),
        tenant: tenant(&row.tenant_id)?,
        customer: customer(row.customer.as_deref())?,
        idempotency_key: row.idempotency_key,
        submission_id: Id::from_uuid(row.submission_id),
        status: word(&row.status, "a bulk's status")?,
        version: row.version,
        total: money(row.total_minor, &row.currency)?,
        created_by: row.created_by,
        created_at: timestamp(row.created_at)?,
    })
}
