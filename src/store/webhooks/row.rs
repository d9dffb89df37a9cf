//! Rows into endpoints and deliveries, and back. What cannot be read is an error, never a default.

use entity::{webhook_delivery, webhook_endpoint};
use url::Url;

use super::super::StoreError;
use super::super::convert::{customer, tenant, word};
use super::super::time::{micros, timestamp};
use super::endpoints::NewWebhookEndpoint;
use crate::domain::event::EventType;
use crate::domain::ids::Id;
use crate::domain::webhook::{Position, Replay, WebhookDelivery, WebhookEndpoint};

pub(super) fn endpoint(row: webhook_endpoint::Model) -> Result<WebhookEndpoint, StoreError> {
    let url = row.url.as_deref().map(Url::parse).transpose();
    let types = row.event_types.split_ascii_whitespace().map(|kind| word::<EventType>(kind, "an event type"));
    let replay = row.replay_next.zip(row.replay_through);
    Ok(WebhookEndpoint {
        id: Id::from_uuid(row.id),
        tenant: tenant(&row.tenant_id)?,
        customer: customer(row.customer.as_deref())?,
        kind: word(&row.kind, "an endpoint's kind")?,
        url: url.map_err(|_| StoreError::Unreadable("a URL"))?,
        description: row.description,
        event_types: types.collect::<Result<_, _>>()?,
        state: word(&row.state, "an endpoint's state")?,
        position: Position {
            cursor: row.handled_through,
            replay: replay.map(|(next, through)| Replay { next, through }),
        },
        next_at: row.next_at.map(timestamp).transpose()?,
        secret_since: timestamp(row.secret_since)?,
        previous_secret_until: row.previous_secret_until.map(timestamp).transpose()?,
        created_by: row.created_by,
        created_at: timestamp(row.created_at)?,
        updated_at: timestamp(row.updated_at)?,
        removed_at: row.removed_at.map(timestamp).transpose()?,
    })
}

pub(super) fn endpoint_row(new: &NewWebhookEndpoint) -> webhook_endpoint::Model {
    let endpoint = &new.endpoint;
    webhook_endpoint::Model {
        id: endpoint.id.uuid(),
        tenant_id: endpoint.tenant.as_str().to_owned(),
        customer: endpoint.customer.as_ref().map(|customer| customer.as_str().to_owned()),
        kind: endpoint.kind.to_string(),
        url: endpoint.url.as_ref().map(ToString::to_string),
        description: endpoint.description.clone(),
        event_types: types(&endpoint.event_types),
        state: endpoint.state.to_string(),
        handled_through: endpoint.position.cursor,
        replay_next: endpoint.position.replay.map(|replay| replay.next),
        replay_through: endpoint.position.replay.map(|replay| replay.through),
        next_at: endpoint.next_at.map(micros),
        secret: new.secret.clone(),
        secret_since: micros(endpoint.secret_since),
        previous_secret: None,
        previous_secret_until: None,
        lease_owner: None,
        lease_until: None,
        fence: 0,
        served_at: 0,
        created_by: endpoint.created_by.clone(),
        created_at: micros(endpoint.created_at),
        updated_at: micros(endpoint.updated_at),
        removed_at: None,
    }
}

/// Types as they are stored.
pub(super) fn types(types: &[EventType]) -> String {
    types.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" ")
}

pub(super) fn delivery(row: webhook_delivery::Model) -> Result<WebhookDelivery, StoreError> {
    let status = row.http_status.map(u16::try_from).transpose();
    Ok(WebhookDelivery {
        id: Id::from_uuid(row.id),
        endpoint_id: Id::from_uuid(row.endpoint_id),
        sequence: row.sequence,
        event_type: word(&row.event_type, "an event type")?,
        event_at: timestamp(row.event_at)?,
        payment_id: row.payment_id.map(Id::from_uuid),
        state: word(&row.state, "a delivery's state")?,
        attempts: u32::try_from(row.attempts).map_err(|_| StoreError::Unreadable("a number of attempts"))?,
        http_status: status.map_err(|_| StoreError::Unreadable("an HTTP status"))?,
        trouble: row.trouble,
        excerpt: row.excerpt,
        first_at: row.first_at.map(timestamp).transpose()?,
        last_at: row.last_at.map(timestamp).transpose()?,
        next_at: row.next_at.map(timestamp).transpose()?,
    })
}

pub(super) fn delivery_row(endpoint: &WebhookEndpoint, delivery: &WebhookDelivery) -> webhook_delivery::Model {
    webhook_delivery::Model {
        id: delivery.id.uuid(),
        endpoint_id: endpoint.id.uuid(),
        tenant_id: endpoint.tenant.as_str().to_owned(),
        customer: endpoint.customer.as_ref().map(|customer| customer.as_str().to_owned()),
        sequence: delivery.sequence,
        event_type: delivery.event_type.to_string(),
        event_at: micros(delivery.event_at),
        payment_id: delivery.payment_id.map(|id| id.uuid()),
        state: delivery.state.to_string(),
        attempts: i32::try_from(delivery.attempts).unwrap_or(i32::MAX),
        http_status: delivery.http_status.map(i32::from),
        trouble: delivery.trouble.clone(),
        excerpt: delivery.excerpt.clone(),
        first_at: delivery.first_at.map(micros),
        last_at: delivery.last_at.map(micros),
        next_at: delivery.next_at.map(micros),
    }
}
