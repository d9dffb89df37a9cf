//! A3: a `callbackUrl` that is silent takes its part of the places, and other payments are told meanwhile.

use std::time::Duration;

use serde_json::json;

use super::callbacks::{events_of, pay};
use super::endpoint::{keeper, keeper_for, schedule, sequences};
use super::{KEY, TRIAL};
use crate::support::on_both_databases;
use crate::support::receiver::{Receiver, Reply};

/// An answer is then waited for as long as ever: 15 seconds.
const LEASE: (&str, &str) = ("BILLPAY_WORKER__LEASE", "30s");
/// How many payments are to be told to a host that is silent.
const SILENT: usize = 40;
/// More than one look reads.
const CROWD: usize = 150;
/// How many of them are told beside each other.
const SHARE: usize = 4;
/// Much less than what one silence takes.
const SOON: Duration = Duration::from_secs(8);

/// Waits until so many events of a payment were told, in order, and not longer than [`SOON`].
async fn assert_told_soon(receiver: &Receiver, events: &[i64]) {
    let told = tokio::time::timeout(SOON, receiver.wait_for(events.len())).await;
    let told = told.unwrap_or_else(|_| panic!("{} of {events:?} were told", receiver.received().len()));
    assert_eq!(sequences(&told), events);
}

on_both_databases! {
    with [KEY, TRIAL, LEASE]
    async fn a3_a_silent_host_holds_up_no_other(app: TestApp) {
        let (silent, well, later) = (Receiver::start().await, Receiver::start().await, Receiver::start().await);
        silent.always(Reply::Hang);
        let client = keeper(&app);
        for _ in 0..SILENT {
            schedule(&app, &client, &[("callbackUrl", json!(silent.url("/")))]).await;
        }
        silent.wait_for(SHARE).await;
        let paid = pay(&client, "1111111", &well.url("/")).await;
        assert_told_soon(&well, &events_of(&paid)).await;
        // What happens while calls are under way is told as well.
        let paid = pay(&client, "1234567", &later.url("/")).await;
        assert_told_soon(&later, &events_of(&paid)).await;
    }
}

on_both_databases! {
    with [KEY, TRIAL, LEASE]
    async fn a3_a_customers_silent_host_holds_up_no_other_customer_however_it_is_written(app: TestApp) {
        let (silent, well) = (Receiver::start().await, Receiver::start().await);
        silent.always(Reply::Hang);
        let (mallory, alice) = (keeper_for(&app, "mallory"), keeper_for(&app, "alice"));
        let spellings =
            ["http:127.0.0.1", "http://127.0.0.1", "HTTP://127.0.0.1", "http:///127.1", "http://0x7f.1"];
        for spelling in spellings.iter().cycle().take(CROWD) {
            let url = silent.url("/").replace("http://127.0.0.1", spelling);
            schedule(&app, &mallory, &[("callbackUrl", json!(url))]).await;
        }
        silent.wait_for(SHARE).await;
        let paid = pay(&alice, "1111111", &well.url("/")).await;
        assert_told_soon(&well, &events_of(&paid)).await;
    }
}
