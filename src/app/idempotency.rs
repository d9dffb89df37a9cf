//! Idempotency keys: a caller's own name for one intention, good for one input.
//!
//! An input is known again by the hash of all that it says, defaults filled in, the key itself left out. The hashes are
//! stored: what goes into one, and in which order, never changes under the same first word.

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::domain::money::{DecimalText, Money};
use crate::domain::refusal::{ErrorCode, Refusal};

const LONGEST_KEY: usize = 128;
const PATH: &[&str] = &["input", "idempotencyKey"];

/// Whether a key is of its alphabet and length.
pub(super) fn check(key: &str) -> Result<(), Refusal> {
    let fits = (1..=LONGEST_KEY).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    let message = "an idempotency key has 1 to 128 characters of [A-Za-z0-9_-]";
    if fits { Ok(()) } else { Err(Refusal::input(PATH, message)) }
}

/// Whether a key that was used for one input is now used for the same: both as [`hash`]es.
pub(super) fn check_same(used_for: &str, asked_for: &str) -> Result<(), Refusal> {
    if used_for == asked_for {
        return Ok(());
    }
    let message = "this idempotency key was used with another input; use a new key for a new intention";
    Err(Refusal::new(ErrorCode::IdempotencyKeyReused, message).at(PATH))
}

/// The hash of an input in its canonical form.
pub(super) fn hash(canonical: &Value) -> String {
    hex::encode(Sha256::digest(canonical.to_string()))
}

/// An amount in its canonical form: in minor units, so that 1 and 1.00 are the same. What cannot be read stays as it is.
pub(super) fn canonical_amount(amount: &DecimalText, currency: &str) -> String {
    let known = currency.parse().ok().and_then(|currency| Money::parse(amount, currency).ok());
    known.map_or_else(|| amount.to_string(), |known| known.minor().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m4_keys_are_of_their_alphabet_and_length() {
        for bad in ["", "a b", "ä", "a\n", "кey", &"k".repeat(129)] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
        for good in ["a", "A-1_b", &"k".repeat(128)] {
            assert!(check(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn an_amount_is_the_same_however_it_is_written() {
        let canonical = |text: &str, currency| canonical_amount(&text.parse().expect("a decimal"), currency);
        assert_eq!(canonical("1", "KES"), canonical("1.00", "KES"));
        assert_ne!(canonical("1", "KES"), canonical("1.01", "KES"));
        assert_eq!(canonical("1.5", "???"), "1.5");
    }
}
