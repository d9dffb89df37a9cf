//! The plain fields of an object, each by its name in the schema.
//!
//! A field is plain where it follows from the object, from what is [`AtHand`] and from nothing else, and takes no
//! argument. Its writer tells what its resolver tells, to the same requesters.

use std::collections::HashMap;

use async_graphql::parser::types::{FragmentDefinition, SelectionSet};
use async_graphql::{Name, Positioned};

use super::at_hand::AtHand;
use super::json::{Json, Told};
use super::plan::Plan;

/// The fragments of a document, by name.
pub type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;
/// Writes a field of a value.
pub type Leaf<O> = fn(&O, &AtHand<'_>, &mut Json) -> Told;
/// Writes a field that is an object, as far as it was selected.
pub type Part<O> = Box<dyn Fn(&O, &AtHand<'_>, &mut Json) -> Told + Send + Sync>;
/// Makes such a writer of the selection; None where that asks for anything that is not plain.
pub type Compile<O> = fn(&SelectionSet, &Fragments) -> Option<Part<O>>;

/// An object with plain fields.
pub trait Plain: Sized + 'static {
    /// Its name in the schema.
    const TYPE: &'static str;
    /// The interfaces that it implements.
    const INTERFACES: &'static [&'static str];

    /// Its plain fields.
    fn fields() -> &'static [Field<Self>];

    /// Whether a fragment on this type is about every such object.
    fn is(type_name: &str) -> bool {
        Self::TYPE == type_name || Self::INTERFACES.contains(&type_name)
    }
}

/// A plain field.
pub struct Field<O: 'static> {
    /// Its name in the schema.
    pub name: &'static str,
    /// How it is written.
    pub writer: Writer<O>,
}

/// How a plain field is written.
pub enum Writer<O: 'static> {
    /// A value.
    Leaf(Leaf<O>),
    /// An object of a type with plain fields.
    Part { of: &'static str, compile: Compile<O> },
}

impl<O: 'static> Field<O> {
    /// A field that is a value.
    pub const fn leaf(name: &'static str, write: Leaf<O>) -> Self {
        Self { name, writer: Writer::Leaf(write) }
    }

    /// A field that is an object.
    pub const fn part(name: &'static str, of: &'static str, compile: Compile<O>) -> Self {
        Self { name, writer: Writer::Part { of, compile } }
    }
}

/// The writer of an object that another one holds; null where it holds none.
pub fn held<O: 'static, P: Plain>(
    set: &SelectionSet,
    fragments: &Fragments,
    find: fn(&O) -> Option<&P>,
) -> Option<Part<O>> {
    let plan = Plan::<P>::of(set, fragments)?;
    Some(Box::new(move |whole: &O, at_hand: &AtHand<'_>, json: &mut Json| match find(whole) {
        Some(part) => plan.write(part, at_hand, json),
        None => json.null(),
    }))
}
