//! The bills of accounts that are to be paid: those that are asked for together are looked up together.
//!
//! Purpose: a payment of an account belongs to the account's bill, if there is one, and a question to the database costs
//! nearly the same for one account as for many. Mechanism: on PostgreSQL those who ask are served
//! [together](super::together), with one statement; SQLite is asked at once, by several readers beside each other.
//! Guarantee: each is told what it would have been told alone, of its own rows alone; what the database could not give is
//! told to each that asked for it.

use super::overload::refused;
use super::together::NotDone;
use super::{App, AppError};
use crate::domain::overload::Overload;
use crate::store::{Account, AccountBill, StoreError};

/// One question under way: more of them would make smaller batches, and the answer takes a moment.
const BATCHES: usize = 1;

/// What was found of an account.
pub(super) type Found = Result<Option<AccountBill>, StoreError>;

impl App {
    /// The bill of an account with a biller that lists none, as last told.
    pub(super) async fn bill_of_account(&self, account: Account) -> Result<Option<AccountBill>, AppError> {
        if !self.store.looks_up_together() {
            return Ok(self.store.bill_of_account(&account).await?);
        }
        let store = self.store.clone();
        let look_up = move |accounts: Vec<Account>| {
            let store = store.clone();
            async move { store.bills_of_accounts(&accounts).await }
        };
        match self.account_bills.with_others(account, BATCHES, look_up).await {
            Ok(found) => Ok(found?),
            Err(NotDone::Full) => Err(refused(Overload::Busy).into()),
            Err(NotDone::Unheard) => Err(StoreError::unread().into()),
        }
    }
}
