//! The checksum of a body: HMAC-SHA256 of its canonical form, in lower-case hex.
//!
//! A request that carries one is held to it; one that carries none is taken, since an account may have checksums off.

use hmac::{Hmac, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;

use super::canonical;
use super::rejection::Rejection;

/// The sandbox's documented checksum key.
pub const CHECKSUM_KEY: &str = "sandbox-checksum-key";

/// The member that holds a checksum.
pub(super) const CHECKSUM: &str = "checksum";
/// The member that tells how it was made.
pub(super) const METHOD: &str = "checksumMethod";
/// The usual way to make one.
pub(super) const CANONICAL: &str = "canonical";

const LEGACY: &str = "legacy";

/// Refuses a body whose checksum is wrong. The provider's words for that are not known; these are made.
pub(super) fn verify(members: &Map<String, Value>) -> Result<(), Rejection> {
    let Some(given) = members.get(CHECKSUM) else { return Ok(()) };
    let mut covered = members.clone();
    covered.remove(CHECKSUM);
    let method = covered.remove(METHOD);
    let text = match method.as_ref().map_or(Some(CANONICAL), Value::as_str) {
        Some(CANONICAL) => canonical::canonical(&Value::Object(covered)),
        Some(LEGACY) => canonical::values(&covered),
        Some(_) | None => {
            return Err(Rejection::invalid("checksumMethod must be one of the following values: canonical, legacy"));
        }
    };
    if given.as_str() == Some(sign(CHECKSUM_KEY, &text).as_str()) {
        Ok(())
    } else {
        Err(Rejection::invalid("Invalid checksum"))
    }
}

/// The checksum of a text.
pub(super) fn sign(key: &str, text: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
    hex::encode(mac.chain_update(text).finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KEY: &str = "secret-key";

    fn checksum(body: &Value) -> String {
        sign(KEY, &canonical::canonical(body))
    }

    fn verified(body: Value) -> bool {
        verify(body.as_object().expect("an object")).is_ok()
    }

    #[test]
    fn the_documented_examples_have_their_checksums() {
        let nested = json!({
            "reference": "TX123", "amount": 100, "currency": "USD",
            "exchange": { "toCurrency": "TZS", "rate": "1", "fromCurrency": "TZS", "amount": "1000" },
            "customer": { "name": "John Doe", "phone": "+255123456789", "email": "john@example.com" },
        });
        assert_eq!(checksum(&nested), "d777a80827f17cf7882f9ac5efa68416ec680e2d1ab72ad415228d00e4ac4957");
        let bill = json!({
            "billDescription": "Water Bill - July 2024", "billPaymentMode": "EXACT", "billAmount": 90900,
            "billReference": "CUSTOMJH121",
        });
        assert_eq!(checksum(&bill), "c88f7e3d148b5bf37f47a50acb9311183c3b7abf250f026d164c1f9df3117e45");
        let raw = json!({ "billDescription": "Maji – Bili ya Julai" });
        assert!(checksum(&raw).starts_with("5ced4507"));
    }

    #[test]
    fn a_body_is_held_to_its_checksum() {
        let right = sign(CHECKSUM_KEY, r#"{"billAmount":90900}"#);
        assert!(verified(json!({ "billAmount": 90900 })));
        assert!(verified(json!({ "billAmount": 90900, "checksum": right })));
        assert!(verified(json!({ "billAmount": 90900, "checksum": right, "checksumMethod": "canonical" })));
        assert!(!verified(json!({ "billAmount": 90901, "checksum": right })));
        assert!(!verified(json!({ "billAmount": 90900, "checksum": right.to_uppercase() })));
        assert!(!verified(json!({ "billAmount": 90900, "checksum": null })));
        assert!(!verified(json!({ "billAmount": 90900, "checksum": right, "checksumMethod": "md5" })));
    }

    #[test]
    fn the_older_method_is_known() {
        let right = sign(CHECKSUM_KEY, "90900EXACT");
        let is_verified = |checksum: &str| {
            let mut body = json!({ "billPaymentMode": "EXACT", "billAmount": 90900, "checksumMethod": "legacy" });
            body[CHECKSUM] = Value::from(checksum);
            verified(body)
        };
        assert!(is_verified(&right));
        assert!(!is_verified(""));
    }
}
