//! Reminders of due dates: on their days in the biller's time zone, once each, whoever looks and however often.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::support::app::{ALL, TENANT};
use crate::support::client::{Client, KPLC, payment_input};
use crate::support::{Db, TestApp, eventually, list, number, on_both_databases, run, text};

/// Where the sandbox's billers are.
const ZONE: &str = "Africa/Nairobi";
const MINUTE: Duration = Duration::from_secs(60);
/// Days that hold all due dates of the sandbox: whatever is kept is reminded of at once.
const AT_ONCE: (&str, &str) = ("BILLPAY_REMINDERS__DAYS", "20");

const SAVE: &str = "mutation ($input: SaveBillNumberInput!) { saveBillNumber(input: $input) {
    billNumber { id dueDate lastKnownBalance { amount } } errors { code } } }";
const TOLD: &str = "{ events(first: 100, filter: { types: [REMINDER_DUE] }) { nodes { __typename sequence type actor
    subject { id } ... on ReminderEvent { version dueDate daysLeft amount { amount currency } billNumber { id } } } } }";
const HEARD: &str = "subscription ($after: Sequence) { reminderDue(after: $after) {
    sequence dueDate daysLeft billNumber { accountReference } } }";

/// Keeps an account, to be reminded of.
async fn keep(client: &Client, account: &str, remind: bool) -> Value {
    let biller = client.biller(KPLC).await;
    let input = json!({ "billerId": biller, "accountReference": account, "remindDueDate": remind });
    let mut payload = client.data(SAVE, json!({ "input": input })).await["saveBillNumber"].take();
    assert_eq!(payload["errors"], json!([]), "{payload}");
    payload["billNumber"].take()
}

fn due_date(kept: &Value) -> Date {
    text(kept, "/dueDate").parse().expect("a date")
}

/// The first moment of a day where the billers are.
fn start_of(day: Date) -> Timestamp {
    day.to_zoned(TimeZone::get(ZONE).expect("a time zone")).expect("a day").timestamp()
}

/// Moves the clock to a moment ahead.
fn go_to(app: &TestApp, moment: Timestamp) {
    let left = moment.duration_since(app.clock().now());
    app.clock().advance(Duration::try_from(left).expect("a moment ahead"));
}

/// Moves the clock to a minute into a day.
fn go_to_day(app: &TestApp, day: Date) {
    go_to(app, start_of(day) + MINUTE);
}

/// The reminders in the log, oldest first.
async fn told(app: &TestApp) -> Vec<Value> {
    // A token ends where the clock is moved past it.
    let data = app.admin().data(TOLD, json!({})).await;
    list(&data, "/events/nodes").to_vec()
}

/// The reminders, once there are so many.
async fn told_at_last(app: &TestApp, count: usize) -> Vec<Value> {
    eventually(&format!("{count} reminders"), || async {
        let told = told(app).await;
        (told.len() >= count).then_some(told)
    })
    .await
}

/// The reminders, after whoever wants to tell more had the time to.
async fn told_in_the_end(app: &TestApp) -> Vec<Value> {
    tokio::time::sleep(Duration::from_millis(500)).await;
    told(app).await
}

fn days_left(told: &[Value]) -> Vec<i64> {
    told.iter().map(|reminder| number(reminder, "/daysLeft")).collect()
}

on_both_databases! {
    async fn each_day_is_told_once_with_what_is_owed(app: TestApp) {
        let kept = keep(&app.admin(), "1234567", true).await;
        let due = due_date(&kept);
        assert_eq!(told_in_the_end(&app).await, Vec::<Value>::new(), "ten days ahead and more");
        go_to_day(&app, due.saturating_sub(3.days()));
        let first = told_at_last(&app, 1).await;
        for day in [2_i64, 1] {
            go_to_day(&app, due.saturating_sub(day.days()));
            assert_eq!(told_in_the_end(&app).await, first, "nothing between");
        }
        go_to_day(&app, due);
        let both = told_at_last(&app, 2).await;
        go_to_day(&app, due.saturating_add(1.day()));
        assert_eq!(told_in_the_end(&app).await, both, "nothing once the day has passed");
        assert_eq!(days_left(&both), [3, 0]);
        for reminder in &both {
            assert_eq!((text(reminder, "/__typename"), text(reminder, "/type")), ("ReminderEvent", "REMINDER_DUE"));
            assert_eq!(text(reminder, "/actor"), "billpay");
            assert_eq!((&reminder["subject"]["id"], &reminder["billNumber"]["id"]), (&kept["id"], &kept["id"]));
            assert_eq!(reminder["dueDate"], kept["dueDate"]);
            assert_eq!(reminder["amount"]["amount"], kept["lastKnownBalance"]["amount"]);
        }
        let versions: Vec<_> = both.iter().map(|reminder| number(reminder, "/version")).collect();
        assert_eq!(versions, [2, 3], "each is a change of the bill number");
    }
}

on_both_databases! {
    async fn a_day_begins_at_midnight_in_the_billers_time_zone(app: TestApp) {
        let due = due_date(&keep(&app.admin(), "1234567", true).await);
        let midnight = start_of(due.saturating_sub(3.days()));
        go_to(&app, midnight - MINUTE);
        assert_eq!(told_in_the_end(&app).await, Vec::<Value>::new(), "it is not yet that day in Nairobi");
        go_to(&app, midnight + MINUTE);
        assert_eq!(days_left(&told_at_last(&app, 1).await), [3]);
    }
}

on_both_databases! {
    async fn a_day_that_was_missed_is_made_up_for_with_the_days_that_are_left(app: TestApp) {
        let due = due_date(&keep(&app.admin(), "1234567", true).await);
        go_to_day(&app, due.saturating_sub(1.day()));
        assert_eq!(days_left(&told_at_last(&app, 1).await), [1]);
        go_to_day(&app, due);
        assert_eq!(days_left(&told_at_last(&app, 2).await), [1, 0]);
    }
}

on_both_databases! {
    async fn what_was_missed_until_the_due_date_had_passed_is_told_no_more(app: TestApp) {
        let due = due_date(&keep(&app.admin(), "1234567", true).await);
        go_to_day(&app, due.saturating_add(1.day()));
        assert_eq!(told_in_the_end(&app).await, Vec::<Value>::new());
    }
}

on_both_databases! {
    async fn another_due_date_has_reminders_of_its_own(app: TestApp) {
        let due = due_date(&keep(&app.admin(), "1234567", true).await);
        go_to_day(&app, due.saturating_sub(3.days()));
        told_at_last(&app, 1).await;
        let later = due.saturating_add(10.days());
        // As a refresh leaves it when the biller has put the day off.
        app.execute(&format!("UPDATE bill_numbers SET due_date = '{later}'")).await;
        go_to_day(&app, due);
        assert_eq!(told_in_the_end(&app).await.len(), 1, "the former day is none any more");
        go_to_day(&app, later.saturating_sub(3.days()));
        let both = told_at_last(&app, 2).await;
        assert_eq!(days_left(&both), [3, 3]);
        assert_eq!(text(&both[1], "/dueDate"), later.to_string());
    }
}

on_both_databases! {
    async fn who_is_removed_paid_or_did_not_ask_is_not_reminded(app: TestApp) {
        let client = app.admin();
        let removed = keep(&client, "1234567", true).await;
        let document = "mutation ($id: ID!) { removeBillNumber(input: { billNumberId: $id }) { errors { code } } }";
        client.data(document, json!({ "id": removed["id"] })).await;
        keep(&client, "1234568", false).await;
        let paid = keep(&client, "1111111", true).await;
        let mut input = payment_input("", "", text(&paid, "/lastKnownBalance/amount"));
        input["target"] = json!({ "billNumberId": paid["id"] });
        let payload = client.create(input).await;
        client.wait_for_status(text(&payload, "/payment/id"), &["SUCCEEDED"]).await;
        keep(&client, "1234569", true).await;
        app.execute("UPDATE bill_numbers SET balance_minor = 0 WHERE account_reference = '1234569'").await;
        let reminded = keep(&client, "1234560", true).await;
        let due = due_date(&reminded);
        // One day for all, so that one look finds them.
        app.execute(&format!("UPDATE bill_numbers SET due_date = '{due}'")).await;
        go_to_day(&app, due.saturating_sub(3.days()));
        told_at_last(&app, 1).await;
        go_to_day(&app, due);
        told_at_last(&app, 2).await;
        let all = told_in_the_end(&app).await;
        assert_eq!(all.len(), 2, "{all:?}");
        assert!(all.iter().all(|reminder| reminder["billNumber"]["id"] == reminded["id"]), "{all:?}");
    }
}

on_both_databases! {
    with [AT_ONCE]
    async fn who_comes_back_with_the_last_sequence_hears_the_next_reminder(app: TestApp) {
        let client = app.admin();
        keep(&client, "1234567", true).await;
        app.clock().advance(MINUTE * 2);
        let mut heard = app.admin().subscribe(HEARD, json!({ "after": "0" })).await;
        let first = heard.next().await["reminderDue"].take();
        assert_eq!(text(&first, "/billNumber/accountReference"), "1234567");
        drop(heard);
        keep(&app.admin(), "1234568", true).await;
        app.clock().advance(MINUTE * 2);
        told_at_last(&app, 2).await;
        let mut heard = app.admin().subscribe(HEARD, json!({ "after": first["sequence"] })).await;
        let second = heard.next().await["reminderDue"].take();
        assert_eq!(text(&second, "/billNumber/accountReference"), "1234568");
    }
}

on_both_databases! {
    with [AT_ONCE]
    async fn reminders_are_their_tenants_and_need_the_scope_of_bills(app: TestApp) {
        keep(&app.admin(), "1234567", true).await;
        app.clock().advance(MINUTE * 2);
        told_at_last(&app, 1).await;
        let stranger = app.client("other", ALL).data(TOLD, json!({})).await;
        assert_eq!(list(&stranger, "/events/nodes").len(), 0);
        let payer = app.client(TENANT, "payments:read");
        assert_eq!(list(&payer.data(TOLD, json!({})).await, "/events/nodes").len(), 0);
        let mut refused = payer.subscribe(HEARD, json!({ "after": "0" })).await;
        assert_eq!(text(&refused.refusal().await, "/0/extensions/code"), "FORBIDDEN");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_and_one_that_starts_later_tell_each_reminder_once() {
    run(Db::Postgres, &[AT_ONCE], share).await;
}

async fn share(app: TestApp) {
    const KEPT: usize = 30;
    app.start_peer().await;
    let client = app.admin();
    client.biller(KPLC).await;
    let accounts: Vec<String> = (0..KEPT).map(|account| format!("80000{account:02}")).collect();
    join_all(accounts.iter().map(|account| keep(&client, account, true))).await;
    app.clock().advance(MINUTE * 2);
    told_at_last(&app, KEPT).await;
    app.start_peer().await;
    app.clock().advance(MINUTE * 2);
    let all = told_in_the_end(&app).await;
    assert_eq!(all.len(), KEPT);
    let numbers: BTreeSet<&str> = all.iter().map(|reminder| text(reminder, "/billNumber/id")).collect();
    assert_eq!(numbers.len(), KEPT, "one each");
    assert!(days_left(&all).iter().all(|left| (1..=20).contains(left)), "{all:?}");
    let versions = "SELECT count(*) FROM bill_numbers WHERE version <> 2";
    assert_eq!(app.scalar(versions).await, 0, "saved, and reminded of once");
}
