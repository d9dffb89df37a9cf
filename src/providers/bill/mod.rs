//! BILL v3 (United States): a company's vendors and their bills, paid one by one or in bulk.
//!
//! Every call is made within a session ([`session`], [`gateway`]) and takes its place among those that BILL allows
//! ([`call`]); [`wire`] is BILL's JSON, [`convert`] what it means. A payment carries our reference as its
//! `transactionNumber`, by which it is found in the list of payments again ([`find`]); a bulk is found by its bills.
//! No page says that a repetition is recognised, so nothing is sent again that may have arrived.
//!
//! Quirks: `singleStatus` is read and `status` is not, since they spell words differently; in notifications `status`
//! carries the words of `singleStatus`. A transfer that is `CLEARED` was sent, and may still come back. The rules of a
//! card (`cardFundingPurpose`) are not supported: BILL's refusal is passed on by that name.

mod call;
mod convert;
mod find;
#[cfg(test)]
mod fixture;
mod gateway;
mod session;
#[cfg(test)]
mod tests;
mod traits;
mod trust;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use self::call::Line;
use self::gateway::{Gateway, List};
pub use self::trust::{Challenge, TrustError};
use self::wire::{Bank, Card, ExchangeRate, Frozen, Vendor};
use super::SetUpError;
use super::http::{self, Http, trouble};
use super::json;
use crate::config::{BillSettings, Secret};
use crate::domain::biller::{Biller, BillerTraits};
use crate::domain::funding_account::FundingAccountKind;
use crate::domain::money::CurrencyCode;
use crate::domain::payment::recall::{Recall, RecallKind};
use crate::domain::provider::{Capability, ProviderCode, Safety};
use crate::ports::clock::{Clock, Deadline};
use crate::ports::limits::CallLimits;
use crate::ports::provider::{
    BillAnswer, CallbackError, CallbackNotice, CatalogueEntry, FrozenRequest, FundingAccountEntry, PaymentAnswer,
    PaymentRequest, Preparation, Provider, ProviderError, RecallAnswer, StatusQuery, SubmissionRequest,
};
use crate::ports::sessions::Sessions;

/// What stands in the trouble of a session that may not pay: an operator must run `billpay provider bill trust`.
pub(crate) const NOT_TRUSTED: &str = "session not trusted";

/// Time for a call that only asks, with all that it takes to renew a session.
const ASK_LIMIT: Duration = Duration::from_secs(10);
/// Time for reading a whole list, or several payments.
const LIST_LIMIT: Duration = Duration::from_secs(25);

/// BILL, as one user of one organisation sees it.
pub struct Bill {
    gateway: Gateway,
    clock: Clock,
    webhook_security_key: Option<Secret>,
    dollars: CurrencyCode,
    /// Whether the last session that was opened may pay; before the first, whether the settings name a device.
    trusted: AtomicBool,
}

/// What the adapter shares with the rest of billpay.
#[derive(Clone, Debug)]
pub struct BillParts {
    /// The clock.
    pub clock: Clock,
    /// Who counts our calls.
    pub limits: Arc<dyn CallLimits>,
    /// Where the session is kept.
    pub sessions: Arc<dyn Sessions>,
}

impl Bill {
    /// The adapter.
    pub fn try_new(settings: &BillSettings, parts: BillParts) -> Result<Self, SetUpError> {
        let line = Line::new(Http::try_new()?, parts.limits, parts.clock.clone(), settings);
        Ok(Self {
            gateway: Gateway::new(line, parts.sessions, settings),
            clock: parts.clock,
            webhook_security_key: settings.webhook_security_key.clone(),
            dollars: "USD".parse()?,
            trusted: AtomicBool::new(settings.trusted_device.is_some()),
        })
    }

    /// The batch of rates that BILL keeps for us, for some minutes.
    async fn exchange_rate_batch(&self, payment: &PaymentRequest) -> Result<i64, ProviderError> {
        let amount = payment.amount.decimal();
        let query = [("vendorId", payment.biller.code.as_str()), ("amount", amount.as_str())];
        let call = self.gateway.line().get(wire::EXCHANGE_RATE, &query).of_payment();
        let answer = self.gateway.ask(&call, Deadline::after(ASK_LIMIT)).await.map_err(convert::nothing_sent)?;
        let rate: ExchangeRate = json::read(&answer.body)
            .map_err(|_| ProviderError::NotSent(answer.trouble("rate of exchange cannot be read")))?;
        let ours = payment.amount.currency().as_str();
        if rate.bill_currency.is_some_and(|told| told != ours) {
            return Err(ProviderError::NotSent(answer.trouble("rate of another currency")));
        }
        Ok(rate.exchange_rate_batch_id)
    }

    /// The cards, where there is a list of them: its path is inferred.
    async fn cards(&self, deadline: Deadline) -> Result<Vec<Card>, ProviderError> {
        let listed = self.gateway.list(List { path: wire::CARDS, filters: None }, deadline, |_| false).await;
        let is_absent = match &listed {
            Err(ProviderError::Refused(_)) => true,
            Err(ProviderError::Unknown(trouble) | ProviderError::Misconfigured(trouble)) => {
                trouble.http_status == Some(404)
            }
            Ok(_) | Err(ProviderError::NotSent(_)) => false,
        };
        if is_absent { Ok(Vec::new()) } else { listed }
    }
}

impl fmt::Debug for Bill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bill").field("base_url", &self.gateway.line().base_url().as_str()).finish_non_exhaustive()
    }
}

#[async_graphql::async_trait::async_trait]
impl Provider for Bill {
    fn code(&self) -> ProviderCode {
        ProviderCode::Bill
    }

    fn sandbox(&self) -> bool {
        http::is_loopback(self.gateway.line().base_url())
    }

    fn capabilities(&self) -> &'static [Capability] {
        traits::capabilities()
    }

    fn biller_traits(&self, biller: &Biller) -> BillerTraits {
        traits::of(biller)
    }

    fn safety(&self) -> Safety {
        traits::safety()
    }

    fn reference_as_told(&self, our_reference: &str) -> Option<String> {
        Some(convert::transaction_number(our_reference))
    }

    fn may_pay(&self) -> bool {
        self.trusted.load(Ordering::Relaxed)
    }

    async fn catalogue(&self) -> Result<Vec<CatalogueEntry>, ProviderError> {
        let list = List { path: wire::VENDORS, filters: None };
        let vendors: Vec<Vendor> = self.gateway.list(list, Deadline::after(LIST_LIMIT), |_| false).await?;
        Ok(vendors.into_iter().filter_map(|vendor| convert::entry(vendor, self.dollars)).collect())
    }

    /// The banks, the cards, and the wallet: that one exists is not told anywhere, so BILL refuses where there is none.
    async fn funding_accounts(&self) -> Result<Vec<FundingAccountEntry>, ProviderError> {
        let deadline = Deadline::after(LIST_LIMIT);
        let list = List { path: wire::BANKS, filters: None };
        let banks: Vec<Bank> = self.gateway.list(list, deadline, |_| false).await?;
        let cards = self.cards(deadline).await?;
        let wallet = FundingAccountEntry {
            code: convert::WALLET.to_owned(),
            kind: FundingAccountKind::Wallet,
            label: "BILL wallet".to_owned(),
            active: true,
        };
        let banks = banks.into_iter().filter_map(convert::bank);
        Ok(banks.chain(cards.into_iter().filter_map(convert::card)).chain([wallet]).collect())
    }

    async fn open_bills(&self, biller: &Biller) -> Result<Vec<BillAnswer>, ProviderError> {
        if !convert::is_plain(&biller.code) {
            return Err(ProviderError::NotSent(trouble("the vendor's id cannot stand in a filter")));
        }
        let filters = format!("vendorId:eq:{}", biller.code);
        let list = List { path: wire::BILLS, filters: Some(&filters) };
        let bills: Vec<wire::Bill> = self.gateway.list(list, Deadline::after(ASK_LIMIT), |_| false).await?;
        Ok(bills.into_iter().filter_map(|bill| convert::open(bill, biller)).collect())
    }

    /// The place among the calls is taken last, so that it is not held while anything is asked for.
    async fn prepare(&self, request: Option<&SubmissionRequest>) -> Result<Preparation, ProviderError> {
        let session = self.gateway.session(Deadline::after(ASK_LIMIT)).await?;
        self.trusted.store(session.trusted, Ordering::Relaxed);
        let Some(request) = request else { return Ok(Preparation::default()) };
        if !session.trusted {
            return Err(ProviderError::Misconfigured(trouble(NOT_TRUSTED)));
        }
        let exchange_rate_batch = match convert::foreign(request) {
            Some(payment) => Some(self.exchange_rate_batch(payment).await?),
            None => None,
        };
        let currency = request.payments.first().map(|payment| payment.amount.currency());
        Ok(Preparation { permit: Some(self.gateway.place().await?), exchange_rate_batch, currency })
    }

    fn freeze(&self, request: &SubmissionRequest, preparation: &Preparation) -> Result<FrozenRequest, ProviderError> {
        let today = convert::today(self.clock.now());
        convert::frozen(request, preparation.exchange_rate_batch, today).map(FrozenRequest)
    }

    async fn submit(
        &self,
        request: &FrozenRequest,
        preparation: Preparation,
        deadline: Deadline,
    ) -> Result<Vec<PaymentAnswer>, ProviderError> {
        let frozen: Frozen = json::read(&request.0)
            .map_err(|_| ProviderError::Misconfigured(trouble("frozen request cannot be read")))?;
        let path = if frozen.payments.is_some() { wire::BULK_PAYMENTS } else { wire::PAYMENTS };
        // Without a rate it was dollars; with one the bytes do not tell which currency it was, but whoever prepared does.
        let currency = preparation.currency.or(frozen.exchange_rate_batch_id.is_none().then_some(self.dollars));
        let call = self.gateway.line().post(path, request.0.clone());
        let answer = self.gateway.once(&call, preparation.permit, &bills_of(&frozen), deadline).await?;
        convert::taken(&answer, &frozen, currency, self.dollars)
    }

    async fn status(&self, query: &StatusQuery) -> Result<Vec<PaymentAnswer>, ProviderError> {
        let deadline = Deadline::after(LIST_LIMIT);
        if query.provider_references.is_empty() {
            find::in_list(&self.gateway, query, self.dollars, deadline).await
        } else {
            find::by_reference(&self.gateway, query, self.dollars, deadline).await
        }
    }

    fn recalls(&self, provider_status: Option<&str>) -> &'static [RecallKind] {
        provider_status.map(convert::SingleStatus::read).map(convert::SingleStatus::recalls).unwrap_or_default()
    }

    async fn recall(
        &self,
        provider_reference: &str,
        recall: &Recall,
        preparation: Preparation,
        deadline: Deadline,
    ) -> Result<RecallAnswer, ProviderError> {
        let payment = find::path(provider_reference)?;
        let call = match recall.kind {
            RecallKind::Cancel => self.gateway.line().post(&format!("{payment}/cancel"), Vec::new()),
            RecallKind::Void => self.gateway.line().post(&format!("{payment}/void"), convert::void(recall)?),
        };
        let answer = self.gateway.once(&call, preparation.permit, &[], deadline).await;
        convert::recalled(recall.kind, &answer.map_err(convert::not_recallable)?)
    }

    fn read_callback(&self, headers: &[(String, String)], body: &[u8]) -> Result<CallbackNotice, CallbackError> {
        convert::notice(headers, body, self.webhook_security_key.as_ref())
    }
}

/// The bills whose ids a refusal may name.
fn bills_of(frozen: &Frozen) -> Vec<String> {
    let parts = frozen.payments.iter().flatten().map(|part| part.bill_id.clone());
    parts.chain(frozen.bill_id.clone()).collect()
}
