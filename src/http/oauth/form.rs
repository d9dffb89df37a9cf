//! The request for a token: read within limits, with exactly one proof of the client in it.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use url::form_urlencoded;

use super::refused::Refused;

/// The most that a body may hold.
const LARGEST_BODY_BYTES: usize = 8 * 1024;
/// How long a body may take.
const BODY_PATIENCE: Duration = Duration::from_secs(10);
const FORM: &str = "application/x-www-form-urlencoded";
const GRANT: &str = "client_credentials";

/// A request for a token, by a client that still has to be believed.
pub(super) struct TokenRequest {
    /// Who asks.
    pub(super) id: String,
    /// How it proves that.
    pub(super) secret: String,
    /// What it asks for, where it does not ask for all it may have.
    pub(super) scope: Option<String>,
}

impl TokenRequest {
    /// Reads a request; nothing of it is believed yet.
    pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Self, Refused> {
        if !is_form(headers) {
            return Err(Refused::InvalidRequest("send a body of application/x-www-form-urlencoded"));
        }
        let form = Form::parse(&collect(body).await?)?;
        match form.grant_type.as_deref() {
            None => return Err(Refused::InvalidRequest("grant_type is missing")),
            Some(GRANT) => {}
            Some(_) => return Err(Refused::UnsupportedGrantType),
        }
        let (id, secret) = proof(basic(headers)?, form.client_id, form.client_secret)?;
        Ok(Self { id, secret, scope: form.scope })
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case(FORM))
}

async fn collect(body: Body) -> Result<Bytes, Refused> {
    let reading = Limited::new(body, LARGEST_BODY_BYTES).collect();
    match tokio::time::timeout(BODY_PATIENCE, reading).await {
        Err(_) => Err(Refused::TooSlow),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refused::TooLarge),
        Ok(Err(_)) => Err(Refused::InvalidRequest("the body broke off")),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
    }
}

/// The parameters that we know; others are passed over, and so is one without a value (RFC 6749 §3.2).
#[derive(Default)]
struct Form {
    grant_type: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    scope: Option<String>,
}

impl Form {
    fn parse(body: &[u8]) -> Result<Self, Refused> {
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(body).filter(|(_, value)| !value.is_empty()) {
            let Some(place) = form.place(&name) else { continue };
            if place.replace(value.into_owned()).is_some() {
                return Err(Refused::InvalidRequest("a parameter stands twice"));
            }
        }
        Ok(form)
    }

    fn place(&mut self, name: &str) -> Option<&mut Option<String>> {
        match name {
            "grant_type" => Some(&mut self.grant_type),
            "client_id" => Some(&mut self.client_id),
            "client_secret" => Some(&mut self.client_secret),
            "scope" => Some(&mut self.scope),
            _ => None,
        }
    }
}

/// The id and the secret of the header Authorization, where there is one.
fn basic(headers: &HeaderMap) -> Result<Option<(String, String)>, Refused> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Refused::InvalidRequest("the header Authorization stands twice"));
    }
    value.to_str().ok().and_then(credentials).map(Some).ok_or(Refused::InvalidClient)
}

/// The id and the secret of `Basic …`, each of which was encoded as in a form (RFC 6749 §2.3.1).
fn credentials(authorization: &str) -> Option<(String, String)> {
    let (scheme, encoded) = authorization.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((decoded(id)?, decoded(secret)?))
}

/// A text out of a form's encoding; one with signs that separate the parts of a form is none.
fn decoded(text: &str) -> Option<String> {
    if text.contains(['=', '&']) {
        return None;
    }
    form_urlencoded::parse(text.as_bytes()).next().map(|(text, _)| text.into_owned())
}

/// The one id and secret of a request. Beside Basic the form may repeat the id, as some libraries do.
fn proof(
    basic: Option<(String, String)>,
    form_id: Option<String>,
    form_secret: Option<String>,
) -> Result<(String, String), Refused> {
    match (basic, form_id, form_secret) {
        (Some(basic), None, None) => Ok(basic),
        (Some(basic), Some(id), None) if id == basic.0 => Ok(basic),
        (Some(_), _, _) => Err(Refused::InvalidRequest("prove the client by Basic or in the form, not by both")),
        (None, Some(id), Some(secret)) => Ok((id, secret)),
        (None, _, _) => Err(Refused::InvalidClient),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    async fn read(authorization: Option<&str>, body: &str) -> Result<(String, String, Option<String>), Refused> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded; charset=UTF-8"));
        if let Some(value) = authorization {
            headers.insert(AUTHORIZATION, HeaderValue::from_str(value).expect("a header"));
        }
        let request = TokenRequest::read(&headers, Body::from(body.to_owned())).await?;
        Ok((request.id, request.secret, request.scope))
    }

    fn proven(scope: Option<&str>) -> Result<(String, String, Option<String>), Refused> {
        Ok(("apc_1".to_owned(), "s-1".to_owned(), scope.map(str::to_owned)))
    }

    fn basic_of(pair: &str) -> String {
        format!("Basic {}", STANDARD.encode(pair))
    }

    #[tokio::test]
    async fn a_client_proves_itself_in_one_place() {
        let form =
            "grant_type=client_credentials&client_id=apc_1&client_secret=s-1&scope=payments%3Aread+admin&x=1&x=2";
        assert_eq!(read(None, form).await, proven(Some("payments:read admin")));
        let bare = "grant_type=client_credentials&scope=";
        for pair in ["apc_1:s-1", "apc%5F1:s%2D1"] {
            assert_eq!(read(Some(&basic_of(pair)), bare).await, proven(None), "{pair}");
        }
        let with_id = |id: &str| format!("grant_type=client_credentials&client_id={id}");
        assert_eq!(read(Some(&basic_of("apc_1:s-1")), &with_id("apc_1")).await, proven(None));
        for both in [form, &with_id("apc_2")] {
            let refused = read(Some(&basic_of("apc_1:s-1")), both).await;
            assert!(matches!(refused, Err(Refused::InvalidRequest(_))), "{both}");
        }
    }

    #[tokio::test]
    async fn what_proves_nothing_is_no_client() {
        let bare = "grant_type=client_credentials";
        for header in ["Basic", "Basic !", "Bearer abc", &basic_of("apc_1"), &basic_of(":"), &basic_of("a=b:c&d")] {
            assert_eq!(read(Some(header), bare).await, Err(Refused::InvalidClient), "{header}");
        }
        for form in
            [bare, "grant_type=client_credentials&client_id=apc_1", "grant_type=client_credentials&client_secret=s"]
        {
            assert_eq!(read(None, form).await, Err(Refused::InvalidClient), "{form}");
        }
    }

    #[tokio::test]
    async fn a_request_is_one_form_with_one_grant() {
        for bad in ["", "grant_type=", "scope=admin", "grant_type=client_credentials&grant_type=client_credentials"] {
            assert!(matches!(read(None, bad).await, Err(Refused::InvalidRequest(_))), "{bad}");
        }
        for other in ["password", "refresh_token", "authorization_code", "CLIENT_CREDENTIALS"] {
            let form = format!("grant_type={other}&client_id=apc_1&client_secret=s-1");
            assert_eq!(read(None, &form).await, Err(Refused::UnsupportedGrantType), "{other}");
        }
        let json = TokenRequest::read(&HeaderMap::new(), Body::from("{}")).await;
        assert!(matches!(json, Err(Refused::InvalidRequest(_))));
        let large = format!("grant_type=client_credentials&x={}", "x".repeat(LARGEST_BODY_BYTES));
        assert_eq!(read(None, &large).await, Err(Refused::TooLarge));
    }
}
