//! Terms: which amounts a number is to take, and which of them go together.
//!
//! Source: ClickPesa's page. The mode is applied only where an amount is set; a most goes with partial and over-payment,
//! or with no amount at all, and is not less than the amount. Where an amount comes without a mode it is EXACT: the
//! contract's choice, since the provider's own default would take any amount.

use super::ControlNumberMode;
use crate::domain::money::Money;

/// Which amounts a number takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Less and more than the amount, or that alone; none without an amount.
    pub mode: Option<ControlNumberMode>,
    /// What is asked for.
    pub amount: Option<Money>,
    /// The most in all.
    pub max_amount: Option<Money>,
}

/// What does not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TermFault {
    /// An amount of nothing or less.
    #[error("the amount must be more than nothing")]
    AmountNotPositive,
    /// A most of nothing or less.
    #[error("the maximum must be more than nothing")]
    MaxNotPositive,
    /// A mode that means nothing.
    #[error("a mode means something with an amount only; leave it out, or give an amount")]
    ModeWithoutAmount,
    /// A most beside an exact amount.
    #[error(
        "an EXACT number takes its amount only; a maximum goes with ALLOW_PARTIAL_AND_OVER_PAYMENT, or with no amount"
    )]
    MaxInExactMode,
    /// A most that its own amount passes.
    #[error("the maximum is less than the amount")]
    MaxBelowAmount,
    /// Two currencies.
    #[error("the maximum is in another currency than the amount")]
    MaxInOtherCurrency,
}

impl TermFault {
    /// Which input is at fault.
    pub const fn input(self) -> &'static [&'static str] {
        match self {
            Self::AmountNotPositive => &["amount", "amount"],
            Self::MaxNotPositive | Self::MaxBelowAmount => &["maxAmount", "amount"],
            Self::MaxInOtherCurrency => &["maxAmount", "currency"],
            Self::ModeWithoutAmount => &["mode"],
            Self::MaxInExactMode => &["maxAmount"],
        }
    }
}

impl Terms {
    /// Puts terms together, with the mode filled in; tells everything that is wrong with them.
    pub fn try_new(
        mode: Option<ControlNumberMode>,
        amount: Option<Money>,
        max_amount: Option<Money>,
    ) -> Result<Self, Vec<TermFault>> {
        let mut faults = Vec::new();
        if amount.is_some_and(|amount| !amount.is_positive()) {
            faults.push(TermFault::AmountNotPositive);
        }
        if max_amount.is_some_and(|most| !most.is_positive()) {
            faults.push(TermFault::MaxNotPositive);
        }
        if mode.is_some() && amount.is_none() {
            faults.push(TermFault::ModeWithoutAmount);
        }
        let mode = amount.map(|_| mode.unwrap_or(ControlNumberMode::Exact));
        if let Some(most) = max_amount {
            faults.extend(fault_of_max(mode, amount, most));
        }
        if faults.is_empty() { Ok(Self { mode, amount, max_amount }) } else { Err(faults) }
    }
}

fn fault_of_max(mode: Option<ControlNumberMode>, amount: Option<Money>, most: Money) -> Option<TermFault> {
    let amount = amount?;
    if mode == Some(ControlNumberMode::Exact) {
        Some(TermFault::MaxInExactMode)
    } else if amount.currency() != most.currency() {
        Some(TermFault::MaxInOtherCurrency)
    } else if most.minor() < amount.minor() {
        Some(TermFault::MaxBelowAmount)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXACT: Option<ControlNumberMode> = Some(ControlNumberMode::Exact);
    const PARTIAL: Option<ControlNumberMode> = Some(ControlNumberMode::AllowPartialAndOverPayment);

    fn shillings(minor: i64) -> Option<Money> {
        Some(Money::from_minor(minor, "TZS".parse().expect("a currency")))
    }

    #[test]
    fn an_amount_without_a_mode_is_exact_and_no_amount_has_no_mode() {
        assert_eq!(Terms::try_new(None, shillings(100), None).map(|terms| terms.mode), Ok(EXACT));
        assert_eq!(Terms::try_new(None, None, None).map(|terms| terms.mode), Ok(None));
        assert_eq!(Terms::try_new(PARTIAL, shillings(100), None).map(|terms| terms.mode), Ok(PARTIAL));
    }

    #[test]
    fn what_does_not_go_together_is_told() {
        let dollars = Some(Money::from_minor(500, "USD".parse().expect("a currency")));
        let cases = [
            (None, shillings(0), None, Some(TermFault::AmountNotPositive)),
            (None, None, shillings(0), Some(TermFault::MaxNotPositive)),
            (EXACT, None, None, Some(TermFault::ModeWithoutAmount)),
            (None, shillings(100), shillings(200), Some(TermFault::MaxInExactMode)),
            (PARTIAL, shillings(100), shillings(99), Some(TermFault::MaxBelowAmount)),
            (PARTIAL, shillings(100), dollars, Some(TermFault::MaxInOtherCurrency)),
            (PARTIAL, shillings(100), shillings(100), None),
            (None, None, shillings(100), None),
        ];
        for (mode, amount, most, fault) in cases {
            assert_eq!(
                Terms::try_new(mode, amount, most).err(),
                fault.map(|fault| vec![fault]),
                "{mode:?} {amount:?} {most:?}"
            );
        }
        let all = Terms::try_new(PARTIAL, None, shillings(-1)).err();
        assert_eq!(all, Some(vec![TermFault::MaxNotPositive, TermFault::ModeWithoutAmount]));
    }
}
