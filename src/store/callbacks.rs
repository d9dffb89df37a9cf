//! Callbacks as they are shown: references and state, never the body.

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use entity::callback::{Column, Entity};

use super::convert::word;
use super::inbox::CallbackState;
use super::page::keyset_statement;
use super::time::{micros, timestamp};
use super::{Store, StoreError};
use crate::domain::ids::{CallbackId, Id, PaymentId};
use crate::domain::page::{Page, PageRequest};
use crate::domain::provider::ProviderCode;
use crate::domain::requester::{Requester, Scope, TenantId};

/// What is read of a row; the body stays where it is.
const SHOWN: [Column; 8] = [
    Column::Id,
    Column::Provider,
    Column::ReceivedAt,
    Column::Verified,
    Column::State,
    Column::OurReference,
    Column::ProviderReference,
    Column::PaymentId,
];

type Row = (Uuid, String, i64, bool, String, Option<String>, Option<String>, Option<Uuid>);

/// A callback without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptCallback {
    /// Its id.
    pub id: CallbackId,
    /// Who sent it.
    pub provider: ProviderCode,
    /// When.
    pub received_at: Timestamp,
    /// Whether its origin is proven.
    pub verified: bool,
    /// Whether it was found what it is about.
    pub state: CallbackState,
    /// The reference of ours that it carries.
    pub our_reference: Option<String>,
    /// The provider's reference that it carries.
    pub provider_reference: Option<String>,
    /// The payment that it is about.
    pub payment_id: Option<PaymentId>,
}

/// Whose callbacks are seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackReader {
    /// Those of this tenant.
    pub tenant: Option<TenantId>,
    /// Those that belong to no tenant.
    pub unowned: bool,
}

/// Which callbacks are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallbackFilter {
    /// From this provider.
    pub provider: Option<ProviderCode>,
    /// In this state.
    pub state: Option<CallbackState>,
    /// Those whose origin is proven, or those whose is not.
    pub verified: Option<bool>,
    /// Received at or after.
    pub received_from: Option<Timestamp>,
    /// Received before.
    pub received_before: Option<Timestamp>,
}

impl CallbackReader {
    /// What a requester may see: an administrator what is its tenant's, an operator what is nobody's. A callback names no
    /// customer, so a token that speaks for one sees none of the tenant's.
    pub fn of(requester: &Requester) -> Self {
        let whole_tenant = requester.may(Scope::Admin) && requester.customer.is_none();
        Self { tenant: whole_tenant.then(|| requester.tenant.clone()), unowned: requester.may(Scope::Operator) }
    }

    const fn sees_none(&self) -> bool {
        self.tenant.is_none() && !self.unowned
    }
}

impl Store {
    /// Several callbacks that the reader may see, by id.
    pub async fn callbacks_by_id(
        &self,
        reader: &CallbackReader,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, KeptCallback>, StoreError> {
        if reader.sees_none() {
            return Ok(HashMap::new());
        }
        let wanted = visible(reader).add(Column::Id.is_in(ids.iter().copied()));
        let found = Entity::find().select_only().columns(SHOWN).filter(wanted);
        let rows: Vec<Row> = found.into_tuple().all(&self.reader).await?;
        rows.into_iter().map(|row| Ok((row.0, callback(row)?))).collect()
    }

    /// A page of callbacks, newest first.
    pub async fn callbacks(
        &self,
        reader: &CallbackReader,
        filter: &CallbackFilter,
        page: PageRequest,
    ) -> Result<Page<KeptCallback>, StoreError> {
        if reader.sees_none() {
            return Ok(page.cut(Vec::new()));
        }
        let wanted = visible(reader).add(matching(filter));
        let found = Entity::find().select_only().columns(SHOWN).filter(wanted);
        let rows = self.reader.query_all_raw(keyset_statement(found, Column::Id, page, &self.reader)).await?;
        let callbacks = rows.iter().map(|row| callback(row.try_get_many_by_index::<Row>()?));
        Ok(page.cut(callbacks.collect::<Result<Vec<_>, StoreError>>()?))
    }

    /// The collections that bear these references of their providers.
    pub async fn collections_named(
        &self,
        names: &[(ProviderCode, String)],
    ) -> Result<HashMap<(ProviderCode, String), Uuid>, StoreError> {
        use entity::collection::{Column, Entity};
        let rows: Vec<(Uuid, String, String)> = Entity::find()
            .select_only()
            .columns([Column::Id, Column::Provider, Column::ProviderReference])
            .filter(Column::Provider.is_in(names.iter().map(|(provider, _)| provider.as_str())))
            .filter(Column::ProviderReference.is_in(names.iter().map(|(_, reference)| reference.as_str())))
            .into_tuple()
            .all(&self.reader)
            .await?;
        rows.into_iter()
            .map(|(id, provider, reference)| Ok(((word(&provider, "a provider")?, reference), id)))
            .collect()
    }
}

/// Rows that a reader may see; it may see some.
fn visible(reader: &CallbackReader) -> Condition {
    let seen = Condition::any()
        .add_option(reader.tenant.as_ref().map(|tenant| Column::TenantId.eq(tenant.as_str())))
        .add_option(reader.unowned.then(|| Column::TenantId.is_null()));
    Condition::all().add(seen)
}

fn matching(filter: &CallbackFilter) -> Condition {
    Condition::all()
        .add_option(filter.provider.map(|provider| Column::Provider.eq(provider.as_str())))
        .add_option(filter.state.map(|state| Column::State.eq(state.as_str())))
        .add_option(filter.verified.map(|verified| Column::Verified.eq(verified)))
        .add_option(filter.received_from.map(|from| Column::ReceivedAt.gte(micros(from))))
        .add_option(filter.received_before.map(|before| Column::ReceivedAt.lt(micros(before))))
}

fn callback(row: Row) -> Result<KeptCallback, StoreError> {
    let (id, provider, received_at, verified, state, our_reference, provider_reference, payment_id) = row;
    Ok(KeptCallback {
        id: Id::from_uuid(id),
        provider: word(&provider, "a provider")?,
        received_at: timestamp(received_at)?,
        verified,
        state: word(&state, "a callback's state")?,
        our_reference,
        provider_reference,
        payment_id: payment_id.map(Id::from_uuid),
    })
}
