//! The demo's client: GraphQL over HTTP, a subscription over Server-Sent Events, and a look at the sandbox's ledger.
//!
//! It knows of billpay what any client knows, and nothing else: an address and a token. Every wait has an end.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::header::ACCEPT;
use reqwest::{RequestBuilder, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::commands::Failed;

/// How long anything is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

const CHANGES: &str = "subscription Changes {
  paymentsUpdated(after: \"0\") { version status reason payment { id } }
}";

/// Asks the server, and the sandbox.
pub(super) struct Client {
    http: reqwest::Client,
    graphql: String,
    ledger: String,
    token: String,
}

/// One line of the sandbox's ledger: money that has moved.
#[derive(Deserialize)]
struct Effect {
    /// Whose account was paid.
    account: String,
}

/// A subscription that is read.
pub(super) struct Changes {
    response: Response,
    unread: Vec<u8>,
}

/// One change of a payment.
#[derive(Deserialize)]
pub(super) struct Change {
    /// Which change of the payment it is, from 1.
    pub(super) version: u32,
    /// The payment's status after it.
    pub(super) status: String,
    /// Why.
    pub(super) reason: Option<String>,
    /// Of which payment.
    pub(super) payment: Named,
}

/// An object by its id.
#[derive(Deserialize)]
pub(super) struct Named {
    pub(super) id: String,
}

impl Client {
    pub(super) fn try_new(server: SocketAddr, sandbox: SocketAddr, token: String) -> Result<Self, Failed> {
        // Both speak plain HTTP on this host: no certificate is looked at, and the host need not have any.
        let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().connect_timeout(PATIENCE).build()?;
        Ok(Self {
            http,
            graphql: format!("http://{server}/graphql"),
            ledger: format!("http://{sandbox}/almara/_sandbox/effects"),
            token,
        })
    }

    /// What a query or mutation answers.
    pub(super) async fn ask<T: DeserializeOwned>(&self, document: &str, variables: Value) -> Result<T, Failed> {
        let request = self.post(&json!({ "query": document, "variables": variables }));
        let answer: Answer<T> = request.timeout(PATIENCE).send().await?.json().await?;
        answer.into_data()
    }

    /// Every change of every payment, from the first one on.
    pub(super) async fn follow(&self) -> Result<Changes, Failed> {
        let request = self.post(&json!({ "query": CHANGES })).header(ACCEPT, "text/event-stream");
        let response = tokio::time::timeout(PATIENCE, request.send()).await??.error_for_status()?;
        Ok(Changes { response, unread: Vec::new() })
    }

    /// How often the sandbox moved money for an account.
    pub(super) async fn times_paid(&self, account: &str) -> Result<usize, Failed> {
        let response = self.http.get(&self.ledger).timeout(PATIENCE).send().await?.error_for_status()?;
        let effects: Vec<Effect> = response.json().await?;
        Ok(effects.iter().filter(|effect| effect.account == account).count())
    }

    fn post(&self, body: &Value) -> RequestBuilder {
        self.http.post(&self.graphql).bearer_auth(&self.token).json(body)
    }
}

impl Changes {
    /// The next one. The caller limits the wait.
    pub(super) async fn next(&mut self) -> Result<Change, Failed> {
        loop {
            while let Some(event) = self.take_event() {
                if let Some(change) = read(&event)? {
                    return Ok(change);
                }
            }
            let ended = || Failed("the subscription ended".to_owned());
            let bytes = self.response.chunk().await?.ok_or_else(ended)?;
            self.unread.extend_from_slice(&bytes);
        }
    }

    /// The next whole event that has arrived.
    fn take_event(&mut self) -> Option<Vec<u8>> {
        let end = self.unread.windows(2).position(|pair| pair == b"\n\n")?;
        let rest = self.unread.split_off(end + 2);
        Some(std::mem::replace(&mut self.unread, rest))
    }
}

/// What an event says; nothing for a heartbeat.
fn read(event: &[u8]) -> Result<Option<Change>, Failed> {
    let text = std::str::from_utf8(event)?;
    let Some(data) = text.lines().find_map(|line| line.strip_prefix("data: ")) else { return Ok(None) };
    let answer: Answer<Followed> = serde_json::from_str(data)?;
    Ok(Some(answer.into_data()?.payments_updated))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Followed {
    payments_updated: Change,
}

/// The shape of every answer.
#[derive(Deserialize)]
struct Answer<T> {
    data: Option<T>,
    #[serde(default)]
    errors: Vec<Trouble>,
}

#[derive(Deserialize)]
struct Trouble {
    message: String,
}

impl<T> Answer<T> {
    fn into_data(self) -> Result<T, Failed> {
        let why = self.errors.into_iter().next().map(|trouble| trouble.message);
        self.data.ok_or_else(|| Failed(why.unwrap_or_else(|| "an answer without data".to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_and_the_end_say_nothing() {
        for event in [": head=7\n\n", ":\n\n", "event: complete\ndata:\n\n"] {
            assert!(matches!(read(event.as_bytes()), Ok(None)), "{event}");
        }
    }

    #[test]
    fn an_event_is_a_change() {
        let event = "event: next\ndata: {\"data\":{\"paymentsUpdated\":{\"version\":3,\"status\":\"FAILED\",\
                     \"reason\":\"refused\",\"payment\":{\"id\":\"pay_1\"}}}}\n\n";
        let change = read(event.as_bytes()).ok().flatten().expect("a change");
        assert_eq!((change.version, change.status.as_str(), change.payment.id.as_str()), (3, "FAILED", "pay_1"));
    }

    #[test]
    fn a_refused_subscription_is_an_error_with_its_words() {
        let event = "event: next\ndata: {\"errors\":[{\"message\":\"the token has ended\"}]}\n\n";
        assert!(matches!(read(event.as_bytes()), Err(Failed(text)) if text == "the token has ended"));
    }
}
