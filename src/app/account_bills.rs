//! The bills of accounts that are to be paid: those that are asked for together are looked up together.
//!
//! Purpose: a payment of an account belongs to the account's bill, if there is one, and a question to the database costs
//! nearly the same for one account as for many. Mechanism: on PostgreSQL whoever asks stands in a [`Line`], and a drain
//! asks for all that wait with one statement; SQLite is asked at once, by several readers beside each other. Guarantee:
//! each is told what it would have been told alone, of its own rows alone; what the database could not give is told to
//! each that asked for it; a drain is a task of its own, which nobody who goes away ends.

use std::fmt;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use super::line::{Batch, Joined, Line};
use super::overload::refused;
use super::{App, AppError};
use crate::store::{Account, AccountBill, StoreError};

/// One question under way: more of them would make smaller batches, and the answer takes a moment.
const MOST_DRAINS: usize = 1;

/// What was found of an account.
type Found = Result<Option<AccountBill>, StoreError>;

/// The questions that wait.
#[derive(Default)]
pub struct AccountBills {
    line: Line<Account, Found>,
}

/// Of questions nothing is shown, least of all whose accounts they are about.
impl fmt::Debug for AccountBills {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountBills").finish_non_exhaustive()
    }
}

impl App {
    /// The bill of an account with a biller that lists none, as last told.
    pub(super) async fn bill_of_account(&self, account: Account) -> Result<Option<AccountBill>, AppError> {
        if !self.store.looks_up_together() {
            return Ok(self.store.bill_of_account(&account).await?);
        }
        let (joined, answered) = self.account_bills.line.join(account, MOST_DRAINS).map_err(refused)?;
        match joined {
            Joined::BeginDrain => drop(tokio::spawn(self.clone().drain_account_bills())),
            Joined::BeServed => {}
        }
        answered.await.unwrap_or_else(|_| Err(StoreError::unread())).map_err(AppError::from)
    }

    async fn drain_account_bills(self) {
        while let Some(batch) = self.account_bills.line.next_batch() {
            if AssertUnwindSafe(self.look_up_batch(batch)).catch_unwind().await.is_err() {
                tracing::error!("looking up the bills of accounts fell over; nothing was changed");
            }
        }
    }

    async fn look_up_batch(&self, batch: Batch<Account, Found>) {
        let found = self.store.bills_of_accounts(&batch.wanted).await;
        batch.tell(found);
    }
}
