//! Subscriptions: all from the oldest event that is kept, so that what happened to the owner's objects would be heard.
//!
//! A sequence is a place in the requester's own log and names nothing of another's; "0" asks for the whole log.

use super::row::{Row, followed, refused, silent};
use super::things::Thing;

const COLLECTIONS: &str = "subscription { collectionReceived(after: \"0\") { sequence subject { id } } }";
const NUMBERS: &str = "subscription { controlNumberUpdated(after: \"0\") { sequence subject { id } } }";
const ONE_NUMBER: &str = "subscription ($id: ID!) { controlNumberUpdated(id: $id, after: \"0\") { sequence } }";
const EVENTS: &str = "subscription { events(after: \"0\") { sequence subject { id } } }";
const ABOUT: &str = "subscription ($id: ID!) { events(after: \"0\", filter: { subjectId: $id }) { sequence } }";
const ONE_PAYMENT: &str = "subscription ($id: ID!) { paymentUpdated(id: $id) { sequence } }";
const RESUMED: &str = "subscription ($id: ID!) { paymentUpdated(id: $id, after: \"0\") { sequence } }";
const PAYMENTS: &str = "subscription { paymentsUpdated(after: \"0\") { sequence subject { id } } }";
const BY_NUMBER: &str =
    "subscription ($id: ID!) { paymentsUpdated(after: \"0\", filter: { billNumberId: $id }) { sequence } }";
const BY_BULK: &str =
    "subscription ($id: ID!) { paymentsUpdated(after: \"0\", filter: { bulkPaymentId: $id }) { sequence } }";
const BY_CUSTOMER: &str =
    "subscription ($id: String!) { paymentsUpdated(after: \"0\", filter: { customer: $id }) { sequence } }";
const REMINDERS: &str = "subscription { reminderDue(after: \"0\") { sequence subject { id } } }";

pub const ROWS: &[Row] = &[
    followed("Subscription.collectionReceived(after)", "CollectionEvent", COLLECTIONS),
    followed("Subscription.controlNumberUpdated(after)", "ControlNumberEvent", NUMBERS),
    refused("Subscription.controlNumberUpdated(id)", Thing::ControlNumber, ONE_NUMBER),
    followed("Subscription.events(after)", "", EVENTS),
    silent("Subscription.events(filter.subjectId)", Thing::Payment, ABOUT),
    silent("Subscription.events(filter.subjectId)", Thing::BillNumber, ABOUT),
    silent("Subscription.events(filter.subjectId)", Thing::BulkPayment, ABOUT),
    silent("Subscription.events(filter.subjectId)", Thing::ControlNumber, ABOUT),
    silent("Subscription.events(filter.subjectId)", Thing::Collection, ABOUT),
    refused("Subscription.paymentUpdated(id)", Thing::Payment, ONE_PAYMENT),
    refused("Subscription.paymentUpdated(after)", Thing::Payment, RESUMED),
    followed("Subscription.paymentsUpdated(after)", "PaymentEvent", PAYMENTS),
    silent("Subscription.paymentsUpdated(filter.billNumberId)", Thing::BillNumber, BY_NUMBER),
    silent("Subscription.paymentsUpdated(filter.bulkPaymentId)", Thing::BulkPayment, BY_BULK),
    silent("Subscription.paymentsUpdated(filter.customer)", Thing::Customer, BY_CUSTOMER),
    followed("Subscription.reminderDue(after)", "ReminderEvent", REMINDERS),
];
