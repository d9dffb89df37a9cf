//! What there is: some of every kind of object, and then more. What lists others within it, such as an account that is
//! kept or a customer's control number, has as many of them as there are objects.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::schedule::day_from_now;
use crate::support::app::TENANT;
use crate::support::client::{Client, KPLC, payment_input};
use crate::support::numbers::{customer, made, order, pay as pay_number, wait_for_collections};
use crate::support::receiver::Receiver;
use crate::support::vendors::{MERIDIAN, bank, bills, bulk_input, create_bulk};
use crate::support::{TestApp, eventually, list, text};

pub const SCOPES: &str = "billers:read bills:read bills:write payments:read payments:write control_numbers:read \
    control_numbers:write webhooks:write admin";

/// As many ids as `nodes` takes.
const MOST_NODES: usize = 100;
/// The account that is paid again and again.
const AGAIN: &str = "9300000";
/// How far ahead a payment is scheduled that stays open.
const DAYS_AHEAD: i64 = 30;
/// The types that a list of the query shows.
const LISTS: [(&str, &str); 9] = [
    ("ApiClient", "apiClients"),
    ("Bill", "bills"),
    ("BillNumber", "billNumbers"),
    ("BulkPayment", "bulkPayments"),
    ("Callback", "callbacks"),
    ("Collection", "collections"),
    ("ControlNumber", "controlNumbers"),
    ("Payment", "payments"),
    ("WebhookEndpoint", "webhookEndpoints"),
];

const LOOK_UP: &str = "query ($biller: ID!, $account: String!) {
    billLookup(billerId: $biller, accountReference: $account) { bills { id } } }";
const SAVE: &str = "mutation ($input: SaveBillNumberInput!) { saveBillNumber(input: $input) { errors { code } } }";
const API_CLIENT: &str = "mutation ($input: CreateApiClientInput!) { createApiClient(input: $input) {
    errors { code } } }";
const ENDPOINT: &str = "mutation ($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) {
    errors { code } } }";
const REMINDED: &str = "{ page: events(first: 100, filter: { types: [REMINDER_DUE] }) { nodes { sequence } } }";
const CALLBACKS: &str = "{ page: callbacks(first: 100) { nodes { id } } }";
const DELIVERED: &str = "{ webhookEndpoints(first: 100) { nodes { deliveries(first: 100) { nodes { id } } } } }";

/// What is paid again and again.
struct Lasting {
    bill_number: String,
    number: Value,
}

/// One server's objects.
pub struct World {
    app: TestApp,
    client: Client,
    hook: String,
    lasting: Option<Lasting>,
    /// By type, the newest first.
    ids: BTreeMap<&'static str, Vec<String>>,
}

impl World {
    pub fn empty(app: &TestApp, receiver: &Receiver) -> Self {
        let client = app.client(TENANT, SCOPES);
        Self { app: app.clone(), client, hook: receiver.url("/"), lasting: None, ids: BTreeMap::new() }
    }

    /// The oldest of a type.
    pub fn one(&self, kind: &str) -> &str {
        self.all(kind).last().unwrap_or_else(|| panic!("there is no {kind}"))
    }

    /// The newest of a type, up to a hundred.
    pub fn all(&self, kind: &str) -> &[String] {
        self.ids.get(kind).unwrap_or_else(|| panic!("world.rs makes no {kind}"))
    }

    /// Makes one more of every kind for each place.
    pub async fn grow(&mut self, places: Range<usize>) {
        if self.lasting.is_none() {
            self.lasting = Some(self.make_lasting().await);
        }
        for _ in places.clone() {
            // Told of what happens from now on, but not of everything.
            let input = json!({ "url": self.hook, "eventTypes": ["BULK_PAYMENT_CREATED"] });
            self.done(ENDPOINT, "createWebhookEndpoint", input).await;
            let input = json!({ "name": "Till 7", "scopes": ["payments:read"] });
            self.done(API_CLIENT, "createApiClient", input).await;
        }
        let places = &places;
        tokio::join!(
            self.pay_accounts(places),
            self.pay_again(places),
            self.schedule(places),
            self.pay_bulks(places),
            self.make_numbers(places),
            self.keep(places),
        );
        self.wait_for(CALLBACKS, places.end).await;
        // Reminders are looked for once a minute.
        self.app.clock().advance(Duration::from_secs(120));
        self.wait_for(REMINDED, places.end).await;
        self.gather().await;
    }

    async fn make_lasting(&self) -> Lasting {
        let paid = self.pay(AGAIN, json!({ "saveBillNumber": true })).await;
        let paid = self.client.wait_for_status(text(&paid, "/id"), &["SUCCEEDED"]).await;
        let number = made(&self.client, &customer()).await;
        Lasting { bill_number: text(&paid, "/billNumber/id").to_owned(), number }
    }

    fn lasting(&self) -> &Lasting {
        self.lasting.as_ref().expect("what lasts is made first")
    }

    /// A payment that was taken; `more` are members of its input, which win.
    async fn pay(&self, account: &str, more: Value) -> Value {
        let mut input = payment_input(&self.client.biller(KPLC).await, account, "15");
        for (name, value) in more.as_object().expect("members") {
            input[name.as_str()] = value.clone();
        }
        let mut payload = self.client.create(input).await;
        assert_eq!(payload["errors"], json!([]), "{payload}");
        payload["payment"].take()
    }

    async fn look_up(&self, account: &str) {
        let variables = json!({ "biller": self.client.biller(KPLC).await, "account": account });
        self.client.data(LOOK_UP, variables).await;
    }

    /// Payments of bills that were looked up, for accounts that are kept.
    async fn pay_accounts(&self, places: &Range<usize>) {
        let paying = places.clone().map(|place| async move {
            let account = format!("90000{place:02}");
            self.look_up(&account).await;
            let payment = self.pay(&account, json!({ "saveBillNumber": true })).await;
            self.client.wait_for_status(text(&payment, "/id"), &["SUCCEEDED"]).await;
        });
        join_all(paying).await;
    }

    /// Payments for one account, of which only one may be open at a time.
    async fn pay_again(&self, places: &Range<usize>) {
        for _ in places.clone() {
            let target = json!({ "target": { "billNumberId": self.lasting().bill_number } });
            let payment = self.pay(AGAIN, target).await;
            self.client.wait_for_status(text(&payment, "/id"), &["SUCCEEDED"]).await;
        }
    }

    /// Bills with a payment that stays open.
    async fn schedule(&self, places: &Range<usize>) {
        let day = &day_from_now(&self.app, DAYS_AHEAD);
        let paying = places.clone().map(|place| async move {
            let account = format!("91000{place:02}");
            self.look_up(&account).await;
            self.pay(&account, json!({ "saveBillNumber": true, "processDate": day })).await;
        });
        join_all(paying).await;
    }

    async fn pay_bulks(&self, places: &Range<usize>) {
        let (found, account) = (bills(&self.client, MERIDIAN).await, bank(&self.client).await);
        for bill in &found[places.clone()] {
            let input = bulk_input(std::slice::from_ref(bill), "20", &account);
            let payload = create_bulk(&self.client, &input).await;
            assert_eq!(payload["errors"], json!([]), "{payload}");
        }
    }

    /// Control numbers that were paid once, and one that is paid each time.
    async fn make_numbers(&self, places: &Range<usize>) {
        for place in places.clone() {
            let amount = format!("{}", 2_000 + place);
            let number = made(&self.client, &order(&amount)).await;
            assert_eq!(pay_number(&self.app, text(&number, "/number"), &amount).await, 200);
            wait_for_collections(&self.client, text(&number, "/id"), 1).await;
            let lasting = &self.lasting().number;
            assert_eq!(pay_number(&self.app, text(lasting, "/number"), &amount).await, 200);
            wait_for_collections(&self.client, text(lasting, "/id"), place + 1).await;
        }
    }

    /// Accounts whose holders are reminded.
    async fn keep(&self, places: &Range<usize>) {
        let biller = self.client.biller(KPLC).await;
        for place in places.clone() {
            let account = format!("92000{place:02}");
            let input = json!({ "billerId": biller, "accountReference": account, "remindDueDate": true });
            self.done(SAVE, "saveBillNumber", input).await;
        }
    }

    async fn done(&self, document: &str, mutation: &str, input: Value) {
        let payload = self.client.data(document, json!({ "input": input })).await;
        assert_eq!(payload[mutation]["errors"], json!([]), "{payload}");
    }

    /// Waits until a page has so many.
    async fn wait_for(&self, document: &str, count: usize) {
        eventually(document, || async {
            let data = self.client.data(document, json!({})).await;
            (list(&data, "/page/nodes").len() >= count).then_some(())
        })
        .await;
    }

    /// Notes what there is to be asked for by its id.
    async fn gather(&mut self) {
        for (kind, field) in LISTS {
            let document = format!("{{ page: {field}(first: {MOST_NODES}) {{ nodes {{ id }} }} }}");
            let data = self.client.data(&document, json!({})).await;
            self.ids.insert(kind, ids(list(&data, "/page/nodes")));
        }
        self.ids.insert("WebhookDelivery", self.deliveries().await);
        self.ids.insert("Biller", vec![self.client.biller(KPLC).await]);
        let data = self.client.data("{ providers { id code } }", json!({})).await;
        let is_bill = |provider: &&Value| provider["code"] == "bill";
        let provider = list(&data, "/providers").iter().find(is_bill).expect("BILL").clone();
        self.ids.insert("Provider", ids(std::slice::from_ref(&provider)));
        self.ids.insert("FundingAccount", vec![bank(&self.client).await]);
    }

    /// The deliveries, once every endpoint has had one.
    async fn deliveries(&self) -> Vec<String> {
        eventually("a delivery to every endpoint", || async {
            let data = self.client.data(DELIVERED, json!({})).await;
            let endpoints = list(&data, "/webhookEndpoints/nodes");
            let of_each: Vec<_> = endpoints.iter().map(|endpoint| ids(list(endpoint, "/deliveries/nodes"))).collect();
            of_each.iter().all(|deliveries| !deliveries.is_empty()).then(|| of_each.concat())
        })
        .await
        .into_iter()
        .take(MOST_NODES)
        .collect()
    }
}

fn ids(nodes: &[Value]) -> Vec<String> {
    nodes.iter().map(|node| text(node, "/id").to_owned()).collect()
}
