//! Funding accounts.

use async_graphql::{Description, Enum, ID, Object};

use super::provider::Provider;
use crate::domain::funding_account as domain;

/// What kind of account the money comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::FundingAccountKind")]
pub enum FundingAccountKind {
    /// A bank account.
    BankAccount,
    /// A card.
    CardAccount,
    /// A balance that the provider keeps.
    Wallet,
    /// A card for accounts payable.
    ApCard,
}

/// Where the payer's money comes from, for providers that need to know.
#[derive(Clone, Debug, Description)]
pub struct FundingAccount(pub domain::FundingAccount);

#[Object(use_type_description)]
impl FundingAccount {
    /// Its id.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }

    /// The provider that draws on it.
    async fn provider(&self) -> Provider {
        Provider(self.0.provider)
    }

    /// Its kind.
    async fn kind(&self) -> FundingAccountKind {
        self.0.kind.into()
    }

    /// What to show of it; never its whole number.
    async fn label(&self) -> &str {
        &self.0.label
    }

    /// Whether it can be used now.
    async fn active(&self) -> bool {
        self.0.active
    }
}
