//! The bills of new payments' accounts, where the statement that stores the payments does not find them itself.
//!
//! Purpose: a payment of an account is for the account's bill, if something is owed on it, and due when that is, unless
//! the payer said when. Mechanism: `at_once` finds the bill as it stores; on every other way the bills of a batch are
//! looked up before, by one statement and in no transaction, and the payments are changed. Guarantee: it is the same
//! payment on each way. A look-up that fails comes before anything is written, and a bill that cannot be read fails its own
//! payment alone.

use std::borrow::Cow;

use super::super::account_bills::{Account, AccountBill};
use super::super::owner::Owner;
use super::super::{Store, StoreError};
use super::{NewPayment, NewSubmission};

/// Which bill a new payment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhichBill {
    /// What its allocations say: a bill that is known, or none.
    Allocated,
    /// That of its account, if something is owed on it. Whoever stores the payment finds it.
    OfAccount {
        /// Whether the payment is due when the bill is, where that is known.
        gives_due_date: bool,
    },
}

/// A submission that is still to be stored, and its place in the batch.
pub(super) type Open<'a> = (usize, Cow<'a, NewSubmission>);
type Found = Result<Option<AccountBill>, StoreError>;

impl NewPayment {
    /// The account whose bill is still to be found.
    pub(super) fn seeks_bill_of(&self) -> Option<&str> {
        match self.bill {
            WhichBill::Allocated => None,
            WhichBill::OfAccount { .. } => self.payment.account_reference.as_deref(),
        }
    }

    fn sought(&self) -> Option<Account> {
        let reference = self.seeks_bill_of()?.to_owned();
        let owner = Owner { tenant: self.payment.tenant.clone(), customer: self.payment.customer.clone() };
        Some(Account { owner, biller: self.payment.biller_id, reference })
    }

    /// The payment of the bill that was found, if one was. `at_once` says the same in SQL.
    fn note_bill(&mut self, found: Option<AccountBill>) {
        if let (WhichBill::OfAccount { gives_due_date }, Some(bill)) = (self.bill, found) {
            for part in &mut self.allocations {
                part.bill_id = Some(bill.id);
            }
            if gives_due_date {
                self.payment.due_date = bill.due_date.or(self.payment.due_date);
            }
        }
        self.bill = WhichBill::Allocated;
    }
}

impl Store {
    /// The same submissions with the bills of their accounts, which are looked up together.
    pub(super) async fn with_bills<'a>(
        &self,
        open: Vec<(usize, &'a NewSubmission)>,
    ) -> Vec<(usize, Result<Cow<'a, NewSubmission>, StoreError>)> {
        let sought = open.iter().flat_map(|(_, item)| &item.payments).filter_map(NewPayment::sought);
        let accounts: Vec<Account> = sought.collect();
        let mut found = self.bills_of_accounts(&accounts).await.into_iter();
        open.into_iter().map(|(place, item)| (place, with_its_bills(item, &mut found))).collect()
    }
}

/// Takes as many of what was found as the submission seeks.
fn with_its_bills<'a>(
    item: &'a NewSubmission,
    found: &mut impl Iterator<Item = Found>,
) -> Result<Cow<'a, NewSubmission>, StoreError> {
    let sought = item.payments.iter().filter(|new| new.seeks_bill_of().is_some()).count();
    if sought == 0 {
        return Ok(Cow::Borrowed(item));
    }
    let bills: Vec<Found> = found.take(sought).collect();
    let mut item = item.clone();
    let seeking = item.payments.iter_mut().filter(|new| new.seeks_bill_of().is_some());
    for (new, bill) in seeking.zip(bills) {
        new.note_bill(bill?);
    }
    Ok(Cow::Owned(item))
}
