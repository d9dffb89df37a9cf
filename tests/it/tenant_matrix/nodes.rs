//! Nodes: each type of them, alone and among several.

use super::row::{Row, hidden};
use super::things::{List, Thing};

const NODE: &str = "query ($id: ID!) { node(id: $id) { __typename id } }";
const NODES: &str = "query ($id: ID!) { nodes(ids: [$id]) { __typename id } }";

pub const ROWS: &[Row] = &[
    hidden("Query.node(id) of ApiClient", Thing::ApiClient, NODE),
    hidden("Query.node(id) of Bill", Thing::Bill, NODE),
    hidden("Query.node(id) of BillNumber", Thing::BillNumber, NODE),
    hidden("Query.node(id) of BulkPayment", Thing::BulkPayment, NODE),
    hidden("Query.node(id) of Callback", Thing::First(List::Callbacks), NODE),
    hidden("Query.node(id) of Collection", Thing::Collection, NODE),
    hidden("Query.node(id) of ControlNumber", Thing::ControlNumber, NODE),
    hidden("Query.node(id) of Payment", Thing::Payment, NODE),
    hidden("Query.nodes(ids) of ApiClient", Thing::ApiClient, NODES),
    hidden("Query.nodes(ids) of Bill", Thing::Bill, NODES),
    hidden("Query.nodes(ids) of BillNumber", Thing::BillNumber, NODES),
    hidden("Query.nodes(ids) of BulkPayment", Thing::BulkPayment, NODES),
    hidden("Query.nodes(ids) of Callback", Thing::First(List::Callbacks), NODES),
    hidden("Query.nodes(ids) of Collection", Thing::Collection, NODES),
    hidden("Query.nodes(ids) of ControlNumber", Thing::ControlNumber, NODES),
    hidden("Query.nodes(ids) of Payment", Thing::Payment, NODES),
];
