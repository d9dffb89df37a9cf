//! Reminders of due dates: which ones are to be told, at one moment, in the time zone of the one who is owed.
//!
//! The settings name days before a due date, such as 3 and 0. Each of them is told once for a due date:
//!
//! * from the first moment of that day in the biller's time zone, the day of the due date itself for 0. A reminder is
//!   an event; at which hour a person is disturbed is for the app to say that hears of it;
//! * or later, where nobody could tell it on its day (the server was down, the number was not kept yet): until the next
//!   of the named days takes its place, with the days that are then left;
//! * never once the due date has passed.
//!
//! So there is one reminder at most that is to be told of a due date at any moment, and another due date has reminders
//! of its own. The providers' documents say nothing of when they remind: all of this is billpay's own choice.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::ids::BillNumberId;
use super::money::Money;
use super::requester::{CustomerId, TenantId};

const HOURS_OF_A_DAY: i64 = 24;

/// A time zone that is unknown here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the biller's time zone is unknown")]
pub struct UnknownTimeZone;

/// A reminder that is told, or is about to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Reminder {
    /// Of which bill number.
    pub bill_number_id: BillNumberId,
    /// Which change of the bill number it is.
    pub version: i32,
    /// Whose the bill number is.
    pub tenant: TenantId,
    /// The tenant's customer whose it is.
    pub customer: Option<CustomerId>,
    /// Until when it is to be paid.
    pub due_date: Date,
    /// Under which of the days in the settings it is told.
    pub days_before: u16,
    /// How many days are left, in the biller's time zone: fewer than `days_before` where it is told late.
    pub days_left: u16,
    /// What is owed, as far as it is known.
    pub amount: Option<Money>,
}

/// The due dates of which one of the named days is to be told at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Which of the named days.
    pub days_before: u16,
    /// The first due date.
    pub first: Date,
    /// The last due date, on whose very day before it this is.
    pub last: Date,
    today: Date,
}

impl Window {
    /// How many days are left until a due date; none where another window has it.
    pub fn days_left(&self, due_date: Date) -> Option<u16> {
        if due_date < self.first || due_date > self.last {
            return None;
        }
        u16::try_from(due_date.duration_since(self.today).as_hours() / HOURS_OF_A_DAY).ok()
    }
}

/// The windows of a moment, the nearest due dates first: no due date is in two of them. `days` are the named days, in
/// any order.
pub fn windows(now: Timestamp, time_zone: &str, days: &[u16]) -> Result<Vec<Window>, UnknownTimeZone> {
    let zone = TimeZone::get(time_zone).map_err(|_| UnknownTimeZone)?;
    let today = now.to_zoned(zone).date();
    let mut days = days.to_vec();
    days.sort_unstable();
    days.dedup();
    let mut windows = Vec::with_capacity(days.len());
    let mut nearest = 0_i64;
    for days_before in days {
        let first = today.saturating_add(nearest.days());
        let last = today.saturating_add(i64::from(days_before).days());
        windows.push(Window { days_before, first, last, today });
        nearest = i64::from(days_before) + 1;
    }
    Ok(windows)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const NAIROBI: &str = "Africa/Nairobi";
    const DUE: &str = "2026-12-10";

    fn date(text: &str) -> Date {
        text.parse().expect("a date")
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    /// Which of the named days is told of a due date, and with how many days left.
    fn told(now: Timestamp, days: &[u16], due: Date) -> Option<(u16, u16)> {
        let windows = windows(now, NAIROBI, days).expect("a known zone");
        let mut found = windows.iter().filter_map(|window| Some((window.days_before, window.days_left(due)?)));
        let first = found.next();
        assert_eq!(found.next(), None, "two at once");
        first
    }

    #[test]
    fn a_day_begins_at_midnight_where_the_biller_is() {
        let due = date(DUE);
        // Midnight in Nairobi is 21:00 of the day before in UTC.
        assert_eq!(told(at("2026-12-06T20:59:59Z"), &[3, 0], due), None);
        assert_eq!(told(at("2026-12-06T21:00:00Z"), &[3, 0], due), Some((3, 3)));
        assert_eq!(told(at("2026-12-09T21:00:00Z"), &[3, 0], due), Some((0, 0)));
        assert_eq!(told(at("2026-12-10T20:59:59Z"), &[3, 0], due), Some((0, 0)));
        assert_eq!(told(at("2026-12-10T21:00:00Z"), &[3, 0], due), None, "the due date has passed");
    }

    #[test]
    fn a_day_that_was_missed_is_made_up_for_until_the_next_one() {
        let due = date(DUE);
        assert_eq!(told(at("2026-12-09T09:00:00Z"), &[3, 0], due), Some((3, 1)));
        assert_eq!(told(at("2026-12-10T09:00:00Z"), &[3], due), Some((3, 0)));
        assert_eq!(told(at("2026-12-10T09:00:00Z"), &[7, 3, 0], due), Some((0, 0)), "one for all that were missed");
    }

    #[test]
    fn days_are_named_in_any_order_and_count_once() {
        let now = at("2026-12-07T09:00:00Z");
        assert_eq!(windows(now, NAIROBI, &[3, 0]), windows(now, NAIROBI, &[0, 3, 3, 0]));
        assert_eq!(windows(now, NAIROBI, &[]), Ok(Vec::new()));
        assert_eq!(windows(now, "Mars/Olympus", &[3]), Err(UnknownTimeZone));
    }

    proptest! {
        #[test]
        fn a_due_date_is_told_of_as_soon_as_the_first_named_day_has_come(
            days in prop::collection::vec(0_u16..40, 0..6),
            seconds in 0_i64..400 * 86_400,
            ahead in -5_i64..45,
        ) {
            let now = Timestamp::from_second(1_795_305_600 + seconds).expect("a timestamp");
            let today = now.to_zoned(TimeZone::get(NAIROBI).expect("a zone")).date();
            let reached = days.iter().copied().filter(|&day| ahead >= 0 && i64::from(day) >= ahead).min();
            let found = told(now, &days, today.saturating_add(ahead.days()));
            prop_assert_eq!(found.map(|(day, _)| day), reached);
            prop_assert!(found.is_none_or(|(_, left)| i64::from(left) == ahead));
        }

        #[test]
        fn who_looks_often_enough_tells_each_day_on_its_day(
            days in prop::collection::btree_set(0_u16..20, 0..5),
            pauses in prop::collection::vec(1_i64..86_400, 60..90),
        ) {
            let named: Vec<u16> = days.iter().copied().collect();
            let due = date(DUE);
            let mut now = at("2026-11-20T00:00:00Z");
            let mut first_told = BTreeMap::new();
            for pause in pauses {
                now = Timestamp::from_second(now.as_second() + pause).expect("a timestamp");
                if let Some((day, left)) = told(now, &named, due) {
                    first_told.entry(day).or_insert(left);
                }
            }
            // A pause is shorter than a day, so that no day passes unseen; only those that came are told.
            prop_assert!(first_told.iter().all(|(day, left)| day == left), "{:?}", first_told);
            let today = now.to_zoned(TimeZone::get(NAIROBI).expect("a zone")).date();
            let came = |day: u16| today >= due.saturating_sub(i64::from(day).days());
            let expected: Vec<u16> = named.iter().copied().filter(|&day| came(day)).collect();
            prop_assert_eq!(first_told.into_keys().collect::<Vec<_>>(), expected);
        }
    }
}
