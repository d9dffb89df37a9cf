//! Saudi Arabia, through Click: a provider that recognises no repetition and can be asked nothing afterwards.

use std::time::Instant;

use serde::Deserialize;
use serde_json::json;

use super::wire::{Biller, Refusal, first_of};
use super::{Intention, Payer, RESTS, Tour, biller, ends_in, statuses, times_in, watch};
use crate::commands::Failed;

pub(super) const ELECTRICITY: (&str, &str) = (PROVIDER, "Saudi Electricity Company");

const PROVIDER: &str = "click";
const PAYER: Payer = Payer { name: "Faisal Al-Harbi", phone: "+966506966507" };
/// As any other account, this one is paid at once.
const ACCOUNT: &str = "30091200551";
const TIMEOUT_AFTER_EFFECT: &str = "6666666";
const AMOUNT: &str = "182.50";

const RESOLVE: &str = "mutation Resolve($input: ResolvePaymentInput!) {
  resolvePayment(input: $input) { errors { code message } }
}";

impl Tour<'_> {
    pub(super) async fn saudi_arabia(&mut self, billers: &[Biller]) -> Result<(), Failed> {
        let electricity = biller(billers, ELECTRICITY)?;
        self.report.chapter("8  Saudi Arabia: an electricity bill");
        let bill = some(electricity, "demo-electricity", ACCOUNT);
        let (_, seen) = self.pay_and_watch(&bill).await?;
        self.expect_exactly(&["READY", "SUBMITTING", "SUCCEEDED"], &seen);
        self.expect_times_paid(PROVIDER, bill.account, 1).await?;
        self.ask_a_person(electricity).await
    }

    /// Where billpay cannot find out, it does not guess.
    async fn ask_a_person(&mut self, biller: &Biller) -> Result<(), Failed> {
        self.report.chapter("9  The same without an answer, from a provider that cannot be asked");
        let bill = some(biller, "demo-doubt", TIMEOUT_AFTER_EFFECT);
        let (id, mut seen) = self.pay_and_watch(&bill).await?;
        self.step("it waits for a person", ends_in(&seen, "NEEDS_REVIEW"), statuses(&seen));
        self.report.say("An administrator looks into the biller's books, and says what was found:");
        let evidence = "the biller's portal shows the bill as paid";
        let input = json!({ "paymentId": id, "outcome": "SUCCEEDED", "evidence": evidence });
        let begun = Instant::now();
        let answer: ResolvedAnswer = self.client.ask(RESOLVE, json!({ "input": input })).await?;
        let refusals = answer.resolve_payment.errors;
        if !refusals.is_empty() {
            return Err(Failed(format!("the payment was not decided: {}", first_of(&refusals))));
        }
        seen.extend(watch(self.report, &mut self.changes, &id, RESTS, begun).await?);
        self.step("it is settled, with the evidence kept", ends_in(&seen, "SUCCEEDED"), statuses(&seen));
        let sent = times_in(&seen, "SUBMITTING");
        self.step("it was sent once", sent == 1, format!("it was sent {sent} times"));
        self.expect_times_paid(PROVIDER, bill.account, 1).await
    }
}

const fn some<'a>(biller: &'a Biller, key: &'a str, account: &'a str) -> Intention<'a> {
    Intention { key, biller, account, amount: AMOUNT, payer: PAYER }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResolvedAnswer {
    resolve_payment: Resolved,
}

#[derive(Deserialize)]
struct Resolved {
    errors: Vec<Refusal>,
}
