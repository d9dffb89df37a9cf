//! Origins: whose pages may call, by CORS on every answer of `/graphql` and by `Origin` on the upgrade to a WebSocket.

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::json;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Error as SocketError;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::support::app::{ALL, TENANT};
use crate::support::{Db, TestApp, run};

const OURS: &str = "https://app.example";
const FOREIGN: [&str; 5] = [
    "https://evil.example",
    "http://app.example",
    "https://app.example:444",
    "https://app.example.evil.example",
    "null",
];
const SETTINGS: [(&str, &str); 1] = [("BILLPAY_HTTP__ALLOWED_ORIGINS", OURS)];
const ALLOW_ORIGIN: &str = "access-control-allow-origin";

/// Each transport over HTTP by what its clients accept, with a document for it.
const TRANSPORTS: [(&str, &str); 4] = [
    ("application/json", "{ __typename }"),
    ("application/graphql-response+json", "{ nothing }"),
    ("text/event-stream", "subscription { events(after: \"0\") { sequence } }"),
    ("multipart/mixed;boundary=\"graphql\";subscriptionSpec=1.0", "subscription { events(after: \"0\") { sequence } }"),
];

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().expect("a text"))
}

/// The headers of an answer to a page of that origin. A stream is hung up on once they are there.
async fn answered(app: &TestApp, origin: &str, (accept, query): (&str, &str)) -> HeaderMap {
    let request = app.http().post(app.url("/graphql")).bearer_auth(app.token(TENANT, ALL));
    let request = request.header("origin", origin).header("accept", accept).json(&json!({ "query": query }));
    request.send().await.expect("an answer").headers().clone()
}

/// The headers of the answer to the question that a browser asks before it sends a request of that page.
async fn asked_first(app: &TestApp, origin: &str) -> HeaderMap {
    let request = app.http().request(Method::OPTIONS, app.url("/graphql")).header("origin", origin);
    let request = request.header("access-control-request-method", "POST");
    let request = request.header("access-control-request-headers", "authorization,content-type");
    let answer = request.send().await.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.status());
    answer.headers().clone()
}

/// The status with which an upgrade to a WebSocket is answered.
async fn upgraded(app: &TestApp, origin: Option<&'static str>) -> u16 {
    let mut request = app.url("/graphql").replacen("http", "ws", 1).into_client_request().expect("a request");
    let protocol = HeaderValue::from_static("graphql-transport-ws");
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", HeaderValue::from_static(origin));
    }
    match connect_async(request).await {
        Ok((_, response)) => response.status().as_u16(),
        Err(SocketError::Http(response)) => response.status().as_u16(),
        Err(error) => panic!("no answer: {error}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_listed_origins_may_call_on_every_transport_and_no_others() {
    run(Db::Sqlite, &SETTINGS, call).await;
}

async fn call(app: TestApp) {
    for transport in TRANSPORTS {
        let ours = answered(&app, OURS, transport).await;
        assert_eq!(header(&ours, ALLOW_ORIGIN), Some(OURS), "{transport:?}");
        let exposed = header(&ours, "access-control-expose-headers").expect("exposed headers").to_ascii_lowercase();
        assert!(exposed.contains("retry-after") && exposed.contains("x-request-id"), "{exposed}");
        assert!(header(&ours, "vary").is_some_and(|vary| vary.to_ascii_lowercase().contains("origin")));
        for foreign in FOREIGN {
            let theirs = answered(&app, foreign, transport).await;
            assert_eq!(header(&theirs, ALLOW_ORIGIN), None, "{foreign} {transport:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_asks_first_is_told_who_may_call_and_with_what() {
    run(Db::Sqlite, &SETTINGS, ask_first).await;
}

async fn ask_first(app: TestApp) {
    let ours = asked_first(&app, OURS).await;
    assert_eq!(header(&ours, ALLOW_ORIGIN), Some(OURS));
    assert_eq!(header(&ours, "access-control-allow-credentials"), None, "cookies mean nothing here");
    let headers = header(&ours, "access-control-allow-headers").expect("headers").to_ascii_lowercase();
    for needed in ["authorization", "content-type", "accept"] {
        assert!(headers.split(',').any(|it| it.trim() == needed), "{headers}");
    }
    let methods = header(&ours, "access-control-allow-methods").expect("methods");
    assert!(methods.contains("POST") && methods.contains("GET") && !methods.contains('*'), "{methods}");
    for foreign in FOREIGN {
        assert_eq!(header(&asked_first(&app, foreign).await, ALLOW_ORIGIN), None, "{foreign}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g15_a_page_of_a_foreign_origin_opens_no_websocket() {
    run(Db::Sqlite, &SETTINGS, upgrade).await;
}

async fn upgrade(app: TestApp) {
    assert_eq!(upgraded(&app, None).await, 101, "no browser");
    assert_eq!(upgraded(&app, Some(OURS)).await, 101);
    for foreign in FOREIGN {
        assert_eq!(upgraded(&app, Some(foreign)).await, 403, "{foreign}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_setting_no_foreign_page_may_call() {
    run(Db::Sqlite, &[], call_unlisted).await;
}

async fn call_unlisted(app: TestApp) {
    assert_eq!(header(&answered(&app, OURS, TRANSPORTS[0]).await, ALLOW_ORIGIN), None);
    assert_eq!(header(&asked_first(&app, OURS).await, ALLOW_ORIGIN), None);
    assert_eq!(upgraded(&app, Some(OURS)).await, 403);
}
