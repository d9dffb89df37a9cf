//! Objects that are written at once.
//!
//! The library resolves each field of an object as a future of its own and keeps each value with its name until the
//! answer is written: on a page of payments that is most of the work. Many fields follow from the object and from what
//! is in memory anyway. Where a selection asks a payment for such fields alone (`field`), it becomes a `plan`, by which
//! every payment is written as JSON ([`super::written`]), and a page of them at once; else, and for the payments of
//! which something is not at hand, the library resolves them as ever. Both tell the same: a test compares them field by
//! field.
//!
//! A page that asks for the brief ones among these fields alone is known before anything is read (`brief`): the store
//! then reads few columns of each row.

mod at_hand;
mod bill_number;
mod biller;
mod brief;
mod field;
mod json;
mod money;
mod output;
mod page;
mod parts;
mod payment;
mod plan;
mod plans;
mod whole;

pub(in crate::graphql) use brief::BriefPage;
pub(in crate::graphql) use field::Fragments;
pub(in crate::graphql) use output::PaymentPage;
pub(in crate::graphql) use plans::Plans;

use crate::domain::bill_number::BillNumber;
use crate::domain::biller::Biller;
use crate::domain::money::Money;
use crate::domain::payment::{Failure, Payer, Payment};
use crate::domain::provider::ProviderCode;
use field::{Plain, Writer};
use page::{Page, PageEnds, PaymentEdge};

/// A plain field, as the schema names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainField {
    /// The type that has it.
    pub on: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its own type, where that has plain fields again.
    pub of: Option<&'static str>,
    /// Whether it is among those that lists usually ask for.
    pub is_brief: bool,
}

/// Every plain field of every type, so that a test can ask for each.
pub fn fields() -> Vec<PlainField> {
    let of_pages = [of_type::<Page>(), of_type::<PaymentEdge>(), of_type::<PageEnds>()];
    let of_payments = [of_type::<Payment>(), of_type::<Payer>(), of_type::<Failure>()];
    let of_others = [of_type::<BillNumber>(), of_type::<Biller>(), of_type::<Money>(), of_type::<ProviderCode>()];
    of_pages.into_iter().chain(of_payments).chain(of_others).flatten().collect()
}

fn of_type<O: Plain>() -> Vec<PlainField> {
    let named = O::fields().iter().map(|field| PlainField {
        on: O::TYPE,
        name: field.name,
        of: match field.writer {
            Writer::Leaf(_) => None,
            Writer::Part { of, compile: _ } => Some(of),
        },
        is_brief: O::ALL_BRIEF || field.is_brief,
    });
    named.collect()
}
