//! Collections: what a provider tells of money that was paid to control numbers.
//!
//! It comes in two ways: in a signed callback, and in the sweep over the newest payments, which finds what a lost
//! callback should have told, and is brought forward by one whose origin is not proven, where it names a number of ours.
//! Both end in [`App::take_collection`], which takes the same news twice, late and in any order: one row for each payment,
//! by the provider's own reference. Nothing that was paid is dropped, whatever is odd about it.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;

use super::App;
use super::control_numbers::currency;
use super::engine::call::Call;
use super::engine::{actor_of, clean};
use crate::crash::Step;
use crate::domain::collection::{Collection, CollectionFlag, Counts, advance, counts, flags, has_come};
use crate::domain::control_number::{ControlNumber, ControlNumberStatus, Customer};
use crate::domain::event::EventType;
use crate::domain::ids::ControlNumberId;
use crate::domain::money::Money;
use crate::domain::provider::{Capability, ProviderCode};
use crate::ports::provider::{CollectionAnswer, CollectionPage as Page, Provider, ProviderError, Trouble};
use crate::store::work::Work;
use crate::store::{StoreError, retrying};

/// How many pages a sweep reads at most where none came to its end before: what is older was paid before billpay was
/// there.
const MOST_PAGES_AT_FIRST: u32 = 50;
/// And at most otherwise. A provider that has gone mad is not read for ever.
const MOST_PAGES: u32 = 10_000;
/// What one page holds at most.
const PAGE: u32 = 100;
/// How many numbers with money that is expected to go on are asked for in a sweep, and how often each.
const MOST_FOLLOWED: u64 = 5;
const FOLLOW_EVERY: Duration = Duration::from_secs(600);

/// What became of a piece of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was the first of this payment.
    New,
    /// It changed what was known.
    Changed,
    /// It was known, older, or cannot be stored.
    Same,
}

impl App {
    /// Takes a piece of news in, in a change of its own.
    pub(in crate::app) async fn take_collection(
        &self,
        provider: ProviderCode,
        answer: &CollectionAnswer,
        actor: &str,
    ) -> Result<Outcome, StoreError> {
        retrying(|| self.try_take_collection(provider, answer, actor)).await
    }

    async fn try_take_collection(
        &self,
        provider: ProviderCode,
        answer: &CollectionAnswer,
        actor: &str,
    ) -> Result<Outcome, StoreError> {
        let mut work = self.store.begin(Step::Callback).await?;
        let outcome = self.apply_collection(&mut work, provider, answer, actor).await?;
        match outcome {
            Outcome::Same => work.roll_back().await?,
            Outcome::New | Outcome::Changed => work.commit().await?,
        }
        Ok(outcome)
    }

    /// Takes a piece of news in, inside a change. A duplicate by a race is the database's to refuse: the whole change is
    /// then to be tried again.
    pub(in crate::app) async fn apply_collection(
        &self,
        work: &mut Work,
        provider: ProviderCode,
        answer: &CollectionAnswer,
        actor: &str,
    ) -> Result<Outcome, StoreError> {
        let Some(told) = clean_collection(answer) else {
            tracing::error!(provider.name = %provider, "money was told of without a usable reference");
            return Ok(Outcome::Same);
        };
        let known = work.lock_collection(provider, &told.reference).await?;
        let mut number = paid_number(work, provider, known.as_ref(), &told.number).await?;
        let Some(mut after) = self.next_collection(provider, known.as_ref(), &told, number.as_ref())? else {
            return Ok(Outcome::Same);
        };
        work.save_collection(known.as_ref(), &mut after, actor).await?;
        if let Some(number) = &mut number {
            count(work, number, known.as_ref(), &after, actor).await?;
        }
        note(&after);
        Ok(if known.is_none() { Outcome::New } else { Outcome::Changed })
    }

    /// What news makes of a collection; nothing where it changes nothing.
    fn next_collection(
        &self,
        provider: ProviderCode,
        known: Option<&Collection>,
        told: &CollectionAnswer,
        number: Option<&ControlNumber>,
    ) -> Result<Option<Collection>, StoreError> {
        let nothing = Money::from_minor(0, currency()?);
        let Some(known) = known else {
            let now = self.clock.now();
            return Ok(Some(Collection {
                id: self.ids.next(),
                tenant: number.map(|number| number.tenant.clone()),
                owner: number.and_then(|number| number.owner.clone()),
                provider,
                control_number_id: number.map(|number| number.id),
                number: told.number.clone(),
                amount: told.amount.unwrap_or(nothing),
                status: told.status,
                payer: told.payer.clone(),
                channel: told.channel.clone(),
                provider_reference: told.reference.clone(),
                message: told.message.clone(),
                flags: flags(number, told.amount, told.status),
                version: 0,
                received_at: now,
                updated_at: now,
            }));
        };
        Ok(advanced(known, told, number))
    }

    /// Asks the provider what was paid to a number, and takes it in; tells how much of it was news.
    async fn look_up_collections(&self, code: ProviderCode, number: &str) -> Result<u32, StoreError> {
        let Some(provider) = self.provider(code).cloned() else { return Ok(0) };
        match self.ask(provider.as_ref(), "collections_of", provider.collections_of(number)).await? {
            Some(told) => self.take_all(code, &told).await,
            None => Ok(0),
        }
    }

    /// Reads the newest payments of every provider that takes any, as far back as anything may be unknown; one process at
    /// a time, once a minute. Tells how much was news.
    pub async fn sweep_collections(&self) -> Result<u32, StoreError> {
        let mut news = 0;
        for (&code, provider) in &self.providers {
            if provider.capabilities().contains(&Capability::ControlNumber)
                && self.store.lease_collections(code, self.policy.collect_interval).await?
            {
                news += self.sweep(code, provider.as_ref()).await?;
                news += self.follow_open(code).await?;
            }
        }
        Ok(news)
    }

    /// Reads page by page to the newest payment of the last reading that came to its end: what is older is known. That a
    /// page brings no news is not enough, since callbacks may have told of all of it, and of what is behind it nobody. A
    /// reading that fails, or does not come so far, is no reading: the next one goes as far back.
    async fn sweep(&self, code: ProviderCode, provider: &dyn Provider) -> Result<u32, StoreError> {
        let read_to = self.store.collections_read_to(code).await?;
        let most = if read_to.is_none() { MOST_PAGES_AT_FIRST } else { MOST_PAGES };
        let (mut news, mut newest) = (0, None);
        for page in 0..most {
            let call = provider.newest_collections(page * PAGE);
            let Some(Page { told, is_last }) = self.ask(provider, "newest_collections", call).await? else {
                return Ok(news);
            };
            news += self.take_all(code, &told).await?;
            let known: Vec<_> = told.iter().filter_map(clean_collection).map(|told| told.reference).collect();
            newest = newest.or_else(|| known.first().cloned());
            let is_at_first_bound = read_to.is_none() && page + 1 == most;
            let is_read = is_last || read_to.as_ref().is_some_and(|read_to| known.contains(read_to));
            if is_read || is_at_first_bound {
                if let Some(newest) = newest {
                    self.store.set_collections_read_to(code, &newest).await?;
                }
                return Ok(news);
            }
        }
        tracing::error!(provider.name = %code, pages = most, "the last payment that was read is not found any more");
        Ok(news)
    }

    /// Money that is expected to go on, such as to be settled or given back, is not among the newest for ever.
    async fn follow_open(&self, code: ProviderCode) -> Result<u32, StoreError> {
        let mut news = 0;
        for (id, number) in self.store.numbers_with_open_collections(code, MOST_FOLLOWED).await? {
            if self.store.may_ask_collections(id, FOLLOW_EVERY).await? {
                news += self.look_up_collections(code, &number).await?;
            }
        }
        Ok(news)
    }

    /// Waits for an answer about money; nothing where there is none, which is noted.
    async fn ask<T: Send + Sync>(
        &self,
        provider: &dyn Provider,
        name: &'static str,
        call: impl Future<Output = Result<T, ProviderError>> + Send,
    ) -> Result<Option<T>, StoreError> {
        let making = Call::new(provider.code(), name);
        let unknown = |what| ProviderError::Unknown(Trouble { what, ..Trouble::default() });
        let call = AssertUnwindSafe(call).catch_unwind();
        let outcome = match tokio::time::timeout(self.policy.call_timeout, making.run(call)).await {
            Ok(Ok(outcome)) => outcome.map_err(clean::error),
            Ok(Err(_panic)) => Err(unknown("the adapter failed")),
            Err(_elapsed) => Err(unknown("no answer in time")),
        };
        let asked = making.end(&outcome);
        self.note_question(provider.code(), asked, &outcome).await?;
        if let Err(error) = &outcome {
            tracing::warn!(provider.name = %provider.code(), %error, "the provider did not tell what was paid");
        }
        Ok(outcome.ok())
    }

    async fn take_all(&self, code: ProviderCode, told: &[CollectionAnswer]) -> Result<u32, StoreError> {
        let mut news = 0;
        for answer in told {
            match self.take_collection(code, answer, actor_of(code)).await? {
                Outcome::New | Outcome::Changed => news += 1,
                Outcome::Same => {}
            }
        }
        Ok(news)
    }
}

/// The number that was paid, locked: the one that the collection is known to be for, else the one that is paid so. Where
/// no definite answer about it is known yet, it is looked up: money shows that it exists.
async fn paid_number(
    work: &mut Work,
    provider: ProviderCode,
    known: Option<&Collection>,
    number: &str,
) -> Result<Option<ControlNumber>, StoreError> {
    let id: Option<ControlNumberId> = match known.and_then(|known| known.control_number_id) {
        Some(id) => Some(id),
        None => {
            let found = work.number_that_is_paid(provider, number).await?;
            let may_be = match &found {
                Some(found) if found.status == ControlNumberStatus::NeedsReview => Some(found.clone()),
                Some(_) => None,
                None => work.number_that_may_be_paid(provider, number).await?,
            };
            if let Some(may_be) = may_be {
                // The money is its own as soon as the provider shows the number with our terms.
                work.request_look_up(may_be.submission_id).await?;
            }
            found.map(|found| found.id)
        }
    };
    match id {
        Some(id) => work.lock_control_number(id).await,
        None => Ok(None),
    }
}

/// What news makes of a known collection; nothing where it changes nothing. Flags are those of the moment when the money
/// came, or was first heard of where it has not.
fn advanced(known: &Collection, told: &CollectionAnswer, number: Option<&ControlNumber>) -> Option<Collection> {
    let moves = advance(known.status, told.status);
    let adopted = number.filter(|_| known.control_number_id.is_none());
    let first_amount = told.amount.filter(|amount| known.amount.minor() == 0 && amount.is_positive());
    if !moves && adopted.is_none() && first_amount.is_none() {
        return None;
    }
    let mut after = known.clone();
    if let Some(number) = adopted {
        after.tenant = Some(number.tenant.clone());
        after.owner.clone_from(&number.owner);
        after.control_number_id = Some(number.id);
    }
    if moves {
        after.status = told.status;
        after.amount = told.amount.unwrap_or(after.amount);
        after.message = told.message.clone().or(after.message);
    }
    after.amount = first_amount.unwrap_or(after.amount);
    after.payer = told.payer.clone().or(after.payer);
    after.channel = told.channel.clone().or(after.channel);
    if adopted.is_some() || (!has_come(known.status) && has_come(after.status)) {
        let amount = told.amount.or(Some(known.amount).filter(|amount| amount.minor() != 0));
        after.flags = flags(number, amount, after.status);
    }
    Some(after)
}

/// Counts what a collection now counts for its number, and tells where that brings the number.
async fn count(
    work: &mut Work,
    number: &mut ControlNumber,
    known: Option<&Collection>,
    after: &Collection,
    actor: &str,
) -> Result<(), StoreError> {
    let before = number.clone();
    let counted = known.filter(|known| known.control_number_id.is_some());
    let was = counted.map_or_else(Counts::default, |known| counts(&before, known.amount, known.status));
    number.recount(was, counts(&before, after.amount, after.status));
    if number.is_issued() {
        number.status = number.status_by_money();
    }
    if *number != before {
        work.save_control_number(&before, number, EventType::ControlNumberPaid, actor, None).await?;
    }
    Ok(())
}

fn note(after: &Collection) {
    if after.flags.is_empty() {
        tracing::info!(collection.id = %after.id, status = %after.status, "money for a control number");
    } else {
        let flags: Vec<_> = after.flags.iter().map(|flag: &CollectionFlag| flag.as_str()).collect();
        tracing::warn!(collection.id = %after.id, status = %after.status, ?flags, "unusual money for a control number");
    }
}

/// News that can be stored; none where the provider's reference or the number cannot.
fn clean_collection(answer: &CollectionAnswer) -> Option<CollectionAnswer> {
    let payer = answer.payer.clone().map(|payer| Customer {
        name: payer.name.map(clean::text),
        phone_number: payer.phone_number.map(clean::text),
        email: payer.email.map(clean::text),
    });
    Some(CollectionAnswer {
        reference: clean::reference(answer.reference.clone())?,
        number: clean::reference(answer.number.clone())?,
        payer,
        channel: answer.channel.clone().map(clean::text),
        payment_reference: answer.payment_reference.clone().and_then(clean::reference),
        message: answer.message.clone().map(clean::text),
        ..answer.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::collection::CollectionStatus;
    use crate::domain::control_number::ControlNumberKind;
    use crate::domain::control_number::money::tests::{number, shillings};
    use crate::domain::ids::Id;

    fn told(status: CollectionStatus, amount: Option<i64>) -> CollectionAnswer {
        CollectionAnswer {
            reference: "ref-1".to_owned(),
            number: "123".to_owned(),
            status,
            amount: amount.map(shillings),
            payer: None,
            channel: None,
            payment_reference: None,
            message: None,
            updated_at: None,
        }
    }

    fn known(status: CollectionStatus, number: Option<&ControlNumber>) -> Collection {
        Collection {
            id: Id::from_parts(1, &[3; 10]),
            tenant: number.map(|number| number.tenant.clone()),
            owner: None,
            provider: ProviderCode::Clickpesa,
            control_number_id: number.map(|number| number.id),
            number: "123".to_owned(),
            amount: shillings(100),
            status,
            payer: None,
            channel: None,
            provider_reference: "ref-1".to_owned(),
            message: None,
            flags: Vec::new(),
            version: 1,
            received_at: jiff::Timestamp::UNIX_EPOCH,
            updated_at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_same_news_again_and_older_news_change_nothing() {
        let ours = number(ControlNumberKind::Order, Some(100));
        let received = known(CollectionStatus::Received, Some(&ours));
        assert_eq!(advanced(&received, &told(CollectionStatus::Received, Some(100)), Some(&ours)), None);
        assert_eq!(advanced(&received, &told(CollectionStatus::Pending, Some(100)), Some(&ours)), None);
        let settled = advanced(&received, &told(CollectionStatus::Settled, None), Some(&ours));
        assert_eq!(
            settled.map(|after| (after.status, after.amount)),
            Some((CollectionStatus::Settled, shillings(100)))
        );
    }

    #[test]
    fn flags_are_those_of_the_moment_when_the_money_came() {
        let mut ours = number(ControlNumberKind::Order, Some(100));
        let pending = known(CollectionStatus::Pending, Some(&ours));
        // Another payment came first.
        ours.paid_once = true;
        let received = advanced(&pending, &told(CollectionStatus::Received, Some(100)), Some(&ours));
        let received = received.expect("it moved");
        assert_eq!(received.flags, [CollectionFlag::InactiveNumber]);
        let settled = advanced(&received, &told(CollectionStatus::Settled, Some(100)), Some(&ours));
        assert_eq!(settled.map(|after| after.flags), Some(vec![CollectionFlag::InactiveNumber]));
    }

    #[test]
    fn money_of_an_unknown_number_finds_its_number_later() {
        let ours = number(ControlNumberKind::Customer, None);
        let lost = known(CollectionStatus::Received, None);
        let found = advanced(&lost, &told(CollectionStatus::Received, Some(100)), Some(&ours)).expect("it was adopted");
        assert_eq!((found.control_number_id, found.tenant.as_ref()), (Some(ours.id), Some(&ours.tenant)));
        assert!(found.flags.is_empty());
    }

    #[test]
    fn news_without_a_usable_reference_is_not_stored() {
        let mut odd = told(CollectionStatus::Received, Some(100));
        odd.reference = String::new();
        assert!(clean_collection(&odd).is_none());
    }
}
