//! What a provider lists: its billers, and the accounts that money can come from.

use crate::domain::biller::BillerCategory;
use crate::domain::disbursement::DisbursementMethod;
use crate::domain::funding_account::FundingAccountKind;

/// One biller of a provider's catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// What the provider calls it: opaque.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub category: BillerCategory,
    /// Its kind in the provider's words.
    pub category_name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// How much it takes, in its currency.
    pub amount_rule: crate::domain::amount_rule::AmountRule,
    /// Its IANA time zone.
    pub time_zone: String,
    /// How the money reaches it, where the provider tells.
    pub disbursement_method: Option<DisbursementMethod>,
    /// Whether several of its bills can be one payment.
    pub combines: bool,
}

/// One account that money can come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FundingAccountEntry {
    /// What the provider calls it: opaque, unique among its kind.
    pub code: String,
    /// Its kind.
    pub kind: FundingAccountKind,
    /// What to show of it; never its whole number.
    pub label: String,
    /// Whether it can be used.
    pub active: bool,
}
