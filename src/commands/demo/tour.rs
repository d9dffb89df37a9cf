//! The tour: what billpay does, shown by doing it, with each of the four providers.
//!
//! Each chapter is a few calls of the API and says what must come of them. Whether money moved is asked of the
//! sandbox's ledgers and not of billpay, since that is the very thing that billpay could be wrong about.

mod kenya;
mod saudi_arabia;
mod tanzania;
mod united_states;
mod wire;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::wire::{Biller, BillersAnswer, Change, Created, CreatedAnswer, Settled, SettledAnswer};
use super::client::{Client, Followed, PATIENCE};
use super::report::{Report, Step};
use crate::commands::Failed;

/// The billers that the tour pays: through which provider, and the name.
const WANTED: [(&str, &str); 4] = [kenya::POSTPAID, kenya::PREPAID, saudi_arabia::ELECTRICITY, united_states::VENDOR];
/// How often the billers are looked for while they are being fetched.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Where a payment stays, unless a person or late evidence moves it.
const RESTS: &[&str] = &["SUCCEEDED", "FAILED", "CANCELLED", "REVERSED", "NEEDS_REVIEW"];

const CHANGES: &str = "subscription Changes {
  paymentsUpdated(after: \"0\") { version status reason subject: payment { id } }
}";
const BILLERS: &str = "query Billers {
  billers(first: 100) { nodes { id name categoryName country currency provider { id code name } } }
}";
const PAY: &str = "mutation Pay($input: CreatePaymentInput!) {
  createPayment(input: $input) { replayed payment { id } errors { code message } }
}";
const SETTLED: &str = "query Settled($id: ID!) {
  payment(by: { id: $id }) { failure { message } receipt { number providerReference token } }
}";

/// Shows everything. An error ends the tour; what merely comes out otherwise than expected is in the report.
pub(super) async fn run(client: &Client, report: &mut Report) -> Result<(), Failed> {
    let changes = client.follow(CHANGES).await?;
    let billers = billers(client, report).await?;
    let mut tour = Tour { client, report, changes };
    tour.kenya(&billers).await?;
    tour.saudi_arabia(&billers).await?;
    tour.united_states(&billers).await?;
    tour.tanzania().await
}

struct Tour<'a> {
    client: &'a Client,
    report: &'a mut Report,
    /// Every change of every payment, from the first one on.
    changes: Followed<Change>,
}

/// One intention to pay an account.
#[derive(Clone, Copy)]
struct Intention<'a> {
    key: &'a str,
    biller: &'a Biller,
    account: &'a str,
    amount: &'a str,
    payer: Payer,
}

#[derive(Clone, Copy)]
struct Payer {
    name: &'static str,
    phone: &'static str,
}

/// Fetched from the providers in the background, so they may take a moment.
async fn billers(client: &Client, report: &mut Report) -> Result<Vec<Biller>, Failed> {
    report.chapter("1  Which billers are there?");
    let give_up = Instant::now() + PATIENCE;
    let billers = loop {
        let answer: BillersAnswer = client.ask(BILLERS, Value::Null).await?;
        let all_there = WANTED.iter().all(|wanted| biller(&answer.billers.nodes, *wanted).is_ok());
        if all_there || Instant::now() >= give_up {
            break answer.billers.nodes;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    };
    let mut by_provider: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for biller in &billers {
        by_provider.entry((biller.country.as_str(), biller.provider.name.as_str())).or_default().push(&biller.name);
    }
    report.say(&format!("{} billers, through {} providers, among them:", billers.len(), by_provider.len()));
    for ((country, provider), names) in &by_provider {
        let names: Vec<&str> = names.iter().take(3).copied().collect();
        report.say(&format!("  {country}  {provider:<10}  {}", names.join(", ")));
    }
    let missing = WANTED.iter().find(|wanted| biller(&billers, **wanted).is_err());
    let seen = missing.map_or_else(String::new, |(_, name)| format!("{name} is missing"));
    report.step(Step::new("those of Kenya, Saudi Arabia and the United States are listed", missing.is_none(), seen));
    Ok(billers)
}

fn biller<'a>(billers: &'a [Biller], (provider, name): (&str, &str)) -> Result<&'a Biller, Failed> {
    let found = billers.iter().find(|biller| biller.provider.code == provider && biller.name == name);
    found.ok_or_else(|| Failed(format!("there is no biller {name}")))
}

impl Tour<'_> {
    fn step(&mut self, expected: impl Into<String>, held: bool, seen: impl std::fmt::Display) {
        self.report.step(Step::new(expected, held, seen));
    }

    fn expect_exactly(&mut self, expected: &[&str], seen: &[Change]) {
        let words = format!("each change came once, in order: {}", expected.join(", "));
        self.step(words, came(expected, seen), statuses(seen));
    }

    async fn expect_times_paid(&mut self, provider: &str, account: &str, expected: usize) -> Result<(), Failed> {
        let times = self.client.times_paid(provider, account).await?;
        let words = match expected {
            0 => "the provider's own ledger shows that no money moved".to_owned(),
            1 => "the provider's own ledger shows that it was paid once".to_owned(),
            more => format!("the provider's own ledger shows that it was paid {more} times"),
        };
        self.step(words, times == expected, format!("{times} payments in the ledger"));
        Ok(())
    }

    /// Makes a payment and prints its changes until it rests.
    async fn pay_and_watch(&mut self, bill: &Intention<'_>) -> Result<(String, Vec<Change>), Failed> {
        let begun = Instant::now();
        let created = self.create(bill).await?;
        let told = created.told();
        let id = created.payment.ok_or_else(|| Failed(format!("the payment was not taken: {told}")))?.id;
        let seen = watch(self.report, &mut self.changes, &id, RESTS, begun).await?;
        Ok((id, seen))
    }

    /// Answers as soon as the intention is stored: the rest comes through the subscription.
    async fn create(&self, bill: &Intention<'_>) -> Result<Created, Failed> {
        let input = json!({
            "idempotencyKey": bill.key,
            "target": { "account": { "billerId": bill.biller.id, "accountReference": bill.account } },
            "amount": { "amount": bill.amount, "currency": bill.biller.currency },
            "payer": { "name": bill.payer.name, "phoneNumber": bill.payer.phone },
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

/// Prints the changes of one object until it comes to stand in one of these states; waits for that no longer than
/// anybody would.
async fn watch(
    report: &Report,
    changes: &mut Followed<Change>,
    id: &str,
    ends: &[&str],
    begun: Instant,
) -> Result<Vec<Change>, Failed> {
    let late = |_| Failed(format!("none of these came in time: {}", ends.join(", ")));
    tokio::time::timeout(PATIENCE, watch_on(report, changes, id, ends, begun)).await.map_err(late)?
}

async fn watch_on(
    report: &Report,
    changes: &mut Followed<Change>,
    id: &str,
    ends: &[&str],
    begun: Instant,
) -> Result<Vec<Change>, Failed> {
    let mut seen = Vec::new();
    loop {
        let change = changes.next().await?;
        if change.subject.id != id {
            continue;
        }
        report.change(begun.elapsed(), &change.status, words(&change));
        let is_last = ends.contains(&change.status.as_str());
        seen.push(change);
        if is_last {
            return Ok(seen);
        }
    }
}

/// A change in plain words.
fn words(change: &Change) -> &str {
    match change.status.as_str() {
        "READY" => "stored; nothing has been sent",
        "SUBMITTING" => "marked, and then sent to the provider",
        "PENDING" => "the provider has it and works on it",
        "UNKNOWN" => "no answer: paid or not? It is not sent again blindly",
        "SUCCEEDED" | "PAID" => "paid",
        "REQUESTED" => "stored; the provider will be asked for it",
        "ACTIVE" => "the provider has made it: it can be paid",
        _ => change.reason.as_deref().unwrap_or("no reason was given"),
    }
}

/// Whether these changes came, in this order, and none is missing between them.
fn came(expected: &[&str], seen: &[Change]) -> bool {
    let in_order = seen.iter().map(|change| change.status.as_str()).eq(expected.iter().copied());
    in_order && seen.iter().zip(1..).all(|(change, version)| change.version == version)
}

fn ends_in(seen: &[Change], status: &str) -> bool {
    seen.last().is_some_and(|change| change.status == status)
}

fn times_in(seen: &[Change], status: &str) -> usize {
    seen.iter().filter(|change| change.status == status).count()
}

fn statuses(seen: &[Change]) -> String {
    let all: Vec<&str> = seen.iter().map(|change| change.status.as_str()).collect();
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(changes: &[(&str, u32)]) -> Vec<Change> {
        let change = |&(status, version): &(&str, u32)| {
            let change = json!({ "version": version, "status": status, "reason": null, "subject": { "id": "pay_1" } });
            serde_json::from_value(change).expect("a change")
        };
        changes.iter().map(change).collect()
    }

    #[test]
    fn a_change_that_is_missing_or_comes_twice_is_noticed() {
        let expected = ["READY", "SUBMITTING", "SUCCEEDED"];
        assert!(came(&expected, &seen(&[("READY", 1), ("SUBMITTING", 2), ("SUCCEEDED", 3)])));
        assert!(!came(&expected, &seen(&[("READY", 1), ("SUBMITTING", 3), ("SUCCEEDED", 4)])));
        assert!(!came(&expected, &seen(&[("READY", 1), ("SUBMITTING", 2), ("SUBMITTING", 2), ("SUCCEEDED", 3)])));
        assert!(!came(&expected, &seen(&[("READY", 1), ("SUBMITTING", 2)])));
    }

    #[test]
    fn what_was_seen_is_counted_and_its_end_is_known() {
        let seen = seen(&[("READY", 1), ("SUBMITTING", 2), ("READY", 3)]);
        assert_eq!((times_in(&seen, "READY"), times_in(&seen, "UNKNOWN")), (2, 0));
        assert!(ends_in(&seen, "READY") && !ends_in(&seen, "SUBMITTING"));
        assert!(!ends_in(&[], "READY"));
    }
}
