//! Payments that are claimed as they are stored: by whoever has room for their first step, and by nobody else.

use std::time::Duration;

use billpay::domain::ids::PaymentId;
use billpay::store::{Connect, Created, Lease, NewSubmission, Owner, Store, Stored};
use futures_util::future::join_all;

use crate::coalescer::new_payment;
use crate::support::client::{KPLC, new_key, payment_input};
use crate::support::{Db, TestApp, run, text};

const IDLE: (&str, &str) = ("BILLPAY_WORKER__ENABLED", "false");
const ONE_AT_A_TIME: [(&str, &str); 1] = [("BILLPAY_WORKER__CONCURRENCY", "1")];
const LEASE: Duration = Duration::from_secs(30);

async fn beside(app: &TestApp) -> Store {
    let url = app.variables()["BILLPAY_DATABASE__URL"].clone();
    let connect = Connect { url, max_connections: 2, clock: app.clock().clone() };
    Store::open(&connect).await.expect("the database of the server")
}

/// A payment that its process wants to carry itself, or leaves to whoever looks.
fn new(app: &TestApp, account: &str, owner: Option<&str>) -> NewSubmission {
    let claim = owner.map(|owner| Lease { owner: owner.to_owned(), length: LEASE });
    NewSubmission { claim, ..new_payment(app.clock(), &new_key(), account, 1_500) }
}

fn is_claimed(created: &Result<Created, billpay::store::StoreError>) -> bool {
    match created {
        Ok(Created::Stored(Stored { is_claimed, .. })) => *is_claimed,
        other => panic!("it was not stored: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_stored_as_it_would_be_found_after_a_claim() {
    run(Db::Postgres, &[IDLE], |app| async move { same_as_claimed(&app).await }).await;
}

async fn same_as_claimed(app: &TestApp) {
    let store = beside(app).await;
    let (held, left) = (new(app, "900001", Some("one")), new(app, "900002", None));
    let created = store.create(&[held.clone(), left.clone()]).await;
    assert_eq!(created.iter().map(is_claimed).collect::<Vec<_>>(), [true, false]);
    let of_one = "SELECT count(*) FROM submissions WHERE lease_owner = 'one' AND fence = 1 AND lease_until > created";
    let now = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
    assert_eq!(app.scalar(&of_one.replace("created", now)).await, 1);
    // Who looks gets the other one alone; and as it finds that, whoever stored the first has it in memory.
    let claimed = store.claim_unsent("two", LEASE, 8).await.expect("claimed");
    let [other] = claimed.as_slice() else { panic!("{claimed:?}") };
    assert_eq!(*other, left.submission.clone().claimed_first());
    let stored = &held.payments[0].payment;
    let read = store.payment(&Owner { tenant: stored.tenant.clone(), customer: None }, stored.id).await;
    assert_eq!(read.expect("read").as_ref(), Some(stored));
    let parts = store.allocations(&[stored.id.uuid()]).await.expect("read").remove(&stored.id.uuid());
    assert_eq!(parts.as_ref(), Some(&held.payments[0].allocations));
    // When its holder is gone, it comes due with the lease, having left nothing behind.
    app.clock().advance(LEASE + Duration::from_secs(1));
    let again = store.claim_unsent("three", LEASE, 8).await.expect("claimed");
    assert!(again.iter().any(|one| one.id == held.submission.id && one.fence == 2 && one.submits == 0), "{again:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_another_life_of_the_database_it_is_stored_and_claimed_by_nobody() {
    run(Db::Postgres, &[IDLE], |app| async move { another_life(&app).await }).await;
}

async fn another_life(app: &TestApp) {
    let store = beside(app).await;
    app.execute("UPDATE db_epoch SET timeline = timeline + 7").await;
    let created = store.create(&[new(app, "900001", Some("one"))]).await;
    assert!(!is_claimed(&created[0]));
    assert_eq!(app.scalar("SELECT count(*) FROM submissions WHERE lease_owner IS NULL AND fence = 0").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_key_is_used_claims_nothing() {
    run(Db::Postgres, &[IDLE], |app| async move { key_used(&app).await }).await;
}

async fn key_used(app: &TestApp) {
    let store = beside(app).await;
    let first = new(app, "900001", None);
    assert!(!is_claimed(&store.create(std::slice::from_ref(&first)).await[0]));
    let mut second = new(app, "900001", Some("one"));
    second.payments[0].payment.idempotency_key = first.payments[0].payment.idempotency_key.clone();
    let created = store.create(&[second]).await;
    let Ok(Created::KeyUsed { payment, .. }) = &created[0] else { panic!("{created:?}") };
    assert_eq!(payment.id, first.payments[0].payment.id);
    assert_eq!(app.scalar("SELECT count(*) FROM submissions WHERE lease_owner IS NOT NULL").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_there_is_room_for_are_all_carried() {
    run(Db::Postgres, &ONE_AT_A_TIME, |app| async move { no_room(&app).await }).await;
}

async fn no_room(app: &TestApp) {
    let client = app.admin();
    let biller = client.biller(KPLC).await;
    let paid = (0..40).map(|one| client.create(payment_input(&biller, &format!("9000{one:02}"), "15")));
    for payload in join_all(paid).await {
        let id = text(&payload, "/payment/id");
        assert!(id.parse::<PaymentId>().is_ok());
        client.wait_for_status(id, &["SUCCEEDED"]).await;
    }
    assert_eq!(app.scalar("SELECT count(*) FROM attempts WHERE kind = 'SUBMIT'").await, 40, "each was sent once");
    assert_eq!(app.scalar("SELECT count(*) FROM submissions WHERE lease_owner IS NOT NULL").await, 0);
}
