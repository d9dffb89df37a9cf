//! What a payment is for: the target as the caller named it, looked up.

use std::sync::Arc;

use super::Target;
use super::bill::PaidBill;
use crate::app::{App, AppError};
use crate::domain::amount_rule::AmountRule;
use crate::domain::bill_number::BillNumber;
use crate::domain::biller::{Biller, BillerTraits, InputName};
use crate::domain::ids::{BillId, BillNumberId, BillerId};
use crate::domain::provider::Capability;
use crate::domain::refusal::{ErrorCode, Refusal};
use crate::store::Owner;

/// What a target turned out to be.
pub(super) struct Resolved {
    pub(super) biller: Arc<Biller>,
    pub(super) account_reference: Option<String>,
    pub(super) second_reference: Option<String>,
    pub(super) bill: PaidBill,
    /// Which amounts its biller takes, or the bill that is the target.
    pub(super) amount_rule: AmountRule,
    pub(super) bill_number: Option<BillNumber>,
    pub(super) claims: bool,
    /// The words for a bill that is made by paying it.
    pub(super) new_bill: Option<Option<String>>,
    pub(super) account_path: &'static [&'static str],
}

impl App {
    /// What is to be paid, where it is the owner's and can be paid at present.
    pub(super) async fn resolve_target(&self, owner: &Owner, target: &Target) -> Result<Resolved, AppError> {
        match target {
            Target::Account { biller_id, account_reference, second_reference } => {
                self.resolve_account(biller_id, account_reference, second_reference.as_ref())
            }
            Target::BillNumber(id) => self.resolve_bill_number(owner, id).await,
            Target::Bill(id) => self.resolve_bill(owner, id).await,
            Target::NewBill { biller_id, description } => self.resolve_new_bill(biller_id, description.as_ref()),
        }
    }

    fn resolve_account(
        &self,
        biller_id: &str,
        account_reference: &str,
        second_reference: Option<&String>,
    ) -> Result<Resolved, AppError> {
        let path = &["input", "target", "account"];
        let biller = self.biller_for_payment(biller_id, &["input", "target", "account", "billerId"])?;
        self.require_accounts(&biller).map_err(|refusal| refusal.at(path))?;
        Ok(Resolved {
            amount_rule: biller.amount_rule,
            biller,
            account_reference: Some(account_reference.trim().to_owned()),
            second_reference: second_reference.cloned(),
            bill: PaidBill::OfAccount,
            bill_number: None,
            claims: true,
            new_bill: None,
            account_path: InputName::AccountReference.path(),
        })
    }

    fn resolve_new_bill(&self, biller_id: &str, description: Option<&String>) -> Result<Resolved, AppError> {
        let biller = self.biller_for_payment(biller_id, &["input", "target", "newBill", "billerId"])?;
        if !self.traits_of(&biller).is_some_and(|traits| traits.makes_bills) {
            let message = format!("{} takes payments for an account, not for a bill made here", biller.provider.name());
            return Err(Refusal::lacks(Capability::Pay, message).at(&["input", "target", "newBill"]).into());
        }
        Ok(Resolved {
            amount_rule: biller.amount_rule,
            biller,
            account_reference: None,
            second_reference: None,
            bill: PaidBill::None,
            bill_number: None,
            claims: false,
            new_bill: Some(description.cloned()),
            account_path: &["input", "target", "newBill"],
        })
    }

    async fn resolve_bill_number(&self, owner: &Owner, id: &str) -> Result<Resolved, AppError> {
        let path = &["input", "target", "billNumberId"];
        let found = match id.parse::<BillNumberId>() {
            Ok(id) => self.store.bill_number(owner, id).await?,
            Err(_) => None,
        };
        let number = found.ok_or_else(|| Refusal::not_found(path, "bill number"))?;
        let biller = self.active_biller(number.biller_id, path)?;
        self.require_accounts(&biller).map_err(|refusal| refusal.at(path))?;
        Ok(Resolved {
            amount_rule: biller.amount_rule,
            biller,
            account_reference: Some(number.account_reference.clone()),
            second_reference: None,
            bill: PaidBill::OfAccount,
            bill_number: Some(number),
            claims: true,
            new_bill: None,
            account_path: path,
        })
    }

    async fn resolve_bill(&self, owner: &Owner, id: &str) -> Result<Resolved, AppError> {
        let path = &["input", "target", "billId"];
        let found = match id.parse::<BillId>() {
            Ok(id) => self.store.bill(owner, id).await?,
            Err(_) => None,
        };
        let bill = found.ok_or_else(|| Refusal::not_found(path, "bill"))?;
        if !bill.is_payable() {
            let message = "nothing is owed on this bill any more; look the account up again if that is wrong";
            return Err(Refusal::new(ErrorCode::BillNotPayable, message).at(path).into());
        }
        let biller = self.active_biller(bill.biller_id, path)?;
        Ok(Resolved {
            amount_rule: bill.amount_rule(biller.amount_rule),
            biller,
            account_reference: bill.account_reference.clone(),
            second_reference: None,
            bill: PaidBill::Known(bill.into()),
            bill_number: None,
            claims: true,
            new_bill: None,
            account_path: path,
        })
    }

    /// Refuses an account of a biller that has bills instead.
    pub(in crate::app) fn require_accounts(&self, biller: &Biller) -> Result<(), Refusal> {
        if self.traits_of(biller).is_none_or(|traits| !traits.lists_bills) {
            return Ok(());
        }
        let message = "this biller has bills, not accounts: name one by `billId` (`billLookup` lists them), or make one \
                       with `newBill`";
        Err(Refusal::new(ErrorCode::BadUserInput, message))
    }

    fn traits_of(&self, biller: &Biller) -> Option<BillerTraits> {
        self.provider(biller.provider).map(|provider| provider.biller_traits(biller))
    }

    fn biller_for_payment(&self, id: &str, path: &[&str]) -> Result<Arc<Biller>, AppError> {
        let id = id.parse::<BillerId>().map_err(|_| Refusal::not_found(path, "biller"))?;
        self.active_biller(id, path)
    }

    fn active_biller(&self, id: BillerId, path: &[&str]) -> Result<Arc<Biller>, AppError> {
        let snapshot = self.catalogue.snapshot();
        let biller = snapshot.get(id).cloned().ok_or_else(|| Refusal::not_found(path, "biller"))?;
        if !biller.active || self.provider(biller.provider).is_none() {
            let message = "this biller cannot be paid at present";
            return Err(Refusal::new(ErrorCode::BillNotPayable, message).at(path).into());
        }
        self.require_trust(biller.provider).map_err(|refusal| refusal.at(path))?;
        Ok(biller)
    }
}
