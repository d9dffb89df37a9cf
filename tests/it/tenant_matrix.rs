//! T1, made from the schema: what belongs to somebody else answers exactly as what does not exist, wherever it is named.
//!
//! [`places`] walks the schema for every place at which a stranger could name, or be shown, what is another's; a place
//! without a row fails before any server is asked, so that a new field cannot be forgotten. One server on each database
//! then holds one set of objects, made by a customer of a tenant, and two strangers ask every row: another tenant, and
//! another customer of the same tenant. A row whose owner is told the same as the strangers proves nothing and fails
//! too.

mod cursors;
mod free;
mod mutations;
mod nodes;
mod places;
mod queries;
mod row;
mod stage;
mod subscriptions;
mod things;
mod webhooks;
mod world;

use std::collections::BTreeSet;

use futures_util::future::join_all;

use self::row::Row;
use self::stage::Stage;
use crate::support::on_both_databases;

/// Every row, in the order in which the owner asks at last: what takes something away comes behind what reads it.
fn rows() -> Vec<&'static Row> {
    let tables = [queries::ROWS, cursors::ROWS, nodes::ROWS, subscriptions::ROWS, webhooks::ROWS, mutations::ROWS];
    tables.into_iter().flatten().collect()
}

#[test]
fn t1_every_place_of_the_schema_has_a_row() {
    let places = places::of_the_schema();
    let rows: BTreeSet<_> = rows().into_iter().map(|row| row.place).collect();
    let is_missing = |place: &&String| !rows.contains(place.as_str()) && free::reason(place).is_none();
    let missing: Vec<_> = places.iter().filter(is_missing).collect();
    assert!(
        missing.is_empty(),
        "no row says what a stranger is told here: {missing:#?}\n\
         Add one for each to tests/it/tenant_matrix/: to queries.rs, mutations.rs or subscriptions.rs; to nodes.rs, with \
         an example in world.rs, for a new type of node; or, with the reason, to free.rs where the place names nothing \
         that belongs to anybody."
    );
}

#[test]
fn t1_no_row_is_left_of_a_place_that_is_gone() {
    let places = places::of_the_schema();
    let mut gone: Vec<_> = rows().into_iter().map(|row| row.place).filter(|place| !places.contains(*place)).collect();
    gone.extend(free::PLACES.iter().map(|(place, _)| *place).filter(|place| !places.contains(*place)));
    let is_last = |name: &str| places.iter().any(|place| free::last_name(place) == Some(name));
    gone.extend(free::NAMES.iter().map(|(name, _)| *name).filter(|name| !is_last(name)));
    assert_eq!(gone, Vec::<&str>::new());
}

on_both_databases! {
    with [
        ("BILLPAY_TEST_BILL", "on"), ("BILLPAY_TEST_CLICKPESA", "on"), ("BILLPAY_REMINDERS__DAYS", "20"),
        crate::webhooks::KEY, crate::webhooks::TRIAL
    ]
    async fn t1_a_stranger_is_told_nothing_at_any_place(app: TestApp) {
        let stage = Stage::set(&app).await;
        let rows = rows();
        let before = stage.state().await;
        let told = stage.strangers().iter().map(|stranger| stage.leaks(stranger, &rows));
        let mut faults = join_all(told).await.concat();
        assert_eq!(stage.state().await, before, "a stranger changed what is not its own");
        faults.extend(stage.heard_by_strangers(&rows).await);
        faults.extend(stage.vacuous(&rows).await);
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    }
}
