//! Documents by their hash: those that clients have sent before, and those of a list that may be the only ones.

use std::io::Write;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::support::app::{ALL, TENANT, USER};
use crate::support::{Db, TestApp, run, text};

const TEXT: &str = "query Scopes { viewer { scopes } }";
const OTHER: &str = "query Head { viewer { eventsHead } }";
const CODE: &str = "/errors/0/extensions/code";

fn hash(document: &str) -> String {
    hex::encode(Sha256::digest(document))
}

/// A request as Apollo's clients send it.
fn apollo(query: Option<&str>, hash: &str) -> Value {
    let mut body = json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": hash } } });
    if let Some(query) = query {
        body["query"] = json!(query);
    }
    body
}

async fn post(app: &TestApp, token: &str, body: &Value) -> Value {
    let request = app.http().post(app.url("/graphql")).bearer_auth(token).json(body);
    request.send().await.expect("an answer").json().await.expect("JSON")
}

#[track_caller]
fn assert_viewer(answer: &Value) {
    assert!(answer.get("errors").is_none() && answer["data"]["viewer"].is_object(), "{answer}");
}

#[track_caller]
fn assert_code(answer: &Value, code: &str) {
    assert_eq!(text(answer, CODE), code, "{answer}");
    assert!(answer.get("data").is_none(), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_that_was_executed_is_known_by_its_hash_to_its_tenant() {
    run(Db::Sqlite, &[], persist).await;
}

async fn persist(app: TestApp) {
    let (ours, theirs) = (app.token(TENANT, USER), app.token("umbrella", USER));
    let by_hash = apollo(None, &hash(TEXT));
    let unknown = post(&app, &ours, &by_hash).await;
    assert_code(&unknown, "PERSISTED_QUERY_NOT_FOUND");
    assert_eq!(text(&unknown, "/errors/0/message"), "PersistedQueryNotFound");
    assert_eq!(unknown["errors"].as_array().map(Vec::len), Some(1));
    assert_viewer(&post(&app, &ours, &apollo(Some(TEXT), &hash(TEXT))).await);
    assert_viewer(&post(&app, &ours, &by_hash).await);
    assert_viewer(&post(&app, &ours, &json!({ "documentId": format!("sha256:{}", hash(TEXT)) })).await);
    assert_code(&post(&app, &theirs, &by_hash).await, "PERSISTED_QUERY_NOT_FOUND");

    let mut url = url::Url::parse(&app.url("/graphql")).expect("a URL");
    url.query_pairs_mut().append_pair("extensions", &by_hash["extensions"].to_string());
    let answer = app.http().get(url).bearer_auth(&ours).send().await.expect("an answer");
    assert_viewer(&answer.json().await.expect("JSON"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_executed_is_not_kept() {
    run(Db::Sqlite, &[], keep_nothing).await;
}

async fn keep_nothing(app: TestApp) {
    let token = app.token(TENANT, USER);
    assert_code(&post(&app, &token, &apollo(Some(OTHER), &hash(TEXT))).await, "BAD_USER_INPUT");
    assert_code(&post(&app, &token, &apollo(None, &hash(TEXT))).await, "PERSISTED_QUERY_NOT_FOUND");
    for (bad, code) in [("{ nothing }", "GRAPHQL_VALIDATION_FAILED"), ("{", "GRAPHQL_PARSE_FAILED")] {
        assert_code(&post(&app, &token, &apollo(Some(bad), &hash(bad))).await, code);
        assert_code(&post(&app, &token, &apollo(None, &hash(bad))).await, "PERSISTED_QUERY_NOT_FOUND");
    }
    let request = app.http().post(app.url("/graphql")).json(&apollo(Some(TEXT), &hash(TEXT)));
    let stranger: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    assert_code(&stranger, "UNAUTHENTICATED");
    assert_code(&post(&app, &token, &apollo(None, &hash(TEXT))).await, "PERSISTED_QUERY_NOT_FOUND");
    for malformed in [json!({ "version": 2, "sha256Hash": hash(TEXT) }), json!({ "version": 1 }), json!(1)] {
        let body = json!({ "query": TEXT, "extensions": { "persistedQuery": malformed } });
        assert_code(&post(&app, &token, &body).await, "BAD_USER_INPUT");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_persisted_queries_clients_are_told_to_send_texts() {
    run(Db::Sqlite, &[("BILLPAY_GRAPHQL__PERSISTED_QUERIES", "0")], send_texts).await;
}

async fn send_texts(app: TestApp) {
    let token = app.token(TENANT, USER);
    let answer = post(&app, &token, &apollo(None, &hash(TEXT))).await;
    assert_code(&answer, "PERSISTED_QUERY_NOT_SUPPORTED");
    assert_eq!(text(&answer, "/errors/0/message"), "PersistedQueryNotSupported");
    assert_viewer(&post(&app, &token, &apollo(Some(TEXT), &hash(TEXT))).await);
    assert_code(&post(&app, &token, &apollo(None, &hash(TEXT))).await, "PERSISTED_QUERY_NOT_SUPPORTED");
}

/// A list as graphql-codegen writes it.
fn list_of(documents: &[&str]) -> NamedTempFile {
    let listed: Map<_, _> = documents.iter().map(|document| (hash(document), json!(document))).collect();
    let mut file = NamedTempFile::new().expect("a temporary file");
    file.write_all(Value::Object(listed).to_string().as_bytes()).expect("written");
    file
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_documents_is_known_to_every_tenant() {
    let file = list_of(&[TEXT]);
    let path = file.path().to_str().expect("a path in UTF-8");
    run(Db::Sqlite, &[("BILLPAY_GRAPHQL__DOCUMENTS", path)], know_the_list).await;
}

async fn know_the_list(app: TestApp) {
    for tenant in [TENANT, "umbrella"] {
        let token = app.token(tenant, USER);
        assert_viewer(&post(&app, &token, &json!({ "documentId": hash(TEXT) })).await);
        assert_viewer(&post(&app, &token, &json!({ "query": OTHER })).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_documents_of_the_list_run_where_that_is_set() {
    let file = list_of(&[TEXT]);
    let path = file.path().to_str().expect("a path in UTF-8");
    let settings = [("BILLPAY_GRAPHQL__DOCUMENTS", path), ("BILLPAY_GRAPHQL__ONLY_DOCUMENTS", "on")];
    run(Db::Sqlite, &settings, run_the_list).await;
}

async fn run_the_list(app: TestApp) {
    let (user, admin) = (app.token(TENANT, USER), app.token(TENANT, ALL));
    let schema = json!({ "query": "{ __schema { queryType { name } } }" });
    for token in [&user, &admin] {
        assert_viewer(&post(&app, token, &json!({ "documentId": format!("sha256:{}", hash(TEXT)) })).await);
        assert_viewer(&post(&app, token, &apollo(None, &hash(TEXT))).await);
        assert_viewer(&post(&app, token, &apollo(Some(TEXT), &hash(TEXT))).await);
        assert_code(&post(&app, token, &apollo(None, &hash(OTHER))).await, "PERSISTED_QUERY_NOT_IN_LIST");
        assert_code(&post(&app, token, &json!({ "documentId": "x" })).await, "PERSISTED_QUERY_NOT_IN_LIST");
        for refused in [json!({ "query": OTHER }), json!({ "query": TEXT }), apollo(Some(OTHER), &hash(OTHER))] {
            assert_code(&post(&app, token, &refused).await, "PERSISTED_QUERY_ID_REQUIRED");
        }
        let mixed = json!({ "query": "{ __schema { queryType { name } } viewer { eventsHead } }" });
        assert_code(&post(&app, token, &mixed).await, "PERSISTED_QUERY_ID_REQUIRED");
    }
    assert_code(&post(&app, &user, &schema).await, "PERSISTED_QUERY_ID_REQUIRED");
    let answer = post(&app, &admin, &schema).await;
    assert_eq!(text(&answer, "/data/__schema/queryType/name"), "Query");
    let refusal = app.client_with(&user).subscribe(OTHER, json!({})).await.refusal().await;
    assert_eq!(text(&refusal, "/0/extensions/code"), "PERSISTED_QUERY_ID_REQUIRED");
}
