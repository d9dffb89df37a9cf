//! The organisation's accounts: its banks, its cards, and the wallet.
//!
//! The pages list the words of `status` nowhere, so an account counts as good unless its word says otherwise: BILL
//! refuses one that is inactive by name.

use super::{is_plain, told, words};
use crate::domain::funding_account::FundingAccountKind;
use crate::ports::provider::FundingAccountEntry;
use crate::providers::bill::wire::{Bank, Card};

/// How the words begin of a status in which an account cannot pay.
const IDLE_WORDS: [&str; 10] = [
    "INACTIVE",
    "ARCHIVED",
    "BLOCKED",
    "DELETED",
    "DISABLED",
    "EXPIRED",
    "FAILED",
    "NOT_VERIFIED",
    "PENDING",
    "UNVERIFIED",
];
/// How many digits of a number are shown.
const SHOWN_DIGITS: usize = 4;
/// What the wallet is called, which has no id of BILL's.
pub(in crate::providers::bill) const WALLET: &str = "WALLET";

pub(in crate::providers::bill) fn bank(bank: Bank) -> Option<FundingAccountEntry> {
    is_plain(&bank.id).then(|| FundingAccountEntry {
        label: label(bank.bank_name.as_deref().unwrap_or("Bank account"), bank.account_number.as_deref()),
        active: is_active(bank.archived, bank.status.as_deref()),
        code: bank.id,
        kind: FundingAccountKind::BankAccount,
    })
}

pub(in crate::providers::bill) fn card(card: Card) -> Option<FundingAccountEntry> {
    is_plain(&card.id).then(|| FundingAccountEntry {
        label: label(card.name.as_deref().unwrap_or("Card"), card.last4.as_deref()),
        active: is_active(card.archived, card.status.as_deref()),
        code: card.id,
        kind: FundingAccountKind::CardAccount,
    })
}

fn is_active(archived: Option<bool>, status: Option<&str>) -> bool {
    let status = told(status).unwrap_or_default().to_ascii_uppercase();
    archived != Some(true) && !IDLE_WORDS.iter().any(|word| status.starts_with(word))
}

/// A name and the last digits, however the rest of the number is masked, or if it is not.
fn label(name: &str, number: Option<&str>) -> String {
    let digits: Vec<char> = number.unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
    let shown: String = digits[digits.len().saturating_sub(SHOWN_DIGITS)..].iter().collect();
    if shown.is_empty() { words(name) } else { format!("{} …{shown}", words(name)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::bill::fixture;
    use crate::providers::bill::wire::Page;
    use crate::providers::json;

    #[test]
    fn banks_are_read_and_archived_ones_are_idle() {
        let page: Page<Bank> = json::read(&fixture::answer("banks")).expect("a page");
        let banks: Vec<_> = page.results.into_iter().filter_map(bank).collect();
        let read: Vec<_> = banks.iter().map(|bank| (bank.label.as_str(), bank.active)).collect();
        assert_eq!(read, [("First Bank …1234", true), ("First Bank …5678", false), ("Old Bank …9012", false)]);
    }

    #[test]
    fn never_more_than_four_digits_are_shown() {
        assert_eq!(label("A", Some("123456789")), "A …6789");
        assert_eq!(label("A", Some("**12")), "A …12");
        assert_eq!(label("A", None), "A");
    }

    #[test]
    fn a_word_that_no_page_has_leaves_an_account_good() {
        for (archived, status, active) in [
            (None, None, true),
            (Some(false), Some("VERIFIED"), true),
            (None, Some("ACTIVE"), true),
            (None, Some("inactive"), false),
            (None, Some("PENDING_VERIFICATION"), false),
            (Some(true), Some("VERIFIED"), false),
        ] {
            assert_eq!(is_active(archived, status), active, "{archived:?} {status:?}");
        }
    }
}
