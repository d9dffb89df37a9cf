//! The store: the only user of SeaORM's entities.
//!
//! Purpose: keep what was decided, on SQLite or PostgreSQL, with the same statements and the same guarantees.
//! Mechanism: reads go to a pool of readers; every change goes through a [`Work`](work::Work), one transaction whose
//! events are numbered last, and whose commit has three endings: done, not done, unknown. Guarantee: no transaction is
//! open while a provider is asked, and each tenant's log has no gap.

mod account_bills;
mod api_clients;
mod at_once;
mod attempts;
mod bill_claims;
mod bill_numbers;
mod billers;
mod bills;
mod breaker;
mod bulk_payments;
mod callbacks;
mod cells;
mod collections;
mod connect;
mod control_numbers;
mod convert;
mod create;
mod disk;
mod epoch;
mod error;
mod events;
mod evidence;
mod figures;
mod funding_accounts;
pub mod heads;
mod inbox;
mod inserts;
mod lane;
mod notify;
mod owner;
mod page;
mod payment_page;
mod payments;
mod portions;
mod providers;
mod recalls;
mod receipts;
mod reminders;
mod retry;
mod seal;
mod sessions;
mod slots;
mod submissions;
mod time;
mod waiters;
mod webhooks;
pub mod work;

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, QueryResult, Statement};

use crate::ports::clock::Clock;

pub use account_bills::{Account, AccountBill};
pub use at_once::{PlainEvidence, PlainMark, PlainSettlement};
pub use attempts::AttemptEnd;
pub use bill_numbers::BillNumberFilter;
pub use billers::SyncReport;
pub use bills::{BillFilter, ToldBill};
pub use callbacks::{CallbackFilter, CallbackReader, KeptCallback};
pub use collections::CollectionFilter;
pub use connect::{Connect, Refused};
pub use control_numbers::{
    ControlNumberFilter, CreatedNumbers, KeyOwner, NewControlNumber, NewNumbers, NumberEvidence, UsedNumber,
};
pub use create::{Created, Lease, NewBulk, NewPayment, NewSubmission, Stored, WhichBill};
pub use disk::free_bytes;
pub use epoch::{Epoch, Life};
pub use error::{Lack, StoreError};
pub use events::{EventFilter, EventPage};
pub use evidence::NewEvidence;
pub use figures::{OpenPayments, PoolUse};
pub use inbox::{Callback, CallbackState, Unmatched};
pub use notify::Listener;
pub use owner::Owner;
pub use payment_page::NamedBillNumbers;
pub use payments::PaymentFilter;
pub use providers::ProviderRow;
pub use retry::{Passing, retrying};
pub use seal::{Purpose, Seal};
pub use sessions::StoredSessions;
pub use slots::StoredLimits;
pub use waiters::{Waiter, Waiters};
pub use webhooks::{Lane, LaneStep, NewWebhookEndpoint, PassedOver, SealedSecrets};

/// What a database is reached through. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    /// For changes. On SQLite it is a single connection.
    writer: DatabaseConnection,
    /// For reads outside a change.
    reader: DatabaseConnection,
    /// For the statements that are sent most, on PostgreSQL.
    lane: Option<Arc<lane::Lane>>,
    clock: Clock,
    heads: Arc<heads::Heads>,
    waiters: Arc<waiters::Waiters>,
}

impl Store {
    /// The heads of the tenants' logs, as far as this process knows them.
    pub fn heads(&self) -> &Arc<heads::Heads> {
        &self.heads
    }

    /// Who waits in this process for what becomes of a payment.
    pub fn waiters(&self) -> &Arc<waiters::Waiters> {
        &self.waiters
    }

    /// Sends one of the statements that are sent most, by itself.
    async fn query_often(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match &self.lane {
            Some(lane) => lane.query(statement).await,
            None => self.reader.query_all_raw(statement).await,
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.reader.ping().await.map_err(StoreError::from)
    }
}
