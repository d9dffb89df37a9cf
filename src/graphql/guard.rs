//! Decides whether a document may be executed, before anything of it is.
//!
//! The text is measured (`lexer`), parsed once, its aliases and directives counted (`tally`), its operation
//! chosen, its variables completed (`variables`), what it costs weighed (`weight`) and what it makes counted
//! (`creates`). Every step is linear in the document's length; nothing is executed and nothing is asked of the schema.
//!
//! async-graphql's own limits are not used: they walk fragments as often as they are spread, before or while they
//! limit, so that 900 bytes keep a core busy for seconds. What passes here has at most [`Limits::max_selections`]
//! selections with all fragments written out, and no cycles, so those walks are short.

use std::fmt;
use std::sync::Arc;

use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType};
use async_graphql::parser::{Error as ParseError, parse_query};
use async_graphql::{Name, Pos, Positioned, Request, Variables};

use super::documents::Document;
use super::library::Deposit;
use super::request_error::{Fault, RequestError};
use super::validity::Kinds;
use weight::{Scales, Weight};

mod creates;
mod lexer;
mod tally;
mod variables;
mod weight;

/// What a document may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Characters of the document.
    pub max_characters: usize,
    /// Names, numbers, strings and punctuators.
    pub max_tokens: usize,
    /// Levels of brackets of any kind; what keeps the recursive parser from the end of its stack.
    pub max_nesting: usize,
    /// Levels of fields. Pure introspection is exempt.
    pub max_depth: usize,
    /// Levels of fields with a selection of their own and of fragments below each other, with fragments written out; as
    /// many as the library walks, which refuses more in words of its own.
    pub max_levels: usize,
    /// Fields, those below a page counted as often as the page has objects. Pure introspection is exempt.
    pub max_complexity: usize,
    /// Fields and fragments of all operations, with fragments written out.
    pub max_selections: usize,
    pub max_aliases: usize,
    pub max_directives: usize,
    /// Fields that ask again for what their selection set has asked for.
    pub max_repeats: usize,
    pub max_root_mutation_fields: usize,
    /// `createPayment` fields in one mutation.
    pub max_waiting_mutations: usize,
    /// Levels of introspection lists that contain each other, as graphql-js limits them.
    pub max_introspection_lists: usize,
    /// Whether `__schema` and `__type` are answered.
    pub introspection: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_characters: 15_000,
            max_tokens: 1_000,
            max_nesting: 64,
            max_depth: 12,
            max_levels: 32,
            max_complexity: 5_000,
            max_selections: 5_000,
            max_aliases: 15,
            max_directives: 50,
            max_repeats: 50,
            max_root_mutation_fields: 5,
            max_waiting_mutations: 1,
            max_introspection_lists: 2,
            introspection: true,
        }
    }
}

/// What kind of operation a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    Query,
    Mutation,
    Subscription,
}

impl From<OperationType> for OperationKind {
    fn from(kind: OperationType) -> Self {
        match kind {
            OperationType::Query => Self::Query,
            OperationType::Mutation => Self::Mutation,
            OperationType::Subscription => Self::Subscription,
        }
    }
}

/// What an operation costs, as `extensions.cost` tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    pub complexity: usize,
    pub depth: usize,
    /// Fields of the operation itself.
    pub root_fields: usize,
}

/// An operation that may be executed.
pub struct Prepared {
    pub document: Arc<Document>,
    /// None where the document has one operation without a name.
    pub operation_name: Option<String>,
    pub kind: OperationKind,
    /// Complete: what is required is there, and defaults are filled in.
    pub variables: Variables,
    pub cost: Cost,
    /// Things that it makes, by which rates are limited too.
    pub creates: usize,
    /// Whether it asks for the schema and for nothing else.
    pub is_introspection: bool,
    /// The document's text, where it is to be kept once it has been executed.
    pub deposit: Option<Deposit>,
}

/// Without the document and the variables, which hold what belongs to clients.
impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").field("kind", &self.kind).field("cost", &self.cost).finish_non_exhaustive()
    }
}

impl Prepared {
    /// The request for the executor, which parses nothing again.
    pub fn into_request(self) -> Request {
        let mut request = Request::new("").variables(self.variables);
        request.operation_name = self.operation_name;
        request.set_parsed_query(ExecutableDocument::clone(&self.document));
        request
    }

    /// The kinds of its variables, where they decide whether it is valid. A mutation of several fields is not decided so:
    /// of these the executor would meet a value that does not fit when others have had their effect.
    pub fn kinds(&self) -> Option<Kinds> {
        match self.kind {
            OperationKind::Query => Kinds::of(&self.document, &self.variables),
            OperationKind::Mutation if self.cost.root_fields == 1 => Kinds::of(&self.document, &self.variables),
            OperationKind::Mutation | OperationKind::Subscription => None,
        }
    }
}

/// Parses a document within the limits that need no variables.
pub fn parse(query: &str, limits: &Limits) -> Result<Document, RequestError> {
    at_most(query.chars().count(), limits.max_characters, "characters")?;
    let measure = lexer::measure(query);
    at_most(measure.tokens, limits.max_tokens, "tokens")?;
    at_most(measure.nesting, limits.max_nesting, "nested brackets")?;
    let document = parse_query(query).map_err(|error| refused_by_parser(&error))?;
    let tally = tally::tally(&document);
    at_most(tally.aliases, limits.max_aliases, "aliases")?;
    at_most(tally.directives, limits.max_directives, "directives")?;
    at_most(tally.repeats, limits.max_repeats, "fields asked for twice")?;
    if let Some(position) = tally.unknown_directive {
        return Err(RequestError::at(Fault::UnknownDirective, position));
    }
    Ok(document.into())
}

/// Chooses the operation of a parsed document and checks what it costs with these variables.
pub fn prepare(
    document: Arc<Document>,
    operation_name: Option<&str>,
    variables: Variables,
    limits: &Limits,
) -> Result<Prepared, RequestError> {
    let (name, operation) = select(&document.operations, operation_name)?;
    let variables = variables::complete(&operation.node, variables)?;
    let weight = weigh(&document, operation, &variables, limits)?;
    let kind = operation.node.ty.into();
    check(kind, operation.pos, weight, limits)?;
    if kind == OperationKind::Mutation && weight.level.fields > 1 {
        variables::demand_every(&operation.node, &variables)?;
    }
    let cost = Cost { complexity: weight.complexity, depth: weight.depth, root_fields: weight.level.fields };
    let creates = match kind {
        OperationKind::Mutation => creates::count(&document, &operation.node.selection_set.node, &variables),
        OperationKind::Query | OperationKind::Subscription => 0,
    };
    let is_introspection = weight.level.is_introspection();
    let operation_name = name.map(|name| name.to_string());
    Ok(Prepared { document, operation_name, kind, variables, cost, creates, is_introspection, deposit: None })
}

fn select<'a>(
    operations: &'a DocumentOperations,
    wanted: Option<&str>,
) -> Result<(Option<&'a Name>, &'a Positioned<OperationDefinition>), RequestError> {
    let mut candidates = operations.iter();
    match wanted {
        Some(wanted) => candidates
            .find(|(name, _)| name.is_some_and(|name| name.as_str() == wanted))
            .ok_or_else(|| Fault::UnknownOperation.into()),
        None if candidates.len() > 1 => Err(Fault::OperationNameMissing.into()),
        None => candidates.next().ok_or_else(|| Fault::NoOperation.into()),
    }
}

/// Weighs every operation, for the library's checks walk them all, and returns the weight of the chosen one.
fn weigh(
    document: &ExecutableDocument,
    chosen: &Positioned<OperationDefinition>,
    variables: &Variables,
    limits: &Limits,
) -> Result<Weight, RequestError> {
    let mut scales = Scales::new(document, variables);
    scales.weigh_fragments()?;
    let (mut selections, mut levels, mut of_chosen) = (0_usize, 0_usize, Weight::default());
    for (_, operation) in document.operations.iter() {
        let weight = scales.weigh(&operation.node.selection_set.node)?;
        selections = selections.saturating_add(weight.selections);
        levels = levels.max(weight.levels);
        if std::ptr::eq(operation, chosen) {
            of_chosen = weight;
        }
    }
    at_most(selections, limits.max_selections, "selections")?;
    at_most(levels, limits.max_levels, "levels of nesting")?;
    Ok(of_chosen)
}

fn check(kind: OperationKind, position: Pos, weight: Weight, limits: &Limits) -> Result<(), RequestError> {
    let level = weight.level;
    if level.introspection > 0 && !limits.introspection {
        return Err(RequestError::at(Fault::IntrospectionOff, position));
    }
    if weight.introspection_lists > limits.max_introspection_lists {
        return Err(RequestError::at(Fault::IntrospectionTooDeep, position));
    }
    match kind {
        OperationKind::Query => {}
        OperationKind::Mutation => {
            at_most(level.fields, limits.max_root_mutation_fields, "fields in one mutation")?;
            at_most(
                level.waiting_mutations,
                limits.max_waiting_mutations,
                "mutations that wait for an answer from outside in one operation",
            )?;
        }
        OperationKind::Subscription if level.fields == 1 => {}
        OperationKind::Subscription => return Err(RequestError::at(Fault::SubscriptionFields, position)),
    }
    if level.is_introspection() {
        return Ok(());
    }
    at_most(weight.depth, limits.max_depth, "levels of fields")?;
    at_most(weight.complexity, limits.max_complexity, "objects and fields that may be read (complexity)")
}

fn at_most(count: usize, limit: usize, what: &'static str) -> Result<(), RequestError> {
    if count > limit { Err(Fault::TooMany { what, limit }.into()) } else { Ok(()) }
}

/// Takes the place from the parser's error and leaves its text, which quotes the document.
fn refused_by_parser(error: &ParseError) -> RequestError {
    let position = error.positions().next();
    let fault = match error {
        ParseError::MultipleOperations { .. }
        | ParseError::OperationDuplicated { .. }
        | ParseError::FragmentDuplicated { .. } => Fault::DefinedTwice,
        ParseError::MissingOperation => Fault::NoOperation,
        // The parser's enum is open; its other variants are syntax.
        _ => Fault::Syntax,
    };
    RequestError { fault, position }
}

#[cfg(test)]
mod tests;
