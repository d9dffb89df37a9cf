//! What an account owes: derived from its number, the same whoever asks and whenever, with a due date ahead of today.

use jiff::civil::Date;
use jiff::tz::{self, TimeZone};
use jiff::{Timestamp, ToSpan};
use rust_decimal::Decimal;

use super::derive;
use super::script::BillForm;

const FIRST_NAMES: [&str; 12] = [
    "IRINA", "WANJIKU", "OTIENO", "AKINYI", "KIPCHOGE", "CHEBET", "MWENDE", "HASSAN", "FATUMA", "BRIAN", "NJERI",
    "MUSYOKA",
];
const LAST_NAMES: [&str; 12] = [
    "MUTHONI",
    "KAMAU",
    "ODHIAMBO",
    "WAMBUI",
    "KIPKEMBOI",
    "NYAMBURA",
    "MUTUA",
    "ABDI",
    "WAFULA",
    "ACHIENG",
    "MAINA",
    "CHERUIYOT",
];

const LEAST_DUE_SHILLINGS: u64 = 250;
const MOST_DUE_SHILLINGS: u64 = 9_999;
const SOONEST_DUE_DAYS: u64 = 10;
const LATEST_DUE_DAYS: u64 = 18;
/// Kenya keeps the same time all year.
const NAIROBI_OFFSET_HOURS: i8 = 3;

/// A bill, as a look-up shows it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bill {
    pub holder: String,
    pub amount_due: Decimal,
    /// In one of the provider's forms; absent where nothing is due.
    pub due_date: Option<String>,
    pub active: bool,
}

impl Bill {
    /// The bill of an account as of today in Nairobi.
    pub(super) fn of(account: &str, form: BillForm) -> Self {
        Self::as_of(account, form, today())
    }

    fn as_of(account: &str, form: BillForm, today: Date) -> Self {
        let due = today.saturating_add(due_in_days(account).days());
        Self {
            holder: holder(account),
            amount_due: match form {
                BillForm::NothingDue => Decimal::ZERO,
                BillForm::Plain | BillForm::Inactive | BillForm::DueAtT | BillForm::DueAtSpace => amount_due(account),
            },
            due_date: match form {
                BillForm::NothingDue => None,
                BillForm::Plain | BillForm::Inactive => Some(due.to_string()),
                BillForm::DueAtT => Some(format!("{due}T00:00:00")),
                BillForm::DueAtSpace => Some(format!("{due} 00:00:00")),
            },
            active: match form {
                BillForm::Inactive => false,
                BillForm::Plain | BillForm::NothingDue | BillForm::DueAtT | BillForm::DueAtSpace => true,
            },
        }
    }
}

/// Whose account it is.
pub(super) fn holder(account: &str) -> String {
    let first = pick(&FIRST_NAMES, derive::number("first name", account));
    let last = pick(&LAST_NAMES, derive::number("last name", account));
    format!("{first} {last}")
}

fn pick(names: &[&'static str; 12], number: u64) -> &'static str {
    names[(number % 12) as usize]
}

fn amount_due(account: &str) -> Decimal {
    // Whole shillings, since Almara's pages want them of a payment.
    let shillings = in_range(LEAST_DUE_SHILLINGS, MOST_DUE_SHILLINGS, derive::number("amount due", account));
    Decimal::new(shillings * 100, 2)
}

fn due_in_days(account: &str) -> i64 {
    in_range(SOONEST_DUE_DAYS, LATEST_DUE_DAYS, derive::number("due date", account))
}

fn in_range(least: u64, most: u64, number: u64) -> i64 {
    (least + number % (most - least + 1)).cast_signed()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a simulator stands for another company's machine, with a clock of its own"
)]
fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::fixed(tz::offset(NAIROBI_OFFSET_HOURS))).date()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2026, 4, 1);

    #[test]
    fn an_account_owes_the_same_at_every_look_up() {
        for account in ["1111777", "111832", "0712345678"] {
            let bill = Bill::as_of(account, BillForm::Plain, TODAY);
            assert_eq!(bill, Bill::as_of(account, BillForm::Plain, TODAY));
            assert!((Decimal::new(250, 0)..=Decimal::new(9_999, 0)).contains(&bill.amount_due));
            let due: Date = bill.due_date.expect("a date").parse().expect("YYYY-MM-DD");
            assert!((date(2026, 4, 11)..=date(2026, 4, 19)).contains(&due));
            assert!(bill.active);
        }
    }

    #[test]
    fn accounts_differ() {
        let [one, other] = ["1111777", "111832"].map(|account| Bill::as_of(account, BillForm::Plain, TODAY));
        assert_ne!(one.amount_due, other.amount_due);
    }

    #[test]
    fn a_due_date_comes_in_three_forms_or_not_at_all() {
        let form = |form| Bill::as_of("1", form, TODAY).due_date;
        let plain = form(BillForm::Plain).expect("a date");
        assert_eq!(form(BillForm::DueAtT), Some(format!("{plain}T00:00:00")));
        assert_eq!(form(BillForm::DueAtSpace), Some(format!("{plain} 00:00:00")));
        assert_eq!(form(BillForm::NothingDue), None);
    }
}
