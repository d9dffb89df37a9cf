//! Queries: by ids, by other names, by cursors and filters, and lists as they are.

use super::row::{Row, hidden, own};
use super::things::{List, Thing};

// Objects.
const BILL: &str = "query ($id: ID!) { bill(id: $id) { id amount { amount } } }";
const BULK: &str = "query ($id: ID!) { bulkPayment(id: $id) { id status payments { id } } }";
const NUMBER_BY_ID: &str = "query ($id: ID!) { controlNumber(by: { id: $id }) { id status } }";
const NUMBER_BY_KEY: &str = "query ($id: String!) { controlNumber(by: { idempotencyKey: $id }) { id status } }";
const NUMBER_BY_NUMBER: &str = "query ($id: String!) { controlNumber(by: { number: $id }) { id status } }";
const PAYMENT_BY_ID: &str = "query ($id: ID!) { payment(by: { id: $id }) { id status } }";
const PAYMENT_BY_KEY: &str = "query ($id: String!) { payment(by: { idempotencyKey: $id }) { id status } }";
const PAYMENT_BY_REFERENCE: &str =
    "query ($id: String!) { payment(by: { providerReference: { reference: $id } }) { id status } }";

// Filters.
const NUMBERS_OF_ACCOUNT: &str =
    "query ($id: String!) { billNumbers(filter: { accountReference: $id }) { nodes { id } } }";
const NUMBERS_OF_CUSTOMER: &str = "query ($id: String!) { billNumbers(filter: { customer: $id }) { nodes { id } } }";
const BILLS_OF_ACCOUNT: &str = "query ($id: String!) { bills(filter: { accountReference: $id }) { nodes { id } } }";
const BILLS_OF_NUMBER: &str = "query ($id: ID!) { bills(filter: { billNumberId: $id }) { nodes { id } } }";
const BILLS_OF_CUSTOMER: &str = "query ($id: String!) { bills(filter: { customer: $id }) { nodes { id } } }";
const COLLECTIONS_OF_NUMBER: &str =
    "query ($id: ID!) { collections(filter: { controlNumberId: $id }) { nodes { id } } }";
const CONTROL_NUMBERS_OF_CUSTOMER: &str =
    "query ($id: String!) { controlNumbers(filter: { customer: $id }) { nodes { id } } }";
const CONTROL_NUMBERS_OF_REFERENCE: &str =
    "query ($id: String!) { controlNumbers(filter: { reference: $id }) { nodes { id } } }";
const EVENTS_OF: &str = "query ($id: ID!) { events(filter: { subjectId: $id }) { nodes { sequence } } }";
const PAYMENTS_OF_NUMBER: &str = "query ($id: ID!) { payments(filter: { billNumberId: $id }) { nodes { id } } }";
const PAYMENTS_OF_BULK: &str = "query ($id: ID!) { payments(filter: { bulkPaymentId: $id }) { nodes { id } } }";
const PAYMENTS_OF_CUSTOMER: &str = "query ($id: String!) { payments(filter: { customer: $id }) { nodes { id } } }";

// Lists of objects' fields.
const PAYMENTS_OF_NUMBERS: &str =
    "query ($id: String!) { billNumbers { nodes { payments(after: $id) { nodes { id } } } } }";
const COLLECTIONS_OF_NUMBERS: &str =
    "query ($id: String!) { controlNumbers { nodes { collections(after: $id) { nodes { id } } } } }";
const PAYMENTS_OF_NUMBERS_BEFORE: &str =
    "query ($id: String!) { billNumbers { nodes { payments(last: 10, before: $id) { nodes { id } } } } }";
const COLLECTIONS_OF_NUMBERS_BEFORE: &str =
    "query ($id: String!) { controlNumbers { nodes { collections(last: 10, before: $id) { nodes { id } } } } }";
const EVENTS_OF_NUMBERS: &str =
    "{ controlNumbers { nodes { events(after: \"0\", first: 5) { sequence subject { id } } } } }";
const EVENTS_OF_PAYMENTS: &str =
    "{ payments { nodes { events(after: \"0\", first: 5) { sequence subject { id } } } } }";

// What is the requester's.
const BILL_NUMBERS: &str = "{ billNumbers { nodes { id payments { nodes { id } } } } }";
const CALLBACKS: &str = "{ callbacks { nodes { id ourReference providerReference subject { id } } } }";
const COLLECTIONS: &str = "{ collections { nodes { id number providerReference controlNumber { id } } } }";
const CONTROL_NUMBERS: &str = "{ controlNumbers { nodes { id number reference idempotencyKey } } }";
const EVENTS: &str = "{ events(first: 100) { nodes { sequence subject { id } } } }";
const EVENTS_FROM: &str = "{ events(first: 100, after: \"0\") { nodes { sequence subject { id } } } }";
const EVENTS_UP_TO: &str = "{ events(last: 100, before: \"1000000\") { nodes { sequence subject { id } } } }";
const PAYMENTS: &str = "{ payments { nodes { id idempotencyKey providerReference } } }";
const VIEWER: &str = "{ viewer { tenant customer subject scopes eventsHead } }";

pub const ROWS: &[Row] = &[
    hidden("Query.bill(id)", Thing::Bill, BILL),
    hidden("Query.bulkPayment(id)", Thing::BulkPayment, BULK),
    hidden("Query.controlNumber(by.id)", Thing::ControlNumber, NUMBER_BY_ID),
    hidden("Query.controlNumber(by.idempotencyKey)", Thing::NumberKey, NUMBER_BY_KEY),
    hidden("Query.controlNumber(by.number)", Thing::Number, NUMBER_BY_NUMBER),
    hidden("Query.payment(by.id)", Thing::Payment, PAYMENT_BY_ID),
    hidden("Query.payment(by.idempotencyKey)", Thing::PaymentKey, PAYMENT_BY_KEY),
    hidden("Query.payment(by.providerReference.reference)", Thing::PaymentReference, PAYMENT_BY_REFERENCE),
    hidden("Query.billNumbers(filter.accountReference)", Thing::Account, NUMBERS_OF_ACCOUNT),
    hidden("Query.billNumbers(filter.customer)", Thing::Customer, NUMBERS_OF_CUSTOMER),
    hidden("Query.bills(filter.accountReference)", Thing::Account, BILLS_OF_ACCOUNT),
    hidden("Query.bills(filter.billNumberId)", Thing::BillNumber, BILLS_OF_NUMBER),
    hidden("Query.bills(filter.customer)", Thing::Customer, BILLS_OF_CUSTOMER),
    hidden("Query.collections(filter.controlNumberId)", Thing::ControlNumber, COLLECTIONS_OF_NUMBER),
    hidden("Query.controlNumbers(filter.customer)", Thing::Customer, CONTROL_NUMBERS_OF_CUSTOMER),
    hidden("Query.controlNumbers(filter.reference)", Thing::NumberReference, CONTROL_NUMBERS_OF_REFERENCE),
    hidden("Query.events(filter.subjectId)", Thing::BillNumber, EVENTS_OF),
    hidden("Query.events(filter.subjectId)", Thing::BulkPayment, EVENTS_OF),
    hidden("Query.events(filter.subjectId)", Thing::Collection, EVENTS_OF),
    hidden("Query.events(filter.subjectId)", Thing::ControlNumber, EVENTS_OF),
    hidden("Query.events(filter.subjectId)", Thing::Payment, EVENTS_OF),
    hidden("Query.payments(filter.billNumberId)", Thing::BillNumber, PAYMENTS_OF_NUMBER),
    hidden("Query.payments(filter.bulkPaymentId)", Thing::BulkPayment, PAYMENTS_OF_BULK),
    hidden("Query.payments(filter.customer)", Thing::Customer, PAYMENTS_OF_CUSTOMER),
    hidden("BillNumber.payments(after)", Thing::First(List::Payments), PAYMENTS_OF_NUMBERS),
    hidden("ControlNumber.collections(after)", Thing::First(List::Collections), COLLECTIONS_OF_NUMBERS),
    hidden("BillNumber.payments(before)", Thing::Last(List::Payments), PAYMENTS_OF_NUMBERS_BEFORE),
    hidden("ControlNumber.collections(before)", Thing::Last(List::Collections), COLLECTIONS_OF_NUMBERS_BEFORE),
    own("ControlNumber.events(after)", EVENTS_OF_NUMBERS),
    own("Payment.events(after)", EVENTS_OF_PAYMENTS),
    own("Query.apiClients", "{ apiClients { nodes { id } } }"),
    own("Query.billNumbers", BILL_NUMBERS),
    own("Query.bills", "{ bills { nodes { id openPayment { id } } } }"),
    own("Query.bulkPayments", "{ bulkPayments { nodes { id idempotencyKey payments { id } } } }"),
    own("Query.callbacks", CALLBACKS),
    own("Query.collections", COLLECTIONS),
    own("Query.controlNumbers", CONTROL_NUMBERS),
    own("Query.events", EVENTS),
    own("Query.events(after)", EVENTS_FROM),
    own("Query.events(before)", EVENTS_UP_TO),
    own("Query.payments", PAYMENTS),
    own("Query.viewer", VIEWER),
];
