//! What came of operations, as traces and figures tell it.

use std::sync::OnceLock;

use metrics::Counter;

use crate::graphql::answer::Answer;
use crate::graphql::guard::OperationKind;
use crate::telemetry::metric;

/// What came of an operation, in a word.
pub(super) fn of(answer: &Answer) -> &'static str {
    match answer {
        Answer::Executed(response) if response.errors.is_empty() => "answered",
        Answer::Executed(_) => "with_errors",
        Answer::Refused(_) => "refused",
    }
}

/// Counts an operation by its kind and by what came of it.
pub(super) fn count(kind: OperationKind, outcome: &'static str) {
    // The figures that rise most are found once and kept.
    static QUERIES_ANSWERED: OnceLock<Counter> = OnceLock::new();
    static MUTATIONS_ANSWERED: OnceLock<Counter> = OnceLock::new();
    let counter = || metrics::counter!(metric::GRAPHQL_OPERATIONS, "kind" => word(kind), "outcome" => outcome);
    match (kind, outcome) {
        (OperationKind::Query, "answered") => QUERIES_ANSWERED.get_or_init(counter).increment(1),
        (OperationKind::Mutation, "answered") => MUTATIONS_ANSWERED.get_or_init(counter).increment(1),
        (OperationKind::Query | OperationKind::Mutation | OperationKind::Subscription, _) => counter().increment(1),
    }
}

/// The word for a kind.
pub(super) const fn word(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Query => "query",
        OperationKind::Mutation => "mutation",
        OperationKind::Subscription => "subscription",
    }
}
