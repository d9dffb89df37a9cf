//! The schema as the walk sees it: types, and which of their fields lead on.

use std::collections::BTreeMap;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, ObjectType, Type, TypeKind, TypeSystemDefinition,
};

/// The interfaces of what stands in lists of its own.
const LISTED: [&str; 2] = ["Node", "Event"];

/// The types by their names; those of GraphQL itself are not among them.
pub struct Schema {
    types: BTreeMap<String, TypeKind>,
}

impl Schema {
    pub fn read() -> Self {
        let document = parse_schema(billpay::graphql::sdl()).expect("the schema's own text");
        let types = document.definitions.into_iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => Some((definition.node.name.to_string(), definition.node.kind)),
            TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
        });
        Self { types: types.collect() }
    }

    /// The fields of an object or an interface; none of anything else.
    pub fn fields(&self, kind: &str) -> Vec<&FieldDefinition> {
        let fields = match self.types.get(kind) {
            Some(TypeKind::Object(object)) => &object.fields,
            Some(TypeKind::Interface(interface)) => &interface.fields,
            Some(TypeKind::Scalar | TypeKind::Enum(_) | TypeKind::InputObject(_) | TypeKind::Union(_)) | None => {
                return Vec::new();
            }
        };
        fields.iter().map(|field| &field.node).collect()
    }

    /// A field that a type has.
    pub fn field(&self, kind: &str, name: &str) -> &FieldDefinition {
        let mut fields = self.fields(kind).into_iter();
        fields.find(|field| field.name.node == name).unwrap_or_else(|| panic!("{kind} has no {name}"))
    }

    /// The types that an object may have where this one is declared, if it is an interface or a union.
    pub fn possible(&self, kind: &str) -> Option<Vec<&str>> {
        match self.types.get(kind)? {
            TypeKind::Interface(_) => {
                Some(self.types.keys().map(String::as_str).filter(|other| self.implements(other, kind)).collect())
            }
            TypeKind::Union(several) => Some(several.members.iter().map(|member| member.node.as_str()).collect()),
            TypeKind::Scalar | TypeKind::Object(_) | TypeKind::Enum(_) | TypeKind::InputObject(_) => None,
        }
    }

    /// What a connection lists; nothing where the type is none.
    pub fn listed(&self, kind: &str) -> Option<&str> {
        let nodes = self.fields(kind).into_iter().find(|field| field.name.node == "nodes")?;
        kind.ends_with("Connection").then(|| name_of(&nodes.ty.node))
    }

    /// What a field shows, or lists.
    pub fn target<'a>(&'a self, field: &'a FieldDefinition) -> &'a str {
        let kind = name_of(&field.ty.node);
        self.listed(kind).unwrap_or(kind)
    }

    /// Whether a field shows one object.
    pub fn shows_one(&self, field: &FieldDefinition) -> bool {
        self.listed(name_of(&field.ty.node)).is_none() && !is_list(field)
    }

    /// The fields that lead on.
    pub fn steps(&self, kind: &str) -> Vec<&FieldDefinition> {
        self.fields(kind).into_iter().filter(|field| !self.is_plain(field)).collect()
    }

    /// Whether a field shows values only, or objects that hold nothing but values.
    pub fn is_plain(&self, field: &FieldDefinition) -> bool {
        let kind = name_of(&field.ty.node);
        self.is_value(kind) || self.is_flat(kind)
    }

    pub fn is_value(&self, kind: &str) -> bool {
        match self.types.get(kind) {
            Some(TypeKind::Scalar | TypeKind::Enum(_)) | None => true,
            Some(TypeKind::Object(_) | TypeKind::Interface(_) | TypeKind::Union(_) | TypeKind::InputObject(_)) => false,
        }
    }

    /// Objects that belong to one other object, with all that they hold.
    fn is_flat(&self, kind: &str) -> bool {
        let stands_alone = LISTED.iter().any(|interface| self.implements(kind, interface));
        let is_page = kind.ends_with("Connection") || kind.ends_with("Edge");
        let is_object = matches!(self.types.get(kind), Some(TypeKind::Object(_)));
        is_object && !stands_alone && !is_page && self.fields(kind).into_iter().all(|field| self.is_plain(field))
    }

    fn implements(&self, kind: &str, interface: &str) -> bool {
        let names = |object: &ObjectType| object.implements.iter().any(|name| name.node == interface);
        match self.types.get(kind) {
            Some(TypeKind::Object(object)) => names(object),
            Some(
                TypeKind::Scalar
                | TypeKind::Interface(_)
                | TypeKind::Union(_)
                | TypeKind::Enum(_)
                | TypeKind::InputObject(_),
            )
            | None => false,
        }
    }
}

/// The type inside all lists.
pub fn name_of(kind: &Type) -> &str {
    match &kind.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(inner) => name_of(inner),
    }
}

/// Whether a field cannot be asked without the argument.
pub fn is_needed(argument: &InputValueDefinition) -> bool {
    !argument.ty.node.nullable && argument.default_value.is_none()
}

fn is_list(field: &FieldDefinition) -> bool {
    matches!(field.ty.node.base, BaseType::List(_))
}
