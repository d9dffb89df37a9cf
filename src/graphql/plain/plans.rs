//! The plans of one request, each made when its first object is to be written.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_graphql::parser::types::SelectionSet;
use async_graphql::{ContextSelectionSet, Pos, Positioned};

use super::at_hand::AtHand;
use super::field::Plain;
use super::json::Json;
use super::page::Page;
use super::plan::Plan;
use super::whole::is_whole;
use crate::domain::payment::Payment;

/// What is known of the selection sets of one request.
#[derive(Default)]
pub struct Plans {
    whole: OnceLock<bool>,
    of_payments: Made<Payment>,
    of_pages: Made<Page>,
}

/// The plans for the selection sets of one type; None for those that have none.
struct Made<O: 'static>(Mutex<HashMap<Place, Option<Arc<Plan<O>>>>>);

/// A selection set: where it is kept and where it stood in the document. Positions alone are not enough, for the parser
/// counts no line where only a carriage return ends it.
type Place = (usize, Pos);

impl<O: 'static> Default for Made<O> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl Plans {
    /// The JSON of a payment; None where the library must resolve it.
    pub fn write_payment(ctx: &ContextSelectionSet<'_>, payment: &Payment) -> Option<Vec<u8>> {
        let plans = ctx.data_unchecked::<Self>();
        plans.of_payments.write(plans, ctx, payment)
    }

    /// The JSON of a page of payments; None where the library must resolve it.
    pub fn write_page(ctx: &ContextSelectionSet<'_>, page: &Page) -> Option<Vec<u8>> {
        let plans = ctx.data_unchecked::<Self>();
        plans.of_pages.write(plans, ctx, page)
    }

    /// The plan of a page whose fields are all brief; None where another is asked for, or the library must resolve it.
    pub fn of_brief_page(ctx: &ContextSelectionSet<'_>) -> Option<Arc<Plan<Page>>> {
        let plans = ctx.data_unchecked::<Self>();
        if !plans.are_of_one_piece(ctx) {
            return None;
        }
        plans.of_pages.plan(ctx).filter(|plan| plan.is_brief())
    }

    fn are_of_one_piece(&self, ctx: &ContextSelectionSet<'_>) -> bool {
        let env = ctx.query_env;
        *self.whole.get_or_init(|| is_whole(&env.operation.node.selection_set.node, &env.fragments))
    }
}

impl<O: Plain> Made<O> {
    /// More are forgotten and made again; no document within the limits has as many.
    const MOST: usize = 1_000;

    fn write(&self, plans: &Plans, ctx: &ContextSelectionSet<'_>, object: &O) -> Option<Vec<u8>> {
        if !plans.are_of_one_piece(ctx) {
            return None;
        }
        let plan = self.plan(ctx)?;
        let mut json = Json::new();
        plan.write(object, &AtHand::of(ctx), &mut json)?;
        Some(json.into_bytes())
    }

    fn plan(&self, ctx: &ContextSelectionSet<'_>) -> Option<Arc<Plan<O>>> {
        let set: &Positioned<SelectionSet> = ctx.item;
        let place = (std::ptr::from_ref(set).addr(), set.pos);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= Self::MOST {
            known.clear();
        }
        let plan = || Plan::of(&set.node, &ctx.query_env.fragments).map(Arc::new);
        known.entry(place).or_insert_with(plan).clone()
    }
}
