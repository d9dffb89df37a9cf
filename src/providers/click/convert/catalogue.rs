//! Click's billers: the four that its page lists. There is no call that lists them.

use crate::domain::amount_rule::AmountRule;
use crate::domain::biller::BillerCategory;
use crate::domain::money::CurrencyCode;
use crate::ports::provider::CatalogueEntry;

/// By `biller_name`; the names and kinds are the companies' own, not the page's.
const BILLERS: [(&str, &str, BillerCategory, &str); 4] = [
    ("stc", "stc", BillerCategory::Telecom, "Telecom"),
    ("sec", "Saudi Electricity Company", BillerCategory::Electricity, "Electricity"),
    ("zain", "Zain KSA", BillerCategory::Telecom, "Telecom"),
    ("mobily", "Mobily", BillerCategory::Telecom, "Telecom"),
];

/// The four billers. The page tells neither the amount's unit nor a limit; that it is in riyals follows from its
/// sibling pages.
pub(in crate::providers::click) fn entries(riyal: CurrencyCode) -> Vec<CatalogueEntry> {
    BILLERS
        .into_iter()
        .map(|(code, name, category, category_name)| CatalogueEntry {
            code: code.to_owned(),
            name: name.to_owned(),
            category,
            category_name: category_name.to_owned(),
            country: "SA".to_owned(),
            amount_rule: AmountRule::any(riyal),
            time_zone: "Asia/Riyadh".to_owned(),
            disbursement_method: None,
            combines: false,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_documented_billers_take_any_amount_in_riyals() {
        let riyal: CurrencyCode = "SAR".parse().expect("a currency");
        let entries = entries(riyal);
        let codes: Vec<_> = entries.iter().map(|entry| entry.code.as_str()).collect();
        assert_eq!(codes, ["stc", "sec", "zain", "mobily"]);
        assert!(entries.iter().all(|entry| entry.amount_rule == AmountRule::any(riyal) && entry.country == "SA"));
        assert!(entries.iter().all(|entry| jiff::tz::TimeZone::get(&entry.time_zone).is_ok()));
    }
}
