//! Making control numbers: one transaction, no network; the worker asks the provider.
//!
//! The idempotency key is looked up before anything else is checked. A number's reference, which the provider makes the
//! number, is always ours: the caller's, or one that is made here, so that it can be looked up after an unclear answer
//! and a second request for it is recognised. A batch becomes one submission for each kind; what is wrong with an item
//! keeps only that item from being made.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::check::{self, Checked};
use super::{CreateControlNumber, CreatedControlNumber, CreatedControlNumbers};
use crate::app::access::require;
use crate::app::overload::unwritten;
use crate::app::{App, AppError, idempotency};
use crate::domain::control_number::{ControlNumber, ControlNumberKind, ControlNumberMode, ControlNumberStatus};
use crate::domain::ids::SubmissionId;
use crate::domain::money::{DecimalText, Money};
use crate::domain::payment::submission::{Subject, Submission, Times};
use crate::domain::provider::ProviderCode;
use crate::domain::refusal::{ErrorCode, Refusal};
use crate::domain::requester::{Requester, Scope};
use crate::store::{CreatedNumbers, KeyOwner, NewControlNumber, NewNumbers, StoreError, UsedNumber};

/// The most numbers of a batch, as the provider has it.
const MOST_ITEMS: usize = 50;
/// How often a batch is put together anew because references turned out to be in use.
const MOST_TRIES: usize = 8;
/// The references that are made here have this many digits, none of them a zero in front.
const FIRST_REFERENCE: u128 = 1_000_000_000_000_000;
const REFERENCES: u128 = 9 * FIRST_REFERENCE;

/// One request for control numbers.
struct Request<'a> {
    requester: &'a Requester,
    key: &'a str,
    key_owner: KeyOwner,
    hash: String,
}

impl App {
    /// Makes a control number, or answers the one that was made with the same key.
    pub async fn create_control_number(
        &self,
        requester: &Requester,
        idempotency_key: &str,
        input: CreateControlNumber,
    ) -> Result<CreatedControlNumber, AppError> {
        require(requester, Scope::ControlNumbersWrite)?;
        idempotency::check(idempotency_key)?;
        let hash = hash(requester, "createControlNumber/1", std::slice::from_ref(&input));
        let request = Request { requester, key: idempotency_key, key_owner: KeyOwner::One, hash };
        if let Some(used) = self.used_key_of(&request).await? {
            return self.replay_one(&request, used).await;
        }
        let checked = self.check_number(&input, &["input"]).map_err(AppError::Refused)?;
        let batch = self.batch(&request, &[Ok(checked)])?;
        match self.store_new_numbers(&batch).await? {
            CreatedNumbers::KeyUsed(used) => self.replay_one(&request, used).await,
            CreatedNumbers::ReferencesInUse(_) => Err(in_use(&["input", "reference"]).into()),
            CreatedNumbers::Stored => {
                let ids: Vec<_> = batch.iter().flat_map(|item| &item.numbers).map(|new| new.number.id.uuid()).collect();
                let made = self.wait_for_numbers(&requester.tenant, &ids).await?;
                Ok(CreatedControlNumber {
                    control_number: made.into_values().next(),
                    errors: Vec::new(),
                    replayed: false,
                })
            }
        }
    }

    /// Makes control numbers, or answers those that were made with the same key.
    pub async fn create_control_numbers(
        &self,
        requester: &Requester,
        idempotency_key: &str,
        items: Vec<CreateControlNumber>,
    ) -> Result<CreatedControlNumbers, AppError> {
        require(requester, Scope::ControlNumbersWrite)?;
        idempotency::check(idempotency_key)?;
        if !(1..=MOST_ITEMS).contains(&items.len()) {
            let message = format!("a batch has 1 to {MOST_ITEMS} items");
            return Err(Refusal::input(&["input", "items"], message).into());
        }
        let hash = hash(requester, "createControlNumbers/1", &items);
        let request = Request { requester, key: idempotency_key, key_owner: KeyOwner::Batch, hash };
        if let Some(used) = self.used_key_of(&request).await? {
            return self.replay_batch(&request, used, &items).await;
        }
        let mut checked = self.check_numbers(&items);
        for _ in 0..MOST_TRIES {
            let batch = self.batch(&request, &checked)?;
            match self.store_new_numbers(&batch).await? {
                CreatedNumbers::KeyUsed(used) => return self.replay_batch(&request, used, &items).await,
                CreatedNumbers::ReferencesInUse(references) => refuse_used(&mut checked, &references),
                CreatedNumbers::Stored => {
                    let made = batch.iter().flat_map(|item| &item.numbers).map(|new| (new.item, new.number.id.uuid()));
                    return self.answer_batch(&request, made.collect(), checked, false).await;
                }
            }
        }
        Err(StoreError::Conflict.into())
    }

    async fn used_key_of(&self, request: &Request<'_>) -> Result<Option<Vec<UsedNumber>>, AppError> {
        let tenant = &request.requester.tenant;
        let used = self.store.numbers_of_key(tenant, request.key_owner, request.key).await.map_err(unwritten)?;
        Ok(Some(used).filter(|used| !used.is_empty()))
    }

    async fn replay_one(&self, request: &Request<'_>, used: Vec<UsedNumber>) -> Result<CreatedControlNumber, AppError> {
        refuse_reuse(request, &used)?;
        let ids: Vec<_> = used.iter().map(|used| used.number.id.uuid()).collect();
        let found = self.wait_for_numbers(&request.requester.tenant, &ids).await?;
        Ok(CreatedControlNumber { control_number: found.into_values().next(), errors: Vec::new(), replayed: true })
    }

    async fn replay_batch(
        &self,
        request: &Request<'_>,
        used: Vec<UsedNumber>,
        items: &[CreateControlNumber],
    ) -> Result<CreatedControlNumbers, AppError> {
        refuse_reuse(request, &used)?;
        let made = used.iter().map(|used| (used.item, used.number.id.uuid())).collect();
        self.answer_batch(request, made, self.check_numbers(items), true).await
    }

    async fn answer_batch(
        &self,
        request: &Request<'_>,
        made: BTreeMap<i32, Uuid>,
        checked: Vec<Result<Checked, Vec<Refusal>>>,
        replayed: bool,
    ) -> Result<CreatedControlNumbers, AppError> {
        let ids: Vec<_> = made.values().copied().collect();
        let mut found = self.wait_for_numbers(&request.requester.tenant, &ids).await?;
        let answer = |(place, checked): (i32, Result<Checked, Vec<Refusal>>)| {
            let control_number = made.get(&place).and_then(|id| found.remove(id));
            let errors = match (&control_number, checked) {
                (Some(_), _) => Vec::new(),
                (None, Err(faults)) => faults,
                // It was refused when the batch was made, since another number had its reference.
                (None, Ok(_)) => vec![in_use(&["input", "items", &place.to_string(), "reference"])],
            };
            CreatedControlNumber { control_number, errors, replayed }
        };
        Ok(CreatedControlNumbers { items: (0..).zip(checked).map(answer).collect(), replayed })
    }

    /// Checks the items of a batch; of several with one reference the first is taken.
    fn check_numbers(&self, items: &[CreateControlNumber]) -> Vec<Result<Checked, Vec<Refusal>>> {
        let mut seen = BTreeSet::new();
        let check = |(place, item): (usize, &CreateControlNumber)| -> Result<Checked, Vec<Refusal>> {
            let place = place.to_string();
            let checked = self.check_number(item, &["input", "items", &place])?;
            match &checked.reference {
                Some(reference) if !seen.insert((checked.provider, reference.clone())) => {
                    Err(vec![in_use(&["input", "items", &place, "reference"])])
                }
                Some(_) | None => Ok(checked),
            }
        };
        items.iter().enumerate().map(check).collect()
    }

    /// The submissions of a request: one for each provider and kind.
    fn batch(
        &self,
        request: &Request<'_>,
        checked: &[Result<Checked, Vec<Refusal>>],
    ) -> Result<Vec<NewNumbers>, StoreError> {
        let now = self.clock.now();
        let mut batch: BTreeMap<(ProviderCode, ControlNumberKind), NewNumbers> = BTreeMap::new();
        for (item, good) in (0..).zip(checked) {
            let Ok(good) = good else { continue };
            let of_kind = batch.entry((good.provider, good.kind)).or_insert_with(|| NewNumbers {
                submission: self.numbers_submission(request.requester, good.provider, now),
                next_action_at: now,
                numbers: Vec::new(),
            });
            let mut number = self.new_number(request, good, of_kind.submission.id, now)?;
            number.place = i32::try_from(of_kind.numbers.len()).unwrap_or(i32::MAX);
            of_kind.numbers.push(NewControlNumber {
                number,
                request_hash: request.hash.clone(),
                key_owner: request.key_owner,
                item,
            });
        }
        Ok(batch.into_values().collect())
    }

    fn new_number(
        &self,
        request: &Request<'_>,
        good: &Checked,
        submission_id: SubmissionId,
        now: Timestamp,
    ) -> Result<ControlNumber, StoreError> {
        let nothing = Money::from_minor(0, check::currency()?);
        Ok(ControlNumber {
            id: self.ids.next(),
            tenant: request.requester.tenant.clone(),
            owner: request.requester.customer.clone(),
            idempotency_key: request.key.to_owned(),
            submission_id,
            place: 0,
            provider: good.provider,
            number: None,
            kind: good.kind,
            mode: good.terms.mode,
            amount: good.terms.amount,
            max_amount: good.terms.max_amount,
            received: nothing,
            counted: nothing,
            paid_once: false,
            reference: good.reference.clone().unwrap_or_else(|| self.made_reference()),
            description: good.description.clone(),
            customer: good.customer.clone(),
            enabled: true,
            status: ControlNumberStatus::Requested,
            review: None,
            failure: None,
            version: 1,
            created_by: request.requester.subject.clone(),
            created_at: now,
            updated_at: now,
        })
    }

    /// Digits only, since payers type them into menus of phones.
    fn made_reference(&self) -> String {
        reference_of(self.ids.reference())
    }

    fn numbers_submission(&self, requester: &Requester, provider: ProviderCode, now: Timestamp) -> Submission {
        let later = |by| now.saturating_add(by).unwrap_or(Timestamp::MAX);
        let times =
            Times { run_at: now, not_after: later(self.policy.not_after), review_at: later(self.policy.review_after) };
        let (id, tenant) = (self.ids.next(), requester.tenant.clone());
        // Each number has its own reference; this one names the submission and is not sent.
        let key = self.ids.reference().to_string();
        Submission::new(id, tenant, provider, Subject::ControlNumbers, key, times)
    }
}

fn reference_of(random: Uuid) -> String {
    (FIRST_REFERENCE + random.as_u128() % REFERENCES).to_string()
}

fn refuse_reuse(request: &Request<'_>, used: &[UsedNumber]) -> Result<(), Refusal> {
    used.iter().try_for_each(|used| idempotency::check_same(&used.request_hash, &request.hash))
}

fn refuse_used(checked: &mut [Result<Checked, Vec<Refusal>>], references: &[String]) {
    for (place, item) in checked.iter_mut().enumerate() {
        let given = item.as_ref().ok().and_then(|good| good.reference.as_ref());
        if given.is_some_and(|given| references.contains(given)) {
            *item = Err(vec![in_use(&["input", "items", &place.to_string(), "reference"])]);
        }
    }
}

fn in_use(path: &[&str]) -> Refusal {
    Refusal::new(ErrorCode::ReferenceInUse, "this reference belongs to another control number; use another").at(path)
}

/// The hash of the whole input: defaults filled in, amounts in minor units, without the key.
fn hash(requester: &Requester, mutation: &str, items: &[CreateControlNumber]) -> String {
    let items: Vec<_> = items.iter().map(canonical).collect();
    let canonical = json!([mutation, requester.customer.as_ref().map(|customer| customer.as_str()), items]);
    idempotency::hash(&canonical)
}

fn canonical(input: &CreateControlNumber) -> Value {
    let mode = input.mode.or_else(|| input.amount.as_ref().map(|_| ControlNumberMode::Exact));
    let customer = input.customer.as_ref();
    json!([
        input.provider_id,
        input.kind.as_str(),
        mode.map(ControlNumberMode::as_str),
        input.amount.as_ref().map(canonical_amount),
        input.max_amount.as_ref().map(canonical_amount),
        input.reference,
        input.description,
        customer.map(|customer| json!([customer.name, customer.phone_number, customer.email])),
    ])
}

fn canonical_amount((amount, currency): &(DecimalText, String)) -> Value {
    json!([idempotency::canonical_amount(amount, currency), currency])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wish(amount: &str, mode: Option<ControlNumberMode>) -> CreateControlNumber {
        CreateControlNumber {
            provider_id: None,
            kind: ControlNumberKind::Order,
            mode,
            amount: Some((amount.parse().expect("a decimal"), "TZS".to_owned())),
            max_amount: None,
            reference: None,
            description: None,
            customer: None,
        }
    }

    #[test]
    fn the_same_wish_written_otherwise_is_the_same() {
        let exact = Some(ControlNumberMode::Exact);
        assert_eq!(canonical(&wish("15", None)), canonical(&wish("15.00", exact)));
        assert_ne!(canonical(&wish("15", None)), canonical(&wish("15.01", None)));
        let partial = Some(ControlNumberMode::AllowPartialAndOverPayment);
        assert_ne!(canonical(&wish("15", None)), canonical(&wish("15", partial)));
    }

    proptest! {
        #[test]
        fn a_reference_that_is_made_is_digits_without_a_zero_in_front(random in any::<u128>()) {
            let reference = reference_of(Uuid::from_u128(random));
            prop_assert_eq!(reference.len(), 16);
            prop_assert!(reference.bytes().all(|byte| byte.is_ascii_digit()) && !reference.starts_with('0'));
        }
    }
}
