//! Creating a bulk payment: several bills through one provider, all or none, in one transaction without network.
//!
//! As with a payment the idempotency key is looked up before anything else, then every fault of every bill is told at
//! once. Bills that the provider combines become one payment; all payments of the bulk share one submission, and so are
//! sent and settled together. A bulk is in one currency, since its total is one amount.

mod check;
mod outcome;

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};
use uuid::Uuid;

use self::check::{Checked, CheckedItem};
use super::access::require;
use super::overload::unwritten;
use super::{App, AppError, idempotency};
use crate::domain::bulk_payment::{BulkPayment, BulkPaymentStatus, PlannedBill, plan};
use crate::domain::ids::{BulkPaymentKind, PaymentId, SubmissionKind};
use crate::domain::money::DecimalText;
use crate::domain::payment::status::PaymentStatus;
use crate::domain::payment::submission::{Subject, Submission, Times};
use crate::domain::payment::{Allocation, DeliverySpeed, Payer, Payment};
use crate::domain::refusal::{Detail, ErrorCode, Refusal};
use crate::domain::requester::{Requester, Scope};
use crate::store::{Created, NewBulk, NewPayment, NewSubmission, Owner, StoreError, WhichBill};
use crate::telemetry::metric;

/// How long a waiter relies on hints before it looks by itself.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// One bill of a bulk, as a caller wants it paid.
#[derive(Clone, Debug)]
pub struct BulkItem {
    /// The bill, as the caller wrote its id.
    pub bill_id: String,
    /// How much of it.
    pub amount: DecimalText,
    /// In which currency.
    pub currency: String,
}

/// A bulk payment as a caller wants it.
#[derive(Clone, Debug)]
pub struct CreateBulkPayment {
    /// The caller's own key.
    pub idempotency_key: String,
    /// What is to be paid.
    pub items: Vec<BulkItem>,
    /// Where the money comes from.
    pub funding_account_id: Option<String>,
    /// When to pay, in the billers' time zone.
    pub process_date: Option<Date>,
    /// Whether only to check.
    pub dry_run: bool,
}

/// A bulk payment, and whether it had been made before.
#[derive(Clone, Debug)]
pub struct CreatedBulkPayment {
    /// The bulk as it is now; none after a dry run of something new.
    pub bulk: Option<BulkPayment>,
    /// Why the provider refused it, bill by bill.
    pub refusals: Vec<Refusal>,
    /// Whether the key had been used, so that nothing new was done.
    pub replayed: bool,
}

impl App {
    /// Makes a bulk payment, or answers the one that was made with the same key. A dry run checks and records nothing.
    pub async fn create_bulk_payment(
        &self,
        requester: &Requester,
        input: CreateBulkPayment,
    ) -> Result<CreatedBulkPayment, AppError> {
        require(requester, Scope::PaymentsWrite)?;
        idempotency::check(&input.idempotency_key)?;
        let hash = hash(requester, &input);
        let used = self.store.used_bulk_key(&requester.tenant, &input.idempotency_key).await.map_err(unwritten)?;
        if let Some((bulk, used_for)) = used {
            return self.replay_bulk(bulk, &used_for, &hash, &input).await;
        }
        let checked = match self.check_bulk(requester, &input).await {
            Ok(checked) => checked,
            // A twin of this request may have been stored meanwhile, and have claimed the bills.
            Err(refused) => {
                let twin = self.store.used_bulk_key(&requester.tenant, &input.idempotency_key).await;
                let (bulk, used_for) = twin.map_err(unwritten)?.ok_or_else(|| refused.unwritten())?;
                return self.replay_bulk(bulk, &used_for, &hash, &input).await;
            }
        };
        if input.dry_run {
            return Ok(CreatedBulkPayment { bulk: None, refusals: Vec::new(), replayed: false });
        }
        self.store_bulk(requester, &input, &checked, &hash).await
    }

    async fn store_bulk(
        &self,
        requester: &Requester,
        input: &CreateBulkPayment,
        checked: &Checked,
        hash: &str,
    ) -> Result<CreatedBulkPayment, AppError> {
        let (new, bulk) = self.new_bulk(requester, input, checked, hash);
        let count = new.payments.len() as u64;
        match self.store_new(&new).await? {
            Created::Stored(_) => {
                let provider = checked.provider.as_str();
                metrics::counter!(metric::PAYMENTS_CREATED, "provider" => provider).increment(count);
                self.answered_bulk(bulk, input, false).await
            }
            Created::KeyUsed { payment, request_hash } => {
                let bulk = self.bulk_of(&payment).await?;
                self.replay_bulk(bulk, &request_hash, hash, input).await
            }
            Created::BeingPaid(holder) => {
                let owner = Owner::of(requester);
                let mut faults = Vec::new();
                self.check_claims(&owner, &checked.items, &mut faults).await?;
                if faults.is_empty() {
                    // It was free again by the time that we looked.
                    let visible = self.store.payment(&owner, holder).await?.map(|payment| payment.id);
                    faults.push(being_paid().at(&["input", "items"]).with(Detail::BeingPaid(visible)));
                }
                Err(AppError::Refused(faults))
            }
        }
    }

    async fn replay_bulk(
        &self,
        bulk: BulkPayment,
        used_for: &str,
        asked_for: &str,
        input: &CreateBulkPayment,
    ) -> Result<CreatedBulkPayment, AppError> {
        idempotency::check_same(used_for, asked_for)?;
        self.answered_bulk(bulk, input, true).await
    }

    /// Waits for the provider's first answer to a bulk, within the limit, and tells what is.
    async fn answered_bulk(
        &self,
        bulk: BulkPayment,
        input: &CreateBulkPayment,
        replayed: bool,
    ) -> Result<CreatedBulkPayment, AppError> {
        let owner = Owner { tenant: bulk.tenant.clone(), customer: None };
        let payments = self.wait_for_bulk(&owner, &bulk).await?;
        let ids: Vec<Uuid> = payments.iter().map(|payment| payment.id.uuid()).collect();
        let allocations = self.store.allocations(&ids).await?;
        let refusals = outcome::refusals(&input.items, &payments, &allocations);
        let bulk = self.store.bulk_payment(&owner, bulk.id).await?.unwrap_or(bulk);
        Ok(CreatedBulkPayment { bulk: Some(bulk), refusals, replayed })
    }

    async fn wait_for_bulk(&self, owner: &Owner, bulk: &BulkPayment) -> Result<Vec<Payment>, StoreError> {
        let mut head = self.store.heads().watch(&owner.tenant);
        let give_up = tokio::time::Instant::now() + self.policy.wait_limit;
        loop {
            head.borrow_and_update();
            let mut found = self.store.payments_of_bulks(owner, &[bulk.id.uuid()]).await?;
            let payments = found.remove(&bulk.id.uuid()).unwrap_or_default();
            let answered = payments.iter().all(|payment| !payment.status.awaits_first_answer());
            if answered || tokio::time::Instant::now() >= give_up {
                return Ok(payments);
            }
            let until = give_up.min(tokio::time::Instant::now() + LOOK_AGAIN);
            // A lost hint costs at most this long.
            let _ = tokio::time::timeout_at(until, head.changed()).await;
        }
    }

    async fn bulk_of(&self, payment: &Payment) -> Result<BulkPayment, StoreError> {
        let owner = Owner { tenant: payment.tenant.clone(), customer: None };
        let found = match payment.bulk_payment_id {
            Some(id) => self.store.bulk_payment(&owner, id).await?,
            None => None,
        };
        found.ok_or(StoreError::Unreadable("a bulk payment"))
    }

    fn new_bulk(
        &self,
        requester: &Requester,
        input: &CreateBulkPayment,
        checked: &Checked,
        request_hash: &str,
    ) -> (NewSubmission, BulkPayment) {
        let bulk = BulkPayment {
            id: self.ids.next::<BulkPaymentKind>(),
            tenant: requester.tenant.clone(),
            customer: requester.customer.clone(),
            idempotency_key: input.idempotency_key.clone(),
            submission_id: self.ids.next::<SubmissionKind>(),
            status: BulkPaymentStatus::Pending,
            version: 1,
            total: checked.total,
            created_by: requester.subject.clone(),
            created_at: checked.now,
        };
        let planned: Vec<PlannedBill> = checked.items.iter().map(planned).collect();
        let groups = plan(&planned);
        // Ids rise in the order of the bills, since a bulk's payments are read in the order of their ids.
        let mut ids: Vec<PaymentId> = groups.iter().map(|_| self.ids.next()).collect();
        ids.sort();
        let payments = ids.into_iter().zip(&groups).map(|(id, places)| {
            let items: Vec<&CheckedItem> = places.iter().map(|&place| &checked.items[place]).collect();
            new_payment(id, &bulk, checked, &items, request_hash)
        });
        let new = NewSubmission {
            submission: self.submission_of_bulk(&bulk, checked),
            next_action_at: checked.run_at,
            payments: payments.collect(),
            bulk: Some(NewBulk { bulk: bulk.clone(), request_hash: request_hash.to_owned() }),
            claim: None,
        };
        (new, bulk)
    }

    fn submission_of_bulk(&self, bulk: &BulkPayment, checked: &Checked) -> Submission {
        let times = Times {
            run_at: checked.run_at,
            not_after: checked.not_after,
            review_at: checked.day_begins.saturating_add(self.policy.review_after).unwrap_or(Timestamp::MAX),
        };
        let (id, tenant) = (bulk.submission_id, bulk.tenant.clone());
        let key = self.ids.reference().to_string();
        Submission::new(id, tenant, checked.provider, Subject::Payments, key, times)
    }
}

fn planned(item: &CheckedItem) -> PlannedBill {
    PlannedBill {
        biller: item.biller.id,
        account_reference: item.bill.account_reference.clone(),
        combines: item.biller.combines,
    }
}

/// One payment of a bulk, of one bill or of several that the provider combines.
fn new_payment(
    id: PaymentId,
    bulk: &BulkPayment,
    checked: &Checked,
    items: &[&CheckedItem],
    request_hash: &str,
) -> NewPayment {
    let first = items[0];
    let sum: i64 = items.iter().map(|item| item.amount.minor()).sum();
    let references: Vec<&str> = items.iter().filter_map(|item| item.bill.provider_reference.as_deref()).collect();
    let payment = Payment {
        id,
        tenant: bulk.tenant.clone(),
        customer: bulk.customer.clone(),
        idempotency_key: None,
        submission_id: bulk.submission_id,
        provider: checked.provider,
        biller_id: first.biller.id,
        account_reference: first.bill.account_reference.clone(),
        second_reference: None,
        account_holder_name: None,
        bill_number_id: None,
        bulk_payment_id: Some(bulk.id),
        amount: first.amount.with_minor(sum),
        status: if checked.run_at > checked.now { PaymentStatus::Scheduled } else { PaymentStatus::Ready },
        version: 1,
        review: None,
        payer: Payer::default(),
        description: None,
        funding_account_id: checked.funding_account,
        delivery_speed: DeliverySpeed::Standard,
        process_date: first.process_date,
        due_date: items.iter().filter_map(|item| item.bill.due_date).min(),
        callback_url: None,
        save_bill_number: false,
        our_reference: None,
        provider_reference: None,
        biller_reference: None,
        provider_status: None,
        confirmation_number: None,
        funding_amount: None,
        exchange_rate: None,
        disbursement: None,
        new_bill: false,
        failure: None,
        created_by: bulk.created_by.clone(),
        created_at: bulk.created_at,
        updated_at: bulk.created_at,
    };
    NewPayment {
        bill_ref: references.join(","),
        allocations: items.iter().map(|item| allocation(id, item)).collect(),
        request_hash: request_hash.to_owned(),
        takes_claim: true,
        keeps: None,
        callbacks: None,
        bill: WhichBill::Allocated,
        payment,
    }
}

fn allocation(payment_id: PaymentId, item: &CheckedItem) -> Allocation {
    Allocation {
        payment_id,
        bill_id: Some(item.bill.id),
        bill_reference: item.bill.provider_reference.clone(),
        amount: item.amount,
        provider_reference: None,
    }
}

fn being_paid() -> Refusal {
    let message = "another payment for the same bill is still open; wait for it";
    Refusal::new(ErrorCode::BillAlreadyBeingPaid, message)
}

/// The hash of the whole input: amounts in minor units, without the key. A dry run is about the same intention.
fn hash(requester: &Requester, input: &CreateBulkPayment) -> String {
    let items: Vec<_> = input.items.iter().map(canonical_item).collect();
    let canonical = json!([
        "createBulkPayment/1",
        requester.customer.as_ref().map(|customer| customer.as_str()),
        items,
        input.funding_account_id,
        input.process_date.map(|date| date.to_string()),
    ]);
    idempotency::hash(&canonical)
}

fn canonical_item(item: &BulkItem) -> Value {
    json!([item.bill_id, idempotency::canonical_amount(&item.amount, &item.currency), item.currency])
}
