//! Which documents are answered directly, and how their arguments are read.

use async_graphql::parser::parse_query;
use async_graphql::value;

use super::*;

fn direct(document: &str) -> Option<Direct> {
    Direct::of(&parse_query(document).expect("a document"))
}

#[test]
fn one_brief_page_is_answered_directly() {
    for (document, bill_numbers) in [
        ("{ payments { nodes { id } } }", false),
        ("query Page($first: Int) { all: payments(first: $first) { edges { cursor node { id } } } }", false),
        ("{ payments { nodes { ...F } } } fragment F on Payment { billNumber { id } }", true),
        ("{ payments { edges { node { ... { b: billNumber { biller { name } } } } } pageInfo { endCursor } } }", true),
        ("{ payments { ...L } } fragment L on PaymentConnection { nodes { id } }", false),
    ] {
        let direct = direct(document).unwrap_or_else(|| panic!("not direct: {document}"));
        assert_eq!(direct.asks_for_bill_numbers, bill_numbers, "{document}");
    }
}

#[test]
fn whatever_else_is_asked_for_is_left_to_the_library() {
    for document in [
        "{ payments { nodes { id dueDate } } }",
        "{ payments { nodes { id allowedActions } } }",
        "{ payments { nodes { id } } viewer { subject } }",
        "{ payments { nodes { id } } payments { nodes { status } } }",
        "{ payments { nodes { id } } __typename }",
        "{ payments { nodes { amount { amount } amount { currency } } } }",
        "{ bills { nodes { id } } }",
        "{ ... { payments { nodes { id } } } }",
        "{ ...F } fragment F on Query { payments { nodes { id } } }",
        "{ payments @include(if: true) { nodes { id } } }",
        "{ payments { nodes { id @skip(if: false) status } } }",
        "query @unheard { payments { nodes { id } } }",
        "query A { payments { nodes { id } } } query B { payments { nodes { id } } }",
        "mutation { payments { nodes { id } } }",
        "subscription { payments { nodes { id } } }",
    ] {
        assert!(direct(document).is_none(), "{document}");
    }
}

/// The argument `x` of the only field, as `read` reads it.
fn argument<T: InputType>(document: &str, variables: Value) -> Option<T> {
    let document = parse_query(document).expect("a document");
    let field = &only_field(&document).expect("the field").node;
    Given { field, variables: &Variables::from_value(variables) }.argument("x")
}

#[test]
fn arguments_are_read_as_they_were_given() {
    let with_variable = "query ($v: Int) { payments(x: $v) { nodes { id } } }";
    assert_eq!(argument::<Option<i32>>("{ payments(x: 5) { nodes { id } } }", value!({})), Some(Some(5)));
    assert_eq!(argument::<Option<i32>>("{ payments { nodes { id } } }", value!({})), Some(None));
    assert_eq!(argument::<Option<i32>>("{ payments(x: null) { nodes { id } } }", value!({})), Some(None));
    assert_eq!(argument::<Option<i32>>(with_variable, value!({ "v": 5 })), Some(Some(5)));
    assert_eq!(argument::<Option<i32>>(with_variable, value!({ "v": null })), Some(None));
    assert_eq!(argument::<Option<i32>>(with_variable, value!({})), Some(None));
}

#[test]
fn what_does_not_fit_is_left_to_the_library() {
    let with_variable = "query ($v: Int) { payments(x: $v) { nodes { id } } }";
    for value in [value!(2_147_483_648_i64), value!("5"), value!(true), value!([5]), value!({})] {
        assert_eq!(argument::<Option<i32>>(with_variable, value!({ "v": value.clone() })), None, "{value}");
    }
    let inside = "query ($v: String) { payments(x: { customer: $v }) { nodes { id } } }";
    assert!(argument::<Option<Filter>>(inside, value!({})).is_none(), "a member that was not given");
    let read = argument::<Option<Filter>>(inside, value!({ "v": "c1" })).flatten().expect("a filter");
    assert_eq!(read.customer.as_deref(), Some("c1"));
}
