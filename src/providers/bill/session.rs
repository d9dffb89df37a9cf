//! Sessions with BILL: signing in, keeping the session for all processes, and renewing it.
//!
//! A session ends after 35 minutes without a call, and every call begins them anew; it is given up a little earlier.
//! It is trusted, and may pay, where the sign-in carries the device that BILL remembers. Since sign-ins are counted
//! (200 in an hour) a session is shared: a process first takes the one that is kept, and only one process signs in at a
//! time. Whatever goes wrong here, nothing of a payment has left: the only errors are [`ProviderError::NotSent`] and,
//! where our credentials are refused, [`ProviderError::Misconfigured`].

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use super::call::Line;
use super::convert;
use super::wire::{self, LoggedIn, Login};
use crate::config::{BillSettings, Secret, TrustedDevice};
use crate::domain::provider::ProviderCode;
use crate::ports::clock::Deadline;
use crate::ports::provider::{ProviderError, Trouble};
use crate::ports::sessions::Sessions;
use crate::providers::http::{Answer, trouble};
use crate::providers::json;

/// Time for signing in once.
const SIGN_IN_LIMIT: Duration = Duration::from_secs(10);
/// How long a session is relied on without a call: less than BILL's 35 minutes by longer than any call takes.
const RELIED_ON: Duration = Duration::from_secs(30 * 60);
/// How long this process alone may sign in: longer than it takes, with the wait for a free place.
const RENEWAL_LEASE: Duration = Duration::from_secs(15);
/// How long another process's sign-in is waited for, and how often it is looked for.
const RENEWAL_PATIENCE: Duration = Duration::from_secs(6);
const RENEWAL_POLL: Duration = Duration::from_millis(200);
/// How long refused credentials are not tried again: BILL locks who tries too often.
const REFUSAL_PAUSE: Duration = Duration::from_secs(60);
const ENTER_PATIENCE: Duration = Duration::from_secs(3);

/// Gets sessions, and keeps the latest.
pub(super) struct Keeper {
    line: Line,
    shared: Arc<dyn Sessions>,
    settings: BillSettings,
    /// Tells whether a kept session was opened by these settings.
    whose: String,
    held: Mutex<Held>,
}

/// One session.
#[derive(Clone)]
pub(super) struct Session {
    pub id: Secret,
    /// Whether it may pay.
    pub trusted: bool,
    used_at: Timestamp,
}

#[derive(Default)]
struct Held {
    session: Option<Session>,
    /// The one that BILL refused last, which may still be kept.
    dropped: Option<Secret>,
    /// When our credentials were refused, and how.
    refused: Option<(Timestamp, Trouble)>,
}

/// The form in which a session is kept.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    session_id: String,
    trusted: bool,
    kept_at: Timestamp,
    whose: String,
}

impl Keeper {
    pub(super) fn new(line: Line, shared: Arc<dyn Sessions>, settings: &BillSettings) -> Self {
        Self { line, shared, whose: whose(settings), settings: settings.clone(), held: Mutex::default() }
    }

    /// A session that is good for a call, opened where there is none.
    pub(super) async fn get(&self) -> Result<Session, ProviderError> {
        let mut held = self.held.lock().await;
        let now = self.line.now();
        if let Some(session) = held.use_now(now) {
            return Ok(session);
        }
        if let Some(trouble) = held.refused_lately(now) {
            return Err(ProviderError::Misconfigured(trouble));
        }
        let obtained = self.obtain(held.dropped.as_ref()).await;
        match &obtained {
            Ok(session) => *held = Held { session: Some(session.clone()), ..Held::default() },
            Err(ProviderError::Misconfigured(trouble)) => held.refused = Some((now, trouble.clone())),
            Err(ProviderError::Refused(_) | ProviderError::NotSent(_) | ProviderError::Unknown(_)) => {}
        }
        obtained
    }

    /// The session in hand; none is opened.
    pub(super) async fn in_hand(&self) -> Option<Session> {
        self.held.lock().await.use_now(self.line.now())
    }

    /// Drops a session that BILL refused, unless another has taken its place.
    pub(super) async fn forget(&self, refused: &Session) {
        let mut held = self.held.lock().await;
        if held.session.as_ref().is_some_and(|session| session.id.expose() == refused.id.expose()) {
            held.session = None;
            held.dropped = Some(refused.id.clone());
        }
    }

    /// The session that another process opened, or else a new one.
    async fn obtain(&self, dropped: Option<&Secret>) -> Result<Session, ProviderError> {
        let patience = Deadline::after(RENEWAL_PATIENCE);
        loop {
            if let Some(session) = self.kept(dropped).await {
                return Ok(session);
            }
            if self.shared.may_renew(ProviderCode::Bill, RENEWAL_LEASE).await {
                return self.renew().await;
            }
            if patience.left().is_zero() {
                return Err(ProviderError::NotSent(trouble("another process is signing in")));
            }
            tokio::time::sleep(RENEWAL_POLL).await;
        }
    }

    async fn kept(&self, dropped: Option<&Secret>) -> Option<Session> {
        let kept = self.shared.load(ProviderCode::Bill).await?;
        read_kept(&kept, &self.whose, self.line.now())
            .filter(|session| dropped.is_none_or(|dropped| dropped.expose() != session.id.expose()))
    }

    /// Signs in and keeps the session. Nothing is kept after a failure, which ends the lease too.
    async fn renew(&self) -> Result<Session, ProviderError> {
        let opened = sign_in(&self.line, &self.settings, self.settings.trusted_device.as_ref()).await;
        let text = match &opened {
            Ok(session) => written(session, &self.whose),
            Err(_) => String::new(),
        };
        self.shared.keep(ProviderCode::Bill, &text).await;
        opened
    }
}

impl Held {
    fn use_now(&mut self, now: Timestamp) -> Option<Session> {
        let session = self.session.as_mut().filter(|session| is_relied_on(session.used_at, now))?;
        session.used_at = now;
        Some(session.clone())
    }

    fn refused_lately(&self, now: Timestamp) -> Option<Trouble> {
        let (at, trouble) = self.refused.as_ref()?;
        at.saturating_add(REFUSAL_PAUSE).is_ok_and(|until| now < until).then(|| trouble.clone())
    }
}

/// Signs in once; with a device that BILL remembers, the session is trusted.
pub(super) async fn sign_in(
    line: &Line,
    settings: &BillSettings,
    device: Option<&TrustedDevice>,
) -> Result<Session, ProviderError> {
    let body = serde_json::to_vec(&login(settings, device))
        .map_err(|_| ProviderError::Misconfigured(trouble("credentials cannot be written")))?;
    let permit = line.enter(ENTER_PATIENCE).await?;
    let asked_at = line.now();
    let answer = line.send(&line.post(wire::LOGIN, body), None, permit, Deadline::after(SIGN_IN_LIMIT)).await;
    read_answer(&answer.map_err(convert::nothing_sent)?, asked_at)
}

fn login<'a>(settings: &'a BillSettings, device: Option<&'a TrustedDevice>) -> Login<'a> {
    Login {
        username: &settings.username,
        password: settings.password.expose(),
        organization_id: &settings.organization_id,
        dev_key: settings.dev_key.expose(),
        remember_me_id: device.map(|device| device.remember_me_id.expose()),
        device: device.map(|device| device.device.as_str()),
    }
}

fn read_answer(answer: &Answer, asked_at: Timestamp) -> Result<Session, ProviderError> {
    if !answer.is_success() {
        return Err(convert::sign_in_refusal(answer, asked_at));
    }
    let logged_in = json::read::<LoggedIn>(&answer.body).ok();
    let logged_in = logged_in.filter(|logged_in| {
        let id = &logged_in.session_id;
        !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic())
    });
    let logged_in = logged_in.ok_or_else(|| ProviderError::NotSent(answer.trouble("session cannot be read")))?;
    Ok(Session { id: Secret::new(logged_in.session_id), trusted: logged_in.trusted == Some(true), used_at: asked_at })
}

fn is_relied_on(used_at: Timestamp, now: Timestamp) -> bool {
    used_at.saturating_add(RELIED_ON).is_ok_and(|until| now < until)
}

fn written(session: &Session, whose: &str) -> String {
    let kept = Kept {
        session_id: session.id.expose().to_owned(),
        trusted: session.trusted,
        kept_at: session.used_at,
        whose: whose.to_owned(),
    };
    serde_json::to_string(&kept).unwrap_or_default()
}

fn read_kept(text: &str, whose: &str, now: Timestamp) -> Option<Session> {
    let kept: Kept = serde_json::from_str(text).ok()?;
    let is_ours = kept.whose == whose && is_relied_on(kept.kept_at, now);
    is_ours.then(|| Session { id: Secret::new(kept.session_id), trusted: kept.trusted, used_at: kept.kept_at })
}

/// Changes with everything that decides whom a session belongs to and whether it is trusted, and tells none of it.
fn whose(settings: &BillSettings) -> String {
    let device = settings.trusted_device.as_ref();
    let parts: [&str; 6] = [
        settings.base_url.as_str(),
        settings.dev_key.expose(),
        settings.username.as_str(),
        settings.organization_id.as_str(),
        device.map(|device| device.remember_me_id.expose()).unwrap_or_default(),
        device.map(|device| device.device.as_str()).unwrap_or_default(),
    ];
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::bill::fixture;

    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().expect("a moment")
    }

    fn minutes(count: u64) -> Duration {
        Duration::from_secs(60 * count)
    }

    fn session() -> Session {
        Session { id: Secret::new("session-1"), trusted: true, used_at: now() }
    }

    #[test]
    fn the_recorded_session_is_read_and_is_not_trusted_by_itself() {
        let answer = Answer { status: 200, body: fixture::answer("login") };
        let session = read_answer(&answer, now()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(session.id.expose(), "1-0A1B2C3D4E5F");
        assert!(!session.trusted);
    }

    #[test]
    fn all_four_stand_in_the_body_and_the_device_where_there_is_one() {
        let settings = fixture::settings(&[]);
        let body = serde_json::to_value(login(&settings, None)).expect("JSON");
        assert_eq!(body, fixture::request("login"));
        let settings = fixture::settings(&fixture::DEVICE);
        let body = serde_json::to_value(login(&settings, settings.trusted_device.as_ref())).expect("JSON");
        assert_eq!(body["rememberMeId"], "remember");
        assert_eq!(body["device"], "server");
    }

    #[test]
    fn a_session_that_cannot_be_read_is_none() {
        for body in ["", "{}", "[]", r#"{"sessionId":""}"#, r#"{"sessionId":"a b"}"#, "<html>"] {
            let answer = Answer { status: 200, body: body.as_bytes().to_vec() };
            assert!(matches!(read_answer(&answer, now()), Err(ProviderError::NotSent(_))), "{body}");
        }
    }

    #[test]
    fn every_use_begins_the_minutes_anew() {
        let mut held = Held { session: Some(session()), ..Held::default() };
        assert!(held.use_now(now() + minutes(29)).is_some());
        assert!(held.use_now(now() + minutes(58)).is_some());
        assert!(held.use_now(now() + minutes(58) + RELIED_ON).is_none());
    }

    #[test]
    fn a_kept_session_is_taken_only_by_those_who_opened_it_and_in_time() {
        let text = written(&session(), "us");
        assert!(read_kept(&text, "us", now() + minutes(29)).is_some_and(|session| session.trusted));
        assert!(read_kept(&text, "us", now() + RELIED_ON).is_none());
        assert!(read_kept(&text, "them", now()).is_none());
        assert!(read_kept("", "us", now()).is_none());
    }

    #[test]
    fn another_device_is_another_session_and_no_secret_is_told() {
        let plain = whose(&fixture::settings(&[]));
        assert_ne!(plain, whose(&fixture::settings(&fixture::DEVICE)));
        assert_eq!(plain.len(), 64);
    }

    #[test]
    fn refused_credentials_are_not_tried_again_at_once() {
        let held = Held { refused: Some((now(), trouble("refused"))), ..Held::default() };
        assert!(held.refused_lately(now() + Duration::from_secs(59)).is_some());
        assert!(held.refused_lately(now() + REFUSAL_PAUSE).is_none());
    }
}
