//! Plans: what a selection set asks of an object, in the order in which it is written.
//!
//! A selection set of plain fields alone becomes a plan once, and each object of a list is written by it. Keys are
//! escaped, fragments opened and values that are asked for twice are merged beforehand. Whatever else a selection holds
//! (an argument, a directive, a field that is not plain, a fragment on another type, an object in two parts) has no
//! plan: the library resolves it. `@skip` and `@include` are gone when a plan is made; the library obeys them first.
//! Making a plan looks at each selection once, with fragments written out; their number was limited by
//! [`guard`](crate::graphql::guard).

use std::collections::HashMap;

use async_graphql::parser::types::{Field as Asked, Selection, SelectionSet, TypeCondition};

use super::at_hand::AtHand;
use super::field::{Fragments, Leaf, Part, Plain, Writer};
use super::json::{Json, Told};

/// How the objects of one selection set are written.
pub struct Plan<O: 'static> {
    steps: Vec<Step<O>>,
    /// Whether each of its fields is brief, at every depth.
    is_brief: bool,
}

/// One field of the answer.
struct Step<O: 'static> {
    /// Its key, with all that stands between the value before it and its own.
    before: Vec<u8>,
    write: Write<O>,
}

enum Write<O: 'static> {
    TypeName,
    Leaf(Leaf<O>),
    Part(Part<O>),
}

/// A plan that is being made.
struct Draft<'a, O: 'static> {
    fragments: &'a Fragments,
    steps: Vec<Step<O>>,
    /// Whether no field was met yet that is not brief.
    is_brief: bool,
    /// The keys of the answer that are taken, each with the name of its field.
    taken: HashMap<&'a str, &'a str>,
}

impl<O: Plain> Plan<O> {
    /// The plan of a selection set; None where it asks for anything that is not plain.
    pub fn of(set: &SelectionSet, fragments: &Fragments) -> Option<Self> {
        let steps = Vec::with_capacity(set.items.len());
        let mut draft = Draft { fragments, steps, is_brief: true, taken: HashMap::new() };
        draft.add_set(set)?;
        Some(Self { steps: draft.steps, is_brief: draft.is_brief })
    }

    /// Whether it asks for nothing but what a brief page reads.
    pub fn is_brief(&self) -> bool {
        self.is_brief
    }

    /// Writes an object; None where something is not at hand.
    pub fn write(&self, object: &O, at_hand: &AtHand<'_>, json: &mut Json) -> Told {
        json.raw(b"{");
        for step in &self.steps {
            json.raw(&step.before);
            match &step.write {
                Write::TypeName => json.bare(O::TYPE)?,
                Write::Leaf(write) => write(object, at_hand, json)?,
                Write::Part(part) => (part.write)(object, at_hand, json)?,
            }
        }
        json.raw(b"}");
        Some(())
    }
}

impl<'a, O: Plain> Draft<'a, O> {
    fn add_set(&mut self, set: &'a SelectionSet) -> Option<()> {
        set.items.iter().try_for_each(|selection| self.add(&selection.node))
    }

    fn add(&mut self, selection: &'a Selection) -> Option<()> {
        if !selection.directives().is_empty() {
            return None;
        }
        let fragments = self.fragments;
        match selection {
            Selection::Field(field) => self.add_field(&field.node),
            Selection::FragmentSpread(spread) => {
                let fragment = &fragments.get(&spread.node.fragment_name.node)?.node;
                self.add_fragment(Some(&fragment.type_condition.node), &fragment.selection_set.node)
            }
            Selection::InlineFragment(fragment) => {
                let condition = fragment.node.type_condition.as_ref().map(|condition| &condition.node);
                self.add_fragment(condition, &fragment.node.selection_set.node)
            }
        }
    }

    fn add_fragment(&mut self, condition: Option<&TypeCondition>, set: &'a SelectionSet) -> Option<()> {
        let is_ours = condition.is_none_or(|condition| O::is(condition.on.node.as_str()));
        if is_ours { self.add_set(set) } else { None }
    }

    fn add_field(&mut self, field: &'a Asked) -> Option<()> {
        let (key, name) = (field.response_key().node.as_str(), field.name.node.as_str());
        if !field.arguments.is_empty() {
            return None;
        }
        let below = &field.selection_set.node;
        if let Some(taken) = self.taken.insert(key, name) {
            // The same value again adds nothing. An object in two parts would have to be merged.
            return (taken == name && below.items.is_empty()).then_some(());
        }
        let write = self.writer(name, below)?;
        let mut before = if self.steps.is_empty() { Vec::new() } else { b",".to_vec() };
        serde_json::to_writer(&mut before, key).ok()?;
        before.push(b':');
        self.steps.push(Step { before, write });
        Some(())
    }

    fn writer(&mut self, name: &str, below: &SelectionSet) -> Option<Write<O>> {
        if name == "__typename" {
            return Some(Write::TypeName);
        }
        let field = O::fields().iter().find(|field| field.name == name)?;
        self.is_brief &= O::ALL_BRIEF || field.is_brief;
        match field.writer {
            Writer::Leaf(write) => below.items.is_empty().then_some(Write::Leaf(write)),
            Writer::Part { of: _, compile } => {
                let part = compile(below, self.fragments)?;
                self.is_brief &= part.is_brief;
                Some(Write::Part(part))
            }
        }
    }
}

#[cfg(test)]
mod tests;
