//! F26: NOTIFY is suppressed. Who listens at another server hears all the same, within the interval of its poll.
//!
//! In the database of this test another function stands before PostgreSQL's own pg_notify: it writes down what it was
//! to tell, and tells nobody.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{BUSY, IDLE, client_of};
use crate::support::client::{KPLC, payment_input};
use crate::support::program::Program;
use crate::support::{Db, TestApp, number, run, text};

/// Each of them is paid while somebody listens.
const PAYMENTS: i64 = 6;
/// The poll comes once a second; the rest is for a busy machine.
const LONGEST: Duration = Duration::from_secs(4);
const SUPPRESS: &str = "CREATE TABLE untold (payload text);
    CREATE FUNCTION public.pg_notify(text, text) RETURNS void LANGUAGE sql
        AS 'INSERT INTO public.untold VALUES ($2)';
    DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database());
    END $$";
const LISTEN: &str =
    "subscription ($after: Sequence) { paymentsUpdated(after: $after) { sequence status payment { id } } }";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f26_without_notify_events_come_with_the_poll() {
    run(Db::Postgres, &[IDLE], suppress).await;
}

async fn suppress(app: TestApp) {
    app.execute(SUPPRESS).await;
    // Their connections are new, so that they find the other function.
    let (worker, other) = (Program::serve(&app, &[BUSY]).await, Program::serve(&app, &[IDLE]).await);
    let (here, there) = (client_of(&app, &worker), client_of(&app, &other));
    let biller = here.biller(KPLC).await;
    let head = there.head().await;
    let mut heard = there.subscribe(LISTEN, json!({ "after": head })).await;
    let (mut sequences, mut slowest) = (Vec::new(), Duration::ZERO);
    for account in 0..PAYMENTS {
        let mut input = payment_input(&biller, &format!("64{account:05}"), "15");
        input["wait"] = json!("RECORDED");
        let began = Instant::now();
        let payload = here.create(input).await;
        let id = text(&payload, "/payment/id").to_owned();
        let first = heard.next().await["paymentsUpdated"].take();
        slowest = slowest.max(began.elapsed());
        assert_eq!((text(&first, "/payment/id"), text(&first, "/status")), (id.as_str(), "READY"), "{first}");
        let rest = heard.until_status("paymentsUpdated", "SUCCEEDED").await;
        sequences.extend([&first].into_iter().chain(&rest).map(|event| number(event, "/sequence")));
    }
    println!("{PAYMENTS} payments without NOTIFY: the slowest was heard of after {slowest:?}");
    let after: i64 = head.parse().expect("a sequence");
    let end = after + i64::try_from(sequences.len()).expect("few");
    assert_eq!(sequences, (after + 1..=end).collect::<Vec<_>>(), "all, in order");
    assert!(slowest < LONGEST, "{slowest:?}");
    assert!(app.scalar("SELECT count(*) FROM untold").await > 0, "NOTIFY was not suppressed");
}
