//! Completes the variables of an operation before it runs.
//!
//! async-graphql asks for a variable when it meets it, which in a mutation is after earlier fields have had their
//! effect. So what is required is demanded here. Its validation also passes over every argument that names an absent
//! variable; so defaults are filled in, and a mutation of several fields must give them all. After both, nothing that
//! a variable holds is judged for the first time between two effects.

use async_graphql::parser::types::{OperationDefinition, VariableDefinition};
use async_graphql::{Positioned, Value, Variables};

use crate::graphql::request_error::{Fault, RequestError};

/// Demands the required variables and fills in the defaults.
pub fn complete(operation: &OperationDefinition, mut given: Variables) -> Result<Variables, RequestError> {
    for definition in &operation.variable_definitions {
        if let Some(default) = missing(definition, &given)? {
            given.insert(definition.node.name.node.clone(), default);
        }
    }
    Ok(given)
}

/// Demands a value, or null, for every variable.
pub fn demand_every(operation: &OperationDefinition, given: &Variables) -> Result<(), RequestError> {
    match operation.variable_definitions.iter().find(|definition| !given.contains_key(&definition.node.name.node)) {
        Some(omitted) => Err(RequestError::at(Fault::VariableOmitted, omitted.pos)),
        None => Ok(()),
    }
}

/// The default that stands in for a variable which was not given.
fn missing(definition: &Positioned<VariableDefinition>, given: &Variables) -> Result<Option<Value>, RequestError> {
    let variable = &definition.node;
    let nullable = variable.var_type.node.nullable;
    match (given.get(&variable.name.node), &variable.default_value) {
        (Some(Value::Null), _) if !nullable => Err(RequestError::at(Fault::VariableMissing, definition.pos)),
        (Some(_), _) => Ok(None),
        (None, Some(default)) => Ok(Some(default.node.clone())),
        (None, None) if nullable => Ok(None),
        (None, None) => Err(RequestError::at(Fault::VariableMissing, definition.pos)),
    }
}
