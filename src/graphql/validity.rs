//! What is known to be valid, so that it is not validated again.
//!
//! Whether a document is valid depends on the document, and on its variables as far as their values are compared with
//! types. A variable of a built-in type ([`PLAIN`]) passes or fails by the kind of its value alone, wherever it stands:
//! [`super::places`] has demanded the same type of the variable and of the place. So the kinds of all variables
//! ([`Kinds`]), with the document, decide. Variables of other types have no kinds here, and neither have documents of several
//! operations, whose fragments share variables: such documents are validated at each execution, and so are mutations.

use std::sync::{Mutex, PoisonError};

use async_graphql::parser::types::{BaseType, ExecutableDocument, OperationType, VariableDefinition};
use async_graphql::{Value, Variables};

/// The built-in types by whose values' kinds validation decides.
const PLAIN: [&str; 4] = ["Boolean", "ID", "Int", "String"];
/// Bits of one kind.
const KIND_BITS: usize = 3;
/// More variables than this have no kinds.
const MOST_VARIABLES: usize = 16;
/// Kinds that are remembered of one document.
const MOST_KINDS: usize = 16;

/// The kinds of a query's variables, in the order of their definitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(u64);

impl Kinds {
    /// The kinds of the variables with which a document is to be executed; None where they do not decide.
    pub fn of(document: &ExecutableDocument, variables: &Variables) -> Option<Self> {
        let mut operations = document.operations.iter();
        let (Some((_, operation)), None) = (operations.next(), operations.next()) else { return None };
        let definitions = &operation.node.variable_definitions;
        if operation.node.ty != OperationType::Query || definitions.len() > MOST_VARIABLES {
            return None;
        }
        let kinds = definitions
            .iter()
            .try_fold(0, |kinds, definition| Some((kinds << KIND_BITS) | kind(&definition.node, variables)?));
        kinds.map(Self)
    }
}

fn kind(definition: &VariableDefinition, variables: &Variables) -> Option<u64> {
    match &definition.var_type.node.base {
        BaseType::Named(name) if PLAIN.contains(&name.as_str()) => {}
        BaseType::Named(_) | BaseType::List(_) => return None,
    }
    match variables.get(&definition.name.node) {
        None => Some(0),
        Some(Value::Null) => Some(1),
        Some(Value::Boolean(_)) => Some(2),
        Some(Value::Number(number)) if number.is_i64() => Some(3),
        Some(Value::String(_)) => Some(4),
        Some(Value::Number(_) | Value::Binary(_) | Value::Enum(_) | Value::List(_) | Value::Object(_)) => None,
    }
}

/// With which kinds of variables one document was found valid.
#[derive(Debug, Default)]
pub struct Validity(Mutex<Vec<Kinds>>);

impl Validity {
    /// Whether the document was found valid with such variables.
    pub fn is_known(&self, kinds: Kinds) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&kinds)
    }

    /// Remembers that it was.
    pub fn note(&self, kinds: Kinds) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST_KINDS && !known.contains(&kinds) {
            known.push(kinds);
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use async_graphql::value;

    use super::*;

    fn kinds(document: &str, variables: Value) -> Option<Kinds> {
        let variables = Variables::from_value(variables);
        Kinds::of(&parse_query(document).expect("a document"), &variables)
    }

    #[test]
    fn values_of_one_kind_are_alike_and_others_are_not() {
        let document = "query ($first: Int, $after: String) { a(first: $first, after: $after) }";
        let one = kinds(document, value!({ "first": 1, "after": "x" }));
        assert!(one.is_some());
        assert_eq!(one, kinds(document, value!({ "first": 20, "after": "another", "more": 1 })));
        for other in [
            value!({}),
            value!({ "first": 1 }),
            value!({ "first": 1, "after": null }),
            value!({ "first": "1", "after": "x" }),
            value!({ "first": 1, "after": 1 }),
            value!({ "first": true, "after": "x" }),
        ] {
            assert_ne!(one, kinds(document, other.clone()), "{other}");
        }
    }

    #[test]
    fn where_kinds_do_not_decide_there_are_none() {
        for (document, variables) in [
            ("query ($status: PaymentStatus) { a(status: $status) }", value!({ "status": "READY" })),
            ("query ($ids: [ID!]!) { a(ids: $ids) }", value!({ "ids": ["1"] })),
            ("query ($first: Int) { a(first: $first) }", value!({ "first": [1] })),
            ("query ($first: Int) { a(first: $first) }", value!({ "first": { "x": 1 } })),
            ("query A { a } query B { b }", value!({})),
            ("mutation { a }", value!({})),
            ("subscription { a }", value!({})),
        ] {
            assert_eq!(kinds(document, variables), None, "{document}");
        }
        assert!(kinds("{ a }", value!({})).is_some());
    }

    #[test]
    fn what_was_noted_is_known_and_nothing_else() {
        let validity = Validity::default();
        assert!(!validity.is_known(Kinds(3)));
        validity.note(Kinds(3));
        assert!(validity.is_known(Kinds(3)) && !validity.is_known(Kinds(4)));
        (0..100).for_each(|number| validity.note(Kinds(number)));
        assert_eq!(validity.0.lock().unwrap().len(), MOST_KINDS);
    }
}
