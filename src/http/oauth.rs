//! `POST /oauth/token`: an access token for an API client, by the client credentials grant of RFC 6749 (§4.4).
//!
//! The request is a form; the client's id and secret stand in HTTP Basic or in the form, never in both and never in the
//! address. The token is signed with the HS256 secret, so without that secret the path is not served. What it may do is
//! the client's scopes, or those of them that were asked for.
//!
//! An unknown client, a wrong secret and a revoked client are answered alike. Revoking a client ends no token that it
//! has: tokens are believed by their signature alone, and live for an hour at most. No CORS is offered, since a page in
//! a browser can keep no secret.

mod form;
mod refused;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, PRAGMA};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::post;
use serde::Serialize;

use self::form::TokenRequest;
use self::refused::Refused;
use super::token::{TokenClaims, mint};
use crate::app::App;
use crate::config::{AuthSettings, Secret};
use crate::domain::api_client::ApiClient;
use crate::domain::requester::{Scope, Scopes};

/// How long a token is good, unless the settings believe none for so long.
const LIFE: Duration = Duration::from_secs(60 * 60);

/// What signs the tokens, and what stands in each.
struct Issuer {
    secret: Secret,
    name: String,
    audience: String,
    life: Duration,
}

#[derive(Clone)]
struct Endpoint {
    app: App,
    issuer: Arc<Issuer>,
}

/// A token, as RFC 6749 (§5.1) has it.
#[derive(Serialize)]
struct Granted {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    scope: String,
}

/// The route; none without an HS256 secret.
pub fn routes(app: App, settings: &AuthSettings) -> Router {
    let Some(secret) = settings.hs256_secret.clone() else { return Router::new() };
    let issuer = Issuer {
        secret,
        name: settings.issuer.clone(),
        audience: settings.audience.clone(),
        life: LIFE.min(settings.longest_life),
    };
    Router::new().route("/oauth/token", post(token)).with_state(Endpoint { app, issuer: Arc::new(issuer) })
}

/// Neither a token nor a refusal may be kept by anything on the way.
async fn token(State(endpoint): State<Endpoint>, headers: HeaderMap, body: Body) -> Response {
    let mut response = match endpoint.grant(&headers, body).await {
        Ok(granted) => Json(granted).into_response(),
        Err(refused) => refused.into_response(),
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

impl Endpoint {
    async fn grant(&self, headers: &HeaderMap, body: Body) -> Result<Granted, Refused> {
        let TokenRequest { id, secret, scope } = TokenRequest::read(headers, body).await?;
        let believed = self.app.believe_api_client(&id, &secret).await.map_err(|error| {
            tracing::error!(%error, "an API client could not be checked");
            Refused::Unavailable
        })?;
        let client = believed.ok_or(Refused::InvalidClient)?;
        let scopes = narrowed(client.scopes, scope.as_deref()).ok_or(Refused::InvalidScope)?;
        Ok(self.sign(&client, scopes))
    }

    fn sign(&self, client: &ApiClient, scopes: Scopes) -> Granted {
        let id = client.id.to_string();
        let claims = TokenClaims {
            subject: &id,
            tenant: &client.tenant,
            customer: client.customer.as_ref(),
            scopes,
            issuer: &self.issuer.name,
            audience: &self.issuer.audience,
        };
        Granted {
            access_token: mint(&self.issuer.secret, &claims, self.app.clock.now(), self.issuer.life),
            token_type: "Bearer",
            expires_in: self.issuer.life.as_secs(),
            scope: scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(" "),
        }
    }
}

/// Those of the client's scopes that are asked for: all where nobody says, none where one is not the client's.
/// `operator` is not granted here, whatever a row may say.
fn narrowed(held: Scopes, asked: Option<&str>) -> Option<Scopes> {
    let held = held.without(Scope::Operator);
    let Some(words) = asked else { return Some(held) };
    let lent = |word: &str| word.parse::<Scope>().ok().filter(|&scope| held.contains(scope));
    let scopes = words.split_ascii_whitespace().map(lent).collect::<Option<Vec<_>>>()?;
    (!scopes.is_empty()).then(|| scopes.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_what_it_asks_for_where_it_holds_all_of_it() {
        let held = Scopes::parse("payments:read payments:write operator");
        assert_eq!(narrowed(held, None), Some(Scopes::parse("payments:read payments:write")));
        let one = Some(Scopes::parse("payments:read"));
        assert_eq!(narrowed(held, Some("payments:read payments:read")), one);
        for bad in ["operator", "admin", "payments:read admin", "nonsense", " "] {
            assert_eq!(narrowed(held, Some(bad)), None, "{bad}");
        }
    }
}
