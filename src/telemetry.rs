//! What the process tells of itself: log lines on standard error, figures for Prometheus, and traces where they are
//! wanted.
//!
//! All are set up once a process, however often they are asked for, so that several servers may run in one test. Every
//! metric is named here and described to whoever scrapes it; labels are few and their values come from fixed sets, never
//! from a request.

use std::io::{self, IsTerminal};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use metrics::Unit;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry};

use crate::config::{LogFormat, LogSettings, TelemetrySettings};
use traces::{Traces, TracesError};

mod parent;
pub mod spans;
pub mod traces;

/// The names of the metrics, with their labels.
pub mod metric {
    /// Counter: answers by `route` and `status`.
    pub const HTTP_REQUESTS: &str = "billpay_http_requests_total";
    /// Histogram: seconds from request to answer by `route`.
    pub const HTTP_DURATION: &str = "billpay_http_request_duration_seconds";
    /// Counter: GraphQL operations by `kind` and `outcome`.
    pub const GRAPHQL_OPERATIONS: &str = "billpay_graphql_operations_total";
    /// Counter: statements sent to the database.
    pub const DATABASE_STATEMENTS: &str = "billpay_database_statements_total";
    /// Counter: tokens refused by `reason`.
    pub const TOKENS_REFUSED: &str = "billpay_tokens_refused_total";
    /// Gauge: subscriptions open now.
    pub const SUBSCRIPTIONS: &str = "billpay_subscriptions";
    /// Counter: events sent to subscribers.
    pub const EVENTS_DELIVERED: &str = "billpay_events_delivered_total";
    /// Gauge: payments by `status`; those that are final are counted once a minute.
    pub const PAYMENTS: &str = "billpay_payments";
    /// Gauge: seconds for which the oldest payment has been due without a definite answer; not those in review.
    pub const OLDEST_UNDECIDED: &str = "billpay_oldest_undecided_age_seconds";
    /// Gauge: seconds for which the oldest payment in review has been waiting for a person.
    pub const OLDEST_REVIEW: &str = "billpay_oldest_review_age_seconds";
    /// Gauge: minor units of `currency` that may have moved through `provider`, by `status`.
    pub const MONEY_IN_DOUBT: &str = "billpay_money_in_doubt_minor_units";
    /// Gauge: payments and control numbers that wait to be sent by `provider`.
    pub const BACKLOG: &str = "billpay_backlog";
    /// Counter: payments and control numbers that were not taken by `reason`.
    pub const OVERLOADED: &str = "billpay_overloaded_total";
    /// Gauge: events that the log has and the subscribers of this process have not heard of.
    pub const EVENTS_BEHIND: &str = "billpay_events_behind";
    /// Gauge: connections to the database in use by `pool`.
    pub const CONNECTIONS_IN_USE: &str = "billpay_database_connections_in_use";
    /// Gauge: connections that there may be by `pool`.
    pub const CONNECTIONS_MOST: &str = "billpay_database_connections_most";
    /// Gauge: bytes free on the disk of the database, where it is a file.
    pub const DISK_FREE: &str = "billpay_database_disk_free_bytes";
    /// Counter: payments recorded by `provider`.
    pub const PAYMENTS_CREATED: &str = "billpay_payments_created_total";
    /// Histogram: how many payments were recorded with one commit.
    pub const CREATION_BATCH: &str = "billpay_creation_batch_size";
    /// Counter: changes of status by `to` and `provider`.
    pub const TRANSITIONS: &str = "billpay_payment_transitions_total";
    /// Counter: changes of status that the rules refused.
    pub const TRANSITIONS_REFUSED: &str = "billpay_payment_transitions_refused_total";
    /// Gauge: payments that are neither final nor in review and that nothing will touch again. Must be 0.
    pub const PAYMENTS_STRANDED: &str = "billpay_payments_stranded";
    /// Counter: calls to providers by `provider`, `call` and `outcome`.
    pub const PROVIDER_CALLS: &str = "billpay_provider_calls_total";
    /// Histogram: seconds of a call by `provider` and `call`.
    pub const PROVIDER_DURATION: &str = "billpay_provider_call_duration_seconds";
    /// Counter: payments that failed because our account lacks the service, by `provider`.
    pub const PROVIDER_FORBIDDEN: &str = "billpay_provider_forbidden_total";
    /// Counter: answers of another environment than the one that is set, by `provider`.
    pub const ENVIRONMENT_MISMATCH: &str = "billpay_provider_environment_mismatch_total";
    /// Counter: payments to control numbers that were told and cannot be read, by `provider`.
    pub const UNUSABLE_COLLECTIONS: &str = "billpay_provider_unusable_collections_total";
    /// Gauge: 1 while submissions to `provider` are stopped.
    pub const PROVIDER_STOPPED: &str = "billpay_provider_stopped";
    /// Counter: callbacks by `provider` and `outcome`.
    pub const CALLBACKS: &str = "billpay_callbacks_total";
    /// Counter: attempts to deliver webhooks by `outcome`; `dead` counts what was given up, beside its last attempt.
    pub const WEBHOOK_DELIVERIES: &str = "billpay_webhook_deliveries_total";
    /// Gauge: seconds that the oldest event waits that is to be sent as a webhook.
    pub const WEBHOOK_LAG: &str = "billpay_webhook_lag_seconds";
}

/// The upper bounds of the histograms' buckets, in seconds.
const DURATION_BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0];
/// The upper bounds of the buckets for batches, in payments.
const BATCH_BUCKETS: [f64; 7] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
/// How often samples are folded into the histograms when nobody scrapes.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// Starts to log as the settings say. Where this process logs already, that stays as it is.
pub fn start_logging(settings: &LogSettings) {
    let _already_logging =
        tracing_subscriber::registry().with(lines(settings.format)).with(filter(settings)).try_init();
}

/// Starts to log and, where there is a collector, to send it traces until they are stopped.
pub fn start(log: &LogSettings, telemetry: &TelemetrySettings) -> Result<Option<Traces>, TracesError> {
    let Some(traces) = Traces::try_new(telemetry)? else {
        start_logging(log);
        return Ok(None);
    };
    // Each has a filter of its own: what is logged does not decide what is traced.
    let lines = lines(log.format).with_filter(filter(log));
    let _already_logging = tracing_subscriber::registry().with(lines).with(traces.layer()).try_init();
    Ok(Some(traces))
}

fn lines(format: LogFormat) -> Box<dyn Layer<Registry> + Send + Sync> {
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    }
}

/// The spans of traces are no part of log lines; where nobody else wants them, they are not even made.
fn filter(settings: &LogSettings) -> EnvFilter {
    EnvFilter::new(format!("{},{}=off", settings.filter, spans::TARGET))
}

/// The process's metrics, from their first use on: `render()` is the body of `/metrics`.
pub fn metrics() -> PrometheusHandle {
    METRICS.get_or_init(install).clone()
}

fn install() -> PrometheusHandle {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &DURATION_BUCKETS)
        .expect("the list of buckets is not empty")
        .set_buckets_for_metric(Matcher::Full(metric::CREATION_BATCH.to_owned()), &BATCH_BUCKETS)
        .expect("the list of buckets is not empty")
        .build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::error!("another recorder of metrics is installed; /metrics will stay empty");
    }
    describe();
    keep_up(handle.clone());
    handle
}

/// Folds samples in for as long as the process lives, since what is never scraped would else grow without end.
fn keep_up(handle: PrometheusHandle) {
    let thread = thread::Builder::new().name("metrics-upkeep".to_owned());
    if let Err(error) = thread.spawn(move || fold_for_ever(&handle)) {
        tracing::error!(%error, "no thread for the upkeep of metrics; scrape /metrics often");
    }
}

fn fold_for_ever(handle: &PrometheusHandle) {
    loop {
        thread::sleep(UPKEEP_INTERVAL);
        handle.run_upkeep();
    }
}

fn describe() {
    for (name, text) in [
        (metric::HTTP_REQUESTS, "answers by route and status"),
        (metric::GRAPHQL_OPERATIONS, "GraphQL operations by kind and outcome"),
        (metric::TOKENS_REFUSED, "tokens refused by reason"),
        (metric::EVENTS_DELIVERED, "events sent to subscribers"),
        (metric::PAYMENTS_CREATED, "payments recorded"),
        (metric::TRANSITIONS, "changes of status by the status that was reached"),
        (metric::TRANSITIONS_REFUSED, "changes of status that the rules refused"),
        (metric::PROVIDER_CALLS, "calls to providers by kind and outcome"),
        (metric::PROVIDER_FORBIDDEN, "payments that failed because our account lacks the service"),
        (metric::ENVIRONMENT_MISMATCH, "answers of another environment than the one that is set"),
        (metric::UNUSABLE_COLLECTIONS, "payments to control numbers that were told and cannot be read"),
        (metric::CALLBACKS, "callbacks by provider and outcome"),
        (metric::OVERLOADED, "payments and control numbers that were not taken, by reason"),
        (metric::WEBHOOK_DELIVERIES, "attempts to deliver webhooks by outcome, and those given up"),
    ] {
        metrics::describe_counter!(name, text);
    }
    for (name, text) in [
        (metric::SUBSCRIPTIONS, "subscriptions open now"),
        (metric::PAYMENTS, "payments by status; final ones are counted once a minute"),
        (metric::OLDEST_UNDECIDED, "seconds for which the oldest payment is due without a definite answer"),
        (metric::OLDEST_REVIEW, "seconds for which the oldest payment waits for a person"),
        (metric::MONEY_IN_DOUBT, "minor units that may have moved and are not known to have, or not to have"),
        (metric::BACKLOG, "payments and control numbers that wait to be sent"),
        (metric::EVENTS_BEHIND, "events of the logs followed here that this process has not noticed"),
        (metric::CONNECTIONS_IN_USE, "connections to the database in use"),
        (metric::CONNECTIONS_MOST, "connections to the database that there may be"),
        (metric::DISK_FREE, "bytes free on the disk of the database"),
        (metric::PAYMENTS_STRANDED, "open payments that nothing will touch again; must be 0"),
        (metric::PROVIDER_STOPPED, "1 while submissions to the provider are stopped"),
        (metric::WEBHOOK_LAG, "seconds that the oldest undelivered event waits; 0 where none does"),
    ] {
        metrics::describe_gauge!(name, text);
    }
    metrics::describe_histogram!(metric::HTTP_DURATION, Unit::Seconds, "time from request to answer");
    metrics::describe_histogram!(metric::CREATION_BATCH, Unit::Count, "payments that were recorded with one commit");
    metrics::describe_histogram!(metric::PROVIDER_DURATION, Unit::Seconds, "time of a call to a provider");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_of_a_process_sees_the_same_figures() {
        let (one, other) = (metrics(), metrics());
        metrics::counter!(metric::TOKENS_REFUSED, "reason" => "test").increment(1);
        assert!(one.render().contains(metric::TOKENS_REFUSED));
        assert!(other.render().contains("tokens refused by reason"));
    }

    #[test]
    fn logging_may_be_started_twice() {
        let settings = LogSettings { format: LogFormat::Json, filter: "off".to_owned() };
        start_logging(&settings);
        start_logging(&settings);
    }
}
