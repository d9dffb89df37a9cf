use async_graphql::parser::parse_query;

use super::*;
use crate::graphql::request_error::Fault;

fn fault(document: &str) -> Option<Fault> {
    let places = Places::ours().expect("the schema's own definition can be read");
    let document = parse_query(document).expect("a document");
    places.check(&document).err().map(|error| error.fault)
}

#[test]
fn a_variable_stands_where_its_type_is_allowed() {
    for good in [
        "query ($id: ID!) { payment(by: { id: $id }) { id } }",
        "query ($id: ID) { payment(by: { id: $id }) { id } }",
        "query ($id: ID!) { biller(id: $id) { id } }",
        "query ($id: ID = \"x\") { biller(id: $id) { id } }",
        "query ($first: Int) { payments(first: $first) { nodes { id } } }",
        "query ($first: Int!) { payments(first: $first) { nodes { id } } }",
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
        "query ($id: ID!) { nodes(ids: [$id, \"x\"]) { id } }",
        "query ($statuses: [PaymentStatus!]) { payments(filter: { statuses: $statuses }) { nodes { id } } }",
        "query ($filter: PaymentFilter) { payments(filter: $filter) { nodes { id } } }",
        "query ($with: Boolean!) { viewer @include(if: $with) { tenant } }",
        "query ($with: Boolean = true) { viewer { ... @skip(if: $with) { tenant } } }",
        "query ($all: Boolean) { __type(name: \"Query\") { fields(includeDeprecated: $all) { name } } }",
        "query ($name: String!) { __type(name: $name) { name } }",
        "mutation ($input: CreatePaymentInput!) { createPayment(input: $input) { replayed } }",
        "mutation ($id: ID!) { cancelPayment(input: { paymentId: $id }) { payment { id } } }",
        "subscription ($after: Sequence) { events(after: $after) { sequence } }",
        // What is not known or not defined is another rule's.
        "query ($any: Int) { nothing(like: $any) { this(one: $any) } }",
        "{ biller(id: $undefined) { id } }",
    ] {
        assert_eq!(fault(good), None, "{good}");
    }
}

#[test]
fn a_variable_does_not_stand_elsewhere() {
    for bad in [
        "query ($id: ID) { biller(id: $id) { id } }",
        "query ($id: ID = null) { biller(id: $id) { id } }",
        "query ($id: String!) { biller(id: $id) { id } }",
        "query ($id: Int!) { payment(by: { id: $id }) { id } }",
        "query ($first: String) { payments(first: $first) { nodes { id } } }",
        "query ($id: ID!) { nodes(ids: $id) { id } }",
        "query ($ids: [ID]!) { nodes(ids: $ids) { id } }",
        "query ($ids: [ID!]!) { nodes(ids: [$ids]) { id } }",
        "query ($id: ID) { nodes(ids: [$id]) { id } }",
        "query ($status: String!) { payments(filter: { statuses: [$status] }) { nodes { id } } }",
        "query ($status: String!) { payments(filter: { statuses: $status }) { nodes { id } } }",
        "query ($filter: BillFilter) { payments(filter: $filter) { nodes { id } } }",
        "query ($with: Boolean) { viewer @include(if: $with) { tenant } }",
        "query ($with: String!) { viewer { ... @skip(if: $with) { tenant } } }",
        "query ($all: String) { __type(name: \"Query\") { fields(includeDeprecated: $all) { name } } }",
        "query ($name: String) { __type(name: $name) { name } }",
        "query ($all: Int) { __schema { types { fields(includeDeprecated: $all) { name } } } }",
        "mutation ($input: CreatePaymentInput) { createPayment(input: $input) { replayed } }",
        "mutation ($id: String!) { cancelPayment(input: { paymentId: $id }) { payment { id } } }",
        "mutation ($key: Int!) { createPayment(input: { idempotencyKey: $key }) { replayed } }",
        "subscription ($after: String) { events(after: $after) { sequence } }",
    ] {
        assert_eq!(fault(bad), Some(Fault::VariableMisplaced), "{bad}");
    }
}

#[test]
fn what_a_fragment_holds_counts_for_each_operation_that_reaches_it() {
    let fragments = "fragment Outer on Query { ...Inner viewer { ... on Viewer { tenant } } }
        fragment Inner on Query { biller(id: $id) { id } }";
    for (operations, wanted) in [
        ("query ($id: ID!) { ...Outer }", None),
        ("query ($id: Int!) { ...Outer }", Some(Fault::VariableMisplaced)),
        ("query A($id: ID!) { ...Outer } query B($id: ID) { ...Inner }", Some(Fault::VariableMisplaced)),
        ("query A($id: ID!) { ...Outer } query B($id: ID) { viewer { tenant } }", None),
        // A cycle, which another step refuses, is walked once.
        ("query ($id: ID!) { ...Round } fragment Round on Query { ...Outer ...Round }", None),
    ] {
        assert_eq!(fault(&format!("{operations} {fragments}")), wanted, "{operations}");
    }
    let within = "query ($id: Int!) { payments(first: 1) { nodes { ...P } } } fragment P on Payment {
        biller { ... on Biller { lookup: __typename @include(if: $id) } } }";
    assert_eq!(fault(within), Some(Fault::VariableMisplaced));
}

#[test]
fn its_place_is_told_and_its_name_is_not() {
    let document = parse_query("query ($secret: Int!) {\n  biller(id: $secret) { id } }").expect("a document");
    let error = Places::ours().expect("places").check(&document).expect_err("a fault");
    assert_eq!(error.position.map(|position| position.line), Some(2));
    assert!(!error.to_string().contains("secret"));
}
