//! Funding accounts: where a payer's money comes from, for providers that need to be told.

use super::ids::FundingAccountId;
use super::payment::status::words;
use super::provider::ProviderCode;
use std::fmt;
use std::str::FromStr;

words! {
    /// What kind of account the money comes from.
    FundingAccountKind {
        /// A bank account.
        BankAccount = "BANK_ACCOUNT",
        /// A card.
        CardAccount = "CARD_ACCOUNT",
        /// A balance that the provider keeps.
        Wallet = "WALLET",
        /// A card for accounts payable.
        ApCard = "AP_CARD",
    }
}

/// One account of those that the configured credentials may draw on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FundingAccount {
    /// Its id.
    pub id: FundingAccountId,
    /// Whose it is.
    pub provider: ProviderCode,
    /// What the provider calls it: opaque.
    pub code: String,
    /// Its kind.
    pub kind: FundingAccountKind,
    /// What to show of it; never its whole number.
    pub label: String,
    /// Whether it can be used. One that its provider no longer lists stays, inactive.
    pub active: bool,
}
