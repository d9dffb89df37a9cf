//! What a document reads of a type, as text.
//!
//! All values of each object are read, and with them what only belongs to it; of a connection whatever stands beside its
//! rows, too. Where an object may be of several types, it is read as each of them. Two of those may have fields of one
//! name and of different types, for which a careful client has another name each; the server takes them as they are.

use async_graphql::parser::types::FieldDefinition;

use super::schema::{Schema, name_of};

/// By which of its fields the rows of a connection are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Nodes,
    Edges,
}

impl Side {
    /// The fields that lead from a connection to its rows.
    pub const fn path(self) -> &'static [&'static str] {
        match self {
            Self::Nodes => &["nodes"],
            Self::Edges => &["edges", "node"],
        }
    }
}

/// Writes what is read of the schema's types.
#[derive(Clone, Copy)]
pub struct Selection<'a> {
    pub schema: &'a Schema,
    pub side: Side,
}

impl Selection<'_> {
    /// What some fields lead to one behind the other, and behind the last of them so many levels more.
    pub fn along(&self, kind: &str, fields: &[&FieldDefinition], below: usize) -> String {
        let Some((first, rest)) = fields.split_first() else { return self.below(kind, below) };
        let inner = self.along(self.schema.target(first), rest, below);
        format!("{} {}", self.values(kind), self.enter(first, &inner))
    }

    /// All of a type down to so many levels: what stands for itself is one.
    pub fn below(&self, kind: &str, levels: usize) -> String {
        if let Some(kinds) = self.schema.possible(kind) {
            let each = kinds.into_iter().map(|kind| format!(" ... on {kind} {{ {} }}", self.below(kind, levels)));
            return std::iter::once("__typename".to_owned()).chain(each).collect();
        }
        let mut text = self.values(kind);
        for field in self.schema.steps(kind).into_iter().filter(|_| levels > 0) {
            let inner = self.below(self.schema.target(field), levels - 1);
            text.push(' ');
            text.push_str(&self.enter(field, &inner));
        }
        text
    }

    /// What is read of a field's objects, where they are rows of a connection within its rows.
    pub fn shown(&self, field: &FieldDefinition, inner: &str) -> String {
        let declared = name_of(&field.ty.node);
        if self.schema.listed(declared).is_none() {
            return inner.to_owned();
        }
        let beside = self.values(declared);
        match self.side {
            Side::Nodes => format!("{beside} nodes {{ {inner} }}"),
            Side::Edges => {
                let edge = self.values(self.schema.target(self.schema.field(declared, "edges")));
                format!("{beside} edges {{ {edge} node {{ {inner} }} }}")
            }
        }
    }

    fn enter(&self, field: &FieldDefinition, inner: &str) -> String {
        format!("{} {{ {} }}", field.name.node, self.shown(field, inner))
    }

    /// The values of a type, with those of what belongs to it.
    fn values(&self, kind: &str) -> String {
        let mut text = "__typename".to_owned();
        for field in self.schema.fields(kind).into_iter().filter(|field| self.schema.is_plain(field)) {
            let target = name_of(&field.ty.node);
            text.push(' ');
            text.push_str(field.name.node.as_str());
            if !self.schema.is_value(target) {
                text.push_str(&format!(" {{ {} }}", self.values(target)));
            }
        }
        text
    }
}
