//! A token that ends while its bearer listens: the stream ends with it, and who comes back with another misses nothing.

use std::time::Duration;

use billpay::config::Secret;
use billpay::domain::requester::{Scopes, TenantId};
use billpay::http::token::{TokenClaims, mint};
use serde_json::{Value, json};

use super::Answer;
use super::socket::Socket;
use crate::support::app::{ALL, SECRET, TENANT};
use crate::support::{Db, TestApp, number, run, text};

const EVENTS: &str = "subscription ($after: Sequence) { events(after: $after) { sequence } }";
/// Long enough to connect and to hear what has been.
const SHORT: Duration = Duration::from_secs(4);

/// A token that ends soon.
fn short_token(app: &TestApp) -> String {
    let claims = TokenClaims {
        subject: "tester",
        tenant: &TenantId::try_new(TENANT).expect("a tenant"),
        customer: None,
        scopes: Scopes::parse(ALL),
        issuer: "billpay",
        audience: "billpay",
    };
    mint(&Secret::new(SECRET), &claims, app.clock().now(), SHORT)
}

/// The next event's sequence.
async fn sequence(socket: &mut Socket) -> i64 {
    let message = socket.hear().await;
    assert_eq!(text(&message, "/type"), "next", "{message}");
    number(&message, "/payload/data/events/sequence")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g16_a_socket_ends_with_its_token_and_another_goes_on_from_there() {
    run(Db::Sqlite, &[], listen_on).await;
}

async fn listen_on(app: TestApp) {
    let client = app.admin();
    client.pay_until("1111111", &["SUCCEEDED"]).await;
    let before: i64 = client.head().await.parse().expect("a number");
    let mut heard = Vec::new();
    let mut socket = Socket::open(&app, &short_token(&app)).await;
    socket.subscribe("1", EVENTS, json!({ "after": "0" })).await;
    for _ in 0..before {
        heard.push(sequence(&mut socket).await);
    }
    assert_eq!(socket.closed().await, (4403, "token expired".to_owned()));

    client.pay_until("2222222", &["SUCCEEDED"]).await;
    let after: i64 = client.head().await.parse().expect("a number");
    assert!(after > before, "something happened meanwhile");
    let mut again = Socket::open(&app, &app.token(TENANT, ALL)).await;
    again.subscribe("1", EVENTS, json!({ "after": before.to_string() })).await;
    while heard.last() != Some(&after) {
        heard.push(sequence(&mut again).await);
    }
    assert_eq!(heard, (1..=after).collect::<Vec<_>>(), "nothing is missed, and nothing is heard twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g16_an_event_stream_ends_with_its_token_and_says_so() {
    run(Db::Sqlite, &[], read_on).await;
}

async fn read_on(app: TestApp) {
    let body = json!({ "query": EVENTS, "variables": { "after": "0" } });
    let request = app.http().post(app.url("/graphql")).bearer_auth(short_token(&app));
    let answer = Answer::to(request.header("accept", "text/event-stream").json(&body)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let last = answer.body.strip_suffix("event: complete\ndata:\n\n").expect("the end");
    let (_, last) = last.rsplit_once("event: next\ndata: ").expect("a last word");
    let told: Value = serde_json::from_str(last.trim()).expect("JSON");
    assert_eq!(text(&told, "/errors/0/extensions/code"), "UNAUTHENTICATED", "{told}");
    assert_eq!(text(&told, "/errors/0/message"), "the token has ended");
}
