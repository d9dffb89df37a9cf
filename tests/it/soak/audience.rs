//! Who hears of all that the soak does: a receiver of webhooks, and two subscribers, one on a WebSocket and one by
//! Server-Sent Events. What they hear is counted and not kept, so that the test's own memory stays flat, too.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::support::app::{ALL, TENANT};
use crate::support::program::Program;
use crate::support::subscription::Subscription;
use crate::support::{TestApp, eventually, number};

const KEEP: &str = "mutation ($url: URL!) {
    createWebhookEndpoint(input: { url: $url }) { webhookEndpoint { id } errors { code message } } }";
const LISTEN: &str =
    "subscription ($after: Sequence) { paymentsUpdated(after: $after) { sequence status payment { id } } }";
/// Longer than anybody listens.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The audience. It goes with the value.
pub(super) struct Audience {
    /// The last event before it came.
    after: i64,
    received: Arc<AtomicU64>,
    heard: [Arc<Heard>; 2],
    tasks: Vec<JoinHandle<()>>,
}

/// What one subscriber heard.
#[derive(Default)]
struct Heard {
    last: AtomicI64,
    count: AtomicI64,
}

impl Heard {
    /// Notes the next event, which must be behind the last.
    fn note(&self, event: &Value) {
        let sequence = number(event, "/sequence");
        let before = self.last.swap(sequence, Ordering::Relaxed);
        assert!(before < sequence, "{sequence} was told after {before}");
        self.count.fetch_add(1, Ordering::Relaxed);
    }
}

impl Audience {
    /// Has them listen to a server.
    pub(super) async fn seat(app: &TestApp, program: &Program) -> Self {
        let token = app.token(TENANT, &format!("{ALL} webhooks:write"));
        let client = app.client_at(program.address, &token);
        let head = client.head().await;
        let (received, heard) = (Arc::new(AtomicU64::new(0)), [Arc::new(Heard::default()), Arc::new(Heard::default())]);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let url = format!("http://{}/hooks", listener.local_addr().expect("an address"));
        let router = Router::new().route("/hooks", post(receive)).with_state(Arc::clone(&received));
        let receiving = tokio::spawn(async move { axum::serve(listener, router).await.expect("the receiver serves") });
        let kept = client.data(KEEP, json!({ "url": url })).await;
        assert_eq!(kept["createWebhookEndpoint"]["errors"], json!([]), "{kept}");

        let variables = json!({ "after": head });
        let socket = client.subscribe(LISTEN, variables.clone()).await;
        let request = app.http().post(program.url("/graphql")).bearer_auth(&token).timeout(LONGEST);
        let request = request.header("accept", "text/event-stream");
        let stream = request.json(&json!({ "query": LISTEN, "variables": variables })).send().await.expect("a stream");
        let tasks = vec![
            receiving,
            tokio::spawn(hear_on_socket(socket, Arc::clone(&heard[0]))),
            tokio::spawn(hear_by_stream(stream, Arc::clone(&heard[1]))),
        ];
        Self { after: head.parse().expect("a sequence"), received, heard, tasks }
    }

    /// Waits until all of them know all; fails where nothing more comes, and where anything was left out.
    pub(super) async fn is_told_all(&self, app: &TestApp) {
        let last = app.scalar("SELECT max(sequence) FROM events").await;
        let endpoint = "SELECT min(handled_through) FROM webhook_endpoints";
        let behind = last - app.scalar(endpoint).await;
        let mut handled = -1;
        while handled < last {
            let before = handled;
            handled = eventually("the receiver to be told more", || async {
                let now = app.scalar(endpoint).await;
                (now > before).then_some(now)
            })
            .await;
        }
        for heard in &self.heard {
            let all = || async { (heard.last.load(Ordering::Relaxed) >= last).then_some(()) };
            eventually("a subscriber to hear the last event", all).await;
            assert_eq!(heard.count.load(Ordering::Relaxed), last - self.after, "a subscriber missed something");
        }
        let received = self.received.load(Ordering::Relaxed);
        assert!(i64::try_from(received).is_ok_and(|received| received >= last - self.after), "{received} webhooks");
        println!(
            "{} events told to two subscribers, {received} webhooks, {behind} behind at the end",
            last - self.after
        );
    }
}

impl Drop for Audience {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Takes a webhook.
async fn receive(State(received): State<Arc<AtomicU64>>, _body: Bytes) -> StatusCode {
    received.fetch_add(1, Ordering::Relaxed);
    StatusCode::NO_CONTENT
}

async fn hear_on_socket(mut socket: Subscription, heard: Arc<Heard>) {
    loop {
        heard.note(&socket.next().await["paymentsUpdated"]);
    }
}

/// Heartbeats have no data.
async fn hear_by_stream(mut stream: reqwest::Response, heard: Arc<Heard>) {
    let mut pending: Vec<u8> = Vec::new();
    while let Some(chunk) = stream.chunk().await.expect("a stream") {
        pending.extend_from_slice(&chunk);
        while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            let told = line.strip_prefix(b"data: ").map(serde_json::from_slice::<Value>);
            // The end of a stream says so in a line of its own, which is no JSON.
            if let Some(Ok(told)) = told {
                assert!(told.get("errors").is_none(), "{told}");
                heard.note(&told["data"]["paymentsUpdated"]);
            }
        }
    }
}
