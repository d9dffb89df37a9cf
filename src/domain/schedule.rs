//! Days: when a payment may be sent, in the time zone of the one who is paid.
//!
//! A day begins at the first moment that exists in it (where clocks are put forward at midnight, that is later than
//! 00:00) and ends where the next one begins.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// The longest a payment can be put off, in years.
pub const FURTHEST_YEARS: i64 = 2;

/// When a payment may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The day on which it is to be paid, in the biller's time zone.
    pub process_date: Date,
    /// Not before.
    pub run_at: Timestamp,
    /// Not after.
    pub not_after: Timestamp,
}

/// Why a day cannot be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DayError {
    /// It is over in the biller's time zone.
    #[error("the process date is in the past in the biller's time zone")]
    Past,
    /// It is more than two years ahead.
    #[error("the process date is more than two years ahead")]
    TooFar,
    /// The biller's time zone is unknown here.
    #[error("the biller's time zone is unknown")]
    TimeZone,
}

/// The window of a payment that was asked for `wanted`, or for now. Without a day it stays good for `patience`.
pub fn window(now: Timestamp, wanted: Option<Date>, time_zone: &str, patience: Duration) -> Result<Window, DayError> {
    let zone = TimeZone::get(time_zone).map_err(|_| DayError::TimeZone)?;
    let today = now.to_zoned(zone.clone()).date();
    let Some(day) = wanted else {
        let not_after = now.saturating_add(patience).unwrap_or(Timestamp::MAX);
        return Ok(Window { process_date: today, run_at: now, not_after });
    };
    if day < today {
        return Err(DayError::Past);
    }
    if day > today.saturating_add(FURTHEST_YEARS.years()) {
        return Err(DayError::TooFar);
    }
    let begin = start_of(day, &zone)?;
    let end = start_of(day.saturating_add(1.day()), &zone)?;
    let not_after = end.saturating_sub(Duration::from_micros(1)).unwrap_or(end);
    Ok(Window { process_date: day, run_at: begin.max(now), not_after })
}

fn start_of(day: Date, zone: &TimeZone) -> Result<Timestamp, DayError> {
    let noon_free = zone.to_zoned(day.at(0, 0, 0, 0)).map_err(|_| DayError::TooFar)?;
    noon_free.start_of_day().map(|start| start.timestamp()).map_err(|_| DayError::TooFar)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn now() -> Timestamp {
        "2026-11-22T22:30:00Z".parse().expect("a timestamp")
    }

    fn date(text: &str) -> Date {
        text.parse().expect("a date")
    }

    #[test]
    fn today_is_the_billers_today() {
        let nairobi = window(now(), None, "Africa/Nairobi", DAY).expect("a window");
        assert_eq!(nairobi.process_date, date("2026-11-23"), "it is past midnight in Nairobi");
        assert_eq!(nairobi.run_at, now());
        assert_eq!(window(now(), Some(date("2026-11-22")), "Africa/Nairobi", DAY), Err(DayError::Past));
    }

    #[test]
    fn a_future_day_runs_from_its_first_to_its_last_moment() {
        let window = window(now(), Some(date("2026-12-01")), "Africa/Nairobi", DAY).expect("a window");
        assert_eq!(window.run_at, "2026-11-30T21:00:00Z".parse().expect("a timestamp"));
        assert_eq!(window.not_after, "2026-12-01T20:59:59.999999Z".parse().expect("a timestamp"));
    }

    #[test]
    fn m6_far_leap_and_gap_days_are_kept_or_refused() {
        assert_eq!(window(now(), Some(date("2028-11-24")), "Africa/Nairobi", DAY), Err(DayError::TooFar));
        assert!(window(now(), Some(date("2028-02-29")), "Africa/Nairobi", DAY).is_ok());
        assert_eq!(window(now(), Some(date("2026-12-01")), "Mars/Olympus", DAY), Err(DayError::TimeZone));
        // In Cairo clocks go from 00:00 to 01:00 on 30 April 2027: the day begins at 01:00.
        let gap = window(now(), Some(date("2027-04-30")), "Africa/Cairo", DAY).expect("a window");
        assert_eq!(gap.run_at, "2027-04-29T22:00:00Z".parse().expect("a timestamp"));
    }
}
