//! Reading the log.

use std::collections::HashMap;

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect,
    Statement,
};
use uuid::Uuid;

use entity::event::{Column, Entity, Model};

use super::convert::{failure, word};
use super::owner::Owner;
use super::time::timestamp;
use super::{Store, StoreError};
use crate::domain::event::{Event, EventType, SubjectKind};
use crate::domain::page::{From, Page};
use crate::domain::payment::status::PaymentStatus;
use crate::domain::requester::TenantId;

/// Which events are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of these kinds of objects.
    pub subject_kinds: Option<Vec<SubjectKind>>,
    /// Of this object.
    pub subject_id: Option<Uuid>,
    /// Of these types.
    pub types: Option<Vec<EventType>>,
    /// Payments' events with one of these statuses.
    pub statuses: Option<Vec<PaymentStatus>>,
}

impl EventFilter {
    /// Whether an event of the owner's tenant is wanted: what `condition` asks the database, asked of an event at hand.
    pub fn wants(&self, owner: &Owner, event: &Event) -> bool {
        let is_seen = owner.customer.as_ref().is_none_or(|name| event.customer.as_deref() == Some(name.as_str()));
        let has_status = |status: &PaymentStatus| event.status.as_deref() == Some(status.as_str());
        is_seen
            && self.subject_id.is_none_or(|subject| subject == event.subject_id)
            && self.subject_kinds.as_ref().is_none_or(|kinds| kinds.contains(&event.subject_kind))
            && self.types.as_ref().is_none_or(|types| types.contains(&event.kind))
            && self.statuses.as_ref().is_none_or(|statuses| statuses.iter().any(has_status))
    }
}

/// Which part of the log is wanted. The log runs from the oldest to the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// Only what stands behind this sequence; 0: from the oldest.
    pub after: i64,
    /// Only what stands before this sequence.
    pub before: Option<i64>,
    /// Counted from where.
    pub from: From,
    /// How many at most.
    pub limit: u64,
}

impl EventPage {
    /// Makes a page of what was found: `limit + 1` events were asked for, counted from the wanted end.
    fn cut(self, mut found: Vec<Event>) -> Page<Event> {
        let more = found.len() as u64 > self.limit;
        found.truncate(usize::try_from(self.limit).unwrap_or(usize::MAX));
        match self.from {
            From::Start => Page { items: found, has_previous: self.after > 0, has_next: more },
            From::End => {
                found.reverse();
                Page { items: found, has_previous: more, has_next: self.before.is_some() }
            }
        }
    }
}

impl Store {
    /// A page of the log.
    pub async fn event_page(
        &self,
        owner: &Owner,
        filter: &EventFilter,
        page: EventPage,
    ) -> Result<Page<Event>, StoreError> {
        let order = match page.from {
            From::Start => Order::Asc,
            From::End => Order::Desc,
        };
        let wanted = condition(owner, filter)
            .add(Column::Sequence.gt(page.after))
            .add_option(page.before.map(|before| Column::Sequence.lt(before)));
        let rows = Entity::find()
            .filter(wanted)
            .order_by(Column::Sequence, order)
            .limit(page.limit + 1)
            .all(&self.reader)
            .await?;
        Ok(page.cut(rows.into_iter().map(event).collect::<Result<_, _>>()?))
    }

    /// Up to `limit` events behind `after`, oldest first.
    pub async fn events_after(
        &self,
        owner: &Owner,
        filter: &EventFilter,
        after: i64,
        limit: u64,
    ) -> Result<Vec<Event>, StoreError> {
        let rows = Entity::find()
            .filter(condition(owner, filter))
            .filter(Column::Sequence.gt(after))
            .order_by_asc(Column::Sequence)
            .limit(limit)
            .all(&self.reader)
            .await?;
        rows.into_iter().map(event).collect()
    }

    /// Up to `limit` events of each object, oldest first, behind `after`.
    pub async fn events_of(
        &self,
        tenant: &TenantId,
        subjects: &[Uuid],
        after: i64,
        limit: usize,
    ) -> Result<HashMap<Uuid, Vec<Event>>, StoreError> {
        // By its subject, and not the whole of a tenant's log: SQLite takes a column that is computed for no index.
        let of_tenant = match self.reader.get_database_backend() {
            DbBackend::Sqlite => Expr::cust("+tenant_id").eq(tenant.as_str()),
            _ => Column::TenantId.eq(tenant.as_str()),
        };
        let rows = Entity::find()
            .filter(of_tenant)
            .filter(Column::SubjectId.is_in(subjects.iter().copied()))
            .filter(Column::Sequence.gt(after))
            .order_by_asc(Column::Sequence)
            .all(&self.reader)
            .await?;
        let mut events: HashMap<Uuid, Vec<Event>> = HashMap::new();
        for row in rows {
            let of_subject = events.entry(row.subject_id).or_default();
            if of_subject.len() < limit {
                of_subject.push(event(row)?);
            }
        }
        Ok(events)
    }

    /// The events of a tenant's log with these sequences.
    pub async fn events_at(&self, tenant: &TenantId, sequences: &[i64]) -> Result<HashMap<i64, Event>, StoreError> {
        let rows = Entity::find()
            .filter(Column::TenantId.eq(tenant.as_str()))
            .filter(Column::Sequence.is_in(sequences.iter().copied()))
            .all(&self.reader)
            .await?;
        rows.into_iter().map(|row| Ok((row.sequence, event(row)?))).collect()
    }

    /// Up to `limit` events behind `after` and through `through`, oldest first, of payments that were made with a
    /// `callbackUrl`.
    pub async fn callback_events(
        &self,
        tenant: &TenantId,
        after: i64,
        through: i64,
        limit: u64,
    ) -> Result<Vec<Event>, StoreError> {
        let sql = format!(
            "SELECT e.* FROM events e JOIN payments p ON p.id = e.subject_id \
             WHERE e.tenant_id = $1 AND e.sequence > $2 AND e.sequence <= $3 AND e.subject_kind = '{}' \
               AND p.callback_url IS NOT NULL ORDER BY e.sequence LIMIT {limit}",
            SubjectKind::Payment
        );
        let values = [tenant.as_str().into(), after.into(), through.into()];
        let statement = Statement::from_sql_and_values(self.reader.get_database_backend(), sql, values);
        let rows = Entity::find().from_raw_sql(statement).all(&self.reader).await?;
        rows.into_iter().map(event).collect()
    }

    /// The last sequence of a tenant's log; 0 where it has none.
    pub async fn event_head(&self, tenant: &TenantId) -> Result<i64, StoreError> {
        let row = entity::event_head::Entity::find_by_id(tenant.as_str().to_owned()).one(&self.reader).await?;
        Ok(row.map_or(0, |row| row.sequence))
    }

    /// The heads of several tenants.
    pub async fn event_heads(&self, tenants: &[TenantId]) -> Result<Vec<(TenantId, i64)>, StoreError> {
        let rows = entity::event_head::Entity::find()
            .filter(entity::event_head::Column::TenantId.is_in(tenants.iter().map(TenantId::as_str)))
            .all(&self.reader)
            .await?;
        rows.into_iter().map(|row| Ok((super::convert::tenant(&row.tenant_id)?, row.sequence))).collect()
    }

    /// Whether a log goes on from behind a sequence with nothing missing: an event stands there or right behind, or the
    /// log ends there. Asked at once, so that it does not grow between the questions.
    pub async fn log_goes_on_behind(&self, tenant: &TenantId, after: i64) -> Result<bool, StoreError> {
        let sql = "SELECT 1 WHERE EXISTS (SELECT 1 FROM events WHERE tenant_id = $1 AND sequence IN ($2, $3)) \
                   OR EXISTS (SELECT 1 FROM event_heads WHERE tenant_id = $1 AND sequence = $2)";
        let values = [tenant.as_str().into(), after.into(), after.saturating_add(1).into()];
        let statement = Statement::from_sql_and_values(self.reader.get_database_backend(), sql, values);
        Ok(self.reader.query_one_raw(statement).await?.is_some())
    }

    /// The oldest sequence that is kept; 1 in an empty log, since nothing was dropped from it.
    pub async fn oldest_event(&self, tenant: &TenantId) -> Result<i64, StoreError> {
        let row = Entity::find()
            .filter(Column::TenantId.eq(tenant.as_str()))
            .order_by_asc(Column::Sequence)
            .limit(1)
            .one(&self.reader)
            .await?;
        Ok(row.map_or(1, |row| row.sequence))
    }
}

fn condition(owner: &Owner, filter: &EventFilter) -> Condition {
    let words = |words: Option<Vec<String>>, column: Column| words.map(|words| column.is_in(words));
    let kinds = filter.subject_kinds.as_ref().map(|kinds| kinds.iter().map(ToString::to_string).collect());
    let types = filter.types.as_ref().map(|types| types.iter().map(ToString::to_string).collect());
    let statuses = filter.statuses.as_ref().map(|statuses| statuses.iter().map(ToString::to_string).collect());
    owner
        .condition(Column::TenantId, Column::Customer)
        .add_option(filter.subject_id.map(|subject| Column::SubjectId.eq(subject)))
        .add_option(words(kinds, Column::SubjectKind))
        .add_option(words(types, Column::Kind))
        .add_option(words(statuses, Column::Status))
}

fn event(row: Model) -> Result<Event, StoreError> {
    Ok(Event {
        sequence: row.sequence,
        subject_kind: word(&row.subject_kind, "a subject kind")?,
        subject_id: row.subject_id,
        subject_version: row.subject_version,
        customer: row.customer,
        status: row.status,
        kind: word(&row.kind, "an event type")?,
        actor: row.actor,
        reason: row.reason,
        failure: failure(row.failure.as_deref())?,
        at: timestamp(row.at)?,
    })
}
