//! Loaders: one statement for all the objects of a page, whatever the page's size.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use uuid::Uuid;

use crate::app::App;
use crate::domain::bill::Bill;
use crate::domain::bill_number::BillNumber;
use crate::domain::event::Event;
use crate::domain::money::Money;
use crate::domain::payment::{Allocation, Attempt, Payment, Receipt};
use crate::domain::provider::ProviderCode;
use crate::store::{Owner, ProviderRow, StoreError};

/// Loads from the store what one owner may see.
#[derive(Debug)]
pub struct StoreLoader {
    app: App,
    owner: Owner,
}

impl StoreLoader {
    /// A loader for one request.
    pub const fn new(app: App, owner: Owner) -> Self {
        Self { app, owner }
    }
}

/// A database error, shared by all who waited for the same statement.
pub type LoadError = Arc<StoreError>;

macro_rules! key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name(pub Uuid);
    };
}

key! {
    /// A payment by its id.
    PaymentKey
}
key! {
    /// A bill by its id.
    BillKey
}
key! {
    /// A bill number by its id.
    BillNumberKey
}
key! {
    /// The allocations of a payment.
    AllocationsOf
}
key! {
    /// The attempts of a submission.
    AttemptsOf
}
key! {
    /// The receipt of a payment.
    ReceiptOf
}
key! {
    /// The newest open payment of a bill, and how much of the bill is in open payments.
    OpenPaymentOf
}

/// What all processes know of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProviderKey(pub ProviderCode);

/// What a provider reported of a payment where it differs from what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReportedOf(pub Uuid);

/// Events of an object behind a sequence, so many at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventsOf {
    /// Which object.
    pub subject: Uuid,
    /// Behind which sequence.
    pub after: i64,
    /// How many at most.
    pub limit: usize,
}

/// The newest payments of a bill number, and one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PaymentsOfBillNumber {
    /// Which bill number.
    pub bill_number: Uuid,
    /// How many at most.
    pub limit: u64,
}

impl Loader<PaymentKey> for StoreLoader {
    type Value = Payment;
    type Error = LoadError;

    async fn load(&self, keys: &[PaymentKey]) -> Result<HashMap<PaymentKey, Payment>, LoadError> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let found = self.app.store.payments_by_id(&self.owner, &ids).await?;
        Ok(found.into_iter().map(|(id, payment)| (PaymentKey(id), payment)).collect())
    }
}

impl Loader<ProviderKey> for StoreLoader {
    type Value = ProviderRow;
    type Error = LoadError;

    async fn load(&self, _: &[ProviderKey]) -> Result<HashMap<ProviderKey, ProviderRow>, LoadError> {
        let found = self.app.store.providers().await?;
        Ok(found.into_iter().map(|row| (ProviderKey(row.code), row)).collect())
    }
}

impl Loader<ReportedOf> for StoreLoader {
    type Value = Money;
    type Error = LoadError;

    async fn load(&self, keys: &[ReportedOf]) -> Result<HashMap<ReportedOf, Money>, LoadError> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let found = self.app.store.reported_amounts(&ids).await?;
        Ok(found.into_iter().map(|(id, amount)| (ReportedOf(id), amount)).collect())
    }
}

impl Loader<BillKey> for StoreLoader {
    type Value = Bill;
    type Error = LoadError;

    async fn load(&self, keys: &[BillKey]) -> Result<HashMap<BillKey, Bill>, LoadError> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let found = self.app.store.bills_by_id(&self.owner, &ids).await?;
        Ok(found.into_iter().map(|(id, bill)| (BillKey(id), bill)).collect())
    }
}

impl Loader<BillNumberKey> for StoreLoader {
    type Value = BillNumber;
    type Error = LoadError;

    async fn load(&self, keys: &[BillNumberKey]) -> Result<HashMap<BillNumberKey, BillNumber>, LoadError> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let found = self.app.store.bill_numbers_by_id(&self.owner, &ids).await?;
        Ok(found.into_iter().map(|(id, number)| (BillNumberKey(id), number)).collect())
    }
}

impl Loader<AllocationsOf> for StoreLoader {
    type Value = Vec<Allocation>;
    type Error = LoadError;

    async fn load(&self, keys: &[AllocationsOf]) -> Result<HashMap<AllocationsOf, Vec<Allocation>>, LoadError> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let found = self.app.store.allocations(&ids).await?;
        Ok(found.into_iter().map(|(id, allocations)| (AllocationsOf(id), allocations)).collect())
    }
}

impl Loader<AttemptsOf> for StoreLoader {
    type Value = Vec<Attempt>;
    type Error = LoadError;

    async fn load(&self, keys: &[AttemptsOf]) -> Result<HashMap<AttemptsOf, Vec<Attempt>>, LoadError> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let found = self.app.store.attempts(&ids).await?;
        Ok(found.into_iter().map(|(id, attempts)| (AttemptsOf(id), attempts)).collect())
    }
}

impl Loader<ReceiptOf> for StoreLoader {
    type Value = Receipt;
    type Error = LoadError;

    async fn load(&self, keys: &[ReceiptOf]) -> Result<HashMap<ReceiptOf, Receipt>, LoadError> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let found = self.app.store.receipts(&ids).await?;
        Ok(found.into_iter().map(|(id, receipt)| (ReceiptOf(id), receipt)).collect())
    }
}

impl Loader<OpenPaymentOf> for StoreLoader {
    type Value = (Payment, i64);
    type Error = LoadError;

    async fn load(&self, keys: &[OpenPaymentOf]) -> Result<HashMap<OpenPaymentOf, (Payment, i64)>, LoadError> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let found = self.app.store.open_payments_of_bills(&self.owner, &ids).await?;
        Ok(found.into_iter().map(|(id, open)| (OpenPaymentOf(id), open)).collect())
    }
}

impl Loader<EventsOf> for StoreLoader {
    type Value = Vec<Event>;
    type Error = LoadError;

    async fn load(&self, keys: &[EventsOf]) -> Result<HashMap<EventsOf, Vec<Event>>, LoadError> {
        let mut found = HashMap::new();
        // One statement for each combination of arguments, of which a document has few.
        for (after, limit) in keys.iter().map(|key| (key.after, key.limit)).collect::<std::collections::BTreeSet<_>>() {
            let alike = keys.iter().filter(|key| key.after == after && key.limit == limit);
            let subjects: Vec<_> = alike.map(|key| key.subject).collect();
            let events = self.app.store.events_of(&self.owner.tenant, &subjects, after, limit).await?;
            found.extend(events.into_iter().map(|(subject, events)| (EventsOf { subject, after, limit }, events)));
        }
        Ok(found)
    }
}

impl Loader<PaymentsOfBillNumber> for StoreLoader {
    type Value = Vec<Payment>;
    type Error = LoadError;

    async fn load(
        &self,
        keys: &[PaymentsOfBillNumber],
    ) -> Result<HashMap<PaymentsOfBillNumber, Vec<Payment>>, LoadError> {
        let mut found = HashMap::new();
        for limit in keys.iter().map(|key| key.limit).collect::<std::collections::BTreeSet<_>>() {
            let ids: Vec<_> = keys.iter().filter(|key| key.limit == limit).map(|key| key.bill_number).collect();
            let payments = self.app.store.payments_of_bill_numbers(&self.owner, &ids, limit).await?;
            found.extend(
                payments
                    .into_iter()
                    .map(|(bill_number, payments)| (PaymentsOfBillNumber { bill_number, limit }, payments)),
            );
        }
        Ok(found)
    }
}
