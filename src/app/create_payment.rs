//! Creating a payment: one transaction, no network.
//!
//! Whose idempotency key was used is answered the payment that was made, whatever has become of its bill since: the key
//! is looked up where the payment would be stored, and before anything is refused. So it costs a new payment no question
//! of its own. Every input is checked and every fault told at once; only then is anything written.

mod bill;
mod check;
mod replay;
mod target;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use url::Url;

use self::bill::allocation;
use self::target::Resolved;
use super::access::require;
use super::{App, AppError, idempotency};
use crate::domain::bill_number::BillNumber;
use crate::domain::ids::FundingAccountId;
use crate::domain::money::{DecimalText, Money};
use crate::domain::payment::status::PaymentStatus;
use crate::domain::payment::submission::{Subject, Submission, Times};
use crate::domain::payment::{DeliverySpeed, Payer, Payment};
use crate::domain::provider::{Capability, ProviderCode};
use crate::domain::refusal::{ErrorCode, Refusal};
use crate::domain::requester::{Requester, Scope};
use crate::domain::schedule::Window;
use crate::store::{Created, NewPayment, NewSubmission, Owner, Waiter};
use crate::telemetry::{metric, spans};

/// What is to be paid. Ids are as the caller wrote them.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub enum Target {
    /// An account with a biller.
    Account {
        /// Who is paid.
        biller_id: String,
        /// The payer's number with the biller.
        account_reference: String,
        /// A second number, where the biller has one.
        second_reference: Option<String>,
    },
    /// A bill number that was saved.
    BillNumber(String),
    /// A bill that a look-up found.
    Bill(String),
    /// A bill that is made by paying it.
    NewBill {
        /// Who is paid.
        biller_id: String,
        /// What for.
        description: Option<String>,
    },
}

/// A payment as a caller wants it.
#[derive(Clone, Debug)]
pub struct CreatePayment {
    /// The caller's own key.
    pub idempotency_key: String,
    /// What is to be paid.
    pub target: Target,
    /// How much.
    pub amount: DecimalText,
    /// In which currency.
    pub currency: String,
    /// When to pay, in the biller's time zone.
    pub process_date: Option<Date>,
    /// When the bill is due.
    pub due_date: Option<Date>,
    /// The payer's name.
    pub payer_name: Option<String>,
    /// The payer's phone number.
    pub payer_phone: Option<String>,
    /// What for.
    pub description: Option<String>,
    /// Where the money comes from.
    pub funding_account_id: Option<String>,
    /// How fast.
    pub delivery_speed: DeliverySpeed,
    /// Whether to keep the account as a bill number.
    pub save_bill_number: bool,
    /// Whom to tell.
    pub callback_url: Option<String>,
    /// Whether to pay although another payment is open.
    pub even_if_being_paid: bool,
    /// Whether to wait for the provider's first answer.
    pub wait_for_answer: bool,
}

/// A payment, and whether it had been made before.
#[derive(Clone, Debug)]
pub struct CreatedPayment {
    /// The payment as it is now.
    pub payment: Payment,
    /// Whether the key had been used, so that nothing new was done.
    pub replayed: bool,
}

/// What was found good about an input, beside its target.
struct Checked {
    amount: Money,
    funding_account_id: Option<FundingAccountId>,
    now: Timestamp,
    send_at: Timestamp,
    window: Window,
    /// Our reference, under which the submission is known.
    key: String,
}

impl App {
    /// Makes a payment, or answers the one that was made with the same key.
    pub async fn create_payment(
        &self,
        requester: &Requester,
        input: CreatePayment,
    ) -> Result<CreatedPayment, AppError> {
        require(requester, Scope::PaymentsWrite)?;
        if input.save_bill_number {
            require(requester, Scope::BillsWrite)?;
        }
        idempotency::check(&input.idempotency_key)?;
        let hash = hash(requester, &input);
        let (new, checked) = match self.prepare(requester, &input, hash.clone()).await {
            Ok(prepared) => prepared,
            Err(refused) => return self.replay_or(refused, requester, &input, &hash).await,
        };
        let payment = new.payment.clone();
        let next_action_at = checked.send_at;
        let submission = self.submission_of(&payment, checked);
        let new = NewSubmission { submission, next_action_at, payments: vec![new], bulk: None, claim: None };
        // Begun before it is stored, so that nothing is missed.
        let waiter = input.wait_for_answer.then(|| self.store.waiters().wait_for(payment.id));
        match self.store_payment(new).await {
            Ok(Created::Stored(stored)) => {
                // It may be due when the bill is that was found as it was stored.
                let payment = Payment { due_date: stored.due_date, ..payment };
                metrics::counter!(metric::PAYMENTS_CREATED, "provider" => payment.provider.as_str()).increment(1);
                spans::note_submission(&payment.submission_id);
                // A bill number that was kept before has another id than the one that was prepared.
                let payment = if input.save_bill_number { self.read_again(payment).await? } else { payment };
                Ok(CreatedPayment { payment: self.first_answer(payment, waiter).await?, replayed: false })
            }
            Ok(Created::KeyUsed { payment, request_hash }) => self.replay(*payment, &request_hash, &hash, &input).await,
            Ok(Created::BeingPaid(holder)) => Err(self.being_paid(requester, holder).await?.into()),
            Err(refused) => self.replay_or(refused, requester, &input, &hash).await,
        }
    }

    async fn first_answer(&self, payment: Payment, waiter: Option<Waiter>) -> Result<Payment, AppError> {
        match waiter {
            Some(waiter) => self.wait_for(waiter, payment, |payment| !payment.status.awaits_first_answer()).await,
            None => Ok(payment),
        }
    }

    async fn prepare(
        &self,
        requester: &Requester,
        input: &CreatePayment,
        request_hash: String,
    ) -> Result<(NewPayment, Checked), AppError> {
        let owner = Owner::of(requester);
        let resolved = self.resolve_target(&owner, &input.target).await?;
        let now = self.clock.now();
        let mut faults = Vec::new();
        let amount = check::amount(input, &resolved, &mut faults);
        let window = self.check_day(input, &resolved.biller, now, &mut faults);
        self.check_inputs(input, &resolved, &mut faults);
        let funding = input.funding_account_id.as_deref();
        let funding_account_id = self.check_funding_account(&resolved.biller, funding, &mut faults);
        check::words(input, &mut faults);
        let callbacks = self.callbacks_endpoint(requester, input.callback_url.as_deref());
        let callbacks = callbacks.map_err(|refusal| faults.push(refusal)).ok().flatten();
        let (Some(amount), Some(window), true) = (amount, window, faults.is_empty()) else {
            return Err(AppError::Refused(faults));
        };
        // A provider that holds payments until their day gets them at once.
        let held_by_provider = self.provider(resolved.biller.provider).is_some_and(|provider| {
            provider.biller_traits(&resolved.biller).capabilities.contains(&Capability::Schedule)
        });
        let send_at = if held_by_provider { now } else { window.run_at };
        let key = self.ids.reference().to_string();
        let checked = Checked { amount, funding_account_id, now, send_at, window, key };
        let keeps = self.bill_number_to_keep(requester, input, &resolved);
        let payment = self.new_payment(requester, input, &resolved, keeps.as_ref(), &checked);
        let bill = resolved.bill.known();
        let new = NewPayment {
            request_hash,
            bill: resolved.bill.to_store(input),
            bill_ref: bill.and_then(|bill| bill.provider_reference.clone()).unwrap_or_default(),
            takes_claim: resolved.claims && !input.even_if_being_paid,
            keeps,
            callbacks,
            allocations: vec![allocation(&payment, bill)],
            payment,
        };
        Ok((new, checked))
    }

    fn new_payment(
        &self,
        requester: &Requester,
        input: &CreatePayment,
        resolved: &Resolved,
        keeps: Option<&BillNumber>,
        checked: &Checked,
    ) -> Payment {
        let known_due = resolved.bill.known().and_then(|bill| bill.due_date);
        let kept_due = resolved.bill_number.as_ref().and_then(|number| number.due_date);
        Payment {
            id: self.ids.next(),
            tenant: requester.tenant.clone(),
            customer: requester.customer.clone(),
            idempotency_key: Some(input.idempotency_key.clone()),
            submission_id: self.ids.next(),
            provider: resolved.biller.provider,
            biller_id: resolved.biller.id,
            account_reference: resolved.account_reference.clone(),
            second_reference: resolved.second_reference.clone(),
            account_holder_name: None,
            bill_number_id: resolved.bill_number.as_ref().or(keeps).map(|number| number.id),
            bulk_payment_id: None,
            amount: checked.amount,
            status: if checked.send_at > checked.now { PaymentStatus::Scheduled } else { PaymentStatus::Ready },
            version: 1,
            review: None,
            payer: Payer { name: input.payer_name.clone(), phone_number: input.payer_phone.clone() },
            description: input.description.clone().or_else(|| resolved.new_bill.clone().flatten()),
            funding_account_id: checked.funding_account_id,
            delivery_speed: input.delivery_speed,
            process_date: checked.window.process_date,
            due_date: input.due_date.or(known_due).or(kept_due),
            // As it was read, so that one host begins in one way.
            callback_url: input.callback_url.as_deref().and_then(|url| Url::parse(url).ok()).map(String::from),
            save_bill_number: input.save_bill_number,
            our_reference: self
                .provider(resolved.biller.provider)
                .and_then(|provider| provider.reference_as_told(&checked.key)),
            provider_reference: None,
            biller_reference: None,
            provider_status: None,
            confirmation_number: None,
            funding_amount: None,
            exchange_rate: None,
            disbursement: None,
            new_bill: resolved.new_bill.is_some(),
            failure: None,
            created_by: requester.subject.clone(),
            created_at: checked.now,
            updated_at: checked.now,
        }
    }

    /// What is sent at its time; patience begins with the day of the payment, also where the provider holds it until then.
    fn submission_of(&self, payment: &Payment, checked: Checked) -> Submission {
        let times = Times {
            run_at: checked.send_at,
            not_after: checked.window.not_after,
            review_at: checked.window.run_at.saturating_add(self.policy.review_after).unwrap_or(Timestamp::MAX),
        };
        let (id, tenant) = (payment.submission_id, payment.tenant.clone());
        Submission::new(id, tenant, payment.provider, Subject::Payments, checked.key, times)
    }

    /// Refuses what the provider would not let our session do.
    pub(super) fn require_trust(&self, provider: ProviderCode) -> Result<(), Refusal> {
        if self.provider(provider).is_none_or(|known| known.may_pay()) {
            return Ok(());
        }
        let message = format!("our session with {} may not pay until an operator has trusted it", provider.name());
        Err(Refusal::new(ErrorCode::ProviderNotTrusted, message))
    }

    fn bill_number_to_keep(
        &self,
        requester: &Requester,
        input: &CreatePayment,
        resolved: &Resolved,
    ) -> Option<BillNumber> {
        let account = resolved.account_reference.as_ref()?;
        if !input.save_bill_number || resolved.bill_number.is_some() {
            return None;
        }
        let blank = self.blank(requester, resolved.biller.id, account);
        Some(BillNumber { phone_number: input.payer_phone.clone(), ..blank })
    }
}

/// The hash of the whole input: defaults filled in, amounts in minor units, without the key and without `wait`.
fn hash(requester: &Requester, input: &CreatePayment) -> String {
    let canonical = json!([
        "createPayment/1",
        requester.customer.as_ref().map(|customer| customer.as_str()),
        input.target,
        idempotency::canonical_amount(&input.amount, &input.currency),
        input.currency,
        input.process_date.map(|date| date.to_string()),
        input.due_date.map(|date| date.to_string()),
        input.payer_name,
        input.payer_phone,
        input.description,
        input.funding_account_id,
        input.delivery_speed.as_str(),
        input.save_bill_number,
        input.callback_url,
        input.even_if_being_paid,
    ]);
    idempotency::hash(&canonical)
}
