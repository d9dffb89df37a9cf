//! The line to BILL: every call takes its place among those that BILL allows, and carries the developer's key.
//!
//! BILL counts three calls at once for an organisation and 20,000 in an hour for a developer's key. Both are kept for
//! all processes together, so a [`Permit`] is taken around every call, signing in included.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::CONTENT_TYPE;
use url::Url;

use super::wire;
use crate::config::{BillSettings, Secret};
use crate::domain::provider::ProviderCode;
use crate::ports::clock::{Clock, Deadline};
use crate::ports::limits::{CallBudget, CallLimits, Permit};
use crate::ports::provider::{ProviderError, Trouble};
use crate::providers::http::{self, Answer, Http, trouble};

/// What BILL allows.
const BUDGET: CallBudget = CallBudget { at_once: Some(3), per_hour: Some(20_000) };
/// What questions may have of it: whoever looks up bill after bill leaves a place, and a quarter of the hour, to payments.
const OF_QUESTIONS: CallBudget = CallBudget { at_once: Some(2), per_hour: Some(15_000) };

/// Calls BILL. Cheap to clone; clones share their connections and limits.
#[derive(Clone)]
pub(super) struct Line {
    http: Http,
    limits: Arc<dyn CallLimits>,
    clock: Clock,
    base_url: Url,
    dev_key: Secret,
}

/// One call: a GET, or a POST of some JSON or of nothing.
pub(super) struct Call {
    url: Url,
    posted: Option<Vec<u8>>,
    is_of_payment: bool,
}

impl Line {
    pub(super) fn new(http: Http, limits: Arc<dyn CallLimits>, clock: Clock, settings: &BillSettings) -> Self {
        Self { http, limits, clock, base_url: settings.base_url.clone(), dev_key: settings.dev_key.clone() }
    }

    pub(super) fn base_url(&self) -> &Url {
        &self.base_url
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A call that reads.
    pub(super) fn get(&self, path: &str, query: &[(&str, &str)]) -> Call {
        let mut url = http::join(&self.base_url, path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Call { url, posted: None, is_of_payment: false }
    }

    /// A call that carries something, or asks for a change by its path alone.
    pub(super) fn post(&self, path: &str, body: Vec<u8>) -> Call {
        Call { url: http::join(&self.base_url, path), posted: Some(body), is_of_payment: false }
    }

    /// Waits for a free place among the calls that BILL allows.
    pub(super) async fn enter(&self, patience: Duration) -> Result<Permit, ProviderError> {
        self.enter_within(BUDGET, patience).await
    }

    /// The same for a call that only asks: what questions may have is spent sooner, which tells nothing of the provider.
    pub(super) async fn enter_to_ask(&self, call: &Call, patience: Duration) -> Result<Permit, ProviderError> {
        if call.is_of_payment {
            return self.enter(patience).await;
        }
        self.enter_within(OF_QUESTIONS, patience).await.map_err(|error| match error {
            ProviderError::NotSent(busy) => ProviderError::NotSent(Trouble { is_known: true, ..busy }),
            error => error,
        })
    }

    async fn enter_within(&self, budget: CallBudget, patience: Duration) -> Result<Permit, ProviderError> {
        let entered = self.limits.enter(ProviderCode::Bill, budget, patience).await;
        entered.map_err(|busy| http::busy(busy, self.clock.now()))
    }

    /// Makes a call once, in its place among the others. Signing in has no session, and the key in its body.
    pub(super) async fn send(
        &self,
        call: &Call,
        session: Option<&Secret>,
        permit: Permit,
        deadline: Deadline,
    ) -> Result<Answer, ProviderError> {
        let left = deadline.left();
        if left.is_zero() {
            return Err(ProviderError::NotSent(trouble("no time left to send")));
        }
        let request = match &call.posted {
            Some(body) => self.http.post(&call.url).body(body.clone()),
            None => self.http.get(&call.url),
        };
        let request = request.header(CONTENT_TYPE, "application/json");
        let request = match session {
            Some(session) => {
                request.header(wire::DEV_KEY, self.dev_key.expose()).header(wire::SESSION_ID, session.expose())
            }
            None => request,
        };
        let answer = self.http.call(request, left).await;
        drop(permit);
        answer
    }
}

impl Call {
    /// The same as a part of making a payment, which may have a payment's place.
    pub(super) fn of_payment(self) -> Self {
        Self { is_of_payment: true, ..self }
    }
}

#[cfg(test)]
impl Call {
    pub(super) fn url(&self) -> &str {
        self.url.as_str()
    }
}
