//! ClickPesa's tokens: the client's name and key in two headers, for a text that already begins with `Bearer `.
//!
//! The text is sent back as it came. Should one come without the word, it is put before it; never twice. A token is good
//! for an hour, whatever is done with it, and renewed a few minutes before its end.

use std::time::Duration;

use reqwest::header::HeaderValue;
use url::Url;

use super::convert;
use super::wire::{GENERATE_TOKEN, GeneratedToken};
use crate::config::{ClickpesaSettings, Secret};
use crate::ports::clock::Clock;
use crate::ports::provider::ProviderError;
use crate::providers::http::{self, Answer, Http, trouble};
use crate::providers::json;
use crate::providers::token::{Given, TokenCache, nothing_sent};

const CLIENT_ID: &str = "client-id";
const API_KEY: &str = "api-key";
const SCHEME: &str = "Bearer";

/// Time for one request for a token.
const TOKEN_LIMIT: Duration = Duration::from_secs(10);
/// Documented: one hour from issue.
const LIFE: Duration = Duration::from_secs(3600);
/// How long before its end a token is renewed: longer than any call that carries it, and than clocks differ.
const RENEWED_BEFORE_END: Duration = Duration::from_secs(300);

/// Gets tokens, and keeps the latest.
pub(super) struct Tokens {
    http: Http,
    url: Url,
    client_id: String,
    api_key: Secret,
    /// Of values of `Authorization`, marked as sensitive: their `Debug` shows nothing.
    cache: TokenCache<HeaderValue>,
}

impl Tokens {
    pub(super) fn new(http: Http, settings: &ClickpesaSettings, clock: Clock) -> Self {
        Self {
            http,
            url: http::join(&settings.base_url, GENERATE_TOKEN),
            client_id: settings.client_id.clone(),
            api_key: settings.api_key.clone(),
            cache: TokenCache::new(clock),
        }
    }

    /// The value of `Authorization` for a call.
    pub(super) async fn get(&self) -> Result<HeaderValue, ProviderError> {
        self.cache.get(self.request()).await
    }

    /// Drops a token that ClickPesa refused, unless another has taken its place; says whether it did.
    pub(super) async fn forget(&self, refused: &HeaderValue) -> bool {
        self.cache.forget(|held| held == refused).await
    }

    async fn request(&self) -> Result<Given<HeaderValue>, ProviderError> {
        let unwritable = || ProviderError::Misconfigured(trouble("credentials cannot be written"));
        let client_id = sensitive(&self.client_id).ok_or_else(unwritable)?;
        let api_key = sensitive(self.api_key.expose()).ok_or_else(unwritable)?;
        let request = self.http.post(&self.url).header(CLIENT_ID, client_id).header(API_KEY, api_key);
        let answer = self.http.call(request, TOKEN_LIMIT).await.map_err(nothing_sent)?;
        read(&answer)
    }
}

fn read(answer: &Answer) -> Result<Given<HeaderValue>, ProviderError> {
    match answer.status {
        200..=299 => generated(answer),
        429 => Err(convert::throttled(answer)),
        // 401 and 403 are documented; the others are the credentials too, or the URL: an operator's to mend.
        400 | 401 | 403 | 404 | 405 | 415 => {
            Err(ProviderError::Misconfigured(convert::in_its_words(answer, "token refused")))
        }
        _ => Err(ProviderError::NotSent(answer.trouble("token not given"))),
    }
}

fn generated(answer: &Answer) -> Result<Given<HeaderValue>, ProviderError> {
    let generated: Option<GeneratedToken> = json::read(&answer.body).ok();
    let generated = generated.filter(|generated| generated.success != Some(false));
    let authorization = generated.and_then(|generated| authorization(generated.token.trim()));
    let unreadable = || ProviderError::NotSent(answer.trouble("token cannot be read"));
    let token = authorization.ok_or_else(unreadable)?;
    Ok(Given { token, good_for: LIFE.saturating_sub(RENEWED_BEFORE_END) })
}

/// The token with one `Bearer` before it. None for what is no token.
fn authorization(token: &str) -> Option<HeaderValue> {
    let is_bare = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    match token.split_once(' ') {
        Some((scheme, bare)) if scheme.eq_ignore_ascii_case(SCHEME) && is_bare(bare) => sensitive(token),
        None if is_bare(token) && !token.eq_ignore_ascii_case(SCHEME) => sensitive(&format!("{SCHEME} {token}")),
        Some(_) | None => None,
    }
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::clickpesa::fixture;

    fn read(status: u16, body: &str) -> Result<Given<HeaderValue>, ProviderError> {
        super::read(&Answer { status, body: body.as_bytes().to_vec() })
    }

    fn text(body: &str) -> String {
        let given = read(200, body).unwrap_or_else(|error| panic!("{error}"));
        given.token.to_str().expect("text").to_owned()
    }

    #[test]
    fn trap_2_a_token_is_sent_as_it_came_and_bearer_never_twice() {
        let recorded = fixture::answer("token");
        let given = super::read(&recorded).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(given.token, "Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl");
        assert_eq!(given.good_for.as_secs(), 3300);
        assert!(!format!("{:?}", given.token).contains("eyJ"));
        assert_eq!(text(r#"{"success":true,"token":"eyJ.e30.c2ln"}"#), "Bearer eyJ.e30.c2ln");
        assert_eq!(text(r#"{"token":" Bearer eyJ.e30.c2ln "}"#), "Bearer eyJ.e30.c2ln");
    }

    #[test]
    fn refused_credentials_are_a_matter_for_an_operator_and_told_in_clickpesas_words() {
        for (status, message) in [
            (401, "Unauthorized"),
            (403, "Invalid client details"),
            (403, "Invalid or Expired API-Key"),
            (403, "Unauthorized API-Key"),
        ] {
            let error = read(status, &format!(r#"{{"message":"{message}"}}"#)).err().expect("an error");
            let ProviderError::Misconfigured(trouble) = error else { panic!("{error}") };
            assert_eq!(trouble.message.as_deref(), Some(message));
        }
    }

    #[test]
    fn without_a_token_nothing_was_sent() {
        for (status, body) in [
            (200, "<html>"),
            (200, "{}"),
            (200, r#"{"token":""}"#),
            (200, r#"{"token":"Bearer "}"#),
            (200, r#"{"token":"Bearer Bearer a"}"#),
            (200, r#"{"token":"Basic a"}"#),
            (200, r#"{"success":false,"token":"Bearer a"}"#),
            (302, ""),
            (429, ""),
        ] {
            let error = read(status, body).err().expect("an error");
            assert!(matches!(error, ProviderError::NotSent(_)), "{status} {body}");
        }
    }
}
