//! The tour: what billpay does, shown by doing it.
//!
//! Each chapter is a few calls of the API and says what must come of them. Whether money moved is asked of the sandbox's
//! ledger and not of billpay, since that is the very thing that billpay could be wrong about.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Change, Changes, Client, PATIENCE};
use super::report::{Report, Step};
use crate::commands::Failed;

const POSTPAID: &str = "KPLC POSTPAID";
const PREPAID: &str = "KPLC PREPAID";
/// Accounts that choose what the sandbox does; docs/sandbox.md has them all.
const PAID_LATER: &str = "2222222";
const REFUSED: &str = "3333333";
const DECLINED_LATER: &str = "4444444";
const TIMEOUT_AFTER_EFFECT: &str = "6666666";
const PREPAID_TOKEN: &str = "1818181";

const CURRENCY: &str = "KES";
/// What is paid where nothing is looked up first.
const SOME_AMOUNT: &str = "750.00";
const OTHER_AMOUNT: &str = "751.00";
/// How often the billers are looked for while they are being fetched.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Where a payment stays, unless a person or late evidence moves it.
const RESTS: [&str; 5] = ["SUCCEEDED", "FAILED", "CANCELLED", "REVERSED", "NEEDS_REVIEW"];

const BILLERS: &str = "query Billers { billers(first: 100) { nodes { id name categoryName } } }";
const LOOK_UP: &str = "query LookUp($biller: ID!, $account: String!) {
  billLookup(billerId: $biller, accountReference: $account) {
    customerName amountDue { amount currency } dueDate errors { message }
  }
}";
const PAY: &str = "mutation Pay($input: CreatePaymentInput!) {
  createPayment(input: $input) { replayed payment { id } errors { code message } }
}";
const SETTLED: &str = "query Settled($id: ID!) {
  payment(by: { id: $id }) { failure { message } receipt { number providerReference token } }
}";

/// Shows everything. An error ends the tour; what merely comes out otherwise than expected is in the report.
pub(super) async fn run(client: &Client, report: &mut Report) -> Result<(), Failed> {
    let changes = client.follow().await?;
    let billers = billers(client, report).await?;
    let (postpaid, prepaid) = (biller(&billers, POSTPAID)?, biller(&billers, PREPAID)?);
    let mut tour = Tour { client, report, changes };
    let due = tour.look_up(postpaid).await?;
    let bill = Intention { key: "demo-bill", biller: postpaid, account: PAID_LATER, amount: &due };
    let paid = tour.pay_a_bill(&bill).await?;
    tour.say_it_again(&bill, &paid).await?;
    tour.be_refused(postpaid).await?;
    tour.be_declined(postpaid).await?;
    tour.time_out(postpaid).await?;
    tour.buy_a_token(prepaid).await
}

struct Tour<'a> {
    client: &'a Client,
    report: &'a mut Report,
    changes: Changes,
}

/// One intention to pay.
#[derive(Clone, Copy)]
struct Intention<'a> {
    key: &'a str,
    biller: &'a Biller,
    account: &'a str,
    amount: &'a str,
}

/// Fetched from the provider in the background, so they may take a moment.
async fn billers(client: &Client, report: &mut Report) -> Result<Vec<Biller>, Failed> {
    report.chapter("1  Which billers are there?");
    let give_up = Instant::now() + PATIENCE;
    let billers = loop {
        let answer: BillersAnswer = client.ask(BILLERS, Value::Null).await?;
        if !answer.billers.nodes.is_empty() || Instant::now() >= give_up {
            break answer.billers.nodes;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    };
    let mut categories: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for biller in &billers {
        categories.entry(&biller.category_name).or_default().push(&biller.name);
    }
    report.say(&format!("{} billers in {} categories, among them:", billers.len(), categories.len()));
    for (category, names) in categories.iter().filter(|(_, names)| names.len() > 1).take(4) {
        let names: Vec<&str> = names.iter().take(3).copied().collect();
        report.say(&format!("  {category:<20} {}", names.join(", ")));
    }
    let both = [POSTPAID, PREPAID].iter().all(|name| billers.iter().any(|biller| biller.name == *name));
    report.step(Step::new(format!("{POSTPAID} and {PREPAID} are listed"), both, "one is missing"));
    Ok(billers)
}

fn biller<'a>(billers: &'a [Biller], name: &str) -> Result<&'a Biller, Failed> {
    billers.iter().find(|biller| biller.name == name).ok_or_else(|| Failed(format!("there is no biller {name}")))
}

impl Tour<'_> {
    /// Asks what the account owes, and tells how much of that the biller takes: whole shillings.
    async fn look_up(&mut self, biller: &Biller) -> Result<String, Failed> {
        self.report.chapter("2  What does this account owe?");
        let variables = json!({ "biller": biller.id, "account": PAID_LATER });
        let answer: LookUpAnswer = self.client.ask(LOOK_UP, variables).await?;
        let found = answer.bill_lookup;
        let why = found.errors.into_iter().map(|error| error.message).next();
        let (Some(name), Some(due), Some(until)) = (found.customer_name, found.amount_due, found.due_date) else {
            return Err(Failed(why.unwrap_or_else(|| "the look-up told too little".to_owned())));
        };
        let Money { amount, currency } = due;
        self.report.say(&format!("Account {PAID_LATER} at {} is {name}'s,", biller.name));
        self.report.say(&format!("who owes {amount} {currency} until {until}."));
        let as_expected = currency == CURRENCY;
        self.report.step(Step::new(format!("the amount is in {CURRENCY}"), as_expected, currency));
        Ok(amount.split('.').next().unwrap_or_default().to_owned())
    }

    async fn pay_a_bill(&mut self, bill: &Intention<'_>) -> Result<String, Failed> {
        self.report.chapter("3  Pay it, and watch");
        self.report.say(&format!("Paying {} {CURRENCY}: this biller takes whole shillings.", bill.amount));
        self.report.say("Each change, as the subscription brings it:");
        let (id, seen) = self.pay_and_watch(bill).await?;
        self.expect_exactly(&["READY", "SUBMITTING", "PENDING", "SUCCEEDED"], &seen);
        let receipt = self.settled(&id).await?.receipt;
        if let Some(Receipt { number, provider_reference: Some(reference), .. }) = &receipt {
            self.report.say(&format!("Receipt {number}; the provider's reference is {reference}."));
        }
        let proven = receipt.is_some_and(|receipt| receipt.provider_reference.is_some());
        self.report.step(Step::new("there is a receipt with the provider's reference", proven, "there is none"));
        self.expect_times_paid(bill.account, 1).await?;
        Ok(id)
    }

    /// What a phone does that lost its connection before the answer came.
    async fn say_it_again(&mut self, bill: &Intention<'_>, paid: &str) -> Result<(), Failed> {
        self.report.chapter("4  The same again, with the same idempotency key");
        let again = self.create(bill).await?;
        let same = again.replayed && again.payment.as_ref().is_some_and(|payment| payment.id == paid);
        self.report.step(Step::new("it is answered with the same payment, as replayed", same, again.told()));
        let other = self.create(&Intention { amount: OTHER_AMOUNT, ..*bill }).await?;
        let refused = other.errors.iter().any(|error| error.code == "IDEMPOTENCY_KEY_REUSED");
        let expected = "the key with another amount is refused: IDEMPOTENCY_KEY_REUSED";
        self.report.step(Step::new(expected, refused, other.told()));
        self.expect_times_paid(bill.account, 1).await
    }

    async fn be_refused(&mut self, biller: &Biller) -> Result<(), Failed> {
        self.report.chapter("5  A payment that the provider refuses");
        let bill = Intention { key: "demo-refused", biller, account: REFUSED, amount: SOME_AMOUNT };
        self.expect_failure(&bill, &["READY", "SUBMITTING", "FAILED"]).await
    }

    async fn be_declined(&mut self, biller: &Biller) -> Result<(), Failed> {
        self.report.chapter("6  A payment that is accepted, and declined later");
        let bill = Intention { key: "demo-declined", biller, account: DECLINED_LATER, amount: SOME_AMOUNT };
        self.expect_failure(&bill, &["READY", "SUBMITTING", "PENDING", "FAILED"]).await
    }

    async fn time_out(&mut self, biller: &Biller) -> Result<(), Failed> {
        self.report.chapter("7  A provider that pays, and does not answer");
        let bill = Intention { key: "demo-timeout", biller, account: TIMEOUT_AFTER_EFFECT, amount: SOME_AMOUNT };
        let (_, seen) = self.pay_and_watch(&bill).await?;
        let through_doubt = seen.iter().any(|change| change.status == "UNKNOWN") && ends_in(&seen, "SUCCEEDED");
        let expected = "nobody knew for a while, and a look-up found it paid";
        self.report.step(Step::new(expected, through_doubt, statuses(&seen)));
        let sent = seen.iter().filter(|change| change.status == "SUBMITTING").count();
        self.report.step(Step::new("it was sent once", sent == 1, format!("it was sent {sent} times")));
        self.expect_times_paid(bill.account, 1).await
    }

    async fn buy_a_token(&mut self, biller: &Biller) -> Result<(), Failed> {
        self.report.chapter("8  Prepaid electricity");
        let bill = Intention { key: "demo-token", biller, account: PREPAID_TOKEN, amount: SOME_AMOUNT };
        let (id, seen) = self.pay_and_watch(&bill).await?;
        self.report.step(Step::new("it is paid", ends_in(&seen, "SUCCEEDED"), statuses(&seen)));
        let token = self.settled(&id).await?.receipt.and_then(|receipt| receipt.token);
        if let Some(token) = &token {
            self.report.say(&format!("The token for the meter: {token}"));
        }
        self.report.step(Step::new("the receipt has the meter's token", token.is_some(), "it has none"));
        Ok(())
    }

    async fn expect_failure(&mut self, bill: &Intention<'_>, expected: &[&str]) -> Result<(), Failed> {
        let (id, seen) = self.pay_and_watch(bill).await?;
        self.expect_exactly(expected, &seen);
        let failure = self.settled(&id).await?.failure;
        self.report.step(Step::new("it says why", failure.is_some(), "no reason"));
        self.expect_times_paid(bill.account, 0).await
    }

    fn expect_exactly(&mut self, expected: &[&str], seen: &[Change]) {
        let in_order = seen.iter().map(|change| change.status.as_str()).eq(expected.iter().copied());
        let without_gaps = seen.iter().zip(1..).all(|(change, version)| change.version == version);
        let words = format!("each change came once, in order: {}", expected.join(", "));
        self.report.step(Step::new(words, in_order && without_gaps, statuses(seen)));
    }

    async fn expect_times_paid(&mut self, account: &str, expected: usize) -> Result<(), Failed> {
        let times = self.client.times_paid(account).await?;
        let words = match expected {
            0 => "the provider's own ledger shows that no money moved".to_owned(),
            1 => "the provider's own ledger shows that it was paid once".to_owned(),
            more => format!("the provider's own ledger shows that it was paid {more} times"),
        };
        self.report.step(Step::new(words, times == expected, format!("{times} payments in the ledger")));
        Ok(())
    }

    /// Makes a payment and prints its changes until it rests.
    async fn pay_and_watch(&mut self, bill: &Intention<'_>) -> Result<(String, Vec<Change>), Failed> {
        let begun = Instant::now();
        let created = self.create(bill).await?;
        let told = created.told();
        let id = created.payment.ok_or_else(|| Failed(format!("the payment was not taken: {told}")))?.id;
        let late = |_| Failed(format!("the payment to account {} did not come to rest in time", bill.account));
        let seen = tokio::time::timeout(PATIENCE, self.watch(&id, begun)).await.map_err(late)??;
        Ok((id, seen))
    }

    async fn watch(&mut self, id: &str, begun: Instant) -> Result<Vec<Change>, Failed> {
        let mut seen = Vec::new();
        loop {
            let change = self.changes.next().await?;
            if change.payment.id != id {
                continue;
            }
            self.report.change(begun.elapsed(), &change.status, words(&change));
            let rests = RESTS.contains(&change.status.as_str());
            seen.push(change);
            if rests {
                return Ok(seen);
            }
        }
    }

    /// Answers as soon as the intention is stored: the rest comes through the subscription.
    async fn create(&self, bill: &Intention<'_>) -> Result<Created, Failed> {
        let input = json!({
            "idempotencyKey": bill.key,
            "target": { "account": { "billerId": bill.biller.id, "accountReference": bill.account } },
            "amount": { "amount": bill.amount, "currency": CURRENCY },
            "payer": { "name": "Wanjiru Otieno", "phoneNumber": "+254712345678" },
            "wait": "RECORDED",
        });
        let answer: CreatedAnswer = self.client.ask(PAY, json!({ "input": input })).await?;
        Ok(answer.create_payment)
    }

    async fn settled(&self, id: &str) -> Result<Settled, Failed> {
        let answer: SettledAnswer = self.client.ask(SETTLED, json!({ "id": id })).await?;
        answer.payment.ok_or_else(|| Failed("the payment is not found".to_owned()))
    }
}

/// A change in plain words.
fn words(change: &Change) -> &str {
    match change.status.as_str() {
        "READY" => "stored; nothing has been sent",
        "SUBMITTING" => "marked, and then sent to the provider",
        "PENDING" => "the provider has it and works on it",
        "UNKNOWN" => "no answer: paid or not? billpay asks, and does not send it again",
        "SUCCEEDED" => "paid",
        _ => change.reason.as_deref().unwrap_or("no reason was given"),
    }
}

fn ends_in(seen: &[Change], status: &str) -> bool {
    seen.last().is_some_and(|change| change.status == status)
}

fn statuses(seen: &[Change]) -> String {
    let all: Vec<&str> = seen.iter().map(|change| change.status.as_str()).collect();
    all.join(", ")
}

#[derive(Deserialize)]
struct BillersAnswer {
    billers: Billers,
}

#[derive(Deserialize)]
struct Billers {
    nodes: Vec<Biller>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Biller {
    id: String,
    name: String,
    category_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LookUpAnswer {
    bill_lookup: Found,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    customer_name: Option<String>,
    amount_due: Option<Money>,
    due_date: Option<String>,
    errors: Vec<Message>,
}

#[derive(Deserialize)]
struct Money {
    amount: String,
    currency: String,
}

#[derive(Deserialize)]
struct Message {
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreatedAnswer {
    create_payment: Created,
}

#[derive(Deserialize)]
struct Created {
    replayed: bool,
    payment: Option<super::client::Named>,
    errors: Vec<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: String,
    message: String,
}

impl Created {
    /// What was answered, in a line.
    fn told(&self) -> String {
        match (self.errors.first(), &self.payment) {
            (Some(Refusal { code, message }), _) => format!("{code}: {message}"),
            (None, Some(payment)) => format!("the payment {}, replayed: {}", payment.id, self.replayed),
            (None, None) => "nothing".to_owned(),
        }
    }
}

#[derive(Deserialize)]
struct SettledAnswer {
    payment: Option<Settled>,
}

#[derive(Deserialize)]
struct Settled {
    failure: Option<Message>,
    receipt: Option<Receipt>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Receipt {
    number: String,
    provider_reference: Option<String>,
    token: Option<String>,
}
