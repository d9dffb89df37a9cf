//! Funding accounts.

use async_graphql::{Description, Enum, ID, Object};

use super::provider::Provider;
use crate::domain::ids::FundingAccountId;
use crate::domain::provider::ProviderCode;

/// What kind of account the money comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
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
pub struct FundingAccount {
    /// Its id.
    pub id: FundingAccountId,
    /// Whose it is.
    pub provider: ProviderCode,
    /// Its kind.
    pub kind: FundingAccountKind,
    /// What to show of it.
    pub label: String,
    /// Whether it can be used.
    pub active: bool,
}

#[Object(use_type_description)]
impl FundingAccount {
    /// Its id.
    pub async fn id(&self) -> ID {
        ID(self.id.to_string())
    }

    /// The provider that draws on it.
    async fn provider(&self) -> Provider {
        Provider(self.provider)
    }

    /// Its kind.
    async fn kind(&self) -> FundingAccountKind {
        self.kind
    }

    /// What to show of it; never its whole number.
    async fn label(&self) -> &str {
        &self.label
    }

    /// Whether it can be used now.
    async fn active(&self) -> bool {
        self.active
    }
}
