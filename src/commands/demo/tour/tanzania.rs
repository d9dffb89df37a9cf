//! Tanzania, through ClickPesa: the other way round, money that comes in for a control number.

use std::time::Instant;

use serde::Deserialize;
use serde_json::json;

use super::wire::{Change, Money, Named, Refusal, first_of};
use super::{PATIENCE, Tour, watch};
use crate::commands::Failed;

const PROVIDER: &str = "clickpesa";
const AMOUNT: &str = "85000";
const CURRENCY: &str = "TZS";

const CHANGES: &str = "subscription Numbers {
  controlNumberUpdated(after: \"0\") { version status reason subject: controlNumber { id } }
}";
const COLLECTIONS: &str = "subscription Collections {
  collectionReceived(after: \"0\") {
    status collection { number amount { amount currency } payer { name } channel }
  }
}";
const MAKE: &str = "mutation Make($input: CreateControlNumberInput!) {
  createControlNumber(input: $input) { controlNumber { id } errors { code message } }
}";
const NUMBER: &str = "query ControlNumber($id: ID!) {
  controlNumber(by: { id: $id }) { number status amountReceived { amount currency } acceptsPayments }
}";
/// Where a number that was asked for comes to stand, whatever comes of it.
const ANSWERED: &[&str] = &["ACTIVE", "FAILED", "NEEDS_REVIEW"];
const WITH_MONEY: &[&str] = &["PARTIALLY_PAID", "PAID", "OVERPAID"];

impl Tour<'_> {
    pub(super) async fn tanzania(&mut self) -> Result<(), Failed> {
        self.report.chapter("11  Tanzania: being paid");
        self.report.say(&format!("A control number for exactly {AMOUNT} {CURRENCY}:"));
        let mut changes = self.client.follow::<Change>(CHANGES).await?;
        let begun = Instant::now();
        let id = self.make_a_number().await?.id;
        let mut seen = watch(self.report, &mut changes, &id, ANSWERED, begun).await?;
        let number = self.number(&id).await?.number;
        let number = number.ok_or_else(|| Failed("the control number was not made".to_owned()))?;
        self.be_paid(&number, begun).await?;
        seen.extend(watch(self.report, &mut changes, &id, WITH_MONEY, begun).await?);
        self.expect_exactly(&["REQUESTED", "ACTIVE", "PAID"], &seen);
        let ControlNumber { status, amount_received: Money { amount, currency }, accepts_payments, .. } =
            self.number(&id).await?;
        let closed = status == "PAID" && !accepts_payments;
        self.step("an order is closed by its payment", closed, format!("{status}, with {amount} {currency}"));
        self.expect_times_paid(PROVIDER, &number, 1).await
    }

    async fn make_a_number(&mut self) -> Result<Named, Failed> {
        let input = json!({
            "idempotencyKey": "demo-control-number",
            "kind": "ORDER",
            "mode": "EXACT",
            "amount": { "amount": AMOUNT, "currency": CURRENCY },
            "description": "Order 1042",
        });
        let answer: MadeAnswer = self.client.ask(MAKE, json!({ "input": input })).await?;
        let Made { control_number, errors } = answer.create_control_number;
        control_number.ok_or_else(|| Failed(format!("the control number was not taken: {}", first_of(&errors))))
    }

    /// The money that a webhook tells of.
    async fn be_paid(&mut self, number: &str, begun: Instant) -> Result<(), Failed> {
        let mut collections = self.client.follow::<CollectionEvent>(COLLECTIONS).await?;
        self.report.say(&format!("Somebody types {number} into the menu of a telephone, and pays."));
        self.client.pay_number(number, AMOUNT).await?;
        let late = |_| Failed("nothing was heard of the money in time".to_owned());
        let event = tokio::time::timeout(PATIENCE, collections.next()).await.map_err(late)??;
        let Collection { number: paid, amount: Money { amount, currency }, payer, channel } = event.collection;
        let name = payer.and_then(|payer| payer.name).unwrap_or_else(|| "somebody".to_owned());
        let way = channel.map(|channel| format!(", by {channel}")).unwrap_or_default();
        self.report.change(begun.elapsed(), &event.status, &format!("{amount} {currency} from {name}{way}"));
        let its_own = event.status == "RECEIVED" && paid == number;
        self.step("the money is received for this number", its_own, format!("{} for {paid}", event.status));
        Ok(())
    }

    async fn number(&self, id: &str) -> Result<ControlNumber, Failed> {
        let answer: NumberAnswer = self.client.ask(NUMBER, json!({ "id": id })).await?;
        answer.control_number.ok_or_else(|| Failed("the control number is not found".to_owned()))
    }
}

#[derive(Deserialize)]
struct CollectionEvent {
    status: String,
    collection: Collection,
}

#[derive(Deserialize)]
struct Collection {
    number: String,
    amount: Money,
    payer: Option<Payer>,
    channel: Option<String>,
}

#[derive(Deserialize)]
struct Payer {
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MadeAnswer {
    create_control_number: Made,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    control_number: Option<Named>,
    errors: Vec<Refusal>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NumberAnswer {
    control_number: Option<ControlNumber>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ControlNumber {
    number: Option<String>,
    status: String,
    amount_received: Money,
    accepts_payments: bool,
}
