//! Access tokens: the latest one is held in memory, and one is fetched at a time.
//!
//! Who needs a token while it is being fetched waits for that request instead of making another. Each adapter brings
//! the request, and says how long its tokens are good for. Whatever goes wrong here, nothing of a payment has left: the
//! only errors are [`ProviderError::NotSent`] and, where our credentials are refused,
//! [`ProviderError::Misconfigured`].

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::ports::clock::Clock;
use crate::ports::provider::{ProviderError, Trouble};
use crate::providers::http::Answer;

/// A token as a provider gave it.
pub(super) struct Given<T> {
    pub(super) token: T,
    /// How long it may be used, from the moment before it was asked for.
    pub(super) good_for: Duration,
}

/// The latest token of one provider.
pub(super) struct TokenCache<T> {
    clock: Clock,
    held: Mutex<Option<Held<T>>>,
}

struct Held<T> {
    token: T,
    good_until: Timestamp,
}

impl<T: Clone> TokenCache<T> {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, held: Mutex::new(None) }
    }

    /// A token that is good for a call. The `request` for another is made only where none is held.
    pub(super) async fn get(
        &self,
        request: impl Future<Output = Result<Given<T>, ProviderError>>,
    ) -> Result<T, ProviderError> {
        let mut held = self.held.lock().await;
        let asked_at = self.clock.now();
        if let Some(held) = held.as_ref().filter(|held| asked_at < held.good_until) {
            return Ok(held.token.clone());
        }
        let given = request.await?;
        let good_until = asked_at.saturating_add(given.good_for).unwrap_or(Timestamp::MAX);
        *held = Some(Held { token: given.token.clone(), good_until });
        Ok(given.token)
    }

    /// Drops the token if it is the one that the provider refused, and says whether it was: another may have taken its
    /// place, or another call may have told already.
    pub(super) async fn forget(&self, is_refused: impl Fn(&T) -> bool) -> bool {
        let mut held = self.held.lock().await;
        let is_held = held.as_ref().is_some_and(|held| is_refused(&held.token));
        if is_held {
            *held = None;
        }
        is_held
    }
}

/// A call was turned away with the token that it carried, before anything was made of it. Of all who carried that token
/// only the first tells something new.
pub(super) fn expired(answer: &Answer, was_held: bool) -> ProviderError {
    ProviderError::NotSent(Trouble { is_known: !was_held, ..answer.trouble("token expired") })
}

/// What went wrong while a token was fetched: nothing that it was for has been sent.
pub(super) fn nothing_sent(error: ProviderError) -> ProviderError {
    match error {
        ProviderError::Unknown(trouble) | ProviderError::NotSent(trouble) => ProviderError::NotSent(trouble),
        ProviderError::Refused(_) | ProviderError::Misconfigured(_) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::http::trouble;

    async fn given(token: u32, good_for: Duration) -> Result<Given<u32>, ProviderError> {
        tokio::task::yield_now().await;
        Ok(Given { token, good_for })
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_token_is_held_for_its_time_and_no_longer() {
        let clock = Clock::default();
        let cache = TokenCache::new(clock.clone());
        assert_eq!(cache.get(given(1, MINUTE)).await, Ok(1));
        assert_eq!(cache.get(given(2, MINUTE)).await, Ok(1));
        clock.advance(MINUTE);
        assert_eq!(cache.get(given(3, Duration::MAX)).await, Ok(3));
        clock.advance(MINUTE);
        assert_eq!(cache.get(given(4, MINUTE)).await, Ok(3));
    }

    #[tokio::test]
    async fn one_request_serves_all_who_wait() {
        let cache = TokenCache::<u32>::new(Clock::default());
        let (first, second) = tokio::join!(cache.get(given(1, MINUTE)), cache.get(given(2, MINUTE)));
        assert_eq!((first, second), (Ok(1), Ok(1)));
    }

    #[tokio::test]
    async fn only_the_refused_token_is_forgotten() {
        let cache = TokenCache::<u32>::new(Clock::default());
        assert_eq!(cache.get(given(2, MINUTE)).await, Ok(2));
        assert!(!cache.forget(|&held| held == 1).await);
        assert_eq!(cache.get(given(3, MINUTE)).await, Ok(2));
        assert!(cache.forget(|&held| held == 2).await);
        assert!(!cache.forget(|&held| held == 2).await, "another call has told");
        assert_eq!(cache.get(given(3, MINUTE)).await, Ok(3));
    }

    #[tokio::test]
    async fn after_a_failure_the_next_asks_again() {
        let cache = TokenCache::<u32>::new(Clock::default());
        let failed = async { Err(ProviderError::NotSent(trouble("token not given"))) };
        assert_eq!(cache.get(failed).await, Err(ProviderError::NotSent(trouble("token not given"))));
        assert_eq!(cache.get(given(1, MINUTE)).await, Ok(1));
    }

    #[test]
    fn without_an_answer_nothing_was_sent() {
        let unknown = ProviderError::Unknown(trouble("no answer in time"));
        assert_eq!(nothing_sent(unknown), ProviderError::NotSent(trouble("no answer in time")));
    }
}
