//! The places of the schema at which something of a tenant's could be named or shown, read from the schema's own text.
//!
//! They are written so: `Query.payments` is the field that shows a list without being given a name; `Query.bill(id)` is
//! an argument; `Query.payments(filter.billNumberId)` is a field of an input, as deep as inputs go;
//! `BillNumber.payments(after)` is an argument of an object's field; `Query.node(id) of Payment` is an argument by which
//! any type of node is found, once for each. Every argument that is an id, a text or a sequence is a place, whatever
//! its name: what it names, nobody can tell from here.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, ObjectType, Type, TypeKind, TypeSystemDefinition,
};

/// Scalars that can name an object.
const NAMING: [&str; 3] = ["ID", "Sequence", "String"];
/// Those that cannot.
const PLAIN: [&str; 10] =
    ["Boolean", "CountryCode", "CurrencyCode", "Date", "DateTime", "Decimal", "Float", "Int", "PhoneNumber", "URL"];
/// The interface of what has an id.
const NODE: &str = "Node";
/// How deep inputs may stand in each other.
const DEEPEST_INPUT: usize = 8;

/// All places.
pub fn of_the_schema() -> BTreeSet<String> {
    let schema = Schema::read(&billpay::graphql::sdl());
    let places: BTreeSet<_> = schema.objects().flat_map(|(owner, object)| schema.of_object(owner, object)).collect();
    assert!(places.len() > 100, "the schema was not read: {places:#?}");
    places
}

/// The types by their names; those of GraphQL itself are not among them.
struct Schema {
    types: BTreeMap<String, TypeKind>,
}

impl Schema {
    fn read(sdl: &str) -> Self {
        let document = parse_schema(sdl).expect("the schema's own text");
        let types = document.definitions.into_iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => Some((definition.node.name.to_string(), definition.node.kind)),
            TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
        });
        Self { types: types.collect() }
    }

    fn objects(&self) -> impl Iterator<Item = (&str, &ObjectType)> {
        self.types.iter().filter_map(|(name, kind)| match kind {
            TypeKind::Object(object) => Some((name.as_str(), object)),
            TypeKind::Scalar
            | TypeKind::Interface(_)
            | TypeKind::Union(_)
            | TypeKind::Enum(_)
            | TypeKind::InputObject(_) => None,
        })
    }

    fn of_object(&self, owner: &str, object: &ObjectType) -> Vec<String> {
        object.fields.iter().flat_map(|field| self.of_field(owner, &field.node)).collect()
    }

    fn of_field(&self, owner: &str, field: &FieldDefinition) -> Vec<String> {
        let name = format!("{owner}.{}", field.name.node);
        let mut paths = Vec::new();
        for argument in &field.arguments {
            self.add_paths(&argument.node, &[], &mut paths);
        }
        let is_root = ["Query", "Mutation", "Subscription"].contains(&owner);
        let shows_unasked = owner == "Query" && field.arguments.iter().all(|argument| is_optional(&argument.node));
        let mut places = Vec::new();
        if shows_unasked || (is_root && paths.is_empty()) {
            places.push(name.clone());
        }
        let finds_nodes = name_of(&field.ty.node) == NODE;
        for path in paths {
            if finds_nodes {
                places.extend(self.nodes().map(|node| format!("{name}({path}) of {node}")));
            } else {
                places.push(format!("{name}({path})"));
            }
        }
        places
    }

    /// The types of node.
    fn nodes(&self) -> impl Iterator<Item = &str> {
        let is_node = |object: &ObjectType| object.implements.iter().any(|interface| interface.node.as_str() == NODE);
        self.objects().filter(move |(_, object)| is_node(object)).map(|(name, _)| name)
    }

    /// Adds what can name something: the value itself, or the fields of the input that it is.
    fn add_paths(&self, value: &InputValueDefinition, above: &[&str], paths: &mut Vec<String>) {
        let path: Vec<&str> = above.iter().copied().chain([value.name.node.as_str()]).collect();
        assert!(path.len() <= DEEPEST_INPUT, "inputs stand in each other without end: {path:?}");
        let kind = name_of(&value.ty.node);
        match self.types.get(kind) {
            Some(TypeKind::InputObject(input)) => {
                input.fields.iter().for_each(|field| self.add_paths(&field.node, &path, paths));
            }
            Some(TypeKind::Enum(_)) => {}
            Some(TypeKind::Scalar) | None if NAMING.contains(&kind) => paths.push(path.join(".")),
            Some(TypeKind::Scalar) | None => {
                let known = PLAIN.contains(&kind);
                assert!(known, "say in places.rs whether a {kind} can name an object: {path:?} is one");
            }
            Some(TypeKind::Object(_) | TypeKind::Interface(_) | TypeKind::Union(_)) => panic!("{kind} is no input"),
        }
    }
}

/// The type inside all lists.
fn name_of(kind: &Type) -> &str {
    match &kind.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(inner) => name_of(inner),
    }
}

fn is_optional(value: &InputValueDefinition) -> bool {
    value.ty.node.nullable || value.default_value.is_some()
}
