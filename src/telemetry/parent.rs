//! The span of a client that an operation belongs below, as W3C Trace Context tells it.
//!
//! Of the two headers `traceparent` alone is read: two ids and a flag. What else a client's `tracestate` may hold is not
//! ours to pass on. A header that is no such thing is as none: it never refuses a request.

use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The header's name.
const TRACEPARENT: &str = "traceparent";
/// More than a header of any version that is known; one that is longer is not looked at.
const LONGEST: usize = 256;

/// A client's span, if it told one.
#[derive(Clone, Debug, Default)]
pub struct TraceParent(Option<SpanContext>);

impl TraceParent {
    /// What the header `traceparent` tells.
    pub fn read(header: Option<&str>) -> Self {
        let Some(header) = header.filter(|header| header.len() <= LONGEST) else { return Self::default() };
        let told = TraceContextPropagator::new().extract_with_context(&Context::new(), &Header(header));
        let parent = told.span().span_context().clone();
        Self(parent.is_valid().then_some(parent))
    }

    /// Puts a new span below it.
    pub(super) fn adopt(&self, span: &Span) {
        if let Some(parent) = &self.0 {
            // Where nothing is traced there is nothing to put anywhere.
            let _untraced = span.set_parent(Context::new().with_remote_span_context(parent.clone()));
        }
    }
}

/// The one header that is looked at.
struct Header<'a>(&'a str);

impl Extractor for Header<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == TRACEPARENT).then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_well_formed_header_tells_a_span() {
        let parent = TraceParent::read(Some(TOLD)).0.expect("a span");
        assert_eq!(parent.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(parent.span_id().to_string(), "b7ad6b7169203331");
        assert!(parent.is_sampled() && parent.is_remote());
    }

    #[test]
    fn any_other_header_is_as_none() {
        let long = format!("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-{}", "x".repeat(LONGEST));
        let nobody = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
        for header in [None, Some(""), Some("x"), Some(&TOLD[3..]), Some(nobody), Some(long.as_str())] {
            assert!(TraceParent::read(header).0.is_none(), "{header:?}");
        }
    }
}
