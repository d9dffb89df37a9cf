//! The books after a run: what the API tells, and what the sandbox knows of money and of control numbers.

use std::collections::BTreeMap;

use billpay::domain::provider::ProviderCode;

use super::api::Api;
use super::rows::{BulkRow, CollectionRow, EventRow, NumberRow, PaymentRow};
use super::sandbox::{Ledger, MadeNumber};
use super::world::World;
use super::{claims, numbers, payments, recalls};

/// How often the books are read again because they changed meanwhile.
const MOST_READINGS: usize = 10;
/// The metric of payments that nobody works on.
pub(super) const STRANDED: &str = "billpay_payments_stranded";
/// A status in which a person must look.
pub(super) const IN_REVIEW: &str = "NEEDS_REVIEW";

/// All that is known after a run.
pub(super) struct Books {
    pub(super) payments: Vec<PaymentRow>,
    pub(super) bulks: Vec<BulkRow>,
    pub(super) numbers: Vec<NumberRow>,
    pub(super) collections: Vec<CollectionRow>,
    pub(super) events: Vec<EventRow>,
    pub(super) head: u64,
    pub(super) ledger: Ledger,
    /// The control numbers that exist at the provider.
    pub(super) made_numbers: Vec<MadeNumber>,
    /// What was done, submission by submission.
    pub(super) attempts: Vec<entity::attempt::Model>,
    /// What was to be cancelled or voided.
    pub(super) recalls: Vec<entity::recall::Model>,
    pub(super) stranded: Option<String>,
    pub(super) panics: usize,
}

/// Something that a key made.
#[derive(Debug)]
pub(super) struct Made<'a> {
    pub(super) provider: ProviderCode,
    pub(super) id: &'a str,
}

impl Books {
    /// Reads the books of a server that nobody kills any more, all as of one moment.
    pub(super) async fn read(world: &World, api: &Api) -> Self {
        let backstage = world.base().connect().await;
        for _ in 0..MOST_READINGS {
            let (events, head) = api.events().await;
            let books = Self {
                payments: api.payments().await,
                bulks: api.bulk_payments().await,
                numbers: api.control_numbers().await,
                collections: api.collections().await,
                events,
                head,
                ledger: Ledger::read(&world.effects()),
                made_numbers: world.sandbox().control_numbers().await,
                attempts: claims::read(&backstage).await,
                recalls: recalls::read(&backstage).await,
                stranded: api.metric(STRANDED).await,
                panics: world.log().matches("panicked").count(),
            };
            if api.head().await == head.to_string() {
                backstage.close().await.expect("closed");
                return books;
            }
        }
        panic!("the event log still grows");
    }

    /// What each key made.
    pub(super) fn made(&self) -> BTreeMap<&str, Vec<Made<'_>>> {
        let mut made: BTreeMap<&str, Vec<Made<'_>>> = BTreeMap::new();
        let mut note = |key, provider, id| made.entry(key).or_default().push(Made { provider, id });
        for payment in &self.payments {
            if let Some(key) = &payment.idempotency_key {
                note(key.as_str(), payment.provider.code, payment.id.as_str());
            }
        }
        for bulk in &self.bulks {
            note(bulk.idempotency_key.as_str(), ProviderCode::Bill, bulk.id.as_str());
        }
        for number in &self.numbers {
            note(number.idempotency_key.as_str(), ProviderCode::Clickpesa, number.id.as_str());
        }
        made
    }

    /// How many payments and control numbers were bought from a provider.
    pub(super) fn bought(&self, provider: ProviderCode) -> usize {
        self.fates(provider).count()
    }

    /// How many of them wait for a person, by reason.
    pub(super) fn in_review(&self, provider: ProviderCode) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for reason in self.fates(provider).filter_map(|fate| fate.review) {
            *counts.entry(reason.to_owned()).or_default() += 1;
        }
        counts
    }

    /// How long each of them took from its creation to its first settled state, shortest first.
    pub(super) fn settle_times_ms(&self, provider: ProviderCode) -> Vec<i64> {
        let lives = self.lives();
        let settled = self.fates(provider).filter_map(|fate| {
            let life = lives.get(fate.id)?;
            let end = life.iter().find(|event| event.status().is_some_and(fate.is_settled))?;
            Some(end.at.as_millisecond() - life.first()?.at.as_millisecond())
        });
        let mut times: Vec<_> = settled.collect();
        times.sort_unstable();
        times
    }

    /// The events of each object, in their order.
    pub(super) fn lives(&self) -> BTreeMap<&str, Vec<&EventRow>> {
        let mut lives: BTreeMap<&str, Vec<&EventRow>> = BTreeMap::new();
        for event in &self.events {
            lives.entry(event.subject.id.as_str()).or_default().push(event);
        }
        lives
    }

    fn fates(&self, provider: ProviderCode) -> impl Iterator<Item = Fate<'_>> {
        let payments = self.payments.iter().filter(move |payment| payment.provider.code == provider);
        let payments = payments.map(|payment| Fate {
            id: &payment.id,
            review: payment.review.as_ref().map(|review| review.reason.as_str()),
            is_settled: payments::is_final,
        });
        let numbers = self.numbers.iter().filter(move |_| provider == ProviderCode::Clickpesa);
        payments.chain(numbers.map(|number| Fate {
            id: &number.id,
            review: number.review.as_ref().map(|review| review.reason.as_str()),
            is_settled: numbers::is_settled,
        }))
    }
}

/// What became of a payment or a control number.
struct Fate<'a> {
    id: &'a str,
    review: Option<&'a str>,
    /// Whether a status is one in which nothing is left to be found out.
    is_settled: fn(&str) -> bool,
}
