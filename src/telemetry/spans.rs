//! The spans of traces, all of them.
//!
//! Each is made here, so that what leaves this host for a collector can be read in one place: kinds, outcomes and
//! providers from fixed sets, ids of ours, a figure, and the name that a client gave its operation, where that is short
//! and plain. No variable, no document, no account, no name of a person, no URL and no error's text. Where traces are
//! off a span costs a look at a flag.

use std::fmt::Display;

use tracing::Span;
use tracing::field::{Empty, display};

pub use super::parent::TraceParent;

/// The target that these spans have, and nothing else has.
pub const TARGET: &str = "billpay::trace";
/// The most letters of an operation's name; one that is longer is left out.
const LONGEST_NAME: usize = 64;

/// A GraphQL operation, from its execution's beginning to its last answer.
#[derive(Clone, Copy, Debug)]
pub struct Operation<'a> {
    /// `query`, `mutation` or `subscription`.
    pub kind: &'static str,
    /// Its name, as its document has it.
    pub name: Option<&'a str>,
    /// Its complexity.
    pub cost: usize,
}

/// The span of an operation, below the client's own.
pub fn operation(operation: Operation<'_>, parent: &TraceParent) -> Span {
    let Operation { kind, name, cost } = operation;
    let span = tracing::info_span!(
        target: TARGET,
        "graphql",
        otel.name = %format_args!("graphql {kind}"),
        otel.kind = "server",
        otel.status_code = Empty,
        graphql.operation.kind = kind,
        graphql.operation.name = name.filter(|name| is_plain(name)),
        graphql.cost = i64::try_from(cost).unwrap_or(i64::MAX),
        submission.id = Empty,
        outcome = Empty,
    );
    parent.adopt(&span);
    span
}

/// Notes with the running operation, if there is one, under which submission its payment goes to the provider: the step
/// that sends it is a trace of its own.
pub fn note_submission(id: &impl Display) {
    Span::current().record("submission.id", display(id));
}

/// The span of one call to a provider.
pub fn provider_call(provider: &'static str, call: &'static str) -> Span {
    tracing::info_span!(
        target: TARGET,
        "provider",
        otel.name = %format_args!("{provider} {call}"),
        otel.kind = "client",
        otel.status_code = Empty,
        provider.name = provider,
        provider.call = call,
        outcome = Empty,
    )
}

/// The span of one step of a submission.
pub fn step(submission: &impl Display, provider: &'static str) -> Span {
    tracing::info_span!(
        target: TARGET,
        "worker step",
        otel.kind = "internal",
        otel.status_code = Empty,
        submission.id = %submission,
        provider.name = provider,
        outcome = Empty,
    )
}

/// The span of one attempt to deliver a webhook.
pub fn delivery(endpoint: &impl Display) -> Span {
    tracing::info_span!(
        target: TARGET,
        "webhook delivery",
        otel.kind = "client",
        otel.status_code = Empty,
        webhook_endpoint.id = %endpoint,
        outcome = Empty,
    )
}

/// Notes what came of it. Once a span: a second note would stand beside the first.
pub fn ended(span: &Span, outcome: &'static str) {
    span.record("outcome", outcome);
}

/// Notes what came of it, and that it was a fault.
pub fn failed(span: &Span, outcome: &'static str) {
    ended(span, outcome);
    span.record("otel.status_code", "ERROR");
}

/// Whether a client's name may be passed on: it is text of its own making.
fn is_plain(name: &str) -> bool {
    name.len() <= LONGEST_NAME && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_and_plain_names_are_passed_on() {
        assert!(is_plain("Pay_2") && is_plain(&"x".repeat(LONGEST_NAME)));
        for bad in ["a b", "a\"b", "ä", "eyJh.x", &"x".repeat(LONGEST_NAME + 1)] {
            assert!(!is_plain(bad), "{bad:?}");
        }
    }
}
