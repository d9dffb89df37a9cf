//! What graphql-cop looks for, one by one, with the requests that it sends: none of it may be found.

use reqwest::Method;
use serde_json::json;

use crate::graphql_attacks::{Answer, request};
use crate::support::{Db, TestApp, run, text};

const TYPE_NAME: &str = "query cop { __typename }";

/// What a document in JSON is answered, with a good token.
async fn ask(app: &TestApp, document: &str) -> Answer {
    Answer::to(request(app).json(&json!({ "query": document }))).await
}

/// What a page of another site can have a browser send: no header of its own choice, so no token.
async fn ask_as_a_foreign_page(app: &TestApp, method: Method, document: &str) -> Answer {
    let mut url = url::Url::parse(&app.url("/graphql")).expect("a URL");
    url.query_pairs_mut().append_pair("query", document);
    Answer::to(app.http().request(method, url).header("cookie", "session=1")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_none_of_the_twelve_checks_of_graphql_cop_finds_anything() {
    run(Db::Sqlite, &[("BILLPAY_GRAPHQL__INTROSPECTION", "false")], check).await;
}

async fn check(app: TestApp) {
    check_costs(&app).await;
    check_forgeries(&app).await;
    check_talk(&app).await;
}

/// Alias overloading, batch queries, directive overloading, circular introspection, field duplication.
async fn check_costs(app: &TestApp) {
    let aliases: String = (0..101).map(|number| format!("alias{number}: __typename ")).collect();
    let aliases = ask(app, &format!("query cop {{ {aliases} }}")).await;
    aliases.assert_refused(200, "QUERY_TOO_COMPLEX", "1: alias overloading");

    let batch = vec![json!({ "query": TYPE_NAME }); 10];
    let batch = Answer::to(request(app).json(&batch)).await;
    batch.assert_refused(400, "BAD_USER_INPUT", "2: batch queries");

    let ten = ask(app, &format!("query cop {{ __typename {} }}", "@aa".repeat(10))).await;
    ten.assert_refused(200, "GRAPHQL_VALIDATION_FAILED", "3: directives that there are not");
    assert_eq!(ten.json()["errors"].as_array().map_or(0, Vec::len), 1, "one error for all: {}", ten.body);
    let many = ask(app, &format!("query cop {{ __typename {} }}", "@aa".repeat(51))).await;
    many.assert_refused(200, "QUERY_TOO_COMPLEX", "3: directive overloading");

    let down = "{ fields { type ".repeat(4);
    let circular = format!("query cop {{ __schema {{ types {down} {{ name }} {} }} }}", "} } ".repeat(4));
    let circular = ask(app, &circular).await;
    circular.assert_refused(200, "GRAPHQL_VALIDATION_FAILED", "4: circular introspection");

    let duplicates = ask(app, &format!("query cop {{ {} }}", "__typename \n".repeat(500))).await;
    duplicates.assert_refused(200, "QUERY_TOO_COMPLEX", "5: field duplication");
}

/// Mutations and queries by GET, and a form by POST.
async fn check_forgeries(app: &TestApp) {
    let mutation = "mutation cop { __typename }";
    let mut url = url::Url::parse(&app.url("/graphql")).expect("a URL");
    url.query_pairs_mut().append_pair("query", mutation);
    let with_token = request(app).build().expect("a request").headers()["authorization"].clone();
    let by_get = Answer::to(app.http().get(url).header("authorization", with_token)).await;
    by_get.assert_refused(405, "BAD_USER_INPUT", "8: a mutation by GET");
    let foreign = ask_as_a_foreign_page(app, Method::GET, mutation).await;
    foreign.assert_refused(401, "UNAUTHENTICATED", "8: a mutation by GET, of a foreign page");

    // With the header Authorization, which no page can forge, queries by GET are served.
    let foreign = ask_as_a_foreign_page(app, Method::GET, TYPE_NAME).await;
    foreign.assert_refused(401, "UNAUTHENTICATED", "9: a query by GET");

    let form = Answer::to(request(app).form(&[("query", TYPE_NAME)])).await;
    form.assert_refused(415, "BAD_USER_INPUT", "10: a form by POST");
    let foreign = ask_as_a_foreign_page(app, Method::POST, TYPE_NAME).await;
    foreign.assert_refused(415, "BAD_USER_INPUT", "10: a POST without a body");
}

/// Suggestions, introspection, traces, errors that nobody handled, and an editor.
async fn check_talk(app: &TestApp) {
    for document in ["query cop { __schema { directive } }", "query cop { viewr { tenant } }"] {
        let suggestion = ask(app, document).await;
        suggestion.assert_refused(200, "GRAPHQL_VALIDATION_FAILED", "6: field suggestions");
        assert!(!suggestion.body.to_lowercase().contains("did you mean"), "6: {}", suggestion.body);
    }
    let schema = ask(app, "query cop { __schema { types { name fields { name } } } }").await;
    schema.assert_refused(200, "GRAPHQL_VALIDATION_FAILED", "7: introspection");

    let plain = ask(app, TYPE_NAME).await.json();
    assert_eq!(text(&plain, "/data/__typename"), "Query");
    let extensions = plain["extensions"].as_object().expect("extensions");
    assert_eq!(extensions.keys().collect::<Vec<_>>(), ["cost"], "11: trace mode");

    let unhandled = ask(app, "qwerty cop { abc }").await;
    unhandled.assert_refused(200, "GRAPHQL_PARSE_FAILED", "12: unhandled errors");
    for word in ["exception", "stacktrace", "qwerty"] {
        assert!(!unhandled.body.contains(word), "12: {}", unhandled.body);
    }
    for path in ["/", "/graphiql", "/playground", "/console", "/graphql"] {
        let page = Answer::to(app.http().get(app.url(path)).header("accept", "text/html, */*")).await;
        assert!(matches!(page.status, 401 | 404), "an editor at {path}: {}", page.status);
        assert!(!page.body.to_lowercase().contains("graphiql"), "an editor at {path}");
    }
}
