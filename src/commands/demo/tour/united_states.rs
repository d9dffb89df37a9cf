//! The United States, through BILL: a vendor's bills, paid together or not at all.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::Deserialize;
use serde_json::{Value, json};

use super::wire::{Bill, Biller, Change, LookUpAnswer, Money, Named, Refusal, first_of};
use super::{PATIENCE, RESTS, Tour, biller, came, statuses, words};
use crate::commands::Failed;

pub(super) const VENDOR: (&str, &str) = (PROVIDER, "Blue Line Freight");

const PROVIDER: &str = "bill";
/// How many bills are paid.
const BILLS: usize = 3;
const LIFE: &[&str] = &["READY", "SUBMITTING", "PENDING", "SUCCEEDED"];

const OPEN_BILLS: &str = "query OpenBills($vendor: ID!) {
  billLookup(billerId: $vendor) {
    amountDue { amount currency } dueDate errors { code message }
    bills { id invoiceNumber amountDue { amount currency } dueDate providerReference }
  }
}";
const FUNDING: &str = "query Funding($provider: ID!) {
  fundingAccounts(providerId: $provider) { id kind label active }
}";
const PAY: &str = "mutation PayTogether($input: CreateBulkPaymentInput!) {
  createBulkPayment(input: $input) {
    bulkPayment { id total { amount currency } payments { id } } errors { code message }
  }
}";
const BULK: &str = "query Bulk($id: ID!) { bulkPayment(id: $id) { status } }";

impl Tour<'_> {
    pub(super) async fn united_states(&mut self, billers: &[Biller]) -> Result<(), Failed> {
        let vendor = biller(billers, VENDOR)?;
        self.report.chapter("10  The United States: a vendor's bills, paid together or not at all");
        let bills = self.open_bills(vendor).await?;
        let account = self.funding_account(vendor).await?;
        let begun = Instant::now();
        let bulk = self.pay_together(&bills, &account).await?;
        let Money { amount, currency } = &bulk.total;
        self.report.say(&format!("{amount} {currency} in {} payments, sent in one call:", bulk.payments.len()));
        let seen = self.watch_together(&bulk.payments, begun).await?;
        let whole = seen.len() == bills.len() && seen.values().all(|seen| came(LIFE, seen));
        let told: Vec<String> = seen.values().map(|seen| statuses(seen)).collect();
        self.step(format!("each of them went through {}", LIFE.join(", ")), whole, told.join("; "));
        let answer: BulkAnswer = self.client.ask(BULK, json!({ "id": bulk.id })).await?;
        let status = answer.bulk_payment.map_or_else(|| "not found".to_owned(), |bulk| bulk.status);
        self.step("the bulk payment is SUCCEEDED", status == "SUCCEEDED", status);
        self.expect_each_paid_once(&bills).await
    }

    async fn open_bills(&mut self, vendor: &Biller) -> Result<Vec<Bill>, Failed> {
        let answer: LookUpAnswer = self.client.ask(OPEN_BILLS, json!({ "vendor": vendor.id })).await?;
        let found = answer.bill_lookup;
        let all = found.bills.len();
        let bills: Vec<Bill> = found.bills.into_iter().take(BILLS).collect();
        self.report.say(&format!("{} has sent {all} bills; the first of them:", vendor.name));
        for Bill { invoice_number, amount_due: Money { amount, currency }, due_date, .. } in &bills {
            let (invoice, until) =
                (invoice_number.as_deref().unwrap_or("?"), due_date.as_deref().unwrap_or("an unknown day"));
            self.report.say(&format!("  invoice {invoice}  {amount:>8} {currency} until {until}"));
        }
        let seen = format!("{} bills, {}", bills.len(), first_of(&found.errors));
        self.step(format!("{BILLS} bills can be paid"), bills.len() == BILLS, seen);
        Ok(bills)
    }

    /// The bank account that pays: BILL must be told.
    async fn funding_account(&mut self, vendor: &Biller) -> Result<String, Failed> {
        let answer: FundingAnswer = self.client.ask(FUNDING, json!({ "provider": vendor.provider.id })).await?;
        let usable = |account: &FundingAccount| account.active && account.kind == "BANK_ACCOUNT";
        let account = answer.funding_accounts.into_iter().find(usable);
        let account = account.ok_or_else(|| Failed("there is no bank account to pay from".to_owned()))?;
        self.report.say(&format!("They are paid from {}.", account.label));
        Ok(account.id)
    }

    async fn pay_together(&mut self, bills: &[Bill], account: &str) -> Result<Bulk, Failed> {
        let item = |bill: &Bill| {
            let Money { amount, currency } = &bill.amount_due;
            json!({ "billId": bill.id, "amount": { "amount": amount, "currency": currency } })
        };
        let items: Vec<Value> = bills.iter().map(item).collect();
        let input = json!({ "idempotencyKey": "demo-bulk", "items": items, "fundingAccountId": account });
        let answer: PaidAnswer = self.client.ask(PAY, json!({ "input": input })).await?;
        let Paid { bulk_payment, errors } = answer.create_bulk_payment;
        bulk_payment.ok_or_else(|| Failed(format!("the bulk payment was not taken: {}", first_of(&errors))))
    }

    /// Prints the changes of several payments until all of them rest.
    async fn watch_together(
        &mut self,
        payments: &[Named],
        begun: Instant,
    ) -> Result<BTreeMap<String, Vec<Change>>, Failed> {
        let count = payments.len();
        let mut seen: BTreeMap<String, Vec<Change>> = BTreeMap::new();
        let mut resting = 0;
        while resting < count {
            let late = |_| Failed("not all payments of the bulk came to rest in time".to_owned());
            let change = tokio::time::timeout(PATIENCE, self.changes.next()).await.map_err(late)??;
            let Some(place) = payments.iter().position(|payment| payment.id == change.subject.id) else { continue };
            let told = format!("payment {} of {count}: {}", place + 1, words(&change));
            self.report.change(begun.elapsed(), &change.status, &told);
            resting += usize::from(RESTS.contains(&change.status.as_str()));
            seen.entry(change.subject.id.clone()).or_default().push(change);
        }
        Ok(seen)
    }

    async fn expect_each_paid_once(&mut self, bills: &[Bill]) -> Result<(), Failed> {
        let mut times = Vec::with_capacity(bills.len());
        for bill in bills {
            let reference = bill.provider_reference.as_deref().unwrap_or_default();
            times.push(self.client.times_paid(PROVIDER, reference).await?);
        }
        let once = times.iter().all(|times| *times == 1);
        self.step("the provider's own ledger shows that each bill was paid once", once, format!("{times:?}"));
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FundingAnswer {
    funding_accounts: Vec<FundingAccount>,
}

#[derive(Deserialize)]
struct FundingAccount {
    id: String,
    kind: String,
    label: String,
    active: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PaidAnswer {
    create_bulk_payment: Paid,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Paid {
    bulk_payment: Option<Bulk>,
    errors: Vec<Refusal>,
}

#[derive(Deserialize)]
struct Bulk {
    id: String,
    total: Money,
    payments: Vec<Named>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BulkAnswer {
    bulk_payment: Option<BulkState>,
}

#[derive(Deserialize)]
struct BulkState {
    status: String,
}
