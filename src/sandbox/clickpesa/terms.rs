//! What is asked of whoever pays a control number: how much, how exactly, and for what.

use rust_decimal::Decimal;

use super::fields::Fields;
use super::rejection::Rejection;

/// The most characters of a description; stated where a number is changed, and applied where it is made too.
const LONGEST_DESCRIPTION: usize = 500;

/// How exactly an amount must be met; it counts only where there is an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    AllowPartialAndOverPayment,
    Exact,
}

/// The terms of a number, or a change of them: what is absent is not asked, or not changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Terms {
    pub description: Option<String>,
    pub mode: Option<Mode>,
    /// In shillings.
    pub amount: Option<Decimal>,
    /// The most that all payments together may come to, in shillings.
    pub most: Option<Decimal>,
}

impl Mode {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::AllowPartialAndOverPayment => "ALLOW_PARTIAL_AND_OVER_PAYMENT",
            Self::Exact => "EXACT",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::AllowPartialAndOverPayment, Self::Exact].into_iter().find(|mode| mode.name() == name)
    }
}

impl Terms {
    /// The terms that a body states, whether or not they hold together.
    pub(super) fn read(fields: Fields<'_>) -> Result<Self, Rejection> {
        let description = fields.text("billDescription")?;
        if description.is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
            return Err(Rejection::invalid("billDescription must be shorter than or equal to 500 characters"));
        }
        let mode = fields.text("billPaymentMode")?.map(|name| {
            let message = "billPaymentMode must be one of the following values: ALLOW_PARTIAL_AND_OVER_PAYMENT, EXACT";
            Mode::parse(name).ok_or_else(|| Rejection::invalid(message))
        });
        Ok(Self {
            description: description.map(str::to_owned),
            mode: mode.transpose()?,
            amount: fields.amount("billAmount")?,
            most: fields.amount("billMaxCollectionAmount")?,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These terms, and `earlier` ones where these say nothing.
    pub(super) fn over(self, earlier: &Self) -> Self {
        Self {
            description: self.description.or_else(|| earlier.description.clone()),
            mode: self.mode.or(earlier.mode),
            amount: self.amount.or(earlier.amount),
            most: self.most.or(earlier.most),
        }
    }

    /// The mode that counts: without an amount there is nothing to be exact about.
    pub(super) fn mode(&self) -> Mode {
        self.mode.filter(|_| self.amount.is_some()).unwrap_or(Mode::AllowPartialAndOverPayment)
    }

    /// Refuses terms that do not hold together.
    pub(super) fn check(&self) -> Result<(), Rejection> {
        let Some(most) = self.most else { return Ok(()) };
        match self.mode() {
            Mode::Exact => Err(Rejection::invalid(
                "billMaxCollectionAmount is allowed only when billPaymentMode is ALLOW_PARTIAL_AND_OVER_PAYMENT",
            )),
            Mode::AllowPartialAndOverPayment if self.amount.is_some_and(|amount| most < amount) => {
                Err(Rejection::invalid("billMaxCollectionAmount must be greater than or equal to billAmount"))
            }
            Mode::AllowPartialAndOverPayment => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(body: &Value) -> Result<Terms, Rejection> {
        Terms::read(Fields::new(body.as_object().expect("an object")))
    }

    fn holds(body: &Value) -> bool {
        read(body).and_then(|terms| terms.check()).is_ok()
    }

    #[test]
    fn an_exact_mode_counts_only_with_an_amount() {
        let without = read(&json!({ "billPaymentMode": "EXACT" })).expect("terms");
        assert_eq!(without.mode(), Mode::AllowPartialAndOverPayment);
        let with = read(&json!({ "billAmount": 90900 })).expect("terms").over(&without);
        assert_eq!(with.mode(), Mode::Exact);
        assert_eq!(Terms::default().mode(), Mode::AllowPartialAndOverPayment);
    }

    #[test]
    fn a_maximum_is_no_less_than_the_amount_and_never_exact() {
        assert!(holds(&json!({ "billMaxCollectionAmount": 5 })));
        assert!(holds(&json!({ "billMaxCollectionAmount": 5, "billAmount": 5 })));
        assert!(!holds(&json!({ "billMaxCollectionAmount": 4.99, "billAmount": 5 })));
        assert!(!holds(&json!({ "billMaxCollectionAmount": 5, "billAmount": 5, "billPaymentMode": "EXACT" })));
        assert!(holds(&json!({ "billMaxCollectionAmount": 5, "billPaymentMode": "EXACT" })));
    }

    #[test]
    fn a_description_has_500_characters_and_a_mode_is_known() {
        assert!(read(&json!({ "billDescription": "–".repeat(500) })).is_ok());
        assert!(read(&json!({ "billDescription": "–".repeat(501) })).is_err());
        assert!(read(&json!({ "billPaymentMode": "exact" })).is_err());
        assert!(read(&json!({ "billAmount": "5" })).is_err());
        assert!(read(&json!({ "other": 1 })).is_ok_and(|terms| terms.is_empty()));
    }
}
