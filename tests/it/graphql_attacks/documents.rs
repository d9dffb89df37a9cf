//! Documents that cost more than they say, or that are none.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::Variables;
use billpay::graphql::guard::{self, Limits};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

use super::{Answer, request};
use crate::support::client::new_key;
use crate::support::{Db, TestApp, number, on_both_databases, run, text};

const TOO_COMPLEX: &str = "QUERY_TOO_COMPLEX";
const FRAGMENTS: &str = "fragment Q on Query { __typename } fragment P on Payment { id } ";

#[track_caller]
fn assert_answered(answer: &Value, what: &str) {
    assert!(answer.get("errors").is_none() && answer["data"].is_object(), "{what}: {answer}");
}

#[track_caller]
fn assert_code(answer: &Value, code: &str, what: &str) {
    assert_eq!(text(answer, "/errors/0/extensions/code"), code, "{what}: {answer}");
    assert!(answer.get("data").is_none(), "{what}: {answer}");
}

/// So many fragments, each of which spreads the next so often.
fn bomb(levels: usize, spreads: usize) -> String {
    let of = |level: usize| format!("fragment F{level} on Query{{{}}}", format!("...F{} ", level + 1).repeat(spreads));
    let fragments: String = (0..levels).map(of).collect();
    format!("{{...F0}}{fragments}fragment F{levels} on Query{{__typename}}")
}

/// What this thread has worked.
fn worked() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).expect("less than a second"))
}

/// The processor's time until a document is refused for what it costs.
fn time_to_refuse(document: &str) -> Duration {
    let (limits, before) = (Limits::default(), worked());
    let parsed = guard::parse(document, &limits).expect("a document");
    let refused = guard::prepare(Arc::new(parsed), None, Variables::default(), &limits);
    let time = worked().saturating_sub(before);
    assert_eq!(refused.expect_err("refused").fault.code(), TOO_COMPLEX);
    time
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g1_fragment_bombs_are_refused_before_they_go_off() {
    run(Db::Sqlite, &[], defuse).await;
}

async fn defuse(app: TestApp) {
    for (what, document, most_bytes) in [("deep", bomb(24, 2), 900), ("wide", bomb(11, 20), 1_700)] {
        assert!(document.len() <= most_bytes, "{what}: {} bytes", document.len());
        let time = time_to_refuse(&document);
        println!("the {what} bomb, {} bytes: refused in {time:?} of processor time", document.len());
        assert!(time < Duration::from_secs(1), "{what}: {time:?}");
        assert_code(&app.admin().query(&document, json!({})).await, TOO_COMPLEX, what);
        let over_socket = app.admin().subscribe(&document, json!({})).await.refusal().await;
        assert_eq!(text(&over_socket, "/0/extensions/code"), TOO_COMPLEX, "{what}");
    }
}

/// Fields so many levels deep: a control number, its collections, their control number, and so on.
fn deep(last: &str) -> String {
    let down = "collections(first: 1) { nodes { controlNumber { ".repeat(3);
    format!("{{ controlNumber(by: {{ id: \"x\" }}) {{ {down} {last} {} }} }}", "} } } ".repeat(3))
}

/// Each limit by its name, with a document at it and one past it.
fn limits() -> [(&'static str, String, String); 10] {
    let spread = |count: usize| {
        format!(
            "{FRAGMENTS} {{ payments(first: 100) {{ nodes {{ {} }} }} {} }}",
            "...P ".repeat(48),
            "...Q ".repeat(count)
        )
    };
    let once = "fragment Q on Query{__typename}";
    let aliases = |count: usize| (0..count).map(|number| format!("a{number}: __typename ")).collect::<String>();
    let mutations = |count: usize| {
        let field =
            |number| format!("a{number}: refreshPayment(input: {{ paymentId: \"x\" }}) {{ errors {{ code }} }} ");
        (0..count).map(field).collect::<String>()
    };
    let directives = |count: usize| format!("{once}{{{}}}", "...Q @include(if: true) ".repeat(count));
    let padded = |characters: usize| format!("{{__typename}}{}", " ".repeat(characters - 12));
    let nested = |levels: usize| format!("{{ nodes(ids: {}{}) {{ id }} }}", "[".repeat(levels), "]".repeat(levels));
    let levels = |count: usize| format!("{{ {}__typename{} }}", "... on Query { ".repeat(count), " }".repeat(count));
    let tokens = |more: &str| format!("{once}{{{more}{}}}", "...Q ".repeat(495));
    [
        ("depth 12", deep("amount { currency }"), deep("collections(first: 1) { nodes { id } }")),
        ("complexity 5000", spread(99), spread(100)),
        ("tokens 1000", tokens("__typename "), tokens("__typename __typename ")),
        ("characters 15000", padded(15_000), padded(15_001)),
        ("aliases 15", format!("{{ {} }}", aliases(15)), format!("{{ {} }}", aliases(16))),
        ("directives 50", directives(50), directives(51)),
        (
            "root mutation fields 5",
            format!("mutation {{ {} }}", mutations(5)),
            format!("mutation {{ {} }}", mutations(6)),
        ),
        (
            "pages in pages",
            "{ controlNumbers(first: 10) { nodes { collections(first: 100) { nodes { id } } } } }".to_owned(),
            "{ controlNumbers(first: 100) { nodes { collections(first: 100) { nodes { id } } } } }".to_owned(),
        ),
        ("brackets 64", nested(62), nested(63)),
        ("levels of nesting 32", levels(32), levels(33)),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g2_each_limit_answers_at_n_and_refuses_at_n_and_one() {
    run(Db::Sqlite, &[], keep_to_limits).await;
}

async fn keep_to_limits(app: TestApp) {
    let client = app.admin();
    for (what, at, above) in limits() {
        let answer = client.query(&at, json!({})).await;
        if what.starts_with("brackets") {
            // No argument takes lists that deep: it is refused for that, by the check that comes after the limit.
            assert_code(&answer, "BAD_USER_INPUT", what);
        } else {
            assert_answered(&answer, what);
        }
        assert_code(&client.query(&above, json!({})).await, TOO_COMPLEX, what);
    }
    let one = "mutation ($i: CreatePaymentInput!) { a: createPayment(input: $i) { errors { code } } }";
    let two = "mutation ($i: CreatePaymentInput!) { a: createPayment(input: $i) { errors { code } }
        b: createPayment(input: $i) { errors { code } } }";
    let input = json!({
        "idempotencyKey": new_key(), "amount": { "amount": "15", "currency": "KES" },
        "target": { "account": { "billerId": "x", "accountReference": "1" } },
    });
    let answer = client.query(one, json!({ "i": input })).await;
    assert_eq!(answer["data"]["a"]["errors"], json!([{ "code": "NOT_FOUND" }]), "{answer}");
    assert_code(&client.query(two, json!({ "i": input })).await, TOO_COMPLEX, "two createPayment");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g3_a_field_a_hundred_thousand_times_is_refused_by_its_tokens() {
    let wide = [("BILLPAY_HTTP__MAX_BODY", "4194304"), ("BILLPAY_GRAPHQL__MAX_CHARACTERS", "4000000")];
    run(Db::Sqlite, &wide, refuse_repetition).await;
}

async fn refuse_repetition(app: TestApp) {
    let document = format!("{{ {} }}", "__typename ".repeat(100_000));
    let answer = app.admin().query(&document, json!({})).await;
    assert_code(&answer, TOO_COMPLEX, "100,000 fields");
    assert_eq!(text(&answer, "/errors/0/message"), "too many tokens: the limit is 1000");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g6_a_subscription_of_two_fields_is_refused_on_every_transport() {
    run(Db::Sqlite, &[], subscribe_twice).await;
}

async fn subscribe_twice(app: TestApp) {
    let plain = "subscription { events(after: \"0\") { sequence } paymentsUpdated { sequence } }";
    let hidden = "subscription { events(after: \"0\") { sequence } ...F }
        fragment F on Subscription { paymentsUpdated { sequence } }";
    for document in [plain, hidden] {
        let refused = app.admin().subscribe(document, json!({})).await.refusal().await;
        assert_eq!(text(&refused, "/0/extensions/code"), "GRAPHQL_VALIDATION_FAILED", "{refused}");
        let body = json!({ "query": document });
        let events = Answer::to(request(&app).header("accept", "text/event-stream").json(&body)).await;
        assert_eq!(events.status, 200, "{}", events.body);
        assert!(events.body.starts_with("event: next\ndata: {\"errors\":["), "{}", events.body);
        assert!(events.body.contains("\"GRAPHQL_VALIDATION_FAILED\""), "{}", events.body);
        assert!(events.body.ends_with("event: complete\ndata:\n\n"), "{}", events.body);
        let parts = Answer::to(request(&app).header("accept", "multipart/mixed").json(&body)).await;
        parts.assert_refused(200, "GRAPHQL_VALIDATION_FAILED", "multipart");
    }
}

on_both_databases! {
    async fn g11_documents_that_are_broken_are_refused_without_a_panic(app: TestApp) {
        let client = app.admin();
        let lists = format!("{{ nodes(ids: {}\"x\"{}) {{ id }} }}", "[".repeat(62), "]".repeat(62));
        for (document, code) in [
            ("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ ...A } fragment A on Query { ...A }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ ...Nowhere }", "GRAPHQL_VALIDATION_FAILED"),
            ("query A { __typename } query B { __typename }", "BAD_USER_INPUT"),
            ("{ billers(search: \"\\ud800\") { nodes { id } } }", "GRAPHQL_PARSE_FAILED"),
            ("\u{0}", "GRAPHQL_PARSE_FAILED"),
            ("", "GRAPHQL_PARSE_FAILED"),
            ("fragment A on Query { __typename }", "GRAPHQL_PARSE_FAILED"),
            (&lists, "BAD_USER_INPUT"),
        ] {
            assert_code(&client.query(document, json!({})).await, code, document);
        }
        let document = "query ($by: PaymentBy!) { payment(by: $by) { id } }";
        let deep = (0..100).fold(json!(1), |inner, _| json!({ "id": inner }));
        let answer = client.query(document, json!({ "by": deep })).await;
        assert_code(&answer, "BAD_USER_INPUT", "an input of a hundred levels");
        assert_answered(&client.query("\u{feff}{ __typename }", json!({})).await, "a byte order mark before a document");
    }
}

on_both_databases! {
    async fn a_variable_where_its_type_is_not_allowed_is_refused_whatever_it_holds(app: TestApp) {
        let client = app.admin();
        let document = "query ($first: String) { payments(first: $first) { nodes { id } } }";
        for variables in [json!({}), json!({ "first": null }), json!({ "first": "1" }), json!({ "first": 1 })] {
            let answer = client.query(document, variables.clone()).await;
            assert_code(&answer, "GRAPHQL_VALIDATION_FAILED", &variables.to_string());
        }
    }
}

on_both_databases! {
    async fn g11_a_nul_in_a_text_finds_nothing_and_breaks_nothing(app: TestApp) {
        let client = app.admin();
        for (document, nothing) in [
            ("query ($text: String!) { billers(search: $text) { nodes { id } } }", json!({ "billers": { "nodes": [] } })),
            ("query ($text: ID!) { payment(by: { id: $text }) { id } }", json!({ "payment": null })),
            ("query ($text: String!) { payment(by: { idempotencyKey: $text }) { id } }", json!({ "payment": null })),
            ("query ($text: String!) { controlNumber(by: { number: $text }) { id } }", json!({ "controlNumber": null })),
        ] {
            let answer = client.query(document, json!({ "text": "a\u{0}b" })).await;
            assert_eq!((&answer["data"], answer.get("errors")), (&nothing, None), "{document}: {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g13_what_stands_below_a_page_costs_as_often_as_the_page_is_long() {
    run(Db::Sqlite, &[], weigh_pages).await;
}

async fn weigh_pages(app: TestApp) {
    let client = app.admin();
    for (document, cost) in [
        ("{ payments(first: 1) { nodes { id } } }", 3),
        ("{ payments(first: 100) { nodes { id } } }", 201),
        ("{ payments { nodes { id } } }", 41),
        ("query ($n: Int = 50) { payments(first: $n) { nodes { id } } }", 101),
        ("{ controlNumbers(first: 10) { nodes { collections(first: 10) { nodes { id } } } } }", 221),
    ] {
        let answer = client.query(document, json!({})).await;
        assert_eq!(number(&answer, "/extensions/cost/complexity"), cost, "{document}: {answer}");
    }
}
