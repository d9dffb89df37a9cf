//! F32: payments over which the worker panics are left to themselves: all others are paid, and as soon as ever.
//!
//! Such a payment is made by hand: it has been tried more often than its count can hold, and a build that checks its
//! arithmetic panics at the next try. It is tried again whenever its lease ends. BILLPAY_TEST_POISONS (8) is how many
//! there are.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{BUSY, IDLE, client_of, setting};
use crate::schedule::day_from_now;
use crate::support::client::{Client, KPLC, payment_input};
use crate::support::program::Program;
use crate::support::{TestApp, eventually, on_both_databases, text};

const USUAL: usize = 8;
/// Payments before the poison, and as many beside it.
const OTHERS: usize = 12;
/// Half a lease: whoever had waited for a poisoned row's lease would have waited longer.
const LONGEST: Duration = Duration::from_secs(4);
const PANICKED: &str = "a step panicked";
/// Tried as often as can be counted, and due.
const POISON: &str = "UPDATE submissions SET attempt_count = 2147483647, run_at = 1, next_action_at = 1 \
    WHERE id IN (SELECT submission_id FROM payments WHERE status = 'SCHEDULED')";
const REMEDY: &str = "UPDATE submissions SET attempt_count = 0 WHERE attempt_count = 2147483647";

on_both_databases! {
    with [IDLE]
    #[cfg_attr(not(debug_assertions), ignore = "a release build does not check its arithmetic")]
    async fn f32_a_poisonous_payment_delays_no_other(app: TestApp) {
        let program = Program::serve(&app, &[BUSY]).await;
        let client = client_of(&app, &program);
        let before = pay_others(&client, 0).await;
        let poisoned = scheduled(&app, &client, setting("BILLPAY_TEST_POISONS", USUAL)).await;
        app.execute(POISON).await;
        eventually("a panic", || async { program.log().contains(PANICKED).then_some(()) }).await;
        let beside = pay_others(&client, OTHERS).await;
        println!("the slowest of {OTHERS} took {before:?} before, {beside:?} beside the poison");
        assert!(beside < LONGEST.max(before * 4), "{beside:?}, and {before:?} before\n{}", program.log());
        assert_eq!(app.effects().await.len(), 2 * OTHERS, "nothing was paid over which the worker panicked");

        let counted = format!("SELECT COUNT(*) FROM submissions WHERE attempt_count = {} AND fault_count > 0", i32::MAX);
        eventually("each counts a fault", || async {
            (app.scalar(&counted).await == i64::try_from(poisoned.len()).ok()?).then_some(())
        })
        .await;
        app.execute(REMEDY).await;
        for id in &poisoned {
            client.wait_for_status(id, &["SUCCEEDED"]).await;
        }
        assert_eq!(app.effects().await.len(), 2 * OTHERS + poisoned.len(), "each is paid once");
    }
}

/// Pays one after the other; tells how long the slowest took until it was paid.
async fn pay_others(client: &Client, first: usize) -> Duration {
    let mut slowest = Duration::ZERO;
    for number in first..first + OTHERS {
        let began = Instant::now();
        client.pay_until(&format!("62{number:05}"), &["SUCCEEDED"]).await;
        slowest = slowest.max(began.elapsed());
    }
    slowest
}

/// Payments for tomorrow, of which nothing becomes today.
async fn scheduled(app: &TestApp, client: &Client, count: usize) -> Vec<String> {
    let biller = client.biller(KPLC).await;
    let mut ids = Vec::new();
    for number in 0..count {
        let mut input = payment_input(&biller, &format!("63{number:05}"), "15");
        input["processDate"] = json!(day_from_now(app, 1));
        let payload = client.create(input).await;
        assert_eq!(payload["errors"], json!([]), "{payload}");
        ids.push(text(&payload, "/payment/id").to_owned());
    }
    ids
}
