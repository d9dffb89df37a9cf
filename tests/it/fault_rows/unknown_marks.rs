//! F10: nobody knows whether a mark was stored, since the connection to PostgreSQL was cut at it. Whoever does not know
//! does not send. A mark that was stored without a send goes to a person, as Click cannot be asked; one that was not
//! leaves its payment as it was, and it is sent when the lease is over.
//!
//! BILLPAY_TEST_MARKS (12) is how many marks are cut. Payments are sent one after the other, so that each mark is alone
//! in its statement. PostgreSQL alone has a connection that can be cut.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use super::cutter::{Cut, Cutter};
use super::{BUSY, IDLE, NO_CREATE_RATE, NO_RATE, assert_log_is_whole, setting, wait_until_ended};
use crate::support::app::OPERATORS;
use crate::support::client::{Client, new_key};
use crate::support::program::Program;
use crate::support::{Db, TestApp, run, text};

const USUAL: usize = 12;
const LONG: usize = 1_000;
const AT_ONCE: usize = 20;
const CLICK: (&str, &str) = ("BILLPAY_TEST_CLICK", "on");
const ELECTRICITY: &str = "Saudi Electricity Company";
const SYNC: &str = "mutation { syncBillers(input: {}) { errors { code } } }";
/// One at once, and a lease that ends soon: it must exceed a call's time by more than 5 s.
const ALONE: [(&str, &str); 3] =
    [("BILLPAY_WORKER__CONCURRENCY", "1"), ("BILLPAY_WORKER__CALL_TIMEOUT", "1s"), ("BILLPAY_WORKER__LEASE", "6500ms")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f10_what_may_have_been_marked_is_not_sent() {
    run(Db::Postgres, &[IDLE, CLICK, NO_RATE, NO_CREATE_RATE], |app| async move {
        cut_marks(&app, setting("BILLPAY_TEST_MARKS", USUAL)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes some minutes: make rows"]
async fn f10_long() {
    let app = TestApp::start(Db::Postgres, &[IDLE, CLICK, NO_RATE, NO_CREATE_RATE]).await;
    cut_marks(&app, setting("BILLPAY_TEST_MARKS", LONG)).await;
    app.stop().await;
}

async fn cut_marks(app: &TestApp, count: usize) {
    app.client(OPERATORS, "operator").data(SYNC, json!({})).await;
    let biller = app.admin().biller(ELECTRICITY).await;
    for first in (0..count).step_by(AT_ONCE) {
        let client = app.admin();
        let numbers = first..count.min(first + AT_ONCE);
        join_all(numbers.map(|number| make(&client, &biller, number))).await;
    }
    let url = &app.variables()["BILLPAY_DATABASE__URL"];
    let cutter = Cutter::lay(url, count).await;
    let by_wire = cutter.url(url);
    let [one, limit, lease] = ALONE;
    let program = Program::serve(app, &[BUSY, one, limit, lease, ("BILLPAY_DATABASE__URL", &by_wire)]).await;
    wait_until_ended(app).await;
    assert_eq!(cutter.left(), 0, "fewer marks than payments\n{}", program.log());
    assert_ends_fit(app, &cutter.cuts(), &program).await;
    assert_effects_fit(app).await;
    assert_log_is_whole(app).await;
}

async fn make(client: &Client, biller: &str, number: usize) {
    let account = format!("43{number:05}");
    let payload: Value = client
        .create(json!({
            "idempotencyKey": new_key(),
            "target": { "account": { "billerId": biller, "accountReference": account } },
            "amount": { "amount": "100.50", "currency": "SAR" },
            "wait": "RECORDED",
        }))
        .await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
}

/// Where a mark was stored and nobody was told, a person decides; where none was, the payment is made later.
async fn assert_ends_fit(app: &TestApp, cuts: &[(Uuid, Cut)], program: &Program) {
    let of = |cut: Cut| cuts.iter().filter(move |(_, how)| *how == cut).map(|(payment, _)| *payment);
    let stored: BTreeSet<_> = of(Cut::Done).collect();
    let perhaps: BTreeSet<_> = of(Cut::Sent).chain(of(Cut::Done)).collect();
    let never: BTreeSet<_> = of(Cut::Before).filter(|payment| !perhaps.contains(payment)).collect();
    println!("{} marks were cut: {} stored, {} never sent, the others in doubt", cuts.len(), stored.len(), never.len());
    assert!(!stored.is_empty() && !never.is_empty(), "{cuts:?}");
    let in_review = "status = 'NEEDS_REVIEW' AND review_reason = 'NO_SAFE_ACTION'";
    assert_eq!(count(app, &stored, in_review).await, stored.len(), "{cuts:?}\n{}", program.log());
    assert_eq!(count(app, &never, "status = 'SUCCEEDED'").await, never.len(), "{cuts:?}\n{}", program.log());
    assert_eq!(app.scalar("SELECT count(*) FROM payments WHERE status IN ('FAILED', 'CANCELLED')").await, 0);
}

/// How many of these payments are so.
async fn count(app: &TestApp, payments: &BTreeSet<Uuid>, condition: &str) -> usize {
    let ids: Vec<_> = payments.iter().map(|id| format!("'{id}'")).collect();
    let sql = format!("SELECT count(*) FROM payments WHERE id IN ({}) AND {condition}", ids.join(", "));
    usize::try_from(app.scalar(&sql).await).expect("a count")
}

/// What is in review was not sent; all else was sent once.
async fn assert_effects_fit(app: &TestApp) {
    let effects = app.effects_with("click").await;
    let paid: BTreeSet<_> = effects.iter().map(|effect| text(effect, "/account")).collect();
    assert_eq!(paid.len(), effects.len(), "something was paid twice: {effects:?}");
    let settled = app.scalar("SELECT count(*) FROM payments WHERE status = 'SUCCEEDED'").await;
    assert_eq!(i64::try_from(effects.len()).expect("few"), settled, "something was sent of which nobody knows");
    for account in paid {
        let sql =
            format!("SELECT count(*) FROM payments WHERE account_reference = '{account}' AND status = 'SUCCEEDED'");
        assert_eq!(app.scalar(&sql).await, 1, "{account} was sent");
    }
}
