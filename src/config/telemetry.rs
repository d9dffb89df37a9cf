//! The settings of traces.

use url::Url;

use super::reader::Reader;
use super::value;

/// Where traces go, and how many.
#[derive(Clone, Debug)]
pub struct TelemetrySettings {
    /// The collector, before `/v1/traces`; None sends none.
    pub otlp_endpoint: Option<Url>,
    /// By what name the collector knows this service.
    pub service_name: String,
    /// The part of the traces that is recorded, from 0 to 1.
    pub sample_ratio: f64,
}

impl TelemetrySettings {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let otlp_endpoint = reader.optional("telemetry.otlp_endpoint", value::collector_url);
        let service_name = reader.required("telemetry.service_name", value::text);
        let sample_ratio = reader.required("telemetry.sample_ratio", value::ratio);
        Some(Self { otlp_endpoint: otlp_endpoint?, service_name: service_name?, sample_ratio: sample_ratio? })
    }
}
