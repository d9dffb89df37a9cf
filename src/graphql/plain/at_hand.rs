//! What stands beside an object in memory, so that its plain fields wait for nothing.

use std::sync::Arc;

use async_graphql::ContextBase;
use uuid::Uuid;

use crate::app::App;
use crate::app::catalogue::Snapshot;
use crate::domain::bill_number::BillNumber;
use crate::domain::requester::{Requester, Scope};
use crate::graphql::context::Known;
use crate::graphql::execute::RequestContext;
use crate::store::NamedBillNumbers;

/// What the writers of fields may look at beside their object.
pub struct AtHand<'a> {
    /// Who asks.
    pub requester: &'a Requester,
    /// The billers.
    pub billers: Arc<Snapshot>,
    /// The bill numbers that were read with payments.
    pub bill_numbers: BillNumbers<'a>,
}

/// Where bill numbers are that were read with payments, by id; None: there is none that the requester may see.
pub enum BillNumbers<'a> {
    /// In the context of the request, where its lists leave them for all.
    Left(&'a Known),
    /// With one page, which alone may look at them.
    OfPage(&'a NamedBillNumbers),
}

impl<'a> AtHand<'a> {
    /// What is at hand where something is resolved.
    pub fn of<T>(ctx: &ContextBase<'a, T>) -> Self {
        Self {
            requester: &ctx.data_unchecked::<RequestContext>().requester,
            billers: ctx.data_unchecked::<App>().catalogue.snapshot(),
            bill_numbers: BillNumbers::Left(ctx.data_unchecked::<Known>()),
        }
    }

    /// What is at hand where one page is written, with the bill numbers that were read for it.
    pub fn for_page(requester: &'a Requester, app: &App, read: &'a NamedBillNumbers) -> Self {
        Self { requester, billers: app.catalogue.snapshot(), bill_numbers: BillNumbers::OfPage(read) }
    }

    /// What `tell` makes of a bill number; None where it was not read.
    pub fn bill_number<T>(&self, id: Uuid, tell: impl FnOnce(Option<&BillNumber>) -> T) -> Option<T> {
        match self.bill_numbers {
            BillNumbers::Left(known) => known.bill_number(id, tell),
            // A page is short, so that to look through it is quicker than a map would be made.
            BillNumbers::OfPage(read) => {
                read.iter().find(|(named, _)| *named == id).map(|(_, number)| tell(number.as_ref()))
            }
        }
    }

    /// Whether the requester is an administrator of the tenant.
    pub fn is_admin(&self) -> bool {
        self.requester.may(Scope::Admin)
    }
}
