//! A page of payments that is written from the columns that lists usually ask for, with no other read.
//!
//! Whether it can be is known from the plan of the page's selection set, before anything is read. The store gives
//! the page, whose payments and bill numbers hold blanks where nothing was read, and has its JSON back; the brief fields
//! look at no blank. Nothing of the page is left in the context, where others would take it for whole.

use std::sync::Arc;

use async_graphql::ContextSelectionSet;
use async_graphql::parser::types::SelectionSet;

use super::at_hand::AtHand;
use super::field::Fragments;
use super::json::Json;
use super::page::Page;
use super::plan::Plan;
use super::plans::Plans;
use crate::app::App;
use crate::domain::page::Page as Read;
use crate::domain::payment::Payment;
use crate::domain::requester::Requester;
use crate::graphql::object::connection::connection;
use crate::graphql::object::payment::Payment as PaymentObject;
use crate::store::NamedBillNumbers;

/// How a page that asks for nothing else is written.
#[derive(Clone)]
pub struct BriefPage(Arc<Plan<Page>>);

impl BriefPage {
    /// How the page of a selection set is written where it is resolved; None where it asks for more.
    pub fn of(ctx: &ContextSelectionSet<'_>) -> Option<Self> {
        Plans::of_brief_page(ctx).map(Self)
    }

    /// How the page of a selection set is written; None where it asks for more. That the page is asked for in one piece
    /// is for the caller to know.
    pub fn of_set(set: &SelectionSet, fragments: &Fragments) -> Option<Self> {
        Plan::of(set, fragments).filter(Plan::is_brief).map(|plan| Self(Arc::new(plan)))
    }

    /// The JSON of a page; None where something is not at hand.
    pub fn write(
        &self,
        app: &App,
        requester: &Requester,
        payments: Read<Payment>,
        numbers: &NamedBillNumbers,
    ) -> Option<Vec<u8>> {
        let mut json = Json::of_objects(payments.items.len());
        // The cursors are blank too: they are written from the ids.
        let page: Page = connection(payments, |_| String::new(), PaymentObject);
        self.0.write(&page, &AtHand::for_page(requester, app, numbers), &mut json)?;
        Some(json.into_bytes())
    }
}
