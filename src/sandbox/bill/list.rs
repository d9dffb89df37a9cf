//! Lists: pages with a cursor, and filters of the form `vendorId:eq:009…,processDate:gte:2026-01-01`.
//!
//! Only the filters that are known for a list are taken; any other is an error and not a longer list. `sort` is not
//! read: every list has one order.

use std::collections::HashMap;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;

use super::rejection::Rejection;

/// The parameters of a call.
pub(super) type Parameters = HashMap<String, String>;

const USUAL_MAX: usize = 20;
const LARGEST_MAX: usize = 100;
const CURSOR_PREFIX: &str = "place:";

/// One page, as the provider sends it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List<T> {
    results: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev_page: Option<String>,
}

/// Which page is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    max: usize,
    /// The place of the page's first member.
    from: Option<u64>,
}

/// One condition of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition<'a> {
    pub field: &'a str,
    pub comparison: Comparison,
    pub value: &'a str,
}

/// How a condition compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    AtLeast,
    AtMost,
}

impl Comparison {
    fn named(name: &str) -> Option<Self> {
        match name {
            "eq" => Some(Self::Equal),
            "gte" => Some(Self::AtLeast),
            "lte" => Some(Self::AtMost),
            _ => None,
        }
    }

    /// Whether `left` stands to `right` in this way.
    pub(super) fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::AtLeast => left >= right,
            Self::AtMost => left <= right,
        }
    }
}

impl Page {
    pub(super) fn read(parameters: &Parameters) -> Result<Self, Rejection> {
        let max = match parameters.get("max") {
            None => USUAL_MAX,
            Some(text) => size(text).ok_or_else(|| Rejection::invalid_parameter("max", text))?,
        };
        let from = match parameters.get("page") {
            None => None,
            Some(text) => Some(place(text).ok_or_else(|| Rejection::invalid_parameter("page", text))?),
        };
        Ok(Self { max, from })
    }

    /// The page of `members`, which stand in the list's order, each with a place that stays its own.
    pub(super) fn cut<T>(self, members: Vec<(u64, T)>) -> List<T> {
        let places: Vec<u64> = members.iter().map(|(place, _)| *place).collect();
        let start = match self.from {
            Some(from) => places.iter().position(|place| *place == from).unwrap_or(places.len()),
            None => 0,
        };
        let before = (start > 0).then(|| start.saturating_sub(self.max));
        List {
            next_page: places.get(start + self.max).copied().map(cursor),
            prev_page: before.and_then(|start| places.get(start)).copied().map(cursor),
            results: members.into_iter().skip(start).take(self.max).map(|(_, member)| member).collect(),
        }
    }
}

/// The conditions of `filters`; an empty list where there are none.
pub(super) fn conditions(parameters: &Parameters) -> Result<Vec<Condition<'_>>, Rejection> {
    let filters = parameters.get("filters").map(String::as_str).unwrap_or_default();
    filters.split(',').filter(|filter| !filter.is_empty()).map(condition).collect()
}

/// The answer to a condition that a list does not have.
pub(super) fn unknown(condition: &Condition<'_>) -> Rejection {
    Rejection::invalid_parameter("filters", condition.field)
}

fn condition(filter: &str) -> Result<Condition<'_>, Rejection> {
    let mut parts = filter.splitn(3, ':');
    let (field, comparison, value) = (parts.next(), parts.next().and_then(Comparison::named), parts.next());
    match (field, comparison, value) {
        (Some(field), Some(comparison), Some(value)) => Ok(Condition { field, comparison, value }),
        _ => Err(Rejection::invalid_parameter("filters", filter)),
    }
}

fn size(text: &str) -> Option<usize> {
    text.parse().ok().filter(|max| (1..=LARGEST_MAX).contains(max))
}

fn cursor(place: u64) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{CURSOR_PREFIX}{place}"))
}

fn place(cursor: &str) -> Option<u64> {
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    text.strip_prefix(CURSOR_PREFIX)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(pairs: &[(&str, &str)]) -> Parameters {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn members() -> Vec<(u64, u64)> {
        (1..=5).rev().map(|place| (place, place * 10)).collect()
    }

    #[test]
    fn pages_follow_one_another_and_lead_back() {
        let first = Page::read(&parameters(&[("max", "2")])).expect("a page").cut(members());
        assert_eq!((first.results, first.prev_page), (vec![50, 40], None));
        let next = first.next_page.expect("a next page");
        let second = Page::read(&parameters(&[("max", "2"), ("page", &next)])).expect("a page").cut(members());
        assert_eq!(second.results, [30, 20]);
        assert!(second.prev_page.is_some());
        let last = second.next_page.expect("a next page");
        let last = Page::read(&parameters(&[("max", "2"), ("page", &last)])).expect("a page").cut(members());
        assert_eq!((last.results, last.next_page), (vec![10], None));
    }

    #[test]
    fn a_page_keeps_its_place_when_members_are_added_before_it() {
        let next = Page { max: 2, from: None }.cut(members()).next_page.expect("a next page");
        let longer = [(6, 60)].into_iter().chain(members()).collect();
        let second = Page::read(&parameters(&[("page", &next), ("max", "1")])).expect("a page").cut(longer);
        assert_eq!(second.results, [30]);
    }

    #[test]
    fn what_is_no_page_is_refused() {
        for pair in [("max", "0"), ("max", "101"), ("max", "x"), ("page", "x"), ("page", "")] {
            assert!(Page::read(&parameters(&[pair])).is_err(), "{pair:?}");
        }
    }

    #[test]
    fn filters_are_read() {
        let parameters = parameters(&[("filters", "vendorId:eq:009,processDate:gte:2026-01-01")]);
        let conditions = conditions(&parameters).expect("conditions");
        let expected = [
            Condition { field: "vendorId", comparison: Comparison::Equal, value: "009" },
            Condition { field: "processDate", comparison: Comparison::AtLeast, value: "2026-01-01" },
        ];
        assert_eq!(conditions, expected);
        assert!(condition("vendorId:009").is_err() && condition("vendorId:like:009").is_err());
    }
}
