//! Rows of control numbers into the domain's type and back.

use entity::control_number::Model;

use super::super::StoreError;
use super::super::convert::{customer, failure, failure_json, money, tenant, word};
use super::super::time::{micros, timestamp};
use super::create::NewControlNumber;
use crate::domain::control_number::{ControlNumber, Customer};
use crate::domain::ids::Id;
use crate::domain::money::Money;

/// Reads a control number.
pub(super) fn control_number(row: Model) -> Result<ControlNumber, StoreError> {
    let review = match (row.review_reason.as_deref(), row.review_since) {
        (Some(reason), Some(since)) => Some((word(reason, "a review reason")?, timestamp(since)?)),
        (None, _) | (_, None) => None,
    };
    let received = money(row.received_minor, &row.currency)?;
    let in_its_currency = |minor: i64| received.with_minor(minor);
    Ok(ControlNumber {
        id: Id::from_uuid(row.id),
        tenant: tenant(&row.tenant_id)?,
        owner: customer(row.customer.as_deref())?,
        idempotency_key: row.idempotency_key,
        submission_id: Id::from_uuid(row.submission_id),
        place: row.place,
        provider: word(&row.provider, "a provider")?,
        number: row.number,
        kind: word(&row.kind, "a kind of control number")?,
        mode: row.mode.as_deref().map(|mode| word(mode, "a mode of a control number")).transpose()?,
        amount: row.amount_minor.map(in_its_currency),
        max_amount: row.max_amount_minor.map(in_its_currency),
        received,
        counted: in_its_currency(row.counted_minor),
        paid_once: row.paid_once,
        reference: row.reference,
        description: row.description,
        customer: payer(row.payer_name, row.payer_phone, row.payer_email),
        enabled: row.enabled,
        status: word(&row.status, "a status of a control number")?,
        review,
        failure: failure(row.failure.as_deref())?,
        version: row.version,
        created_by: row.created_by,
        created_at: timestamp(row.created_at)?,
        updated_at: timestamp(row.updated_at)?,
    })
}

/// Who pays, where anything is known of them.
pub(in crate::store) fn payer(
    name: Option<String>,
    phone_number: Option<String>,
    email: Option<String>,
) -> Option<Customer> {
    let known = name.is_some() || phone_number.is_some() || email.is_some();
    known.then_some(Customer { name, phone_number, email })
}

/// The row of a new control number.
pub(super) fn new_row(new: &NewControlNumber) -> Model {
    let number = &new.number;
    let customer = number.customer.clone();
    let (payer_name, payer_phone, payer_email) =
        customer.map_or((None, None, None), |customer| (customer.name, customer.phone_number, customer.email));
    Model {
        id: number.id.uuid(),
        tenant_id: number.tenant.as_str().to_owned(),
        customer: number.owner.as_ref().map(|customer| customer.as_str().to_owned()),
        mutation: new.key_owner.as_str().to_owned(),
        idempotency_key: number.idempotency_key.clone(),
        item: new.item,
        request_hash: new.request_hash.clone(),
        submission_id: number.submission_id.uuid(),
        place: number.place,
        provider: number.provider.as_str().to_owned(),
        number: number.number.clone(),
        kind: number.kind.to_string(),
        mode: number.mode.map(|mode| mode.to_string()),
        amount_minor: number.amount.map(Money::minor),
        max_amount_minor: number.max_amount.map(Money::minor),
        received_minor: number.received.minor(),
        counted_minor: number.counted.minor(),
        currency: number.received.currency().as_str().to_owned(),
        paid_once: number.paid_once,
        reference: number.reference.clone(),
        description: number.description.clone(),
        payer_name,
        payer_phone,
        payer_email,
        enabled: number.enabled,
        status: number.status.to_string(),
        version: number.version,
        review_reason: None,
        review_since: None,
        failure: failure_json(number.failure.as_ref()),
        collections_asked_at: None,
        hinted_at: None,
        created_by: number.created_by.clone(),
        created_at: micros(number.created_at),
        updated_at: micros(number.updated_at),
    }
}
