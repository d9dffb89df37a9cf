//! Whether what is asked for stands in the document in one piece.
//!
//! `{ payments { nodes { id } } payments { nodes { status } } }` is valid: the library resolves both parts and merges
//! the objects, field by field. An object that was written at once cannot be merged with another. So where any field
//! that has fields of its own is asked for twice in one place, nothing of that operation is written at once.

use std::collections::HashMap;

use async_graphql::parser::types::{Field, Selection, SelectionSet};

use super::field::Fragments;

/// Whether no object of a selection set, at any depth, is asked for in parts. Looks at each selection once, with
/// fragments written out. What stands in fragments on different types counts as one place. An object of which all is
/// skipped looks like a value, since `@skip` and `@include` are gone by then: so one key may stand twice for values alone.
pub fn is_whole(set: &SelectionSet, fragments: &Fragments) -> bool {
    let mut fields = Vec::new();
    gather(set, fragments, &mut fields);
    let mut taken: HashMap<&str, bool> = HashMap::with_capacity(fields.len());
    fields.iter().all(|field| {
        let below = &field.selection_set.node;
        let is_object = !below.items.is_empty();
        let before = taken.insert(field.response_key().node.as_str(), is_object);
        before.is_none_or(|was_object| !was_object && !is_object) && is_whole(below, fragments)
    })
}

fn gather<'a>(set: &'a SelectionSet, fragments: &'a Fragments, fields: &mut Vec<&'a Field>) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => fields.push(&field.node),
            Selection::InlineFragment(fragment) => gather(&fragment.node.selection_set.node, fragments, fields),
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = fragments.get(&spread.node.fragment_name.node) {
                    gather(&fragment.node.selection_set.node, fragments, fields);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use async_graphql::parser::types::DocumentOperations;

    use super::*;

    #[test]
    fn an_object_of_which_one_part_was_skipped_is_still_in_two_parts() {
        let mut document = parse_query("{ a { b } a { c } }").expect("a document");
        let DocumentOperations::Single(operation) = &mut document.operations else { panic!("one operation") };
        let set = &mut operation.node.selection_set.node;
        let Selection::Field(first) = &mut set.items[0].node else { panic!("a field") };
        // As the library leaves `a { b @skip(if: true) }`.
        first.node.selection_set.node.items.clear();
        assert!(!is_whole(set, &document.fragments));
        let Selection::Field(second) = &mut set.items[1].node else { panic!("a field") };
        second.node.selection_set.node.items.clear();
        assert!(is_whole(set, &document.fragments), "both are empty, and so alike");
    }

    fn whole(document: &str) -> bool {
        let document = parse_query(document).expect("a document");
        let DocumentOperations::Single(operation) = document.operations else { panic!("one operation") };
        is_whole(&operation.node.selection_set.node, &document.fragments)
    }

    #[test]
    fn values_may_be_asked_for_twice_and_objects_in_other_places_too() {
        for document in [
            "{ a a b { c c d { e } } d { e } }",
            "{ a: payments { id } b: payments { id } }",
            "{ a { ...F } b { ...F } } fragment F on T { c { d } }",
            "{ a { b @include(if: true) } ... { c { d } } }",
        ] {
            assert!(whole(document), "{document}");
        }
    }

    #[test]
    fn an_object_in_two_parts_is_found_wherever_they_stand() {
        for document in [
            "{ a { b } a { c } }",
            "{ a { b } x: d { e } ... { a { c } } }",
            "{ a: x { b } ... on Query { ... { a: x { b } } } }",
            "{ a { b { ...F c { d } } } } fragment F on T { c { e } }",
            "{ a { ...F ...F } } fragment F on T { c { e } }",
        ] {
            assert!(!whole(document), "{document}");
        }
    }
}
