//! How many things a mutation makes, by which its tenant's rate is limited.
//!
//! Every field `create…` or `save…` makes one thing, or as many as the longest list in its input has items, as those of
//! a bulk. A webhook endpoint is one thing whatever its lists hold, and so is what has webhooks sent. A field under `@skip` or `@include` counts like any other. The operation was weighed before, so following
//! its fragments as often as they are spread stays within the limit of selections.

use std::convert::Infallible;

use async_graphql::parser::types::{ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::{Name, Value, Variables};

/// What marks a variable among constant values. No name in a document begins with it.
const MARK: char = '$';
/// The beginnings of the names of mutations that make something.
const MAKERS: [&str; 2] = ["create", "save"];
/// Mutations that count as one thing each, whatever lists their input has.
const ONE_EACH: [&str; 3] = ["createWebhookEndpoint", "sendTestWebhook", "replayWebhooks"];

/// Counts what the fields of a mutation's first level make.
pub fn count(document: &ExecutableDocument, set: &SelectionSet, variables: &Variables) -> usize {
    let made = set.items.iter().map(|selection| match &selection.node {
        Selection::Field(field) => by_field(&field.node, variables),
        Selection::InlineFragment(fragment) => count(document, &fragment.node.selection_set.node, variables),
        Selection::FragmentSpread(spread) => document
            .fragments
            .get(&spread.node.fragment_name.node)
            .map_or(0, |fragment| count(document, &fragment.node.selection_set.node, variables)),
    });
    made.fold(0, usize::saturating_add)
}

fn by_field(field: &Field, variables: &Variables) -> usize {
    if ONE_EACH.contains(&field.name.node.as_str()) {
        return 1;
    }
    if !MAKERS.iter().any(|maker| field.name.node.starts_with(maker)) {
        return 0;
    }
    let Some(input) = field.get_argument("input") else { return 1 };
    let Ok(input) = input.node.clone().into_const_with(marked);
    let items = match found(&input, variables) {
        Some(Value::Object(members)) => members.values().map(|member| length(found(member, variables))).max(),
        _ => None,
    };
    items.unwrap_or(0).max(1)
}

/// A variable, so that its value is looked at where it is, and not copied to be counted.
fn marked(variable: Name) -> Result<Value, Infallible> {
    Ok(Value::Enum(Name::new(format!("{MARK}{variable}"))))
}

/// What stands at a place: the value itself, or that of the variable; none where the variable has none.
fn found<'a>(value: &'a Value, variables: &'a Variables) -> Option<&'a Value> {
    match value {
        Value::Enum(name) => match name.as_str().strip_prefix(MARK) {
            Some(variable) => variables.get(variable),
            None => Some(value),
        },
        value => Some(value),
    }
}

fn length(value: Option<&Value>) -> usize {
    match value {
        Some(Value::List(items)) => items.len(),
        _ => 0,
    }
}
