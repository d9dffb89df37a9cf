//! Checksums: HMAC-SHA256 of a body's canonical text with the account's key, as 64 lower-case hex digits in the body.
//!
//! Requests carry one where a key is set; ClickPesa wants it of accounts that have checksums switched on. Webhooks are
//! evidence only with one. The pages say that it stands in the body, not where: beside `event` and `data`, over both, is
//! what is expected, and inside `data`, over `data`, is accepted.
//!
//! The older method joins values without a separator, so its text does not tell where one value ends and the next
//! begins. It is taken only where that cannot be misused: beside `event` and `data`, whose object shows where it ends;
//! inside `data` digits could be moved from a reference into the amount. That is our choice.

use hmac::{Hmac, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;

use super::canonical;
use crate::config::Secret;

const CHECKSUM: &str = "checksum";
const METHOD: &str = "checksumMethod";
const DATA: &str = "data";

/// The key of an account's checksums.
pub(super) struct ChecksumKey(Secret);

/// How a checksum is made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    /// The usual one, also where none is named.
    Canonical,
    Legacy,
}

impl Method {
    fn of(members: &Map<String, Value>) -> Option<Self> {
        match members.get(METHOD) {
            None | Some(Value::Null) => Some(Self::Canonical),
            Some(Value::String(name)) if name == "canonical" => Some(Self::Canonical),
            Some(Value::String(name)) if name == "legacy" => Some(Self::Legacy),
            Some(_) => None,
        }
    }
}

impl ChecksumKey {
    pub(super) fn new(key: Secret) -> Self {
        Self(key)
    }

    /// Adds the checksum to a request's body. None where the key cannot be used.
    pub(super) fn seal(&self, body: &mut Map<String, Value>) -> Option<()> {
        let checksum = hex::encode(self.mac(&canonical::object(body))?.finalize().into_bytes());
        body.insert(CHECKSUM.to_owned(), Value::String(checksum));
        Some(())
    }

    /// Whether a webhook carries a checksum that holds, and so comes from who knows the key. What `data` says is covered
    /// by it in either place; `event` only where the checksum stands beside it.
    pub(super) fn proves(&self, webhook: &Map<String, Value>) -> bool {
        match (webhook.get(CHECKSUM), webhook.get(DATA)) {
            (Some(checksum), _) => Method::of(webhook).is_some_and(|method| self.holds(checksum, webhook, method)),
            (None, Some(Value::Object(data))) => {
                let is_canonical = Method::of(data) == Some(Method::Canonical);
                is_canonical && data.get(CHECKSUM).is_some_and(|told| self.holds(told, data, Method::Canonical))
            }
            (None, Some(_) | None) => false,
        }
    }

    /// Compares in constant time.
    fn holds(&self, checksum: &Value, members: &Map<String, Value>, method: Method) -> bool {
        let mut covered = members.clone();
        covered.remove(CHECKSUM);
        covered.remove(METHOD);
        let text = match method {
            Method::Canonical => canonical::object(&covered),
            Method::Legacy => canonical::joined_values(&covered),
        };
        let told = checksum.as_str().and_then(|told| hex::decode(told).ok());
        told.zip(self.mac(&text)).is_some_and(|(told, mac)| mac.verify_slice(&told).is_ok())
    }

    fn mac(&self, text: &str) -> Option<Hmac<Sha256>> {
        let mac = Hmac::<Sha256>::new_from_slice(self.0.expose().as_bytes()).ok()?;
        Some(mac.chain_update(text))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::canonical::tests::{any_members, any_value};
    use super::*;
    use crate::providers::clickpesa::fixture;

    fn key() -> ChecksumKey {
        ChecksumKey::new(Secret::new("secret-key"))
    }

    fn members(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(members) => members,
            other => panic!("{other}"),
        }
    }

    fn sealed(body: Value) -> Map<String, Value> {
        let mut body = members(body);
        key().seal(&mut body).expect("a key of any length");
        body
    }

    fn with(mut body: Map<String, Value>, name: &str, value: Value) -> Map<String, Value> {
        body.insert(name.to_owned(), value);
        body
    }

    #[test]
    fn the_documented_example_has_its_checksum() {
        let body = sealed(json!({
            "reference": "TX123", "amount": 100, "currency": "USD",
            "exchange": { "toCurrency": "TZS", "rate": "1", "fromCurrency": "TZS", "amount": "1000" },
            "customer": { "name": "John Doe", "phone": "+255123456789", "email": "john@example.com" },
        }));
        assert_eq!(body[CHECKSUM], "d777a80827f17cf7882f9ac5efa68416ec680e2d1ab72ad415228d00e4ac4957");
    }

    #[test]
    fn a_recorded_request_has_its_checksum_and_so_has_text_that_is_not_ascii() {
        let body = sealed(fixture::request("create_order"));
        assert_eq!(body[CHECKSUM], "c88f7e3d148b5bf37f47a50acb9311183c3b7abf250f026d164c1f9df3117e45");
        let body = sealed(json!({ "billDescription": "Maji – Bili ya Julai" }));
        assert_eq!(body[CHECKSUM], "5ced450734a5f028ea09b9dfd7f9f85d936c3d40add70794f00408e22ada5b99");
    }

    #[test]
    fn a_webhook_is_proven_beside_event_and_data_or_inside_data() {
        let bare = members(fixture::request("webhook_received"));
        assert!(!key().proves(&bare));
        let told = json!("8123ec10456bc1f6eb27871b82a5b5e4e3d4baafc36f8bef6d6cbac4539c5031");
        assert!(key().proves(&with(bare.clone(), CHECKSUM, told.clone())));
        let named = with(with(bare.clone(), CHECKSUM, told.clone()), METHOD, json!("canonical"));
        assert!(key().proves(&named));
        assert!(!key().proves(&with(with(bare.clone(), CHECKSUM, told), METHOD, json!("md5"))));
        let inside = json!("36889e5ad24ad450f998246f6ca371e8f5631f5038d620514c65bfe088b12efc");
        let data = with(members(bare["data"].clone()), CHECKSUM, inside);
        assert!(key().proves(&with(bare, DATA, Value::Object(data))));
    }

    #[test]
    fn the_older_method_is_taken_beside_event_and_data_only() {
        let bare = members(fixture::request("webhook_received"));
        let told = json!("db76ab9f56bac7a3ae0a3ac1d61a65119767ef0abdc7cf2d130b0fc8b3b9b303");
        let older = with(with(bare.clone(), CHECKSUM, told.clone()), METHOD, json!("legacy"));
        assert!(key().proves(&older));
        assert!(!key().proves(&with(bare.clone(), CHECKSUM, told)), "the method must be named");
        let data = members(bare["data"].clone());
        let text = canonical::joined_values(&data);
        let inside = hex::encode(key().mac(&text).expect("a key").finalize().into_bytes());
        let data = with(with(data, CHECKSUM, json!(inside)), METHOD, json!("legacy"));
        assert!(!key().proves(&with(bare, DATA, Value::Object(data))));
    }

    #[test]
    fn what_is_no_checksum_proves_nothing() {
        let bare = members(fixture::request("webhook_received"));
        for told in [json!(null), json!(""), json!("8123"), json!("x".repeat(64)), json!("0".repeat(64)), json!(7)] {
            assert!(!key().proves(&with(bare.clone(), CHECKSUM, told)));
        }
        assert!(!key().proves(&Map::new()));
        assert!(!key().proves(&members(json!({ "data": [] }))));
    }

    proptest! {
        #[test]
        fn what_was_sealed_is_proven_by_the_same_key_only(body in any_members()) {
            prop_assume!(!body.contains_key(CHECKSUM) && !body.contains_key(METHOD));
            let body = sealed(Value::Object(body));
            prop_assert!(key().proves(&body));
            prop_assert!(!ChecksumKey::new(Secret::new("another")).proves(&body));
        }

        #[test]
        fn a_changed_value_is_not_proven(
            body in any_members(),
            chosen in any::<prop::sample::Index>(),
            value in any_value(),
        ) {
            prop_assume!(!body.contains_key(CHECKSUM) && !body.contains_key(METHOD));
            let name = chosen.get(&body.keys().cloned().collect::<Vec<_>>()).clone();
            prop_assume!(body[&name] != value);
            let body = sealed(Value::Object(body));
            prop_assert!(!key().proves(&with(body, &name, value)));
        }
    }
}
