//! The provider's time: moments as it prints them, and its day, which is that of the eastern United States.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::ports::clock::Clock;

/// Now.
#[expect(
    clippy::disallowed_methods,
    reason = "a simulator stands for another company's machine, with a clock of its own"
)]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

/// Today by that clock. No page says in which time zone a process date is meant; that it is New York's is our choice.
pub(super) fn today(clock: &Clock) -> Date {
    day_of(clock.now())
}

/// The next day that is no Saturday and no Sunday; holidays count as business days.
pub(super) fn next_business_day(today: Date) -> Date {
    let days = match today.weekday() {
        Weekday::Friday => 3,
        Weekday::Saturday => 2,
        Weekday::Sunday | Weekday::Monday | Weekday::Tuesday | Weekday::Wednesday | Weekday::Thursday => 1,
    };
    today.saturating_add(days.days())
}

/// A moment as in `2025-12-30T23:56:52.127+00:00`.
pub(super) fn text(moment: Timestamp) -> String {
    format!("{moment:.3}").replace('Z', "+00:00")
}

fn day_of(moment: Timestamp) -> Date {
    let new_york = TimeZone::get("America/New_York").unwrap_or(TimeZone::UTC);
    moment.to_zoned(new_york).date()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_day_ends_when_it_ends_in_new_york() {
        let moment = |text: &str| -> Timestamp { text.parse().expect("a moment") };
        assert_eq!(day_of(moment("2026-01-10T04:59:59Z")), date(2026, 1, 9));
        assert_eq!(day_of(moment("2026-07-10T04:00:00Z")), date(2026, 7, 10));
    }

    #[test]
    fn a_weekend_is_passed_over() {
        assert_eq!(next_business_day(date(2026, 1, 8)), date(2026, 1, 9));
        for friday_to_sunday in [date(2026, 1, 9), date(2026, 1, 10), date(2026, 1, 11)] {
            assert_eq!(next_business_day(friday_to_sunday), date(2026, 1, 12));
        }
    }

    #[test]
    fn a_moment_is_printed_as_the_provider_does() {
        let moment = "2025-12-30T23:56:52.127Z".parse().expect("a moment");
        assert_eq!(text(moment), "2025-12-30T23:56:52.127+00:00");
    }
}
