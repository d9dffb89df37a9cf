//! A page of payments that is written from the columns that lists usually ask for, with no other read.
//!
//! Whether it can be is known from the plan of the page's selection set, before anything is read. The store gives
//! the page, whose payments and bill numbers hold blanks where nothing was read, and has its JSON back; the brief fields
//! look at no blank. Nothing of the page is left in the context, where others would take it for whole.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::ContextSelectionSet;

use super::at_hand::AtHand;
use super::json::Json;
use super::page::Page;
use super::plan::Plan;
use super::plans::Plans;
use crate::domain::bill_number::BillNumber;
use crate::domain::page::Page as Read;
use crate::domain::payment::Payment;
use crate::graphql::object::connection::connection;
use crate::graphql::object::payment::Payment as PaymentObject;

/// How a page that asks for nothing else is written.
pub struct BriefPage {
    plan: Arc<Plan<Page>>,
    /// Whether the payments' bill numbers are read with them.
    bill_numbers: bool,
}

impl BriefPage {
    /// How the page of a selection set is written; None where it asks for more.
    pub fn of(ctx: &ContextSelectionSet<'_>, bill_numbers: bool) -> Option<Self> {
        Plans::of_brief_page(ctx).map(|plan| Self { plan, bill_numbers })
    }

    /// The JSON of a page; None where something is not at hand.
    pub fn write(&self, ctx: &ContextSelectionSet<'_>, page: Read<(Payment, Option<BillNumber>)>) -> Option<Vec<u8>> {
        let mut read = HashMap::new();
        let payments = page.map(|(payment, number)| {
            if self.bill_numbers {
                read.extend(payment.bill_number_id.map(|id| (id.uuid(), number)));
            }
            payment
        });
        let page: Page = connection(payments, |payment| payment.id.to_string(), PaymentObject);
        let mut json = Json::new();
        self.plan.write(&page, &AtHand::of(ctx).with_bill_numbers(&read), &mut json)?;
        Some(json.into_bytes())
    }
}
