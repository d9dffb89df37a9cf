//! The books after a run: what the API tells, what the sandbox's ledger says, and whether they agree.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::api::{Api, EventRow, PaymentRow};
use super::traffic::Receipts;
use super::world::World;

/// How often the books are read again because they changed meanwhile.
const MOST_READINGS: usize = 10;
const STRANDED: &str = "billpay_payments_stranded";
/// A status that is final.
const FINAL: [&str; 4] = ["SUCCEEDED", "FAILED", "CANCELLED", "REVERSED"];
const IN_REVIEW: &str = "NEEDS_REVIEW";

/// All that is known after a run.
pub(super) struct Books {
    pub(super) payments: Vec<PaymentRow>,
    events: Vec<EventRow>,
    head: u64,
    effects: Vec<Effect>,
    stranded: Option<String>,
    panics: usize,
}

/// Money that moved, as the sandbox wrote it down.
#[derive(Clone, Debug, Deserialize)]
struct Effect {
    key: String,
    account: String,
    amount: String,
}

/// What is wrong, in sentences. All lists of a good run are empty.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Money that moved more often than once, and keys that made more payments than one.
    pub(super) doubles: Vec<String>,
    /// Payments that were acknowledged and are gone, and money that no payment knows of.
    pub(super) lost: Vec<String>,
    /// Final states that the ledger contradicts.
    pub(super) wrong_final: Vec<String>,
    /// Payments that are neither final nor in review with a reason.
    pub(super) open: Vec<String>,
    /// Everything else: the log, the metric, callers that were never told.
    pub(super) other: Vec<String>,
}

impl Findings {
    /// All sentences.
    pub(super) fn all(&self) -> impl Iterator<Item = &String> {
        [&self.doubles, &self.lost, &self.wrong_final, &self.open, &self.other].into_iter().flatten()
    }
}

impl Books {
    /// Reads the books of a server that nobody kills any more, all as of one moment.
    pub(super) async fn read(world: &World, api: &Api) -> Self {
        for _ in 0..MOST_READINGS {
            let (events, head) = api.events().await;
            let payments = api.payments().await;
            let effects = read_effects(&world.effects());
            let stranded = api.metric(STRANDED).await;
            if api.events().await.1 == head {
                let panics = world.log().matches("panicked").count();
                return Self { payments, events, head, effects, stranded, panics };
            }
        }
        panic!("the event log still grows");
    }

    /// Compares everything with everything.
    pub(super) fn audit(&self, receipts: &Receipts) -> Findings {
        Findings {
            doubles: self.doubles(),
            lost: self.lost(receipts),
            wrong_final: self.payments.iter().filter_map(|payment| self.wrong_final(payment)).collect(),
            open: self.payments.iter().filter_map(open).collect(),
            other: self.other(receipts),
        }
    }

    /// How many payments wait for a person, by reason.
    pub(super) fn in_review(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for review in self.payments.iter().filter_map(|payment| payment.review.as_ref()) {
            *counts.entry(review.reason.clone()).or_default() += 1;
        }
        counts
    }

    /// How long each payment took from its creation to its first final state, shortest first.
    pub(super) fn settle_times_ms(&self) -> Vec<i64> {
        let lives = self.lives();
        let settled = lives.values().filter_map(|life| {
            let end = life.iter().find(|event| is_final(&event.status))?;
            Some(end.at.as_millisecond() - life.first()?.at.as_millisecond())
        });
        let mut times: Vec<_> = settled.collect();
        times.sort_unstable();
        times
    }

    /// The checker's rule 1: at most one effect a key.
    fn doubles(&self) -> Vec<String> {
        let effects = counts(self.effects.iter().map(|effect| effect.key.as_str()));
        let keys = counts(self.payments.iter().map(|payment| payment.idempotency_key.as_str()));
        let paid = repeated(&effects).map(|(key, times)| format!("{key} was paid {times} times"));
        let made = repeated(&keys).map(|(key, times)| format!("key {key} made {times} payments"));
        paid.chain(made).collect()
    }

    /// Rule 2: what was acknowledged is there, and money that moved belongs to a payment.
    fn lost(&self, receipts: &Receipts) -> Vec<String> {
        let by_id: BTreeMap<_, _> = self.payments.iter().map(|payment| (payment.id.as_str(), payment)).collect();
        let by_reference = self.by_reference();
        let gone = receipts.acknowledged.iter().filter_map(|(key, id)| match by_id.get(id.as_str()) {
            None => Some(format!("{id}, acknowledged for key {key}, is not in the database")),
            Some(payment) if payment.idempotency_key != *key => {
                Some(format!("key {key} was answered with {payment:?}"))
            }
            Some(_) => None,
        });
        let unknown = self.effects.iter().filter(|effect| !by_reference.contains_key(effect.key.as_str()));
        gone.chain(unknown.map(|effect| format!("no payment knows of {effect:?}"))).collect()
    }

    /// Rule 4: SUCCEEDED if and only if money moved, as much as was wanted and to whom it was meant for; FAILED and
    /// CANCELLED only if none did.
    fn wrong_final(&self, payment: &PaymentRow) -> Option<String> {
        let effect = self.effects.iter().find(|effect| effect.key == payment.our_reference);
        let is_right = match (payment.status.as_str(), effect) {
            ("SUCCEEDED", Some(effect)) => {
                effect.amount == payment.amount.amount && effect.account == payment.account_reference
            }
            ("SUCCEEDED", None) | ("FAILED" | "CANCELLED", Some(_)) | ("REVERSED", _) => false,
            _ => true,
        };
        (!is_right).then(|| format!("{payment:?} contradicts {effect:?}"))
    }

    /// Rules 5 and 6: the log and the payments' versions have no gaps and agree, nothing is stranded; and nobody was
    /// left without an answer.
    fn other(&self, receipts: &Receipts) -> Vec<String> {
        let mut found = Vec::new();
        let sequences = self.events.iter().map(|event| event.sequence.parse::<u64>().ok());
        if !sequences.eq((1..=self.head).map(Some)) {
            found.push(format!("the {} events of the log are not 1 to {}", self.events.len(), self.head));
        }
        let lives = self.lives();
        found.extend(self.payments.iter().filter_map(|payment| broken_life(payment, lives.get(payment.id.as_str()))));
        if lives.len() != self.payments.len() {
            found.push(format!("{} payments have events, {} are listed", lives.len(), self.payments.len()));
        }
        if self.stranded.as_deref() != Some("0") {
            found.push(format!("{STRANDED} is {:?}", self.stranded));
        }
        if self.panics > 0 {
            found.push(format!("the servers panicked {} times", self.panics));
        }
        found.extend(receipts.given_up.iter().map(|purchase| format!("never acknowledged: {purchase}")));
        found
    }

    fn by_reference(&self) -> BTreeMap<&str, &PaymentRow> {
        self.payments.iter().map(|payment| (payment.our_reference.as_str(), payment)).collect()
    }

    /// The events of each payment, in their order.
    fn lives(&self) -> BTreeMap<&str, Vec<&EventRow>> {
        let mut lives: BTreeMap<&str, Vec<&EventRow>> = BTreeMap::new();
        for event in &self.events {
            lives.entry(event.payment.id.as_str()).or_default().push(event);
        }
        lives
    }
}

/// Rule 3: final, or in review with a reason.
fn open(payment: &PaymentRow) -> Option<String> {
    let is_closed = is_final(&payment.status) || (payment.status == IN_REVIEW && payment.review.is_some());
    (!is_closed).then(|| format!("still open: {payment:?}"))
}

fn broken_life(payment: &PaymentRow, life: Option<&Vec<&EventRow>>) -> Option<String> {
    let life = life.map(Vec::as_slice).unwrap_or_default();
    let versions_are_whole = life.iter().map(|event| event.version).eq(1..=payment.version);
    let ends_as_told = life.last().is_some_and(|event| event.status == payment.status);
    (!versions_are_whole || !ends_as_told).then(|| format!("the events of {payment:?} do not lead to it: {life:?}"))
}

fn is_final(status: &str) -> bool {
    FINAL.contains(&status)
}

fn read_effects(ledger: &str) -> Vec<Effect> {
    let lines = ledger.lines().filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn counts<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    counts
}

fn repeated<'a>(counts: &'a BTreeMap<&'a str, usize>) -> impl Iterator<Item = (&'a str, usize)> {
    counts.iter().filter(|(_, times)| **times > 1).map(|(name, times)| (*name, *times))
}
