//! ClickPesa's tokens: the client's name and key in two headers, for a text that already begins with `Bearer `.
//!
//! The text is sent back as it came. Should one come without the word, it is put before it; never twice. A token is good
//! for an hour, whatever is done with it; one is held in memory and renewed a few minutes before its end. Who needs one
//! while it is being fetched waits for that request instead of making another. Whatever goes wrong here, nothing of a
//! submission has left: the only errors are [`ProviderError::NotSent`] and, where our credentials are refused,
//! [`ProviderError::Misconfigured`].

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderValue;
use tokio::sync::Mutex;
use url::Url;

use super::convert;
use super::wire::{GENERATE_TOKEN, GeneratedToken};
use crate::config::{ClickpesaSettings, Secret};
use crate::ports::clock::Clock;
use crate::ports::provider::ProviderError;
use crate::providers::http::{self, Answer, Http, trouble};
use crate::providers::json;

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
    clock: Clock,
    held: Mutex<Option<Token>>,
}

/// A token, as the value of `Authorization`. Its `Debug` shows nothing: the value is marked as sensitive.
struct Token {
    authorization: HeaderValue,
    good_until: Timestamp,
}

impl Tokens {
    pub(super) fn new(http: Http, settings: &ClickpesaSettings, clock: Clock) -> Self {
        Self {
            http,
            url: http::join(&settings.base_url, GENERATE_TOKEN),
            client_id: settings.client_id.clone(),
            api_key: settings.api_key.clone(),
            clock,
            held: Mutex::new(None),
        }
    }

    /// The value of `Authorization` for a call.
    pub(super) async fn get(&self) -> Result<HeaderValue, ProviderError> {
        let mut held = self.held.lock().await;
        if let Some(token) = held.as_ref().filter(|token| self.clock.now() < token.good_until) {
            return Ok(token.authorization.clone());
        }
        let token = self.request().await?;
        let authorization = token.authorization.clone();
        *held = Some(token);
        Ok(authorization)
    }

    /// Drops a token that ClickPesa refused, unless another has taken its place.
    pub(super) async fn forget(&self, refused: &HeaderValue) {
        let mut held = self.held.lock().await;
        if held.as_ref().is_some_and(|token| token.authorization == *refused) {
            *held = None;
        }
    }

    async fn request(&self) -> Result<Token, ProviderError> {
        let asked_at = self.clock.now();
        let unwritable = || ProviderError::Misconfigured(trouble("credentials cannot be written"));
        let client_id = sensitive(&self.client_id).ok_or_else(unwritable)?;
        let api_key = sensitive(self.api_key.expose()).ok_or_else(unwritable)?;
        let request = self.http.post(&self.url).header(CLIENT_ID, client_id).header(API_KEY, api_key);
        let answer = self.http.call(request, TOKEN_LIMIT).await.map_err(nothing_sent)?;
        Token::read(&answer, asked_at)
    }
}

impl Token {
    fn read(answer: &Answer, asked_at: Timestamp) -> Result<Self, ProviderError> {
        match answer.status {
            200..=299 => Self::generated(answer, asked_at),
            429 => Err(convert::throttled(answer)),
            // 401 and 403 are documented; the others are the credentials too, or the URL: an operator's to mend.
            400 | 401 | 403 | 404 | 405 | 415 => {
                Err(ProviderError::Misconfigured(convert::in_its_words(answer, "token refused")))
            }
            _ => Err(ProviderError::NotSent(answer.trouble("token not given"))),
        }
    }

    fn generated(answer: &Answer, asked_at: Timestamp) -> Result<Self, ProviderError> {
        let generated: Option<GeneratedToken> = json::read(&answer.body).ok();
        let generated = generated.filter(|generated| generated.success != Some(false));
        let authorization = generated.and_then(|generated| authorization(generated.token.trim()));
        let unreadable = || ProviderError::NotSent(answer.trouble("token cannot be read"));
        let life = LIFE.saturating_sub(RENEWED_BEFORE_END);
        Ok(Self {
            authorization: authorization.ok_or_else(unreadable)?,
            good_until: asked_at.saturating_add(life).unwrap_or(Timestamp::MAX),
        })
    }
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

fn nothing_sent(error: ProviderError) -> ProviderError {
    match error {
        ProviderError::Unknown(trouble) | ProviderError::NotSent(trouble) => ProviderError::NotSent(trouble),
        ProviderError::Refused(_) | ProviderError::Misconfigured(_) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::clickpesa::fixture;

    fn read(status: u16, body: &str) -> Result<Token, ProviderError> {
        Token::read(&Answer { status, body: body.as_bytes().to_vec() }, Timestamp::UNIX_EPOCH)
    }

    fn text(body: &str) -> String {
        let token = read(200, body).unwrap_or_else(|error| panic!("{error}"));
        token.authorization.to_str().expect("text").to_owned()
    }

    #[test]
    fn trap_2_a_token_is_sent_as_it_came_and_bearer_never_twice() {
        let recorded = fixture::answer("token");
        let token = Token::read(&recorded, Timestamp::UNIX_EPOCH).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(token.authorization, "Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl");
        assert_eq!(token.good_until.as_second(), 3300);
        assert!(!format!("{:?}", token.authorization).contains("eyJ"));
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
        let unknown = ProviderError::Unknown(trouble("no answer in time"));
        assert_eq!(nothing_sent(unknown), ProviderError::NotSent(trouble("no answer in time")));
    }
}
