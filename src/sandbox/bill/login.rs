//! Logging in and out. All that is needed stands in the body, the developer's key too; a session is trusted at once
//! where the body also has a remembered device.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};

use super::BillCom;
use super::fields::{self, Fields};
use super::rejection::Rejection;

/// The sandbox's documented developer key.
pub const DEV_KEY: &str = "sandbox-dev-key";
/// The sandbox's documented user name.
pub const USERNAME: &str = "sandbox@example.com";
/// The sandbox's documented password.
pub const PASSWORD: &str = "sandbox-password";
/// The sandbox's documented organization.
pub const ORGANIZATION_ID: &str = "00801SANDBOX00000001";
/// The sandbox's documented id of a remembered second factor.
pub const REMEMBER_ME_ID: &str = "sandbox-remember-me";
/// The sandbox's documented device, the one that is remembered.
pub const DEVICE: &str = "sandbox-device";

/// Who is logged in.
pub(super) const USER_ID: &str = "00601SANDBOX00000001";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LoggedIn {
    session_id: String,
    organization_id: &'static str,
    user_id: &'static str,
    trusted: bool,
}

/// The members are our choice, but for the ids.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionInfo {
    organization_id: &'static str,
    user_id: &'static str,
    trusted: bool,
}

/// `POST /v3/login`.
pub(super) async fn log_in(State(bill): State<Arc<BillCom>>, body: Bytes) -> Response {
    let admitted = bill.limits.log_in().and_then(|()| fields::parse(&body)).and_then(|members| admit(&bill, &members));
    match admitted {
        Ok(logged_in) => Json(logged_in).into_response(),
        Err(rejection) => rejection.into_response(),
    }
}

/// `POST /v3/logout`.
pub(super) async fn log_out(State(bill): State<Arc<BillCom>>, headers: HeaderMap) -> Json<Value> {
    bill.sessions.close(&headers);
    Json(serde_json::json!({}))
}

/// `GET /v3/login/session`.
pub(super) async fn session(State(bill): State<Arc<BillCom>>, headers: HeaderMap) -> Response {
    let trusted = bill.sessions.is_trusted(&headers);
    Json(SessionInfo { organization_id: ORGANIZATION_ID, user_id: USER_ID, trusted }).into_response()
}

fn admit(bill: &BillCom, members: &Map<String, Value>) -> Result<LoggedIn, Rejection> {
    let body = Fields::new(members);
    let [username, password, organization, key] =
        ["username", "password", "organizationId", "devKey"].map(|name| required(body, name));
    let (username, password, organization, key) = (username?, password?, organization?, key?);
    if key != DEV_KEY {
        return Err(Rejection::developer_key_invalid());
    }
    if organization != ORGANIZATION_ID {
        return Err(Rejection::organization_invalid());
    }
    if username != USERNAME || password != PASSWORD {
        return Err(Rejection::login_failed());
    }
    let trusted = is_remembered(bill, body)?;
    let session_id = bill.sessions.open(trusted);
    Ok(LoggedIn { session_id, organization_id: ORGANIZATION_ID, user_id: USER_ID, trusted })
}

/// Both or none; a pair that is not known opens a session without trust.
fn is_remembered(bill: &BillCom, body: Fields<'_>) -> Result<bool, Rejection> {
    match (body.text("rememberMeId")?, body.text("device")?) {
        (Some(id), Some(device)) => Ok(bill.devices.remembers(id, device)),
        (Some(_), None) => Err(Rejection::missing_parameter("device")),
        (None, Some(_)) => Err(Rejection::missing_parameter("rememberMeId")),
        (None, None) => Ok(false),
    }
}

fn required<'a>(body: Fields<'a>, name: &str) -> Result<&'a str, Rejection> {
    body.text(name)?.ok_or_else(|| Rejection::missing_parameter(name))
}
