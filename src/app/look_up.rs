//! Asking a provider what an account owes, or whether it exists.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use super::access::require;
use super::engine::call::called;
use super::{App, AppError};
use crate::domain::bill::Bill;
use crate::domain::biller::{Biller, InputFault, InputName};
use crate::domain::ids::{BillKind, BillerId};
use crate::domain::money::Money;
use crate::domain::provider::Capability;
use crate::domain::refusal::{ErrorCode, Refusal};
use crate::domain::requester::{Requester, Scope};
use crate::ports::provider::{AccountAnswer, BillAnswer, Provider, ProviderError, RefusalKind};
use crate::store::{Owner, StoreError, ToldBill, retrying};

/// What a look-up found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Whose account it is.
    pub customer_name: Option<String>,
    /// What is owed, where the provider told.
    pub amount_due: Option<Money>,
    /// Until when.
    pub due_date: Option<Date>,
    /// Whether the provider confirmed the account.
    pub verified: bool,
    /// Whether it takes payments, where the provider told.
    pub account_active: Option<bool>,
    /// The bills, stored so that they can be paid by id.
    pub bills: Vec<Bill>,
    /// When the provider answered.
    pub as_of: Timestamp,
}

impl App {
    /// What an account owes and whose it is, asked of the provider now.
    pub async fn look_up_account(
        &self,
        requester: &Requester,
        biller_id: &str,
        account_reference: Option<&str>,
    ) -> Result<Found, AppError> {
        require(requester, Scope::BillsRead)?;
        let (biller, provider) = self.biller_that_can(biller_id, Capability::LookUp)?;
        if provider.biller_traits(&biller).lists_bills {
            return self.look_up_bills(requester, &biller, provider.as_ref(), account_reference).await;
        }
        let account = self.checked_account(&biller, account_reference)?;
        let asking = called(provider.code(), "look_up_account", provider.look_up_account(&biller, &account));
        let answer = asking.await.map_err(|error| refusal_of(&error, &[]))?;
        let bill = self.keep_told_bill(&Owner::of(requester), &biller, &account, &answer).await?;
        Ok(self.found(answer, bill.into_iter().filter(Bill::is_payable).collect()))
    }

    /// The open bills of a biller that lists them.
    async fn look_up_bills(
        &self,
        requester: &Requester,
        biller: &Biller,
        provider: &dyn Provider,
        account_reference: Option<&str>,
    ) -> Result<Found, AppError> {
        if account_reference.is_some_and(|account| !account.trim().is_empty()) {
            let message = "this biller has no account references: leave it out, and all its open bills are told";
            return Err(Refusal::input(&["accountReference"], message).into());
        }
        let asking = called(provider.code(), "open_bills", provider.open_bills(biller));
        let answers = asking.await.map_err(|error| refusal_of(&error, &[]))?;
        let told: Vec<ToldBill> = answers.into_iter().map(|answer| self.told_bill(biller, answer)).collect();
        let owner = Owner::of(requester);
        let bills = retrying(|| self.store.tell_bills(&owner, biller.id, &told)).await?;
        let due = bills.iter().map(|bill| bill.amount_due.minor()).sum();
        let amount_due = bills.first().map(|bill| bill.amount_due.with_minor(due));
        let due_date = bills.iter().filter_map(|bill| bill.due_date).min();
        let answer = AccountAnswer { amount_due, due_date, verified: true, ..AccountAnswer::default() };
        Ok(self.found(answer, bills.into_iter().filter(Bill::is_payable).collect()))
    }

    fn told_bill(&self, biller: &Biller, answer: BillAnswer) -> ToldBill {
        ToldBill {
            id: self.ids.next::<BillKind>(),
            biller_id: biller.id,
            account_reference: String::new(),
            provider_reference: answer.reference,
            invoice_number: answer.invoice_number,
            description: answer.description,
            amount: answer.amount,
            amount_due: answer.amount_due,
            amount_paid: answer.amount_paid,
            amount_scheduled: answer.amount_scheduled,
            due_date: answer.due_date,
        }
    }

    /// Whether an account exists and whose it is.
    pub async fn validate_account(
        &self,
        requester: &Requester,
        biller_id: &str,
        account_reference: &str,
    ) -> Result<Found, AppError> {
        require(requester, Scope::BillsRead)?;
        let (biller, provider) = self.biller_that_can(biller_id, Capability::Validate)?;
        let account = self.checked_account(&biller, Some(account_reference))?;
        let asking = called(provider.code(), "validate_account", provider.validate_account(&biller, &account));
        let answer = asking.await.map_err(|error| refusal_of(&error, &[]))?;
        Ok(self.found(answer, Vec::new()))
    }

    /// Stores what a biller told of an account that has one bill at most. What was not told changes nothing.
    pub(super) async fn keep_told_bill(
        &self,
        owner: &Owner,
        biller: &Biller,
        account: &str,
        answer: &AccountAnswer,
    ) -> Result<Option<Bill>, StoreError> {
        let Some(amount_due) = answer.amount_due else { return Ok(None) };
        let told = ToldBill {
            id: self.ids.next::<BillKind>(),
            biller_id: biller.id,
            account_reference: account.to_owned(),
            provider_reference: String::new(),
            invoice_number: None,
            description: None,
            amount: amount_due,
            amount_due,
            amount_paid: amount_due.with_minor(0),
            amount_scheduled: amount_due.with_minor(0),
            due_date: answer.due_date,
        };
        retrying(|| self.store.tell_bill(owner, &told)).await.map(Some)
    }

    /// A biller whose provider is switched on, with its adapter.
    pub(super) fn biller_and_provider(&self, id: BillerId) -> Result<(Arc<Biller>, Arc<dyn Provider>), AppError> {
        let biller = self.catalogue.snapshot().get(id).cloned();
        let biller = biller.ok_or_else(|| Refusal::not_found(&["billerId"], "biller"))?;
        let provider = self.provider(biller.provider).cloned();
        let off = || Refusal::new(ErrorCode::ProviderUnavailable, "this biller's provider is switched off");
        Ok((biller, provider.ok_or_else(off)?))
    }

    fn biller_that_can(&self, id: &str, capability: Capability) -> Result<(Arc<Biller>, Arc<dyn Provider>), AppError> {
        let id = id.parse::<BillerId>().map_err(|_| Refusal::not_found(&["billerId"], "biller"))?;
        let (biller, provider) = self.biller_and_provider(id)?;
        if provider.biller_traits(&biller).capabilities.contains(&capability) {
            return Ok((biller, provider));
        }
        let message = format!("{} cannot do that; its `capabilities` tell what it can", biller.provider.name());
        Err(Refusal::lacks(capability, message).at(&["billerId"]).into())
    }

    fn checked_account(&self, biller: &Biller, account: Option<&str>) -> Result<String, AppError> {
        let account = account.map(str::trim);
        let path = &["accountReference"];
        let inputs = self.provider(biller.provider).map_or(&[][..], |provider| provider.biller_traits(biller).inputs);
        let rule = inputs.iter().find(|rule| rule.input == InputName::AccountReference);
        match rule.map_or(Ok(()), |rule| rule.check(account)) {
            Ok(()) => Ok(account.unwrap_or_default().to_owned()),
            Err(InputFault::Missing) => Err(Refusal::input(path, "an account reference is required").into()),
            Err(InputFault::Malformed) => Err(Refusal::input(path, "the account reference is malformed").into()),
        }
    }

    fn found(&self, answer: AccountAnswer, bills: Vec<Bill>) -> Found {
        Found {
            customer_name: answer.customer_name,
            amount_due: answer.amount_due,
            due_date: answer.due_date,
            verified: answer.verified,
            account_active: answer.active,
            bills,
            as_of: self.clock.now(),
        }
    }
}

/// What a failed question to a provider is to a caller: nothing was changed by it. `within` is where the arguments
/// stand: in a mutation, its input.
pub(super) fn refusal_of(error: &ProviderError, within: &[&str]) -> Refusal {
    let at = |refusal: Refusal, name: Option<&str>| refusal.at(&[within, name.as_slice()].concat());
    match error {
        ProviderError::Refused(refused) => match refused.kind {
            RefusalKind::AccountNotFound => {
                let refusal = Refusal::new(ErrorCode::AccountNotFound, "the biller does not know this account");
                at(refusal, Some("accountReference"))
            }
            RefusalKind::Input => {
                let refusal = Refusal::new(ErrorCode::BadUserInput, "the provider refused some of what was entered");
                at(refusal, refused.fields.first().and_then(|field| field.path.last()).map(String::as_str))
            }
            RefusalKind::ReferenceInUse => {
                let refusal = Refusal::new(ErrorCode::ReferenceInUse, "the reference was used before; use another");
                at(refusal, Some("reference"))
            }
            RefusalKind::Amount
            | RefusalKind::NotFound
            | RefusalKind::ProcessDate
            | RefusalKind::FundingAccount
            | RefusalKind::NotSupported
            | RefusalKind::NotRecallable
            | RefusalKind::Other => Refusal::new(ErrorCode::ProviderRefused, "the provider refused to answer"),
        },
        ProviderError::NotSent(_) | ProviderError::Unknown(_) | ProviderError::Misconfigured(_) => {
            Refusal::new(ErrorCode::ProviderUnavailable, "the provider gave no usable answer; try again in a moment")
        }
    }
}
