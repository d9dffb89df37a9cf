//! Counts aliases, directives and repeated fields of a document as written, each fragment once.

use std::collections::HashSet;

use async_graphql::parser::types::{Directive, ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Pos, Positioned};

/// The directives of operations. The library passes over others, which the specification forbids.
const KNOWN_DIRECTIVES: [&str; 2] = ["skip", "include"];

/// What a document holds, operations and fragments together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub aliases: usize,
    pub directives: usize,
    /// Fields whose place in the answer an earlier one of the same selection set has taken.
    pub repeats: usize,
    /// Where the first directive stands that no operation has.
    pub unknown_directive: Option<Pos>,
}

/// Counts over the whole document.
pub fn tally(document: &ExecutableDocument) -> Tally {
    let mut tally = Tally::default();
    for (_, operation) in document.operations.iter() {
        tally.meet(&operation.node.directives);
        for variable in &operation.node.variable_definitions {
            tally.meet(&variable.node.directives);
        }
        tally.add(&operation.node.selection_set.node);
    }
    for fragment in document.fragments.values() {
        tally.meet(&fragment.node.directives);
        tally.add(&fragment.node.selection_set.node);
    }
    tally
}

impl Tally {
    fn meet(&mut self, directives: &[Positioned<Directive>]) {
        self.directives += directives.len();
        let unknown =
            directives.iter().find(|directive| !KNOWN_DIRECTIVES.contains(&directive.node.name.node.as_str()));
        self.unknown_directive = self.unknown_directive.or(unknown.map(|directive| directive.pos));
    }

    /// Recurses as deep as the text is nested, which was limited before it was parsed.
    fn add(&mut self, set: &SelectionSet) {
        let mut taken = HashSet::new();
        for selection in &set.items {
            self.meet(selection.node.directives());
            match &selection.node {
                Selection::Field(field) => {
                    self.aliases += usize::from(field.node.alias.is_some());
                    self.repeats += usize::from(!taken.insert(field.node.response_key().node.as_str()));
                    self.add(&field.node.selection_set.node);
                }
                Selection::InlineFragment(fragment) => self.add(&fragment.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
}
