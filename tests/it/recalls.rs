//! Recalls: payments that are called off, cancelled at their provider, or voided.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::schedule::day_from_now;
use crate::support::client::{Client, KPLC, payment_input};
use crate::support::program::Program;
use crate::support::proxy::Act;
use crate::support::vendors::{
    FREIGHT, HARBOR, act, bank, bill_input, bills, bulk_input, calls, create_bulk, pay, payment, wait_for,
    wait_for_bulk,
};
use crate::support::{TestApp, assert_whole_life, eventually, list, on_both_databases, text};

/// How a test's server leaves the work to programs of which one dies.
const IDLE: (&str, &str) = ("BILLPAY_WORKER__ENABLED", "false");
const BUSY: (&str, &str) = ("BILLPAY_WORKER__ENABLED", "true");
/// Later than any lease of who died ends.
const LATER: (&str, &str) = ("BILLPAY_CLOCK_OFFSET", "1m");
/// How long a program may take to end.
const PATIENCE: Duration = Duration::from_secs(20);
/// What a process is told that aborts itself.
const SIGABRT: i32 = 6;

fn event_types(payment: &Value) -> Vec<&str> {
    list(payment, "/events").iter().map(|event| text(event, "/type")).collect()
}

/// A payment that BILL holds for a later day.
async fn held(app: &TestApp, client: &Client) -> Value {
    let found = bills(client, HARBOR).await;
    let mut input = bill_input(&found[0], "40", &bank(client).await);
    input["processDate"] = json!(day_from_now(app, 5));
    let payment = pay(client, &input).await;
    wait_for(client, text(&payment, "/id"), &["PENDING"]).await
}

/// A held payment whose cancellation was being sent when the server that worked died at this point.
async fn held_by_the_dead(app: &TestApp, client: &Client, point: &str) -> String {
    let mut healthy = Program::serve(app, &[BUSY]).await;
    let held = held(app, client).await;
    healthy.terminate();
    assert!(healthy.ended(PATIENCE).await.is_some(), "it does not stop\n{}", healthy.log());
    let mut doomed = Program::serve(app, &[BUSY, ("BILLPAY_CRASH_AT", point)]).await;
    let id = text(&held, "/id").to_owned();
    let payload = act(client, "cancelPayment", &id, json!({})).await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    let ended = doomed.ended(PATIENCE).await;
    let status = ended.unwrap_or_else(|| panic!("it never came to {point}\n{}", doomed.log()));
    assert_eq!(status.signal(), Some(SIGABRT), "{status}\n{}", doomed.log());
    id
}

/// Whether the payment and its events were read between the same changes.
fn is_one_moment(payment: &Value) -> bool {
    list(payment, "/events").last().is_some_and(|event| event["version"] == payment["version"])
}

/// The one event which tells that nobody knows what became of a recall.
fn assert_told_once_that_it_is_unknown(payment: &Value) {
    let told: Vec<_> = list(payment, "/events").iter().filter(|event| event["type"] == "RECALL_UNKNOWN").collect();
    assert_eq!(told.len(), 1, "{payment}");
    assert_eq!(text(told[0], "/actor"), "billpay");
    assert_eq!(text(told[0], "/reason"), "whoever made the call is gone");
    assert_whole_life(payment);
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on"), IDLE]
    async fn a_cancellation_whose_sender_died_is_told_and_may_be_asked_for_again(app: TestApp) {
        let client = app.admin();
        let id = held_by_the_dead(&app, &client, "send.before").await;
        let _healer = Program::serve(&app, &[BUSY, LATER]).await;
        let left = eventually("word that the cancellation is lost", || async {
            let payment = payment(&client, &id).await;
            (event_types(&payment).contains(&"RECALL_UNKNOWN") && is_one_moment(&payment)).then_some(payment)
        })
        .await;
        assert_eq!((text(&left, "/status"), text(&left, "/cancellation/state")), ("PENDING", "UNKNOWN"), "{left}");
        assert_told_once_that_it_is_unknown(&left);
        // As soon as BILL has been asked how the payment stands, another wish is sent.
        let cancelled = eventually("the payment to be cancelled after all", || async {
            let payload = act(&client, "cancelPayment", &id, json!({})).await;
            assert_eq!(payload["errors"], json!([]), "{payload}");
            (text(&payload, "/payment/status") == "CANCELLED").then(|| payload["payment"].clone())
        })
        .await;
        assert_told_once_that_it_is_unknown(&cancelled);
        assert_eq!(calls(&cancelled, "CANCEL"), 2, "{cancelled}");
        assert_eq!(app.effects_with("bill").await.len(), 0);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on"), IDLE]
    async fn a_cancellation_that_arrived_before_its_sender_died_is_told_and_found(app: TestApp) {
        let client = app.admin();
        let id = held_by_the_dead(&app, &client, "send.after").await;
        let _healer = Program::serve(&app, &[BUSY, LATER]).await;
        let cancelled = eventually("the payment to be cancelled, and word of the lost answer", || async {
            let payment = payment(&client, &id).await;
            let is_told = event_types(&payment).contains(&"RECALL_UNKNOWN");
            (is_told && is_one_moment(&payment) && text(&payment, "/status") == "CANCELLED").then_some(payment)
        })
        .await;
        assert_told_once_that_it_is_unknown(&cancelled);
        assert_eq!(calls(&cancelled, "CANCEL"), 1, "{cancelled}");
        assert_eq!(app.effects_with("bill").await.len(), 0);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn a_payment_that_bill_holds_is_cancelled_there(app: TestApp) {
        let client = app.admin();
        let held = held(&app, &client).await;
        let id = text(&held, "/id");
        assert!(list(&held, "/allowedActions").contains(&json!("CANCEL")), "{held}");
        let payload = act(&client, "cancelPayment", id, json!({ "reason": "paid by check" })).await;
        assert_eq!(payload["errors"], json!([]), "{payload}");
        assert_eq!(text(&payload, "/payment/status"), "PENDING", "only BILL's word changes it");
        assert_eq!(text(&payload, "/payment/cancellation/requestedBy"), "tester");
        let cancelled = wait_for(&client, id, &["CANCELLED", "SUCCEEDED"]).await;
        assert_eq!(text(&cancelled, "/status"), "CANCELLED", "{cancelled}");
        let expected = json!({ "requestedBy": "tester", "reason": "paid by check", "state": "ACCEPTED" });
        assert_eq!(cancelled["cancellation"], expected);
        assert!(event_types(&cancelled).contains(&"CANCEL_REQUESTED"), "{cancelled}");
        assert_whole_life(&cancelled);
        assert_eq!(calls(&cancelled, "CANCEL"), 1);
        let again = act(&client, "cancelPayment", id, json!({})).await;
        assert_eq!((&again["errors"], &again["payment"]["version"]), (&json!([]), &cancelled["version"]));
        assert_eq!(app.effects_with("bill").await.len(), 0);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn a_wish_that_is_repeated_is_one_wish(app: TestApp) {
        let client = app.admin();
        let held = held(&app, &client).await;
        let id = text(&held, "/id");
        let wishes = futures_util::future::join_all((0..6).map(|_| act(&client, "cancelPayment", id, json!({})))).await;
        for payload in &wishes {
            assert_eq!(payload["errors"], json!([]), "{payload}");
        }
        let cancelled = wait_for(&client, id, &["CANCELLED"]).await;
        let asked = event_types(&cancelled).into_iter().filter(|kind| *kind == "CANCEL_REQUESTED").count();
        assert_eq!((asked, calls(&cancelled, "CANCEL")), (1, 1), "{cancelled}");
    }
}

on_both_databases! {
    async fn what_billpay_holds_is_called_off_at_once_and_shown_as_cancelled(app: TestApp) {
        let client = app.admin();
        let mut input = payment_input(&client.biller(KPLC).await, "1111111", "15");
        input["processDate"] = json!(day_from_now(&app, 3));
        let payload = client.create(input).await;
        let id = text(&payload, "/payment/id");
        let payload = act(&client, "cancelPayment", id, json!({ "reason": "moved out" })).await;
        assert_eq!(text(&payload, "/payment/status"), "CANCELLED", "{payload}");
        let cancelled = payment(&client, id).await;
        let expected = json!({ "requestedBy": "tester", "reason": "moved out", "state": "ACCEPTED" });
        assert_eq!(cancelled["cancellation"], expected);
        assert_eq!(event_types(&cancelled), ["PAYMENT_CREATED", "PAYMENT_CANCELLED"]);
        assert_eq!(app.effects().await.len(), 0);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn a_payment_that_was_made_is_voided(app: TestApp) {
        let client = app.admin();
        let found = bills(&client, HARBOR).await;
        let paid = pay(&client, &bill_input(&found[0], "40", &bank(&client).await)).await;
        let id = text(&paid, "/id");
        let paid = wait_for(&client, id, &["SUCCEEDED"]).await;
        assert!(list(&paid, "/allowedActions").contains(&json!("VOID")), "{paid}");
        let late = act(&client, "cancelPayment", id, json!({})).await;
        assert_eq!(text(&late, "/errors/0/code"), "PAYMENT_NOT_CANCELLABLE", "{late}");
        let wish = json!({ "reason": "wrong vendor", "kind": "VOID_AND_CREDIT" });
        let payload = act(&client, "voidPayment", id, wish.clone()).await;
        assert_eq!(payload["errors"], json!([]), "{payload}");
        let voided = wait_for(&client, id, &["REVERSED"]).await;
        let expected = json!([{ "kind": "VOID_AND_CREDIT", "reason": "wrong vendor", "status": "ACCEPTED" }]);
        assert_eq!(voided["voids"], expected);
        assert!(event_types(&voided).contains(&"VOID_REQUESTED"), "{voided}");
        assert_whole_life(&voided);
        let again = act(&client, "voidPayment", id, wish).await;
        assert_eq!((&again["errors"], &again["payment"]["version"]), (&json!([]), &voided["version"]));
        assert_eq!(calls(&voided, "VOID"), 1);
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn what_cannot_be_voided_is_told_why(app: TestApp) {
        let client = app.admin();
        let held = held(&app, &client).await;
        let id = text(&held, "/id");
        let early = act(&client, "voidPayment", id, json!({ "reason": "too early" })).await;
        assert_eq!(text(&early, "/errors/0/code"), "PAYMENT_NOT_VOIDABLE", "{early}");
        for reason in ["", "  ", "a\u{0}b", &"x".repeat(501)] {
            let payload = act(&client, "voidPayment", id, json!({ "reason": reason })).await;
            assert_eq!(text(&payload, "/errors/0/code"), "BAD_USER_INPUT", "{payload}");
            assert_eq!(payload["errors"][0]["path"], json!(["input", "reason"]));
        }
        let almara = client.pay_until("1111111", &["SUCCEEDED"]).await;
        let lacking = act(&client, "voidPayment", text(&almara, "/id"), json!({ "reason": "wrong" })).await;
        assert_eq!(text(&lacking, "/errors/0/__typename"), "CapabilityError", "{lacking}");
        assert_eq!(text(&lacking, "/errors/0/capability"), "VOID");
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on")]
    async fn one_payment_of_a_bulk_is_cancelled_where_it_is_held(app: TestApp) {
        let client = app.admin();
        let found = bills(&client, FREIGHT).await;
        let mut input = bulk_input(&found[..3], "10", &bank(&client).await);
        input["processDate"] = json!(day_from_now(&app, 5));
        let payload = create_bulk(&client, &input).await;
        let id = text(&payload, "/bulkPayment/payments/1/id");
        wait_for(&client, id, &["PENDING"]).await;
        let cancelled = act(&client, "cancelPayment", id, json!({})).await;
        assert_eq!(cancelled["errors"], json!([]), "{cancelled}");
        wait_for(&client, id, &["CANCELLED"]).await;
        let bulk = wait_for_bulk(&client, text(&payload, "/bulkPayment/id"), &["PENDING"]).await;
        let statuses: Vec<_> = list(&bulk, "/payments").iter().map(|payment| text(payment, "/status")).collect();
        assert_eq!(statuses, ["PENDING", "CANCELLED", "PENDING"]);
    }
}

const KEEP_REFUSALS_OUT_SQLITE: &str = "CREATE TRIGGER keep_out BEFORE UPDATE ON recalls WHEN NEW.state = 'REFUSED'
    BEGIN SELECT RAISE(ABORT, 'arranged by a test'); END";
const KEEP_REFUSALS_OUT_POSTGRES: &str = "CREATE FUNCTION keep_out() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'arranged by a test'; END $$;
    CREATE TRIGGER keep_out BEFORE UPDATE ON recalls FOR EACH ROW WHEN (NEW.state = 'REFUSED')
        EXECUTE FUNCTION keep_out()";

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "proxied")]
    async fn what_was_answered_is_told_also_where_it_could_not_be_stored_at_once(app: TestApp) {
        let client = app.admin();
        let held = held(&app, &client).await;
        let id = text(&held, "/id");
        let (keep_out, let_in) = if app.variables()["BILLPAY_DATABASE__URL"].starts_with("sqlite") {
            (KEEP_REFUSALS_OUT_SQLITE, "DROP TRIGGER keep_out")
        } else {
            (KEEP_REFUSALS_OUT_POSTGRES, "DROP TRIGGER keep_out ON recalls")
        };
        app.execute(keep_out).await;
        let refused = json!([{ "code": "BDC_1171", "severity": "ERROR", "message": "It can no longer be cancelled." }]);
        app.proxy().next("/cancel", Act::Instead(400, refused));
        let payload = act(&client, "cancelPayment", id, json!({})).await;
        assert_eq!(payload["errors"], json!([]), "{payload}");
        eventually("the answer", || async { (app.proxy().posts("/cancel") == 1).then_some(()) }).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        app.execute(let_in).await;
        let told = eventually("the end of the recall", || async {
            let payment = payment(&client, id).await;
            event_types(&payment).iter().any(|kind| kind.starts_with("RECALL_")).then_some(payment)
        })
        .await;
        let told: Vec<_> = event_types(&told).into_iter().filter(|kind| kind.starts_with("RECALL_")).collect();
        assert_eq!(told, ["RECALL_REFUSED"]);
    }
}
