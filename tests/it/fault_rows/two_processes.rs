//! F14: two processes write to one SQLite file, the one new payments, the other what becomes of all of them. Nobody is
//! told that the file is busy, nothing is lost, and the log has no gap.
//!
//! BILLPAY_TEST_STORM (60) is how many payments there are; each is five transactions or so.

use futures_util::future::join_all;

use super::{BUSY, IDLE, NO_CREATE_RATE, NO_RATE, assert_log_is_whole, client_of, record, setting, wait_until_ended};
use crate::support::client::KPLC;
use crate::support::program::Program;
use crate::support::{Db, TestApp, run};

const USUAL: usize = 60;
const LONG: usize = 20_000;
const CALLERS: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f14_two_processes_on_one_sqlite_file_are_in_nobodys_way() {
    run(Db::Sqlite, &[IDLE, NO_RATE, NO_CREATE_RATE], |app| async move {
        storm(&app, setting("BILLPAY_TEST_STORM", USUAL)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes many minutes: make rows"]
async fn f14_long() {
    let app = TestApp::start(Db::Sqlite, &[IDLE, NO_RATE, NO_CREATE_RATE]).await;
    storm(&app, setting("BILLPAY_TEST_STORM", LONG)).await;
    app.stop().await;
}

async fn storm(app: &TestApp, count: usize) {
    let program = Program::serve(app, &[BUSY]).await;
    let biller = client_of(app, &program).biller(KPLC).await;
    app.admin().biller(KPLC).await;
    for first in (0..count).step_by(CALLERS) {
        // Half of them at each process. A token may end in a long run.
        let clients = [app.admin(), client_of(app, &program)];
        let numbers = first..count.min(first + CALLERS);
        join_all(numbers.map(|number| record(&clients[number % 2], &biller, format!("72{number:05}")))).await;
    }
    wait_until_ended(app).await;
    let events = app.scalar("SELECT count(*) FROM events").await;
    println!("{count} payments and {events} events, written by two processes at once");
    assert_eq!(app.scalar("SELECT count(*) FROM payments WHERE status <> 'SUCCEEDED'").await, 0);
    assert_eq!(app.scalar("SELECT count(*) FROM payments").await, i64::try_from(count).expect("few"));
    assert_eq!(app.effects().await.len(), count);
    assert!(!program.log().contains("locked"), "{}", program.log());
    assert_log_is_whole(app).await;
}
