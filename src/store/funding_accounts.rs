//! Funding accounts: where money can come from, as last fetched.

use std::collections::HashMap;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use entity::funding_account::{ActiveModel, Column, Entity, Model};

use super::convert::word;
use super::work::{Work, all_set};
use super::{Store, StoreError};
use crate::crash::Step;
use crate::domain::funding_account::FundingAccount;
use crate::domain::ids::Id;
use crate::domain::provider::ProviderCode;
use crate::ports::ids::Ids;
use crate::ports::provider::FundingAccountEntry;

impl Store {
    /// Every funding account of every provider.
    pub async fn funding_accounts(&self) -> Result<Vec<FundingAccount>, StoreError> {
        Entity::find().all(&self.reader).await?.into_iter().map(funding_account).collect()
    }

    /// Stores the funding accounts of a provider, each under the id that it has had; tells whether anything changed.
    /// One that is no longer listed stays, inactive.
    pub async fn store_funding_accounts(
        &self,
        provider: ProviderCode,
        entries: &[FundingAccountEntry],
        ids: &Ids,
    ) -> Result<bool, StoreError> {
        let work = self.begin(Step::Other).await?;
        let known = Entity::find().filter(Column::Provider.eq(provider.as_str())).all(&work.tx).await?;
        let known: HashMap<(String, String), Model> =
            known.into_iter().map(|row| ((row.kind.clone(), row.code.clone()), row)).collect();
        let mut listed = HashMap::new();
        for entry in entries {
            let key = (entry.kind.to_string(), entry.code.clone());
            let id = known.get(&key).map_or_else(|| ids.next::<()>().uuid(), |row| row.id);
            listed.insert(key, row(provider, entry, id));
        }
        let retired = known.iter().filter(|(key, row)| row.active && !listed.contains_key(*key));
        let retired: Vec<Model> = retired.map(|(_, row)| Model { active: false, ..row.clone() }).collect();
        let changed = listed.into_iter().filter(|(key, row)| known.get(key) != Some(row)).map(|(_, row)| row);
        let rows: Vec<Model> = changed.chain(retired).collect();
        if rows.is_empty() {
            work.roll_back().await?;
            return Ok(false);
        }
        work.upsert_funding_accounts(rows).await?;
        // The version of the catalogue covers its funding accounts, so that every process reads them again.
        work.note_sync(provider, true).await?;
        work.commit().await?;
        Ok(true)
    }
}

impl Work {
    async fn upsert_funding_accounts(&self, rows: Vec<Model>) -> Result<(), StoreError> {
        let key = [Column::Provider, Column::Kind, Column::Code];
        let replaced = [Column::Label, Column::Active];
        Entity::insert_many(rows.into_iter().map(all_set::<ActiveModel, _>))
            .on_conflict(OnConflict::columns(key).update_columns(replaced).to_owned())
            .exec_without_returning(&self.tx)
            .await?;
        Ok(())
    }
}

fn row(provider: ProviderCode, entry: &FundingAccountEntry, id: uuid::Uuid) -> Model {
    Model {
        id,
        provider: provider.as_str().to_owned(),
        kind: entry.kind.to_string(),
        code: entry.code.clone(),
        label: entry.label.clone(),
        active: entry.active,
    }
}

fn funding_account(row: Model) -> Result<FundingAccount, StoreError> {
    Ok(FundingAccount {
        id: Id::from_uuid(row.id),
        provider: word(&row.provider, "a provider")?,
        code: row.code,
        kind: word(&row.kind, "a funding account's kind")?,
        label: row.label,
        active: row.active,
    })
}
