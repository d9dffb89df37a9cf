//! Click (Saudi Arabia): inquiries and payments for four billers.
//!
//! Every call carries a bearer token ([`auth`]) and its fields as a form ([`mod@form`]), as Click's examples do, though
//! their headers speak of JSON; [`wire`] holds its names and shapes, [`convert`] what they mean. A payment's answer has
//! no reference and there is no call that asks how one stands, so what is not clear at once stays unknown, and nothing
//! is sent again that may have arrived. An inquiry renews a refused token once and asks again; a payment never does:
//! the token is dropped, and Click, which looks at the token first, has processed nothing.

mod auth;
mod convert;
#[cfg(test)]
mod fixture;
mod form;
#[cfg(test)]
mod tests;
mod wire;

use std::fmt;
use std::time::Duration;

use reqwest::RequestBuilder;
use reqwest::header::CONTENT_TYPE;
use tokio::time::timeout;
use url::Url;

use self::auth::Tokens;
use self::form::Form;
use super::SetUpError;
use super::http::{self, Answer, Http, trouble};
use super::token;
use crate::config::{ClickSettings, Secret};
use crate::domain::biller::{Biller, BillerTraits, InputName, InputRule, Need};
use crate::domain::money::CurrencyCode;
use crate::domain::payment::DeliverySpeed;
use crate::domain::provider::{Callbacks, Capability, Idempotency, LookUp, ProviderCode, Safety};
use crate::ports::clock::{Clock, Deadline};
use crate::ports::provider::{
    AccountAnswer, CatalogueEntry, FrozenRequest, PaymentAnswer, Preparation, Provider, ProviderError,
    SubmissionRequest,
};
use crate::telemetry::metric;

/// Time for a call that only asks, with all that it takes to renew a token.
const ASK_LIMIT: Duration = Duration::from_secs(10);
/// No page says how long Click may work on what it took. Nothing depends on it: nothing is sent again.
const LONGEST_REQUEST_LIFE: Duration = Duration::from_secs(600);
/// The boundary of an inquiry's form, which no repetition needs to recognise.
const INQUIRY_BOUNDARY: &str = "billpay-inquiry";

const CAPABILITIES: &[Capability] = &[Capability::LookUp, Capability::Validate, Capability::Pay];

const INPUTS: &[InputRule] = &[
    InputRule {
        min_length: Some(1),
        max_length: Some(50),
        example: Some("12232019000000017"),
        ..InputRule::new(InputName::AccountReference, Need::Required, "Bill account")
    },
    InputRule { max_length: Some(50), ..InputRule::new(InputName::SecondReference, Need::Optional, "Account number") },
    InputRule {
        pattern: Some(r"\+[1-9][0-9]{6,14}"),
        min_length: Some(8),
        max_length: Some(16),
        example: Some("+966506966507"),
        ..InputRule::new(InputName::PayerPhone, Need::Optional, "Payer's phone number")
    },
    InputRule { example: Some("2025-10-14"), ..InputRule::new(InputName::DueDate, Need::Optional, "Due date") },
    InputRule::new(InputName::PayerName, Need::Unused, "Payer's name"),
    InputRule::new(InputName::Description, Need::Unused, "What the payment is for"),
    InputRule::new(InputName::ProcessDate, Need::Optional, "Day to pay"),
    InputRule::new(InputName::FundingAccount, Need::Unused, "Funding account"),
];

/// Click, as one account sees it.
pub struct Click {
    http: Http,
    tokens: Tokens,
    clock: Clock,
    bill_payments: Url,
    riyal: CurrencyCode,
}

impl Click {
    /// The adapter.
    pub fn try_new(settings: &ClickSettings, clock: Clock) -> Result<Self, SetUpError> {
        let http = Http::try_new()?;
        Ok(Self {
            tokens: Tokens::new(http.clone(), settings, clock.clone()),
            http,
            clock,
            bill_payments: http::join(&settings.base_url, wire::BILL_PAYMENTS),
            riyal: "SAR".parse()?,
        })
    }

    /// Asks for a bill. A token that is refused is renewed once and the call made again.
    async fn inquire(&self, biller: &Biller, account_reference: &str) -> Result<AccountAnswer, ProviderError> {
        let fields = [(wire::BILLER_NAME, biller.code.as_str()), (wire::BILLING_ACCT, account_reference)];
        let form = Form::write(INQUIRY_BOUNDARY, &fields).map_err(convert::unwritable)?;
        let deadline = Deadline::after(ASK_LIMIT);
        let token = self.token(deadline).await?;
        let mut answer = self.send(self.http.get(&self.bill_payments), &form, &token, deadline).await?;
        if answer.status == 401 {
            self.tokens.forget(&token).await;
            let token = self.token(deadline).await?;
            answer = self.send(self.http.get(&self.bill_payments), &form, &token, deadline).await?;
            if answer.status == 401 {
                return Err(ProviderError::Misconfigured(answer.trouble("fresh token refused")));
            }
        }
        convert::account(&permitted(answer)?).inspect_err(alert_where_forbidden)
    }

    async fn token(&self, deadline: Deadline) -> Result<Secret, ProviderError> {
        match timeout(deadline.left(), self.tokens.get()).await {
            Ok(token) => token,
            Err(_) => Err(ProviderError::NotSent(trouble("no token in time"))),
        }
    }

    async fn send(
        &self,
        request: RequestBuilder,
        form: &Form,
        token: &Secret,
        deadline: Deadline,
    ) -> Result<Answer, ProviderError> {
        let left = deadline.left();
        if left.is_zero() {
            return Err(ProviderError::NotSent(trouble("no time left to send")));
        }
        let request = request.header(CONTENT_TYPE, &form.content_type).body(form.body.clone());
        self.http.call(request.bearer_auth(token.expose()), left).await
    }
}

impl fmt::Debug for Click {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Click").field("bill_payments", &self.bill_payments.as_str()).finish_non_exhaustive()
    }
}

#[async_graphql::async_trait::async_trait]
impl Provider for Click {
    fn code(&self) -> ProviderCode {
        ProviderCode::Click
    }

    fn sandbox(&self) -> bool {
        http::is_loopback(&self.bill_payments)
    }

    fn capabilities(&self) -> &'static [Capability] {
        CAPABILITIES
    }

    fn biller_traits(&self, _: &Biller) -> BillerTraits {
        BillerTraits {
            capabilities: CAPABILITIES,
            inputs: INPUTS,
            delivery_speeds: &[DeliverySpeed::Standard],
            lists_bills: false,
            makes_bills: false,
        }
    }

    fn reference_as_told(&self, _: &str) -> Option<String> {
        None
    }

    fn safety(&self) -> Safety {
        Safety {
            // Click knows duplicates of transfers; by what, and whether of bills too, no page says.
            idempotency: Idempotency::None,
            look_up: LookUp::None,
            callbacks: Callbacks::None,
            max_request_life: LONGEST_REQUEST_LIFE,
            may_deduct_fee: false,
        }
    }

    async fn catalogue(&self) -> Result<Vec<CatalogueEntry>, ProviderError> {
        Ok(convert::entries(self.riyal))
    }

    async fn look_up_account(&self, biller: &Biller, account_reference: &str) -> Result<AccountAnswer, ProviderError> {
        self.inquire(biller, account_reference).await
    }

    async fn validate_account(&self, biller: &Biller, account_reference: &str) -> Result<AccountAnswer, ProviderError> {
        self.inquire(biller, account_reference).await
    }

    /// Fixes the processing date too: the day in Riyadh on which the bytes are made to be sent. It is not the payment's
    /// own day, which billpay has waited for, and which a payment that could not be sent at once may have missed.
    fn freeze(&self, request: &SubmissionRequest, _: &Preparation) -> Result<FrozenRequest, ProviderError> {
        let boundary = convert::boundary(&request.our_reference);
        let request = http::only_payment(request)?;
        let today = convert::day_in_riyadh(self.clock.now());
        let processing_date = today.to_string();
        let due_date = request.due_date.unwrap_or(today).to_string();
        let amount = convert::wire_amount(request.amount);
        let phone_number = request.payer.phone_number.as_deref().and_then(convert::national_number);
        let second_reference = request.second_reference.as_deref().filter(|number| !number.trim().is_empty());
        let fields = [
            phone_number.as_deref().map(|number| (wire::CUSTOMER_MOBILE_NUMBER, number)),
            Some((wire::PROCESSING_DATE, processing_date.as_str())),
            Some((wire::DUE_DATE, due_date.as_str())),
            Some((wire::BILLER_NAME, request.biller.code.as_str())),
            Some((wire::AMOUNT, amount.as_str())),
            Some((wire::BILL_ACCOUNT, request.account_reference.as_str())),
            second_reference.map(|number| (wire::ACCOUNT_NUMBER, number)),
        ];
        let fields: Vec<_> = fields.into_iter().flatten().collect();
        let form = Form::write(&boundary, &fields).map_err(convert::unwritable)?;
        Ok(FrozenRequest(form.body))
    }

    async fn prepare(&self, _: Option<&SubmissionRequest>) -> Result<Preparation, ProviderError> {
        self.token(Deadline::after(ASK_LIMIT)).await?;
        Ok(Preparation::default())
    }

    async fn submit(
        &self,
        request: &FrozenRequest,
        _: Preparation,
        deadline: Deadline,
    ) -> Result<Vec<PaymentAnswer>, ProviderError> {
        let form = Form::kept(&request.0)
            .ok_or_else(|| ProviderError::Misconfigured(trouble("frozen request cannot be read")))?;
        let token = self.token(deadline).await?;
        let answer = self.send(self.http.post(&self.bill_payments), &form, &token, deadline).await?;
        // The only answers that prove that nothing was processed, beside the documented error. Of an expired token the
        // pages say nothing; that it is looked at before anything else is inferred from the sign-in's 401 and from what
        // Click is built with (Rails, devise-jwt).
        if answer.status == 401 {
            let was_held = self.tokens.forget(&token).await;
            return Err(token::expired(&answer, was_held));
        }
        convert::paid(&permitted(answer)?).map(|answer| vec![answer]).inspect_err(alert_where_forbidden)
    }
}

/// 403 is not documented. Like 401 it is about who asks, so nothing was processed; unlike 401 a new token is no help.
fn permitted(answer: Answer) -> Result<Answer, ProviderError> {
    if answer.status == 403 {
        return Err(ProviderError::Misconfigured(answer.trouble("permission missing")));
    }
    Ok(answer)
}

/// The payment fails, and so will the next one: our account lacks the service, which only Click can give it.
fn alert_where_forbidden(error: &ProviderError) {
    if convert::is_forbidden(error) {
        metrics::counter!(metric::PROVIDER_FORBIDDEN, "provider" => ProviderCode::Click.as_str()).increment(1);
        tracing::error!(provider.name = ProviderCode::Click.as_str(), "our account may not use this service");
    }
}
