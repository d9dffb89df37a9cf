//! Pages of rows, whose keys rise with their age: a list runs from the newest to the oldest. Most often the key is the
//! id, whose order within one millisecond is chance.
//!
//! How many rows a page reads is written into its statement and not bound: PostgreSQL plans a statement with a bound
//! limit anew each time that it runs, which costs more than running it. So that few statements stand for all sizes, a
//! size is rounded up to the next of [`LIMITS`]; what was read too much is cut off.

use sea_orm::sea_query::{Expr, Query, Value};
use sea_orm::{
    ColumnTrait, Condition, DatabaseConnection, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select, Statement,
};

use super::StoreError;
use crate::domain::page::{From, PageRequest};

/// The sizes in which pages are read: how many rows at most, and how that is written.
const LIMITS: [(u64, &str); 5] =
    [(2, " LIMIT 2"), (6, " LIMIT 6"), (11, " LIMIT 11"), (21, " LIMIT 21"), (51, " LIMIT 51")];
/// One more than the longest page.
const LARGEST_LIMIT: &str = " LIMIT 101";

/// One more than a page of what stands between two keys, counted from the wanted end of a list.
pub(super) async fn keyset<E, C, K>(
    query: Select<E>,
    key: C,
    page: PageRequest<K>,
    connection: &DatabaseConnection,
) -> Result<Vec<E::Model>, StoreError>
where
    E: EntityTrait,
    C: ColumnTrait,
    K: Into<Value>,
{
    let statement = keyset_statement(query, key, page, connection);
    Ok(E::find().from_raw_sql(statement).all(connection).await?)
}

/// The statement that reads such a page.
pub(super) fn keyset_statement<E, C, K>(
    query: Select<E>,
    key: C,
    page: PageRequest<K>,
    connection: &DatabaseConnection,
) -> Statement
where
    E: EntityTrait,
    C: ColumnTrait,
    K: Into<Value>,
{
    let (limit, from) = (page.limit, page.from);
    let query = query.filter(between(key, page));
    let query = match from {
        From::Start => query.order_by_desc(key),
        From::End => query.order_by_asc(key),
    };
    let mut statement = query.build(connection.get_database_backend());
    statement.sql.push_str(literal_limit(limit));
    statement
}

/// What stands between the keys that a page names.
pub(super) fn between<K: Into<Value>>(key: impl ColumnTrait, page: PageRequest<K>) -> Condition {
    Condition::all()
        .add_option(page.after.map(|after| key.lt(after)))
        .add_option(page.before.map(|before| key.gt(before)))
}

/// The end of a statement that reads at least one row more than `limit`, and never more than one more than the longest
/// page.
pub(super) fn literal_limit(limit: u64) -> &'static str {
    LIMITS.iter().find(|(rows, _)| *rows > limit).map_or(LARGEST_LIMIT, |size| size.1)
}

/// The newest of the wanted rows that belong to each value of `parent`: one more than `limit` of each, so that the
/// caller can tell that there is more.
pub(super) fn newest_of_each<E, C>(wanted: Select<E>, id: C, parent: C, limit: u64) -> Select<E>
where
    E: EntityTrait,
    C: ColumnTrait,
{
    highest_of_each(wanted, id, id, parent, limit)
}

/// The same by another key than the id, which is a key within each value of `parent`.
pub(super) fn highest_of_each<E, C>(wanted: Select<E>, id: C, key: C, parent: C, limit: u64) -> Select<E>
where
    E: EntityTrait,
    C: ColumnTrait,
{
    let place = format!("row_number() over (partition by {} order by {} desc)", parent.as_str(), key.as_str());
    let ranked = wanted.select_only().column(id).expr_as(Expr::cust(place), "place");
    let chosen = Query::select()
        .column("id")
        .from_subquery(ranked.into_query(), "ranked")
        .and_where(Expr::col("place").lte(i64::try_from(limit + 1).unwrap_or(i64::MAX)))
        .to_owned();
    E::find().filter(id.in_subquery(chosen)).order_by_desc(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::page::LONGEST_PAGE;

    #[test]
    fn every_page_reads_one_row_more_than_it_shows_at_least() {
        for limit in 0..=LONGEST_PAGE {
            let rows: u64 = literal_limit(limit).trim_start_matches(" LIMIT ").parse().expect("a number");
            assert!(rows > limit && rows <= LONGEST_PAGE + 1, "{limit}: {rows}");
        }
    }
}
