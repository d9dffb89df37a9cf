//! Trying a change again that another was in the way of.
//!
//! A deadlock, a busy database, an object that another changed first, a uniqueness rule that refused: each time nothing
//! was changed, and whoever begins anew finds what the other made of it. The number of tries and the pauses between
//! them are our choice.

use std::time::{Duration, Instant};

/// How often a change is tried at most.
const MOST_TRIES: u32 = 8;
/// After so long no further try is begun: one that waited for a lock may have taken seconds.
const LONGEST: Duration = Duration::from_secs(5);
/// How much longer a pause may be after each try, in milliseconds. Its length is random, so that two who met once do
/// not meet again.
const LONGER_PAUSE_MILLIS: u64 = 4;

/// An error that may only tell that another was in the way.
pub trait Passing {
    /// Whether nothing was changed, and the same may be tried again.
    fn is_passing(&self) -> bool;
}

/// Makes a change, and makes it anew as long as another is in the way, a limited number of times. Each try begins a
/// transaction of its own.
pub async fn retrying<T, E, F>(mut change: impl FnMut() -> F) -> Result<T, E>
where
    E: Passing,
    F: Future<Output = Result<T, E>>,
{
    let began = Instant::now();
    for tries in 1..MOST_TRIES {
        match change().await {
            Err(error) if error.is_passing() && began.elapsed() < LONGEST => {}
            outcome => return outcome,
        }
        tokio::time::sleep(pause_after(tries)).await;
    }
    change().await
}

fn pause_after(tries: u32) -> Duration {
    Duration::from_millis(rand::random_range(0..=LONGER_PAUSE_MILLIS * u64::from(tries)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    /// Fails as often as told, then counts its calls.
    async fn calls_until_done(failures: u32, error: fn() -> StoreError) -> (u32, Result<u32, StoreError>) {
        let mut calls = 0;
        let outcome = retrying(|| {
            calls += 1;
            let said = if calls > failures { Ok(calls) } else { Err(error()) };
            async move { said }
        })
        .await;
        (calls, outcome)
    }

    #[tokio::test]
    async fn what_another_was_in_the_way_of_is_tried_again() {
        let (calls, outcome) = calls_until_done(2, || StoreError::Conflict).await;
        assert_eq!((calls, outcome.ok()), (3, Some(3)));
    }

    #[tokio::test]
    async fn it_ends_and_tells_the_last_error() {
        let (calls, outcome) = calls_until_done(u32::MAX, || StoreError::Conflict).await;
        assert_eq!(calls, MOST_TRIES);
        assert!(matches!(outcome, Err(StoreError::Conflict)));
    }

    #[tokio::test]
    async fn what_is_wrong_for_good_is_not_tried_again() {
        let (calls, outcome) = calls_until_done(1, || StoreError::Unreadable("a row")).await;
        assert_eq!(calls, 1);
        assert!(matches!(outcome, Err(StoreError::Unreadable(_))));
    }
}
