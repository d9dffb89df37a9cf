//! A client as an app has it: documents by POST.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::subscription::Subscription;
use super::{eventually, list, text};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The biller that most tests pay.
pub const KPLC: &str = "KPLC POSTPAID";

/// All that a test looks at in a payment.
pub const PAYMENT: &str = "fragment P on Payment {
    id status version amount { amount currency } accountReference accountHolderName idempotencyKey ourReference
    providerReference billerReference providerStatus processDate createdBy allowedActions description
    biller { name } billNumber { id } payer { name phoneNumber }
    failure { code message providerCode providerMessage } review { reason since safeActions }
    receipt { number token providerReference billerReference fields { name value } }
    allocations { amount { amount } bill { id } }
    attempts { number kind state httpStatus providerCode }
    events { sequence version type status reason actor failure { code } }
}";

const CREATE: &str = "mutation ($input: CreatePaymentInput!) { createPayment(input: $input) {
    replayed payment { ...P } errors { __typename code message path
        ... on AmountError { allowed { kind minimum maximum step currency } }
        ... on BeingPaidError { payment { id } } ... on CapabilityError { capability } }
} }";

/// A token and where to use it.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    address: SocketAddr,
    token: String,
}

/// The HTTP client of the tests. It talks plain HTTP to this host; the one root spares it the system's store.
pub fn http_client() -> reqwest::Client {
    let root = webpki_root_certs::TLS_SERVER_ROOT_CERTS.first().expect("a root");
    let root = reqwest::Certificate::from_der(root).expect("a certificate");
    let client = reqwest::Client::builder().tls_certs_only([root]).no_proxy().timeout(PATIENCE);
    client.redirect(reqwest::redirect::Policy::none()).build().expect("an HTTP client")
}

/// A key that was never used.
pub fn new_key() -> String {
    Uuid::now_v7().to_string()
}

/// What createPayment needs.
pub fn payment_input(biller: &str, account: &str, amount: &str) -> Value {
    json!({
        "idempotencyKey": new_key(),
        "target": { "account": { "billerId": biller, "accountReference": account } },
        "amount": { "amount": amount, "currency": "KES" },
        "payer": { "name": "Irina Muthoni", "phoneNumber": "+254710000000" },
    })
}

impl Client {
    pub fn new(http: reqwest::Client, address: SocketAddr, token: String) -> Self {
        Self { http, address, token }
    }

    /// The body of the answer, as text.
    pub async fn raw(&self, document: &str, variables: &Value) -> String {
        let request = self.http.post(format!("http://{}/graphql", self.address)).bearer_auth(&self.token);
        let request = request.json(&json!({ "query": document, "variables": variables }));
        let answer = request.send().await.expect("an answer");
        assert!(!answer.status().is_server_error(), "{}", answer.status());
        answer.text().await.expect("a body")
    }

    /// The whole answer.
    pub async fn query(&self, document: &str, variables: Value) -> Value {
        let body = self.raw(document, &variables).await;
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"))
    }

    /// The data of an answer without errors.
    pub async fn data(&self, document: &str, variables: Value) -> Value {
        let mut answer = self.query(document, variables).await;
        assert!(answer.get("errors").is_none(), "{answer}");
        answer["data"].take()
    }

    /// The code of the first top-level error.
    pub async fn refused(&self, document: &str, variables: Value) -> String {
        let answer = self.query(document, variables).await;
        text(&answer, "/errors/0/extensions/code").to_owned()
    }

    /// The id of a biller, once the catalogue has come.
    pub async fn biller(&self, name: &str) -> String {
        let document = "query ($name: String) { billers(search: $name, first: 100) { nodes { id name } } }";
        eventually(name, || async {
            let data = self.data(document, json!({ "name": name })).await;
            let found = list(&data, "/billers/nodes").iter().find(|biller| biller["name"] == name);
            found.map(|biller| text(biller, "/id").to_owned())
        })
        .await
    }

    /// What createPayment answers: payment, errors, replayed.
    pub async fn create(&self, input: Value) -> Value {
        self.data(&format!("{CREATE} {PAYMENT}"), json!({ "input": input })).await["createPayment"].take()
    }

    /// The code of the top-level error with which createPayment is refused.
    pub async fn create_refused(&self, input: Value) -> String {
        self.refused(&format!("{CREATE} {PAYMENT}"), json!({ "input": input })).await
    }

    /// What createPayment answers for an account with the usual biller.
    pub async fn pay(&self, account: &str, amount: &str, key: &str) -> Value {
        let mut input = payment_input(&self.biller(KPLC).await, account, amount);
        input["idempotencyKey"] = json!(key);
        self.create(input).await
    }

    /// A payment of 15 shillings that was taken.
    pub async fn paid(&self, account: &str) -> Value {
        let mut payload = self.pay(account, "15", &new_key()).await;
        assert_eq!(payload["errors"], json!([]), "{payload}");
        payload["payment"].take()
    }

    /// A payment as it is now; null where there is none.
    pub async fn payment(&self, id: &str) -> Value {
        let document = format!("query ($id: ID!) {{ payment(by: {{ id: $id }}) {{ ...P }} }} {PAYMENT}");
        self.data(&document, json!({ "id": id })).await["payment"].take()
    }

    /// The payment, once it has one of these statuses.
    pub async fn wait_for_status(&self, id: &str, wanted: &[&str]) -> Value {
        eventually(&format!("{id} to be {wanted:?}"), || async {
            let payment = self.payment(id).await;
            wanted.contains(&text(&payment, "/status")).then_some(payment)
        })
        .await
    }

    /// Pays 15 shillings and waits for one of these statuses.
    pub async fn pay_until(&self, account: &str, wanted: &[&str]) -> Value {
        let payment = self.paid(account).await;
        self.wait_for_status(text(&payment, "/id"), wanted).await
    }

    /// What a mutation on a payment answers: payment, errors.
    pub async fn act(&self, mutation: &str, id: &str) -> Value {
        let document = format!(
            "mutation ($id: ID!) {{ {mutation}(input: {{ paymentId: $id }}) {{
                payment {{ ...P }} errors {{ __typename code path }} }} }} {PAYMENT}"
        );
        self.data(&document, json!({ "id": id })).await[mutation].take()
    }

    /// The last sequence of the tenant's log.
    pub async fn head(&self) -> String {
        let data = self.data("{ viewer { eventsHead } }", json!({})).await;
        text(&data, "/viewer/eventsHead").to_owned()
    }

    /// How many payments are seen, up to a hundred.
    pub async fn count_payments(&self) -> usize {
        let data = self.data("{ payments(first: 100) { nodes { id } } }", json!({})).await;
        list(&data, "/payments/nodes").len()
    }

    /// Subscribes on a WebSocket of its own.
    pub async fn subscribe(&self, document: &str, variables: Value) -> Subscription {
        Subscription::open(self.address, &self.token, document, variables).await
    }
}
