//! ClickPesa (Tanzania): numbers that payers pay to us through BillPay, and what was paid to them. It pays no bills.
//!
//! Every call carries a token ([`auth`]); [`wire`] is ClickPesa's JSON, [`convert`] what it means, [`checksum`] what
//! proves a body. What only asks, and a change of a number, which is the same when it is made twice, renews a refused
//! token once and asks again. A request for numbers is sent once: where ClickPesa answers that the token is not good, the
//! token is dropped. The reference is always ours and becomes the number, so after an unclear answer the number is
//! looked up by it; and it is unique for ever, so that a repetition makes no second one.
//!
//! ClickPesa takes 120 calls a minute and limits none that run at once. A call beyond that was not processed, which is
//! why no place is kept for one beforehand.

mod auth;
mod canonical;
mod checksum;
mod convert;
#[cfg(test)]
mod fixture;
mod frozen;
#[cfg(test)]
mod tests;
mod wire;

use std::fmt;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use serde_json::Value;
use tokio::time::timeout;
use url::Url;

use self::auth::Tokens;
use self::checksum::ChecksumKey;
use self::convert::{Told, Unusable};
use self::frozen::Frozen;
use super::SetUpError;
use super::http::{self, Answer, Http, trouble};
use super::token;
use crate::config::ClickpesaSettings;
use crate::domain::biller::{Biller, BillerTraits};
use crate::domain::money::CurrencyCode;
use crate::domain::provider::{Callbacks, Capability, Idempotency, LookUp, ProviderCode, Safety};
use crate::ports::clock::{Clock, Deadline};
use crate::ports::provider::{
    CallbackError, CallbackNotice, CatalogueEntry, CollectionAnswer, CollectionPage, ControlNumberAnswer,
    ControlNumberChange, ControlNumberOutcome, ControlNumberRequest, FrozenRequest, Preparation, Provider,
    ProviderError, RefusalKind, Refused, SubmissionRequest,
};
use crate::telemetry::metric;

/// Time for a call that only asks, with all that it takes to renew a token.
const ASK_LIMIT: Duration = Duration::from_secs(8);
/// No page says when a number can be found after it was made.
const CONSISTENT_AFTER: Duration = Duration::from_secs(5);
/// No page says how long ClickPesa may work on what it took. Nothing is paid twice if that is wrong: the reference is
/// unique.
const LONGEST_REQUEST_LIFE: Duration = Duration::from_secs(600);
/// No page lets a reference be used again, ever; a hundred years stand for that.
const KEY_LIFE: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
/// The most payments of one page: a number of ours, since no page bounds it.
const PAGE: usize = 100;
/// The most characters of a number in a path. The longest documented one has 24: four of a merchant and twenty.
const LONGEST_NUMBER: usize = 64;

const CAPABILITIES: &[Capability] = &[Capability::Status, Capability::Callback, Capability::ControlNumber];

/// ClickPesa, as one application sees it.
pub struct Clickpesa {
    http: Http,
    tokens: Tokens,
    base_url: Url,
    checksum_key: Option<ChecksumKey>,
    shilling: CurrencyCode,
}

/// One call.
struct Call {
    method: Method,
    url: Url,
}

enum Method {
    Get,
    Post(Vec<u8>),
    Patch(Vec<u8>),
}

impl Clickpesa {
    /// The adapter.
    pub fn try_new(settings: &ClickpesaSettings, clock: Clock) -> Result<Self, SetUpError> {
        let http = Http::try_new()?;
        Ok(Self {
            tokens: Tokens::new(http.clone(), settings, clock),
            http,
            base_url: settings.base_url.clone(),
            checksum_key: settings.checksum_key.clone().map(ChecksumKey::new),
            shilling: "TZS".parse()?,
        })
    }

    /// The path of a number. What holds anything but letters and digits is no number, and could name another path.
    fn number_url(&self, path: &str, number: &str) -> Result<Url, ProviderError> {
        let is_number =
            (1..=LONGEST_NUMBER).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_number {
            let message = "is no control number".to_owned();
            return Err(ProviderError::Refused(Refused { kind: RefusalKind::Input, message, ..Refused::default() }));
        }
        Ok(http::join(&self.base_url, &format!("{path}/{number}")))
    }

    /// A body, with its checksum where a key is set.
    fn written(&self, body: &impl Serialize) -> Result<Vec<u8>, ProviderError> {
        let unwritable = || ProviderError::Misconfigured(trouble("request cannot be written"));
        let Ok(Value::Object(mut members)) = serde_json::to_value(body) else { return Err(unwritable()) };
        if let Some(key) = &self.checksum_key {
            key.seal(&mut members).ok_or_else(unwritable)?;
        }
        serde_json::to_vec(&members).map_err(|_| unwritable())
    }

    /// Makes a call that may be made twice: a token that is refused is renewed once and the call made again.
    async fn ask(&self, call: &Call, deadline: Deadline) -> Result<Answer, ProviderError> {
        let token = self.token(deadline).await?;
        let answer = self.send(call, &token, deadline).await?;
        if answer.status != 401 {
            return Ok(answer);
        }
        self.tokens.forget(&token).await;
        let token = self.token(deadline).await?;
        let answer = self.send(call, &token, deadline).await?;
        if answer.status == 401 {
            return Err(ProviderError::Misconfigured(answer.trouble("fresh token refused")));
        }
        Ok(answer)
    }

    async fn get(&self, url: Url) -> Result<Answer, ProviderError> {
        self.ask(&Call { method: Method::Get, url }, Deadline::after(ASK_LIMIT)).await
    }

    async fn token(&self, deadline: Deadline) -> Result<HeaderValue, ProviderError> {
        match timeout(deadline.left(), self.tokens.get()).await {
            Ok(token) => token,
            Err(_) => Err(ProviderError::NotSent(trouble("no token in time"))),
        }
    }

    async fn send(&self, call: &Call, token: &HeaderValue, deadline: Deadline) -> Result<Answer, ProviderError> {
        let left = deadline.left();
        if left.is_zero() {
            return Err(ProviderError::NotSent(trouble("no time left to send")));
        }
        let (request, body) = match &call.method {
            Method::Get => (self.http.get(&call.url), None),
            Method::Post(body) => (self.http.post(&call.url), Some(body)),
            Method::Patch(body) => (self.http.patch(&call.url), Some(body)),
        };
        let request = match body {
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.clone()),
            None => request,
        };
        self.http.call(request.header(AUTHORIZATION, token.clone()), left).await
    }
}

impl fmt::Debug for Clickpesa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clickpesa").field("base_url", &self.base_url.as_str()).finish_non_exhaustive()
    }
}

#[async_graphql::async_trait::async_trait]
impl Provider for Clickpesa {
    fn code(&self) -> ProviderCode {
        ProviderCode::Clickpesa
    }

    fn sandbox(&self) -> bool {
        http::is_loopback(&self.base_url)
    }

    fn capabilities(&self) -> &'static [Capability] {
        CAPABILITIES
    }

    /// There are none: nobody is paid through ClickPesa.
    fn biller_traits(&self, _: &Biller) -> BillerTraits {
        BillerTraits { capabilities: &[], inputs: &[], delivery_speeds: &[], lists_bills: false, makes_bills: false }
    }

    fn safety(&self) -> Safety {
        Safety {
            idempotency: Idempotency::Key { life: KEY_LIFE, margin: Duration::ZERO },
            look_up: LookUp::ByOurReference { consistent_after: CONSISTENT_AFTER },
            callbacks: if self.checksum_key.is_some() { Callbacks::Signed } else { Callbacks::Unsigned },
            max_request_life: LONGEST_REQUEST_LIFE,
            may_deduct_fee: false,
        }
    }

    async fn catalogue(&self) -> Result<Vec<CatalogueEntry>, ProviderError> {
        Ok(Vec::new())
    }

    async fn prepare(&self, _: Option<&SubmissionRequest>) -> Result<Preparation, ProviderError> {
        self.token(Deadline::after(ASK_LIMIT)).await.map(|_| Preparation::default())
    }

    fn freeze_control_numbers(&self, requests: &[ControlNumberRequest]) -> Result<FrozenRequest, ProviderError> {
        let (endpoint, body) = convert::new_bills(requests, self.shilling)?;
        Ok(Frozen::write(endpoint, &self.written(&body)?))
    }

    async fn create_control_numbers(
        &self,
        request: &FrozenRequest,
        _: Preparation,
        deadline: Deadline,
    ) -> Result<Vec<ControlNumberOutcome>, ProviderError> {
        let unreadable = || ProviderError::Misconfigured(trouble("frozen request cannot be read"));
        let frozen = Frozen::read(request).ok_or_else(unreadable)?;
        let token = self.token(deadline).await?;
        let url = http::join(&self.base_url, frozen.endpoint.path());
        let call = Call { method: Method::Post(frozen.body.clone()), url };
        let answer = self.send(&call, &token, deadline).await?;
        // Documented as "Invalid or Expired Token": who may not ask is turned away before anything is made.
        if answer.status == 401 {
            let was_held = self.tokens.forget(&token).await;
            return Err(token::expired(&answer, was_held));
        }
        convert::created(&frozen, &answer, self.shilling)
    }

    async fn find_control_number(&self, reference: &str) -> Result<Option<ControlNumberAnswer>, ProviderError> {
        let answer = self.get(self.number_url(wire::BILLPAY, reference)?).await?;
        convert::found(reference, &answer, self.shilling)
    }

    async fn update_control_number(
        &self,
        number: &str,
        change: &ControlNumberChange,
        deadline: Deadline,
    ) -> Result<ControlNumberAnswer, ProviderError> {
        let body = self.written(&convert::change(change, self.shilling)?)?;
        let call = Call { method: Method::Patch(body), url: self.number_url(wire::BILLPAY, number)? };
        let answer = self.ask(&call, deadline).await?;
        convert::updated(number, &answer, self.shilling)
    }

    async fn collections_of(&self, number: &str) -> Result<Vec<CollectionAnswer>, ProviderError> {
        let answer = self.get(self.number_url(wire::PAYMENTS, number)?).await?;
        convert::payments_of(number, &answer, self.shilling).map(usable)
    }

    async fn newest_collections(&self, skip: u32) -> Result<CollectionPage, ProviderError> {
        let mut url = http::join(&self.base_url, wire::ALL_PAYMENTS);
        url.query_pairs_mut().append_pair("skip", &skip.to_string()).append_pair("limit", &PAGE.to_string());
        let answer = self.get(url).await?;
        let (told, total) = convert::payments_page(&answer, self.shilling)?;
        // By what was told, also of what cannot be used.
        let behind = skip.saturating_add(u32::try_from(told.len()).unwrap_or(u32::MAX));
        let is_last = told.len() < PAGE || total.is_some_and(|total| u64::from(behind) >= total);
        Ok(CollectionPage { told: usable(told), is_last })
    }

    fn read_callback(&self, _: &[(String, String)], body: &[u8]) -> Result<CallbackNotice, CallbackError> {
        let heard = convert::notice(body, self.checksum_key.as_ref(), self.shilling)?;
        if let Some(fault) = &heard.unusable {
            alert_of(fault);
        }
        Ok(heard.notice)
    }
}

/// Those that can be used. The others are money that is not shown, so somebody is told.
fn usable(told: Vec<Told>) -> Vec<CollectionAnswer> {
    told.into_iter().filter_map(|told| told.inspect_err(alert_of).ok()).collect()
}

fn alert_of(fault: &Unusable) {
    metrics::counter!(metric::UNUSABLE_COLLECTIONS, "provider" => ProviderCode::Clickpesa.as_str()).increment(1);
    tracing::error!(provider.name = ProviderCode::Clickpesa.as_str(), %fault, "a payment that was told cannot be used");
}
