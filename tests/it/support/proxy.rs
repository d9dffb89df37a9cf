//! A proxy between billpay and the sandbox. What it does with the next POST to a path, or with what only asks, is the
//! test's to say; whatever no test speaks of passes as it is.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::client::http_client;

/// The largest body of a request.
const LARGEST: usize = 1024 * 1024;

/// What becomes of a POST.
#[derive(Clone)]
pub enum Act {
    /// It is lost on its way, and nobody ever answers.
    Lose,
    /// It is lost on its way, and this is answered.
    Instead(u16, Value),
    /// The provider takes it; this is answered in place of what it says.
    Replace(u16, Value),
    /// The provider takes it; its answer is changed.
    Rewrite(fn(&mut Value)),
    /// The provider takes it; its answer is so late.
    Late(Duration),
}

/// The proxy of one test.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    sandbox: SocketAddr,
    http: reqwest::Client,
    rules: Mutex<Vec<Rule>>,
    /// The paths of all that was posted.
    posted: Mutex<Vec<String>>,
}

struct Rule {
    method: Method,
    /// The end of the path.
    path: &'static str,
    /// Whether it stays after it has been followed.
    stays: bool,
    act: Act,
}

impl Proxy {
    /// Starts one that passes everything.
    pub async fn start(sandbox: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (rules, posted) = (Mutex::default(), Mutex::default());
        let shared = Arc::new(Shared { sandbox, http: http_client(), rules, posted });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("the proxy serves") });
        Self { address, shared, serving }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What becomes of the next POST to a path that ends so. Of several, the first is followed first.
    pub fn next(&self, path: &'static str, act: Act) {
        self.rule(Rule { method: Method::POST, path, stays: false, act });
    }

    /// What becomes of every POST to a path that ends so, until [`Proxy::heal`].
    pub fn always(&self, path: &'static str, act: Act) {
        self.rule(Rule { method: Method::POST, path, stays: true, act });
    }

    /// What becomes of the next request of another kind, as a GET or a PATCH.
    pub fn next_of(&self, method: Method, path: &'static str, act: Act) {
        self.rule(Rule { method, path, stays: false, act });
    }

    /// The same for every one, until [`Proxy::heal`].
    pub fn always_of(&self, method: Method, path: &'static str, act: Act) {
        self.rule(Rule { method, path, stays: true, act });
    }

    fn rule(&self, rule: Rule) {
        lock(&self.shared.rules).push(rule);
    }

    /// From now on everything passes.
    pub fn heal(&self) {
        lock(&self.shared.rules).clear();
    }

    /// How often something was posted to a path that ends so.
    pub fn posts(&self, path: &str) -> usize {
        lock(&self.shared.posted).iter().filter(|posted| posted.ends_with(path)).count()
    }

    /// Stops listening.
    pub fn stop(&self) {
        self.serving.abort();
    }
}

impl Shared {
    fn act_on(&self, method: &Method, path: &str) -> Option<Act> {
        if method == Method::POST {
            lock(&self.posted).push(path.to_owned());
        }
        let mut rules = lock(&self.rules);
        let place = rules.iter().position(|rule| rule.method == method && path.ends_with(rule.path))?;
        Some(if rules[place].stays { rules[place].act.clone() } else { rules.remove(place).act })
    }

    /// What the sandbox answers; nothing where it does not.
    async fn forward(&self, head: Parts, body: Body) -> Option<(StatusCode, HeaderMap, Bytes)> {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let url = format!("http://{}{path}", self.sandbox);
        let mut headers = head.headers;
        for of_one_connection in [header::HOST, header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
            headers.remove(of_one_connection);
        }
        let body = to_bytes(body, LARGEST).await.ok()?;
        let answer = self.http.request(head.method, url).headers(headers).body(body).send().await.ok()?;
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        for of_one_connection in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
            headers.remove(of_one_connection);
        }
        Some((status, headers, answer.bytes().await.ok()?))
    }
}

async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let act = shared.act_on(&head.method, head.uri.path());
    match act {
        Some(Act::Lose) => std::future::pending().await,
        Some(Act::Instead(status, told)) => answer(status, told),
        Some(Act::Replace(status, told)) => match shared.forward(head, body).await {
            Some(_) => answer(status, told),
            None => StatusCode::BAD_GATEWAY.into_response(),
        },
        Some(Act::Late(delay)) => {
            let told = shared.forward(head, body).await;
            tokio::time::sleep(delay).await;
            answered(told, None)
        }
        Some(Act::Rewrite(change)) => answered(shared.forward(head, body).await, Some(change)),
        None => answered(shared.forward(head, body).await, None),
    }
}

fn answer(status: u16, told: Value) -> Response {
    (StatusCode::from_u16(status).expect("a status"), Json(told)).into_response()
}

fn answered(answer: Option<(StatusCode, HeaderMap, Bytes)>, change: Option<fn(&mut Value)>) -> Response {
    let Some((status, headers, body)) = answer else { return StatusCode::BAD_GATEWAY.into_response() };
    let body = match change {
        Some(change) => {
            let mut told: Value = serde_json::from_slice(&body).expect("JSON");
            change(&mut told);
            Body::from(told.to_string())
        }
        None => Body::from(body),
    };
    (status, headers, body).into_response()
}

fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
