//! Which variables stand where in an operation or a fragment.

use std::convert::Infallible;

use async_graphql::parser::types::{BaseType, Directive, Selection, SelectionSet, Type, VariableDefinition};
use async_graphql::{Name, Pos, Positioned, Value};

use super::{Fields, Inputs, Places};
use crate::graphql::request_error::{Fault, RequestError};

/// What marks a variable among constant values. No name in a document begins with it.
const MARK: char = '$';

/// What was met in an operation or a fragment, without those that it spreads.
pub(super) struct Walk<'a> {
    places: &'a Places,
    uses: Vec<Use<'a>>,
    pub(super) spreads: Vec<&'a Name>,
}

/// A variable, and where it stands.
struct Use<'a> {
    variable: String,
    ty: &'a Type,
    has_default: bool,
    at: Pos,
}

impl<'a> Walk<'a> {
    pub(super) fn of(
        places: &'a Places,
        directives: &'a [Positioned<Directive>],
        set: &'a SelectionSet,
        fields: Option<&'a Fields>,
    ) -> Self {
        let mut walk = Self { places, uses: Vec::new(), spreads: Vec::new() };
        walk.directives(directives);
        walk.set(set, fields);
        walk
    }

    fn set(&mut self, set: &'a SelectionSet, fields: Option<&'a Fields>) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let (field, places) = (&field.node, self.places);
                    let known = fields.and_then(|fields| fields.get(field.name.node.as_str()));
                    for (name, value) in &field.arguments {
                        let Ok(given) = value.node.clone().into_const_with(marked);
                        self.argument(&name.node, &given, known.map(|known| &known.arguments), value.pos);
                    }
                    self.directives(&field.directives);
                    self.set(&field.selection_set.node, known.and_then(|known| places.fields.get(&known.of)));
                }
                Selection::InlineFragment(fragment) => {
                    let (fragment, places) = (&fragment.node, self.places);
                    self.directives(&fragment.directives);
                    let fields = match &fragment.type_condition {
                        Some(condition) => places.fields.get(condition.node.on.node.as_str()),
                        None => fields,
                    };
                    self.set(&fragment.selection_set.node, fields);
                }
                Selection::FragmentSpread(spread) => {
                    self.directives(&spread.node.directives);
                    self.spreads.push(&spread.node.fragment_name.node);
                }
            }
        }
    }

    fn directives(&mut self, directives: &'a [Positioned<Directive>]) {
        let places = self.places;
        for directive in directives {
            let known = places.directives.get(directive.node.name.node.as_str());
            for (name, value) in &directive.node.arguments {
                let Ok(given) = value.node.clone().into_const_with(marked);
                self.argument(&name.node, &given, known, value.pos);
            }
        }
    }

    fn argument(&mut self, name: &Name, given: &Value, known: Option<&'a Inputs>, at: Pos) {
        if let Some(place) = known.and_then(|known| known.get(name.as_str())) {
            self.value(given, &place.ty, place.has_default, at);
        }
    }

    fn value(&mut self, value: &Value, ty: &'a Type, has_default: bool, at: Pos) {
        match (value, &ty.base) {
            (Value::Enum(name), _) => {
                if let Some(variable) = name.as_str().strip_prefix(MARK) {
                    self.uses.push(Use { variable: variable.to_owned(), ty, has_default, at });
                }
            }
            (Value::List(items), BaseType::List(of)) => items.iter().for_each(|item| self.value(item, of, false, at)),
            // One object stands for a list of one.
            (Value::Object(_), BaseType::List(of)) => self.value(value, of, false, at),
            (Value::Object(members), BaseType::Named(name)) => {
                let places = self.places;
                let known = places.inputs.get(name.as_str());
                for (name, member) in members {
                    if let Some(place) = known.and_then(|known| known.get(name.as_str())) {
                        self.value(member, &place.ty, place.has_default, at);
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether each variable that these definitions know is allowed where it stands.
    pub(super) fn check(&self, definitions: &[Positioned<VariableDefinition>]) -> Result<(), RequestError> {
        for one in &self.uses {
            let definition = definitions.iter().find(|definition| definition.node.name.node.as_str() == one.variable);
            if definition.is_some_and(|definition| !one.allows(&definition.node)) {
                return Err(RequestError::at(Fault::VariableMisplaced, one.at));
            }
        }
        Ok(())
    }
}

impl Use<'_> {
    /// A variable that may be null is allowed where null is not, if one of the two has a default.
    fn allows(&self, definition: &VariableDefinition) -> bool {
        let given = &definition.var_type.node;
        let has_value = definition.default_value.as_ref().is_some_and(|default| default.node != Value::Null);
        let may_lack = self.ty.nullable || has_value || self.has_default;
        (may_lack || !given.nullable) && is_alike(&given.base, &self.ty.base)
    }
}

/// A variable, so that it is found again in a constant value.
fn marked(variable: Name) -> Result<Value, Infallible> {
    Ok(Value::Enum(Name::new(format!("{MARK}{variable}"))))
}

/// Whether types are compatible but for their own nullability; within lists each item's counts.
fn is_alike(given: &BaseType, wanted: &BaseType) -> bool {
    match (given, wanted) {
        (BaseType::Named(given), BaseType::Named(wanted)) => given == wanted,
        (BaseType::List(given), BaseType::List(wanted)) => {
            (wanted.nullable || !given.nullable) && is_alike(&given.base, &wanted.base)
        }
        (BaseType::Named(_), BaseType::List(_)) | (BaseType::List(_), BaseType::Named(_)) => false,
    }
}
