//! Click's access tokens: signing in with an e-mail address and a password, as a form.
//!
//! The token comes in the `Authorization` header of the answer, whose body has none. It is renewed a minute before its
//! end.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use url::Url;

use super::form::Form;
use super::wire::{EMAIL, PASSWORD, SIGN_IN};
use crate::config::{ClickSettings, Secret};
use crate::ports::clock::Clock;
use crate::ports::provider::ProviderError;
use crate::providers::http::{self, Http, trouble, trouble_at};
use crate::providers::token::{Given, TokenCache};

/// Time for signing in once.
const SIGN_IN_LIMIT: Duration = Duration::from_secs(10);
/// How long a token is good. No page says so; `exp - iat` is 300 in both tokens that the page prints.
const LIFE: Duration = Duration::from_secs(300);
/// How long before its end a token is renewed: longer than any call that carries it.
const RENEWED_BEFORE_END: Duration = Duration::from_secs(60);
/// The boundary of the form, which no repetition needs to recognise.
const BOUNDARY: &str = "billpay-sign-in";

/// Gets tokens, and keeps the latest.
pub(super) struct Tokens {
    http: Http,
    url: Url,
    email: String,
    password: Secret,
    cache: TokenCache<Secret>,
}

impl Tokens {
    pub(super) fn new(http: Http, settings: &ClickSettings, clock: Clock) -> Self {
        Self {
            http,
            url: http::join(&settings.base_url, SIGN_IN),
            email: settings.email.clone(),
            password: settings.password.clone(),
            cache: TokenCache::new(clock),
        }
    }

    /// A token that is good for a call.
    pub(super) async fn get(&self) -> Result<Secret, ProviderError> {
        self.cache.get(self.sign_in()).await
    }

    /// Drops a token that Click refused, unless another has taken its place; says whether it did.
    pub(super) async fn forget(&self, refused: &Secret) -> bool {
        self.cache.forget(|held| held.expose() == refused.expose()).await
    }

    /// Needs the answer's headers and nothing of its body, so the body is not read.
    async fn sign_in(&self) -> Result<Given<Secret>, ProviderError> {
        let form = Form::write(BOUNDARY, &[(EMAIL, self.email.as_str()), (PASSWORD, self.password.expose())])
            .map_err(|_| ProviderError::Misconfigured(trouble("credentials cannot be written")))?;
        let request = self.http.post(&self.url).header(CONTENT_TYPE, form.content_type).body(form.body);
        let sent = request.timeout(SIGN_IN_LIMIT).send().await;
        let answer = sent.map_err(|_| ProviderError::NotSent(trouble("no answer to the sign-in")))?;
        let authorization = answer.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        read(answer.status().as_u16(), authorization)
    }
}

fn read(status: u16, authorization: Option<&str>) -> Result<Given<Secret>, ProviderError> {
    match status {
        200..=299 => granted(status, authorization),
        // 401 is documented; the others are the credentials too, or the URL: an operator's to mend.
        400 | 401 | 403 | 404 | 405 | 415 | 422 => {
            Err(ProviderError::Misconfigured(trouble_at(status, "sign-in refused")))
        }
        _ => Err(ProviderError::NotSent(trouble_at(status, "no token given"))),
    }
}

fn granted(status: u16, authorization: Option<&str>) -> Result<Given<Secret>, ProviderError> {
    let bearer = authorization.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim);
    let bearer = bearer.filter(|bearer| !bearer.is_empty() && bearer.bytes().all(|byte| byte.is_ascii_graphic()));
    let bearer = bearer.ok_or_else(|| ProviderError::NotSent(trouble_at(status, "no token in the answer")))?;
    Ok(Given { token: Secret::new(bearer), good_for: LIFE.saturating_sub(RENEWED_BEFORE_END) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::click::fixture;

    #[test]
    fn a_token_is_read_from_the_header_and_renewed_within_its_300_seconds() {
        let (status, header) = (fixture::answer("sign_in").status, fixture::answer_header("sign_in", "Authorization"));
        let given = read(status, header.as_deref()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(given.good_for.as_secs(), 240);
        assert_eq!(given.token.expose().split('.').count(), 3);
    }

    #[test]
    fn trap_6_sucess_is_not_read_the_status_says_all() {
        let refused = fixture::answer("sign_in_refused");
        assert!(String::from_utf8_lossy(&refused.body).contains("\"sucess\":false"));
        for status in [refused.status, 400, 403, 404, 422] {
            let error = read(status, Some("Bearer t")).err().expect("an error");
            assert!(matches!(error, ProviderError::Misconfigured(_)), "{status}");
        }
    }

    #[test]
    fn without_a_token_nothing_was_sent() {
        for (status, header) in [
            (201, None),
            (201, Some("")),
            (201, Some("Bearer ")),
            (201, Some("Basic x")),
            (201, Some("Bearer a b")),
            (302, Some("Bearer t")),
            (429, None),
            (500, None),
            (503, Some("Bearer t")),
        ] {
            let error = read(status, header).err().expect("an error");
            assert!(matches!(error, ProviderError::NotSent(_)), "{status} {header:?}");
        }
    }
}
