//! Money.

use async_graphql::{InputObject, SimpleObject};

use crate::domain::money;
use crate::graphql::scalar::{CurrencyCode, Decimal};

/// An amount in a currency.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject)]
pub struct Money {
    /// The amount, with exactly the currency's number of digits.
    amount: Decimal,
    /// The currency.
    currency: CurrencyCode,
}

impl From<money::Money> for Money {
    fn from(money: money::Money) -> Self {
        Self { amount: decimal(money), currency: CurrencyCode(money.currency().to_string()) }
    }
}

/// An amount without its currency.
pub fn decimal(money: money::Money) -> Decimal {
    Decimal(money.decimal_text())
}

/// An amount in a currency, as an input. Fewer digits than the currency has are filled up, more are refused.
#[derive(Clone, Debug, InputObject)]
pub struct MoneyInput {
    /// The amount, as a string: `"15.00"`.
    pub amount: Decimal,
    /// The currency.
    pub currency: CurrencyCode,
}
