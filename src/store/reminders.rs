//! Reminders: which due dates are to be told of, and which were.
//!
//! A reminder's row, the bill number's next version and the event that tells of it are one transaction, and the row is
//! unique by bill number, due date and named day: whoever comes second, in whichever process, tells nothing.

use std::collections::{BTreeSet, HashMap};

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryResult, Statement, TryInsertResult,
};
use uuid::Uuid;

use entity::reminder::{ActiveModel, Column, Entity, Model};

use super::convert::{customer, date, money, tenant};
use super::owner::Owner;
use super::time::micros;
use super::work::{NewEvent, Work, all_set};
use super::{Store, StoreError};
use crate::domain::event::{EventType, SubjectKind};
use crate::domain::ids::{BillNumberId, Id};
use crate::domain::reminder::{Reminder, Window};

/// What was paid through billpay to a bill number since its balance was told, in minor units.
const PAID_SINCE: &str = "coalesce((SELECT CAST(sum(p.amount_minor) AS bigint) FROM payments p \
    WHERE p.bill_number_id = n.id AND p.status = 'SUCCEEDED' AND p.created_at >= n.balance_as_of), 0)";

/// Whether the account's bill for this due date is paid, as a later look-up told or a payment made it.
const PAID_BILL: &str = "EXISTS (SELECT 1 FROM bills b \
    WHERE b.tenant_id = n.tenant_id AND coalesce(b.customer, '') = coalesce(n.customer, '') \
      AND b.biller_id = n.biller_id AND b.account_reference = n.account_reference AND b.provider_reference = '' \
      AND b.amount_due_minor <= 0 \
      AND (b.due_date = n.due_date OR (b.due_date IS NULL AND b.as_of >= coalesce(n.balance_as_of, 0))))";

/// Reminders that are to be told.
#[derive(Debug)]
pub struct DueReminders {
    /// So many at most as were asked for.
    pub reminders: Vec<Reminder>,
    /// Behind which bill number there may be more.
    pub next: Option<BillNumberId>,
}

impl Work {
    /// Reminders of a window's due dates with the billers of a time zone that were not told yet, in the order of their
    /// bill numbers' ids. The bill numbers are locked until the end of the change; those that another holds are left
    /// out. So are those that are removed or not to be reminded of, and those of which nothing is owed any more.
    pub async fn reminders_due(
        &self,
        time_zone: &str,
        window: &Window,
        after: Option<BillNumberId>,
        limit: u64,
    ) -> Result<DueReminders, StoreError> {
        let backend = self.backend();
        let skip = if backend == DbBackend::Postgres { "FOR UPDATE OF n SKIP LOCKED" } else { "" };
        // The first two conditions are word for word those of the partial index.
        let sql = format!(
            "SELECT n.id, n.version, n.tenant_id, n.customer, n.due_date, n.balance_minor - {PAID_SINCE}, n.balance_currency \
             FROM bill_numbers n WHERE n.remind_due_date AND n.removed_at IS NULL \
               AND n.due_date >= $1 AND n.due_date <= $2 AND n.id > $3 \
               AND n.biller_id IN (SELECT id FROM billers WHERE time_zone = $4) \
               AND (n.balance_minor IS NULL OR n.balance_minor > {PAID_SINCE}) AND NOT {PAID_BILL} \
               AND NOT EXISTS (SELECT 1 FROM reminders r \
                 WHERE r.bill_number_id = n.id AND r.due_date = n.due_date AND r.days_before <= $5) \
             ORDER BY n.id LIMIT {limit} {skip}"
        );
        let values = [
            window.first.to_string().into(),
            window.last.to_string().into(),
            after.map_or(Uuid::nil(), |after| after.uuid()).into(),
            time_zone.into(),
            i32::from(window.days_before).into(),
        ];
        let rows = self.tx.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        let full = u64::try_from(rows.len()).is_ok_and(|found| found >= limit);
        let last = rows.last().map(|row| row.try_get_by_index::<Uuid>(0)).transpose()?;
        let reminders = rows.iter().filter_map(|row| readable(row, window)).collect();
        Ok(DueReminders { reminders, next: last.filter(|_| full).map(Id::from_uuid) })
    }

    /// Records reminders with the events that tell of them, and counts those that nobody had told before.
    pub async fn tell_reminders(&mut self, reminders: &[Reminder], actor: &str) -> Result<usize, StoreError> {
        if reminders.is_empty() {
            return Ok(0);
        }
        let told_at = micros(self.now());
        let rows = reminders.iter().map(|reminder| all_set::<ActiveModel, _>(row(reminder, told_at)));
        let inserted = Entity::insert_many(rows).on_conflict_do_nothing().exec_with_returning_many(&self.tx).await?;
        let told: BTreeSet<Uuid> = match inserted {
            TryInsertResult::Inserted(rows) => rows.into_iter().map(|row| row.bill_number_id).collect(),
            TryInsertResult::Empty | TryInsertResult::Conflicted => BTreeSet::new(),
        };
        if told.is_empty() {
            return Ok(0);
        }
        entity::bill_number::Entity::update_many()
            .filter(entity::bill_number::Column::Id.is_in(told.iter().copied()))
            .col_expr(entity::bill_number::Column::Version, Expr::cust("version + 1"))
            .exec(&self.tx)
            .await?;
        for reminder in reminders.iter().filter(|reminder| told.contains(&reminder.bill_number_id.uuid())) {
            self.tell(event(reminder, actor));
        }
        Ok(told.len())
    }
}

impl Store {
    /// What was told with several events, each by its bill number and the change of it that the event was.
    pub async fn reminders(
        &self,
        owner: &Owner,
        wanted: &[(Uuid, i32)],
    ) -> Result<HashMap<(Uuid, i32), Reminder>, StoreError> {
        let found = Entity::find()
            .filter(owner.condition(Column::TenantId, Column::Customer))
            .filter(Column::BillNumberId.is_in(wanted.iter().map(|(number, _)| *number)))
            .filter(Column::Version.is_in(wanted.iter().map(|(_, version)| *version)))
            .all(&self.reader)
            .await?;
        found.into_iter().map(|row| Ok(((row.bill_number_id, row.version), reminder(row)?))).collect()
    }
}

/// The reminder of a row; one that cannot be read is passed over, so that it holds up nobody else.
fn readable(row: &QueryResult, window: &Window) -> Option<Reminder> {
    match due(row, window) {
        Ok(reminder) => reminder,
        Err(error) => {
            tracing::error!(%error, "a bill number cannot be read, and is not reminded of");
            None
        }
    }
}

fn due(row: &QueryResult, window: &Window) -> Result<Option<Reminder>, StoreError> {
    let due_date = date(&row.try_get_by_index::<String>(4)?)?;
    let Some(days_left) = window.days_left(due_date) else { return Ok(None) };
    let owed: Option<i64> = row.try_get_by_index(5)?;
    let currency: Option<String> = row.try_get_by_index(6)?;
    Ok(Some(Reminder {
        bill_number_id: Id::from_uuid(row.try_get_by_index(0)?),
        version: row.try_get_by_index::<i32>(1)? + 1,
        tenant: tenant(&row.try_get_by_index::<String>(2)?)?,
        customer: customer(row.try_get_by_index::<Option<String>>(3)?.as_deref())?,
        due_date,
        days_before: window.days_before,
        days_left,
        amount: owed.zip(currency).map(|(minor, currency)| money(minor, &currency)).transpose()?,
    }))
}

fn event(reminder: &Reminder, actor: &str) -> NewEvent {
    NewEvent {
        tenant: reminder.tenant.clone(),
        subject_kind: SubjectKind::BillNumber,
        subject_id: reminder.bill_number_id.uuid(),
        subject_version: reminder.version,
        customer: reminder.customer.as_ref().map(|customer| customer.as_str().to_owned()),
        status: None,
        kind: EventType::ReminderDue,
        actor: actor.to_owned(),
        reason: None,
        failure: None,
    }
}

fn row(reminder: &Reminder, told_at: i64) -> Model {
    Model {
        bill_number_id: reminder.bill_number_id.uuid(),
        due_date: reminder.due_date.to_string(),
        days_before: i32::from(reminder.days_before),
        tenant_id: reminder.tenant.as_str().to_owned(),
        customer: reminder.customer.as_ref().map(|customer| customer.as_str().to_owned()),
        version: reminder.version,
        days_left: i32::from(reminder.days_left),
        amount_minor: reminder.amount.map(|amount| amount.minor()),
        currency: reminder.amount.map(|amount| amount.currency().to_string()),
        told_at,
    }
}

fn reminder(row: Model) -> Result<Reminder, StoreError> {
    let days = |days: i32| u16::try_from(days).map_err(|_| StoreError::Unreadable("a number of days"));
    let amount = row.amount_minor.zip(row.currency.as_deref());
    Ok(Reminder {
        bill_number_id: Id::from_uuid(row.bill_number_id),
        version: row.version,
        tenant: tenant(&row.tenant_id)?,
        customer: customer(row.customer.as_deref())?,
        due_date: date(&row.due_date)?,
        days_before: days(row.days_before)?,
        days_left: days(row.days_left)?,
        amount: amount.map(|(minor, currency)| money(minor, currency)).transpose()?,
    })
}
