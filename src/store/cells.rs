//! The cells of one row, read one after another by their places.
//!
//! SeaORM finds each cell of a model by the name of its column, and makes an error text for each NULL before it takes it
//! for one: of a page of payments that is most of the reading. The statements that are sent most say themselves in which
//! order their columns come, and are read in that order. In a debug build each cell's column is compared with the one
//! that is meant, so that the tests notice two that changed places.
//!
//! A text need not be copied: read as `&str` it lies in the row. Whether a column's type is the one that is meant is a
//! matter of the statement on PostgreSQL, where each row has the same types as the first ([`Cells::like_the_first`]);
//! on SQLite each value has its own, and is looked at each time.

use sea_orm::sqlx::postgres::PgRow;
use sea_orm::sqlx::sqlite::SqliteRow;
use sea_orm::sqlx::{self, Decode, Postgres, Row, Sqlite, Type};
use sea_orm::{ColumnTrait, DbErr, QueryResult, RuntimeErr};

use super::StoreError;

/// A type that is read from both databases, out of a row that lives for `'r`.
pub(super) trait Cell<'r>: Decode<'r, Postgres> + Type<Postgres> + Decode<'r, Sqlite> + Type<Sqlite> {}

impl<'r, T> Cell<'r> for T where T: Decode<'r, Postgres> + Type<Postgres> + Decode<'r, Sqlite> + Type<Sqlite> {}

/// Where reading a row stands.
pub(super) struct Cells<'a> {
    row: Kept<'a>,
    next: usize,
    /// Whether the types of the columns were compared with those that are meant.
    types_are_known: bool,
}

enum Kept<'a> {
    Postgres(&'a PgRow),
    Sqlite(&'a SqliteRow),
}

impl<'a> Cells<'a> {
    /// Begins at the first cell.
    pub(super) fn try_new(row: &'a QueryResult) -> Result<Self, StoreError> {
        let postgres = row.try_as_pg_row().map(Kept::Postgres);
        let kept = postgres.or_else(|| row.try_as_sqlite_row().map(Kept::Sqlite));
        Ok(Self { row: kept.ok_or(StoreError::Unreadable("a row"))?, next: 0, types_are_known: false })
    }

    /// The same for a further row of an answer whose first row was read cell by cell as the same types. What was NULL
    /// there was not compared; its column has the type that the schema gives it.
    pub(super) fn like_the_first(row: &'a QueryResult) -> Result<Self, StoreError> {
        Ok(Self { types_are_known: true, ..Self::try_new(row)? })
    }

    /// The next cell, which is that of `column`.
    pub(super) fn take<T: Cell<'a>>(&mut self, column: impl ColumnTrait) -> Result<T, StoreError> {
        let place = self.next;
        debug_assert_eq!(self.row.name(place), Some(column.as_str()), "the columns are read in another order");
        self.next += 1;
        let cell = match self.row {
            Kept::Postgres(row) if self.types_are_known => row.try_get_unchecked(place),
            Kept::Postgres(row) => row.try_get(place),
            Kept::Sqlite(row) => row.try_get(place),
        };
        cell.map_err(|error: sqlx::Error| DbErr::Query(RuntimeErr::SqlxError(error.into())).into())
    }
}

impl Kept<'_> {
    fn name(&self, place: usize) -> Option<&str> {
        use sea_orm::sqlx::Column;
        match self {
            Self::Postgres(row) => row.columns().get(place).map(|column| column.name()),
            Self::Sqlite(row) => row.columns().get(place).map(|column| column.name()),
        }
    }
}
