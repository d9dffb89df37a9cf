//! Callbacks: each payment's events at its own URL, in its own order, whatever becomes of other payments.

use std::net::Ipv4Addr;

use serde_json::{Value, json};
use tokio::net::TcpSocket;

use super::endpoint::{
    callbacks_endpoint, create, done, endpoint, keeper, keeper_for, pause_of, refused, rotate, schedule, sequences,
    wait_for, wait_for_attempts,
};
use super::{KEY, TRIAL};
use crate::support::client::{Client, KPLC, payment_input};
use crate::support::receiver::{Received, Receiver, Reply};
use crate::support::{TestApp, list, number, on_both_databases, text};

/// Pays an account, to be told at a URL, and waits until it is paid.
pub(super) async fn pay(client: &Client, account: &str, url: &str) -> Value {
    let mut input = payment_input(&client.biller(KPLC).await, account, "15");
    input["callbackUrl"] = json!(url);
    let payload = client.create(input).await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    client.wait_for_status(text(&payload, "/payment/id"), &["SUCCEEDED"]).await
}

/// The sequences of a payment's events.
pub(super) fn events_of(payment: &Value) -> Vec<i64> {
    list(payment, "/events").iter().map(|event| number(event, "/sequence")).collect()
}

/// Those that came to a path.
fn at_path(received: &[Received], path: &str) -> Vec<Received> {
    received.iter().filter(|one| one.path == path).cloned().collect()
}

/// The deliveries of a payment, once none of them waits; oldest first.
async fn settled(app: &TestApp, endpoint: &str, payment: &Value) -> Vec<Value> {
    let count = list(payment, "/events").len();
    let are_settled = |found: &Value| {
        let deliveries = deliveries_of(found, payment);
        deliveries.len() == count && deliveries.iter().all(|delivery| delivery["state"] != "WAITING")
    };
    let found = wait_for(app, endpoint, "the callbacks of a payment", are_settled).await;
    deliveries_of(&found, payment)
}

/// What an endpoint shows of a payment's deliveries, oldest first.
fn deliveries_of(endpoint: &Value, payment: &Value) -> Vec<Value> {
    let all = list(endpoint, "/deliveries/nodes").iter().rev();
    all.filter(|delivery| delivery["payment"]["id"] == payment["id"]).cloned().collect()
}

/// Asserts that callbacks were given up because the receiver is gone, after so many attempts each.
#[track_caller]
fn assert_gone(deliveries: &[Value], attempts: &[i64]) {
    let tried: Vec<i64> = deliveries.iter().map(|delivery| number(delivery, "/attempts")).collect();
    assert_eq!(tried, attempts, "{deliveries:?}");
    for delivery in deliveries {
        assert_eq!((text(delivery, "/state"), number(delivery, "/httpStatus")), ("DEAD", 410), "{delivery}");
        assert_eq!(delivery["nextAttemptAt"], Value::Null, "{delivery}");
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn each_payment_is_told_at_its_own_url_in_order(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        let urls = [receiver.url("/one?token=hunter2"), receiver.url("/other")];
        let (one, other, silent) = tokio::join!(
            pay(&client, "1111111", &urls[0]),
            pay(&client, "1234567", &urls[1]),
            client.pay_until("1234568", &["SUCCEEDED"]),
        );
        let callbacks = callbacks_endpoint(&app).await;
        for payment in [&one, &other] {
            let deliveries = settled(&app, &callbacks, payment).await;
            assert!(deliveries.iter().all(|delivery| delivery["state"] == "DELIVERED"), "{deliveries:?}");
            let told: Vec<i64> = deliveries.iter().map(|delivery| number(delivery, "/sequence")).collect();
            assert_eq!(told, events_of(payment));
        }
        let received = receiver.received();
        assert_eq!(sequences(&at_path(&received, "/one?token=hunter2")), events_of(&one));
        assert_eq!(sequences(&at_path(&received, "/other")), events_of(&other));
        assert!(received.iter().all(|told| told.json()["data"]["subject"]["id"] != silent["id"]));
        // Nobody was shown the first secret.
        let secret = rotate(&client, &callbacks).await;
        assert!(!received.iter().any(|told| told.is_signed_by(&secret)));
        let later = pay(&client, "1234569", &receiver.url("/later")).await;
        settled(&app, &callbacks, &later).await;
        let received = at_path(&receiver.received(), "/later");
        assert!(received.len() == events_of(&later).len() && received.iter().all(|told| told.is_signed_by(&secret)));
        assert_eq!(callbacks_endpoint(&app).await, callbacks, "one for all");
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn a_dead_url_holds_up_its_own_payment_alone(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        // A port that is taken, and on which nobody listens.
        let taken = TcpSocket::new_v4().expect("a socket");
        taken.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
        let dead = format!("http://{}/", taken.local_addr().expect("an address"));
        let held = pay(&client, "1111111", &dead).await;
        let callbacks = callbacks_endpoint(&app).await;
        let well = pay(&client, "1234567", &receiver.url("/")).await;
        settled(&app, &callbacks, &well).await;
        assert_eq!(sequences(&receiver.received()), events_of(&well));
        let is_tried = |found: &Value| {
            deliveries_of(found, &held).iter().any(|delivery| number(delivery, "/attempts") > 0)
        };
        let found = wait_for(&app, &callbacks, "the dead URL to be tried", is_tried).await;
        let waiting = deliveries_of(&found, &held);
        assert!(waiting.iter().all(|delivery| delivery["state"] == "WAITING"), "{waiting:?}");
        assert_eq!(text(&waiting[0], "/trouble"), "the host does not take connections");
        let attempts: Vec<i64> = waiting.iter().map(|delivery| number(delivery, "/attempts")).collect();
        assert!(attempts[0] >= 1 && attempts[1..].iter().all(|count| *count == 0), "in order: {attempts:?}");
        assert_eq!(text(&found, "/state"), "ACTIVE");
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn a_callback_that_fails_is_sent_again(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        receiver.next(Reply::Status(502));
        let first = schedule(&app, &client, &[("callbackUrl", json!(receiver.url("/first")))]).await;
        let callbacks = callbacks_endpoint(&app).await;
        let failed = wait_for_attempts(&app, &callbacks, 1).await;
        assert_eq!((text(&failed, "/state"), &failed["httpStatus"]), ("WAITING", &json!(502)));
        assert_eq!(failed["payment"]["id"], first["id"]);
        app.clock().advance(pause_of(&failed));
        let received = receiver.wait_for(2).await;
        assert_eq!((received[0].id(), &received[0].body), (received[1].id(), &received[1].body));
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn a_url_that_answers_410_is_called_no_more_for_its_payment_until_a_replay(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        // Everything that happens waits behind the first, until that is tried again.
        receiver.next(Reply::RetryAfter(503, 600));
        let paid = pay(&client, "1111111", &receiver.url("/paid")).await;
        let events = events_of(&paid);
        assert!(events.len() > 2, "{paid}");
        let callbacks = callbacks_endpoint(&app).await;
        let all_wait = |found: &Value| {
            let waiting = deliveries_of(found, &paid);
            waiting.len() == events.len() && number(&waiting[0], "/attempts") == 1
        };
        let found = wait_for(&app, &callbacks, "the first to be tried", all_wait).await;
        receiver.next(Reply::Status(410));
        app.clock().advance(pause_of(&deliveries_of(&found, &paid)[0]));
        let given_up = settled(&app, &callbacks, &paid).await;
        let mut attempts = vec![0; events.len()];
        attempts[0] = 2;
        assert_gone(&given_up, &attempts);
        assert_eq!(sequences(&receiver.received()), [events[0]; 2], "nothing newer is sent to who is gone");
        assert_eq!(text(&endpoint(&app, &callbacks).await, "/state"), "ACTIVE", "other payments are told on");
        let (from, through) = (events[0].to_string(), events[events.len() - 1].to_string());
        let again = json!({ "webhookEndpointId": callbacks, "from": from, "through": through });
        done(&client, "replayWebhooks", "__typename", again).await;
        let revived = settled(&app, &callbacks, &paid).await;
        assert!(revived.iter().all(|delivery| delivery["state"] == "DELIVERED"), "{revived:?}");
        assert_eq!(sequences(&receiver.received()[2..]), events);
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn what_comes_later_of_a_payment_whose_url_is_gone_is_given_up_untried(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        receiver.next(Reply::Status(410));
        let url = [("callbackUrl", json!(receiver.url("/")))];
        let gone = schedule(&app, &client, &url).await;
        let callbacks = callbacks_endpoint(&app).await;
        assert_gone(&settled(&app, &callbacks, &gone).await, &[1]);
        let well = schedule(&app, &client, &url).await;
        let mut cancelled = Vec::new();
        for payment in [&gone, &well] {
            let id = text(payment, "/id");
            assert_eq!(client.act("cancelPayment", id).await["errors"], json!([]));
            cancelled.push(client.wait_for_status(id, &["CANCELLED"]).await);
        }
        let mut attempts = vec![0; events_of(&cancelled[0]).len()];
        attempts[0] = 1;
        assert_gone(&settled(&app, &callbacks, &cancelled[0]).await, &attempts);
        settled(&app, &callbacks, &cancelled[1]).await;
        let mut told = events_of(&gone);
        told.extend(events_of(&cancelled[1]));
        assert_eq!(sequences(&receiver.received()), told, "the same URL of another payment is called");
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn an_endpoint_and_a_callback_are_told_of_the_same_event_each_under_its_own_id(app: TestApp) {
        let (shop, till) = (Receiver::start().await, Receiver::start().await);
        let (client, alice) = (keeper(&app), keeper_for(&app, "alice"));
        create(&client, json!({ "url": shop.url("/") })).await;
        schedule(&app, &alice, &[("callbackUrl", json!(till.url("/")))]).await;
        let (at_shop, at_till) = (shop.wait_for(1).await.remove(0), till.wait_for(1).await.remove(0));
        assert_eq!(at_shop.body, at_till.body);
        assert_ne!(at_shop.id(), at_till.id());
        let listed = alice.data("{ webhookEndpoints { nodes { id } } }", json!({})).await;
        assert_eq!(list(&listed, "/webhookEndpoints/nodes").len(), 0, "it is the tenant's, not the customer's");
        let callbacks = callbacks_endpoint(&app).await;
        let bad = ("BAD_USER_INPUT".to_owned(), "input.webhookEndpointId".to_owned());
        let this = json!({ "webhookEndpointId": callbacks });
        assert_eq!(refused(&client, "sendTestWebhook", this.clone()).await, bad);
        assert_eq!(refused(&client, "removeWebhookEndpoint", this).await, bad);
        let moved = json!({ "webhookEndpointId": callbacks, "url": shop.url("/") });
        assert_eq!(refused(&client, "updateWebhookEndpoint", moved).await.1, "input.url");
    }
}
