//! Almara's services as billers. The list tells neither country nor currency: both are settings.

use super::{told, words};
use crate::domain::amount_rule::AmountRule;
use crate::domain::biller::BillerCategory;
use crate::domain::money::CurrencyCode;
use crate::ports::provider::CatalogueEntry;
use crate::providers::almara::wire::BillService;

/// Where all services of one account are.
#[derive(Clone, Copy)]
pub(in crate::providers::almara) struct Market<'a> {
    pub country: &'a str,
    pub currency: CurrencyCode,
}

/// Words of `serviceCategoryDescription`, of which the pages show only ELECTRICITY; the first that is found counts.
const CATEGORIES: [(&str, BillerCategory); 24] = [
    ("ELECTRICITY", BillerCategory::Electricity),
    ("POWER", BillerCategory::Electricity),
    ("WATER", BillerCategory::Water),
    ("SEWERAGE", BillerCategory::Water),
    ("TV", BillerCategory::Television),
    ("TELEVISION", BillerCategory::Television),
    ("INTERNET", BillerCategory::Internet),
    ("BROADBAND", BillerCategory::Internet),
    ("TELECOM", BillerCategory::Telecom),
    ("TELEPHONE", BillerCategory::Telecom),
    ("MOBILE", BillerCategory::Telecom),
    ("AIRTIME", BillerCategory::Telecom),
    ("INSURANCE", BillerCategory::Insurance),
    ("HEALTH", BillerCategory::Insurance),
    ("PENSION", BillerCategory::Insurance),
    ("EDUCATION", BillerCategory::Education),
    ("SCHOOL", BillerCategory::Education),
    ("UNIVERSITY", BillerCategory::Education),
    ("GOVERNMENT", BillerCategory::Government),
    ("COUNTY", BillerCategory::Government),
    ("TAX", BillerCategory::Government),
    ("TAXES", BillerCategory::Government),
    ("RATES", BillerCategory::Government),
    ("PARKING", BillerCategory::Government),
];

/// Reads one service. Its id is opaque: one on the pages is not even a valid GUID.
pub(in crate::providers::almara) fn entry(service: BillService, market: Market<'_>) -> CatalogueEntry {
    let category_name = told(service.service_category_description.as_deref()).map(words).unwrap_or_default();
    let code = service.service_id.into_string();
    CatalogueEntry {
        name: told(service.service_type_description.as_deref()).map_or_else(|| code.clone(), words),
        code,
        category: category(&category_name),
        category_name,
        country: market.country.to_owned(),
        amount_rule: whole_units(market.currency),
        time_zone: time_zone(market.country).to_owned(),
        disbursement_method: None,
        combines: false,
    }
}

fn category(description: &str) -> BillerCategory {
    let is_in = |word: &str| {
        description.split(|char: char| !char.is_ascii_alphanumeric()).any(|part| part.eq_ignore_ascii_case(word))
    };
    CATEGORIES.iter().find(|&&(word, _)| is_in(word)).map_or(BillerCategory::Other, |(_, category)| *category)
}

/// The table calls `amount` an integer, though outcomes show cents: so whole units, of which one is the least.
fn whole_units(currency: CurrencyCode) -> AmountRule {
    let unit = 10_i64.pow(currency.digits());
    AmountRule { minimum: Some(unit), step: Some(unit), ..AmountRule::any(currency) }
}

/// Almara is Kenyan, and so is a country that is not listed here as far as the clock goes.
fn time_zone(country: &str) -> &'static str {
    match country {
        "UG" => "Africa/Kampala",
        "TZ" => "Africa/Dar_es_Salaam",
        "RW" => "Africa/Kigali",
        "ET" => "Africa/Addis_Ababa",
        _ => "Africa/Nairobi",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::amount_rule::{AmountFault, AmountRuleKind};
    use crate::domain::money::Money;
    use crate::providers::almara::fixture;
    use crate::providers::almara::wire::read_services;

    fn entries(name: &str) -> Vec<CatalogueEntry> {
        let services = read_services(&fixture::answer(name)).expect("a list");
        let market = Market { country: "KE", currency: CurrencyCode::KES };
        services.into_iter().map(|service| entry(service, market)).collect()
    }

    #[test]
    fn ids_are_opaque_text_or_integer_and_not_always_a_guid() {
        let codes: Vec<_> = entries("services").into_iter().map(|entry| entry.code).collect();
        assert!(uuid::Uuid::parse_str(&codes[1]).is_err());
        assert_eq!(codes[2], "2");
    }

    #[test]
    fn a_service_has_the_country_and_currency_of_the_settings() {
        let entry = entries("services").remove(0);
        assert_eq!((entry.name.as_str(), entry.category), ("KPLC POSTPAID", BillerCategory::Electricity));
        assert_eq!((entry.country.as_str(), entry.time_zone.as_str()), ("KE", "Africa/Nairobi"));
        assert_eq!(entry.amount_rule.currency, CurrencyCode::KES);
    }

    #[test]
    fn amounts_are_integers_of_one_shilling_or_more() {
        let rule = whole_units(CurrencyCode::KES);
        assert_eq!(rule.kind(), AmountRuleKind::AtLeast);
        for (minor, expected) in
            [(1_500, Ok(())), (100, Ok(())), (1_550, Err(AmountFault::Outside)), (50, Err(AmountFault::Outside))]
        {
            assert_eq!(rule.check(Money::from_minor(minor, CurrencyCode::KES)), expected, "{minor}");
        }
    }

    #[test]
    fn categories_go_by_their_words_and_unknown_ones_are_other() {
        for (description, expected) in [
            ("ELECTRICITY", BillerCategory::Electricity),
            ("Water & Sewerage", BillerCategory::Water),
            ("PAY TV", BillerCategory::Television),
            ("POSTPAID TELEPHONE", BillerCategory::Telecom),
            ("INTERNET", BillerCategory::Internet),
            ("GOVERNMENT", BillerCategory::Government),
            ("TVET", BillerCategory::Other),
            ("", BillerCategory::Other),
        ] {
            assert_eq!(category(description), expected, "{description}");
        }
    }

    #[test]
    fn every_time_zone_exists() {
        for country in ["KE", "UG", "TZ", "RW", "ET", "XX"] {
            assert!(jiff::tz::TimeZone::get(time_zone(country)).is_ok(), "{country}");
        }
    }
}
