//! The simulator as a client and a payer meet it, over its router.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use tokio::time::sleep;
use tower::ServiceExt;

use super::super::effects::Effects;
use super::super::{Options, callback_client};
use super::{API_KEY, CLIENT_ID, Clickpesa};

const ORDER: &str = "/third-parties/billpay/create-order-control-number";
const LATER: Duration = Duration::from_millis(20);
/// The most bytes of an answer that is read.
const LIMIT: usize = 1 << 20;

struct Client {
    router: Router,
    effects: Effects,
    token: String,
}

impl Client {
    async fn signed_in() -> Self {
        Self::on(Effects::open(None).expect("a ledger")).await
    }

    async fn on(effects: Effects) -> Self {
        let options = Options { later: LATER, hang: LATER, ..Options::default() };
        let clickpesa = Clickpesa::new(effects.clone(), callback_client().expect("a client"), &options);
        let mut client = Self { router: Arc::new(clickpesa).router(), effects, token: String::new() };
        client.renew().await;
        client
    }

    async fn renew(&mut self) {
        let request = Request::post("/third-parties/generate-token").header("client-id", CLIENT_ID);
        let request = request.header("api-key", API_KEY).body(Body::empty()).expect("a request");
        let (status, body) = self.send(request).await;
        assert_eq!((status, &body["success"]), (StatusCode::OK, &json!(true)));
        self.token = body["token"].as_str().expect("a token").to_owned();
    }

    async fn call(&self, method: &str, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::builder().method(method).uri(path).header(header::AUTHORIZATION, &self.token);
        let request = request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string()));
        self.send(request.expect("a request")).await
    }

    async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.call("POST", path, body).await
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.call("GET", path, &json!({})).await
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let status = response.status();
        let bytes = to_bytes(response.into_body(), LIMIT).await.expect("a body");
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    fn keys(&self) -> Vec<String> {
        self.effects.of(super::PROVIDER).into_iter().map(|effect| effect.key).collect()
    }
}

#[tokio::test]
async fn an_order_is_made_paid_once_and_asked_for() {
    let client = Client::signed_in().await;
    let bill = json!({ "billAmount": 90900, "billPaymentMode": "EXACT", "billReference": "CUSTOMJH121" });
    let (status, created) = client.post(ORDER, &bill).await;
    assert_eq!((status, &created["billPayNumber"]), (StatusCode::OK, &json!("CUSTOMJH121")));
    let (status, refused) = client.post(ORDER, &bill).await;
    let used = json!({ "message": "Bill reference already used: Use a different reference" });
    assert_eq!((status, refused), (StatusCode::CONFLICT, used));

    let pay = |amount: &str| json!({ "billPayNumber": "CUSTOMJH121", "amount": amount });
    assert_eq!(client.post("/_sandbox/pay", &pay("90000")).await.0, StatusCode::NOT_FOUND);
    assert_eq!(client.get("/third-parties/payments/CUSTOMJH121").await.0, StatusCode::NOT_FOUND);
    let (status, paid) = client.post("/_sandbox/pay", &pay("90900")).await;
    assert_eq!((status, &paid["status"]), (StatusCode::OK, &json!("SUCCESS")));
    assert_eq!(client.post("/_sandbox/pay", &pay("90900")).await.0, StatusCode::BAD_REQUEST);

    let (_, payments) = client.get("/third-parties/payments/CUSTOMJH121").await;
    assert_eq!(payments[0]["id"], paid["id"]);
    let (_, number) = client.get("/third-parties/billpay/CUSTOMJH121").await;
    assert_eq!((&number["billStatus"], &number["billAmount"]), (&json!("INACTIVE"), &json!(90900)));
    assert_eq!(client.keys().len(), 1);

    let restarted = Client::on(client.effects.clone()).await;
    let (_, payments) = restarted.get("/third-parties/payments/CUSTOMJH121").await;
    assert_eq!((&payments[0]["id"], &payments[0]["status"]), (&paid["id"], &json!("SETTLED")));
    assert_eq!(restarted.post(ORDER, &bill).await.0, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_token_is_sent_back_as_it_was_given() {
    let mut client = Client::signed_in().await;
    client.token = format!("Bearer {}", client.token);
    let (status, body) = client.get("/third-parties/payments/all").await;
    assert_eq!((status, body), (StatusCode::UNAUTHORIZED, json!({ "message": "Unauthorized" })));
}

#[tokio::test]
async fn what_goes_wrong_before_the_number_goes_right_the_second_time() {
    let mut client = Client::signed_in().await;
    for (amount, status) in [(1303, 504), (1305, 500), (1312, 401), (1313, 429)] {
        let bill = json!({ "billAmount": amount, "billReference": format!("R{amount}") });
        let (first, _) = client.post(ORDER, &bill).await;
        assert_eq!(first.as_u16(), status, "{amount}");
        client.renew().await;
        assert_eq!(client.get(&format!("/third-parties/billpay/R{amount}")).await.0, StatusCode::NOT_FOUND);
        assert_eq!(client.post(ORDER, &bill).await.0, StatusCode::OK, "{amount}");
    }
}

#[tokio::test]
async fn what_goes_wrong_after_the_number_leaves_it() {
    let client = Client::signed_in().await;
    for amount in [1304, 1306, 1307] {
        let bill = json!({ "billAmount": amount, "billReference": format!("R{amount}") });
        let (_, unheard) = client.post(ORDER, &bill).await;
        assert!(unheard.get("billPayNumber").is_none(), "{amount}");
        assert_eq!(client.get(&format!("/third-parties/billpay/R{amount}")).await.0, StatusCode::OK);
    }
    let (_, listed) = client.get("/_sandbox/control-numbers").await;
    assert_eq!(listed.as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn somebody_pays_soon_and_gets_the_money_back() {
    let client = Client::signed_in().await;
    let (_, created) = client.post(ORDER, &json!({ "billAmount": 1315 })).await;
    let path = format!("/third-parties/payments/{}", created["billPayNumber"].as_str().expect("a number"));
    let mut tries = 0..200;
    let paid = loop {
        assert!(tries.next().is_some(), "nobody paid");
        let (_, payments) = client.get(&path).await;
        if payments[0]["status"] == json!("SETTLED") {
            break payments[0].clone();
        }
        sleep(LATER).await;
    };
    assert_eq!(paid["collectedAmount"], json!(1315));
    let (_, reversed) = client.post("/_sandbox/reverse", &json!({ "id": paid["id"] })).await;
    assert_eq!(reversed["status"], json!("REVERSED"));
    assert_eq!(client.keys().len(), 1);
}

#[tokio::test]
async fn a_bulk_makes_what_it_can() {
    let client = Client::signed_in().await;
    let path = "/third-parties/billpay/bulk-create-order-control-numbers";
    let items = json!({ "controlNumbers": [{ "billAmount": 90900 }, { "billAmount": -1 }] });
    let (status, body) = client.post(path, &items).await;
    assert_eq!((status, &body["created"], &body["failed"]), (StatusCode::OK, &json!(1), &json!(1)));
    assert_eq!(body["errors"][0]["index"], json!(1));
}

#[tokio::test]
async fn a_number_is_changed_by_either_call() {
    let client = Client::signed_in().await;
    client.post(ORDER, &json!({ "billReference": "A1" })).await;
    let set = json!({ "billPayNumber": "A1", "status": "INACTIVE" });
    let (status, body) = client.call("PUT", "/third-parties/billpay/update-status", &set).await;
    assert_eq!((status, body), (StatusCode::OK, set));
    let pay = json!({ "billPayNumber": "A1", "amount": "5" });
    assert_eq!(client.post("/_sandbox/pay", &pay).await.0, StatusCode::BAD_REQUEST);
    let (_, body) = client.call("PATCH", "/third-parties/billpay/A1", &json!({ "billStatus": "ACTIVE" })).await;
    assert_eq!(body["billStatus"], json!("ACTIVE"));
    assert_eq!(client.post("/_sandbox/pay", &pay).await.0, StatusCode::OK);
}
