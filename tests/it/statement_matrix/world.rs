//! What there is: some of every kind of object, and then more. What lists others within it, such as an account that is
//! kept or a customer's control number, has as many of them as there are objects.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::found;
use crate::schedule::day_from_now;
use crate::support::app::TENANT;
use crate::support::client::{Client, KPLC, new_key, payment_input};
use crate::support::numbers::{customer, made, order, pay as pay_number, shillings, wait_for_collections};
use crate::support::receiver::Receiver;
use crate::support::vendors::{MERIDIAN, bank, bills, bulk_input, create_bulk, wait_for_bulk};
use crate::support::{TestApp, text};

pub const SCOPES: &str = "billers:read bills:read bills:write payments:read payments:write control_numbers:read \
    control_numbers:write webhooks:write admin";

/// The account that is paid again and again.
const AGAIN: &str = "9300000";
/// How far ahead a payment is scheduled that stays open.
const DAYS_AHEAD: i64 = 30;
const LOOK_UP: &str = "query ($biller: ID!, $account: String!) {
    billLookup(billerId: $biller, accountReference: $account) { bills { id } } }";
const SAVE: &str = "mutation ($input: SaveBillNumberInput!) { saveBillNumber(input: $input) { errors { code } } }";
const API_CLIENT: &str = "mutation ($input: CreateApiClientInput!) { createApiClient(input: $input) {
    errors { code } } }";
const ENDPOINT: &str = "mutation ($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) {
    errors { code } } }";
const BATCH: &str = "mutation ($input: CreateControlNumbersInput!) { createControlNumbers(input: $input) {
    errors { code } } }";
const CANCEL: &str = "mutation ($input: CancelPaymentInput!) { cancelPayment(input: $input) { errors { code } } }";

/// What is made first: what is paid again and again, and what mutations are told of that are sent again.
pub struct Lasting {
    pub bill_number: String,
    /// The first payment to it, and how it was asked for.
    pub payment: String,
    pub payment_input: Value,
    /// A payment to it that was called off.
    pub cancelled: String,
    /// A customer's control number, and how it was asked for.
    pub number: Value,
    pub number_input: Value,
}

/// One server's objects.
pub struct World {
    app: TestApp,
    client: Client,
    hook: String,
    lasting: Option<Lasting>,
    /// How the last batch of control numbers was asked for, which has as many as there are objects.
    batch: Value,
    open_bills: Vec<String>,
    /// The last payment that was made of those that are over.
    paid: String,
    /// By type, the newest first.
    ids: BTreeMap<&'static str, Vec<String>>,
}

impl World {
    pub fn empty(app: &TestApp, receiver: &Receiver) -> Self {
        let client = app.client(TENANT, SCOPES);
        Self {
            app: app.clone(),
            client,
            hook: receiver.url("/"),
            lasting: None,
            batch: Value::Null,
            open_bills: Vec::new(),
            paid: String::new(),
            ids: BTreeMap::new(),
        }
    }

    /// The oldest of a type.
    pub fn one(&self, kind: &str) -> &str {
        self.all(kind).last().unwrap_or_else(|| panic!("there is no {kind}"))
    }

    /// The newest of a type, up to a hundred.
    pub fn all(&self, kind: &str) -> &[String] {
        self.ids.get(kind).unwrap_or_else(|| panic!("world.rs makes no {kind}"))
    }

    pub fn lasting(&self) -> &Lasting {
        self.lasting.as_ref().expect("what lasts is made first")
    }

    pub fn batch(&self) -> &Value {
        &self.batch
    }

    /// Bills with a payment that stays open.
    pub fn open_bills(&self) -> &[String] {
        &self.open_bills
    }

    /// A payment that is over, and was made since the world last grew.
    pub fn paid(&self) -> &str {
        &self.paid
    }

    /// Makes one more of every kind for each place, and waits until all of it is over that will be: then there are the
    /// same kinds of rows, however many of each.
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
        self.batch = batch(places.end);
        let places = &places;
        let ((), paid, (), (), (), ()) = tokio::join!(
            self.pay_accounts(places),
            self.pay_again(places),
            self.schedule(places),
            self.pay_bulks(places),
            self.make_numbers(places),
            self.keep(places),
        );
        self.paid = paid;
        // Reminders are looked for once a minute.
        self.app.clock().advance(Duration::from_secs(120));
        found::wait(&self.client, places.end).await;
        self.ids = found::ids_by_type(&self.client).await;
        self.open_bills = found::open_bills(&self.client).await;
    }

    async fn make_lasting(&self) -> Lasting {
        let payment_input = self.input(AGAIN, json!({ "saveBillNumber": true })).await;
        let paid = self.taken(&payment_input).await;
        let paid = self.client.wait_for_status(text(&paid, "/id"), &["SUCCEEDED"]).await;
        let bill_number = text(&paid, "/billNumber/id").to_owned();
        // The first that has a URL of its own: so its endpoint is the oldest.
        let more = json!({
            "target": { "billNumberId": bill_number },
            "processDate": day_from_now(&self.app, DAYS_AHEAD),
            "callbackUrl": self.hook,
        });
        let cancelled = self.pay(AGAIN, more).await;
        self.done(CANCEL, "cancelPayment", json!({ "paymentId": cancelled["id"] })).await;
        let number_input = customer();
        let number = made(&self.client, &number_input).await;
        Lasting {
            bill_number,
            payment: text(&paid, "/id").to_owned(),
            payment_input,
            cancelled: text(&cancelled, "/id").to_owned(),
            number,
            number_input,
        }
    }

    /// What createPayment is asked for; `more` are members of its input, which win.
    async fn input(&self, account: &str, more: Value) -> Value {
        let mut input = payment_input(&self.client.biller(KPLC).await, account, "15");
        for (name, value) in more.as_object().expect("members") {
            input[name.as_str()] = value.clone();
        }
        input
    }

    /// A payment that was taken.
    async fn taken(&self, input: &Value) -> Value {
        let mut payload = self.client.create(input.clone()).await;
        assert_eq!(payload["errors"], json!([]), "{payload}");
        payload["payment"].take()
    }

    async fn pay(&self, account: &str, more: Value) -> Value {
        self.taken(&self.input(account, more).await).await
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

    /// Payments for one account, of which only one may be open at a time; each is told of at a URL of its own.
    /// Answers the last.
    async fn pay_again(&self, places: &Range<usize>) -> String {
        let mut last = String::new();
        for _ in places.clone() {
            let target = json!({ "billNumberId": self.lasting().bill_number });
            let payment = self.pay(AGAIN, json!({ "target": target, "callbackUrl": self.hook })).await;
            self.client.wait_for_status(text(&payment, "/id"), &["SUCCEEDED"]).await;
            text(&payment, "/id").clone_into(&mut last);
        }
        last
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
        let mut made = Vec::new();
        for bill in &found[places.clone()] {
            let input = bulk_input(std::slice::from_ref(bill), "20", &account);
            let payload = create_bulk(&self.client, &input).await;
            assert_eq!(payload["errors"], json!([]), "{payload}");
            made.push(payload);
        }
        for payload in made {
            wait_for_bulk(&self.client, text(&payload, "/bulkPayment/id"), &["SUCCEEDED"]).await;
        }
    }

    /// Control numbers that were paid once, one that is paid each time, and a batch.
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
        self.done(BATCH, "createControlNumbers", self.batch.clone()).await;
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
}

/// What createControlNumbers needs for so many.
fn batch(items: usize) -> Value {
    let items = vec![json!({ "amount": shillings("2500") }); items];
    json!({ "idempotencyKey": new_key(), "items": items })
}
