//! BILL's vendors as billers.
//!
//! The organisation's days are those of New York, by which BILL's processing goes; that a vendor sits in the United
//! States is our choice where the list does not tell.

use super::{is_plain, told, words};
use crate::domain::amount_rule::AmountRule;
use crate::domain::biller::BillerCategory;
use crate::domain::disbursement::DisbursementMethod;
use crate::domain::money::CurrencyCode;
use crate::ports::provider::CatalogueEntry;
use crate::providers::bill::wire::Vendor;

/// Whose midnight ends a day.
pub(in crate::providers::bill) const TIME_ZONE: &str = "America/New_York";
const COUNTRY: &str = "US";
const CATEGORY_NAME: &str = "Vendor";

/// Reads one vendor. None for one that is archived, and for one whose currency is not in use or whose id cannot be
/// sent: neither can be paid.
pub(in crate::providers::bill) fn entry(vendor: Vendor, dollars: CurrencyCode) -> Option<CatalogueEntry> {
    if vendor.archived == Some(true) || !is_plain(&vendor.id) {
        return None;
    }
    let currency = match told(vendor.bill_currency.as_deref()) {
        Some(code) => code.parse().ok()?,
        None => dollars,
    };
    let pay_by = vendor.payment_information.and_then(|information| information.pay_by_type);
    Some(CatalogueEntry {
        name: told(vendor.name.as_deref()).map_or_else(|| vendor.id.clone(), words),
        code: vendor.id,
        category: BillerCategory::Vendor,
        category_name: CATEGORY_NAME.to_owned(),
        country: COUNTRY.to_owned(),
        amount_rule: AmountRule::any(currency),
        time_zone: TIME_ZONE.to_owned(),
        disbursement_method: told(pay_by.as_deref()).map(method),
        combines: vendor.additional_info.and_then(|info| info.combine_payments) == Some(true),
    })
}

/// The way that money takes. ACH and CHECK are documented; the others are said by third parties.
pub(super) fn method(word: &str) -> DisbursementMethod {
    match word {
        "ACH" => DisbursementMethod::Ach,
        "CHECK" => DisbursementMethod::Check,
        "RPPS" => DisbursementMethod::Rpps,
        "INTERNATIONAL" => DisbursementMethod::International,
        "VCARD" => DisbursementMethod::VirtualCard,
        "WALLET" => DisbursementMethod::Wallet,
        "OFFLINE" => DisbursementMethod::Offline,
        _ => DisbursementMethod::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::bill::fixture;
    use crate::providers::bill::wire::Page;
    use crate::providers::json;

    fn entries() -> Vec<CatalogueEntry> {
        let page: Page<Vendor> = json::read(&fixture::answer("vendors")).expect("a page");
        assert_eq!(page.next_page.as_deref(), Some("eyJwYWdlIjoyfQ"));
        page.results.into_iter().filter_map(|vendor| entry(vendor, fixture::dollars())).collect()
    }

    #[test]
    fn vendors_are_billers_in_their_own_currency() {
        let entries = entries();
        let read: Vec<_> = entries
            .iter()
            .map(|entry| (entry.code.as_str(), entry.amount_rule.currency.as_str(), entry.disbursement_method))
            .collect();
        let expected = [
            ("00901ACH", "USD", Some(DisbursementMethod::Ach)),
            ("00901CHECK", "USD", Some(DisbursementMethod::Check)),
            ("00901EURO", "EUR", Some(DisbursementMethod::International)),
            ("00901BARE", "USD", None),
        ];
        assert_eq!(read, expected);
        assert_eq!(entries.iter().map(|entry| entry.combines).collect::<Vec<_>>(), [false, true, false, false]);
        assert_eq!((entries[0].name.as_str(), entries[3].name.as_str()), ("Happy Music Supplies", "00901BARE"));
    }

    #[test]
    fn all_are_vendors_of_the_united_states_on_new_yorks_clock() {
        for entry in entries() {
            assert_eq!((entry.category, entry.country.as_str()), (BillerCategory::Vendor, "US"));
            assert!(jiff::tz::TimeZone::get(&entry.time_zone).is_ok());
        }
    }

    #[test]
    fn a_way_that_no_page_has_is_unknown() {
        assert_eq!(method("ach"), DisbursementMethod::Unknown);
        assert_eq!(method("PIGEON"), DisbursementMethod::Unknown);
    }
}
