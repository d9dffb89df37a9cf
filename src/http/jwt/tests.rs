//! The token rows of the list of attacks, by their numbers. J4 and J5 continue in `jwks`, J6 is a test of the settings,
//! and J8 belongs to the router, which offers no other way in than the header.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use jsonwebtoken::EncodingKey;
use proptest::prelude::*;
use serde_json::json;
use url::Url;

use super::*;
use crate::config::{KeySetSource, Secret};
use crate::domain::requester::{CustomerId, Scope, Scopes, TenantId};
use crate::http::token::{TokenClaims, mint};

const SECRET: &str = "a secret of the tests, forty bytes long.";
const KEY_SET: &str = include_str!("../../../tests/fixtures/jwks/jwks.json");
const RSA_PEM: &[u8] = include_bytes!("../../../tests/fixtures/jwks/rs256.pem");
const RSA_PUBLIC_PEM: &[u8] = include_bytes!("../../../tests/fixtures/jwks/rs256.pub.pem");
const EC_PEM: &[u8] = include_bytes!("../../../tests/fixtures/jwks/es256.pem");
const ED_PEM: &[u8] = include_bytes!("../../../tests/fixtures/jwks/eddsa.pem");
const HOUR: i64 = 60 * 60;

fn settings() -> AuthSettings {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/jwks/jwks.json");
    AuthSettings {
        hs256_secret: Some(Secret::new(SECRET)),
        key_set: Some(KeySetSource::File(file.into())),
        issuer: "billpay".to_owned(),
        audience: "billpay".to_owned(),
        operator_tenant: TenantId::try_new("operators").ok(),
        leeway: Duration::from_secs(10),
        longest_life: Duration::from_secs(24 * 60 * 60),
    }
}

fn authenticator() -> Authenticator {
    Authenticator::try_new(&settings(), Clock::default()).expect("keys")
}

fn claims() -> Value {
    let now = Clock::default().now().as_second();
    json!({
        "sub": "user-1", "tenant": "acme", "scope": "payments:read admin operator", "iss": "billpay", "aud": "billpay",
        "iat": now, "exp": now + HOUR,
    })
}

/// The claims with one of them set, or taken out by `null`.
fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    let members = claims.as_object_mut().expect("an object");
    match value {
        Value::Null => drop(members.remove(name)),
        value => drop(members.insert(name.to_owned(), value)),
    }
    claims
}

fn secret() -> EncodingKey {
    EncodingKey::from_secret(SECRET.as_bytes())
}

fn rsa() -> EncodingKey {
    EncodingKey::from_rsa_pem(RSA_PEM).expect("a key")
}

fn sign(header: &str, claims: &str, key: &EncodingKey, algorithm: Algorithm) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = crypto::sign(signed.as_bytes(), key, algorithm).expect("a signature");
    format!("Bearer {signed}.{signature}")
}

/// A header that names HS256, signed so.
fn hs256(claims: &Value) -> String {
    hs256_under(&json!({"alg": "HS256", "typ": "at+jwt"}), claims)
}

fn hs256_under(header: &Value, claims: &Value) -> String {
    sign(&header.to_string(), &claims.to_string(), &secret(), Algorithm::HS256)
}

async fn refusal(authorization: &str) -> AuthError {
    authenticator().authenticate(authorization).await.expect_err("a refusal")
}

#[tokio::test]
async fn a_minted_token_is_read_back() {
    let (tenant, customer) =
        (TenantId::try_new("acme").expect("a tenant"), CustomerId::try_new("c-1").expect("a customer"));
    let said = TokenClaims {
        subject: "clerk",
        tenant: &tenant,
        customer: Some(&customer),
        scopes: Scopes::parse("payments:read payments:write"),
        issuer: "billpay",
        audience: "billpay",
    };
    let now = Clock::default().now();
    let token = mint(&Secret::new(SECRET), &said, now, Duration::from_secs(60));
    let requester = authenticator().authenticate(&format!("bearer {token}")).await.expect("a requester");
    assert_eq!((requester.subject.as_str(), &requester.tenant), ("clerk", &tenant));
    assert_eq!(requester.customer, Some(customer.clone()));
    assert_eq!(requester.scopes, said.scopes);
    assert_eq!(requester.expires_at.as_second(), now.as_second() + 60);
}

#[tokio::test]
async fn each_kind_of_key_verifies_its_own_algorithm() {
    let ec = EncodingKey::from_ec_pem(EC_PEM).expect("a key");
    let ed = EncodingKey::from_ed_pem(ED_PEM).expect("a key");
    for (id, key, algorithm, name) in [
        ("rsa-1", rsa(), Algorithm::RS256, "RS256"),
        ("ec-1", ec, Algorithm::ES256, "ES256"),
        ("ed-1", ed, Algorithm::EdDSA, "EdDSA"),
    ] {
        let header = json!({"alg": name, "typ": "at+jwt", "kid": id}).to_string();
        let token = sign(&header, &claims().to_string(), &key, algorithm);
        assert!(authenticator().authenticate(&token).await.is_ok(), "{name}");
        let header = json!({"alg": name, "typ": "at+jwt", "kid": "other"}).to_string();
        let token = sign(&header, &claims().to_string(), &key, algorithm);
        assert_eq!(refusal(&token).await, AuthError::Untrusted, "{name}");
    }
}

#[tokio::test]
async fn j1_no_token_chooses_its_own_algorithm_or_rules() {
    let unsigned = |alg: &str| {
        let header = json!({"alg": alg, "typ": "at+jwt"}).to_string();
        format!("Bearer {}.{}.", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims().to_string()))
    };
    for alg in ["none", "None", "NONE", "nOnE", "", "HS256"] {
        assert_eq!(refusal(&unsigned(alg)).await, AuthError::Untrusted, "{alg}");
    }
    for alg in ["HS384", "HS512", "hs256", "PS256", "RS512", "ES384"] {
        let header = json!({"alg": alg, "typ": "at+jwt"});
        assert_eq!(refusal(&hs256_under(&header, &claims())).await, AuthError::Untrusted, "{alg}");
    }
    let public_as_secret = EncodingKey::from_secret(RSA_PUBLIC_PEM);
    for header in [
        json!({"alg": "HS256", "typ": "at+jwt", "kid": "rsa-1"}),
        json!({"alg": "RS256", "typ": "at+jwt", "kid": "rsa-1"}),
    ] {
        let token = sign(&header.to_string(), &claims().to_string(), &public_as_secret, Algorithm::HS256);
        assert_eq!(refusal(&token).await, AuthError::Untrusted, "{header}");
    }
    for (name, value) in
        [("b64", json!(false)), ("crit", json!(["exp"])), ("crit", json!(["b64"])), ("crit", json!([]))]
    {
        let mut header = json!({"alg": "HS256", "typ": "at+jwt"});
        header[name] = value;
        assert_eq!(refusal(&hs256_under(&header, &claims())).await, AuthError::Untrusted, "{name}");
    }
}

#[tokio::test]
async fn j1_without_a_secret_hs256_is_refused() {
    let settings = AuthSettings { hs256_secret: None, ..settings() };
    let authenticator = Authenticator::try_new(&settings, Clock::default()).expect("keys");
    let refused = authenticator.authenticate(&hs256(&claims())).await.expect_err("a refusal");
    assert_eq!(refused, AuthError::Untrusted);
}

#[tokio::test]
async fn j2_claims_are_required_of_their_type_and_in_force() {
    let now = Clock::default().now().as_second();
    for (name, value, expected) in [
        ("iss", Value::Null, AuthError::Claim("iss")),
        ("iss", json!("other"), AuthError::OtherService),
        ("iss", json!(["billpay"]), AuthError::Claim("iss")),
        ("aud", Value::Null, AuthError::OtherService),
        ("aud", json!("other"), AuthError::OtherService),
        ("aud", json!(["other"]), AuthError::OtherService),
        ("sub", Value::Null, AuthError::Claim("sub")),
        ("sub", json!(""), AuthError::Claim("sub")),
        ("sub", json!("line\nbreak"), AuthError::Claim("sub")),
        ("sub", json!(7), AuthError::Claim("sub")),
        ("exp", Value::Null, AuthError::Claim("exp")),
        ("exp", json!((now + HOUR).to_string()), AuthError::Claim("exp")),
        ("exp", json!(now - 30), AuthError::Expired),
        ("exp", json!(i64::MAX), AuthError::LivesTooLong),
        ("exp", json!(now + 25 * HOUR), AuthError::LivesTooLong),
        ("exp", json!(now), AuthError::LivesTooLong),
        ("iat", Value::Null, AuthError::Claim("iat")),
        ("iat", json!("now"), AuthError::Claim("iat")),
        ("iat", json!(now + 60), AuthError::NotYetValid),
        ("iat", json!(i64::MIN), AuthError::LivesTooLong),
        ("nbf", json!(now + 60), AuthError::NotYetValid),
        ("nbf", json!("soon"), AuthError::Claim("nbf")),
        ("scope", Value::Null, AuthError::Claim("scope")),
        ("scope", json!(["admin"]), AuthError::Claim("scope")),
    ] {
        let shown = format!("{name}: {value}");
        assert_eq!(refusal(&hs256(&claims_with(name, value))).await, expected, "{shown}");
    }
    let mut ended = claims_with("iat", json!(now - HOUR));
    ended["exp"] = json!(now - 30);
    assert_eq!(refusal(&hs256(&ended)).await, AuthError::Expired);
}

#[tokio::test]
async fn j2_the_leeway_is_ten_seconds_both_ways() {
    let now = Clock::default().now().as_second();
    let mut ended = claims_with("iat", json!(now - HOUR));
    ended["exp"] = json!(now - 5);
    for good in [
        ended,
        claims_with("iat", json!(now + 5)),
        claims_with("nbf", json!(now + 5)),
        claims_with("aud", json!(["x", "billpay"])),
    ] {
        assert!(authenticator().authenticate(&hs256(&good)).await.is_ok(), "{good}");
    }
}

#[tokio::test]
async fn j2_a_token_ends_by_the_clock_that_was_given() {
    let clock = Clock::default();
    let authenticator = Authenticator::try_new(&settings(), clock.clone()).expect("keys");
    let token = hs256(&claims());
    assert!(authenticator.authenticate(&token).await.is_ok());
    clock.advance(Duration::from_secs(2 * 60 * 60));
    assert_eq!(authenticator.authenticate(&token).await.expect_err("a refusal"), AuthError::Expired);
}

#[tokio::test]
async fn j3_only_access_tokens_are_taken() {
    for typ in ["JWT", "jwt", "at+jwt", "application/at+jwt"] {
        let header = json!({"alg": "HS256", "typ": typ});
        assert!(authenticator().authenticate(&hs256_under(&header, &claims())).await.is_ok(), "{typ}");
    }
    for header in [json!({"alg": "HS256"}), json!({"alg": "HS256", "typ": "id+jwt"}), json!({"alg": "HS256", "typ": 1})]
    {
        assert_eq!(refusal(&hs256_under(&header, &claims())).await, AuthError::Untrusted, "{header}");
    }
    for header in [json!({"alg": "RS256", "typ": "JWT", "kid": "rsa-1"}), json!({"alg": "RS256", "kid": "rsa-1"})] {
        let token = sign(&header.to_string(), &claims().to_string(), &rsa(), Algorithm::RS256);
        assert_eq!(refusal(&token).await, AuthError::Untrusted, "{header}");
    }
}

#[tokio::test]
async fn j4_no_token_brings_its_own_key() {
    let own = json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(SECRET)});
    for (name, value) in [
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/chain")),
        ("jwk", own),
        ("x5c", json!(["MIIB"])),
        ("kid", json!(["rsa-1"])),
    ] {
        let mut header = json!({"alg": "HS256", "typ": "at+jwt"});
        header[name] = value;
        assert_eq!(refusal(&hs256_under(&header, &claims())).await, AuthError::Untrusted, "{name}");
    }
    for id in ["../../etc/passwd", "' OR '1'='1", "https://evil.example/keys", "oct-1", ""] {
        let header = json!({"alg": "RS256", "typ": "at+jwt", "kid": id}).to_string();
        let token = sign(&header, &claims().to_string(), &rsa(), Algorithm::RS256);
        assert_eq!(refusal(&token).await, AuthError::Untrusted, "{id}");
    }
}

/// Serves the fixture's set and counts how often it is asked for.
async fn issuer() -> (Url, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let answer = move || {
        counter.fetch_add(1, Ordering::SeqCst);
        async { KEY_SET }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/keys", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/keys", get(answer))).await });
    (Url::parse(&url).expect("a URL"), asked)
}

fn with_key(id: &str) -> String {
    let header = json!({"alg": "RS256", "typ": "at+jwt", "kid": id}).to_string();
    sign(&header, &claims().to_string(), &rsa(), Algorithm::RS256)
}

#[tokio::test]
async fn j5_a_flood_of_unknown_keys_makes_one_request_a_minute() {
    let (url, asked) = issuer().await;
    let settings = AuthSettings { key_set: Some(KeySetSource::Url(url)), ..settings() };
    let clock = Clock::default();
    let authenticator = Authenticator::try_new(&settings, clock.clone()).expect("a client");
    for flood in 0..50 {
        let refused = authenticator.authenticate(&with_key(&format!("unknown-{flood}"))).await;
        assert_eq!(refused.expect_err("a refusal"), AuthError::Untrusted);
    }
    assert!(authenticator.authenticate(&with_key("rsa-1")).await.is_ok());
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    clock.advance(Duration::from_secs(61));
    assert!(authenticator.authenticate(&with_key("unknown")).await.is_err());
    assert!(authenticator.authenticate(&with_key("unknown")).await.is_err());
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    clock.advance(Duration::from_secs(11 * 60));
    assert!(authenticator.authenticate(&with_key("rsa-1")).await.is_ok());
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn j5_a_token_is_believed_no_longer_than_its_key() {
    let whole: Value = serde_json::from_str(KEY_SET).expect("a set");
    let mut kept = whole.clone();
    kept["keys"].as_array_mut().expect("keys").retain(|key| key["kid"] != "rsa-1");
    let asked = Arc::new(AtomicUsize::new(0));
    let answer = move || {
        let set = if asked.fetch_add(1, Ordering::SeqCst) == 0 { &whole } else { &kept };
        let text = set.to_string();
        async move { text }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/keys", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/keys", get(answer))).await });
    let key_set = Some(KeySetSource::Url(Url::parse(&url).expect("a URL")));
    let clock = Clock::default();
    let authenticator = Authenticator::try_new(&AuthSettings { key_set, ..settings() }, clock.clone()).expect("keys");
    let token = with_key("rsa-1");
    for _ in 0..3 {
        assert!(authenticator.authenticate(&token).await.is_ok());
    }
    clock.advance(Duration::from_secs(11 * 60));
    // The set is old: it is fetched again, and the key is gone from it.
    assert_eq!(authenticator.authenticate(&token).await.expect_err("a refusal"), AuthError::Untrusted);
}

#[tokio::test]
async fn j7_a_believed_token_vouches_for_no_other() {
    let authenticator = authenticator();
    let whole = hs256(&claims());
    assert!(authenticator.authenticate(&whole).await.is_ok());
    assert!(authenticator.authenticate(&whole).await.is_ok());
    let other = if &whole[40..41] == "A" { "B" } else { "A" };
    for bad in [&whole[..whole.len() - 1], &format!("{whole}A"), &format!("{}{other}{}", &whole[..40], &whole[41..])] {
        assert!(authenticator.authenticate(bad).await.is_err(), "{bad}");
    }
}

#[tokio::test]
async fn j5_an_issuer_that_cannot_be_reached_is_named_as_the_reason() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let url = Url::parse(&format!("http://{closed}/keys")).expect("a URL");
    let settings = AuthSettings { key_set: Some(KeySetSource::Url(url)), ..settings() };
    let authenticator = Authenticator::try_new(&settings, Clock::default()).expect("a client");
    let refused = authenticator.authenticate(&with_key("rsa-1")).await.expect_err("a refusal");
    assert_eq!(refused, AuthError::KeysUnavailable);
    assert!(authenticator.authenticate(&hs256(&claims())).await.is_ok());
}

#[tokio::test]
async fn j7_what_is_no_whole_token_is_refused() {
    let whole = hs256(&claims());
    let token = whole.strip_prefix("Bearer ").expect("a bearer");
    let huge = format!("Bearer {}", "a".repeat(1 << 20));
    for bad in ["Bearer ", "Bearer a", "Bearer a.b", "Bearer a.b.c.d", "Bearer ..", "Bearer a.b.c", &huge] {
        assert_eq!(refusal(bad).await, AuthError::Malformed, "{}", bad.len());
    }
    for bad in ["", "Bearer", token, &format!("Basic {token}")] {
        assert_eq!(refusal(bad).await, AuthError::NotBearer, "{bad}");
    }
    for bad in [&whole[..whole.len() - 1], &format!("{whole}A"), &format!("{whole}="), &format!("{whole} ")] {
        assert_eq!(refusal(bad).await, AuthError::Untrusted, "{bad}");
    }
    assert_eq!(refusal(&format!("{whole}.")).await, AuthError::Malformed);
}

#[tokio::test]
async fn j7_a_name_that_stands_twice_is_refused() {
    let (header, claims) = (json!({"alg": "HS256", "typ": "at+jwt"}).to_string(), claims().to_string());
    let twice = claims.replacen('{', "{\"tenant\":\"victim\",", 1);
    assert_eq!(refusal(&sign(&header, &twice, &secret(), Algorithm::HS256)).await, AuthError::Malformed);
    let twice = header.replacen('{', "{\"alg\":\"none\",", 1);
    assert_eq!(refusal(&sign(&twice, &claims, &secret(), Algorithm::HS256)).await, AuthError::Malformed);
}

#[tokio::test]
async fn j9_the_tenant_is_one_name_from_the_claim() {
    for value in
        [Value::Null, json!(["acme"]), json!({"id": "acme"}), json!(7), json!(""), json!("a/b"), json!("x".repeat(65))]
    {
        let shown = value.to_string();
        assert_eq!(refusal(&hs256(&claims_with("tenant", value))).await, AuthError::Claim("tenant"), "{shown}");
    }
    for value in [json!(["c-1"]), json!(7), json!(""), json!("line\nbreak")] {
        let shown = value.to_string();
        assert_eq!(refusal(&hs256(&claims_with("customer", value))).await, AuthError::Claim("customer"), "{shown}");
    }
    let null = claims().to_string().replacen('{', "{\"customer\":null,", 1);
    let token = sign(r#"{"alg":"HS256","typ":"at+jwt"}"#, &null, &secret(), Algorithm::HS256);
    assert_eq!(refusal(&token).await, AuthError::Claim("customer"));
}

#[tokio::test]
async fn j9_operator_is_kept_by_the_tenant_of_the_settings_alone() {
    let scopes = |tenant: &str| {
        let token = hs256(&claims_with("tenant", json!(tenant)));
        async move { authenticator().authenticate(&token).await.expect("a requester").scopes }
    };
    let (others, operators) = (scopes("acme").await, scopes("operators").await);
    assert!(others.contains(Scope::Admin) && !others.contains(Scope::Operator));
    assert!(operators.contains(Scope::Admin) && operators.contains(Scope::Operator));
}

#[test]
fn no_message_repeats_the_token_or_a_key() {
    let shown = format!("{:?}", authenticator());
    assert!(!shown.contains(SECRET) && shown.contains("[redacted]"), "{shown}");
}

/// One valid token and what verifies it, for all cases of the property.
static VALID: LazyLock<(Authenticator, String)> = LazyLock::new(|| (authenticator(), hs256(&claims())));

proptest! {
    #[test]
    fn j7_any_flipped_bit_is_refused(index in 0usize..4096, bit in 0u8..8) {
        let (authenticator, valid) = &*VALID;
        let token_at = "Bearer ".len();
        let mut bytes = valid.clone().into_bytes();
        let index = token_at + index % (bytes.len() - token_at);
        bytes[index] ^= 1 << bit;
        // What is no UTF-8 is no header value that could reach us.
        if let Ok(flipped) = String::from_utf8(bytes) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            prop_assert!(runtime.block_on(authenticator.authenticate(&flipped)).is_err());
        }
    }
}
