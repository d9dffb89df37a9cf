//! The second factor: a challenge, its token (which would come by text message and is always the same here), and the
//! devices for which it was passed.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::super::lock;
use super::BillCom;
use super::fields::{self, Fields};
use super::login::{DEVICE, REMEMBER_ME_ID};
use super::rejection::Rejection;

/// The token of every challenge.
const TOKEN: &str = "123456";

/// The devices that are remembered; all of them share one id.
pub(super) struct Devices {
    names: Mutex<HashSet<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Challenge {
    challenge_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Validated {
    remember_me_id: &'static str,
    trusted: bool,
}

#[derive(Serialize)]
struct SteppedUp {
    trusted: bool,
}

impl Devices {
    pub(super) fn new() -> Self {
        Self { names: Mutex::new(HashSet::from([DEVICE.to_owned()])) }
    }

    /// Whether the second factor was passed on this device.
    pub(super) fn remembers(&self, id: &str, device: &str) -> bool {
        id == REMEMBER_ME_ID && lock(&self.names).contains(device)
    }

    fn remember(&self, device: &str) {
        lock(&self.names).insert(device.to_owned());
    }
}

/// `POST /v3/mfa/challenge`.
pub(super) async fn challenge(State(bill): State<Arc<BillCom>>, headers: HeaderMap) -> Response {
    Json(Challenge { challenge_id: bill.sessions.challenge(&headers) }).into_response()
}

/// `POST /v3/mfa/challenge/validate`.
pub(super) async fn validate(State(bill): State<Arc<BillCom>>, headers: HeaderMap, body: Bytes) -> Response {
    match pass(&bill, &headers, &body) {
        Ok(()) => Json(Validated { remember_me_id: REMEMBER_ME_ID, trusted: true }).into_response(),
        Err(rejection) => rejection.into_response(),
    }
}

/// `POST /v3/mfa/step-up`.
pub(super) async fn step_up(State(bill): State<Arc<BillCom>>, headers: HeaderMap, body: Bytes) -> Response {
    match recall(&bill, &headers, &body) {
        Ok(()) => Json(SteppedUp { trusted: true }).into_response(),
        Err(rejection) => rejection.into_response(),
    }
}

fn pass(bill: &BillCom, headers: &HeaderMap, body: &[u8]) -> Result<(), Rejection> {
    let members = fields::parse(body)?;
    let body = Fields::new(&members);
    let challenge = body.required_text("challengeId")?;
    let token = body.required_text("token")?;
    if !bill.sessions.awaits(headers, challenge) {
        return Err(Rejection::invalid_parameter("challengeId", challenge));
    }
    if token != TOKEN {
        return Err(Rejection::invalid_parameter("token", ""));
    }
    if let Some(device) = body.text("device")? {
        bill.devices.remember(device);
    }
    bill.sessions.set_trusted(headers, true);
    Ok(())
}

fn recall(bill: &BillCom, headers: &HeaderMap, body: &[u8]) -> Result<(), Rejection> {
    let members = fields::parse(body)?;
    let body = Fields::new(&members);
    let id = body.required_text("rememberMeId")?;
    let device = body.required_text("device")?;
    if !bill.devices.remembers(id, device) {
        return Err(Rejection::untrusted());
    }
    bill.sessions.set_trusted(headers, true);
    Ok(())
}
