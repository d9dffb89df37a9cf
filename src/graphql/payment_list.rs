//! The list of payments, read in one statement with the bill numbers that the document asks for.
//!
//! The document is looked at before anything is read: where it asks for the payments' bill numbers, and the requester may
//! see some, both come together, and the bill numbers are left in the context for their resolvers.

use async_graphql::Context;

use super::context::ContextExt;
use super::error::database;
use crate::domain::bill_number::BillNumber;
use crate::domain::page::{Page, PageRequest};
use crate::domain::payment::Payment;
use crate::domain::requester::Scope;
use crate::store::PaymentFilter;

/// A page of the payments that are wanted, for a resolver of [`super::query`].
pub async fn page(
    ctx: &Context<'_>,
    filter: &PaymentFilter,
    page: PageRequest,
) -> async_graphql::Result<Page<Payment>> {
    let (store, owner) = (&ctx.app().store, ctx.owner());
    if !asks_for_bill_numbers(ctx) {
        return store.payments(&owner, filter, page).await.map_err(database);
    }
    let read = store.payments_with_bill_numbers(&owner, filter, page).await.map_err(database)?;
    Ok(leave_bill_numbers(ctx, read))
}

fn asks_for_bill_numbers(ctx: &Context<'_>) -> bool {
    let list = ctx.look_ahead();
    let nodes = [list.field("nodes"), list.field("edges").field("node")];
    ctx.requester().may(Scope::BillsRead) && nodes.iter().any(|node| node.field("billNumber").exists())
}

fn leave_bill_numbers(ctx: &Context<'_>, page: Page<(Payment, Option<BillNumber>)>) -> Page<Payment> {
    let mut read = Vec::with_capacity(page.items.len());
    let payments = page.map(|(payment, number)| {
        read.extend(payment.bill_number_id.map(|id| (id.uuid(), number)));
        payment
    });
    ctx.leave_bill_numbers(read.into_iter());
    payments
}
