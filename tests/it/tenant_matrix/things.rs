//! What the owner has that could be named: by its id, by another name, or by its place in a list.

use billpay::domain::ids::AnyId;
use type_safe_id::{DynamicType, TypeSafeId};
use uuid::Uuid;

use crate::support::client::new_key;

/// Something of the owner's, as it is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    Payment,
    BillNumber,
    Bill,
    BulkPayment,
    ControlNumber,
    Collection,
    ApiClient,
    WebhookEndpoint,
    /// A webhook on its way.
    WebhookDelivery,
    /// A payment's idempotency key.
    PaymentKey,
    /// A bulk payment's.
    BulkKey,
    /// A control number's.
    NumberKey,
    /// That of control numbers made together.
    BatchKey,
    /// What the provider named a payment.
    PaymentReference,
    /// What payers type in.
    Number,
    /// What a control number is made for.
    NumberReference,
    /// The account of a bill number.
    Account,
    /// The owner itself.
    Customer,
    /// The cursor of the first in a list.
    First(List),
    /// The cursor of the last.
    Last(List),
}

/// A list of what the owner has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum List {
    ApiClients,
    BillNumbers,
    Bills,
    BulkPayments,
    Callbacks,
    Collections,
    ControlNumbers,
    Payments,
    WebhookEndpoints,
}

impl List {
    pub const ALL: [Self; 9] = [
        Self::ApiClients,
        Self::BillNumbers,
        Self::Bills,
        Self::BulkPayments,
        Self::Callbacks,
        Self::Collections,
        Self::ControlNumbers,
        Self::Payments,
        Self::WebhookEndpoints,
    ];

    /// The field that lists them.
    pub const fn field(self) -> &'static str {
        match self {
            Self::ApiClients => "apiClients",
            Self::BillNumbers => "billNumbers",
            Self::Bills => "bills",
            Self::BulkPayments => "bulkPayments",
            Self::Callbacks => "callbacks",
            Self::Collections => "collections",
            Self::ControlNumbers => "controlNumbers",
            Self::Payments => "payments",
            Self::WebhookEndpoints => "webhookEndpoints",
        }
    }
}

impl Thing {
    /// A name of the same kind that names nothing.
    pub fn absent(self, theirs: &str) -> String {
        match self {
            Self::Payment
            | Self::BillNumber
            | Self::Bill
            | Self::BulkPayment
            | Self::ControlNumber
            | Self::Collection
            | Self::ApiClient
            | Self::WebhookEndpoint
            | Self::WebhookDelivery
            | Self::First(_)
            | Self::Last(_) => twin(theirs),
            Self::PaymentKey | Self::BulkKey | Self::NumberKey | Self::BatchKey | Self::PaymentReference => new_key(),
            Self::Number | Self::NumberReference => new_digits(),
            Self::Account => "7007007".to_owned(),
            Self::Customer => "nobody".to_owned(),
        }
    }
}

/// An id that was never given, of the same kind and the same moment: a cursor's moment says what stands behind it, and
/// the asker's own objects must stand on the same side of both.
fn twin(id: &str) -> String {
    let known: AnyId = id.parse().unwrap_or_else(|_| panic!("{id} is no id"));
    let kind = DynamicType::new(known.prefix()).expect("a kind of id");
    let mut bytes = Uuid::now_v7().into_bytes();
    // The time of making, in milliseconds.
    bytes[..6].copy_from_slice(&known.uuid().as_bytes()[..6]);
    TypeSafeId::from_type_and_uuid(kind, Uuid::from_bytes(bytes)).to_string()
}

/// As many digits as the references that billpay makes.
fn new_digits() -> String {
    const FIRST: u128 = 1_000_000_000_000_000;
    (FIRST + Uuid::now_v7().as_u128() % (9 * FIRST)).to_string()
}
