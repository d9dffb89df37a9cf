//! The log of a whole session: a process of its own pays through every provider, is sent nonsense, and logs all that it
//! can; nothing of it is anybody's secret, account, name or body.

use std::fs;
use std::net::SocketAddr;
use std::process::Stdio;

use billpay::sandbox::{
    ALMARA_CLIENT_SECRET, BILL_DEV_KEY, BILL_PASSWORD, BILL_REMEMBER_ME_ID, BILL_WEBHOOK_SECURITY_KEY, CLICK_PASSWORD,
    CLICKPESA_API_KEY, CLICKPESA_CHECKSUM_KEY,
};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_tungstenite::tungstenite::Message;

use crate::graphql_attacks::socket::{PROTOCOL, Socket};
use crate::support::app::{ALL, SECRET, TENANT, free_address};
use crate::support::client::{Client, KPLC, new_key, payment_input};
use crate::support::numbers::{made, order, pay as pay_number, wait_for_collections};
use crate::support::receiver::{Receiver, Reply};
use crate::support::vendors::{HARBOR, bank, bill_input, bills, pay as pay_bill, wait_for};
use crate::support::{Db, TestApp, eventually, list, run, text};
use crate::webhooks::TRIAL;

/// Words that no log of ours has by chance.
const ALMARA_ACCOUNT: &str = "7193046281";
const CLICK_ACCOUNT: &str = "8827163940";
const LOOKED_UP: &str = "6640018253";
const PAYER: &str = "Zawadi Kiprotich";
const PHONE: &str = "+254722618394";
const SAUDI_PHONE: &str = "+966506966507";
const DESCRIPTION: &str = "memo of the tenth of May";
const NONSENSE: &str = "nonsense-55901-nonsense";
const WEBHOOK_PATH: &str = "hooks-of-till-41875";
const WEBHOOK_WORD: &str = "letmein-60923";
const SECRETS_KEY: &str = "keeps the sessions of the tests, 32 bytes";
const FINAL: [&str; 4] = ["SUCCEEDED", "FAILED", "CANCELLED", "NEEDS_REVIEW"];

/// The program in a process of its own, with its log in a file.
struct Process {
    _child: Child,
    address: SocketAddr,
    log: NamedTempFile,
}

impl Process {
    /// Starts a server that does all the work on the database of one that does none.
    async fn start(app: &TestApp) -> Self {
        let address = free_address();
        let log = NamedTempFile::new().expect("a file");
        let child = Command::new(env!("CARGO_BIN_EXE_billpay"))
            .arg("serve")
            .envs(app.variables())
            .env("BILLPAY_LISTEN", address.to_string())
            .env("BILLPAY_PUBLIC_URL", format!("http://{address}"))
            .env("BILLPAY_WORKER__ENABLED", "true")
            .env("BILLPAY_LOG__FILTER", "info,billpay=debug")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::from(log.reopen().expect("the file")))
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        eventually("the server's process", || async {
            let ready = app.http().get(format!("http://{address}/readyz")).send().await;
            ready.ok().filter(|answer| answer.status().is_success()).map(drop)
        })
        .await;
        for provider in ["bill", "clickpesa"] {
            app.send_webhooks_to(provider, &format!("http://{address}/callbacks/{provider}")).await;
        }
        Self { _child: child, address, log }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn said(&self) -> String {
        fs::read_to_string(self.log.path()).expect("the log")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a2_the_log_of_a_whole_session_holds_no_secret_and_no_account() {
    let settings = [
        ("BILLPAY_WORKER__ENABLED", "false"),
        ("BILLPAY_SECRETS_KEY", SECRETS_KEY),
        ("BILLPAY_TEST_CLICK", "on"),
        ("BILLPAY_TEST_BILL", "on"),
        ("BILLPAY_TEST_CLICKPESA", "on"),
        TRIAL,
    ];
    run(Db::Sqlite, &settings, hold_a_session).await;
}

async fn hold_a_session(app: TestApp) {
    let process = Process::start(&app).await;
    let token = app.token(TENANT, &format!("{ALL} webhooks:write"));
    let client = app.client_at(process.address, &token);
    let mut secrets = pay_by_account(&client).await;
    secrets.append(&mut pay_by_bill_and_number(&app, &client).await);
    secrets.append(&mut lend_a_token(&app, &process, &client).await);
    secrets.append(&mut be_told(&client).await);
    talk_nonsense(&app, &process, &token).await;
    let own = [token.as_str(), SECRET, SECRETS_KEY, PAYER, PHONE, SAUDI_PHONE, DESCRIPTION, NONSENSE, LOOKED_UP];
    let of_providers = [
        ALMARA_CLIENT_SECRET,
        BILL_DEV_KEY,
        BILL_PASSWORD,
        BILL_REMEMBER_ME_ID,
        BILL_WEBHOOK_SECURITY_KEY,
        CLICK_PASSWORD,
        CLICKPESA_API_KEY,
        CLICKPESA_CHECKSUM_KEY,
    ];
    // The last of what was done is in the log, and so is all before it.
    let log = eventually("the last line", || async {
        let said = process.said();
        said.contains("closing a websocket").then_some(said)
    })
    .await;
    for expected in ["billpay listens", "payment changed", "control number changed", "DEBUG"] {
        assert!(log.contains(expected), "{expected} is not in the log:\n{log}");
    }
    let words = own.into_iter().chain(of_providers).chain(secrets.iter().map(String::as_str));
    // The last are how every JWT and every secret of webhooks begins.
    for word in words.chain([WEBHOOK_PATH, WEBHOOK_WORD, "Bearer ", "eyJ", "whsec_"]) {
        let lines: Vec<_> = log.lines().filter(|line| line.contains(word)).collect();
        assert!(lines.is_empty(), "{word} is in the log: {lines:#?}");
    }
}

/// Pays through the providers that are told an account: well, refused, and with a fault after the money moved.
async fn pay_by_account(client: &Client) -> Vec<String> {
    let biller = client.biller(KPLC).await;
    let accounts = [ALMARA_ACCOUNT, "3333333", "7777777"];
    for account in accounts {
        let mut input = payment_input(&biller, account, "15");
        input["payer"] = json!({ "name": PAYER, "phoneNumber": PHONE });
        input["description"] = json!(DESCRIPTION);
        input["saveBillNumber"] = json!(true);
        let payload = client.create(input).await;
        client.wait_for_status(text(&payload, "/payment/id"), &FINAL).await;
    }
    let document = "query ($biller: ID!, $account: String!) {
        billLookup(billerId: $biller, accountReference: $account) { errors { code } } }";
    client.query(document, json!({ "biller": biller, "account": LOOKED_UP })).await;
    let payload = client
        .create(json!({
            "idempotencyKey": new_key(),
            "target": { "account": {
                "billerId": client.biller("Saudi Electricity Company").await, "accountReference": CLICK_ACCOUNT } },
            "amount": { "amount": "100.50", "currency": "SAR" },
            "payer": { "phoneNumber": SAUDI_PHONE },
        }))
        .await;
    client.wait_for_status(text(&payload, "/payment/id"), &FINAL).await;
    accounts.into_iter().chain([CLICK_ACCOUNT]).map(str::to_owned).collect()
}

/// Pays a bill of a vendor, and is paid by a control number.
async fn pay_by_bill_and_number(app: &TestApp, client: &Client) -> Vec<String> {
    let found = bills(client, HARBOR).await;
    let payment = pay_bill(client, &bill_input(&found[0], "20", &bank(client).await)).await;
    wait_for(client, text(&payment, "/id"), &FINAL).await;
    let number = made(client, &order("1000")).await;
    assert_eq!(pay_number(app, text(&number, "/number"), "1000").await, 200);
    wait_for_collections(client, text(&number, "/id"), 1).await;
    vec![text(&number, "/number").to_owned()]
}

/// Makes an API client, which takes a token, and another that is refused.
async fn lend_a_token(app: &TestApp, process: &Process, client: &Client) -> Vec<String> {
    let document = "mutation ($input: CreateApiClientInput!) { createApiClient(input: $input) {
        clientSecret apiClient { id } errors { code } } }";
    let input = json!({ "name": "Till 7", "scopes": ["payments:read"] });
    let made = client.data(document, json!({ "input": input })).await["createApiClient"].take();
    let (id, secret) = (text(&made, "/apiClient/id"), text(&made, "/clientSecret").to_owned());
    let mut lent = Vec::new();
    for (given, status) in [(secret.as_str(), 200), (NONSENSE, 401)] {
        let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", given)];
        let answer = app.http().post(process.url("/oauth/token")).form(&form).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status);
        let told: Value = answer.json().await.expect("JSON");
        lent.extend(told["access_token"].as_str().map(str::to_owned));
    }
    assert_eq!(lent.len(), 1);
    lent.push(secret);
    lent
}

/// Is told by webhooks, all of which it refuses: at an endpoint whose secret is renewed, and at a payment's own URL.
async fn be_told(client: &Client) -> Vec<String> {
    let receiver = Receiver::start().await;
    receiver.always(Reply::Status(403));
    let url = receiver.url(&format!("/{WEBHOOK_PATH}?access={WEBHOOK_WORD}"));
    let document = "mutation ($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) {
        secret webhookEndpoint { id } errors { code } } }";
    let made = client.data(document, json!({ "input": { "url": url } })).await["createWebhookEndpoint"].take();
    let document = "mutation ($id: ID!) { rotateWebhookSecret(input: { webhookEndpointId: $id }) {
        secret errors { code } } }";
    let id = json!({ "id": text(&made, "/webhookEndpoint/id") });
    let renewed = client.data(document, id).await["rotateWebhookSecret"].take();
    let mut input = payment_input(&client.biller(KPLC).await, "1111111", "15");
    input["callbackUrl"] = json!(url);
    assert_eq!(client.create(input).await["errors"], json!([]));
    let document = "{ webhookEndpoints { nodes { deliveries { nodes { httpStatus } } } } }";
    eventually("a refusal of each", || async {
        let data = client.data(document, json!({})).await;
        let of_each = list(&data, "/webhookEndpoints/nodes").iter().map(|endpoint| list(endpoint, "/deliveries/nodes"));
        let refused = of_each.filter(|all| all.iter().any(|delivery| delivery["httpStatus"] == 403)).count();
        (refused == 2).then_some(())
    })
    .await;
    [&made, &renewed].map(|payload| text(payload, "/secret").trim_start_matches("whsec_").to_owned()).to_vec()
}

/// Sends what is wrong everywhere: in the address, in headers, in bodies, in documents, in messages.
async fn talk_nonsense(app: &TestApp, process: &Process, token: &str) {
    let graphql = process.url("/graphql");
    let post = || app.http().post(&graphql).header("content-type", "application/json");
    let in_query = format!("{{\"query\":\"{{ {} (a: \\\"{NONSENSE}\\\") }}\"}}", NONSENSE.replace('-', "_"));
    for request in [
        app.http().get(format!("{graphql}?access_token={token}&query={NONSENSE}")),
        post().header("authorization", format!("Bearer {token}x")).body("{}"),
        post().header("authorization", format!("Basic {NONSENSE}")).body("{}"),
        post().bearer_auth(token).body(format!("{{\"query\": {NONSENSE}")),
        post().bearer_auth(token).body(in_query),
        app.http().post(process.url("/callbacks/almara")).body(format!("{{\"accountNumber\":\"{NONSENSE}\"}}")),
        app.http().post(process.url("/callbacks/bill")).header("x-bill-sha-signature", NONSENSE).body(NONSENSE),
        app.http().post(process.url(&format!("/callbacks/{NONSENSE}"))).body(NONSENSE),
    ] {
        let answer = request.send().await.expect("an answer");
        assert!(!answer.status().is_server_error(), "{}", answer.status());
    }
    let stream = TcpStream::connect(process.address).await.expect("connected");
    let mut socket = Socket::upgrade(stream, Some(PROTOCOL)).await;
    socket.init(token).await;
    assert_eq!(socket.hear().await["type"], "connection_ack");
    socket.send(Message::text(NONSENSE)).await;
    assert_eq!(socket.closed().await.0, 4400);
}
