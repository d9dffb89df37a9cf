//! What the API shows: payments, bulk payments, control numbers, collections and the events of all of them.

use std::hash::{DefaultHasher, Hash, Hasher};

use billpay::domain::provider::ProviderCode;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// A payment.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PaymentRow {
    pub(super) id: String,
    pub(super) provider: Provider,
    /// None in a bulk's payment.
    pub(super) idempotency_key: Option<String>,
    /// None in a bulk's payment, for which BILL takes no reference.
    pub(super) our_reference: Option<String>,
    /// None where a bill is paid.
    pub(super) account_reference: Option<String>,
    pub(super) status: String,
    pub(super) version: u64,
    pub(super) amount: Amount,
    pub(super) review: Option<Review>,
    pub(super) bulk_payment: Option<Named>,
    pub(super) allocations: Vec<Allocation>,
}

/// A part of a payment.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Allocation {
    pub(super) amount: Amount,
    pub(super) bill: Option<BillRow>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BillRow {
    pub(super) provider_reference: Option<String>,
}

/// A bulk payment; which payments are its own, they tell.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BulkRow {
    pub(super) id: String,
    pub(super) idempotency_key: String,
    pub(super) status: String,
    pub(super) version: u64,
}

/// A control number.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NumberRow {
    pub(super) id: String,
    pub(super) idempotency_key: String,
    /// None until the provider has answered.
    pub(super) number: Option<String>,
    pub(super) reference: String,
    pub(super) status: String,
    pub(super) version: u64,
    pub(super) amount_received: Amount,
    pub(super) review: Option<Review>,
}

/// Money that was received.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CollectionRow {
    pub(super) id: String,
    pub(super) number: String,
    pub(super) provider_reference: String,
    pub(super) status: String,
    pub(super) version: u64,
    pub(super) amount: Amount,
}

/// An event of the log. Which of the statuses it has says what kind of object it is about.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventRow {
    pub(super) sequence: String,
    pub(super) at: jiff::Timestamp,
    /// What happened.
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) subject: Named,
    pub(super) version: Option<u64>,
    payment_status: Option<String>,
    bulk_status: Option<String>,
    number_status: Option<String>,
    collection_status: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Provider {
    #[serde(deserialize_with = "provider_code")]
    pub(super) code: ProviderCode,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Named {
    pub(super) id: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Amount {
    pub(super) amount: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Review {
    pub(super) reason: String,
}

impl EventRow {
    /// The status of a payment after it.
    pub(super) fn payment_status(&self) -> Option<&str> {
        self.payment_status.as_deref()
    }

    /// The object's status after it.
    pub(super) fn status(&self) -> Option<&str> {
        let statuses = [&self.payment_status, &self.bulk_status, &self.number_status, &self.collection_status];
        statuses.into_iter().find_map(Option::as_deref)
    }

    /// A short print of all that it tells: two events that tell the same have the same.
    pub(super) fn print(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let told = (&self.subject.id, self.version, self.status(), &self.kind, self.at.as_microsecond());
        told.hash(&mut hasher);
        hasher.finish()
    }
}

impl Amount {
    /// In hundredths: all currencies here have two decimals.
    pub(super) fn hundredths(&self) -> u64 {
        hundredths(&self.amount)
    }
}

/// An amount with two decimals, in hundredths.
pub(super) fn hundredths(amount: &str) -> u64 {
    let (whole, rest) = amount.split_once('.').unwrap_or((amount, "00"));
    assert_eq!(rest.len(), 2, "{amount} has not two decimals");
    format!("{whole}{rest}").parse().unwrap_or_else(|error| panic!("{amount}: {error}"))
}

/// A provider by its code.
pub(super) fn provider_code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ProviderCode, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}
