//! Which amounts a biller or a bill takes.

use super::money::{CurrencyCode, Money};

/// The kind of an [`AmountRule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

/// The amounts that are allowed, in minor units of one currency. An amount must be positive in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AmountRule {
    /// The only currency that is taken.
    pub currency: CurrencyCode,
    /// The least amount, in minor units.
    pub minimum: Option<i64>,
    /// The largest amount, in minor units.
    pub maximum: Option<i64>,
    /// Amounts are multiples of this, in minor units.
    pub step: Option<i64>,
}

/// Why an amount is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmountFault {
    /// Zero or less.
    NotPositive,
    /// Another currency.
    Currency,
    /// Outside the rule.
    Outside,
}

impl AmountRule {
    /// Any positive amount.
    pub const fn any(currency: CurrencyCode) -> Self {
        Self { currency, minimum: None, maximum: None, step: None }
    }

    /// Only this amount.
    pub const fn exact(amount: Money) -> Self {
        Self { currency: amount.currency(), minimum: Some(amount.minor()), maximum: Some(amount.minor()), step: None }
    }

    /// The kind, which follows from the bounds.
    pub fn kind(&self) -> AmountRuleKind {
        match (self.minimum, self.maximum) {
            (None, None) => AmountRuleKind::Any,
            (None, Some(_)) => AmountRuleKind::UpTo,
            (Some(_), None) => AmountRuleKind::AtLeast,
            (Some(minimum), Some(maximum)) if minimum == maximum => AmountRuleKind::Exact,
            (Some(_), Some(_)) => AmountRuleKind::Range,
        }
    }

    /// Whether `amount` may be paid.
    pub fn check(&self, amount: Money) -> Result<(), AmountFault> {
        if !amount.is_positive() {
            return Err(AmountFault::NotPositive);
        }
        if amount.currency() != self.currency {
            return Err(AmountFault::Currency);
        }
        let minor = amount.minor();
        let inside = self.minimum.is_none_or(|minimum| minor >= minimum)
            && self.maximum.is_none_or(|maximum| minor <= maximum)
            && self.step.is_none_or(|step| minor % step == 0);
        if inside { Ok(()) } else { Err(AmountFault::Outside) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KES: CurrencyCode = CurrencyCode::KES;

    #[test]
    fn bounds_and_step_are_kept() {
        let rule = AmountRule { currency: KES, minimum: Some(100), maximum: Some(1_000), step: Some(100) };
        assert_eq!(rule.kind(), AmountRuleKind::Range);
        for (minor, expected) in [
            (100, Ok(())),
            (1_000, Ok(())),
            (150, Err(AmountFault::Outside)),
            (1_100, Err(AmountFault::Outside)),
            (0, Err(AmountFault::NotPositive)),
            (-100, Err(AmountFault::NotPositive)),
        ] {
            assert_eq!(rule.check(Money::from_minor(minor, KES)), expected, "{minor}");
        }
        let dollars = "USD".parse().expect("a currency");
        assert_eq!(rule.check(Money::from_minor(100, dollars)), Err(AmountFault::Currency));
    }

    #[test]
    fn the_kind_follows_from_the_bounds() {
        assert_eq!(AmountRule::any(KES).kind(), AmountRuleKind::Any);
        assert_eq!(AmountRule::exact(Money::from_minor(5, KES)).kind(), AmountRuleKind::Exact);
        assert_eq!(AmountRule { minimum: Some(1), ..AmountRule::any(KES) }.kind(), AmountRuleKind::AtLeast);
        assert_eq!(AmountRule { maximum: Some(1), ..AmountRule::any(KES) }.kind(), AmountRuleKind::UpTo);
    }
}
