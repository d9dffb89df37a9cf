//! Queries that are one page of payments and nothing else, answered without the library's executor.
//!
//! The executor wants to own a document, so that it is copied for each request, and prepares for whatever a document may
//! hold. The query that is sent most is one field: a page of payments of which only what is brief is asked for. What
//! there is to know of such a document is found once, and kept with it ([`Direct`]). Its arguments are then read by the
//! library's own input types, its page, its filter and its rights are judged by the functions that the field's resolver
//! calls, and the page is written by the plan that the resolver would make.
//!
//! Nothing is refused here. Where a document was not found valid with such variables, where an argument does not fit,
//! where a right is missing, and where something is not at hand, the library is asked as ever, and tells what is wrong.
//! Only a failure of the database is told from here, as the resolver tells it. Whatever stands before and behind an
//! execution (limits, rates, time, traces, figures, cost) stands around this too ([`super::execute`]).

use std::fmt;

use async_graphql::parser::types::{ExecutableDocument, Field, OperationType, Selection, SelectionSet};
use async_graphql::{InputType, Name, PathSegment, Pos, Positioned, Response, Value, Variables};

use super::error::database;
use super::filter;
use super::guard::Prepared;
use super::object::connection::PageArguments;
use super::object::payment::PaymentFilter as Filter;
use super::plain::{BriefPage, Fragments};
use super::written::written;
use crate::app::App;
use crate::app::access::require;
use crate::domain::page::PageRequest;
use crate::domain::requester::{Requester, Scope};
use crate::store::{NamedBillNumbers, Owner, PaymentFilter};

/// The field of the schema that is answered so.
const FIELD: &str = "payments";

/// What is known of a document that is one page of payments and nothing else.
#[derive(Clone)]
pub struct Direct {
    brief: BriefPage,
    /// Whether it asks for the payments' bill numbers.
    asks_for_bill_numbers: bool,
}

impl fmt::Debug for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Direct").finish_non_exhaustive()
    }
}

/// One request for such a page, with its arguments.
pub struct DirectPage {
    direct: Direct,
    /// The field's place in the document and its key in the answer, for what it tells.
    at: Pos,
    key: Name,
    filter: PaymentFilter,
    page: PageRequest,
}

impl Direct {
    /// What is to be known of a document; None where it asks for anything else.
    pub fn of(document: &ExecutableDocument) -> Option<Self> {
        let set = &only_field(document)?.node.selection_set.node;
        let brief = BriefPage::of_set(set, &document.fragments)?;
        Some(Self { brief, asks_for_bill_numbers: names_bill_numbers(set, &document.fragments) })
    }
}

impl DirectPage {
    /// The page that a valid request asks for; None where the library is to answer it.
    pub fn of(prepared: &Prepared, requester: &Requester) -> Option<Self> {
        let direct = prepared.document.direct()?.clone();
        let field = only_field(&prepared.document)?;
        let may_read = |scope| require(requester, scope).is_ok();
        if !may_read(Scope::PaymentsRead) || (direct.asks_for_bill_numbers && !may_read(Scope::BillsRead)) {
            return None;
        }
        let given = Given { field: &field.node, variables: &prepared.variables };
        let filter: Option<Filter> = given.argument("filter")?;
        let page = PageArguments {
            first: given.argument("first")?,
            after: given.argument("after")?,
            last: given.argument("last")?,
            before: given.argument("before")?,
        };
        Some(Self {
            direct,
            at: field.pos,
            key: field.node.response_key().node.clone(),
            filter: filter::payments(filter.unwrap_or_default()).ok()?,
            page: page.request("pay").ok()?,
        })
    }

    /// The answer; None where something is not at hand.
    pub async fn answer(self, app: &App, requester: &Requester) -> Option<Response> {
        let Self { direct, at, key, filter, page } = self;
        let write = |payments, numbers: NamedBillNumbers| direct.brief.write(app, requester, payments, &numbers);
        let owner = Owner::of(requester);
        let bill_numbers = direct.asks_for_bill_numbers;
        match app.store.write_brief_payments(&owner, &filter, page, bill_numbers, write).await {
            Ok(json) => {
                let data = std::iter::once((key, written(json?)));
                Some(Response::new(Value::Object(data.collect())))
            }
            Err(error) => {
                let mut error = database(error).into_server_error(at);
                error.path = vec![PathSegment::Field(key.to_string())];
                Some(Response::from_errors(vec![error]))
            }
        }
    }
}

/// The arguments of a field, as a request gives them.
struct Given<'a> {
    field: &'a Field,
    variables: &'a Variables,
}

impl Given<'_> {
    /// An argument, read as the executor reads it; None where it does not fit. A variable that was not given is an
    /// argument that was not given; one inside of a value would be a member that was not given, and is left to the
    /// executor.
    fn argument<T: InputType>(&self, name: &str) -> Option<T> {
        let Some(written) = self.field.get_argument(name) else { return T::parse(None).ok() };
        let mut lacks_one = false;
        let with_variable = |variable: Name| {
            let given = self.variables.get(&variable).cloned();
            lacks_one |= given.is_none();
            Ok::<_, ()>(given.unwrap_or_default())
        };
        let value = written.node.clone().into_const_with(with_variable).ok()?;
        match (lacks_one, value) {
            (false, value) => T::parse(Some(value)).ok(),
            (true, Value::Null) => T::parse(None).ok(),
            (true, _) => None,
        }
    }
}

/// The one field of a document that is one query of it and nothing else.
fn only_field(document: &ExecutableDocument) -> Option<&Positioned<Field>> {
    let mut operations = document.operations.iter();
    let (Some((_, operation)), None) = (operations.next(), operations.next()) else { return None };
    let operation = &operation.node;
    let [only] = operation.selection_set.node.items.as_slice() else { return None };
    let Selection::Field(field) = &only.node else { return None };
    let is_bare = operation.directives.is_empty() && field.node.directives.is_empty();
    let is_ours = operation.ty == OperationType::Query && field.node.name.node == FIELD;
    (is_bare && is_ours).then_some(field)
}

/// Whether plain fields, at any depth, are asked for a bill number: of these only a payment has one.
fn names_bill_numbers(set: &SelectionSet, fragments: &Fragments) -> bool {
    set.items.iter().any(|selection| match &selection.node {
        Selection::Field(field) => {
            field.node.name.node == "billNumber" || names_bill_numbers(&field.node.selection_set.node, fragments)
        }
        Selection::InlineFragment(fragment) => names_bill_numbers(&fragment.node.selection_set.node, fragments),
        Selection::FragmentSpread(spread) => fragments
            .get(&spread.node.fragment_name.node)
            .is_some_and(|fragment| names_bill_numbers(&fragment.node.selection_set.node, fragments)),
    })
}

#[cfg(test)]
mod tests;
