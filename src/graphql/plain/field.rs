//! The plain fields of an object, each by its name in the schema.
//!
//! A field is plain where it follows from the object, from what is [`AtHand`] and from nothing else, and takes no
//! argument. Its writer tells what its resolver tells, to the same requesters.
//!
//! Some plain fields are *brief* too: those that lists usually ask for. They follow from the few columns that the store
//! reads for a brief page (`store::payment_page::brief`), so that a page that asks for them alone reads nothing else
//! ([`super::brief`]). A field is brief where its table says so; one that needs another column must not say it.

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
/// Writes a field that is an object.
type WritePart<O> = Box<dyn Fn(&O, &AtHand<'_>, &mut Json) -> Told + Send + Sync>;
/// Makes a part of what was selected; None where that asks for anything that is not plain.
pub type Compile<O> = fn(&SelectionSet, &Fragments) -> Option<Part<O>>;

/// A field that is an object, as far as it was selected.
pub struct Part<O> {
    /// Writes it.
    pub write: WritePart<O>,
    /// Whether all that was selected of it is brief.
    pub is_brief: bool,
}

impl<O: 'static> Part<O> {
    /// A part that is written by a plan of its own.
    pub fn by<P: Plain>(
        plan: Plan<P>,
        write: impl Fn(&Plan<P>, &O, &AtHand<'_>, &mut Json) -> Told + Send + Sync + 'static,
    ) -> Self {
        let is_brief = plan.is_brief();
        let write = move |whole: &O, at_hand: &AtHand<'_>, json: &mut Json| write(&plan, whole, at_hand, json);
        Self { write: Box::new(write), is_brief }
    }
}

/// An object with plain fields.
pub trait Plain: Sized + 'static {
    /// Its name in the schema.
    const TYPE: &'static str;
    /// The interfaces that it implements.
    const INTERFACES: &'static [&'static str];
    /// Whether all its fields are brief: it is in memory, or always read as a whole.
    const ALL_BRIEF: bool = false;

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
    /// Whether its table says that it is brief.
    pub is_brief: bool,
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
        Self { name, is_brief: false, writer: Writer::Leaf(write) }
    }

    /// A field that is an object.
    pub const fn part(name: &'static str, of: &'static str, compile: Compile<O>) -> Self {
        Self { name, is_brief: false, writer: Writer::Part { of, compile } }
    }

    /// The same field as a brief one.
    pub const fn brief(mut self) -> Self {
        self.is_brief = true;
        self
    }
}

/// The writer of an object that another one holds; null where it holds none.
pub fn held<O: 'static, P: Plain>(
    set: &SelectionSet,
    fragments: &Fragments,
    find: fn(&O) -> Option<&P>,
) -> Option<Part<O>> {
    let plan = Plan::<P>::of(set, fragments)?;
    Some(Part::by(plan, move |plan, whole: &O, at_hand, json| match find(whole) {
        Some(part) => plan.write(part, at_hand, json),
        None => json.null(),
    }))
}
