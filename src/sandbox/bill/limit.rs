//! How much the provider takes: three calls at once for an organization, 20,000 an hour, 200 of them log-ins.
//!
//! A call counts from its arrival until its answer begins; one whose client hangs up gives its place back. An hour
//! begins with the first call after the last one ended.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::lock;
use super::BillCom;
use super::rejection::Rejection;

/// Calls of any kind within an hour.
pub(super) const CALLS_PER_HOUR: u32 = 20_000;
const LOGINS_PER_HOUR: u32 = 200;
const CALLS_AT_ONCE: usize = 3;
const HOUR: Duration = Duration::from_secs(3600);

/// What has been used of the limits.
pub(super) struct Limits {
    places: Arc<Semaphore>,
    calls: Budget,
    logins: Budget,
}

struct Budget {
    most: u32,
    hour: Mutex<Option<Hour>>,
}

struct Hour {
    began: Instant,
    used: u32,
}

impl Limits {
    pub(super) fn new() -> Self {
        let places = Arc::new(Semaphore::new(CALLS_AT_ONCE));
        Self { places, calls: Budget::new(CALLS_PER_HOUR), logins: Budget::new(LOGINS_PER_HOUR) }
    }

    /// Counts a log-in.
    pub(super) fn log_in(&self) -> Result<(), Rejection> {
        self.logins.spend(Instant::now())
    }

    /// A place among the calls that are answered at once.
    fn enter(&self) -> Result<OwnedSemaphorePermit, Rejection> {
        self.calls.spend(Instant::now())?;
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| Rejection::concurrency())
    }
}

impl Budget {
    fn new(most: u32) -> Self {
        Self { most, hour: Mutex::new(None) }
    }

    fn spend(&self, now: Instant) -> Result<(), Rejection> {
        let mut current = lock(&self.hour);
        let hour = current.take().filter(|hour| now.duration_since(hour.began) < HOUR);
        let hour = current.insert(hour.unwrap_or(Hour { began: now, used: 0 }));
        if hour.used >= self.most {
            return Err(Rejection::hourly(self.most));
        }
        hour.used += 1;
        Ok(())
    }
}

/// Lets a call through while there is room.
pub(super) async fn limit(State(bill): State<Arc<BillCom>>, request: Request, next: Next) -> Response {
    match bill.limits.enter() {
        Ok(place) => {
            let response = next.run(request).await;
            drop(place);
            response
        }
        Err(rejection) => rejection.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fourth_call_finds_no_place_until_one_ends() {
        let limits = Limits::new();
        let mut places: Vec<_> = (0..3).map(|_| limits.enter().expect("a place")).collect();
        assert!(limits.enter().is_err());
        places.pop();
        assert!(limits.enter().is_ok());
    }

    #[test]
    fn a_budget_is_full_again_after_an_hour() {
        let budget = Budget::new(2);
        let start = Instant::now();
        assert!(budget.spend(start).is_ok() && budget.spend(start).is_ok());
        assert!(budget.spend(start + HOUR - Duration::from_secs(1)).is_err());
        assert!(budget.spend(start + HOUR).is_ok());
    }
}
