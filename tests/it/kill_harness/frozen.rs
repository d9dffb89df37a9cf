//! Whoever was frozen in front of its call, until its lease had ended, does not make it: for each ware. On PostgreSQL,
//! where another server takes over meanwhile and does what may be done with a payment of which nobody knows whether it was
//! sent; on SQLite a process that is frozen may hold the one lock that there is, and there is one server.
//!
//! Where the provider recognises a repetition that is to send the same again; where it does not, a person is asked, and may
//! go by what the provider says: it has nothing, and is never to have anything.

use std::time::Duration;

use billpay::domain::payment::AttemptState;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::stage::Stage;
use super::ware::Ware;
use super::world::LEASE;
use crate::support::Db;

const POINT: &str = "send.before";
/// How long who was frozen may take until it has said what it did.
const PATIENCE: Duration = Duration::from_secs(30);
const GLANCE: Duration = Duration::from_millis(100);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg_attr(not(debug_assertions), ignore = "a release build is frozen nowhere")]
async fn f3_who_was_frozen_in_front_of_its_call_does_not_make_it() {
    let wares = [Ware::ClickPayment, Ware::AlmaraPayment, Ware::BillPayment, Ware::ControlNumber];
    join_all(wares.map(frozen)).await;
}

async fn frozen(ware: Ware) {
    let mut stage = Stage::set(Db::Postgres, &[]).await;
    let buyer = stage.freeze_over(POINT, ware, None).await;
    stage.join().await;
    tokio::time::sleep(LEASE * 2).await;
    stage.server.process.thaw();
    stage.finish(buyer).await;
    let is_recognised = match ware {
        Ware::AlmaraPayment | Ware::ControlNumber => true,
        Ware::ClickPayment | Ware::BillPayment | Ware::BillBulk => false,
    };
    let give_up = Instant::now() + PATIENCE;
    loop {
        let attempts = stage.attempts().await;
        if attempts.first().is_some_and(|first| first.state == AttemptState::NotSent.as_str()) {
            break;
        }
        assert!(Instant::now() < give_up, "{ware:?}: {attempts:?}");
        tokio::time::sleep(GLANCE).await;
    }
    if !is_recognised {
        assert_eq!(stage.moved(ware.provider()), 0, "{ware:?}: money moved");
    }
    let card = stage.end(format!("{ware:?} frozen at {POINT}"), true).await;
    println!("{card}");
    card.assert_clean();
    assert_eq!(card.in_review(ware.provider()), usize::from(!is_recognised), "{card}");
}
