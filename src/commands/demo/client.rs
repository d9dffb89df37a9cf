//! The demo's client: GraphQL over HTTP, subscriptions over Server-Sent Events, and what is the sandbox's own: its
//! ledgers, and somebody who pays a control number.
//!
//! It knows of billpay what any client knows, and nothing else: an address and a token. Every wait has an end.

use std::collections::BTreeMap;
use std::marker::PhantomData;
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

/// Asks the server, and the sandbox.
pub(super) struct Client {
    http: reqwest::Client,
    graphql: String,
    sandbox: String,
    token: String,
}

/// One line of a sandbox's ledger: money that has moved.
#[derive(Deserialize)]
struct Effect {
    /// Whose account was paid, or which bill, or which control number.
    account: String,
}

/// A subscription that is read: each event is the value of its one field.
pub(super) struct Followed<T> {
    response: Response,
    unread: Vec<u8>,
    event: PhantomData<fn() -> T>,
}

impl Client {
    pub(super) fn try_new(server: SocketAddr, sandbox: SocketAddr, token: String) -> Result<Self, Failed> {
        // Both speak plain HTTP on this host: no certificate is looked at, and the host need not have any.
        let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().connect_timeout(PATIENCE).build()?;
        Ok(Self { http, graphql: format!("http://{server}/graphql"), sandbox: format!("http://{sandbox}"), token })
    }

    /// What a query or mutation answers.
    pub(super) async fn ask<T: DeserializeOwned>(&self, document: &str, variables: Value) -> Result<T, Failed> {
        let request = self.post(&json!({ "query": document, "variables": variables }));
        let answer: Answer<T> = request.timeout(PATIENCE).send().await?.json().await?;
        answer.into_data()
    }

    /// What a subscription tells.
    pub(super) async fn follow<T: DeserializeOwned>(&self, document: &str) -> Result<Followed<T>, Failed> {
        let request = self.post(&json!({ "query": document })).header(ACCEPT, "text/event-stream");
        let response = tokio::time::timeout(PATIENCE, request.send()).await??.error_for_status()?;
        Ok(Followed { response, unread: Vec::new(), event: PhantomData })
    }

    /// How often a provider's sandbox moved money for an account, a bill or a control number.
    pub(super) async fn times_paid(&self, provider: &str, account: &str) -> Result<usize, Failed> {
        let ledger = format!("{}/{provider}/_sandbox/effects", self.sandbox);
        let response = self.http.get(ledger).timeout(PATIENCE).send().await?.error_for_status()?;
        let effects: Vec<Effect> = response.json().await?;
        Ok(effects.iter().filter(|effect| effect.account == account).count())
    }

    /// Has somebody with a telephone pay a control number.
    pub(super) async fn pay_number(&self, number: &str, amount: &str) -> Result<(), Failed> {
        let payer = format!("{}/clickpesa/_sandbox/pay", self.sandbox);
        let body = json!({ "billPayNumber": number, "amount": amount });
        self.http.post(payer).json(&body).timeout(PATIENCE).send().await?.error_for_status()?;
        Ok(())
    }

    fn post(&self, body: &Value) -> RequestBuilder {
        self.http.post(&self.graphql).bearer_auth(&self.token).json(body)
    }
}

impl<T: DeserializeOwned> Followed<T> {
    /// The next event. The caller limits the wait.
    pub(super) async fn next(&mut self) -> Result<T, Failed> {
        loop {
            while let Some(event) = self.take_event() {
                if let Some(told) = read(&event)? {
                    return Ok(told);
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
fn read<T: DeserializeOwned>(event: &[u8]) -> Result<Option<T>, Failed> {
    let text = std::str::from_utf8(event)?;
    let Some(data) = text.lines().find_map(|line| line.strip_prefix("data: ")) else { return Ok(None) };
    let answer: Answer<BTreeMap<String, T>> = serde_json::from_str(data)?;
    let told = answer.into_data()?.into_values().next();
    told.map(Some).ok_or_else(|| Failed("an event that says nothing".to_owned()))
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

    fn told(event: &str) -> Result<Option<Value>, Failed> {
        read(event.as_bytes())
    }

    #[test]
    fn a_heartbeat_and_the_end_say_nothing() {
        for event in [": head=7\n\n", ":\n\n", "event: complete\ndata:\n\n"] {
            assert!(matches!(told(event), Ok(None)), "{event}");
        }
    }

    #[test]
    fn an_event_is_the_value_of_its_field() {
        let event = "event: next\ndata: {\"data\":{\"paymentsUpdated\":{\"version\":3,\"status\":\"FAILED\"}}}\n\n";
        let change = told(event).ok().flatten().expect("a change");
        assert_eq!(change, json!({ "version": 3, "status": "FAILED" }));
    }

    #[test]
    fn a_refused_subscription_is_an_error_with_its_words() {
        let event = "event: next\ndata: {\"errors\":[{\"message\":\"the token has ended\"}]}\n\n";
        assert!(matches!(told(event), Err(Failed(text)) if text == "the token has ended"));
    }
}
