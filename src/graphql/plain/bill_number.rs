//! The plain fields of a bill number: all but its payments.

use async_graphql::parser::types::SelectionSet;

use super::biller;
use super::field::{Field, Fragments, Part, Plain, held};
use super::plan::Plan;
use crate::domain::bill_number::BillNumber;
use crate::domain::biller::Biller;
use crate::domain::money::Money;
use crate::domain::payment::Payment;
use crate::domain::requester::Scope;

type F = Field<BillNumber>;

const FIELDS: &[F] = &[
    F::leaf("id", |number, _, json| json.id(number.id)).brief(),
    F::part("biller", Biller::TYPE, |set, fragments| {
        biller::named::<BillNumber>(set, fragments, |number| number.biller_id)
    })
    .brief(),
    F::leaf("accountReference", |number, _, json| json.text(&number.account_reference)).brief(),
    F::leaf("customerName", |number, _, json| json.some_text(number.customer_name.as_deref())).brief(),
    F::leaf("phoneNumber", |number, _, json| json.some_text(number.phone_number.as_deref())),
    F::leaf("description", |number, _, json| json.some_text(number.description.as_deref())),
    F::part("lastKnownBalance", Money::TYPE, |set, fragments| {
        held::<BillNumber, Money>(set, fragments, |number| number.last_known_balance.as_ref())
    })
    .brief(),
    F::leaf("balanceAsOf", |number, _, json| json.some_shown(number.balance_as_of)),
    F::leaf("dueDate", |number, _, json| json.some_shown(number.due_date)).brief(),
    F::leaf("verified", |number, _, json| json.flag(number.verified)),
    F::leaf("accountActive", |number, _, json| json.some_flag(number.account_active)),
    F::leaf("remindDueDate", |number, _, json| json.flag(number.remind_due_date)),
    F::leaf("savedWithProvider", |number, _, json| json.flag(number.saved_with_provider)),
    F::leaf("providerReference", |number, _, json| json.some_text(number.provider_reference.as_deref())),
    F::leaf("createdAt", |number, _, json| json.moment(number.created_at)),
];

impl Plain for BillNumber {
    const TYPE: &'static str = "BillNumber";
    const INTERFACES: &'static [&'static str] = &["Node"];

    fn fields() -> &'static [F] {
        FIELDS
    }
}

/// The writer of the bill number that a payment names. It is at hand where the page of payments has read it and the
/// requester may see bill numbers; who may not is refused by the resolver.
pub fn of_payment(set: &SelectionSet, fragments: &Fragments) -> Option<Part<Payment>> {
    let plan = Plan::<BillNumber>::of(set, fragments)?;
    Some(Part::by(plan, |plan, payment: &Payment, at_hand, json| {
        let Some(id) = payment.bill_number_id else { return json.null() };
        if !at_hand.requester.may(Scope::BillsRead) {
            return None;
        }
        at_hand.bill_number(id.uuid(), |known| match known {
            Some(number) => plan.write(number, at_hand, json),
            None => json.null(),
        })?
    }))
}
