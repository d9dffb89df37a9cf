//! Filters: from the words of the schema to those of the store.

use async_graphql::Context;
use std::sync::Arc;

use async_graphql::ID;

use super::context::ContextExt;
use super::error::bad_input;
use super::object::bill::BillFilter;
use super::object::bill_number::BillNumberFilter;
use super::object::biller::BillerFilter;
use super::object::callback::CallbackFilter;
use super::object::collection::CollectionFilter;
use super::object::control_number::ControlNumberFilter;
use super::object::event::EventFilter;
use super::object::payment::PaymentFilter;
use crate::domain::biller::{Biller, BillerCategory};
use crate::domain::event::SubjectKind;
use crate::domain::ids::{AnyId, Id, Kind, ProviderId};
use crate::domain::page::{From, Page, PageRequest};
use crate::domain::provider::{Capability, ProviderCode};
use crate::domain::requester::Scope;
use crate::store;

fn id<K: Kind>(id: &ID, name: &str) -> async_graphql::Result<Id<K>> {
    id.parse().map_err(|_| bad_input(format!("`{name}` is not an id of its kind")))
}

fn optional<K: Kind>(text: Option<ID>, name: &str) -> async_graphql::Result<Option<Id<K>>> {
    text.map(|text| id(&text, name)).transpose()
}

/// A text to be compared with what is stored. No stored text holds a NUL, and PostgreSQL takes none.
pub fn stored_text(text: Option<String>, name: &str) -> async_graphql::Result<Option<String>> {
    match text {
        Some(text) if text.contains('\0') => Err(bad_input(format!("`{name}` holds a NUL character"))),
        text => Ok(text),
    }
}

/// The provider with this id.
pub fn provider(id: &ID) -> Option<ProviderCode> {
    let id: ProviderId = id.parse().ok()?;
    ProviderCode::ALL.into_iter().find(|code| code.id() == id)
}

/// The billers that a filter and a search leave, by name.
pub fn billers(ctx: &Context<'_>, filter: &BillerFilter, search: &str) -> Vec<Arc<Biller>> {
    let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    let snapshot = ctx.app().catalogue.snapshot();
    let wanted = |biller: &&Arc<Biller>| matches(ctx, biller, filter) && contains_all(biller, &words);
    snapshot.all().iter().filter(wanted).cloned().collect()
}

fn matches(ctx: &Context<'_>, biller: &Biller, filter: &BillerFilter) -> bool {
    let adapter = ctx.app().provider(biller.provider);
    let can = |wanted: Capability| {
        adapter.is_some_and(|adapter| adapter.biller_traits(biller).capabilities.contains(&wanted))
    };
    let categories = filter.categories.as_ref();
    filter.provider_id.as_ref().is_none_or(|id| provider(id) == Some(biller.provider))
        && categories
            .is_none_or(|wanted| wanted.iter().any(|&category| BillerCategory::from(category) == biller.category))
        && filter.country.as_ref().is_none_or(|country| country.0.eq_ignore_ascii_case(&biller.country))
        && filter.currency.as_ref().is_none_or(|currency| currency.0 == biller.currency.as_str())
        && filter.capability.is_none_or(|capability| can(capability.into()))
        && filter.active.is_none_or(|active| active == (biller.active && adapter.is_some()))
}

fn contains_all(biller: &Biller, words: &[String]) -> bool {
    let text = format!("{} {} {}", biller.name, biller.code, biller.category_name).to_lowercase();
    words.iter().all(|word| text.contains(word))
}

/// A page of a list that is in memory; nothing where a cursor points at none of all billers.
pub fn page_of_billers(found: Vec<Arc<Biller>>, page: PageRequest) -> Option<Page<Arc<Biller>>> {
    let position = |wanted: uuid::Uuid| found.iter().position(|biller| biller.id.uuid() == wanted);
    let start = match page.after {
        Some(after) => position(after)? + 1,
        None => 0,
    };
    let end = match page.before {
        Some(before) => position(before)?,
        None => found.len(),
    };
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX).saturating_add(1);
    let between = found.get(start..end.max(start)).unwrap_or_default();
    let chosen = match page.from {
        From::Start => between.iter().take(limit).cloned().collect(),
        From::End => between.iter().rev().take(limit).cloned().collect(),
    };
    Some(page.cut(chosen))
}

/// Which bill numbers are wanted.
pub fn bill_numbers(filter: BillNumberFilter) -> async_graphql::Result<store::BillNumberFilter> {
    Ok(store::BillNumberFilter {
        biller_id: optional(filter.biller_id, "billerId")?,
        account_reference: stored_text(filter.account_reference, "accountReference")?,
        customer: stored_text(filter.customer, "customer")?,
        account_active: filter.account_active,
        created_from: filter.created_from.map(|at| at.0),
        created_before: filter.created_before.map(|at| at.0),
    })
}

/// Which bills are wanted.
pub fn bills(filter: BillFilter) -> async_graphql::Result<store::BillFilter> {
    Ok(store::BillFilter {
        biller_id: optional(filter.biller_id, "billerId")?,
        account_reference: stored_text(filter.account_reference, "accountReference")?,
        bill_number_id: optional(filter.bill_number_id, "billNumberId")?,
        statuses: filter.statuses.map(|statuses| statuses.into_iter().map(Into::into).collect()),
        payable: filter.payable,
        customer: stored_text(filter.customer, "customer")?,
        told_from: filter.told_from.map(|at| at.0),
        told_before: filter.told_before.map(|at| at.0),
    })
}

/// Which control numbers are wanted.
pub fn control_numbers(filter: ControlNumberFilter) -> async_graphql::Result<store::ControlNumberFilter> {
    Ok(store::ControlNumberFilter {
        statuses: filter.statuses.map(|statuses| statuses.into_iter().map(Into::into).collect()),
        kind: filter.kind.map(Into::into),
        reference: stored_text(filter.reference, "reference")?,
        customer: stored_text(filter.customer, "customer")?,
        created_from: filter.created_from.map(|at| at.0),
        created_before: filter.created_before.map(|at| at.0),
    })
}

/// Which collections are wanted.
pub fn collections(filter: CollectionFilter) -> async_graphql::Result<store::CollectionFilter> {
    Ok(store::CollectionFilter {
        control_number_id: optional(filter.control_number_id, "controlNumberId")?,
        statuses: filter.statuses.map(|statuses| statuses.into_iter().map(Into::into).collect()),
        flags: filter.flags.map(|flags| flags.into_iter().map(Into::into).collect()),
        received_from: filter.received_from.map(|at| at.0),
        received_before: filter.received_before.map(|at| at.0),
    })
}

/// Which callbacks are wanted.
pub fn callbacks(filter: CallbackFilter) -> async_graphql::Result<store::CallbackFilter> {
    let no_such = || bad_input("there is no such provider");
    Ok(store::CallbackFilter {
        provider: filter.provider_id.map(|id| provider(&id).ok_or_else(no_such)).transpose()?,
        state: filter.state.map(Into::into),
        verified: filter.verified,
        received_from: filter.received_from.map(|at| at.0),
        received_before: filter.received_before.map(|at| at.0),
    })
}

/// Which payments are wanted.
pub fn payments(filter: PaymentFilter) -> async_graphql::Result<store::PaymentFilter> {
    Ok(store::PaymentFilter {
        statuses: filter.statuses.map(|statuses| statuses.into_iter().map(Into::into).collect()),
        biller_id: optional(filter.biller_id, "billerId")?,
        bill_number_id: optional(filter.bill_number_id, "billNumberId")?,
        bulk_payment_id: optional(filter.bulk_payment_id, "bulkPaymentId")?,
        customer: stored_text(filter.customer, "customer")?,
        created_from: filter.created_from.map(|at| at.0),
        created_before: filter.created_before.map(|at| at.0),
    })
}

/// Which scope lets a token read the events of which objects.
const READABLE: [(Scope, SubjectKind); 5] = [
    (Scope::PaymentsRead, SubjectKind::Payment),
    (Scope::PaymentsRead, SubjectKind::BulkPayment),
    (Scope::BillsRead, SubjectKind::BillNumber),
    (Scope::ControlNumbersRead, SubjectKind::ControlNumber),
    (Scope::ControlNumbersRead, SubjectKind::Collection),
];

/// Refuses a token that may read no object of which the log tells.
pub fn require_events(ctx: &Context<'_>) -> async_graphql::Result<()> {
    let some = READABLE.iter().any(|(scope, _)| ctx.requester().may(*scope));
    if some { Ok(()) } else { ctx.require(Scope::PaymentsRead) }
}

/// Which events are wanted: those of objects that the token's scopes let it read.
pub fn events(ctx: &Context<'_>, filter: EventFilter) -> async_graphql::Result<store::EventFilter> {
    let kinds = READABLE.into_iter().filter(|(scope, _)| ctx.requester().may(*scope)).map(|(_, kind)| kind).collect();
    let subject = filter.subject_id.map(|id| id.parse::<AnyId>().map_err(|_| bad_input("`subjectId` is not an id")));
    Ok(store::EventFilter {
        subject_kinds: Some(kinds),
        subject_id: subject.transpose()?.map(|id| id.uuid()),
        types: filter.types.map(|types| types.into_iter().map(Into::into).collect()),
        statuses: None,
    })
}
