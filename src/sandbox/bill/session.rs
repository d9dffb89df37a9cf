//! Sessions: random, dead after 35 minutes without a call, and trusted once the second factor was passed.
//!
//! They are forgotten at a restart: the next call with one is answered as if it had been idle.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::super::lock;
use super::login::DEV_KEY;
use super::rejection::Rejection;
use super::{BillCom, derive};

const IDLE: Duration = Duration::from_secs(35 * 60);

/// The sessions that are open.
#[derive(Default)]
pub(super) struct Sessions {
    open: Mutex<HashMap<String, Session>>,
}

struct Session {
    used: Instant,
    trusted: bool,
    /// The challenge of the second factor that waits for its token.
    challenge: Option<String>,
}

impl Sessions {
    /// Opens a session and gives its id.
    pub(super) fn open(&self, trusted: bool) -> String {
        let id = derive::secret();
        let now = Instant::now();
        let mut open = lock(&self.open);
        open.retain(|_, session| session.is_alive(now));
        open.insert(id.clone(), Session { used: now, trusted, challenge: None });
        id
    }

    pub(super) fn close(&self, headers: &HeaderMap) {
        if let Some(id) = id(headers) {
            lock(&self.open).remove(id);
        }
    }

    pub(super) fn is_trusted(&self, headers: &HeaderMap) -> bool {
        self.with(headers, |session| session.trusted).unwrap_or(false)
    }

    pub(super) fn set_trusted(&self, headers: &HeaderMap, trusted: bool) {
        self.with(headers, |session| session.trusted = trusted);
    }

    /// Begins the second factor and gives the challenge's id.
    pub(super) fn challenge(&self, headers: &HeaderMap) -> String {
        let challenge = derive::uuid();
        self.with(headers, |session| session.challenge = Some(challenge.clone()));
        challenge
    }

    /// Whether the session waits for this challenge.
    pub(super) fn awaits(&self, headers: &HeaderMap, challenge: &str) -> bool {
        self.with(headers, |session| session.challenge.as_deref() == Some(challenge)).unwrap_or(false)
    }

    /// Whether the call's session is alive; if so it begins to be idle anew.
    fn admit(&self, headers: &HeaderMap) -> bool {
        let now = Instant::now();
        let used = self.with(headers, |session| {
            let is_alive = session.is_alive(now);
            session.used = if is_alive { now } else { session.used };
            is_alive
        });
        used.unwrap_or(false)
    }

    fn with<T>(&self, headers: &HeaderMap, act: impl FnOnce(&mut Session) -> T) -> Option<T> {
        lock(&self.open).get_mut(id(headers)?).map(act)
    }
}

impl Session {
    fn is_alive(&self, now: Instant) -> bool {
        now.duration_since(self.used) < IDLE
    }
}

/// Lets a call through that carries the developer's key and a live session.
pub(super) async fn require(State(bill): State<Arc<BillCom>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    if headers.get("devkey").is_none_or(|key| key != DEV_KEY) {
        return Rejection::developer_key_invalid().into_response();
    }
    if !bill.sessions.admit(headers) {
        return Rejection::session_invalid().into_response();
    }
    next.run(request).await
}

/// Lets a call through whose session is trusted.
pub(super) async fn require_trust(State(bill): State<Arc<BillCom>>, request: Request, next: Next) -> Response {
    if !bill.sessions.is_trusted(request.headers()) {
        return Rejection::untrusted().into_response();
    }
    next.run(request).await
}

fn id(headers: &HeaderMap) -> Option<&str> {
    headers.get("sessionid")?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn bearing(id: &str) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static("sessionid"), id.parse().expect("a header"))])
    }

    #[test]
    fn only_an_open_session_is_admitted() {
        let sessions = Sessions::default();
        let headers = bearing(&sessions.open(false));
        assert!(sessions.admit(&headers));
        assert!(!sessions.admit(&bearing("other")) && !sessions.admit(&HeaderMap::new()));
        sessions.close(&headers);
        assert!(!sessions.admit(&headers));
    }

    #[test]
    fn a_challenge_is_of_its_session_and_trust_can_be_taken_away() {
        let sessions = Sessions::default();
        let (one, other) = (bearing(&sessions.open(false)), bearing(&sessions.open(true)));
        let challenge = sessions.challenge(&one);
        assert!(sessions.awaits(&one, &challenge) && !sessions.awaits(&other, &challenge));
        assert!(!sessions.is_trusted(&one) && sessions.is_trusted(&other));
        sessions.set_trusted(&other, false);
        assert!(!sessions.is_trusted(&other));
    }
}
