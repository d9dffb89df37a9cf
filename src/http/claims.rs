//! Claims whose signature was verified, judged and read into a [`Requester`].
//!
//! Every claim is required to be of its one type; none is guessed from another. Times are whole seconds and are
//! compared with the caller's clock, with the leeway of the settings.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::jwt::AuthError;
use super::unique_json::UniqueObject;
use crate::config::AuthSettings;
use crate::domain::requester::{CustomerId, Requester, Scope, Scopes, TenantId};

/// The longest `sub`, in bytes; it is kept with every event that the requester causes.
const LONGEST_SUBJECT: usize = 255;

/// When a token is in force, in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    expires: i64,
    issued: i64,
    starts: i64,
}

/// Reads who asks and when the token is in force, or says what is wrong with the claims.
pub(super) fn requester(
    claims: &UniqueObject,
    settings: &AuthSettings,
    now: Timestamp,
) -> Result<(Requester, Times), AuthError> {
    check_service(claims, settings)?;
    let times = Times::read(claims)?;
    let expires_at = times.check(settings, now)?;
    let tenant = TenantId::try_new(text(claims, "tenant")?).map_err(|_| AuthError::Claim("tenant"))?;
    let requester = Requester {
        subject: subject(claims)?,
        customer: customer(claims)?,
        scopes: scopes(claims, &tenant, settings)?,
        tenant,
        expires_at,
    };
    Ok((requester, times))
}

impl Times {
    fn read(claims: &UniqueObject) -> Result<Self, AuthError> {
        let expires = seconds(claims, "exp")?.ok_or(AuthError::Claim("exp"))?;
        let issued = seconds(claims, "iat")?.ok_or(AuthError::Claim("iat"))?;
        let starts = seconds(claims, "nbf")?.unwrap_or(issued);
        Ok(Self { expires, issued, starts })
    }

    /// Whether the token holds now and not for too long; answers when it ends.
    pub(super) fn check(self, settings: &AuthSettings, now: Timestamp) -> Result<Timestamp, AuthError> {
        let Self { expires, issued, starts } = self;
        let (now, leeway) = (now.as_second(), whole_seconds(settings.leeway));
        if expires.saturating_add(leeway) <= now {
            return Err(AuthError::Expired);
        }
        if issued.max(starts) > now.saturating_add(leeway) {
            return Err(AuthError::NotYetValid);
        }
        if !(1..=whole_seconds(settings.longest_life)).contains(&expires.saturating_sub(issued)) {
            return Err(AuthError::LivesTooLong);
        }
        Timestamp::from_second(expires).map_err(|_| AuthError::Claim("exp"))
    }
}

/// Whether the token was issued by whom we trust, for us.
fn check_service(claims: &UniqueObject, settings: &AuthSettings) -> Result<(), AuthError> {
    let is_ours = |audience: &Value| audience.as_str() == Some(settings.audience.as_str());
    let for_us = match claims.get("aud") {
        Some(Value::Array(audiences)) => audiences.iter().any(is_ours),
        Some(audience) => is_ours(audience),
        None => false,
    };
    if for_us && text(claims, "iss")? == settings.issuer { Ok(()) } else { Err(AuthError::OtherService) }
}

fn subject(claims: &UniqueObject) -> Result<String, AuthError> {
    let subject = text(claims, "sub")?;
    let fits = (1..=LONGEST_SUBJECT).contains(&subject.len()) && !subject.contains(char::is_control);
    fits.then(|| subject.to_owned()).ok_or(AuthError::Claim("sub"))
}

/// The customer that the token is narrowed to. A claim that can't be read must not widen it to the whole tenant.
fn customer(claims: &UniqueObject) -> Result<Option<CustomerId>, AuthError> {
    match claims.get("customer") {
        None => Ok(None),
        Some(Value::String(name)) => CustomerId::try_new(name).map(Some).map_err(|_| AuthError::Claim("customer")),
        Some(_) => Err(AuthError::Claim("customer")),
    }
}

/// What the token may do. `operator` stays only where the settings name its tenant.
fn scopes(claims: &UniqueObject, tenant: &TenantId, settings: &AuthSettings) -> Result<Scopes, AuthError> {
    let scopes = Scopes::parse(text(claims, "scope")?);
    let operates = settings.operator_tenant.as_ref() == Some(tenant);
    Ok(if operates { scopes } else { scopes.without(Scope::Operator) })
}

fn text<'a>(claims: &'a UniqueObject, name: &'static str) -> Result<&'a str, AuthError> {
    claims.get(name).and_then(Value::as_str).ok_or(AuthError::Claim(name))
}

/// A time in whole seconds; a text of digits is no time.
fn seconds(claims: &UniqueObject, name: &'static str) -> Result<Option<i64>, AuthError> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_i64().map(Some).ok_or(AuthError::Claim(name)),
    }
}

fn whole_seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
