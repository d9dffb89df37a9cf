//! Where variables may stand: the GraphQL rule that all variable usages are allowed (specification, 5.8.5).
//!
//! Purpose: a variable's type decides where it may be used, before any value is known; what is remembered of documents
//! ([`super::validity`]) relies on it. The library has the rule and does not apply it: its visitor shows no rule what
//! stands within arguments. Mechanism: the schema's own definition, with what introspection adds to it, is read once a
//! process. Of a document that was parsed every fragment is walked once, whoever spreads it, and notes which variable
//! stands where; then each operation's variables are compared with the places that it reaches. Guarantee: linear in the
//! document but for the number of its operations. What the schema does not know is passed over: the library refuses it.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::OnceLock;

use async_graphql::Positioned;
use async_graphql::parser::types::{
    BaseType, ExecutableDocument, FieldDefinition, InputValueDefinition, OperationType, Type, TypeDefinition, TypeKind,
    TypeSystemDefinition,
};
use async_graphql::parser::{Error as ParseError, parse_schema};

use super::request_error::RequestError;
use walk::Walk;

mod walk;

/// What introspection adds: the fields with arguments, and those that lead to them.
const INTROSPECTION: &str = "
extend type Query { __schema: __Schema! __type(name: String!): __Type }
type __Schema { types: [__Type!]! queryType: __Type! mutationType: __Type subscriptionType: __Type
    directives: [__Directive!]! }
type __Type { fields(includeDeprecated: Boolean! = false): [__Field!] interfaces: [__Type!] possibleTypes: [__Type!]
    enumValues(includeDeprecated: Boolean! = false): [__EnumValue!]
    inputFields(includeDeprecated: Boolean! = false): [__InputValue!] ofType: __Type }
type __Field { args(includeDeprecated: Boolean! = false): [__InputValue!]! type: __Type! }
type __Directive { args(includeDeprecated: Boolean! = false): [__InputValue!]! }
type __InputValue { type: __Type! }
";
/// What may be given, by name.
pub(super) type Inputs = HashMap<String, Place>;
/// The fields of a type, by name.
type Fields = HashMap<String, Field>;

/// A place for a value.
pub(super) struct Place {
    pub(super) ty: Type,
    has_default: bool,
}

/// A field: what it takes, and of which type it is.
struct Field {
    arguments: Inputs,
    of: String,
}

/// The places of a schema.
#[derive(Default)]
pub struct Places {
    fields: HashMap<String, Fields>,
    inputs: HashMap<String, Inputs>,
    enums: HashMap<String, HashSet<String>>,
    directives: HashMap<String, Inputs>,
    roots: HashMap<&'static str, String>,
}

/// Without the types, of which there are hundreds.
impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Places").field("types", &self.fields.len()).finish_non_exhaustive()
    }
}

impl Places {
    /// The places of billpay's schema; none where its own definition cannot be read.
    pub fn ours() -> Option<&'static Self> {
        static OURS: OnceLock<Option<Places>> = OnceLock::new();
        let read = || {
            let places = Self::of(&super::sdl());
            places.inspect_err(|error| tracing::error!(%error, "the schema's own definition cannot be read")).ok()
        };
        OURS.get_or_init(read).as_ref()
    }

    /// The places of the schema that is defined so.
    fn of(sdl: &str) -> Result<Self, ParseError> {
        let mut places = Self::default();
        for definition in parse_schema(format!("{sdl}\n{INTROSPECTION}"))?.definitions {
            match definition {
                TypeSystemDefinition::Schema(schema) => {
                    let roots = [
                        ("query", schema.node.query),
                        ("mutation", schema.node.mutation),
                        ("subscription", schema.node.subscription),
                    ];
                    let named = roots.into_iter().filter_map(|(kind, root)| Some((kind, root?.node.to_string())));
                    places.roots.extend(named);
                }
                TypeSystemDefinition::Type(definition) => places.add(definition.node),
                TypeSystemDefinition::Directive(definition) => {
                    let name = definition.node.name.node.to_string();
                    places.directives.insert(name, inputs(definition.node.arguments));
                }
            }
        }
        Ok(places)
    }

    fn add(&mut self, definition: TypeDefinition) {
        let name = definition.name.node.to_string();
        match definition.kind {
            TypeKind::Object(object) => self.fields.entry(name).or_default().extend(fields(object.fields)),
            TypeKind::Interface(interface) => self.fields.entry(name).or_default().extend(fields(interface.fields)),
            TypeKind::InputObject(input) => self.inputs.entry(name).or_default().extend(inputs(input.fields)),
            TypeKind::Enum(definition) => {
                let values = definition.values.into_iter().map(|value| value.node.value.node.to_string());
                self.enums.entry(name).or_default().extend(values);
            }
            TypeKind::Scalar | TypeKind::Union(_) => {}
        }
    }

    /// What an input object of this name takes; always in the same order.
    pub(super) fn members(&self, input: &str) -> Option<&Inputs> {
        self.inputs.get(input)
    }

    /// The values of the enum of this name.
    pub(super) fn values(&self, of: &str) -> Option<&HashSet<String>> {
        self.enums.get(of)
    }

    /// Refuses a document in which a variable stands where its type is not allowed.
    pub fn check(&self, document: &ExecutableDocument) -> Result<(), RequestError> {
        let fragments = document.fragments.iter().map(|(name, fragment)| {
            let fields = self.fields.get(fragment.node.type_condition.node.on.node.as_str());
            (name.as_str(), Walk::of(self, &fragment.node.directives, &fragment.node.selection_set.node, fields))
        });
        let fragments: HashMap<&str, Walk<'_>> = fragments.collect();
        for (_, operation) in document.operations.iter() {
            let operation = &operation.node;
            let root = self.roots.get(word_of(operation.ty)).and_then(|root| self.fields.get(root));
            let own = Walk::of(self, &operation.directives, &operation.selection_set.node, root);
            let (mut met, mut open) = (HashSet::new(), vec![&own]);
            while let Some(walk) = open.pop() {
                walk.check(&operation.variable_definitions)?;
                let spread = walk.spreads.iter().filter(|name| met.insert(name.as_str()));
                open.extend(spread.filter_map(|name| fragments.get(name.as_str())));
            }
        }
        Ok(())
    }
}

fn inputs(definitions: Vec<Positioned<InputValueDefinition>>) -> Inputs {
    let places = definitions.into_iter().map(|Positioned { node, .. }| {
        (node.name.node.to_string(), Place { ty: node.ty.node, has_default: node.default_value.is_some() })
    });
    places.collect()
}

fn fields(definitions: Vec<Positioned<FieldDefinition>>) -> Fields {
    let fields = definitions.into_iter().map(|Positioned { node, .. }| {
        (
            node.name.node.to_string(),
            Field { arguments: inputs(node.arguments), of: innermost(&node.ty.node).to_owned() },
        )
    });
    fields.collect()
}

fn innermost(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(of) => innermost(of),
    }
}

const fn word_of(operation: OperationType) -> &'static str {
    match operation {
        OperationType::Query => "query",
        OperationType::Mutation => "mutation",
        OperationType::Subscription => "subscription",
    }
}

#[cfg(test)]
mod tests;
