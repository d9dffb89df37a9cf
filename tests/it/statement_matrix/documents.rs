//! The documents: every field of the query, and below each list all that it leads to, three levels deep.
//!
//! A level is an object or a list that stands for itself: payments, their bills, the bills' billers. What only belongs
//! to an object, such as an amount or a receipt, is read with it. There is one document for each way of two levels, which
//! reads everything of the third; a list of an interface has one for each of its types. What is found by its id, or is
//! an event, leads to what has a list of its own, and is read one level deep.

use async_graphql::parser::types::FieldDefinition;
use serde_json::Value;

use super::arguments;
use super::schema::{Schema, is_list, is_needed, name_of};
use super::world::World;

/// As many as a page may have.
const PAGE: &str = "first: 100";
const QUERY: &str = "Query";

/// A document, and where what it is about stands in its answer.
pub struct Document {
    /// The fields that lead there, and the type where there are several.
    pub name: String,
    pub text: String,
    /// Whether the field at its root shows one object.
    pub reads_one: bool,
    /// Below the root's field, `page`.
    path: Vec<String>,
}

/// The documents for what there is; always in the same order.
pub fn all(schema: &Schema, world: &World) -> Vec<Document> {
    let mut documents = Vec::new();
    for root in schema.fields(QUERY) {
        let kind = name_of(&root.ty.node);
        let listed = schema.listed(kind);
        let kind = listed.unwrap_or(kind);
        let reads_one = listed.is_none() && !is_list(root);
        if schema.is_interface(kind) {
            let kinds = schema.implementers(kind);
            documents.extend(kinds.into_iter().map(|kind| of_type(schema, world, root, kind)));
        } else if reads_one {
            documents.push(document(schema, world, Way { root, kind, fields: &[], below: 1 }));
        } else {
            documents.extend(of_list(schema, world, root, kind));
        }
    }
    documents
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
            for next in [vec![target], schema.implementers(target)].concat() {
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
    fields: &'a [&'a FieldDefinition],
    below: usize,
}

/// One for each way through two levels, or to where no way leads on.
fn of_list(schema: &Schema, world: &World, root: &FieldDefinition, kind: &str) -> Vec<Document> {
    let mut documents = Vec::new();
    let firsts = steps(schema, kind);
    if firsts.is_empty() {
        documents.push(document(schema, world, Way { root, kind, fields: &[], below: 0 }));
    }
    for first in firsts {
        let seconds = steps(schema, target(schema, first));
        if seconds.is_empty() {
            documents.push(document(schema, world, Way { root, kind, fields: &[first], below: 0 }));
        }
        for second in seconds {
            documents.push(document(schema, world, Way { root, kind, fields: &[first, second], below: 1 }));
        }
    }
    documents
}

/// Of a list, or a field, of an interface: what it shows of one type.
fn of_type(schema: &Schema, world: &World, root: &FieldDefinition, kind: &str) -> Document {
    let mut made = document(schema, world, Way { root, kind, fields: &[], below: 1 });
    made.name = format!("{} of {kind}", made.name);
    made
}

fn document(schema: &Schema, world: &World, way: Way<'_>) -> Document {
    let Way { root, kind, fields, below } = way;
    let mut inner = selection(schema, kind, fields, below);
    let declared = name_of(&root.ty.node);
    let page = schema.listed(declared);
    if schema.is_interface(page.unwrap_or(declared)) {
        inner = format!("__typename ... on {kind} {{ {inner} }}");
    }
    if page.is_some() {
        inner = format!("{} nodes {{ {inner} }}", values(schema, declared));
    }
    let arguments = arguments::at_root(root, kind, PAGE, world);
    let mut path: Vec<String> = page.map(|_| "nodes".to_owned()).into_iter().collect();
    for field in fields {
        path.push(field.name.node.to_string());
        path.extend(schema.listed(name_of(&field.ty.node)).map(|_| "nodes".to_owned()));
    }
    let names = std::iter::once(&root).chain(fields).map(|field| field.name.node.as_str());
    Document {
        name: names.collect::<Vec<_>>().join("."),
        text: format!("{{ page: {}{arguments} {{ {inner} }} }}", root.name.node),
        reads_one: page.is_none() && !is_list(root),
        path,
    }
}

/// All values of a type, and what `fields` lead to; behind the last of them so many levels more.
fn selection(schema: &Schema, kind: &str, fields: &[&FieldDefinition], below: usize) -> String {
    let mut text = values(schema, kind);
    let mut enter = |field: &FieldDefinition, fields: &[&FieldDefinition], below: usize| {
        let inner = selection(schema, target(schema, field), fields, below);
        let inner = match schema.listed(name_of(&field.ty.node)) {
            Some(_) => format!("nodes {{ {inner} }}"),
            None => inner,
        };
        text.push_str(&format!(" {} {{ {inner} }}", field.name.node));
    };
    match fields.split_first() {
        Some((first, rest)) => enter(first, rest, below),
        None if below > 0 => steps(schema, kind).into_iter().for_each(|field| enter(field, &[], below - 1)),
        None => {}
    }
    text
}

/// The fields that lead on.
fn steps<'a>(schema: &'a Schema, kind: &str) -> Vec<&'a FieldDefinition> {
    schema.fields(kind).into_iter().filter(|field| !schema.is_plain(field)).collect()
}

/// What a field shows, or lists.
fn target<'a>(schema: &'a Schema, field: &'a FieldDefinition) -> &'a str {
    let kind = name_of(&field.ty.node);
    schema.listed(kind).unwrap_or(kind)
}

/// The values of a type, with those of what belongs to it; of an interface those that all its types have.
fn values(schema: &Schema, kind: &str) -> String {
    let mut text = "__typename".to_owned();
    let is_of_page = |field: &FieldDefinition| field.name.node == "nodes" || field.name.node == "edges";
    for field in schema.fields(kind).into_iter().filter(|field| schema.is_plain(field) && !is_of_page(field)) {
        let target = name_of(&field.ty.node);
        text.push(' ');
        text.push_str(field.name.node.as_str());
        if !schema.is_value(target) {
            text.push_str(&format!(" {{ {} }}", values(schema, target)));
        }
    }
    text
}

impl Document {
    /// How many of what it is about an answer has.
    pub fn found(&self, data: &Value) -> usize {
        count(&data["page"], &self.path)
    }
}

fn count(value: &Value, path: &[String]) -> usize {
    match (value, path.split_first()) {
        (Value::Array(values), _) => values.iter().map(|value| count(value, path)).sum(),
        (Value::Null, _) => 0,
        (value, Some((name, rest))) => count(&value[name.as_str()], rest),
        (_, None) => 1,
    }
}
