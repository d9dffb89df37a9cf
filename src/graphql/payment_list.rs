//! The list of payments, read in one statement with the bill numbers that the document asks for.
//!
//! The document is looked at before anything is read: where it asks for the payments' bill numbers, and the requester may
//! see some, both come together, and the bill numbers are left in the context for their resolvers.
//!
//! Where it asks for nothing but what lists usually ask for, few cells of each row are read and the page is written at
//! once; should something not be at hand then, the page is read again, as a whole, and resolved.

use async_graphql::Context;

use super::context::ContextExt;
use super::error::database;
use super::object::connection::connection;
use super::object::payment::Payment as PaymentObject;
use super::plain::{BriefPage, PaymentPage};
use crate::domain::bill_number::BillNumber;
use crate::domain::page::{Page, PageRequest};
use crate::domain::payment::Payment;
use crate::domain::requester::Scope;
use crate::store::{NamedBillNumbers, PaymentFilter};

/// A page of the payments that are wanted, for a resolver of [`super::query`].
pub async fn page(ctx: &Context<'_>, filter: &PaymentFilter, page: PageRequest) -> async_graphql::Result<PaymentPage> {
    let asked = asks_for_bill_numbers(ctx);
    let bill_numbers = asked && ctx.requester().may(Scope::BillsRead);
    // Who may not see the bill numbers that they ask for is refused by a resolver.
    if asked == bill_numbers
        && let Some(json) = brief(ctx, filter, page, bill_numbers).await?
    {
        return Ok(PaymentPage::Written(json.into()));
    }
    let found = whole(ctx, filter, page, bill_numbers).await?;
    Ok(PaymentPage::Read(connection(found, |payment| payment.id.to_string(), PaymentObject)))
}

/// The JSON of a page of which only what is brief is asked for; None where more is, or something is not at hand.
async fn brief(
    ctx: &Context<'_>,
    filter: &PaymentFilter,
    page: PageRequest,
    bill_numbers: bool,
) -> async_graphql::Result<Option<Vec<u8>>> {
    let set = ctx.with_selection_set(&ctx.item.node.selection_set);
    let Some(brief) = BriefPage::of(&set) else { return Ok(None) };
    let (app, requester) = (ctx.app(), ctx.requester());
    let write = |payments, numbers: NamedBillNumbers| brief.write(app, requester, payments, &numbers);
    app.store.write_brief_payments(&ctx.owner(), filter, page, bill_numbers, write).await.map_err(database)
}

async fn whole(
    ctx: &Context<'_>,
    filter: &PaymentFilter,
    page: PageRequest,
    bill_numbers: bool,
) -> async_graphql::Result<Page<Payment>> {
    let (store, owner) = (&ctx.app().store, ctx.owner());
    if !bill_numbers {
        return store.payments(&owner, filter, page).await.map_err(database);
    }
    let read = store.payments_with_bill_numbers(&owner, filter, page).await.map_err(database)?;
    Ok(leave_bill_numbers(ctx, read))
}

fn asks_for_bill_numbers(ctx: &Context<'_>) -> bool {
    let list = ctx.look_ahead();
    let nodes = [list.field("nodes"), list.field("edges").field("node")];
    nodes.iter().any(|node| node.field("billNumber").exists())
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
