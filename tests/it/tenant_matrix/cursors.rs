//! Cursors: behind the first of the owner's list, and before its last, where the owner sees the rest.

use super::row::{Row, hidden};
use super::things::{List, Thing};

macro_rules! after {
    ($field:literal, $list:expr) => {
        hidden(
            concat!("Query.", $field, "(after)"),
            Thing::First($list),
            concat!("query ($id: String!) { ", $field, "(after: $id) { nodes { id } pageInfo { hasNextPage } } }"),
        )
    };
}

macro_rules! before {
    ($field:literal, $list:expr) => {
        hidden(
            concat!("Query.", $field, "(before)"),
            Thing::Last($list),
            concat!("query ($id: String!) { ", $field, "(last: 10, before: $id) { nodes { id } } }"),
        )
    };
}

pub const ROWS: &[Row] = &[
    after!("apiClients", List::ApiClients),
    after!("billNumbers", List::BillNumbers),
    after!("bills", List::Bills),
    after!("bulkPayments", List::BulkPayments),
    after!("callbacks", List::Callbacks),
    after!("collections", List::Collections),
    after!("controlNumbers", List::ControlNumbers),
    after!("payments", List::Payments),
    before!("apiClients", List::ApiClients),
    before!("billNumbers", List::BillNumbers),
    before!("bills", List::Bills),
    before!("bulkPayments", List::BulkPayments),
    before!("callbacks", List::Callbacks),
    before!("collections", List::Collections),
    before!("controlNumbers", List::ControlNumbers),
    before!("payments", List::Payments),
];
