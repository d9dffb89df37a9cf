//! The two stands on which an adapter is tried. Each trial has an adapter, a server and a session of its own.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use billpay::config::Settings;
use billpay::ports::provider::{Provider, ProviderError};
use billpay::sandbox::{Options, Sandbox};
use billpay::startup::{World, providers};
use serde_json::Value;

use super::outcome::{Checked, Miss, NO_SCENARIO, ensure};
use super::recorded;
use super::scripted::{Heard, Reply, Rule, Scripted};
use super::subject::{Subject, Wish};
use super::work::{Taken, Work};
use crate::support::client::http_client;

/// How long a call may take that should be answered.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long "later" is in the sandbox.
const LATER: Duration = Duration::from_millis(700);
/// How long the sandbox holds a call that it never answers; longer than a trial waits.
const HANG: Duration = Duration::from_secs(20);
/// How long what comes later is waited for, and how often it is looked for.
const WAIT_LIMIT: Duration = Duration::from_secs(12);
const POLL: Duration = Duration::from_millis(50);

/// What an adapter talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stand {
    /// Recorded answers.
    Recorded,
    /// The simulator.
    Sandbox,
}

impl Stand {
    pub const ALL: [Self; 2] = [Self::Recorded, Self::Sandbox];

    /// For the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Sandbox => "sandbox",
        }
    }
}

/// An adapter and what it stands on.
pub struct Bench {
    pub provider: Arc<dyn Provider>,
    pub subject: &'static dyn Subject,
    /// Where the provider is; with nothing to say on the sandbox's stand.
    pub server: Scripted,
    /// Where callbacks go.
    hook: Scripted,
    /// Where the sandbox is.
    sandbox: String,
}

impl Bench {
    /// The provider answers by its records, but for these rules.
    pub async fn recorded(subject: &'static dyn Subject, rules: Vec<Rule>) -> Self {
        let rules = rules.into_iter().chain(subject.all_well()).collect();
        let server = Scripted::start(rules).await;
        let origin = server.origin();
        Self::new(subject, Stand::Recorded, server, origin).await
    }

    /// The provider submits with this reply, and does all else by its records.
    pub async fn replying(subject: &'static dyn Subject, replies: Vec<Reply>) -> Self {
        Self::recorded(subject, vec![Rule::new("POST", subject.submits_at(), replies)]).await
    }

    /// The provider is the simulator.
    pub async fn sandbox(subject: &'static dyn Subject) -> Self {
        let options = Options { later: LATER, hang: HANG, ..Options::default() };
        let sandbox = Sandbox::try_new(options).expect("a sandbox");
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, sandbox.router()).await });
        Self::new(subject, Stand::Sandbox, Scripted::start(Vec::new()).await, origin).await
    }

    /// Either, with everything going well.
    pub async fn on(subject: &'static dyn Subject, stand: Stand) -> Self {
        match stand {
            Stand::Recorded => Self::recorded(subject, Vec::new()).await,
            Stand::Sandbox => Self::sandbox(subject).await,
        }
    }

    async fn new(subject: &'static dyn Subject, stand: Stand, server: Scripted, origin: String) -> Self {
        let hook = Scripted::start(vec![Rule::always("*", "*", recorded::of(200, "{}"))]).await;
        let base = match stand {
            Stand::Recorded => origin.clone(),
            Stand::Sandbox => format!("{origin}{}", subject.home()),
        };
        let provider = adapter(subject, stand, &base, &hook.origin());
        Self { provider, subject, server, hook, sandbox: origin }
    }

    /// Submits, from the preparation to the answer. The answer to a lone one of which there is none is its error.
    pub async fn send(&self, work: &Work) -> Result<Vec<Taken>, ProviderError> {
        self.send_within(work, PATIENCE).await
    }

    /// The same; the call alone may take so long.
    pub async fn send_within(&self, work: &Work, limit: Duration) -> Result<Vec<Taken>, ProviderError> {
        let provider = self.provider.as_ref();
        let preparation = work.prepare(provider).await?;
        let frozen = work.freeze(provider, &preparation)?;
        work.send(provider, &frozen, preparation, limit).await
    }

    /// Fails unless exactly so many submissions reached the scripted server.
    pub fn submissions_are(&self, expected: usize) -> Checked {
        let count = self.server.count("POST", self.subject.submits_at());
        ensure(count == expected, format!("{count} submissions were sent, not {expected}"))
    }

    /// Tells the simulator where callbacks go, where that is a matter of its dashboard.
    pub async fn register_hook(&self) {
        let Some(provider) = self.subject.dashboard() else { return };
        let url = format!("{}/_sandbox/webhook", self.simulator(provider));
        let body = serde_json::json!({ "url": format!("{}/callbacks/{provider}", self.hook.origin()) });
        let answer = http_client().put(url).json(&body).send().await.expect("the sandbox answers");
        assert!(answer.status().is_success(), "{}", answer.status());
    }

    /// Plays a payer in the sandbox.
    pub async fn pay(&self, body: &Value) {
        let url = format!("{}/_sandbox/pay", self.simulator("clickpesa"));
        let answer = http_client().post(url).json(body).send().await.expect("the sandbox answers");
        assert!(answer.status().is_success(), "{}", answer.status());
    }

    /// The first callback that is as wanted, waited for.
    pub async fn callback(&self, wanted: impl Fn(&Heard) -> bool) -> Result<Heard, Miss> {
        let give_up = tokio::time::Instant::now() + WAIT_LIMIT;
        loop {
            if let Some(heard) = self.hook.heard().into_iter().find(&wanted) {
                return Ok(heard);
            }
            if tokio::time::Instant::now() > give_up {
                return Err(Miss::Failed(format!("no such callback came in {WAIT_LIMIT:?}")));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn simulator(&self, provider: &str) -> String {
        format!("{}/{provider}", self.sandbox)
    }
}

/// What is submitted on a stand; skipped where the stand has none.
pub fn wanted(subject: &dyn Subject, stand: Stand, wish: Wish) -> Result<Work, Miss> {
    subject.work(stand, wish).ok_or(Miss::Skipped(NO_SCENARIO))
}

/// Waits as long as a change in the sandbox may take; asks again and again.
pub async fn pause() {
    tokio::time::sleep(POLL).await;
}

/// How often [`pause`] fits into that time.
pub fn most_pauses() -> u128 {
    WAIT_LIMIT.as_millis() / POLL.as_millis()
}

fn adapter(subject: &dyn Subject, stand: Stand, base: &str, public: &str) -> Arc<dyn Provider> {
    let section = format!("BILLPAY_PROVIDERS__{}__", subject.code().as_str().to_uppercase());
    let its_own = subject.settings(stand, base).into_iter().map(|(name, value)| (format!("{section}{name}"), value));
    let variables = its_own.chain([("BILLPAY_PUBLIC_URL".to_owned(), public.to_owned())]);
    let settings = Settings::load(None, variables).unwrap_or_else(|faults| panic!("{faults}"));
    let mut providers = providers(&settings, &World::alone()).unwrap_or_else(|error| panic!("{error}"));
    providers.remove(&subject.code()).expect("the adapter")
}
