//! The plain fields of a page of payments: all, so that a page whose payments can be written is written as one value.
//!
//! A payment's cursor is its id, and is written from that.

use async_graphql::connection::{Connection, Edge, EmptyFields};
use async_graphql::parser::types::SelectionSet;

use super::field::{Field, Fragments, Part, Plain};
use super::plan::Plan;
use crate::domain::ids::PaymentId;
use crate::domain::payment::Payment as DomainPayment;
use crate::graphql::object::connection::IdCursor;
use crate::graphql::object::payment::Payment;

/// A page as the library knows it.
pub type Page = Connection<IdCursor, Payment>;
/// A payment in its place on a page.
pub type PaymentEdge = Edge<IdCursor, Payment, EmptyFields>;

/// What is told of a page beside its payments. The cursors are those of its ends.
pub struct PageEnds {
    has_previous: bool,
    has_next: bool,
    start: Option<PaymentId>,
    end: Option<PaymentId>,
}

const PAGE: &[Field<Page>] = &[
    Field::<Page>::part("edges", PaymentEdge::TYPE, edges),
    Field::<Page>::part("nodes", DomainPayment::TYPE, nodes),
    Field::<Page>::part("pageInfo", PageEnds::TYPE, page_info),
];

impl Plain for Page {
    const TYPE: &'static str = "PaymentConnection";
    const INTERFACES: &'static [&'static str] = &[];
    const ALL_BRIEF: bool = true;

    fn fields() -> &'static [Field<Self>] {
        PAGE
    }
}

const EDGE: &[Field<PaymentEdge>] = &[
    Field::<PaymentEdge>::leaf("cursor", |edge, _, json| json.id(edge.node.0.id)),
    Field::<PaymentEdge>::part("node", DomainPayment::TYPE, node),
];

impl Plain for PaymentEdge {
    const TYPE: &'static str = "PaymentEdge";
    const INTERFACES: &'static [&'static str] = &[];
    const ALL_BRIEF: bool = true;

    fn fields() -> &'static [Field<Self>] {
        EDGE
    }
}

const ENDS: &[Field<PageEnds>] = &[
    Field::<PageEnds>::leaf("hasPreviousPage", |ends, _, json| json.flag(ends.has_previous)),
    Field::<PageEnds>::leaf("hasNextPage", |ends, _, json| json.flag(ends.has_next)),
    Field::<PageEnds>::leaf("startCursor", |ends, _, json| json.some_id(ends.start)),
    Field::<PageEnds>::leaf("endCursor", |ends, _, json| json.some_id(ends.end)),
];

impl Plain for PageEnds {
    const TYPE: &'static str = "PageInfo";
    const INTERFACES: &'static [&'static str] = &[];
    const ALL_BRIEF: bool = true;

    fn fields() -> &'static [Field<Self>] {
        ENDS
    }
}

fn edges(set: &SelectionSet, fragments: &Fragments) -> Option<Part<Page>> {
    let plan = Plan::<PaymentEdge>::of(set, fragments)?;
    Some(Part::by(plan, |plan, page: &Page, at_hand, json| {
        json.list(&page.edges, |json, edge| plan.write(edge, at_hand, json))
    }))
}

fn nodes(set: &SelectionSet, fragments: &Fragments) -> Option<Part<Page>> {
    let plan = Plan::<DomainPayment>::of(set, fragments)?;
    Some(Part::by(plan, |plan, page: &Page, at_hand, json| {
        json.list(&page.edges, |json, edge| plan.write(&edge.node.0, at_hand, json))
    }))
}

fn node(set: &SelectionSet, fragments: &Fragments) -> Option<Part<PaymentEdge>> {
    let plan = Plan::<DomainPayment>::of(set, fragments)?;
    Some(Part::by(plan, |plan, edge: &PaymentEdge, at_hand, json| plan.write(&edge.node.0, at_hand, json)))
}

fn page_info(set: &SelectionSet, fragments: &Fragments) -> Option<Part<Page>> {
    let plan = Plan::<PageEnds>::of(set, fragments)?;
    Some(Part::by(plan, |plan, page: &Page, at_hand, json| {
        let ends = PageEnds {
            has_previous: page.has_previous_page,
            has_next: page.has_next_page,
            start: page.edges.first().map(|edge| edge.node.0.id),
            end: page.edges.last().map(|edge| edge.node.0.id),
        };
        plan.write(&ends, at_hand, json)
    }))
}
