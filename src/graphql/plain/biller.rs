//! The plain fields of a biller. What follows from its provider's adapter is not among them.

use async_graphql::parser::types::SelectionSet;

use super::field::{Field, Fragments, Part, Plain, held};
use super::plan::Plan;
use crate::domain::biller::Biller;
use crate::domain::ids::BillerId;
use crate::domain::provider::ProviderCode;
use crate::graphql::object::biller::BillerCategory;
use crate::graphql::object::disbursement::DisbursementMethod;

type F = Field<Biller>;

const FIELDS: &[F] = &[
    F::leaf("id", |biller, _, json| json.id(biller.id)),
    F::leaf("code", |biller, _, json| json.text(&biller.code)),
    F::leaf("name", |biller, _, json| json.text(&biller.name)),
    F::leaf("category", |biller, _, json| json.word(BillerCategory::from(biller.category))),
    F::leaf("categoryName", |biller, _, json| json.text(&biller.category_name)),
    F::leaf("country", |biller, _, json| json.text(&biller.country)),
    F::leaf("currency", |biller, _, json| json.bare(biller.currency.as_str())),
    F::part("provider", ProviderCode::TYPE, |set, fragments| {
        held::<Biller, ProviderCode>(set, fragments, |biller| Some(&biller.provider))
    }),
    F::leaf("disbursementMethod", |biller, _, json| match biller.disbursement_method {
        Some(method) => json.word(DisbursementMethod::from(method)),
        None => json.null(),
    }),
    F::leaf("timeZone", |biller, _, json| json.text(&biller.time_zone)),
];

impl Plain for Biller {
    const TYPE: &'static str = "Biller";
    const INTERFACES: &'static [&'static str] = &["Node"];
    const ALL_BRIEF: bool = true;

    fn fields() -> &'static [F] {
        FIELDS
    }
}

/// The writer of the biller that an object names. One that this process has not heard of yet is not at hand.
pub fn named<O: 'static>(set: &SelectionSet, fragments: &Fragments, id: fn(&O) -> BillerId) -> Option<Part<O>> {
    let plan = Plan::<Biller>::of(set, fragments)?;
    Some(Part::by(plan, move |plan, whole: &O, at_hand, json| {
        let biller = at_hand.billers.get(id(whole))?;
        plan.write(biller, at_hand, json)
    }))
}
