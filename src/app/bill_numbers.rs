//! Bill numbers: saved, refreshed, removed.
//!
//! A bill number is kept here in any case, and with the provider too where that keeps any. What is refreshed is what
//! the provider can tell: of a number that it keeps, of an account, of both; where it tells of neither, refreshing is
//! refused by the capability that is lacking.

use super::access::require;
use super::engine::call::called;
use super::look_up::refusal_of;
use super::{App, AppError};
use crate::crash::Step;
use crate::domain::bill_number::BillNumber;
use crate::domain::biller::{Biller, InputFault, InputName, InputRule, Need};
use crate::domain::event::EventType;
use crate::domain::ids::{BillNumberId, BillerId};
use crate::domain::phone::PhoneNumber;
use crate::domain::provider::Capability;
use crate::domain::refusal::Refusal;
use crate::domain::requester::{Requester, Scope};
use crate::ports::provider::{AccountAnswer, BillNumberAnswer, BillNumberRequest, Provider, ProviderError};
use crate::store::{Owner, StoreError, retrying};

const LONGEST_DESCRIPTION: usize = 200;
/// Where a mutation on one bill number names it.
const NUMBER_PATH: &[&str] = &["input", "billNumberId"];
/// What holds for an account where its biller states no rule; its length is billpay's choice.
const ANY_ACCOUNT: InputRule = InputRule {
    max_length: Some(100),
    ..InputRule::new(InputName::AccountReference, Need::Required, "Account reference")
};

/// A bill number as a caller wants it.
#[derive(Clone, Debug)]
pub struct SaveBillNumber {
    /// With whom.
    pub biller_id: String,
    /// The number.
    pub account_reference: String,
    /// Whom to remind.
    pub phone_number: Option<String>,
    /// What for.
    pub description: Option<String>,
    /// Whether to remind of the due date.
    pub remind_due_date: bool,
}

impl App {
    /// Saves a bill number, or updates the one of the same biller and reference.
    pub async fn save_bill_number(&self, requester: &Requester, input: SaveBillNumber) -> Result<BillNumber, AppError> {
        require(requester, Scope::BillsWrite)?;
        let path = &["input", "billerId"];
        let id = input.biller_id.parse::<BillerId>().map_err(|_| Refusal::not_found(path, "biller"))?;
        let biller = self.catalogue.snapshot().get(id).cloned().ok_or_else(|| Refusal::not_found(path, "biller"))?;
        let account = input.account_reference.trim().to_owned();
        self.check_bill_number(&biller, &account, &input)?;
        let answer = self.save_with_provider(&biller, &account, &input).await?;
        Ok(retrying(|| self.store_saved(requester, &biller, &account, &input, answer.as_ref())).await?)
    }

    /// Asks the provider anew what it knows of a bill number.
    pub async fn refresh_bill_number(&self, requester: &Requester, id: &str) -> Result<BillNumber, AppError> {
        require(requester, Scope::BillsWrite)?;
        let owner = Owner::of(requester);
        let not_found = || Refusal::not_found(NUMBER_PATH, "bill number");
        let id = id.parse::<BillNumberId>().map_err(|_| not_found())?;
        let known = self.store.bill_number(&owner, id).await?.ok_or_else(not_found)?;
        let (biller, provider) = self.biller_and_provider(known.biller_id)?;
        let (kept, account) = ask_anew(provider.as_ref(), &biller, &known.account_reference).await?;
        self.keep_told_bill(&owner, &biller, &known.account_reference, &account).await?;
        let mut work = self.store.begin(Step::Other).await?;
        let present = work.bill_number(&owner, id).await?.filter(|number| number.removed_at.is_none());
        let before = present.ok_or_else(not_found)?;
        let mut after = before.clone();
        merge(&mut after, kept.as_ref(), self.clock.now());
        after.customer_name = account.customer_name.or(after.customer_name);
        after.verified = after.verified || account.verified;
        after.account_active = account.active.or(after.account_active);
        if let Some(due) = account.amount_due {
            after.last_known_balance = Some(due);
            after.balance_as_of = Some(self.clock.now());
        }
        after.due_date = account.due_date.or(after.due_date);
        let unchanged = BillNumber { balance_as_of: before.balance_as_of, ..after.clone() } == before;
        if unchanged {
            // Nothing to tell; that a balance was told again is noted.
            work.note_balance_asked(&after).await?;
            work.commit().await?;
            return Ok(after);
        }
        work.save_bill_number(&mut after, EventType::BillNumberRefreshed, &requester.subject, None).await?;
        work.commit().await?;
        Ok(after)
    }

    /// Removes a bill number; one that was removed before is answered as it is. Payments that named it keep it.
    pub async fn remove_bill_number(&self, requester: &Requester, id: &str) -> Result<BillNumber, AppError> {
        require(requester, Scope::BillsWrite)?;
        let not_found = || Refusal::not_found(NUMBER_PATH, "bill number");
        let id = id.parse::<BillNumberId>().map_err(|_| not_found())?;
        let mut work = self.store.begin(Step::Other).await?;
        let mut number = work.bill_number(&Owner::of(requester), id).await?.ok_or_else(not_found)?;
        if number.removed_at.is_some() {
            work.roll_back().await?;
            return Ok(number);
        }
        number.removed_at = Some(work.now());
        work.save_bill_number(&mut number, EventType::BillNumberRemoved, &requester.subject, None).await?;
        work.commit().await?;
        Ok(number)
    }

    fn check_bill_number(&self, biller: &Biller, account: &str, input: &SaveBillNumber) -> Result<(), AppError> {
        let mut faults = Vec::new();
        let path = &["input", "accountReference"];
        self.require_accounts(biller).map_err(|refusal| refusal.at(&["input", "billerId"]))?;
        let provider = self.provider(biller.provider);
        let inputs = provider.map_or(&[][..], |provider| provider.biller_traits(biller).inputs);
        let rule = inputs.iter().find(|rule| rule.input == InputName::AccountReference).copied();
        // A bill number is nothing without its number, also where payments need none.
        let rule = InputRule { need: Need::Required, ..rule.unwrap_or(ANY_ACCOUNT) };
        match rule.check(Some(account)) {
            Ok(()) => {}
            Err(InputFault::Missing) => faults.push(Refusal::input(path, "an account reference is required")),
            Err(InputFault::Malformed) => faults.push(Refusal::input(path, "the account reference is malformed")),
        }
        if input.phone_number.as_ref().is_some_and(|number| number.parse::<PhoneNumber>().is_err()) {
            let message = crate::domain::phone::InvalidPhoneNumber.to_string();
            faults.push(Refusal::input(&["input", "phoneNumber"], message));
        }
        let too_long = |text: &String| text.chars().count() > LONGEST_DESCRIPTION || text.chars().any(char::is_control);
        if input.description.as_ref().is_some_and(too_long) {
            let message = format!("a description has at most {LONGEST_DESCRIPTION} printable characters");
            faults.push(Refusal::input(&["input", "description"], message));
        }
        if faults.is_empty() { Ok(()) } else { Err(AppError::Refused(faults)) }
    }

    async fn save_with_provider(
        &self,
        biller: &Biller,
        account: &str,
        input: &SaveBillNumber,
    ) -> Result<Option<BillNumberAnswer>, AppError> {
        let Some(provider) = self.provider(biller.provider) else { return Ok(None) };
        if !provider.capabilities().contains(&Capability::SaveBillNumber) {
            return Ok(None);
        }
        let request = BillNumberRequest {
            biller: biller.clone(),
            account_reference: account.to_owned(),
            phone_number: input.phone_number.clone(),
            description: input.description.clone(),
            remind_due_date: input.remind_due_date,
        };
        let asking = called(provider.code(), "save_bill_number", provider.save_bill_number(&request));
        let answer = asking.await.map_err(|error| refusal_of(&error, &["input"]))?;
        Ok(Some(answer))
    }

    async fn store_saved(
        &self,
        requester: &Requester,
        biller: &Biller,
        account: &str,
        input: &SaveBillNumber,
        answer: Option<&BillNumberAnswer>,
    ) -> Result<BillNumber, StoreError> {
        let mut work = self.store.begin(Step::Other).await?;
        let known = work.bill_number_of_account(&Owner::of(requester), biller.id, account).await?;
        let mut number = known.unwrap_or_else(|| self.blank(requester, biller.id, account));
        number.removed_at = None;
        number.phone_number = input.phone_number.clone().or(number.phone_number);
        number.description = input.description.clone().or(number.description);
        number.remind_due_date = input.remind_due_date;
        merge(&mut number, answer, self.clock.now());
        number.saved_with_provider = number.saved_with_provider || answer.is_some();
        work.save_bill_number(&mut number, EventType::BillNumberSaved, &requester.subject, None).await?;
        work.commit().await?;
        Ok(number)
    }

    /// A bill number of which nothing is known yet.
    pub(super) fn blank(&self, requester: &Requester, biller_id: BillerId, account: &str) -> BillNumber {
        BillNumber {
            id: self.ids.next(),
            tenant: requester.tenant.clone(),
            customer: requester.customer.clone(),
            biller_id,
            account_reference: account.to_owned(),
            customer_name: None,
            phone_number: None,
            description: None,
            last_known_balance: None,
            balance_as_of: None,
            due_date: None,
            verified: false,
            account_active: None,
            remind_due_date: false,
            saved_with_provider: false,
            provider_reference: None,
            version: 0,
            created_at: self.clock.now(),
            removed_at: None,
        }
    }
}

/// What a provider can tell of an account: as a bill number that it keeps, and by looking it up.
async fn ask_anew(
    provider: &dyn Provider,
    biller: &Biller,
    account: &str,
) -> Result<(Option<BillNumberAnswer>, AccountAnswer), AppError> {
    let refused = |error: ProviderError| refusal_of(&error, &[]).at(NUMBER_PATH);
    let traits = provider.biller_traits(biller);
    let keeps = provider.capabilities().contains(&Capability::SaveBillNumber);
    // Bills that a biller lists are looked up without an account.
    let looks_up = traits.capabilities.contains(&Capability::LookUp) && !traits.lists_bills;
    if !keeps && !looks_up {
        let message = format!("{} tells nothing of an account: there is nothing to refresh", biller.provider.name());
        return Err(Refusal::lacks(Capability::LookUp, message).at(NUMBER_PATH).into());
    }
    let code = provider.code();
    let kept = if keeps {
        called(code, "find_bill_number", provider.find_bill_number(biller, account)).await.map_err(refused)?
    } else {
        None
    };
    let told = if looks_up {
        called(code, "look_up_account", provider.look_up_account(biller, account)).await.map_err(refused)?
    } else {
        AccountAnswer::default()
    };
    Ok((kept, told))
}

fn merge(number: &mut BillNumber, answer: Option<&BillNumberAnswer>, now: jiff::Timestamp) {
    let Some(answer) = answer else { return };
    number.customer_name = answer.customer_name.clone().or_else(|| number.customer_name.take());
    number.due_date = answer.due_date.or(number.due_date);
    number.verified = answer.verified;
    number.account_active = answer.active.or(number.account_active);
    number.provider_reference = answer.provider_reference.clone().or_else(|| number.provider_reference.take());
    if answer.last_known_balance.is_some() {
        number.last_known_balance = answer.last_known_balance;
        number.balance_as_of = Some(now);
    }
}
