//! A document of the walk, and where what it is about stands in its answer.

use async_graphql::parser::types::FieldDefinition;
use serde_json::{Value, json};

use super::schema::{Schema, name_of};
use super::selection::Side;

pub struct Document {
    /// The fields that lead to what it is about, and the type where there are several.
    pub way: String,
    pub text: String,
    pub variables: Value,
    /// Whether the field at its root shows one object, so that there is nothing to become more of.
    pub reads_one: bool,
    pub side: Side,
    /// Below the root's field, `page`.
    pub path: Vec<String>,
}

impl Document {
    /// A query that is asked without variables.
    pub fn query(way: String, text: String) -> Self {
        Self { way, text, variables: json!({}), reads_one: false, side: Side::Nodes, path: Vec::new() }
    }

    /// What it is called, the same among few rows and among many.
    pub fn name(&self) -> String {
        match self.side {
            Side::Nodes => self.way.clone(),
            Side::Edges => format!("{} by edges", self.way),
        }
    }

    /// How many of what it is about an answer has.
    pub fn found(&self, data: &Value) -> usize {
        count(&data["page"], &self.path)
    }
}

/// The fields that lead from a field's object, or from a connection, to what is counted.
pub fn path_of(schema: &Schema, field: &FieldDefinition, side: Side) -> Vec<String> {
    let is_connection = schema.listed(name_of(&field.ty.node)).is_some();
    let path: &[&str] = if is_connection { side.path() } else { &[] };
    path.iter().map(|name| (*name).to_owned()).collect()
}

fn count(value: &Value, path: &[String]) -> usize {
    match (value, path.split_first()) {
        (Value::Array(values), _) => values.iter().map(|value| count(value, path)).sum(),
        (Value::Null, _) => 0,
        (value, Some((name, rest))) => count(&value[name.as_str()], rest),
        (_, None) => 1,
    }
}
