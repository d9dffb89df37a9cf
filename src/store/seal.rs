//! Sealing: what must be read again and may not be read by who holds a copy of the database.
//!
//! The key is made from the settings' `secrets_key` and a purpose, so that what was sealed for one purpose opens for no
//! other; and each text is bound to a context, so that it opens in its own place alone. What cannot be opened counts as
//! absent.

use std::fmt;

use chacha20poly1305::aead::{Aead, AeadCore, KeyInit, OsRng, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};

const NONCE_LENGTH: usize = 24;

/// What texts are sealed for. Its words go into the key and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Sessions with providers.
    Sessions,
    /// The secrets that sign webhooks.
    Webhooks,
}

/// Seals and opens texts for one purpose. Cheap enough to clone.
#[derive(Clone)]
pub struct Seal(XChaCha20Poly1305);

impl Purpose {
    const fn words(self) -> &'static str {
        match self {
            Self::Sessions => "billpay sessions",
            Self::Webhooks => "billpay webhooks",
        }
    }
}

impl Seal {
    /// A seal made from `secret`, the settings' `secrets_key`.
    pub fn new(purpose: Purpose, secret: &str) -> Self {
        let key = Sha256::digest([purpose.words(), secret].concat());
        Self(XChaCha20Poly1305::new(Key::from_slice(&key)))
    }

    /// The nonce, then the sealed text, bound to its context.
    pub fn seal(&self, context: &str, text: &str) -> Option<Vec<u8>> {
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let sealed = self.0.encrypt(&nonce, Payload { msg: text.as_bytes(), aad: context.as_bytes() }).ok()?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    /// The text, where it was sealed with this key for this context.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Option<String> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LENGTH)?;
        let payload = Payload { msg: text, aad: context.as_bytes() };
        String::from_utf8(self.0.decrypt(XNonce::from_slice(nonce), payload).ok()?).ok()
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_opens_with_its_own_key_in_its_own_place_only() {
        let seal = Seal::new(Purpose::Sessions, "one");
        let sealed = seal.seal("bill", "a session").expect("sealed");
        assert_eq!(seal.open("bill", &sealed).as_deref(), Some("a session"));
        assert_eq!(Seal::new(Purpose::Sessions, "one").open("bill", &sealed).as_deref(), Some("a session"));
        assert_eq!(Seal::new(Purpose::Sessions, "two").open("bill", &sealed), None);
        assert_eq!(Seal::new(Purpose::Webhooks, "one").open("bill", &sealed), None);
        assert_eq!(seal.open("click", &sealed), None);
        assert_eq!(seal.open("bill", &sealed[..20]), None);
        assert!(!sealed.windows(9).any(|window| window == b"a session"));
    }

    #[test]
    fn the_same_text_is_never_sealed_alike() {
        let seal = Seal::new(Purpose::Webhooks, "one");
        assert_ne!(seal.seal("a", "x"), seal.seal("a", "x"));
        assert_eq!(format!("{seal:?}"), "[redacted]");
    }
}
