//! Almara's access tokens: OAuth 2.0 client credentials, as JSON or as a form, since the pages show both.
//!
//! A token is renewed a minute before its end.

use std::time::Duration;

use url::Url;

use super::wire::{Grant, GrantedToken};
use crate::config::{AlmaraSettings, Secret, TokenForm};
use crate::ports::clock::Clock;
use crate::ports::provider::ProviderError;
use crate::providers::http::{Answer, Http};
use crate::providers::json;
use crate::providers::token::{Given, TokenCache, nothing_sent};

/// Time for one request for a token.
const TOKEN_LIMIT: Duration = Duration::from_secs(10);
/// How long before its end a token is renewed: longer than any call that carries it.
const RENEWED_BEFORE_END: Duration = Duration::from_secs(60);
/// "It expires after every hour", for an answer that does not tell.
const USUAL_LIFE: Duration = Duration::from_secs(3600);

/// Gets tokens, and keeps the latest.
pub(super) struct Tokens {
    http: Http,
    url: Url,
    form: TokenForm,
    client_id: String,
    client_secret: Secret,
    scope: Option<String>,
    cache: TokenCache<Secret>,
}

impl Tokens {
    pub(super) fn new(http: Http, settings: &AlmaraSettings, clock: Clock) -> Self {
        Self {
            http,
            url: settings.token_url.clone(),
            form: settings.token_form,
            client_id: settings.client_id.clone(),
            client_secret: settings.client_secret.clone(),
            scope: settings.scope.clone(),
            cache: TokenCache::new(clock),
        }
    }

    /// A token that is good for a call.
    pub(super) async fn get(&self) -> Result<Secret, ProviderError> {
        self.cache.get(self.request()).await
    }

    /// Drops a token that Almara refused, unless another has taken its place; says whether it did.
    pub(super) async fn forget(&self, refused: &Secret) -> bool {
        self.cache.forget(|held| held.expose() == refused.expose()).await
    }

    async fn request(&self) -> Result<Given<Secret>, ProviderError> {
        let grant = Grant {
            client_id: &self.client_id,
            client_secret: self.client_secret.expose(),
            grant_type: "client_credentials",
            scope: self.scope.as_deref(),
        };
        let request = match self.form {
            TokenForm::Json => self.http.post(&self.url).json(&grant),
            TokenForm::Form => self.http.post(&self.url).form(&grant),
        };
        let answer = self.http.call(request, TOKEN_LIMIT).await.map_err(nothing_sent)?;
        read(&answer)
    }
}

fn read(answer: &Answer) -> Result<Given<Secret>, ProviderError> {
    match answer.status {
        200..=299 => granted(answer),
        // The credentials, or the URL and the form in which they were sent: an operator's to mend.
        400 | 401 | 403 | 404 | 405 | 415 => Err(ProviderError::Misconfigured(answer.trouble("token refused"))),
        _ => Err(ProviderError::NotSent(answer.trouble("token not given"))),
    }
}

fn granted(answer: &Answer) -> Result<Given<Secret>, ProviderError> {
    let granted = json::read::<GrantedToken>(&answer.body).ok().filter(|granted| !granted.access_token.is_empty());
    let unreadable = || ProviderError::NotSent(answer.trouble("token cannot be read"));
    let granted = granted.ok_or_else(unreadable)?;
    let life = granted.expires_in.map_or(USUAL_LIFE, Duration::from_secs);
    Ok(Given { token: Secret::new(granted.access_token), good_for: life.saturating_sub(RENEWED_BEFORE_END) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::almara::fixture;

    fn read(status: u16, body: &str) -> Result<Given<Secret>, ProviderError> {
        super::read(&Answer { status, body: body.as_bytes().to_vec() })
    }

    fn seconds_good(body: &str) -> u64 {
        read(200, body).unwrap_or_else(|error| panic!("{error}")).good_for.as_secs()
    }

    #[test]
    fn a_token_is_renewed_a_minute_before_its_end() {
        let recorded = String::from_utf8(fixture::answer("token")).expect("text");
        assert_eq!(seconds_good(&recorded), 3540);
        assert_eq!(seconds_good(r#"{"access_token":"t"}"#), 3540);
        assert_eq!(seconds_good(r#"{"access_token":"t","expires_in":5}"#), 0);
        assert!(seconds_good(r#"{"access_token":"t","expires_in":18446744073709551615}"#) > 3540);
    }

    #[test]
    fn refused_credentials_are_a_matter_for_an_operator() {
        for status in [400, 401, 403] {
            let error = read(status, "").err().expect("an error");
            assert!(matches!(error, ProviderError::Misconfigured(_)), "{status}");
        }
    }

    #[test]
    fn without_a_token_nothing_was_sent() {
        for (status, body) in [(200, "<html>"), (200, "{}"), (200, r#"{"access_token":""}"#), (429, ""), (302, "")] {
            let error = read(status, body).err().expect("an error");
            assert!(matches!(error, ProviderError::NotSent(_)), "{status}");
        }
    }
}
