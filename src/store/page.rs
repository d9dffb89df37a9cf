//! Pages of rows, whose ids rise with their age: a list runs from the newest to the oldest.

use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
};

use crate::domain::page::{From, PageRequest};

/// One more than a page of what stands between two ids, counted from the wanted end of a list.
pub(super) fn keyset<E, C>(query: Select<E>, id: C, page: PageRequest) -> Select<E>
where
    E: EntityTrait,
    C: ColumnTrait,
{
    let query = query
        .filter(Condition::all().add_option(page.after.map(|after| id.lt(after))))
        .filter(Condition::all().add_option(page.before.map(|before| id.gt(before))))
        .limit(page.limit + 1);
    match page.from {
        From::Start => query.order_by_desc(id),
        From::End => query.order_by_asc(id),
    }
}

/// The newest of the wanted rows that belong to each value of `parent`: one more than `limit` of each, so that the
/// caller can tell that there is more.
pub(super) fn newest_of_each<E, C>(wanted: Select<E>, id: C, parent: C, limit: u64) -> Select<E>
where
    E: EntityTrait,
    C: ColumnTrait,
{
    let place = format!("row_number() over (partition by {} order by id desc)", parent.as_str());
    let ranked = wanted.select_only().column(id).expr_as(Expr::cust(place), "place");
    let chosen = Query::select()
        .column("id")
        .from_subquery(ranked.into_query(), "ranked")
        .and_where(Expr::col("place").lte(i64::try_from(limit + 1).unwrap_or(i64::MAX)))
        .to_owned();
    E::find().filter(id.in_subquery(chosen)).order_by_desc(id)
}
