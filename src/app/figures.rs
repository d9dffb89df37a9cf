//! Figures that are read from the database when somebody scrapes.
//!
//! A scraper cannot load the database: figures are gathered by one at a time, are good for some seconds, and for twenty
//! times as long as gathering them took. What is final is counted once a minute. A figure that cannot be read keeps its
//! last value, and says so in the log.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::Mutex;

use super::App;
use crate::domain::payment::status::PaymentStatus;
use crate::domain::requester::TenantId;
use crate::store::{OpenPayments, StoreError};
use crate::telemetry::metric;

/// For how long figures are good at least.
const FRESH: Duration = Duration::from_secs(2);
/// For how long what is final is not counted again.
const FINAL_FRESH: Duration = Duration::from_secs(60);
/// So many times as long as gathering took, nothing is gathered: at most a twentieth of one connection is used.
const REST: u32 = 20;
/// States in which money may have moved and nobody can tell.
const IN_DOUBT: [PaymentStatus; 3] = [PaymentStatus::Submitting, PaymentStatus::Unknown, PaymentStatus::NeedsReview];

/// What was gathered, and when it is to be gathered again.
#[derive(Debug, Default)]
pub struct Figures(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    good_until: Option<Instant>,
    final_good_until: Option<Instant>,
    /// The sums that were told: one that has gone is told as 0, not left as it was.
    sums: BTreeSet<(String, String, &'static str)>,
}

impl App {
    /// Brings the gauges up to date, unless they were so a moment ago.
    pub async fn gather(&self, figures: &Figures) {
        let mut state = figures.0.lock().await;
        let began = Instant::now();
        if state.good_until.is_some_and(|until| began < until) {
            return;
        }
        if let Err(error) = self.gather_all(&mut state, began).await {
            tracing::warn!(%error, "the figures could not be read");
        }
        let ended = Instant::now();
        state.good_until = Some(ended + FRESH.max(ended.duration_since(began) * REST));
    }

    async fn gather_all(&self, state: &mut State, began: Instant) -> Result<(), StoreError> {
        let open = self.store.open_payments().await?;
        for status in PaymentStatus::ALL.iter().filter(|status| !status.is_final()) {
            let of_status = open.iter().filter(|group| group.status == status.as_str());
            let count: i64 = of_status.map(|group| group.count).sum();
            metrics::gauge!(metric::PAYMENTS, "status" => status.as_str()).set(figure(count));
        }
        self.tell_ages(&open);
        tell_money_in_doubt(&open, &mut state.sums);
        metrics::gauge!(metric::PAYMENTS_STRANDED).set(figure(self.store.stranded().await?));
        metrics::gauge!(metric::EVENTS_BEHIND).set(figure(self.events_behind().await?));
        let webhooks = self.store.webhook_lag().await?.unwrap_or_default();
        metrics::gauge!(metric::WEBHOOK_LAG).set(webhooks.as_secs_f64());
        self.tell_stopped_providers().await?;
        self.tell_pools();
        if state.final_good_until.is_none_or(|until| began >= until) {
            self.tell_final_payments().await?;
            state.final_good_until = Some(Instant::now() + FINAL_FRESH);
        }
        Ok(())
    }

    /// A payment is due from the beginning of its day on; that is told by when patience with it ends.
    fn tell_ages(&self, open: &[OpenPayments]) {
        let now = self.clock.now();
        let first = |wanted: &[PaymentStatus], time: fn(&OpenPayments) -> Option<Timestamp>| {
            let of_statuses = open.iter().filter(|group| wanted.iter().any(|status| status.as_str() == group.status));
            of_statuses.filter_map(time).min()
        };
        let undecided =
            [PaymentStatus::Ready, PaymentStatus::Submitting, PaymentStatus::Pending, PaymentStatus::Unknown];
        let due = first(&undecided, |group| group.first_review_at)
            .and_then(|patience_ends| patience_ends.checked_sub(self.policy.review_after).ok());
        let in_review = first(&[PaymentStatus::NeedsReview], |group| group.first_review_since);
        metrics::gauge!(metric::OLDEST_UNDECIDED).set(age(due, now));
        metrics::gauge!(metric::OLDEST_REVIEW).set(age(in_review, now));
    }

    async fn tell_final_payments(&self) -> Result<(), StoreError> {
        let counts: BTreeMap<String, i64> = self.store.final_payments().await?.into_iter().collect();
        for status in PaymentStatus::ALL.iter().filter(|status| status.is_final()) {
            let count = counts.get(status.as_str()).copied().unwrap_or_default();
            metrics::gauge!(metric::PAYMENTS, "status" => status.as_str()).set(figure(count));
        }
        Ok(())
    }

    /// Also what another process found out, or this one before it was started again. A pause that is over stops nothing,
    /// though its end stays on record until the next submission.
    async fn tell_stopped_providers(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        for row in self.store.providers().await? {
            let stopped = if row.submits_paused_until.is_some_and(|until| until > now) { 1.0 } else { 0.0 };
            metrics::gauge!(metric::PROVIDER_STOPPED, "provider" => row.code.as_str()).set(stopped);
        }
        Ok(())
    }

    fn tell_pools(&self) {
        for pool in self.store.pools() {
            metrics::gauge!(metric::CONNECTIONS_IN_USE, "pool" => pool.pool).set(f64::from(pool.in_use));
            metrics::gauge!(metric::CONNECTIONS_MOST, "pool" => pool.pool).set(f64::from(pool.most));
        }
    }

    /// How many events the logs that are followed have that this process has not noticed. Where each follower stands
    /// does not count: one whose client takes nothing holds up nobody else, and is dropped in time.
    async fn events_behind(&self) -> Result<i64, StoreError> {
        let heads = self.store.heads();
        let heard: BTreeMap<TenantId, i64> = heads
            .watched()
            .into_iter()
            .map(|tenant| {
                let head = *heads.watch(&tenant).borrow();
                (tenant, head)
            })
            .collect();
        if heard.is_empty() {
            return Ok(0);
        }
        let tenants: Vec<TenantId> = heard.keys().cloned().collect();
        Ok(unnoticed(&heard, self.store.event_heads(&tenants).await?))
    }
}

/// How much further these logs go than was heard. One of which nothing was heard yet does not count: its first hint is
/// on its way.
fn unnoticed(heard: &BTreeMap<TenantId, i64>, heads: Vec<(TenantId, i64)>) -> i64 {
    let behind = |(tenant, head): (TenantId, i64)| {
        let heard = heard.get(&tenant).copied().filter(|heard| *heard > 0);
        heard.map_or(0, |heard| (head - heard).max(0))
    };
    heads.into_iter().map(behind).sum()
}

/// In minor units, since a sum over currencies would mean nothing and a fraction would be lost in a float.
fn tell_money_in_doubt(open: &[OpenPayments], told: &mut BTreeSet<(String, String, &'static str)>) {
    let mut sums: BTreeMap<(String, String, &'static str), i64> = told.iter().cloned().map(|key| (key, 0)).collect();
    for group in open {
        let Some(status) = IN_DOUBT.iter().find(|status| status.as_str() == group.status) else { continue };
        sums.insert((group.provider.clone(), group.currency.clone(), status.as_str()), group.amount_minor);
    }
    for ((provider, currency, status), sum) in &sums {
        let (provider, currency) = (provider.clone(), currency.clone());
        metrics::gauge!(metric::MONEY_IN_DOUBT, "provider" => provider, "currency" => currency, "status" => *status)
            .set(figure(*sum));
    }
    *told = sums.into_keys().collect();
}

/// A whole number as Prometheus has it: exact up to nine quadrillion.
fn figure(number: i64) -> f64 {
    number as f64
}

/// Whole seconds since then; 0 where there is nothing to be old.
fn age(since: Option<Timestamp>, now: Timestamp) -> f64 {
    since.map_or(0.0, |since| figure(now.duration_since(since).as_secs().max(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(status: &str, currency: &str, amount_minor: i64) -> OpenPayments {
        OpenPayments {
            status: status.to_owned(),
            provider: "almara".to_owned(),
            currency: currency.to_owned(),
            count: 1,
            amount_minor,
            first_review_at: None,
            first_review_since: None,
        }
    }

    #[test]
    fn only_what_may_have_moved_is_in_doubt_and_what_was_told_once_is_told_again() {
        let mut told = BTreeSet::new();
        tell_money_in_doubt(&[group("UNKNOWN", "KES", 1500), group("READY", "KES", 7)], &mut told);
        let unknown = ("almara".to_owned(), "KES".to_owned(), "UNKNOWN");
        assert_eq!(told.iter().collect::<Vec<_>>(), [&unknown]);
        tell_money_in_doubt(&[], &mut told);
        assert!(told.contains(&unknown), "as 0, not as it was");
    }

    #[test]
    fn what_was_not_noticed_is_counted_over_the_logs_that_something_was_heard_of() {
        let tenant = |name| TenantId::try_new(name).expect("a tenant");
        let heard = BTreeMap::from([(tenant("acme"), 7), (tenant("umbrella"), 4), (tenant("new"), 0)]);
        let heads = |acme| vec![(tenant("acme"), acme), (tenant("umbrella"), 6), (tenant("new"), 90)];
        assert_eq!(unnoticed(&heard, heads(10)), 5);
        assert_eq!(unnoticed(&heard, heads(6)), 2, "of a log that went back nothing is lacking");
    }

    #[test]
    fn an_age_is_never_negative() {
        let now = Timestamp::from_second(1_795_000_000).expect("in range");
        let later = Timestamp::from_second(1_795_000_009).expect("in range");
        assert_eq!(age(Some(now), later).to_string(), "9");
        assert_eq!(age(Some(later), now).to_string(), "0");
        assert_eq!(age(None, now).to_string(), "0");
    }
}
