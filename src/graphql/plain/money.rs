//! The plain fields of money: all.

use super::field::{Field, Plain};
use crate::domain::money::Money;

type F = Field<Money>;

const FIELDS: &[F] = &[
    F::leaf("amount", |money, _, json| json.amount(*money)),
    F::leaf("currency", |money, _, json| json.bare(money.currency().as_str())),
];

impl Plain for Money {
    const TYPE: &'static str = "Money";
    const INTERFACES: &'static [&'static str] = &[];
    const ALL_BRIEF: bool = true;

    fn fields() -> &'static [F] {
        FIELDS
    }
}
