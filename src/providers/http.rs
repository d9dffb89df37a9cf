//! The HTTP client that the adapters share.
//!
//! It sends a request once: no redirects, no retries, no proxy of the environment, no decompression, and roots of its
//! own, so that it also works where the host has no certificates. A call has one limit of time, from the name's look-up
//! to the last byte of the answer, and an answer one of size.
//!
//! What it guarantees is the difference between [`ProviderError::NotSent`] and [`ProviderError::Unknown`]: the former
//! only where no connection came about (name, refusal, time-out while connecting, TLS), so that no byte of the request
//! can have left. A 5xx is always unknown, whoever sent it. No error holds a body or a URL.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Client, RequestBuilder, Response, redirect, retry};
use url::{Host, Url};

use crate::authorities::authorities;
use crate::ports::limits::Busy;
use crate::ports::provider::{PaymentRequest, ProviderError, SubmissionRequest, Trouble};

/// Time for the name, the connection and TLS.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Shorter than servers keep an idle connection, so that a request seldom meets one that is being closed.
const IDLE_LIMIT: Duration = Duration::from_secs(20);
/// When a call that found no free place may be tried again.
const SOON: Duration = Duration::from_millis(300);
/// The most bytes of an answer.
const LARGEST_ANSWER: usize = 1 << 20;

/// Calls providers. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub(super) struct Http {
    client: Client,
}

/// An answer that came whole and is no 5xx.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Http {
    pub(super) fn try_new() -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .user_agent(concat!("billpay/", env!("CARGO_PKG_VERSION")))
            .tls_certs_only(authorities()?)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .connect_timeout(CONNECT_LIMIT)
            .pool_idle_timeout(IDLE_LIMIT)
            .build()?;
        Ok(Self { client })
    }

    /// A request that reads.
    pub(super) fn get(&self, url: &Url) -> RequestBuilder {
        self.client.get(url.clone())
    }

    /// A request that carries something.
    pub(super) fn post(&self, url: &Url) -> RequestBuilder {
        self.client.post(url.clone())
    }

    /// A request that changes something.
    pub(super) fn patch(&self, url: &Url) -> RequestBuilder {
        self.client.patch(url.clone())
    }

    /// Sends a request once and reads the whole answer within `limit`.
    pub(super) async fn call(&self, request: RequestBuilder, limit: Duration) -> Result<Answer, ProviderError> {
        let built = request.timeout(limit).build();
        let request = built.map_err(|_| ProviderError::NotSent(trouble("request cannot be made")))?;
        let response = self.client.execute(request).await.map_err(|error| classify(&error))?;
        read(response).await
    }
}

impl Answer {
    /// Whether the status is of the 200s.
    pub(super) fn is_success(&self) -> bool {
        is_success(self.status)
    }

    /// What is wrong with this answer.
    pub(super) fn trouble(&self, what: &'static str) -> Trouble {
        trouble_at(self.status, what)
    }
}

/// Whether a status is of the 200s.
pub(super) fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// What went wrong before there was an answer.
pub(super) fn trouble(what: &'static str) -> Trouble {
    Trouble { what, ..Trouble::default() }
}

/// What is wrong with an answer of this status.
pub(super) fn trouble_at(status: u16, what: &'static str) -> Trouble {
    Trouble { what, http_status: Some(status), ..Trouble::default() }
}

/// The URL of a documented path, which starts with a slash, behind a base URL that may have a path of its own.
pub(super) fn join(base_url: &Url, path: &str) -> Url {
    let mut url = base_url.clone();
    url.set_path(&format!("{}{path}", base_url.path().trim_end_matches('/')));
    url
}

/// The payment of a submission to a provider that takes one at a time.
pub(super) fn only_payment(request: &SubmissionRequest) -> Result<&PaymentRequest, ProviderError> {
    match request.payments.as_slice() {
        [payment] => Ok(payment),
        _ => Err(ProviderError::NotSent(trouble("this provider takes one payment at a time"))),
    }
}

/// That the provider's limits do not allow the call now. Nothing was sent.
pub(super) fn busy(busy: Busy, now: Timestamp) -> ProviderError {
    let (what, pause) = match busy {
        Busy::AllRunning => ("all calls that the provider allows at once are running", SOON),
        Busy::HourSpent { until } => {
            let left = Duration::try_from(until.duration_since(now)).unwrap_or(SOON);
            ("the calls that the provider allows in an hour are spent", left)
        }
        Busy::Unavailable => ("the limits of the provider cannot be read", SOON),
    };
    // That our own calls fill the places tells nothing of the provider; that the hour is spent holds for all of them, but for the part of it that questions may have.
    let is_known = !matches!(busy, Busy::HourSpent { .. });
    ProviderError::NotSent(Trouble { retry_after: Some(pause), is_known, ..trouble(what) })
}

/// Whether a URL leads to this very host, where no provider is but a simulator may be.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn classify(error: &reqwest::Error) -> ProviderError {
    if error.is_connect() {
        ProviderError::NotSent(trouble("connect failed"))
    } else if error.is_timeout() {
        ProviderError::Unknown(trouble("no answer in time"))
    } else {
        ProviderError::Unknown(trouble("connection broke off"))
    }
}

async fn read(mut response: Response) -> Result<Answer, ProviderError> {
    let status = response.status().as_u16();
    if response.status().is_server_error() {
        return Err(ProviderError::Unknown(trouble_at(status, "server error")));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| broken_off(status))? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(ProviderError::Unknown(trouble_at(status, "answer too large")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body })
}

fn broken_off(status: u16) -> ProviderError {
    ProviderError::Unknown(trouble_at(status, "answer broke off"))
}

#[cfg(test)]
mod tests;
