//! Storing new payments with care: in a transaction that looks before it writes, and on PostgreSQL one a tenant.
//!
//! Purpose: nobody fails for a neighbour, and nobody waits for one longer than need be. Mechanism: what is open is
//! stored by its tenants, several at a time, since whoever holds the end of a tenant's log holds up that tenant and no
//! other; SQLite has one writer, whom one transaction costs less than several. The bills of accounts are looked up
//! before. What the database refuses of several it is shown again one by one. Guarantee: each outcome is as if its
//! submission had been alone; a lock that did not come free is an answer, not a wait for ever.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use futures_util::stream::{self, StreamExt};
use sea_orm::{ConnectionTrait, DbBackend};

use super::super::bill_claims::ClaimKey;
use super::super::portions::filled_up;
use super::super::retry::retrying;
use super::super::work::Work;
use super::super::{Store, StoreError};
use super::bills::Open;
use super::{Created, Key, NewSubmission, Outcome, claim_all, claims_of, holder_of, key_of, stored, used_in_batch};
use crate::crash::Step;
use crate::domain::requester::TenantId;

/// How many tenants' payments are stored at a time: each takes a connection.
const TENANTS_AT_A_TIME: usize = 4;
/// How long a lock is waited for where the whole batch has waited for one in vain.
const BRIEFLY: &str = "SET LOCAL lock_timeout = '300ms'";

/// How long locks are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    /// As long as every statement waits.
    AsUsual,
    /// Hardly: others wait, and one was waited for in vain already.
    Briefly,
}

impl Store {
    /// Stores what is still open of a batch, and tells what became of it.
    pub(super) async fn create_carefully(
        &self,
        batch: &[NewSubmission],
        outcomes: &mut [Option<Outcome>],
        waits: Waits,
    ) {
        let open = batch.iter().enumerate().filter(|(place, _)| outcomes[*place].is_none()).collect();
        let mut ready = Vec::new();
        for (place, found) in self.with_bills(open).await {
            match found {
                Ok(item) => ready.push((place, item)),
                Err(error) => outcomes[place] = Some(Err(error)),
            }
        }
        let groups = if self.is_postgres() { by_tenant(ready) } else { vec![ready] };
        let mut storing = Vec::with_capacity(groups.len());
        for group in groups {
            storing.push(self.create_group(group, waits));
        }
        let mut storing = stream::iter(storing).buffer_unordered(TENANTS_AT_A_TIME);
        while let Some(stored) = storing.next().await {
            for (place, outcome) in stored {
                outcomes[place] = Some(outcome);
            }
        }
    }

    async fn create_group(&self, group: Vec<Open<'_>>, waits: Waits) -> Vec<(usize, Outcome)> {
        let (places, items): (Vec<usize>, Vec<Cow<'_, NewSubmission>>) = group.into_iter().unzip();
        let items: Vec<&NewSubmission> = items.iter().map(|item| &**item).collect();
        let outcomes = self.create_together(&items, waits).await;
        places.into_iter().zip(outcomes).collect()
    }

    async fn create_together(&self, batch: &[&NewSubmission], waits: Waits) -> Vec<Outcome> {
        if batch.is_empty() {
            return Vec::new();
        }
        match self.create_again_and_again(batch, waits).await {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            // Who holds the lock of one tenant holds up all of it.
            Err(error) if batch.len() == 1 || error.is_of_all() || error.is_held() => {
                batch.iter().map(|_| Err(error.clone())).collect()
            }
            Err(_of_one) => self.create_one_by_one(batch, waits).await,
        }
    }

    async fn create_one_by_one(&self, batch: &[&NewSubmission], waits: Waits) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(batch.len());
        let mut in_vain: Option<StoreError> = None;
        for item in batch {
            let outcome = match &in_vain {
                Some(error) => Err(error.clone()),
                None => self.create_alone(item, waits).await,
            };
            // What the database lacks for one it lacks for those behind as well, after as long a wait for each.
            in_vain = in_vain.or_else(|| outcome.as_ref().err().filter(|error| error.is_in_vain()).cloned());
            outcomes.push(outcome);
        }
        outcomes
    }

    async fn create_alone(&self, item: &NewSubmission, waits: Waits) -> Outcome {
        let alone = [item];
        let mut answers = self.create_again_and_again(&alone, waits).await?;
        answers.pop().ok_or(StoreError::Unreadable("what became of a submission"))
    }

    /// Tries as often as another is in the way, but not where that one held a lock too long: others wait meanwhile.
    async fn create_again_and_again(&self, batch: &[&NewSubmission], waits: Waits) -> Result<Vec<Created>, StoreError> {
        let tried = retrying(|| async {
            match self.try_create(batch, waits).await {
                Err(error) if error.is_held() => Ok(Err(error)),
                tried => tried.map(Ok),
            }
        });
        tried.await?
    }

    async fn try_create(&self, batch: &[&NewSubmission], waits: Waits) -> Result<Vec<Created>, StoreError> {
        let wanted: Vec<ClaimKey> = batch.iter().copied().flat_map(claims_of).collect();
        let mut work = self.begin(Step::Create).await?;
        match waits {
            Waits::AsUsual => {}
            Waits::Briefly => work.wait_briefly().await?,
        }
        // Claims first: who sees the claim of a payment that was committed meanwhile then sees its key as well.
        let mut held = work.claims(filled_up(wanted).into_iter()).await?;
        let used = work.used_keys(batch).await?;
        let mut stored_keys: HashMap<Key, usize> = HashMap::new();
        let mut answers = Vec::with_capacity(batch.len());
        let mut to_store = Vec::new();
        for (place, &item) in batch.iter().enumerate() {
            let key = key_of(item);
            if let Some(answer) = key.as_ref().and_then(|key| used.get(key)) {
                answers.push(answer.clone());
            } else if let Some(&first) = key.as_ref().and_then(|key| stored_keys.get(key)) {
                answers.push(used_in_batch(batch[first]));
            } else if let Some(holder) = holder_of(item, &held) {
                answers.push(Created::BeingPaid(holder));
            } else {
                claim_all(item, &mut held);
                stored_keys.extend(key.map(|key| (key, place)));
                to_store.push(item);
                answers.push(stored(item));
            }
        }
        if to_store.is_empty() {
            work.roll_back().await?;
            return Ok(answers);
        }
        work.insert(&to_store).await?;
        work.wake_worker();
        work.commit().await?;
        Ok(answers)
    }
}

impl Work {
    async fn wait_briefly(&self) -> Result<(), StoreError> {
        if self.tx.get_database_backend() == DbBackend::Postgres {
            self.tx.execute_unprepared(BRIEFLY).await?;
        }
        Ok(())
    }
}

/// Those of each tenant by themselves.
fn by_tenant(open: Vec<Open<'_>>) -> Vec<Vec<Open<'_>>> {
    let mut groups: BTreeMap<TenantId, Vec<Open<'_>>> = BTreeMap::new();
    for (place, item) in open {
        groups.entry(item.submission.tenant.clone()).or_default().push((place, item));
    }
    groups.into_values().collect()
}
