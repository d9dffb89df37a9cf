//! Requests that are no requests: batches, mutations by GET, other media types, bodies too large or broken.

use serde_json::{Value, json};

use super::{Answer, post, request};
use crate::support::app::{ALL, TENANT};
use crate::support::client::{KPLC, payment_input};
use crate::support::{Db, TestApp, run, text};

const MEDIA: [&str; 2] = ["application/json", "application/graphql-response+json"];
/// The largest body by default.
const MOST_BYTES: usize = 262_144;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g4_a_batch_is_refused_whole() {
    run(Db::Sqlite, &[], send_batches).await;
}

async fn send_batches(app: TestApp) {
    let one = json!({ "query": "{ __typename }" });
    for batch in [json!([one, one]), json!([one]), json!([])] {
        for accept in MEDIA {
            let answer = Answer::to(request(&app).header("accept", accept).json(&batch)).await;
            answer.assert_refused(400, "BAD_USER_INPUT", &batch.to_string());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g7_a_mutation_by_get_is_refused_and_does_nothing() {
    run(Db::Sqlite, &[], mutate_by_get).await;
}

async fn mutate_by_get(app: TestApp) {
    let input = payment_input(&app.admin().biller(KPLC).await, "1111111", "15");
    let pay = "mutation ($input: CreatePaymentInput!) { createPayment(input: $input) { payment { id } } }";
    for (document, variables) in [(pay, json!({ "input": input })), ("mutation { __typename }", json!({}))] {
        let mut url = url::Url::parse(&app.url("/graphql")).expect("a URL");
        url.query_pairs_mut().append_pair("query", document).append_pair("variables", &variables.to_string());
        let answer = Answer::to(app.http().get(url.clone()).bearer_auth(app.token(TENANT, ALL))).await;
        answer.assert_refused(405, "BAD_USER_INPUT", document);
        assert_eq!(answer.headers.get("allow").map(|allow| allow.as_bytes()), Some(&b"POST"[..]));
        Answer::to(app.http().get(url)).await.assert_refused(401, "UNAUTHENTICATED", "without a token");
    }
    assert_eq!(app.admin().count_payments().await, 0);
    assert_eq!(app.effects().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g8_only_json_is_read() {
    run(Db::Sqlite, &[], send_other_media).await;
}

async fn send_other_media(app: TestApp) {
    let json = r#"{"query":"{ __typename }"}"#;
    let parts =
        "--x\r\ncontent-disposition: form-data; name=\"operations\"\r\n\r\n{\"query\":\"{ __typename }\"}\r\n--x--\r\n";
    for (media, body) in [
        (Some("text/plain"), json),
        (Some("text/plain;charset=UTF-8"), json),
        (Some("application/x-www-form-urlencoded"), "query=%7B__typename%7D"),
        (Some("multipart/form-data; boundary=x"), parts),
        (Some("application/graphql"), "{ __typename }"),
        (Some("application/jsonp"), json),
        (Some("application/json; charset=latin1"), json),
        (Some("text/json"), json),
        (None, json),
    ] {
        let request = media.into_iter().fold(request(&app), |request, media| request.header("content-type", media));
        let answer = Answer::to(request.body(body)).await;
        answer.assert_refused(415, "BAD_USER_INPUT", media.unwrap_or("no content type"));
    }
    let utf8 = request(&app).header("content-type", "application/json; charset=utf-8").body(json);
    assert_eq!(text(&Answer::to(utf8).await.json(), "/data/__typename"), "Query");
}

/// A good request of so many bytes.
fn body_of(bytes: usize) -> String {
    let empty = json!({ "query": "{ __typename }", "padding": "" }).to_string();
    let padding = "x".repeat(bytes - empty.len());
    json!({ "query": "{ __typename }", "padding": padding }).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g9_a_body_is_read_up_to_its_limit_and_no_further() {
    run(Db::Sqlite, &[], fill_bodies).await;
}

async fn fill_bodies(app: TestApp) {
    let at = post(&app, body_of(MOST_BYTES)).await;
    assert_eq!((at.status, text(&at.json(), "/data/__typename")), (200, "Query"));
    post(&app, body_of(MOST_BYTES + 1)).await.assert_refused(413, "BAD_USER_INPUT", "one byte more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g11_bodies_that_are_broken_are_refused_without_a_panic() {
    run(Db::Sqlite, &[], break_bodies).await;
}

async fn break_bodies(app: TestApp) {
    let deep = format!(r#"{{"query":"{{ __typename }}","variables":{{"a":{}1{}}}}}"#, "[".repeat(200), "]".repeat(200));
    for (what, body) in [
        ("invalid UTF-8", b"{\"query\":\"{ __typename \xff }\"}".to_vec()),
        ("a lone surrogate", br#"{"query":"{ a(b: \"\ud800\") }"}"#.to_vec()),
        ("a byte order mark", "\u{feff}{\"query\":\"{ __typename }\"}".as_bytes().to_vec()),
        ("a NUL", b"{\"query\":\"{ __typename \x00 }\"}".to_vec()),
        ("200 levels", deep.into_bytes()),
        ("nothing", Vec::new()),
        ("half of it", br#"{"query":"#.to_vec()),
        ("two of them", br#"{"query":"{ __typename }"}{}"#.to_vec()),
    ] {
        post(&app, body).await.assert_refused(400, "BAD_USER_INPUT", what);
    }
    let unknown = json!({ "query": "query A { __typename }", "operationName": "B" });
    for (accept, status) in MEDIA.into_iter().zip([200, 400]) {
        let answer = Answer::to(request(&app).header("accept", accept).json(&unknown)).await;
        answer.assert_refused(status, "BAD_USER_INPUT", "an unknown operation");
    }
    let told = post(&app, r#"{"query":"{ __typename }","variables":{"a":"\u0000"}}"#).await;
    assert_eq!(text(&told.json(), "/data/__typename"), "Query", "a NUL, written as JSON wants it, is a character");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g18_what_is_wrong_with_a_request_is_told_in_fixed_words() {
    run(Db::Sqlite, &[], tell_in_fixed_words).await;
}

async fn tell_in_fixed_words(app: TestApp) {
    for (body, message) in [
        ("{ not JSON", "the body is not JSON"),
        ("\"secret-4711\"", "the request is not a JSON object; batches are not served"),
        ("{}", "`query` is missing"),
        (r#"{"query":4711}"#, "`query` must be a string"),
        (r#"{"query":"{ __typename }","variables":"secret-4711"}"#, "`variables` must be an object"),
        (r#"{"query":"{ __typename }","operationName":[4711]}"#, "`operationName` must be a string"),
    ] {
        let answer = post(&app, body).await;
        answer.assert_refused(400, "BAD_USER_INPUT", body);
        let told = answer.json();
        let (error, id) = (&told["errors"][0], &told["errors"][0]["extensions"]["requestId"]);
        let extensions = json!({ "code": "BAD_USER_INPUT", "requestId": id });
        assert_eq!(told, json!({ "errors": [{ "message": message, "extensions": extensions }] }), "{body}");
        assert!(error["extensions"]["requestId"].is_string(), "{body}: {told}");
    }
    let syntax = post(&app, r#"{"query":"{ payments(secret-4711"}"#).await.json();
    assert_eq!(text(&syntax, "/errors/0/message"), "the document cannot be parsed");
    assert_eq!(text(&syntax, "/errors/0/extensions/code"), "GRAPHQL_PARSE_FAILED");
    assert_eq!(syntax["errors"].as_array().map(Vec::len), Some(1));
    assert_ne!(syntax["errors"][0]["locations"], Value::Null);
    assert!(!syntax.to_string().contains("4711"), "{syntax}");
}
