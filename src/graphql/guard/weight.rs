//! What an operation may cost, counted without executing it.
//!
//! Every selection set has a [`Weight`]; that of a fragment is computed once and remembered, so that a document is
//! weighed in one pass however often its fragments are spread. All sums saturate. A fragment that contains itself or
//! is not defined is refused here, before any code that would follow it.

use std::collections::HashMap;

use async_graphql::parser::types::{ExecutableDocument, Field, FragmentSpread, Selection, SelectionSet};
use async_graphql::{Name, Pos, Positioned, Value, Variables};

use crate::graphql::request_error::{Fault, RequestError};

/// Objects in a page that names no size; the largest page.
const PAGE_DEFAULT: usize = 20;
const PAGE_LARGEST: i64 = 100;
/// The most payments of a bulk, which are listed without a page.
const BULK_LARGEST: usize = 50;
/// The mutations that make something at a provider, or send to a receiver, and hold their answer back for it.
const WAITING_MUTATIONS: [&str; 5] =
    ["createPayment", "createBulkPayment", "createControlNumber", "createControlNumbers", "sendTestWebhook"];

/// The cost of a selection set, fragments written out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// Fields, inline fragments and spreads.
    pub selections: usize,
    /// Levels of fields.
    pub depth: usize,
    /// Levels of selection sets below this one, those of fragments too.
    pub levels: usize,
    /// Fields, those below a page counted as often as the page has objects.
    pub complexity: usize,
    /// Levels of those introspection lists that can contain each other.
    pub introspection_lists: usize,
    /// The fields of the first level.
    pub level: Level,
}

/// The fields of one level, those in its fragments included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    pub fields: usize,
    /// `__schema` and `__type`.
    pub introspection: usize,
    /// `__typename`.
    pub type_names: usize,
    /// Mutations that wait for a provider or a receiver.
    pub waiting_mutations: usize,
    /// `edges` and `nodes`, by which a page is known.
    pub page_fields: usize,
}

impl Weight {
    fn beside(self, other: Self) -> Self {
        Self {
            selections: self.selections.saturating_add(other.selections),
            depth: self.depth.max(other.depth),
            levels: self.levels.max(other.levels),
            complexity: self.complexity.saturating_add(other.complexity),
            introspection_lists: self.introspection_lists.max(other.introspection_lists),
            level: self.level.beside(other.level),
        }
    }

    fn within_fragment(self) -> Self {
        Self { selections: self.selections.saturating_add(1), levels: self.levels.saturating_add(1), ..self }
    }

    fn within_field(self, name: &str, objects: usize) -> Self {
        Self {
            selections: self.selections.saturating_add(1),
            depth: self.depth.saturating_add(1),
            // A field that selects nothing opens no level.
            levels: self.levels.saturating_add(usize::from(self.selections > 0)),
            complexity: self.complexity.saturating_mul(objects).saturating_add(1),
            introspection_lists: self.introspection_lists.saturating_add(usize::from(is_introspection_list(name))),
            level: Level::of(name),
        }
    }
}

impl Level {
    fn of(name: &str) -> Self {
        Self {
            fields: 1,
            introspection: usize::from(matches!(name, "__schema" | "__type")),
            type_names: usize::from(name == "__typename"),
            waiting_mutations: usize::from(WAITING_MUTATIONS.contains(&name)),
            page_fields: usize::from(matches!(name, "edges" | "nodes")),
        }
    }

    fn beside(self, other: Self) -> Self {
        Self {
            fields: self.fields.saturating_add(other.fields),
            introspection: self.introspection.saturating_add(other.introspection),
            type_names: self.type_names.saturating_add(other.type_names),
            waiting_mutations: self.waiting_mutations.saturating_add(other.waiting_mutations),
            page_fields: self.page_fields.saturating_add(other.page_fields),
        }
    }

    /// Whether introspection is all that is asked.
    pub const fn is_introspection(self) -> bool {
        self.introspection > 0 && self.introspection.saturating_add(self.type_names) == self.fields
    }
}

fn is_introspection_list(name: &str) -> bool {
    matches!(name, "fields" | "interfaces" | "possibleTypes" | "inputFields")
}

/// Weighs the parts of one document with one set of variables.
pub struct Scales<'a> {
    document: &'a ExecutableDocument,
    variables: &'a Variables,
    fragments: HashMap<&'a str, Fragment>,
    /// Selections that were looked at: the work done, which tests compare with the document's length.
    #[cfg(test)]
    pub visited: usize,
}

enum Fragment {
    BeingWeighed,
    Weighed(Weight),
}

impl<'a> Scales<'a> {
    pub fn new(document: &'a ExecutableDocument, variables: &'a Variables) -> Self {
        Self {
            document,
            variables,
            fragments: HashMap::with_capacity(document.fragments.len()),
            #[cfg(test)]
            visited: 0,
        }
    }

    /// Weighs every fragment, used or not, so that no cycle remains anywhere.
    pub fn weigh_fragments(&mut self) -> Result<(), RequestError> {
        let document = self.document;
        for (name, fragment) in &document.fragments {
            self.fragment(name, fragment.pos)?;
        }
        Ok(())
    }

    /// Weighs a selection set.
    pub fn weigh(&mut self, set: &'a SelectionSet) -> Result<Weight, RequestError> {
        set.items.iter().try_fold(Weight::default(), |sum, selection| Ok(sum.beside(self.selection(&selection.node)?)))
    }

    fn selection(&mut self, selection: &'a Selection) -> Result<Weight, RequestError> {
        #[cfg(test)]
        {
            self.visited += 1;
        }
        match selection {
            Selection::Field(field) => self.field(&field.node),
            Selection::InlineFragment(fragment) => Ok(self.weigh(&fragment.node.selection_set.node)?.within_fragment()),
            Selection::FragmentSpread(spread) => self.spread(spread),
        }
    }

    fn field(&mut self, field: &'a Field) -> Result<Weight, RequestError> {
        let below = self.weigh(&field.selection_set.node)?;
        let objects = self.objects(field, below.level);
        Ok(below.within_field(&field.name.node, objects))
    }

    fn spread(&mut self, spread: &'a Positioned<FragmentSpread>) -> Result<Weight, RequestError> {
        Ok(self.fragment(&spread.node.fragment_name.node, spread.pos)?.within_fragment())
    }

    fn fragment(&mut self, name: &'a Name, position: Pos) -> Result<Weight, RequestError> {
        match self.fragments.get(name.as_str()) {
            Some(Fragment::Weighed(weight)) => return Ok(*weight),
            Some(Fragment::BeingWeighed) => return Err(RequestError::at(Fault::FragmentCycle, position)),
            None => {}
        }
        let document = self.document;
        let Some(fragment) = document.fragments.get(name) else {
            return Err(RequestError::at(Fault::UnknownFragment, position));
        };
        self.fragments.insert(name, Fragment::BeingWeighed);
        let weight = self.weigh(&fragment.node.selection_set.node)?;
        self.fragments.insert(name, Fragment::Weighed(weight));
        Ok(weight)
    }

    /// How many objects a field may bring: the page it asks for, the ids it names, or one.
    fn objects(&self, field: &Field, below: Level) -> usize {
        let page = ["first", "last"].into_iter().filter_map(|name| self.page_size(field, name)).max();
        let unnamed = match (below.page_fields > 0, field.name.node.as_str()) {
            (true, _) => PAGE_DEFAULT,
            (false, "payments") => BULK_LARGEST,
            (false, _) => 1,
        };
        page.or_else(|| self.list_length(field, "ids")).unwrap_or(unnamed)
    }

    /// A size outside the permitted is refused by the resolver; here it counts as the nearest permitted.
    fn page_size(&self, field: &Field, name: &str) -> Option<usize> {
        let Value::Number(number) = self.argument(field, name)? else { return None };
        let size = number.as_i64()?.clamp(1, PAGE_LARGEST);
        usize::try_from(size).ok()
    }

    fn list_length(&self, field: &Field, name: &str) -> Option<usize> {
        match self.argument(field, name)? {
            Value::List(items) => Some(items.len().max(1)),
            _ => None,
        }
    }

    fn argument(&self, field: &Field, name: &str) -> Option<Value> {
        let written = field.get_argument(name)?.node.clone();
        written.into_const_with(|variable| self.variables.get(&variable).cloned().ok_or(())).ok()
    }
}
