//! The secret with which the webhooks of one endpoint are signed.
//!
//! It is written as Standard Webhooks writes it, `whsec_` and the key in base64, so that every library of a receiver
//! takes it as it stands. It signs and is shown once; `Debug` never holds it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What stands before the key, so that a secret that leaked is found by a search.
const PREFIX: &str = "whsec_";
/// The fewest bytes of a key, as Standard Webhooks asks.
const SHORTEST_KEY: usize = 24;
/// The most bytes of a key, as Standard Webhooks asks.
const LONGEST_KEY: usize = 64;

/// A signing secret: `whsec_` and a key in base64.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(String);

impl WebhookSecret {
    /// The secret whose key these random bytes are.
    pub fn from_random(random: &[u8; 32]) -> Self {
        Self(format!("{PREFIX}{}", STANDARD.encode(random)))
    }

    /// The secret that was written so, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        let key = STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?;
        (SHORTEST_KEY..=LONGEST_KEY).contains(&key.len()).then(|| Self(text.to_owned()))
    }

    /// The text itself, to sign with, to seal, or to show it once.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_as_it_was_written() {
        let secret = WebhookSecret::from_random(&[7; 32]);
        assert_eq!(secret.expose().len(), PREFIX.len() + 44);
        assert_eq!(WebhookSecret::parse(secret.expose()), Some(secret));
    }

    #[test]
    fn what_is_no_secret_is_not_taken() {
        let short = format!("{PREFIX}{}", STANDARD.encode([7; SHORTEST_KEY - 1]));
        let long = format!("{PREFIX}{}", STANDARD.encode([7; LONGEST_KEY + 1]));
        let bare = STANDARD.encode([7; 32]);
        for text in ["", PREFIX, "whsec_!", short.as_str(), long.as_str(), bare.as_str()] {
            assert_eq!(WebhookSecret::parse(text), None, "{text}");
        }
    }

    #[test]
    fn s11_a_secret_is_never_printed() {
        assert_eq!(format!("{:?}", WebhookSecret::from_random(&[7; 32])), "[redacted]");
    }
}
