//! The contract suite: one list of behaviours that every adapter has, whatever its provider.
//!
//! Each behaviour is tried on two stands: against recorded answers, given by a small server that can also misbehave,
//! and against the provider's simulator. A behaviour that is skipped names the capability that the provider lacks, or
//! says that the simulator has no such scenario. The result is a table, printed and kept in `docs/contract.md`; an
//! adapter that comes to do less than before changes it, and the test tells. BILLPAY_TEST_BLESS=1 records it anew.
//!
//! A new provider is a [`subject::Subject`] in a file of its own, and one line in [`subject::all`].

mod behaviour;
mod bench;
mod cases;
mod outcome;
mod recorded;
mod scripted;
mod subject;
mod table;
mod work;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use self::behaviour::Behaviour;
use self::bench::Stand;
use self::outcome::Miss;
use self::table::{Cell, Table};

/// How many behaviours are tried at once.
const AT_ONCE: usize = 12;
/// No behaviour may take longer.
const LONGEST: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_adapter_keeps_the_contract() {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut trials = JoinSet::new();
    for cell in table::cells() {
        let places = Arc::clone(&places);
        trials.spawn(async move {
            let _place = places.acquire_owned().await.expect("never closed");
            (cell, tried(cell).await)
        });
    }
    let table: Table = trials.join_all().await.into_iter().collect();
    println!("{table}");
    let failures = table.failures();
    assert!(failures.is_empty(), "{failures}");
    table.assert_recorded();
}

/// Tries one behaviour; a panic is a failure of it and of no other.
async fn tried(cell: Cell) -> Result<(), Miss> {
    let Cell { behaviour, subject, stand } = cell;
    let trial = tokio::spawn(trial(behaviour, subject, stand));
    match tokio::time::timeout(LONGEST, trial).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => Err(Miss::Failed(panic.to_string())),
        Err(_elapsed) => Err(Miss::Failed(format!("it took longer than {LONGEST:?}"))),
    }
}

async fn trial(behaviour: Behaviour, subject: usize, stand: Stand) -> Result<(), Miss> {
    behaviour.check(subject::all()[subject], stand).await
}
