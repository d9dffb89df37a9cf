//! The right to be the one submission that tries whether a provider is back.

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use entity::provider::{Column, Entity};

use super::time::micros;
use super::{Store, StoreError};
use crate::domain::provider::ProviderCode;

impl Store {
    /// Takes the right to try, where the pause that ended at `ended` is still the last; everybody else waits until
    /// `until`, or until the outcome is known.
    pub async fn take_probe(&self, code: ProviderCode, ended: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        let taken = Entity::update_many()
            .filter(Column::Code.eq(code.as_str()))
            .filter(Column::SubmitsPausedUntil.eq(micros(ended)))
            .col_expr(Column::SubmitsPausedUntil, Expr::value(micros(until)))
            .exec(&self.writer)
            .await?;
        Ok(taken.rows_affected == 1)
    }
}
