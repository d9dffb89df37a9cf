//! From BILL's JSON to the port's words and back, without I/O: every trap of its pages is decided here, and named in a
//! test.
//!
//! What is safe comes before what is likely. A refusal counts only in the documented form, an array of errors; a status
//! that no page knows settles nothing.

mod bill;
mod event;
mod funding;
mod payment;
mod refusal;
mod request;
mod search;
mod status;
mod vendor;

use serde_json::Number;

use crate::domain::money::{CurrencyCode, Money};
use crate::ports::provider::ProviderError;
use crate::providers::http::Answer;

pub(super) use self::bill::open;
pub(super) use self::event::notice;
pub(super) use self::funding::{WALLET, bank, card};
pub(super) use self::payment::{Terms, recalled, standing, taken};
pub(super) use self::refusal::{
    is_session_refused, is_untrusted, not_recallable, nothing_sent, refusal, sign_in_refusal,
};
pub(super) use self::request::{foreign, frozen, today, void};
pub(super) use self::search::{currency_of, filters, found, holds_single};
pub(super) use self::status::SingleStatus;
pub(super) use self::vendor::entry;

/// The most characters that are kept of what the provider says.
const LONGEST_WORDS: usize = 300;
/// The length of a UUID without its hyphens.
const REFERENCE_DIGITS: usize = 32;

/// An answer that is not what was expected.
pub(super) fn unreadable(answer: &Answer) -> ProviderError {
    ProviderError::Unknown(answer.trouble("answer cannot be read"))
}

/// Whether an id can stand in a path, or in a filter, as it is.
pub(super) fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Our reference as BILL takes it: letters and digits, at most 50. A UUID keeps its 32 digits.
pub(super) fn transaction_number(our_reference: &str) -> String {
    our_reference.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// Our reference, from the form in which it was sent; none for a number that BILL made itself.
fn our_reference(transaction_number: &str) -> Option<String> {
    let is_ours = transaction_number.len() == REFERENCE_DIGITS;
    let uuid = uuid::Uuid::parse_str(transaction_number).ok().filter(|_| is_ours)?;
    Some(uuid.hyphenated().to_string())
}

fn money(number: Option<&Number>, currency: CurrencyCode) -> Option<Money> {
    Money::parse_lenient(&number?.to_string(), currency)
}

/// What the provider says, in one line that is not too long to keep.
fn words(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).take(LONGEST_WORDS).collect()
}

/// A text that tells something.
fn told(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn owned_words(text: Option<&str>) -> Option<String> {
    told(text).map(words)
}

fn owned(path: &[&str]) -> Vec<String> {
    path.iter().map(|&name| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "d695e5e7-8a3e-4d60-aae3-731bb81f95d1";

    #[test]
    fn our_reference_is_sent_without_hyphens_and_comes_back_with_them() {
        let number = transaction_number(OURS);
        assert_eq!(number, "d695e5e78a3e4d60aae3731bb81f95d1");
        assert_eq!(our_reference(&number).as_deref(), Some(OURS));
        assert_eq!(our_reference(&number.to_uppercase()).as_deref(), Some(OURS));
    }

    #[test]
    fn a_number_of_bills_own_is_no_reference_of_ours() {
        for number in ["", "EPKZLNTSTYSEUWVALISV", OURS, "x695e5e78a3e4d60aae3731bb81f95d1"] {
            assert_eq!(our_reference(number), None, "{number}");
        }
    }

    #[test]
    fn only_plain_ids_stand_in_a_path() {
        assert!(is_plain("stp01ZZRCUFIQWHP6ldb") && is_plain("a-b_c"));
        for id in ["", "a/b", "..", "a,b", "a:b", "ä"] {
            assert!(!is_plain(id), "{id}");
        }
    }
}
