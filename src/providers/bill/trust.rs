//! Making a device that BILL remembers: a second factor, passed once by a person with a phone.
//!
//! BILL sends six digits to the phone of the user who signs in, and for the digits and a name of the device it gives
//! an id. A session that is opened with both is trusted, for as long as BILL remembers the device. The calls of this
//! command are not counted among ours: a person makes them, one after the other, while no adapter runs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::call::{Call, Line};
use super::convert;
use super::session::{self, Session};
use super::wire::{self, ChallengePassed, NewChallenge, Remembered};
use crate::config::{BillSettings, Secret};
use crate::ports::clock::{Clock, Deadline};
use crate::ports::limits::Unlimited;
use crate::ports::provider::ProviderError;
use crate::providers::http::{Answer, Http, trouble};
use crate::providers::json;

/// Time for one call.
const CALL_LIMIT: Duration = Duration::from_secs(10);

/// A challenge that waits for its digits.
pub struct Challenge {
    line: Line,
    session: Session,
    id: String,
}

/// Why a device is not remembered.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The client cannot be built.
    #[error("cannot make the client that calls BILL")]
    Client(#[from] reqwest::Error),
    /// BILL cannot be reached, or refuses, in its words.
    #[error("{0}")]
    Bill(String),
}

impl Challenge {
    /// Signs in and has BILL send the digits.
    pub async fn begin(settings: &BillSettings, clock: Clock) -> Result<Self, TrustError> {
        let line = Line::new(Http::try_new()?, Arc::new(Unlimited), clock, settings);
        let session = session::sign_in(&line, settings, None).await?;
        let call = line.post(wire::CHALLENGE, written(&NewChallenge {})?);
        let answer = call_within(&line, &call, &session).await?;
        let challenge: wire::Challenge = json::read(&answer.body).map_err(|_| convert::unreadable(&answer))?;
        Ok(Self { line, session, id: challenge.challenge_id })
    }

    /// Passes the challenge for a device; the id by which BILL remembers it.
    pub async fn pass(self, token: &str, device: &str) -> Result<Secret, TrustError> {
        let passed = ChallengePassed { challenge_id: &self.id, token, device, remember_me: true };
        let call = self.line.post(wire::VALIDATE_CHALLENGE, written(&passed)?);
        let answer = call_within(&self.line, &call, &self.session).await?;
        let remembered: Remembered = json::read(&answer.body).map_err(|_| convert::unreadable(&answer))?;
        Ok(Secret::new(remembered.remember_me_id))
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Challenge").finish_non_exhaustive()
    }
}

/// With BILL's own words, for the person at the terminal.
impl From<ProviderError> for TrustError {
    fn from(error: ProviderError) -> Self {
        let words = match &error {
            ProviderError::Refused(refused) => Some(refused.message.as_str()),
            ProviderError::NotSent(trouble)
            | ProviderError::Unknown(trouble)
            | ProviderError::Misconfigured(trouble) => trouble.message.as_deref(),
        };
        Self::Bill(words.map_or_else(|| error.to_string(), |words| format!("{error}: {words}")))
    }
}

async fn call_within(line: &Line, call: &Call, session: &Session) -> Result<Answer, ProviderError> {
    let permit = line.enter(CALL_LIMIT).await?;
    let answer = line.send(call, Some(&session.id), permit, Deadline::after(CALL_LIMIT)).await?;
    if answer.is_success() { Ok(answer) } else { Err(convert::refusal(&answer, line.now(), &[])) }
}

fn written(body: &impl serde::Serialize) -> Result<Vec<u8>, ProviderError> {
    serde_json::to_vec(body).map_err(|_| ProviderError::Misconfigured(trouble("request cannot be written")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::provider::Trouble;
    use crate::providers::bill::fixture;

    #[test]
    fn the_recorded_challenge_is_passed() {
        let passed =
            ChallengePassed { challenge_id: "challenge-1", token: "123456", device: "server", remember_me: true };
        assert_eq!(serde_json::to_value(&passed).expect("JSON"), fixture::request("challenge_passed"));
        let remembered: Remembered = json::read(&fixture::answer("challenge_passed")).expect("an id");
        assert_eq!(remembered.remember_me_id, "remember");
        let other: Remembered = json::read(br#"{"mfaId":"remember"}"#).expect("an id");
        assert_eq!(other.remember_me_id, "remember");
    }

    #[test]
    fn an_error_tells_bills_words() {
        let trouble = Trouble { what: "no", message: Some("Login is locked.".to_owned()), ..Trouble::default() };
        let error = TrustError::from(ProviderError::Misconfigured(trouble));
        assert_eq!(error.to_string(), "misconfigured: no: Login is locked.");
    }
}
