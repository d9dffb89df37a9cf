//! Amount rules.

use async_graphql::{Enum, SimpleObject};

use super::money::decimal;
use crate::domain::amount_rule as domain;
use crate::domain::money::Money;
use crate::graphql::scalar::{CurrencyCode, Decimal};

/// The kind of an amount rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::AmountRuleKind")]
pub enum AmountRuleKind {
    /// Only `minimum`, which equals `maximum`.
    Exact,
    /// Anything up to `maximum`.
    UpTo,
    /// `minimum` or more.
    AtLeast,
    /// From `minimum` to `maximum`.
    Range,
    /// Any positive amount.
    Any,
}

/// Which amounts are taken.
#[derive(Clone, Debug, SimpleObject)]
pub struct AmountRule {
    /// The kind, which follows from the bounds.
    kind: AmountRuleKind,
    /// The least amount.
    minimum: Option<Decimal>,
    /// The largest amount.
    maximum: Option<Decimal>,
    /// Amounts are multiples of this.
    step: Option<Decimal>,
    /// The only currency that is taken.
    currency: CurrencyCode,
}

impl From<domain::AmountRule> for AmountRule {
    fn from(rule: domain::AmountRule) -> Self {
        let amount = |minor: i64| decimal(Money::from_minor(minor, rule.currency));
        Self {
            kind: rule.kind().into(),
            minimum: rule.minimum.map(amount),
            maximum: rule.maximum.map(amount),
            step: rule.step.map(amount),
            currency: CurrencyCode(rule.currency.to_string()),
        }
    }
}
