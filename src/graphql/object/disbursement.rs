//! Disbursements.

use async_graphql::{Enum, SimpleObject};

use crate::domain::disbursement as domain;
use crate::graphql::scalar::Date;

/// The way that the money of a payment takes to its biller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::DisbursementMethod")]
pub enum DisbursementMethod {
    /// A transfer through the Automated Clearing House of the United States.
    Ach,
    /// A paper check.
    Check,
    /// A transfer through a network of billers.
    Rpps,
    /// A transfer abroad.
    International,
    /// A card number that is good for this payment only.
    VirtualCard,
    /// Between balances that the provider keeps.
    Wallet,
    /// Outside the provider.
    Offline,
    /// The provider names none that is known here.
    Unknown,
}

/// How far the money of a payment is on its way to the biller.
#[derive(Clone, Debug, SimpleObject)]
pub struct Disbursement {
    /// The way that it takes.
    method: DisbursementMethod,
    /// The provider's own words for where it is.
    provider_status: Option<String>,
    /// Whether it goes by wire rather than by paper; null where the provider did not tell.
    online: Option<bool>,
    /// When it should be there.
    arrives_by: Option<Date>,
    /// What it can be traced by.
    tracking: Option<String>,
}

impl From<domain::Disbursement> for Disbursement {
    fn from(disbursement: domain::Disbursement) -> Self {
        Self {
            method: disbursement.method.into(),
            provider_status: disbursement.provider_status,
            online: disbursement.online,
            arrives_by: disbursement.arrives_by.map(Date),
            tracking: disbursement.tracking,
        }
    }
}
