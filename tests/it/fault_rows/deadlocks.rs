//! F12: the database answers with deadlocks (40P01) and serialisation failures (40001), in the middle of a transaction
//! and at its COMMIT. The whole transaction is made anew, callers are told of nothing, and each payment is made once.
//!
//! Triggers on the log of events raise them: of the first few hundred events that are written, one in twenty each way.

use futures_util::future::join_all;
use serde_json::json;

use super::{NO_CREATE_RATE, NO_RATE, assert_log_is_whole};
use crate::support::client::{Client, KPLC, payment_input};
use crate::support::{Db, TestApp, assert_whole_life, run, text, until_none};

const PAYMENTS: usize = 30;
const OPEN: &str = "SELECT count(*) FROM payments WHERE status <> 'SUCCEEDED'";
/// Fewer mean that hardly anything went wrong.
const FEWEST_RAISED: i64 = 10;
/// What a sequence has given is not taken back with the transaction, so that the next try finds another number.
const TROUBLE: &str = "CREATE SEQUENCE trouble_number; CREATE SEQUENCE trouble_raised;
    CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE number bigint := nextval('trouble_number');
    BEGIN
        IF number <= 400 AND number % 10 = 1 THEN
            PERFORM nextval('trouble_raised');
            RAISE EXCEPTION 'arranged by a test'
                USING ERRCODE = CASE WHEN number % 20 = 1 THEN '40P01' ELSE '40001' END;
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER trouble_inside BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION trouble();
    CREATE CONSTRAINT TRIGGER trouble_at_commit AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION trouble();";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f12_a_deadlock_is_tried_again_as_a_whole() {
    run(Db::Postgres, &[NO_RATE, NO_CREATE_RATE], meet_trouble).await;
}

async fn meet_trouble(app: TestApp) {
    let client = app.admin();
    let biller = client.biller(KPLC).await;
    app.execute(TROUBLE).await;
    let ids = join_all((0..PAYMENTS).map(|number| make(&client, &biller, number))).await;
    // A step that could not be stored is made again when its lease has ended, and that may be broken off, too.
    until_none(&app, "open payments", OPEN).await;
    for id in &ids {
        let payment = client.wait_for_status(id, &["SUCCEEDED"]).await;
        assert_whole_life(&payment);
        assert_eq!(app.effects_of(&payment).await.len(), 1, "{payment}");
    }
    let raised = app.scalar("SELECT last_value FROM trouble_raised").await;
    println!("{raised} transactions were broken off over {PAYMENTS} payments");
    assert!(raised >= FEWEST_RAISED, "only {raised} transactions were broken off");
    assert_eq!(client.count_payments().await, PAYMENTS);
    assert_eq!(app.effects().await.len(), PAYMENTS);
    assert_log_is_whole(&app).await;
}

/// Makes a payment; the caller is told of no trouble.
async fn make(client: &Client, biller: &str, number: usize) -> String {
    let mut input = payment_input(biller, &format!("70{number:05}"), "15");
    input["wait"] = json!("RECORDED");
    let payload = client.create(input).await;
    assert_eq!((&payload["errors"], &payload["replayed"]), (&json!([]), &json!(false)), "{payload}");
    text(&payload, "/payment/id").to_owned()
}
