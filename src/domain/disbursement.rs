//! Disbursements: how the money of a payment reaches its biller.

use super::payment::status::words;
use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

words! {
    /// The way that the money takes.
    DisbursementMethod {
        /// A transfer through the Automated Clearing House.
        Ach = "ACH",
        /// A paper check.
        Check = "CHECK",
        /// A transfer through Mastercard's RPPS network of billers.
        Rpps = "RPPS",
        /// A transfer abroad.
        International = "INTERNATIONAL",
        /// A card number that is good for this payment only.
        VirtualCard = "VIRTUAL_CARD",
        /// Between balances that the provider keeps.
        Wallet = "WALLET",
        /// Outside the provider.
        Offline = "OFFLINE",
        /// The provider names none that is known here.
        Unknown = "UNKNOWN",
    }
}

/// How far the money of one payment is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disbursement {
    /// The way that it takes.
    #[serde(with = "word")]
    pub method: DisbursementMethod,
    /// The provider's own words for where it is.
    pub provider_status: Option<String>,
    /// Whether it goes by wire rather than by paper, where told.
    pub online: Option<bool>,
    /// When it should be there.
    pub arrives_by: Option<Date>,
    /// What it can be traced by.
    pub tracking: Option<String>,
}

mod word {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::DisbursementMethod;

    pub(super) fn serialize<S: Serializer>(method: &DisbursementMethod, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(method.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DisbursementMethod, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
