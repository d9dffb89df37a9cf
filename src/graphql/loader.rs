//! Loaders: one statement for all the objects of a page, whatever the page's size.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use uuid::Uuid;

use crate::app::App;
use crate::domain::api_client::ApiClient;
use crate::domain::bill::Bill;
use crate::domain::bill_number::BillNumber;
use crate::domain::bulk_payment::BulkPayment;
use crate::domain::collection::Collection;
use crate::domain::control_number::ControlNumber;
use crate::domain::event::Event;
use crate::domain::money::Money;
use crate::domain::payment::recall::Recall;
use crate::domain::payment::{Allocation, Attempt, Payment, Receipt};
use crate::domain::provider::ProviderCode;
use crate::domain::reminder::Reminder;
use crate::domain::requester::{Requester, Scope};
use crate::domain::webhook::{DeliveryState, WebhookDelivery, WebhookEndpoint};
use crate::store::{CallbackReader, KeptCallback, Owner, ProviderRow, StoreError};

/// Loads from the store what one owner may see.
#[derive(Debug)]
pub struct StoreLoader {
    app: App,
    owner: Owner,
    operator: bool,
    callbacks: CallbackReader,
}

impl StoreLoader {
    /// A loader for one request; an operator's finds what belongs to no tenant, too.
    pub fn new(app: App, requester: &Requester) -> Self {
        let operator = requester.may(Scope::Operator);
        Self { app, owner: Owner::of(requester), operator, callbacks: CallbackReader::of(requester) }
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
    /// A callback by its id.
    CallbackKey
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
    /// A bulk payment by its id.
    BulkPaymentKey
}
key! {
    /// An API client by its id.
    ApiClientKey
}
key! {
    /// The payments of a bulk payment.
    PaymentsOfBulk
}
key! {
    /// The recalls of a payment.
    RecallsOf
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

key! {
    /// A control number by its id.
    ControlNumberKey
}
key! {
    /// A collection by its id.
    CollectionKey
}

key! {
    /// A webhook endpoint by its id.
    WebhookEndpointKey
}
key! {
    /// A webhook's delivery by its id.
    WebhookDeliveryKey
}

/// The newest deliveries of a webhook endpoint, and one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeliveriesOfEndpoint {
    /// Which endpoint.
    pub endpoint: Uuid,
    /// Those in this state; in any where absent.
    pub state: Option<DeliveryState>,
    /// How many at most.
    pub limit: u64,
}

/// The newest collections of a control number, and one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CollectionsOfControlNumber {
    /// Which control number.
    pub control_number: Uuid,
    /// How many at most.
    pub limit: u64,
}

/// The collection that a provider named so, by its id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CollectionNamed {
    /// Which provider.
    pub provider: ProviderCode,
    /// What it named the collection.
    pub reference: String,
}

/// What was told with a reminder's event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReminderKey {
    /// Of which bill number.
    pub bill_number: Uuid,
    /// Which change of the bill number the event was.
    pub version: i32,
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

impl Loader<ControlNumberKey> for StoreLoader {
    type Value = ControlNumber;
    type Error = LoadError;

    async fn load(&self, keys: &[ControlNumberKey]) -> Result<HashMap<ControlNumberKey, ControlNumber>, LoadError> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let found = self.app.store.control_numbers_by_ids(&self.owner, &ids).await?;
        Ok(found.into_iter().map(|(id, number)| (ControlNumberKey(id), number)).collect())
    }
}

impl Loader<CollectionKey> for StoreLoader {
    type Value = Collection;
    type Error = LoadError;

    async fn load(&self, keys: &[CollectionKey]) -> Result<HashMap<CollectionKey, Collection>, LoadError> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let found = self.app.store.collections_by_ids(&self.owner, self.operator, &ids).await?;
        Ok(found.into_iter().map(|(id, collection)| (CollectionKey(id), collection)).collect())
    }
}

impl Loader<CollectionsOfControlNumber> for StoreLoader {
    type Value = Vec<Collection>;
    type Error = LoadError;

    async fn load(
        &self,
        keys: &[CollectionsOfControlNumber],
    ) -> Result<HashMap<CollectionsOfControlNumber, Vec<Collection>>, LoadError> {
        let mut found = HashMap::new();
        for limit in keys.iter().map(|key| key.limit).collect::<std::collections::BTreeSet<_>>() {
            let ids: Vec<_> = keys.iter().filter(|key| key.limit == limit).map(|key| key.control_number).collect();
            let collections = self.app.store.collections_of_numbers(&self.owner, &ids, limit).await?;
            found.extend(collections.into_iter().map(|(control_number, collections)| {
                (CollectionsOfControlNumber { control_number, limit }, collections)
            }));
        }
        Ok(found)
    }
}

impl Loader<CallbackKey> for StoreLoader {
    type Value = KeptCallback;
    type Error = LoadError;

    async fn load(&self, keys: &[CallbackKey]) -> Result<HashMap<CallbackKey, KeptCallback>, LoadError> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let found = self.app.store.callbacks_by_id(&self.callbacks, &ids).await?;
        Ok(found.into_iter().map(|(id, callback)| (CallbackKey(id), callback)).collect())
    }
}

impl Loader<CollectionNamed> for StoreLoader {
    type Value = Uuid;
    type Error = LoadError;

    async fn load(&self, keys: &[CollectionNamed]) -> Result<HashMap<CollectionNamed, Uuid>, LoadError> {
        let names: Vec<_> = keys.iter().map(|key| (key.provider, key.reference.clone())).collect();
        let found = self.app.store.collections_named(&names).await?;
        Ok(found.into_iter().map(|((provider, reference), id)| (CollectionNamed { provider, reference }, id)).collect())
    }
}

impl Loader<ReminderKey> for StoreLoader {
    type Value = Reminder;
    type Error = LoadError;

    async fn load(&self, keys: &[ReminderKey]) -> Result<HashMap<ReminderKey, Reminder>, LoadError> {
        let wanted: Vec<_> = keys.iter().map(|key| (key.bill_number, key.version)).collect();
        let found = self.app.store.reminders(&self.owner, &wanted).await?;
        let key = |(bill_number, version)| ReminderKey { bill_number, version };
        Ok(found.into_iter().map(|(named, reminder)| (key(named), reminder)).collect())
    }
}

impl Loader<BulkPaymentKey> for StoreLoader {
    type Value = BulkPayment;
    type Error = LoadError;

    async fn load(&self, keys: &[BulkPaymentKey]) -> Result<HashMap<BulkPaymentKey, BulkPayment>, LoadError> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let found = self.app.store.bulk_payments_by_id(&self.owner, &ids).await?;
        Ok(found.into_iter().map(|(id, bulk)| (BulkPaymentKey(id), bulk)).collect())
    }
}

impl Loader<ApiClientKey> for StoreLoader {
    type Value = ApiClient;
    type Error = LoadError;

    async fn load(&self, keys: &[ApiClientKey]) -> Result<HashMap<ApiClientKey, ApiClient>, LoadError> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let found = self.app.store.api_clients_by_id(&self.owner, &ids).await?;
        Ok(found.into_iter().map(|(id, client)| (ApiClientKey(id), client)).collect())
    }
}

impl Loader<WebhookEndpointKey> for StoreLoader {
    type Value = WebhookEndpoint;
    type Error = LoadError;

    async fn load(
        &self,
        keys: &[WebhookEndpointKey],
    ) -> Result<HashMap<WebhookEndpointKey, WebhookEndpoint>, LoadError> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let found = self.app.store.webhook_endpoints_by_id(&self.owner, &ids).await?;
        Ok(found.into_iter().map(|(id, endpoint)| (WebhookEndpointKey(id), endpoint)).collect())
    }
}

impl Loader<WebhookDeliveryKey> for StoreLoader {
    type Value = WebhookDelivery;
    type Error = LoadError;

    async fn load(
        &self,
        keys: &[WebhookDeliveryKey],
    ) -> Result<HashMap<WebhookDeliveryKey, WebhookDelivery>, LoadError> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let found = self.app.store.webhook_deliveries_by_id(&self.owner, &ids).await?;
        Ok(found.into_iter().map(|(id, delivery)| (WebhookDeliveryKey(id), delivery)).collect())
    }
}

impl Loader<DeliveriesOfEndpoint> for StoreLoader {
    type Value = Vec<WebhookDelivery>;
    type Error = LoadError;

    async fn load(
        &self,
        keys: &[DeliveriesOfEndpoint],
    ) -> Result<HashMap<DeliveriesOfEndpoint, Vec<WebhookDelivery>>, LoadError> {
        let mut found = HashMap::new();
        for (limit, state) in keys.iter().map(|key| (key.limit, key.state)).collect::<std::collections::BTreeSet<_>>() {
            let alike = keys.iter().filter(|key| (key.limit, key.state) == (limit, state));
            let ids: Vec<_> = alike.map(|key| key.endpoint).collect();
            let deliveries = self.app.store.newest_deliveries(&self.owner, &ids, state, limit).await?;
            let key = |endpoint| DeliveriesOfEndpoint { endpoint, state, limit };
            found.extend(deliveries.into_iter().map(|(endpoint, deliveries)| (key(endpoint), deliveries)));
        }
        Ok(found)
    }
}

impl Loader<PaymentsOfBulk> for StoreLoader {
    type Value = Vec<Payment>;
    type Error = LoadError;

    async fn load(&self, keys: &[PaymentsOfBulk]) -> Result<HashMap<PaymentsOfBulk, Vec<Payment>>, LoadError> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let found = self.app.store.payments_of_bulks(&self.owner, &ids).await?;
        Ok(found.into_iter().map(|(id, payments)| (PaymentsOfBulk(id), payments)).collect())
    }
}

impl Loader<RecallsOf> for StoreLoader {
    type Value = Vec<Recall>;
    type Error = LoadError;

    async fn load(&self, keys: &[RecallsOf]) -> Result<HashMap<RecallsOf, Vec<Recall>>, LoadError> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let found = self.app.store.recalls_of(&ids).await?;
        Ok(found.into_iter().map(|(id, recalls)| (RecallsOf(id), recalls)).collect())
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
