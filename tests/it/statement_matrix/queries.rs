//! The queries: every field of the query, and below each list all that it leads to, three levels deep.
//!
//! A level is an object or a list that stands for itself: payments, their bills, the bills' billers. What only belongs
//! to an object, such as an amount or a receipt, is read with it. There is one document for each way of two levels, which
//! reads everything of the third; what is of an interface, such as the subject of an event, ends a way, and is read as
//! each of its types. A field that is itself of an interface has a document for each type: an event is read three levels
//! deep, too; what is found by its id leads to what has a list of its own, and is read two levels deep. All these read
//! connections by their `nodes`. By their `edges` each connection of the query is read once more, with the connections
//! within it.

use async_graphql::parser::types::FieldDefinition;

use super::arguments;
use super::document::{Document, path_of};
use super::schema::{Schema, is_needed, name_of};
use super::selection::{Selection, Side};
use super::world::World;

/// As many as a page may have.
const PAGE: &str = "first: 100";
const QUERY: &str = "Query";

/// The documents for what there is; always in the same order.
pub fn all(schema: &Schema, world: &World) -> Vec<Document> {
    let roots = schema.fields(QUERY);
    roots.into_iter().flat_map(|root| ways(schema, root)).map(|way| document(schema, world, &way)).collect()
}

/// The arguments that a field needs and that no row fills. Below the query's own fields nothing is filled yet.
pub fn unfilled(schema: &Schema) -> Vec<String> {
    let mut missing = Vec::new();
    let mut kinds = vec![QUERY];
    let mut seen = 0;
    while let Some(kind) = kinds.get(seen).copied() {
        seen += 1;
        for field in schema.fields(kind) {
            let needed = field.arguments.iter().filter(|argument| is_needed(&argument.node));
            let places = needed.map(|argument| arguments::place(kind, field, argument.node.name.node.as_str()));
            missing.extend(places.filter(|place| kind != QUERY || arguments::row(place).is_none()));
            let target = name_of(&field.ty.node);
            for next in [vec![target], schema.possible(target).unwrap_or_default()].concat() {
                if !schema.is_value(next) && !kinds.contains(&next) {
                    kinds.push(next);
                }
            }
        }
    }
    missing
}

/// From a field of the query through two levels at most; what is below is read to so many levels more.
struct Way<'a> {
    root: &'a FieldDefinition,
    kind: &'a str,
    fields: Vec<&'a FieldDefinition>,
    below: usize,
    side: Side,
}

fn ways<'a>(schema: &'a Schema, root: &'a FieldDefinition) -> Vec<Way<'a>> {
    let kind = schema.target(root);
    let possible = schema.possible(kind);
    let is_connection = schema.listed(name_of(&root.ty.node)).is_some();
    let whole = |kind, side, below| Way { root, kind, fields: Vec::new(), below, side };
    let mut ways: Vec<_> = match &possible {
        Some(kinds) => {
            let below = if is_connection { 2 } else { 1 };
            kinds.iter().copied().map(|kind| whole(kind, Side::Nodes, below)).collect()
        }
        None if schema.shows_one(root) => vec![whole(kind, Side::Nodes, 2)],
        None => steps_of_two(schema, kind).into_iter().map(|fields| along(schema, root, fields)).collect(),
    };
    if is_connection {
        // Of several types, they stand side by side in one list.
        ways.extend(possible.is_some().then(|| whole(kind, Side::Nodes, 1)));
        ways.push(whole(kind, Side::Edges, 1));
    }
    ways
}

fn along<'a>(schema: &'a Schema, root: &'a FieldDefinition, fields: Vec<&'a FieldDefinition>) -> Way<'a> {
    let is_of_several = |field: &FieldDefinition| schema.possible(schema.target(field)).is_some();
    // What such an object leads to is read where it stands nearer to the root.
    let below = if fields.get(1).is_some_and(|second| is_of_several(second)) { 0 } else { 1 };
    Way { root, kind: schema.target(root), fields, below, side: Side::Nodes }
}

/// The ways through two levels, or to where no way leads on.
fn steps_of_two<'a>(schema: &'a Schema, kind: &str) -> Vec<Vec<&'a FieldDefinition>> {
    let firsts = schema.steps(kind);
    if firsts.is_empty() {
        return vec![Vec::new()];
    }
    let behind = |first: &'a FieldDefinition| {
        let target = schema.target(first);
        let ends = schema.possible(target).is_some();
        let seconds = if ends { Vec::new() } else { schema.steps(target) };
        if seconds.is_empty() {
            return vec![vec![first]];
        }
        seconds.into_iter().map(|second| vec![first, second]).collect()
    };
    firsts.into_iter().flat_map(behind).collect()
}

fn document(schema: &Schema, world: &World, way: &Way<'_>) -> Document {
    let Way { root, kind, fields, below, side } = way;
    let selection = Selection { schema, side: *side };
    let declared = schema.target(root);
    let mut inner = selection.along(kind, fields, *below);
    let mut name =
        std::iter::once(root).chain(fields).map(|field| field.name.node.as_str()).collect::<Vec<_>>().join(".");
    if declared != *kind {
        inner = format!("__typename ... on {kind} {{ {inner} }}");
        name = format!("{name} of {kind}");
    }
    let arguments = arguments::at_root(root, kind, PAGE, world);
    let text = format!("{{ page: {}{arguments} {{ {} }} }}", root.name.node, selection.shown(root, &inner));
    let mut path = path_of(schema, root, *side);
    for field in fields {
        path.push(field.name.node.to_string());
        path.extend(path_of(schema, field, *side));
    }
    Document { reads_one: schema.shows_one(root), side: *side, path, ..Document::query(name, text) }
}
