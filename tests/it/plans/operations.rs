//! What is asked often, asked of the large tenant: pages, filters, events, payments, look-ups and callbacks.

use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use billpay::domain::ids::{BillerId, PaymentId};

use crate::callbacks::completed;
use crate::support::app::{ALL, TENANT};
use crate::support::client::{Client, KPLC, payment_input};
use crate::support::program::Program;
use crate::support::subscription::Subscription;
use crate::support::{TestApp, list, text};

/// A connection plans a statement once and for all after its fifth execution; there are three.
pub const REPEATS: u32 = 18;
/// How often payments are made, and how many at once. In the later half of the rounds they keep a bill number, and are
/// stored by statements of their own for it, also that which looks their account's bill up.
const ROUNDS: u32 = 6;
const AT_ONCE: u32 = 6;
/// How many are recorded at once, so that the bills of their accounts are looked up together where they keep a bill
/// number; one more then does so alone.
const TOGETHER: u32 = 16;
/// The oldest payment's second, its distance to the next, and the kind of its id, as seed.sql has them.
const FIRST_SECOND: u64 = 1_740_000_000;
const SECONDS_APART: u64 = 2;
const VARIANT: u128 = 0x7000_8000 << 48;
/// The payment behind the 1,000th page of 20 of the tenant that has every fifth.
const BEHIND_PAGE_1000: u64 = 1_000_000 - 5 * 20 * 1_000;
/// The first pending payment that is looked up, and its distance to the next: older than what is called back.
const FIRST_LOOKED_UP: u64 = 100_035;
const BETWEEN_LOOKED_UP: u64 = 1_000;
/// A provider that pays this account is slow.
const SLOW: &str = "1515151";

const PAYMENTS: &str = "query ($after: String, $filter: PaymentFilter) {
    payments(first: 20, after: $after, filter: $filter) { pageInfo { hasNextPage } nodes {
        id status biller { name } billNumber { id } receipt { number } attempts { number } events { sequence }
        allocations { bill { id openPayment { id } } } } } }";
const EVENTS: &str = "query ($after: Sequence) { events(first: 100, after: $after) { head nodes {
    sequence type subject { id } ... on PaymentEvent { payment { id status } } } } }";
const HEAD: &str = "{ viewer { eventsHead } }";
const REFRESH: &str = "mutation ($id: ID!) { refreshPayment(input: { paymentId: $id }) {
    payment { attempts { kind } } errors { code } } }";
const BY_KEY: &str = "{ payment(by: { idempotencyKey: \"key-5\" }) { id status } }";

/// Asks everything; the subscription that it returns still waits for events.
pub async fn run(app: &TestApp, program: &Program) -> Subscription {
    let client = app.client_at(program.address, &app.token(TENANT, ALL));
    let biller = client.biller(KPLC).await;
    for _ in 0..REPEATS {
        read(&client, &biller).await;
    }
    let mut waiting = client.subscribe("subscription { paymentsUpdated { sequence } }", json!({})).await;
    for round in 0..ROUNDS {
        let keeps = round >= ROUNDS / 2;
        join_all((0..AT_ONCE).map(|place| pay(&client, &biller, round * AT_ONCE + place, keeps))).await;
    }
    waiting.next().await;
    for round in 0..ROUNDS {
        let keeps = round >= ROUNDS / 2;
        join_all((0..TOGETHER).map(|place| record(&client, &biller, round * TOGETHER + place, keeps))).await;
    }
    record(&client, &biller, ROUNDS * TOGETHER, true).await;
    for place in 0..REPEATS {
        look_up(&client, FIRST_LOOKED_UP + BETWEEN_LOOKED_UP * u64::from(place)).await;
    }
    call_back(app, program, &client).await;
    waiting
}

/// Every page and filter once, from the newest payment on and from behind the 1,000th page.
async fn read(client: &Client, biller: &str) {
    let behind = payment_id(BEHIND_PAGE_1000);
    let stranger = BillerId::from_uuid(Uuid::now_v7()).to_string();
    let filters = [
        Value::Null,
        json!({ "statuses": ["SUCCEEDED"] }),
        json!({ "statuses": ["FAILED"] }),
        json!({ "statuses": ["PENDING"] }),
        json!({ "statuses": ["NEEDS_REVIEW"] }),
        json!({ "statuses": ["CANCELLED"] }),
        json!({ "statuses": ["FAILED", "NEEDS_REVIEW"] }),
        json!({ "billerId": biller }),
        json!({ "billerId": stranger }),
        json!({ "billerId": biller, "statuses": ["FAILED"] }),
        json!({ "customer": "customer-10" }),
    ];
    for filter in &filters {
        for after in [Value::Null, json!(behind)] {
            client.data(PAYMENTS, json!({ "after": after, "filter": filter })).await;
        }
    }
    for after in [Value::Null, json!("200000")] {
        client.data(EVENTS, json!({ "after": after })).await;
    }
    client.data(HEAD, json!({})).await;
    let found = client.data(BY_KEY, json!({})).await;
    assert_eq!(text(&found, "/payment/id"), payment_id(5), "plans/seed.sql makes other ids");
}

/// A payment from its creation until it is settled.
async fn pay(client: &Client, biller: &str, place: u32, keeps: bool) {
    let mut input = payment_input(biller, &format!("90000{place:02}"), "15");
    input["saveBillNumber"] = json!(keeps);
    let payload = client.create(input).await;
    client.wait_for_status(text(&payload, "/payment/id"), &["SUCCEEDED"]).await;
}

/// A payment until it is recorded.
async fn record(client: &Client, biller: &str, place: u32, keeps: bool) {
    let mut input = payment_input(biller, &format!("91000{place:02}"), "15");
    input["saveBillNumber"] = json!(keeps);
    input["wait"] = json!("RECORDED");
    client.create(input).await;
}

/// A payment that was sent long ago comes due, and its provider is asked how it stands.
async fn look_up(client: &Client, number: u64) {
    let payload = client.data(REFRESH, json!({ "id": payment_id(number) })).await["refreshPayment"].take();
    assert_eq!(payload["errors"], json!([]), "{payload}");
    let attempts = list(&payload, "/payment/attempts");
    assert!(attempts.iter().any(|attempt| attempt["kind"] == "LOOKUP"), "{payload}");
}

/// Callbacks of a payment that waits, and strays.
async fn call_back(app: &TestApp, program: &Program, client: &Client) {
    let paid = client.paid(SLOW).await;
    let payment = client.wait_for_status(text(&paid, "/id"), &["PENDING"]).await;
    let (ours, theirs) = (text(&payment, "/ourReference"), text(&payment, "/providerReference"));
    for cents in 0..REPEATS {
        let amount = format!("15.{cents:02}");
        for body in [completed(ours, theirs, &amount), completed("who-knows", theirs, &amount), stray(&amount)] {
            let request = app.http().post(program.url("/callbacks/almara")).header("content-type", "application/json");
            let answer = request.body(body).send().await.expect("an answer");
            assert_eq!(answer.status().as_u16(), 200);
        }
    }
}

fn stray(amount: &str) -> String {
    completed("who-knows", "01000000-0000-0000-0000-000000000000", amount)
}

/// The id of the payment with this number in seed.sql.
fn payment_id(number: u64) -> String {
    PaymentId::from_uuid(seeded(number)).to_string()
}

/// The same as it is stored.
pub fn seeded(number: u64) -> Uuid {
    let millisecond = (FIRST_SECOND + SECONDS_APART * number) * 1_000;
    Uuid::from_u128((u128::from(millisecond) << 80) | VARIANT | u128::from(number))
}
