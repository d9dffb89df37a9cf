//! Inserts: rows of one table, written many at a time by statements whose texts are kept.
//!
//! Purpose: SeaORM's builder makes an expression of each cell and writes the text anew each time, and the rows of a new
//! payment have about a hundred cells. Mechanism: rows come in portions of few sizes, so that a table has a handful of
//! texts; each is written once by that builder, for as long as the process lives, and is sent with the cells of the rows.
//! Guarantee: it is the statement that the builder would make of these rows, with every column of each.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, Iterable, ModelTrait, Statement};

use super::StoreError;
use super::portions::portions;
use super::work::Work;

/// Texts by table, by whether they are PostgreSQL's, and by the number of rows.
type Texts = HashMap<(&'static str, bool, usize), Arc<str>>;

/// Those that were written so far.
static TEXTS: LazyLock<RwLock<Texts>> = LazyLock::new(RwLock::default);

impl Work {
    /// Writes new rows in their order.
    pub(super) async fn insert_all<E: EntityTrait>(&self, rows: Vec<E::Model>) -> Result<(), StoreError> {
        for rows in portions(rows) {
            self.tx.execute_raw(statement::<E>(self.backend(), &rows)).await?;
        }
        Ok(())
    }
}

fn statement<E: EntityTrait>(backend: DbBackend, rows: &[E::Model]) -> Statement {
    let cells =
        rows.iter().flat_map(|row| <E::Column as Iterable>::iter().map(move |column| ModelTrait::get(row, column)));
    Statement::from_sql_and_values(backend, &*text::<E>(backend, rows.len()), cells)
}

fn text<E: EntityTrait>(backend: DbBackend, rows: usize) -> Arc<str> {
    let which = (E::default().table_name(), backend == DbBackend::Postgres, rows);
    if let Some(text) = TEXTS.read().unwrap_or_else(PoisonError::into_inner).get(&which) {
        return Arc::clone(text);
    }
    let text: Arc<str> = written::<E>(backend, rows).into();
    TEXTS.write().unwrap_or_else(PoisonError::into_inner).insert(which, Arc::clone(&text));
    text
}

/// Any value makes the same text.
fn written<E: EntityTrait>(backend: DbBackend, rows: usize) -> String {
    let mut insert = Query::insert();
    insert.into_table(E::default().table_ref()).columns(<E::Column as Iterable>::iter());
    for _ in 0..rows {
        let cells = <E::Column as Iterable>::iter().map(|column| ColumnTrait::save_as(&column, Expr::val(0)));
        insert.values_panic(cells);
    }
    backend.build(&insert).sql
}

#[cfg(test)]
mod tests {
    use sea_orm::QueryTrait;
    use uuid::Uuid;

    use entity::allocation::{ActiveModel, Entity, Model};

    use super::super::work::all_set;
    use super::*;

    fn part(no: i32) -> Model {
        Model {
            payment_id: Uuid::from_u128(7),
            no,
            bill_id: (no % 2 == 0).then(|| Uuid::from_u128(8)),
            bill_reference: (no % 2 == 1).then(|| "a bill".to_owned()),
            amount_minor: 1_500 + i64::from(no),
            currency: "KES".to_owned(),
            provider_reference: None,
        }
    }

    #[test]
    fn a_statement_is_what_the_builder_makes_of_the_rows() {
        for backend in [DbBackend::Sqlite, DbBackend::Postgres] {
            for rows in [1, 4, 64] {
                let rows: Vec<Model> = (1..=rows).map(part).collect();
                let built = Entity::insert_many(rows.iter().cloned().map(all_set::<ActiveModel, _>)).build(backend);
                // The text is written the first time, and known the second.
                assert_eq!(statement::<Entity>(backend, &rows), built);
                assert_eq!(statement::<Entity>(backend, &rows), built);
            }
        }
    }
}
