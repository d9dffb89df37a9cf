//! The sender: one signed POST to one receiver.
//!
//! As with the providers' client there are no redirects, no retries, no proxy of the environment, no decompression and
//! no certificates but the bundled ones. One limit of time runs from the name's look-up to the last byte that is read.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io, iter};

use reqwest::dns::Resolve;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Certificate, Client, redirect, retry};
use url::Url;

use super::SetUpError;
use super::address::is_public;
use super::answer::{self, Reading};
use super::resolver::{NotPublic, PublicOnly, SystemResolver};
use super::sign::sign;
use super::url::UrlRules;
use crate::authorities::authorities;
use crate::domain::webhook_url::UrlRefused;
use crate::ports::webhook_sender::{WebhookAnswer, WebhookRequest, WebhookSender, WebhookTrouble};

/// Time for the name, the connection and TLS.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Shorter than servers keep an idle connection, of which common ones keep it five seconds.
const IDLE_LIMIT: Duration = Duration::from_secs(4);
/// The most idle connections to one host.
const MOST_IDLE: usize = 2;

/// Sends webhooks to public addresses.
pub struct Sender {
    client: Client,
    rules: UrlRules,
    limits: SendLimits,
    allow_private: bool,
}

/// How long a request may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct SendLimits {
    /// From the name's look-up to the last byte.
    pub(super) whole: Duration,
    /// For the body of the answer, within that.
    pub(super) body: Duration,
}

/// What a sender stands on; tests bring their own.
pub(super) struct World {
    pub(super) resolver: Arc<dyn Resolve>,
    pub(super) roots: Vec<Certificate>,
    pub(super) limits: SendLimits,
}

impl Sender {
    /// A sender. `allow_private` is for local trials: it lets http, every port and every address through. `own` is
    /// where billpay is reached itself, which is no place for webhooks.
    pub fn try_new(allow_private: bool, own: Option<&Url>) -> Result<Self, SetUpError> {
        let limits = SendLimits { whole: Duration::from_secs(15), body: Duration::from_secs(2) };
        let world = World { resolver: Arc::new(SystemResolver), roots: authorities()?, limits };
        Self::with(allow_private, own, world)
    }

    /// A sender in a given world.
    pub(super) fn with(allow_private: bool, own: Option<&Url>, world: World) -> Result<Self, SetUpError> {
        let client = Client::builder()
            .user_agent(concat!("billpay/", env!("CARGO_PKG_VERSION")))
            .tls_certs_only(world.roots)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .dns_resolver(PublicOnly::new(world.resolver, allow_private))
            .connect_timeout(CONNECT_LIMIT)
            .pool_idle_timeout(IDLE_LIMIT)
            .pool_max_idle_per_host(MOST_IDLE)
            .build()?;
        Ok(Self { client, rules: UrlRules::new(allow_private, own), limits: world.limits, allow_private })
    }

    async fn exchange(&self, request: WebhookRequest) -> Result<WebhookAnswer, WebhookTrouble> {
        self.rules.check(&request.url).map_err(forbidden)?;
        let headers = sign(&request).ok_or(WebhookTrouble::Broken)?;
        let sending = self
            .client
            .post(request.url)
            .headers(headers)
            .header(CONTENT_TYPE, "application/json")
            .timeout(self.limits.whole)
            .body(request.body);
        let response = sending.send().await.map_err(|error| trouble(&error))?;
        let is_public = response.remote_addr().is_some_and(|address| is_public(address.ip()));
        let reading = Reading { at: request.at, body_limit: self.limits.body, shown: is_public && !self.allow_private };
        Ok(answer::read(response, reading).await)
    }
}

#[async_graphql::async_trait::async_trait]
impl WebhookSender for Sender {
    fn check(&self, url: &str) -> Result<Url, UrlRefused> {
        self.rules.parse(url)
    }

    async fn send(&self, request: WebhookRequest) -> WebhookAnswer {
        self.exchange(request).await.unwrap_or_else(WebhookAnswer::Failed)
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("allow_private", &self.allow_private).finish_non_exhaustive()
    }
}

/// What is wrong with a URL that may not be sent to.
fn forbidden(refused: UrlRefused) -> WebhookTrouble {
    match refused {
        UrlRefused::PrivateAddress => WebhookTrouble::ForbiddenAddress,
        UrlRefused::NotAUrl
        | UrlRefused::TooLong
        | UrlRefused::NotHttps
        | UrlRefused::PortNotAllowed
        | UrlRefused::HasUser
        | UrlRefused::HasFragment
        | UrlRefused::OwnHost => WebhookTrouble::ForbiddenUrl,
    }
}

/// Why no answer came, from the chain of what went wrong; no text of it is kept.
fn trouble(error: &reqwest::Error) -> WebhookTrouble {
    if causes(error).any(|cause| cause.is::<NotPublic>()) {
        WebhookTrouble::ForbiddenAddress
    } else if error.is_timeout() {
        WebhookTrouble::TimedOut
    } else if error.is_dns() {
        WebhookTrouble::NameNotFound
    } else if error.is_connect() && causes(error).any(breaks_handshake) {
        WebhookTrouble::Tls
    } else if error.is_connect() {
        WebhookTrouble::NotConnected
    } else {
        WebhookTrouble::Broken
    }
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&cause: &&'a (dyn Error + 'static)| cause.source())
}

/// Whether a fault came up while TLS was being agreed on: the connector wraps those, and those alone, once more.
fn breaks_handshake(cause: &(dyn Error + 'static)) -> bool {
    let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    inner.is_some_and(|inner| inner.is::<io::Error>())
}
