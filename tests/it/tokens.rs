//! Tokens: who is believed, and what each scope opens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::callbacks::completed;
use crate::support::app::{OPERATORS, SECRET, TENANT, USER};
use crate::support::client::{KPLC, payment_input};
use crate::support::{TestApp, on_both_databases, text};

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token made by hand.
fn signed(header: &Value, claims: &Value, key: &str) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key of any length");
    mac.update(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

fn header() -> Value {
    json!({ "alg": "HS256", "typ": "at+jwt" })
}

fn claims(app: &TestApp) -> Value {
    let now = app.clock().now().as_second();
    json!({
        "sub": "tester", "tenant": TENANT, "scope": "payments:read", "iss": "billpay", "aud": "billpay",
        "iat": now, "exp": now + 60,
    })
}

/// These claims with some changed; null takes one away.
fn with(mut claims: Value, changes: Value) -> Value {
    let (Some(all), Value::Object(changes)) = (claims.as_object_mut(), changes) else { panic!("no objects") };
    for (name, value) in changes {
        match value {
            Value::Null => all.remove(&name),
            value => all.insert(name, value),
        };
    }
    claims
}

/// The status and the body that a request with this `Authorization` gets.
async fn ask(app: &TestApp, authorization: Option<&str>) -> (u16, Value) {
    let mut request = app.http().post(app.url("/graphql")).json(&json!({ "query": "{ viewer { tenant } }" }));
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

async fn assert_refused(app: &TestApp, what: &str, token: &str) {
    let (status, body) = ask(app, Some(&format!("Bearer {token}"))).await;
    assert_eq!(status, 401, "{what}: {body}");
    assert_eq!(text(&body, "/errors/0/extensions/code"), "UNAUTHENTICATED", "{what}");
    assert!(body.get("data").is_none(), "{what}");
}

on_both_databases! {
    async fn without_a_token_nothing_is_answered(app: TestApp) {
        for authorization in
            [None, Some("Basic dGVzdGVyOnBhc3M="), Some("Bearer"), Some("Bearer x"), Some("Bearer a.b")]
        {
            let (status, body) = ask(&app, authorization).await;
            assert_eq!(status, 401, "{authorization:?}");
            assert_eq!(text(&body, "/errors/0/extensions/code"), "UNAUTHENTICATED", "{authorization:?}");
        }
        let (status, body) = ask(&app, Some(&format!("Bearer {}", signed(&header(), &claims(&app), SECRET)))).await;
        assert_eq!((status, text(&body, "/data/viewer/tenant")), (200, TENANT), "a token made by hand is as good");
    }
}

on_both_databases! {
    async fn j1_tokens_that_are_not_signed_as_they_must_be_are_refused(app: TestApp) {
        let claims = claims(&app);
        for algorithm in ["none", "None", "NONE", "nOnE"] {
            let header = part(&json!({ "alg": algorithm, "typ": "at+jwt" }));
            for signature in ["", "AAAA"] {
                assert_refused(&app, algorithm, &format!("{header}.{}.{signature}", part(&claims))).await;
            }
        }
        for algorithm in ["HS384", "HS512", "RS256", "ES256", "hs256"] {
            let header = json!({ "alg": algorithm, "typ": "at+jwt" });
            assert_refused(&app, algorithm, &signed(&header, &claims, SECRET)).await;
        }
        for extra in [json!({ "crit": ["exp"] }), json!({ "b64": false, "crit": ["b64"] })] {
            let header = with(header(), extra.clone());
            assert_refused(&app, &extra.to_string(), &signed(&header, &claims, SECRET)).await;
        }
    }
}

on_both_databases! {
    async fn j2_claims_that_are_not_as_they_must_be_are_refused(app: TestApp) {
        let now = app.clock().now().as_second();
        for changes in [
            json!({ "iss": null }),
            json!({ "iss": "another" }),
            json!({ "aud": null }),
            json!({ "aud": "another" }),
            json!({ "sub": null }),
            json!({ "exp": null }),
            json!({ "exp": (now + 60).to_string() }),
            json!({ "iat": now - 100, "exp": now - 30 }),
            json!({ "nbf": now + 600 }),
            json!({ "iat": now + 600, "exp": now + 700 }),
            json!({ "exp": now + 25 * 3600 }),
        ] {
            let token = signed(&header(), &with(claims(&app), changes.clone()), SECRET);
            assert_refused(&app, &changes.to_string(), &token).await;
        }
    }
}

on_both_databases! {
    async fn j2_a_token_ends_when_the_clock_says_so(app: TestApp) {
        let token = signed(&header(), &claims(&app), SECRET);
        assert_eq!(ask(&app, Some(&format!("Bearer {token}"))).await.0, 200);
        app.clock().advance(std::time::Duration::from_secs(120));
        assert_refused(&app, "ended", &token).await;
    }
}

on_both_databases! {
    async fn j3_tokens_of_another_type_are_refused(app: TestApp) {
        for kind in ["id_token", "dpop+jwt", "logout+jwt"] {
            let header = json!({ "alg": "HS256", "typ": kind });
            assert_refused(&app, kind, &signed(&header, &claims(&app), SECRET)).await;
        }
    }
}

on_both_databases! {
    async fn j4_a_header_that_points_elsewhere_is_not_followed(app: TestApp) {
        let other = "another secret, of thirty-two bytes or more";
        for extra in [
            json!({ "kid": "../../etc/passwd" }),
            json!({ "kid": "' OR 1=1 --" }),
            json!({ "jku": "http://127.0.0.1:1/jwks.json" }),
            json!({ "jwk": { "kty": "oct", "k": URL_SAFE_NO_PAD.encode(other) } }),
        ] {
            let header = with(header(), extra.clone());
            assert_refused(&app, &extra.to_string(), &signed(&header, &claims(&app), other)).await;
        }
    }
}

on_both_databases! {
    async fn j7_forged_and_mangled_tokens_are_refused(app: TestApp) {
        let good = signed(&header(), &claims(&app), SECRET);
        assert_refused(&app, "another key", &signed(&header(), &claims(&app), "another secret, of thirty-two bytes"))
            .await;
        let mut flipped = good.clone().into_bytes();
        let middle = good.rfind('.').expect("a dot") + 5;
        flipped[middle] = if flipped[middle] == b'A' { b'B' } else { b'A' };
        assert_refused(&app, "a flipped letter", &String::from_utf8(flipped).expect("ASCII")).await;
        assert_refused(&app, "cut short", &good[..good.len() - 4]).await;
        assert_refused(&app, "two parts", good.rsplit_once('.').expect("a dot").0).await;
        assert_refused(&app, "four parts", &format!("{good}.AAAA")).await;
        assert_refused(
            &app,
            "longer than 8 KiB",
            &signed(&header(), &with(claims(&app), json!({ "x": "x".repeat(9_000) })), SECRET),
        )
        .await;
        let doubled = format!(r#"{{"tenant":"umbrella",{}"#, &claims(&app).to_string()[1..]);
        let message = format!("{}.{}", part(&header()), URL_SAFE_NO_PAD.encode(doubled));
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
        mac.update(message.as_bytes());
        let doubled = format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
        assert_refused(&app, "a claim twice", &doubled).await;
    }
}

on_both_databases! {
    async fn j8_a_token_in_the_address_is_refused(app: TestApp) {
        let token = app.token(TENANT, "payments:read");
        let query = format!("/graphql?query=%7Bviewer%7Btenant%7D%7D&access_token={token}&token={token}");
        let answer = app.http().get(app.url(&query)).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 401);
    }
}

on_both_databases! {
    async fn j9_the_tenant_comes_from_the_claim_alone(app: TestApp) {
        for tenant in [Value::Null, json!([TENANT]), json!(""), json!("a b"), json!(7)] {
            let token = signed(&header(), &with(claims(&app), json!({ "tenant": tenant })), SECRET);
            assert_refused(&app, &tenant.to_string(), &token).await;
        }
        let request = app.http().post(app.url("/graphql")).bearer_auth(app.token(TENANT, "payments:read"));
        let request = request.header("x-tenant", "umbrella").header("tenant", "umbrella");
        let answer = request.json(&json!({ "query": "{ viewer { tenant } }" })).send().await.expect("an answer");
        let body: Value = answer.json().await.expect("JSON");
        assert_eq!(text(&body, "/data/viewer/tenant"), TENANT);
    }
}

on_both_databases! {
    async fn a_missing_scope_is_forbidden(app: TestApp) {
        let biller = app.admin().biller(KPLC).await;
        let none = app.client(TENANT, "webhooks:write");
        for document in [
            "{ providers { id } }",
            "{ billers { nodes { id } } }",
            "{ payments { nodes { id } } }",
            "{ billNumbers { nodes { id } } }",
            "{ bills { nodes { id } } }",
            "{ events { nodes { sequence } } }",
            "mutation { cancelPayment(input: { paymentId: \"x\" }) { errors { code } } }",
            "mutation { refreshPayment(input: { paymentId: \"x\" }) { errors { code } } }",
            "mutation { removeBillNumber(input: { billNumberId: \"x\" }) { errors { code } } }",
            "mutation { refreshBillNumber(input: { billNumberId: \"x\" }) { errors { code } } }",
            "mutation { resolvePayment(input: { paymentId: \"x\", outcome: FAILED, evidence: \"long enough\" }) {
                errors { code } } }",
            "mutation { syncBillers(input: {}) { added } }",
        ] {
            assert_eq!(none.refused(document, json!({})).await, "FORBIDDEN", "{document}");
        }
        let answer = none.query("{ bill(id: \"x\") { id } payment(by: { id: \"x\" }) { id } }", json!({})).await;
        assert_eq!(answer["data"], json!({ "bill": null, "payment": null }), "{answer}");
        assert_eq!(text(&answer, "/errors/0/extensions/code"), "FORBIDDEN");
        let input = payment_input(&biller, "1111111", "15");
        assert_eq!(none.create_refused(input.clone()).await, "FORBIDDEN");
        let reader = app.client(TENANT, "billers:read bills:read bills:write payments:read");
        assert_eq!(reader.create_refused(input).await, "FORBIDDEN");
        assert_eq!(app.admin().count_payments().await, 0);
    }
}

on_both_databases! {
    async fn t5_what_belongs_to_no_tenant_is_forbidden_without_the_scope_operator(app: TestApp) {
        let sync = "mutation { syncBillers(input: {}) { added } }";
        let callbacks = "{ callbacks { nodes { id } } }";
        for client in [app.client(TENANT, USER), app.client(TENANT, "operator"), app.client(OPERATORS, USER)] {
            assert_eq!(client.refused(sync, json!({})).await, "FORBIDDEN");
            assert_eq!(client.refused(callbacks, json!({})).await, "FORBIDDEN");
        }
        let nobodys = "00000000-0000-4000-8000-000000000000";
        let unmatched = completed(nobodys, "01000000-0000-0a00-0000-000000000001", "15.00");
        assert_eq!(app.callback("almara", unmatched).await, 200);
        let seen = app.admin().data(callbacks, json!({})).await;
        assert_eq!(seen["callbacks"]["nodes"], json!([]), "an administrator sees those of the tenant alone");
    }
}

on_both_databases! {
    async fn t5_the_scope_operator_is_one_tenants_alone(app: TestApp) {
        let document = "{ viewer { scopes } }";
        let pretender = app.client(TENANT, "operator payments:read").data(document, json!({})).await;
        assert_eq!(pretender["viewer"]["scopes"], json!(["payments:read"]));
        let operator = app.client(OPERATORS, "operator payments:read").data(document, json!({})).await;
        assert_eq!(operator["viewer"]["scopes"], json!(["payments:read", "operator"]));
    }
}
