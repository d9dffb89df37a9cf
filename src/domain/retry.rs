//! How long to wait before the next try.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(300);

/// The pause after `tries` tries: half a second, doubled each time, five minutes at most. What spreads the load is that
/// each submission started at its own moment, so no jitter is added.
pub fn delay(tries: u32) -> Duration {
    match tries {
        0 => Duration::ZERO,
        tries => FIRST.saturating_mul(1 << (tries - 1).min(16)).min(LONGEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_a_limit() {
        assert_eq!(delay(0), Duration::ZERO);
        assert_eq!(delay(1), Duration::from_millis(500));
        assert_eq!(delay(3), Duration::from_secs(2));
        assert_eq!(delay(40), LONGEST);
    }
}
