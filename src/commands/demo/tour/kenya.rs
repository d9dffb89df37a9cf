//! Kenya, through Almara Pay: a bill that is looked up and paid, and all that can go wrong on the way.

use serde_json::json;

use super::wire::{Biller, LookUpAnswer, Money, Receipt, first_of};
use super::{Intention, Payer, Tour, biller, ends_in, statuses, times_in};
use crate::commands::Failed;

pub(super) const POSTPAID: (&str, &str) = (PROVIDER, "KPLC POSTPAID");
pub(super) const PREPAID: (&str, &str) = (PROVIDER, "KPLC PREPAID");

const PROVIDER: &str = "almara";
const PAYER: Payer = Payer { name: "Wanjiru Otieno", phone: "+254712345678" };
const CURRENCY: &str = "KES";
/// Accounts that choose what the sandbox does; docs/sandbox.md has them all.
const PAID_LATER: &str = "2222222";
const REFUSED: &str = "3333333";
const DECLINED_LATER: &str = "4444444";
const TIMEOUT_AFTER_EFFECT: &str = "6666666";
const PREPAID_TOKEN: &str = "1818181";
/// What is paid where nothing is looked up first.
const SOME_AMOUNT: &str = "750.00";
const OTHER_AMOUNT: &str = "751.00";

const LOOK_UP: &str = "query LookUp($biller: ID!, $account: String!) {
  billLookup(billerId: $biller, accountReference: $account) {
    customerName amountDue { amount currency } dueDate errors { code message }
  }
}";

impl Tour<'_> {
    pub(super) async fn kenya(&mut self, billers: &[Biller]) -> Result<(), Failed> {
        let (postpaid, prepaid) = (biller(billers, POSTPAID)?, biller(billers, PREPAID)?);
        let due = self.look_up(postpaid).await?;
        let bill = Intention { key: "demo-bill", account: PAID_LATER, amount: &due, ..some(postpaid) };
        let paid = self.pay_a_bill(&bill).await?;
        self.say_it_again(&bill, &paid).await?;
        self.be_refused(postpaid).await?;
        self.time_out(postpaid).await?;
        self.buy_a_token(prepaid).await
    }

    /// Asks what the account owes, and tells how much of that the biller takes: whole shillings.
    async fn look_up(&mut self, biller: &Biller) -> Result<String, Failed> {
        self.report.chapter("2  Kenya: what does this account owe?");
        let variables = json!({ "biller": biller.id, "account": PAID_LATER });
        let answer: LookUpAnswer = self.client.ask(LOOK_UP, variables).await?;
        let found = answer.bill_lookup;
        let why = first_of(&found.errors);
        let (Some(name), Some(due), Some(until)) = (found.customer_name, found.amount_due, found.due_date) else {
            return Err(Failed(format!("the look-up told too little: {why}")));
        };
        let Money { amount, currency } = due;
        self.report.say(&format!("Account {PAID_LATER} at {} is {name}'s,", biller.name));
        self.report.say(&format!("who owes {amount} {currency} until {until}."));
        self.step(format!("the amount is in {CURRENCY}"), currency == CURRENCY, currency);
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
        self.step("there is a receipt with the provider's reference", proven, "there is none");
        self.expect_times_paid(PROVIDER, bill.account, 1).await?;
        Ok(id)
    }

    /// What a phone does that lost its connection before the answer came.
    async fn say_it_again(&mut self, bill: &Intention<'_>, paid: &str) -> Result<(), Failed> {
        self.report.chapter("4  The same again, with the same idempotency key");
        let again = self.create(bill).await?;
        let same = again.replayed && again.payment.as_ref().is_some_and(|payment| payment.id == paid);
        self.step("it is answered with the same payment, as replayed", same, again.told());
        let other = self.create(&Intention { amount: OTHER_AMOUNT, ..*bill }).await?;
        let refused = other.errors.iter().any(|error| error.code == "IDEMPOTENCY_KEY_REUSED");
        self.step("the key with another amount is refused: IDEMPOTENCY_KEY_REUSED", refused, other.told());
        self.expect_times_paid(PROVIDER, bill.account, 1).await
    }

    async fn be_refused(&mut self, biller: &Biller) -> Result<(), Failed> {
        self.report.chapter("5  A payment that the provider refuses, and one that it accepts and declines later");
        let refused = Intention { key: "demo-refused", account: REFUSED, ..some(biller) };
        self.expect_failure(&refused, &["READY", "SUBMITTING", "FAILED"]).await?;
        let declined = Intention { key: "demo-declined", account: DECLINED_LATER, ..some(biller) };
        self.expect_failure(&declined, &["READY", "SUBMITTING", "PENDING", "FAILED"]).await
    }

    async fn time_out(&mut self, biller: &Biller) -> Result<(), Failed> {
        self.report.chapter("6  A provider that pays, and does not answer");
        let bill = Intention { key: "demo-timeout", account: TIMEOUT_AFTER_EFFECT, ..some(biller) };
        let (_, seen) = self.pay_and_watch(&bill).await?;
        let through_doubt = times_in(&seen, "UNKNOWN") > 0 && ends_in(&seen, "SUCCEEDED");
        self.step("nobody knew for a while, and a look-up found it paid", through_doubt, statuses(&seen));
        let sent = times_in(&seen, "SUBMITTING");
        self.step("it was sent once", sent == 1, format!("it was sent {sent} times"));
        self.expect_times_paid(PROVIDER, bill.account, 1).await
    }

    async fn buy_a_token(&mut self, biller: &Biller) -> Result<(), Failed> {
        self.report.chapter("7  Prepaid electricity");
        let bill = Intention { key: "demo-token", account: PREPAID_TOKEN, ..some(biller) };
        let (id, seen) = self.pay_and_watch(&bill).await?;
        self.step("it is paid", ends_in(&seen, "SUCCEEDED"), statuses(&seen));
        let token = self.settled(&id).await?.receipt.and_then(|receipt| receipt.token);
        if let Some(token) = &token {
            self.report.say(&format!("The token for the meter: {token}"));
        }
        self.step("the receipt has the meter's token", token.is_some(), "it has none");
        Ok(())
    }

    async fn expect_failure(&mut self, bill: &Intention<'_>, expected: &[&str]) -> Result<(), Failed> {
        let (id, seen) = self.pay_and_watch(bill).await?;
        self.expect_exactly(expected, &seen);
        let failure = self.settled(&id).await?.failure;
        let why = failure.as_ref().map(|failure| failure.message.as_str()).unwrap_or_default();
        self.step("it says why", !why.is_empty(), "no reason");
        self.expect_times_paid(PROVIDER, bill.account, 0).await
    }
}

/// An intention that lacks its key and its account.
const fn some(biller: &Biller) -> Intention<'_> {
    Intention { key: "", biller, account: "", amount: SOME_AMOUNT, payer: PAYER }
}
