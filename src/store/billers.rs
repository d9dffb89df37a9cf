//! Billers: the providers' catalogues, as last fetched.

use std::collections::HashMap;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use entity::biller::{ActiveModel, Column, Entity, Model};

use super::convert::word;
use super::work::{Work, all_set};
use super::{Store, StoreError};
use crate::crash::Step;
use crate::domain::amount_rule::AmountRule;
use crate::domain::biller::Biller;
use crate::domain::ids::Id;
use crate::domain::provider::ProviderCode;
use crate::ports::ids::Ids;
use crate::ports::provider::CatalogueEntry;

/// What a fetched catalogue changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// Billers that are new.
    pub added: u32,
    /// Billers of which something changed, or that came back.
    pub changed: u32,
    /// Billers that are no longer listed.
    pub retired: u32,
}

impl Store {
    /// Every biller of every provider.
    pub async fn billers(&self) -> Result<Vec<Biller>, StoreError> {
        Entity::find().all(&self.reader).await?.into_iter().map(biller).collect()
    }

    /// Stores a provider's catalogue. A biller that is no longer listed stays, inactive.
    pub async fn store_catalogue(
        &self,
        provider: ProviderCode,
        entries: &[CatalogueEntry],
        ids: &Ids,
    ) -> Result<SyncReport, StoreError> {
        let work = self.begin(Step::Other).await?;
        let known = Entity::find().filter(Column::Provider.eq(provider.as_str())).all(&work.tx).await?;
        let known: HashMap<String, Model> = known.into_iter().map(|row| (row.code.clone(), row)).collect();
        let mut report = SyncReport::default();
        let mut rows = Vec::new();
        for entry in entries {
            let before = known.get(&entry.code);
            let row = row(provider, entry, before.map_or_else(|| ids.next::<()>().uuid(), |row| row.id));
            match before {
                None => report.added += 1,
                Some(before) if *before != row => report.changed += 1,
                Some(_) => continue,
            }
            rows.push(row);
        }
        for (code, row) in &known {
            if row.active && !entries.iter().any(|entry| entry.code == *code) {
                report.retired += 1;
                rows.push(Model { active: false, ..row.clone() });
            }
        }
        work.upsert_billers(rows).await?;
        work.note_sync(provider, report != SyncReport::default()).await?;
        work.commit().await?;
        Ok(report)
    }
}

impl Work {
    async fn upsert_billers(&self, rows: Vec<Model>) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let replaced = [
            Column::Name,
            Column::Category,
            Column::CategoryName,
            Column::Country,
            Column::Currency,
            Column::Minimum,
            Column::Maximum,
            Column::Step,
            Column::TimeZone,
            Column::DisbursementMethod,
            Column::Combines,
            Column::Active,
        ];
        Entity::insert_many(rows.into_iter().map(all_set::<ActiveModel, _>))
            .on_conflict(OnConflict::columns([Column::Provider, Column::Code]).update_columns(replaced).to_owned())
            .exec_without_returning(&self.tx)
            .await?;
        Ok(())
    }
}

fn row(provider: ProviderCode, entry: &CatalogueEntry, id: uuid::Uuid) -> Model {
    Model {
        id,
        provider: provider.as_str().to_owned(),
        code: entry.code.clone(),
        name: entry.name.clone(),
        category: entry.category.to_string(),
        category_name: entry.category_name.clone(),
        country: entry.country.clone(),
        currency: entry.amount_rule.currency.to_string(),
        minimum: entry.amount_rule.minimum,
        maximum: entry.amount_rule.maximum,
        step: entry.amount_rule.step,
        time_zone: entry.time_zone.clone(),
        disbursement_method: entry.disbursement_method.map(|method| method.to_string()),
        combines: entry.combines,
        active: true,
    }
}

fn biller(row: Model) -> Result<Biller, StoreError> {
    let currency = word(&row.currency, "a currency")?;
    Ok(Biller {
        id: Id::from_uuid(row.id),
        provider: word(&row.provider, "a provider")?,
        code: row.code,
        name: row.name,
        category: word(&row.category, "a category")?,
        category_name: row.category_name,
        country: row.country,
        currency,
        amount_rule: AmountRule { currency, minimum: row.minimum, maximum: row.maximum, step: row.step },
        time_zone: row.time_zone,
        disbursement_method: row.disbursement_method.as_deref().map(|way| word(way, "a disbursement")).transpose()?,
        combines: row.combines,
        active: row.active,
    })
}
