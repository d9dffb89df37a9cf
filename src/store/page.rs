//! Pages of rows, whose keys rise with their age: a list runs from the newest to the oldest. Most often the key is the
//! id, whose order within one millisecond is chance.

use sea_orm::sea_query::{Expr, Query, Value};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
};

use crate::domain::page::{From, PageRequest};

/// One more than a page of what stands between two keys, counted from the wanted end of a list.
pub(super) fn keyset<E, C, K>(query: Select<E>, key: C, page: PageRequest<K>) -> Select<E>
where
    E: EntityTrait,
    C: ColumnTrait,
    K: Into<Value>,
{
    let query = query
        .filter(Condition::all().add_option(page.after.map(|after| key.lt(after))))
        .filter(Condition::all().add_option(page.before.map(|before| key.gt(before))))
        .limit(page.limit + 1);
    match page.from {
        From::Start => query.order_by_desc(key),
        From::End => query.order_by_asc(key),
    }
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
