//! Creating a payment: one transaction, no network.
//!
//! The idempotency key is looked up before anything else is checked, so that a repetition answers the payment that was
//! made, whatever has become of its bill since. Then every input is checked and every fault told at once; only then is
//! anything written.

pub(super) mod check;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::access::require;
use super::{App, AppError};
use crate::domain::bill::Bill;
use crate::domain::bill_number::BillNumber;
use crate::domain::biller::{Biller, BillerTraits, InputName};
use crate::domain::ids::{BillId, BillNumberId, BillerId, SubmissionId};
use crate::domain::money::{DecimalText, Money};
use crate::domain::payment::status::PaymentStatus;
use crate::domain::payment::submission::{Subject, Submission};
use crate::domain::payment::{Allocation, DeliverySpeed, Payer, Payment};
use crate::domain::provider::{Capability, ProviderCode};
use crate::domain::refusal::{Detail, ErrorCode, Refusal};
use crate::domain::requester::{Requester, Scope};
use crate::domain::schedule::Window;
use crate::store::{Created, NewPayment, NewSubmission, Owner};
use crate::telemetry::metric;

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

/// What a target turned out to be.
struct Resolved {
    biller: std::sync::Arc<Biller>,
    account_reference: Option<String>,
    second_reference: Option<String>,
    bill: Option<Bill>,
    bill_is_target: bool,
    bill_number: Option<BillNumber>,
    claims: bool,
    /// The words for a bill that is made by paying it.
    new_bill: Option<Option<String>>,
    account_path: &'static [&'static str],
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
        check::key(&input.idempotency_key)?;
        let hash = hash(requester, &input);
        if let Some((payment, used_for)) = self.store.used_key(&requester.tenant, &input.idempotency_key).await? {
            return self.replay(payment, &used_for, &hash, &input).await;
        }
        let (new, (send_at, window)) = match self.prepare(requester, &input, hash.clone()).await {
            Ok(prepared) => prepared,
            // A twin of this request may have been stored meanwhile, and have paid the bill.
            Err(refused) => {
                let twin = self.store.used_key(&requester.tenant, &input.idempotency_key).await?;
                let (payment, used_for) = twin.ok_or(refused)?;
                return self.replay(payment, &used_for, &hash, &input).await;
            }
        };
        let payment = new.payment.clone();
        let submission = self.submission_of(&payment, send_at, window);
        let batch = [NewSubmission { submission, next_action_at: send_at, payments: vec![new], bulk: None }];
        match self.store.create(&batch).await?.pop() {
            Some(Created::Stored) | None => {
                metrics::counter!(metric::PAYMENTS_CREATED, "provider" => payment.provider.as_str()).increment(1);
                Ok(CreatedPayment { payment: self.first_answer(payment, &input).await?, replayed: false })
            }
            Some(Created::KeyUsed { payment, request_hash }) => {
                self.replay(*payment, &request_hash, &hash, &input).await
            }
            Some(Created::BeingPaid(holder)) => {
                let visible = self.store.payment(&Owner::of(requester), holder).await?.map(|payment| payment.id);
                let message = "another payment for the same bill or account is still open; wait for it, or set \
                               evenIfBeingPaid if this one is meant beside it";
                let refusal = Refusal::new(ErrorCode::BillAlreadyBeingPaid, message).at(&["input", "target"]);
                Err(refusal.with(Detail::BeingPaid(visible)).into())
            }
        }
    }

    async fn replay(
        &self,
        payment: Payment,
        used_for: &str,
        asked_for: &str,
        input: &CreatePayment,
    ) -> Result<CreatedPayment, AppError> {
        if used_for != asked_for {
            let message = "this idempotency key was used with another input; use a new key for a new intention";
            return Err(Refusal::new(ErrorCode::IdempotencyKeyReused, message).at(&["input", "idempotencyKey"]).into());
        }
        Ok(CreatedPayment { payment: self.first_answer(payment, input).await?, replayed: true })
    }

    async fn first_answer(&self, payment: Payment, input: &CreatePayment) -> Result<Payment, AppError> {
        // A bill number that was kept before has another id than the one that was prepared.
        if !input.wait_for_answer && !input.save_bill_number {
            return Ok(payment);
        }
        self.wait_for(payment, |payment| !input.wait_for_answer || !payment.status.awaits_first_answer()).await
    }

    async fn prepare(
        &self,
        requester: &Requester,
        input: &CreatePayment,
        request_hash: String,
    ) -> Result<(NewPayment, (Timestamp, Window)), AppError> {
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
        let (Some(amount), Some(window), true) = (amount, window, faults.is_empty()) else {
            return Err(AppError::Refused(faults));
        };
        // A provider that holds payments until their day gets them at once.
        let held_by_provider = self.provider(resolved.biller.provider).is_some_and(|provider| {
            provider.biller_traits(&resolved.biller).capabilities.contains(&Capability::Schedule)
        });
        let send_at = if held_by_provider { now } else { window.run_at };
        let scheduled = send_at > now;
        let new_bill = resolved.new_bill.is_some();
        let keeps = self.bill_number_to_keep(requester, input, &resolved);
        let bill_number_id = resolved.bill_number.as_ref().or(keeps.as_ref()).map(|number| number.id);
        let known_due = resolved.bill.as_ref().and_then(|bill| bill.due_date);
        let kept_due = resolved.bill_number.as_ref().and_then(|number| number.due_date);
        let due_date = input.due_date.or(known_due).or(kept_due);
        let payment = Payment {
            id: self.ids.next(),
            tenant: requester.tenant.clone(),
            customer: requester.customer.clone(),
            idempotency_key: Some(input.idempotency_key.clone()),
            submission_id: self.ids.next::<crate::domain::ids::SubmissionKind>(),
            provider: resolved.biller.provider,
            biller_id: resolved.biller.id,
            account_reference: resolved.account_reference,
            second_reference: resolved.second_reference,
            account_holder_name: None,
            bill_number_id,
            bulk_payment_id: None,
            amount,
            status: if scheduled { PaymentStatus::Scheduled } else { PaymentStatus::Ready },
            version: 1,
            review: None,
            payer: Payer { name: input.payer_name.clone(), phone_number: input.payer_phone.clone() },
            description: input.description.clone().or(resolved.new_bill.flatten()),
            funding_account_id,
            delivery_speed: input.delivery_speed,
            process_date: window.process_date,
            due_date,
            callback_url: input.callback_url.clone(),
            save_bill_number: input.save_bill_number,
            our_reference: Some(self.ids.reference().to_string()),
            provider_reference: None,
            biller_reference: None,
            provider_status: None,
            confirmation_number: None,
            funding_amount: None,
            exchange_rate: None,
            disbursement: None,
            new_bill,
            failure: None,
            created_by: requester.subject.clone(),
            created_at: now,
            updated_at: now,
        };
        let allocation = Allocation {
            payment_id: payment.id,
            bill_id: resolved.bill.as_ref().map(|bill| bill.id),
            bill_reference: resolved.bill.as_ref().and_then(|bill| bill.provider_reference.clone()),
            amount,
            provider_reference: None,
        };
        let bill_ref = resolved.bill.and_then(|bill| bill.provider_reference).unwrap_or_default();
        let takes_claim = resolved.claims && !input.even_if_being_paid;
        let new = NewPayment { payment, request_hash, bill_ref, takes_claim, keeps, allocations: vec![allocation] };
        Ok((new, (send_at, window)))
    }

    /// What is sent at `send_at`; patience begins with the day of the payment, also where the provider holds it until then.
    fn submission_of(&self, payment: &Payment, send_at: Timestamp, window: Window) -> Submission {
        Submission {
            id: SubmissionId::from_uuid(payment.submission_id.uuid()),
            tenant: payment.tenant.clone(),
            provider: payment.provider,
            subject: Subject::Payments,
            provider_key: payment.our_reference.clone().unwrap_or_default(),
            key_first_used_at: None,
            provider_reference: None,
            request_bytes: None,
            fence: 0,
            attempt_count: 0,
            submits: 0,
            last_submit_at: None,
            last_submit_verdict: None,
            look_ups: 0,
            last_look_up: None,
            look_up_requests: 0,
            look_up_requests_met: 0,
            run_at: send_at,
            not_after: window.not_after,
            review_at: window.run_at.saturating_add(self.policy.review_after).unwrap_or(Timestamp::MAX),
            fault_count: 0,
        }
    }

    async fn resolve_target(&self, owner: &Owner, target: &Target) -> Result<Resolved, AppError> {
        match target {
            Target::Account { biller_id, account_reference, second_reference } => {
                let path = &["input", "target", "account"];
                let biller = self.biller_for_payment(biller_id, &["input", "target", "account", "billerId"])?;
                if self.traits_of(&biller).is_some_and(|traits| traits.lists_bills) {
                    let message = "this biller has bills, not accounts: name one by `billId` (`billLookup` lists them), \
                                   or make one with `newBill`";
                    return Err(Refusal::input(path, message).into());
                }
                let account = account_reference.trim().to_owned();
                // What cannot be stored is told later with all other faults, and not asked of the database.
                let bill = match check::has_control(&account) {
                    true => None,
                    false => self.store.bill_of_account(owner, biller.id, &account).await?.filter(Bill::is_payable),
                };
                Ok(Resolved {
                    biller,
                    account_reference: Some(account),
                    second_reference: second_reference.clone(),
                    bill,
                    bill_is_target: false,
                    bill_number: None,
                    claims: true,
                    new_bill: None,
                    account_path: InputName::AccountReference.path(),
                })
            }
            Target::BillNumber(id) => self.resolve_bill_number(owner, id).await,
            Target::Bill(id) => self.resolve_bill(owner, id).await,
            Target::NewBill { biller_id, description } => {
                let biller = self.biller_for_payment(biller_id, &["input", "target", "newBill", "billerId"])?;
                if self.traits_of(&biller).is_some_and(|traits| traits.makes_bills) {
                    return Ok(Resolved {
                        biller,
                        account_reference: None,
                        second_reference: None,
                        bill: None,
                        bill_is_target: false,
                        bill_number: None,
                        claims: false,
                        new_bill: Some(description.clone()),
                        account_path: &["input", "target", "newBill"],
                    });
                }
                let message =
                    format!("{} takes payments for an account, not for a bill made here", biller.provider.name());
                Err(Refusal::lacks(Capability::Pay, message).at(&["input", "target", "newBill"]).into())
            }
        }
    }

    async fn resolve_bill_number(&self, owner: &Owner, id: &str) -> Result<Resolved, AppError> {
        let path = &["input", "target", "billNumberId"];
        let found = match id.parse::<BillNumberId>() {
            Ok(id) => self.store.bill_number(owner, id).await?,
            Err(_) => None,
        };
        let number = found.ok_or_else(|| Refusal::not_found(path, "bill number"))?;
        let biller = self.active_biller(number.biller_id, path)?;
        let bill = self.store.bill_of_account(owner, biller.id, &number.account_reference).await?;
        Ok(Resolved {
            biller,
            account_reference: Some(number.account_reference.clone()),
            second_reference: None,
            bill: bill.filter(Bill::is_payable),
            bill_is_target: false,
            bill_number: Some(number),
            claims: true,
            new_bill: None,
            account_path: path,
        })
    }

    async fn resolve_bill(&self, owner: &Owner, id: &str) -> Result<Resolved, AppError> {
        let path = &["input", "target", "billId"];
        let found = match id.parse::<BillId>() {
            Ok(id) => self.store.bill(owner, id).await?,
            Err(_) => None,
        };
        let bill = found.ok_or_else(|| Refusal::not_found(path, "bill"))?;
        if !bill.is_payable() {
            let message = "nothing is owed on this bill any more; look the account up again if that is wrong";
            return Err(Refusal::new(ErrorCode::BillNotPayable, message).at(path).into());
        }
        Ok(Resolved {
            biller: self.active_biller(bill.biller_id, path)?,
            account_reference: bill.account_reference.clone(),
            second_reference: None,
            bill: Some(bill),
            bill_is_target: true,
            bill_number: None,
            claims: true,
            new_bill: None,
            account_path: path,
        })
    }

    fn traits_of(&self, biller: &Biller) -> Option<BillerTraits> {
        self.provider(biller.provider).map(|provider| provider.biller_traits(biller))
    }

    fn biller_for_payment(&self, id: &str, path: &[&str]) -> Result<std::sync::Arc<Biller>, AppError> {
        let id = id.parse::<BillerId>().map_err(|_| Refusal::not_found(path, "biller"))?;
        self.active_biller(id, path)
    }

    fn active_biller(&self, id: BillerId, path: &[&str]) -> Result<std::sync::Arc<Biller>, AppError> {
        let snapshot = self.catalogue.snapshot();
        let biller = snapshot.get(id).cloned().ok_or_else(|| Refusal::not_found(path, "biller"))?;
        if !biller.active || self.provider(biller.provider).is_none() {
            let message = "this biller cannot be paid at present";
            return Err(Refusal::new(ErrorCode::BillNotPayable, message).at(path).into());
        }
        self.require_trust(biller.provider).map_err(|refusal| refusal.at(path))?;
        Ok(biller)
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
    let amount = input
        .currency
        .parse()
        .ok()
        .and_then(|currency| Money::parse(&input.amount, currency).ok())
        .map_or_else(|| input.amount.to_string(), |amount| amount.minor().to_string());
    let canonical = json!([
        "createPayment/1",
        requester.customer.as_ref().map(|customer| customer.as_str()),
        input.target,
        amount,
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
    hex::encode(Sha256::digest(canonical.to_string()))
}
