//! Counts aliases and directives of a document as written, each fragment once.

use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};

/// What a document holds, operations and fragments together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub aliases: usize,
    pub directives: usize,
}

/// Counts over the whole document.
pub fn tally(document: &ExecutableDocument) -> Tally {
    let mut tally = Tally::default();
    for (_, operation) in document.operations.iter() {
        tally.directives += operation.node.directives.len();
        tally.directives +=
            operation.node.variable_definitions.iter().map(|variable| variable.node.directives.len()).sum::<usize>();
        tally.add(&operation.node.selection_set.node);
    }
    for fragment in document.fragments.values() {
        tally.directives += fragment.node.directives.len();
        tally.add(&fragment.node.selection_set.node);
    }
    tally
}

impl Tally {
    /// Recurses as deep as the text is nested, which was limited before it was parsed.
    fn add(&mut self, set: &SelectionSet) {
        for selection in &set.items {
            self.directives += selection.node.directives().len();
            match &selection.node {
                Selection::Field(field) => {
                    self.aliases += usize::from(field.node.alias.is_some());
                    self.add(&field.node.selection_set.node);
                }
                Selection::InlineFragment(fragment) => self.add(&fragment.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
}
