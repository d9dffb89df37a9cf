//! When what failed is tried again.
//!
//! The pauses are those that the Standard Webhooks text suggests, about three days in all. Each is made up to a tenth
//! shorter or longer, so that many receivers that failed together do not come back together; and a receiver that says
//! how long it wants to be left alone is left alone for as long, a day at most.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// The pauses after the first failed attempt, the second, …
const PAUSES: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * MINUTE),
    Duration::from_secs(30 * MINUTE),
    Duration::from_secs(2 * HOUR),
    Duration::from_secs(5 * HOUR),
    Duration::from_secs(10 * HOUR),
    Duration::from_secs(14 * HOUR),
    Duration::from_secs(20 * HOUR),
    Duration::from_secs(24 * HOUR),
];
/// The longest that a receiver's wish is heeded.
const LONGEST_WISH: Duration = Duration::from_secs(24 * HOUR);

/// How often a webhook is tried before it is given up.
pub const MOST_ATTEMPTS: u32 = 10;

/// The pause after `attempts` failed attempts; none where it is given up. `wish` is the receiver's own, `random` any
/// number, which decides where in the range the pause lies.
pub fn pause(attempts: u32, wish: Option<Duration>, random: u16) -> Option<Duration> {
    let place = usize::try_from(attempts.checked_sub(1)?).ok()?;
    let pause = spread(*PAUSES.get(place)?, random);
    Some(pause.max(wish.unwrap_or_default().min(LONGEST_WISH)))
}

/// The pause times 0.9 to 1.1.
fn spread(pause: Duration, random: u16) -> Duration {
    pause * 9 / 10 + pause / 5 * u32::from(random) / u32::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDDLE: u16 = u16::MAX / 2;

    fn seconds(attempts: u32, wish: Option<u64>, random: u16) -> Option<u64> {
        pause(attempts, wish.map(Duration::from_secs), random).map(|pause| pause.as_secs())
    }

    #[test]
    fn the_pauses_grow_over_three_days_and_then_end() {
        let pauses: Vec<_> = (1..=MOST_ATTEMPTS).map(|attempts| seconds(attempts, None, 0)).collect();
        let shortest = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400].map(|whole| Some(whole * 9 / 10));
        assert_eq!(pauses[..9], shortest);
        assert_eq!(pauses[9], None, "the tenth attempt is the last");
        assert_eq!(seconds(u32::MAX, None, 0), None);
        assert_eq!(seconds(0, None, 0), None, "nothing failed, so there is nothing to wait for");
    }

    #[test]
    fn a_pause_lies_within_a_tenth_of_its_length() {
        assert_eq!(pause(2, None, 0), Some(Duration::from_secs(270)));
        assert_eq!(pause(2, None, u16::MAX), Some(Duration::from_secs(330)));
        let middle = pause(2, None, MIDDLE).expect("a pause");
        assert!((299..=300).contains(&middle.as_secs()), "{middle:?}");
    }

    #[test]
    fn a_receivers_wish_lengthens_a_pause_and_never_shortens_it() {
        assert_eq!(seconds(1, Some(90), MIDDLE), Some(90));
        assert_eq!(seconds(2, Some(1), 0), Some(270));
        assert_eq!(seconds(1, Some(1_000_000), 0), Some(86_400), "a day at most");
        assert_eq!(seconds(10, Some(90), 0), None, "a wish gives no further attempt");
    }
}
