//! Traces by OpenTelemetry's protocol, where a collector is set.
//!
//! A layer beside the log lines takes the spans of [`spans`](super::spans) and nothing else: no event, no span of a
//! library, no place in the source. Batches are sent by a thread of its own with a blocking client, which trusts the
//! bundled authorities and knows no proxy, as all our clients. The queue is bounded: a collector that is slow or away
//! costs spans, and neither time nor memory. Without a collector nothing of this is there.

use std::time::Duration;
use std::{io, thread};

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{ParentBasedSampler, Sampler, SdkTracerProvider};
use reqwest::blocking::Client;
use reqwest::{redirect, retry};
use tracing::{Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;
use url::Url;

use super::spans::TARGET;
use crate::authorities::authorities;
use crate::config::TelemetrySettings;

/// Where collectors take traces, below their address.
const PATH: &str = "/v1/traces";
/// Time for the name, the connection and TLS.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// Time for one batch, with its repetitions.
const EXPORT_LIMIT: Duration = Duration::from_secs(5);
/// How long a stop waits for the last batch.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// Why traces cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// The client cannot be made.
    #[error("the client for traces cannot be made")]
    Client(#[from] reqwest::Error),
    /// There is no thread to make it in.
    #[error("there is no thread for traces")]
    Thread(#[from] io::Error),
    /// The thread that made it panicked.
    #[error("making the client for traces panicked")]
    Panicked,
    /// The exporter refuses what it was told, here or by variables of its own.
    #[error("the exporter of traces cannot be made")]
    Exporter(#[from] ExporterBuildError),
}

/// What sends traces.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// What sends traces to the collector of the settings; nothing where there is none.
    pub(super) fn try_new(settings: &TelemetrySettings) -> Result<Option<Self>, TracesError> {
        let Some(endpoint) = &settings.otlp_endpoint else { return Ok(None) };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client()?)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(address(endpoint))
            .with_timeout(EXPORT_LIMIT)
            .build()?;
        let resource = Resource::builder()
            .with_service_name(settings.service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(sampler(settings.sample_ratio))
            .with_resource(resource)
            .build();
        Ok(Some(Self { provider }))
    }

    /// What takes spans where they are made.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync + 'static,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("billpay"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false)
            .with_filter(Targets::new().with_target(TARGET, Level::INFO))
    }

    /// Sends what is left, and takes nothing more. After two seconds what is left is lost.
    pub async fn stop(self) {
        let stopping = tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(STOP_LIMIT));
        match stopping.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last traces were not sent"),
            Err(_panic) => tracing::warn!("the last traces were not sent"),
        }
    }
}

/// A client may have fewer of its traces recorded than the settings say, and not more.
fn sampler(ratio: f64) -> ParentBasedSampler {
    let by_ratio = Sampler::TraceIdRatioBased(ratio);
    ParentBasedSampler::new(by_ratio.clone()).with_remote_parent_sampled(by_ratio)
}

/// Made in a thread of its own: it has a runtime inside, which cannot be made within another.
fn client() -> Result<Client, TracesError> {
    let building = thread::Builder::new().name("traces-client".to_owned()).spawn(build)?;
    Ok(building.join().map_err(|_panic| TracesError::Panicked)??)
}

fn build() -> Result<Client, reqwest::Error> {
    Client::builder()
        .user_agent(concat!("billpay/", env!("CARGO_PKG_VERSION")))
        .tls_certs_only(authorities()?)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .connect_timeout(CONNECT_LIMIT)
        .timeout(EXPORT_LIMIT)
        .build()
}

fn address(endpoint: &Url) -> String {
    let mut url = endpoint.clone();
    url.set_path(&format!("{}{PATH}", endpoint.path().trim_end_matches('/')));
    url.into()
}

#[cfg(test)]
mod tests {
    use opentelemetry::Context;
    use opentelemetry::trace::{SpanContext, SpanId, SpanKind, TraceContextExt, TraceFlags, TraceId, TraceState};
    use opentelemetry_sdk::trace::{SamplingDecision, ShouldSample};

    use super::*;

    /// Whether a span is recorded that a client's own span, so flagged, stands above.
    fn is_recorded_under(ratio: f64, flags: TraceFlags) -> bool {
        let trace = TraceId::from(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128);
        let parent = SpanContext::new(trace, SpanId::from(1_u64), flags, true, TraceState::default());
        let context = Context::new().with_remote_span_context(parent);
        let told = sampler(ratio).should_sample(Some(&context), trace, "graphql", &SpanKind::Server, &[], &[]);
        told.decision == SamplingDecision::RecordAndSample
    }

    #[test]
    fn a_client_may_ask_for_less_than_the_settings_and_not_for_more() {
        assert!(is_recorded_under(1.0, TraceFlags::SAMPLED));
        assert!(!is_recorded_under(1.0, TraceFlags::default()));
        assert!(!is_recorded_under(0.0, TraceFlags::SAMPLED));
    }

    #[test]
    fn traces_go_below_the_collectors_address() {
        for (endpoint, expected) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("https://collector.example/otlp/", "https://collector.example/otlp/v1/traces"),
        ] {
            assert_eq!(address(&endpoint.parse().expect("a URL")), expected);
        }
    }
}
