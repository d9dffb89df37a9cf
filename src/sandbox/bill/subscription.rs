//! The webhooks API: who is told, and the keys with which notifications are signed.
//!
//! One subscription stands from the beginning, with a documented key; its address is the sandbox's option, or what
//! `PUT /_sandbox/webhook` says. A key is shown once, in the answer that makes it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::super::lock;
use super::fields::{self, Fields};
use super::rejection::Rejection;
use super::{BillCom, derive};

/// The sandbox's documented key of the subscription that stands from the beginning.
pub const WEBHOOK_SECURITY_KEY: &str = "sandbox-webhook-security-key";

/// The event of which payments make use.
pub(super) const PAYMENT_UPDATED: &str = "payment.updated";

const FIRST_ID: &str = "00000000-0000-4000-8000-000000000001";
const ENABLED: &str = "ENABLED";
const MOST_SUBSCRIPTIONS: usize = 10;

/// All subscriptions.
pub(super) struct Subscriptions {
    book: Mutex<Book>,
}

struct Book {
    all: Vec<Subscription>,
    /// The ids that each idempotency key made.
    made: HashMap<Uuid, String>,
}

/// Somebody who is told.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subscription {
    pub id: String,
    name: String,
    status: String,
    events: Value,
    /// Absent until somebody says where.
    pub notification_url: Option<String>,
    #[serde(skip)]
    pub security_key: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    #[serde(flatten)]
    subscription: Subscription,
    security_key: String,
}

#[derive(Serialize)]
struct All {
    results: Vec<Subscription>,
}

impl Subscriptions {
    /// The first subscription, which tells billpay at `callbacks`, if that is known.
    pub(super) fn new(callbacks: Option<&str>) -> Self {
        let first = Subscription {
            id: FIRST_ID.to_owned(),
            name: "billpay".to_owned(),
            status: ENABLED.to_owned(),
            events: serde_json::json!([{ "type": PAYMENT_UPDATED, "version": "1" }]),
            notification_url: callbacks.map(|address| format!("{}/callbacks/bill", address.trim_end_matches('/'))),
            security_key: WEBHOOK_SECURITY_KEY.to_owned(),
        };
        Self { book: Mutex::new(Book { all: vec![first], made: HashMap::new() }) }
    }

    /// Those who are told of payments.
    pub(super) fn of_payments(&self) -> Vec<Subscription> {
        lock(&self.book).all.iter().filter(|subscription| subscription.wants(PAYMENT_UPDATED)).cloned().collect()
    }

    fn all(&self) -> Vec<Subscription> {
        lock(&self.book).all.clone()
    }

    /// Adds a subscription, once for each idempotency key.
    fn add(&self, key: Uuid, subscription: Subscription) -> Result<Subscription, Rejection> {
        let mut book = lock(&self.book);
        if let Some(known) = book.made.get(&key).and_then(|id| book.all.iter().find(|known| known.id == *id)) {
            return Ok(known.clone());
        }
        if book.all.len() >= MOST_SUBSCRIPTIONS {
            return Err(Rejection::wrong_state("An organization has at most 10 subscriptions."));
        }
        book.made.insert(key, subscription.id.clone());
        book.all.push(subscription.clone());
        Ok(subscription)
    }

    fn renew_key(&self, id: &str) -> Option<Subscription> {
        let mut book = lock(&self.book);
        let subscription = book.all.iter_mut().find(|subscription| subscription.id == id)?;
        subscription.security_key = derive::secret();
        Some(subscription.clone())
    }

    fn redirect_first(&self, url: String) {
        if let Some(first) = lock(&self.book).all.first_mut() {
            first.notification_url = Some(url);
        }
    }
}

impl Subscription {
    fn wants(&self, event: &str) -> bool {
        let events = self.events.as_array().map(Vec::as_slice).unwrap_or_default();
        self.status == ENABLED && events.iter().any(|wanted| wanted["type"] == event)
    }
}

/// `POST /v3/subscriptions`.
pub(super) async fn subscribe(State(bill): State<Arc<BillCom>>, headers: HeaderMap, body: Bytes) -> Response {
    let made = idempotency_key(&headers).and_then(|key| bill.subscriptions.add(key, read(&body)?));
    match made {
        Ok(subscription) => (StatusCode::CREATED, Json(shown(subscription))).into_response(),
        Err(rejection) => rejection.into_response(),
    }
}

/// `GET /v3/subscriptions`.
pub(super) async fn list(State(bill): State<Arc<BillCom>>) -> Response {
    Json(All { results: bill.subscriptions.all() }).into_response()
}

/// `POST /v3/subscriptions/{id}/security-key`.
pub(super) async fn renew_key(State(bill): State<Arc<BillCom>>, Path(id): Path<String>) -> Response {
    match bill.subscriptions.renew_key(&id) {
        Some(subscription) => Json(shown(subscription)).into_response(),
        None => Rejection::not_found().into_response(),
    }
}

/// `PUT /_sandbox/webhook`: where the first subscription's notifications go from now on. The sandbox's own call, for a
/// server that starts after it.
pub(super) async fn redirect(State(bill): State<Arc<BillCom>>, body: Bytes) -> Response {
    match fields::parse(&body).and_then(|members| address(Fields::new(&members), "url")) {
        Ok(url) => {
            bill.subscriptions.redirect_first(url);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(rejection) => rejection.into_response(),
    }
}

fn shown(subscription: Subscription) -> Made {
    Made { security_key: subscription.security_key.clone(), subscription }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Uuid, Rejection> {
    let name = "X-Idempotent-Key";
    let key = headers.get("x-idempotent-key").ok_or_else(|| Rejection::missing_parameter(name))?;
    let key = key.to_str().ok().and_then(|key| Uuid::parse_str(key).ok());
    key.ok_or_else(|| Rejection::invalid_parameter(name, "not a UUID"))
}

fn read(body: &[u8]) -> Result<Subscription, Rejection> {
    let members = fields::parse(body)?;
    let fields = Fields::new(&members);
    for event in fields.required_objects("events")? {
        event.required_text("type")?;
    }
    Ok(Subscription {
        id: derive::uuid(),
        name: fields.required_text("name")?.to_owned(),
        status: fields.text("status")?.unwrap_or(ENABLED).to_owned(),
        notification_url: Some(address(fields, "notificationUrl")?),
        security_key: derive::secret(),
        events: members.get("events").cloned().unwrap_or_default(),
    })
}

/// The provider wants `https`; the sandbox takes `http` too, since it tells this host.
fn address(fields: Fields<'_>, name: &str) -> Result<String, Rejection> {
    let text = fields.required_text(name)?;
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.map(String::from).ok_or_else(|| Rejection::invalid(name, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"name":"n","status":"ENABLED","events":[{"type":"payment.updated","version":"1"}],
        "notificationUrl":"https://example.com/hook"}"#;

    #[test]
    fn the_first_subscription_tells_billpay() {
        let url = |callbacks: Option<&str>| Subscriptions::new(callbacks).of_payments().remove(0).notification_url;
        assert_eq!(url(Some("http://127.0.0.1:1/")).as_deref(), Some("http://127.0.0.1:1/callbacks/bill"));
        assert_eq!(url(None), None);
    }

    #[test]
    fn an_idempotency_key_makes_one_subscription_and_there_are_ten_at_most() {
        let subscriptions = Subscriptions::new(None);
        let add = |key: u128| subscriptions.add(Uuid::from_u128(key), read(BODY.as_bytes())?);
        let ids = [1, 1, 2].map(|key| add(key).map(|made| made.id).expect("made"));
        assert!(ids[0] == ids[1] && ids[1] != ids[2]);
        assert_eq!((3..20).filter(|key| add(*key).is_ok()).count(), 7);
    }

    #[test]
    fn a_key_is_shown_only_where_it_is_made() {
        let subscription = read(BODY.as_bytes()).expect("a subscription");
        let listed = serde_json::to_value(&subscription).expect("JSON");
        assert!(listed.get("securityKey").is_none() && listed["notificationUrl"] == "https://example.com/hook");
        let made = serde_json::to_value(shown(subscription)).expect("JSON");
        assert!(made["securityKey"].is_string() && made["name"] == "n");
    }
}
