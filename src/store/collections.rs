//! Collections: money that was received against control numbers.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement};
use uuid::Uuid;

use entity::collection::{ActiveModel, Column, Entity, Model};

use super::control_numbers::payer;
use super::convert::{customer, money, tenant, word};
use super::owner::Owner;
use super::page::{keyset, newest_of_each};
use super::time::{micros, now_sql, timestamp};
use super::work::{NewEvent, Work, all_set};
use super::{Store, StoreError};
use crate::domain::collection::{Collection, CollectionFlag, CollectionStatus};
use crate::domain::event::{EventType, SubjectKind};
use crate::domain::ids::{CollectionId, ControlNumberId, Id};
use crate::domain::page::{Page, PageRequest};
use crate::domain::provider::ProviderCode;

/// The statuses that are expected to go on.
const OPEN: [CollectionStatus; 4] =
    [CollectionStatus::Pending, CollectionStatus::Processing, CollectionStatus::OnHold, CollectionStatus::Received];

/// Which collections are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CollectionFilter {
    /// For this control number.
    pub control_number_id: Option<ControlNumberId>,
    /// In one of these states.
    pub statuses: Option<Vec<CollectionStatus>>,
    /// With one of these flags.
    pub flags: Option<Vec<CollectionFlag>>,
    /// Heard of at or after.
    pub received_from: Option<Timestamp>,
    /// Heard of before.
    pub received_before: Option<Timestamp>,
}

impl Store {
    /// A collection that the owner may see; an operator sees those of no tenant, too.
    pub async fn collection(
        &self,
        owner: &Owner,
        operator: bool,
        id: CollectionId,
    ) -> Result<Option<Collection>, StoreError> {
        let found = Entity::find_by_id(id.uuid()).filter(visible(owner, operator));
        found.one(&self.reader).await?.map(collection).transpose()
    }

    /// Several collections that the owner may see.
    pub async fn collections_by_ids(
        &self,
        owner: &Owner,
        operator: bool,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, Collection>, StoreError> {
        let found = Entity::find().filter(visible(owner, operator)).filter(Column::Id.is_in(ids.iter().copied()));
        let rows = found.all(&self.reader).await?;
        rows.into_iter().map(|row| Ok((row.id, collection(row)?))).collect()
    }

    /// A page of collections, newest first; an operator sees those of no tenant, too.
    pub async fn collections(
        &self,
        owner: &Owner,
        operator: bool,
        filter: &CollectionFilter,
        page: PageRequest,
    ) -> Result<Page<Collection>, StoreError> {
        let wanted = matching(visible(owner, operator), filter);
        let rows = keyset(Entity::find().filter(wanted), Column::Id, page, &self.reader).await?;
        Ok(page.cut(rows.into_iter().map(collection).collect::<Result<Vec<_>, _>>()?))
    }

    /// The first page of collections of each of several control numbers, newest first: one more than `limit` of each,
    /// so that the caller can tell that there is more.
    pub async fn collections_of_numbers(
        &self,
        owner: &Owner,
        numbers: &[Uuid],
        limit: u64,
    ) -> Result<HashMap<Uuid, Vec<Collection>>, StoreError> {
        let wanted =
            Entity::find().filter(visible(owner, false)).filter(Column::ControlNumberId.is_in(numbers.iter().copied()));
        let rows = newest_of_each(wanted, Column::Id, Column::ControlNumberId, limit).all(&self.reader).await?;
        let mut found: HashMap<Uuid, Vec<Collection>> = HashMap::new();
        for row in rows {
            if let Some(number) = row.control_number_id {
                found.entry(number).or_default().push(collection(row)?);
            }
        }
        Ok(found)
    }

    /// Takes the right to read a provider's newest collections for `lease`, where nobody else holds it.
    pub async fn lease_collections(&self, code: ProviderCode, lease: Duration) -> Result<bool, StoreError> {
        let backend = self.writer.get_database_backend();
        let now = now_sql(backend, "$1");
        let sql = format!(
            "UPDATE providers SET collections_lease_until = {now} + $2 \
             WHERE code = $3 AND (collections_lease_until IS NULL OR collections_lease_until < {now})"
        );
        let lease = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX);
        let values = [self.clock.offset_micros().into(), lease.into(), code.as_str().into()];
        let leased = self.writer.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        Ok(leased.rows_affected() == 1)
    }

    /// The newest payment, by the provider's reference, of the last reading of what it received that came to its end: all
    /// that is older is known. Nothing where none came to its end yet, or there was nothing to read.
    pub async fn collections_read_to(&self, code: ProviderCode) -> Result<Option<String>, StoreError> {
        use entity::provider::Entity;
        let row = Entity::find_by_id(code.as_str().to_owned()).one(&self.reader).await?;
        Ok(row.and_then(|row| row.collections_read_to))
    }

    /// Keeps how far a reading went that came to its end.
    pub async fn set_collections_read_to(&self, code: ProviderCode, newest: &str) -> Result<(), StoreError> {
        use entity::provider::{Column, Entity};
        Entity::update_many()
            .filter(Column::Code.eq(code.as_str()))
            .col_expr(Column::CollectionsReadTo, Expr::value(newest))
            .exec(&self.writer)
            .await?;
        Ok(())
    }

    /// The control numbers of a provider some of whose money is expected to go on, least recently asked for first:
    /// each with what is paid.
    pub async fn numbers_with_open_collections(
        &self,
        code: ProviderCode,
        limit: u64,
    ) -> Result<Vec<(ControlNumberId, String)>, StoreError> {
        use entity::control_number as number;
        let open = sea_orm::sea_query::Query::select()
            .column(Column::ControlNumberId)
            .from(Entity)
            .and_where(Column::Provider.eq(code.as_str()))
            .and_where(Column::Status.is_in(OPEN.map(CollectionStatus::as_str)))
            .and_where(Column::ControlNumberId.is_not_null())
            .to_owned();
        let rows = number::Entity::find()
            .filter(number::Column::Id.in_subquery(open))
            .filter(number::Column::Number.is_not_null())
            .order_by_asc(Expr::cust("coalesce(collections_asked_at, 0)"))
            .limit(limit)
            .all(&self.reader)
            .await?;
        Ok(rows.into_iter().filter_map(|row| Some((Id::from_uuid(row.id), row.number?))).collect())
    }
}

impl Work {
    /// The collection that a provider named so, locked until the end of the change.
    pub async fn lock_collection(
        &self,
        provider: ProviderCode,
        reference: &str,
    ) -> Result<Option<Collection>, StoreError> {
        let found = Entity::find()
            .filter(Column::Provider.eq(provider.as_str()))
            .filter(Column::ProviderReference.eq(reference))
            .lock_exclusive();
        found.one(&self.tx).await?.map(collection).transpose()
    }

    /// Saves what a change made of a collection. Where it has a tenant, that is its next version, with the event that
    /// tells of it in the tenant's log; the money of an unknown number is in nobody's log.
    pub async fn save_collection(
        &mut self,
        known: Option<&Collection>,
        after: &mut Collection,
        actor: &str,
    ) -> Result<(), StoreError> {
        let before = known.map_or(0, |known| known.version);
        after.version = before + i32::from(after.tenant.is_some());
        after.updated_at = self.now();
        let active = all_set::<ActiveModel, _>(row(after));
        if known.is_some() {
            let saved = Entity::update_many()
                .set(active)
                .filter(Column::Id.eq(after.id.uuid()))
                .filter(Column::Version.eq(before))
                .exec(&self.tx)
                .await?;
            if saved.rows_affected != 1 {
                return Err(StoreError::Conflict);
            }
        } else {
            Entity::insert(active).exec_without_returning(&self.tx).await?;
        }
        let Some(tenant) = after.tenant.clone() else { return Ok(()) };
        self.tell(NewEvent {
            tenant,
            subject_kind: SubjectKind::Collection,
            subject_id: after.id.uuid(),
            subject_version: after.version,
            customer: after.owner.as_ref().map(|customer| customer.as_str().to_owned()),
            status: Some(after.status.to_string()),
            kind: if before == 0 { EventType::CollectionReceived } else { EventType::CollectionChanged },
            actor: actor.to_owned(),
            reason: None,
            failure: None,
        });
        Ok(())
    }
}

/// Rows that an owner may see: what came for its numbers; to an operator also what came for nobody's.
fn visible(owner: &Owner, operator: bool) -> Condition {
    let owned = owner.condition(Column::TenantId, Column::Customer);
    Condition::any().add(owned).add_option(operator.then(|| Column::TenantId.is_null()))
}

fn matching(visible: Condition, filter: &CollectionFilter) -> Condition {
    let statuses =
        filter.statuses.as_ref().map(|statuses| statuses.iter().map(ToString::to_string).collect::<Vec<_>>());
    let flagged = filter.flags.as_ref().map(|flags| {
        let none = Condition::any().add(Column::Flags.is_in(Vec::<String>::new()));
        flags.iter().fold(none, |any, flag| any.add(Column::Flags.contains(format!(",{flag},"))))
    });
    Condition::all()
        .add(visible)
        .add_option(filter.control_number_id.map(|id| Column::ControlNumberId.eq(id.uuid())))
        .add_option(statuses.map(|statuses| Column::Status.is_in(statuses)))
        .add_option(flagged)
        .add_option(filter.received_from.map(|from| Column::ReceivedAt.gte(micros(from))))
        .add_option(filter.received_before.map(|before| Column::ReceivedAt.lt(micros(before))))
}

/// Flags as they are stored: each word between commas, so that one can be looked for.
fn flag_words(flags: &[CollectionFlag]) -> String {
    if flags.is_empty() {
        return String::new();
    }
    let words: Vec<_> = flags.iter().map(|flag| flag.as_str()).collect();
    format!(",{},", words.join(","))
}

fn read_flags(words: &str) -> Result<Vec<CollectionFlag>, StoreError> {
    let words = words.split(',').filter(|word| !word.is_empty());
    words.map(|flag| word(flag, "a flag of a collection")).collect()
}

fn row(collection: &Collection) -> Model {
    let payer = collection.payer.clone();
    let (payer_name, payer_phone, payer_email) =
        payer.map_or((None, None, None), |payer| (payer.name, payer.phone_number, payer.email));
    Model {
        id: collection.id.uuid(),
        tenant_id: collection.tenant.as_ref().map(|tenant| tenant.as_str().to_owned()),
        customer: collection.owner.as_ref().map(|customer| customer.as_str().to_owned()),
        provider: collection.provider.as_str().to_owned(),
        control_number_id: collection.control_number_id.map(|id| id.uuid()),
        number: collection.number.clone(),
        amount_minor: collection.amount.minor(),
        currency: collection.amount.currency().as_str().to_owned(),
        status: collection.status.to_string(),
        payer_name,
        payer_phone,
        payer_email,
        channel: collection.channel.clone(),
        provider_reference: collection.provider_reference.clone(),
        message: collection.message.clone(),
        flags: flag_words(&collection.flags),
        version: collection.version,
        received_at: micros(collection.received_at),
        updated_at: micros(collection.updated_at),
    }
}

fn collection(row: Model) -> Result<Collection, StoreError> {
    Ok(Collection {
        id: Id::from_uuid(row.id),
        tenant: row.tenant_id.as_deref().map(tenant).transpose()?,
        owner: customer(row.customer.as_deref())?,
        provider: word(&row.provider, "a provider")?,
        control_number_id: row.control_number_id.map(Id::from_uuid),
        number: row.number,
        amount: money(row.amount_minor, &row.currency)?,
        status: word(&row.status, "a status of a collection")?,
        payer: payer(row.payer_name, row.payer_phone, row.payer_email),
        channel: row.channel,
        provider_reference: row.provider_reference,
        message: row.message,
        flags: read_flags(&row.flags)?,
        version: row.version,
        received_at: timestamp(row.received_at)?,
        updated_at: timestamp(row.updated_at)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_back_as_they_were_written() {
        for flags in [vec![], vec![CollectionFlag::Over], CollectionFlag::ALL.to_vec()] {
            assert_eq!(read_flags(&flag_words(&flags)).ok(), Some(flags));
        }
        assert!(read_flags(",NEW,").is_err());
    }
}
