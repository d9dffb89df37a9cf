//! Almara Pay (Kenya): look-ups of accounts, saved bill numbers, payments and how they stand.
//!
//! Every call carries a bearer token ([`auth`]); [`wire`] is Almara's JSON, [`convert`] what it means. What only asks
//! renews a refused token once and asks again. A submission is sent once: where Almara answers that the token is not
//! good, the token is dropped and the answer proves that nothing was processed. Its pages contradict each other, so an
//! answer counts only if its shape is documented, its id is ours and it comes from the environment that is set. A test
//! may have Almara be a provider that tells nothing afterwards ([`mute`]).

mod auth;
mod convert;
#[cfg(test)]
mod fixture;
mod mute;
#[cfg(test)]
mod tests;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use url::Url;

use self::auth::Tokens;
use self::convert::{Asked, Market};
use self::wire::{
    BillMessage, BillNumber, BillPayment, BillQuery, FoundPayment, KeptNumber, Originator, Reply, SavedNumber, Shape,
    TransactionType,
};
use super::SetUpError;
use super::http::{self, Answer, Http, trouble};
use super::json;
use super::token;
use crate::config::{AlmaraEnvironment, AlmaraSettings, Secret};
use crate::domain::biller::{Biller, BillerTraits, InputName, InputRule, Need};
use crate::domain::money::CurrencyCode;
use crate::domain::payment::DeliverySpeed;
use crate::domain::provider::{Callbacks, Capability, Idempotency, LookUp, ProviderCode, Safety};
use crate::ports::clock::{Clock, Deadline};
use crate::ports::ids::Ids;
use crate::ports::limits::{CallBudget, CallLimits};
use crate::ports::provider::{
    AccountAnswer, BillNumberAnswer, BillNumberRequest, CallbackError, CallbackNotice, CatalogueEntry, FrozenRequest,
    PaymentAnswer, Preparation, Provider, ProviderError, StatusQuery, SubmissionRequest,
};
use crate::telemetry::metric;

const BILL_PAYMENTS: &str = "/v1/bill-payments";
const BILL_NUMBERS: &str = "/v1/bill-numbers";
const BILL_SERVICES: &str = "/v1/bill-services";

/// Time for a call that only asks, with all that it takes to renew a token.
const ASK_LIMIT: Duration = Duration::from_secs(8);
/// No page says when a payment can be found after it was taken.
const CONSISTENT_AFTER: Duration = Duration::from_secs(10);
/// No page says how long Almara may work on what it took before it shows it.
const LONGEST_REQUEST_LIFE: Duration = Duration::from_secs(600);
/// How much earlier than set we stop to rely on Almara's memory of a reference.
const KEY_MARGIN: Duration = Duration::from_secs(3600);
/// The description of a payment that has none: Almara wants one.
const USUAL_DESCRIPTION: &str = "Bill payment";

/// How long a submission waits for one of the calls that the settings allow at once.
const PERMIT_PATIENCE: Duration = Duration::from_millis(500);
const OTHER_ENVIRONMENT: &str =
    "Almara answers for another environment than is set: check ENVIRONMENT and BASE_URL, and start again";

const CAPABILITIES: &[Capability] = &[
    Capability::LookUp,
    Capability::Validate,
    Capability::SaveBillNumber,
    Capability::Pay,
    Capability::Status,
    Capability::Callback,
];

const INPUTS: &[InputRule] = &[
    InputRule {
        min_length: Some(1),
        max_length: Some(50),
        example: Some("1111777"),
        ..InputRule::new(InputName::AccountReference, Need::Required, "Account or meter number")
    },
    InputRule {
        min_length: Some(1),
        max_length: Some(100),
        example: Some("IRINA MUTHONI"),
        ..InputRule::new(InputName::PayerName, Need::Required, "Payer's name")
    },
    InputRule {
        pattern: Some(r"\+[1-9][0-9]{6,14}"),
        min_length: Some(8),
        max_length: Some(16),
        example: Some("+254710000000"),
        ..InputRule::new(InputName::PayerPhone, Need::Required, "Payer's phone number")
    },
    InputRule {
        max_length: Some(200),
        example: Some("Electricity, May"),
        ..InputRule::new(InputName::Description, Need::Optional, "What the payment is for")
    },
    InputRule::new(InputName::SecondReference, Need::Unused, "Second number"),
    InputRule::new(InputName::DueDate, Need::Unused, "Due date"),
    InputRule::new(InputName::ProcessDate, Need::Optional, "Day to pay"),
    InputRule::new(InputName::FundingAccount, Need::Unused, "Funding account"),
];

/// Almara Pay, as one set of credentials sees it.
pub struct Almara {
    http: Http,
    tokens: Tokens,
    ids: Ids,
    base_url: Url,
    callback_url: Url,
    route_id: Option<String>,
    environment: AlmaraEnvironment,
    country: String,
    currency: CurrencyCode,
    key_life: Duration,
    budget: CallBudget,
    limits: Arc<dyn CallLimits>,
    clock: Clock,
    foreign: AtomicBool,
}

/// What the adapter stands on.
#[derive(Debug)]
pub struct AlmaraParts {
    /// Where Almara calls when a payment changes.
    pub callback_url: Url,
    /// The clock.
    pub clock: Clock,
    /// Where references come from.
    pub ids: Ids,
    /// Who knows how many calls are running.
    pub limits: Arc<dyn CallLimits>,
}

/// One call: a GET, or a POST of a JSON body.
struct Call {
    url: Url,
    body: Option<Vec<u8>>,
}

impl Almara {
    /// The adapter.
    pub fn try_new(settings: &AlmaraSettings, parts: AlmaraParts) -> Result<Self, SetUpError> {
        let http = Http::try_new()?;
        mute::announce();
        Ok(Self {
            tokens: Tokens::new(http.clone(), settings, parts.clock.clone()),
            http,
            ids: parts.ids,
            base_url: settings.base_url.clone(),
            callback_url: parts.callback_url,
            route_id: settings.route_id.clone(),
            environment: settings.environment,
            country: settings.country.as_str().to_owned(),
            currency: settings.currency.code().parse()?,
            key_life: settings.key_life,
            budget: CallBudget { at_once: settings.max_calls.map(|calls| calls.get()), per_hour: None },
            limits: parts.limits,
            clock: parts.clock,
            foreign: AtomicBool::new(false),
        })
    }

    /// Looks an account up, by one of the two transaction types that move nothing.
    async fn query(
        &self,
        transaction_type: TransactionType,
        biller: &Biller,
        account_reference: &str,
    ) -> Result<AccountAnswer, ProviderError> {
        let reference = self.ids.reference().to_string();
        let call = self.post(
            BILL_PAYMENTS,
            &BillQuery {
                route_id: self.route_id.as_deref(),
                service_id: &biller.code,
                account_number: account_reference,
                transaction_type,
                originator_conversation_id: &reference,
                country_code: &self.country,
                currency_code: self.currency.as_str(),
            },
        )?;
        let answer = self.ask(&call).await?;
        let message = convert::message(answer.status, Some(&reference), self.shape::<BillMessage>(&answer)?)?;
        convert::account(message, &reference, self.currency)
    }

    fn get(&self, path: &str, query: &[(&str, &str)]) -> Call {
        let mut url = http::join(&self.base_url, path);
        url.query_pairs_mut().extend_pairs(query);
        Call { url, body: None }
    }

    fn post(&self, path: &str, body: &impl Serialize) -> Result<Call, ProviderError> {
        Ok(Call { url: http::join(&self.base_url, path), body: Some(written(body)?) })
    }

    /// Makes a call that moves no money: a token that is refused is renewed once and the call made again.
    async fn ask(&self, call: &Call) -> Result<Answer, ProviderError> {
        let deadline = Deadline::after(ASK_LIMIT);
        let token = self.token(deadline).await?;
        let answer = self.send(call, &token, deadline).await?;
        if answer.status != 401 {
            return permitted(answer);
        }
        self.tokens.forget(&token).await;
        let token = self.token(deadline).await?;
        let answer = self.send(call, &token, deadline).await?;
        if answer.status == 401 {
            return Err(ProviderError::Misconfigured(answer.trouble("fresh token refused")));
        }
        permitted(answer)
    }

    async fn token(&self, deadline: Deadline) -> Result<Secret, ProviderError> {
        match timeout(deadline.left(), self.tokens.get()).await {
            Ok(token) => token,
            Err(_) => Err(ProviderError::NotSent(trouble("no token in time"))),
        }
    }

    async fn send(&self, call: &Call, token: &Secret, deadline: Deadline) -> Result<Answer, ProviderError> {
        let left = deadline.left();
        if left.is_zero() {
            return Err(ProviderError::NotSent(trouble("no time left to send")));
        }
        let request = match &call.body {
            Some(body) => self.http.post(&call.url).header(CONTENT_TYPE, "application/json").body(body.clone()),
            None => self.http.get(&call.url),
        };
        self.http.call(request.bearer_auth(token.expose()), left).await
    }

    /// What an answer says, unless it has no documented shape or comes from another environment than ours.
    fn shape<M: DeserializeOwned>(&self, answer: &Answer) -> Result<Shape<M>, ProviderError> {
        let reply = Reply::read(&answer.body).map_err(|_| unreadable(answer))?;
        match reply.app_domain_name.as_deref() {
            Some(name) if !name.eq_ignore_ascii_case(domain_name(self.environment)) => {
                self.foreign.store(true, Ordering::Relaxed);
                alert_of_other_environment();
                Err(ProviderError::Unknown(answer.trouble("answer of another environment")))
            }
            Some(_) => {
                self.foreign.store(false, Ordering::Relaxed);
                Ok(reply.shape)
            }
            None => Ok(reply.shape),
        }
    }

    /// What the answer to a submission says.
    fn accepted(&self, answer: &Answer, our_reference: &str) -> Result<PaymentAnswer, ProviderError> {
        let message = convert::message(answer.status, Some(our_reference), self.shape::<BillMessage>(answer)?)?;
        let asked = Asked { our_reference, currency: self.currency, http_status: answer.status };
        convert::accepted(message, asked)
    }

    /// Whether the last answer that told its environment told another than is set. Nothing is sent then, and nothing
    /// that a look-up says is believed: it does not tell where it comes from.
    fn is_foreign(&self) -> bool {
        self.foreign.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Almara {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Almara").field("base_url", &self.base_url.as_str()).finish_non_exhaustive()
    }
}

#[async_graphql::async_trait::async_trait]
impl Provider for Almara {
    fn code(&self) -> ProviderCode {
        ProviderCode::Almara
    }

    fn sandbox(&self) -> bool {
        http::is_loopback(&self.base_url)
    }

    fn capabilities(&self) -> &'static [Capability] {
        if mute::is_mute() { mute::CAPABILITIES } else { CAPABILITIES }
    }

    fn biller_traits(&self, _: &Biller) -> BillerTraits {
        BillerTraits {
            capabilities: self.capabilities(),
            inputs: INPUTS,
            delivery_speeds: &[DeliverySpeed::Standard],
            lists_bills: false,
            makes_bills: false,
        }
    }

    fn safety(&self) -> Safety {
        let safety = Safety {
            idempotency: Idempotency::Key { life: self.key_life, margin: KEY_MARGIN },
            look_up: LookUp::ByOurReference { consistent_after: CONSISTENT_AFTER },
            callbacks: Callbacks::Unsigned,
            max_request_life: LONGEST_REQUEST_LIFE,
            may_deduct_fee: false,
        };
        if mute::is_mute() { mute::of_class_b(safety) } else { safety }
    }

    async fn catalogue(&self) -> Result<Vec<CatalogueEntry>, ProviderError> {
        let call = Call { url: http::join(&self.base_url, BILL_SERVICES), body: None };
        let answer = self.ask(&call).await?;
        if !answer.is_success() {
            return Err(ProviderError::Unknown(answer.trouble("no list of services")));
        }
        let services = wire::read_services(&answer.body).map_err(|_| unreadable(&answer))?;
        let market = Market { country: &self.country, currency: self.currency };
        Ok(services.into_iter().map(|service| convert::entry(service, market)).collect())
    }

    async fn look_up_account(&self, biller: &Biller, account_reference: &str) -> Result<AccountAnswer, ProviderError> {
        self.query(TransactionType::Query, biller, account_reference).await
    }

    async fn validate_account(&self, biller: &Biller, account_reference: &str) -> Result<AccountAnswer, ProviderError> {
        self.query(TransactionType::Validate, biller, account_reference).await
    }

    async fn save_bill_number(&self, request: &BillNumberRequest) -> Result<BillNumberAnswer, ProviderError> {
        let call = self.post(
            BILL_NUMBERS,
            &BillNumber {
                service_id: &request.biller.code,
                account_number: &request.account_reference,
                phone_number: request.phone_number.as_deref().map(convert::msisdn),
                transaction_desc: request.description.as_deref(),
                remind_me_due_date: request.remind_due_date,
            },
        )?;
        let answer = self.ask(&call).await?;
        let message = convert::message(answer.status, None, self.shape::<SavedNumber>(&answer)?)?;
        Ok(convert::saved_number(message, self.currency))
    }

    async fn find_bill_number(
        &self,
        biller: &Biller,
        account_reference: &str,
    ) -> Result<Option<BillNumberAnswer>, ProviderError> {
        let query = [("serviceId", biller.code.as_str()), ("accountNumber", account_reference)];
        let answer = self.ask(&self.get(BILL_NUMBERS, &query)).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        let kept = match json::read::<KeptNumber>(&answer.body) {
            Ok(kept) if answer.is_success() => kept,
            Ok(_) | Err(_) => match self.shape::<KeptNumber>(&answer)? {
                // The provider's way of saying that it has no such number.
                Shape::Failure(_) => return Ok(None),
                shape => convert::message(answer.status, None, shape)?,
            },
        };
        convert::kept_number(kept, account_reference, self.currency).map(Some)
    }

    fn freeze(&self, submission: &SubmissionRequest, _: &Preparation) -> Result<FrozenRequest, ProviderError> {
        let request = http::only_payment(submission)?;
        let description = request.description.as_deref().filter(|text| !text.trim().is_empty());
        let description = description.unwrap_or(USUAL_DESCRIPTION);
        let phone_number = convert::required(request.payer.phone_number.as_deref(), InputName::PayerPhone)?;
        written(&BillPayment {
            route_id: self.route_id.as_deref(),
            service_id: &request.biller.code,
            account_number: convert::required(Some(&request.account_reference), InputName::AccountReference)?,
            transaction_type: TransactionType::Pay,
            transaction_desc: description,
            originator_conversation_id: &submission.our_reference,
            msisdn: convert::msisdn(phone_number),
            narration: description,
            amount: convert::wire_amount(request.amount)?,
            customer_names: convert::required(request.payer.name.as_deref(), InputName::PayerName)?,
            country_code: &self.country,
            currency_code: request.amount.currency().as_str(),
            save_biller_number: request.save_bill_number,
            call_back_url: self.callback_url.as_str(),
        })
        .map(FrozenRequest)
    }

    async fn prepare(&self, request: Option<&SubmissionRequest>) -> Result<Preparation, ProviderError> {
        if self.is_foreign() {
            return Err(ProviderError::Misconfigured(trouble(OTHER_ENVIRONMENT)));
        }
        self.token(Deadline::after(ASK_LIMIT)).await?;
        let permit = match request {
            Some(_) => Some(self.limits.enter(ProviderCode::Almara, self.budget, PERMIT_PATIENCE).await),
            None => None,
        };
        let permit = permit.transpose().map_err(|busy| http::busy(busy, self.clock.now()))?;
        Ok(Preparation { permit, ..Preparation::default() })
    }

    async fn submit(
        &self,
        request: &FrozenRequest,
        _held_until_answered: Preparation,
        deadline: Deadline,
    ) -> Result<Vec<PaymentAnswer>, ProviderError> {
        let originator: Originator = json::read(&request.0)
            .map_err(|_| ProviderError::Misconfigured(trouble("frozen request cannot be read")))?;
        let our_reference = originator.originator_conversation_id.as_str();
        let token = self.token(deadline).await?;
        let call = Call { url: http::join(&self.base_url, BILL_PAYMENTS), body: Some(request.0.clone()) };
        let answer = self.send(&call, &token, deadline).await?;
        if answer.status == 401 {
            let was_held = self.tokens.forget(&token).await;
            return Err(token::expired(&answer, was_held));
        }
        let said = self.accepted(&permitted(answer)?, our_reference);
        let told = if mute::is_mute() { self.told_at_once(said, our_reference, &token, deadline).await } else { said };
        told.map(|answer| vec![answer])
    }

    async fn status(&self, query: &StatusQuery) -> Result<Vec<PaymentAnswer>, ProviderError> {
        if self.is_foreign() {
            return Err(ProviderError::Unknown(trouble(OTHER_ENVIRONMENT)));
        }
        let our_reference = query.our_reference.as_str();
        let call = self.get(BILL_PAYMENTS, &[("OriginatorConversationId", our_reference)]);
        let answer = self.ask(&call).await?;
        let found: FoundPayment = json::read(&answer.body).map_err(|_| unreadable(&answer))?;
        let asked = Asked { our_reference, currency: self.currency, http_status: answer.status };
        convert::standing(found, asked).map(|answer| vec![answer])
    }

    fn read_callback(&self, _: &[(String, String)], body: &[u8]) -> Result<CallbackNotice, CallbackError> {
        convert::notice(body)
    }
}

fn written(body: &impl Serialize) -> Result<Vec<u8>, ProviderError> {
    serde_json::to_vec(body).map_err(|_| ProviderError::Misconfigured(trouble("request cannot be written")))
}

/// 403 is documented: the token is valid and lacks the permission, so nothing was processed.
fn permitted(answer: Answer) -> Result<Answer, ProviderError> {
    if answer.status == 403 {
        return Err(ProviderError::Misconfigured(answer.trouble("permission missing")));
    }
    Ok(answer)
}

fn unreadable(answer: &Answer) -> ProviderError {
    ProviderError::Unknown(answer.trouble("answer cannot be read"))
}

const fn domain_name(environment: AlmaraEnvironment) -> &'static str {
    match environment {
        AlmaraEnvironment::Test => "TEST",
        AlmaraEnvironment::Live => "LIVE",
    }
}

/// Real money may be moving where a trial was meant, or the other way round.
fn alert_of_other_environment() {
    metrics::counter!(metric::ENVIRONMENT_MISMATCH, "provider" => ProviderCode::Almara.as_str()).increment(1);
    tracing::error!(provider.name = ProviderCode::Almara.as_str(), "answer of another environment than the one set");
}
