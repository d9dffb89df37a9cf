//! The callers: a bounded number of them, each buying one thing after another.
//!
//! A caller holds on to what it wants: where an answer is lost it asks again with the same key, until it is told or its
//! patience ends. Now and then it asks once more although it was told, and must be told the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::api::Api;

/// What a caller buys at most.
const MOST_PURCHASES: u32 = 5_000;
/// How long a caller tries to be told about one purchase.
const PATIENCE: Duration = Duration::from_secs(60);
const RETRY_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_REST_MS: u64 = 150;

/// Accounts with which the sandbox does something special (docs/sandbox.md).
const MAGIC_ACCOUNTS: [&str; 16] = [
    "1111111", // paid at once
    "2222222", // paid later
    "3333333", // refused
    "0000000", // refused: unknown account
    "4444444", // declined later
    "5555555", // timeout before the effect
    "6666666", // timeout after it
    "7777000", // HTTP 500 before the effect
    "7777777", // HTTP 500 after it
    "6161616", // half an answer
    "9999999", // an answer that is not JSON
    "1212121", // told three times
    "1313131", // an old callback
    "1414141", // another amount
    "1616161", // accepted in an older form
    "1717171", // a status that is not documented
];

/// Something to be paid.
pub(super) struct Purchase {
    key: String,
    account: String,
    whole_shillings: u32,
    wait: &'static str,
    /// Magic accounts are paid by many at once; the others have one payer each, who claims them.
    is_magic: bool,
}

/// What callers were told.
#[derive(Default)]
pub(super) struct Receipts {
    /// Keys with the ids that were answered, one for each answer.
    pub(super) acknowledged: Vec<(String, String)>,
    /// Purchases that needed more than one request.
    pub(super) retried: usize,
    /// Purchases that nobody was told about, with what came last.
    pub(super) given_up: Vec<String>,
}

/// Callers at work.
pub(super) struct Traffic {
    callers: JoinSet<Receipts>,
    is_over: Arc<AtomicBool>,
}

struct Caller {
    /// The servers, any of which may be asked.
    apis: Vec<Api>,
    biller: String,
    number: u32,
    rng: StdRng,
    receipts: Receipts,
}

impl Traffic {
    /// Lets so many callers begin.
    pub(super) fn begin(apis: &[Api], biller: &str, callers: u32, seed: u64) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for number in 0..callers {
            let caller = Caller::new(apis, biller, number, seed);
            tasks.spawn(caller.buy_until(Arc::clone(&is_over)));
        }
        Self { callers: tasks, is_over }
    }

    /// Lets every caller finish what it wants and go; tells what they were told.
    pub(super) async fn end(mut self) -> Receipts {
        self.is_over.store(true, Ordering::Relaxed);
        let mut all = Receipts::default();
        while let Some(caller) = self.callers.join_next().await {
            let one = caller.expect("a caller does not panic");
            all.acknowledged.extend(one.acknowledged);
            all.retried += one.retried;
            all.given_up.extend(one.given_up);
        }
        all
    }
}

/// Buys one ordinary thing and tells what the buyer was told.
pub(super) async fn buy_once(api: Api, biller: String, key: String) -> Receipts {
    let mut caller = Caller::new(&[api], &biller, 0, 0);
    let account = rand::rng().random_range(20_000_000..90_000_000_u32).to_string();
    let purchase = Purchase { key, account, whole_shillings: 250, wait: "SUBMITTED", is_magic: false };
    caller.buy(&purchase).await;
    caller.receipts
}

impl Caller {
    fn new(apis: &[Api], biller: &str, number: u32, seed: u64) -> Self {
        let rng = StdRng::seed_from_u64(seed.wrapping_add(u64::from(number) + 1));
        Self { apis: apis.to_vec(), biller: biller.to_owned(), number, rng, receipts: Receipts::default() }
    }

    async fn buy_until(mut self, is_over: Arc<AtomicBool>) -> Receipts {
        for count in 0..MOST_PURCHASES {
            if is_over.load(Ordering::Relaxed) {
                break;
            }
            let purchase = self.think_of_something(count);
            self.buy(&purchase).await;
            if self.rng.random_ratio(1, 5) {
                self.buy(&purchase).await;
            }
            tokio::time::sleep(Duration::from_millis(self.rng.random_range(0..LONGEST_REST_MS))).await;
        }
        self.receipts
    }

    fn think_of_something(&mut self, count: u32) -> Purchase {
        let is_magic = self.rng.random_ratio(3, 5);
        let account = if is_magic {
            MAGIC_ACCOUNTS[self.rng.random_range(0..MAGIC_ACCOUNTS.len())].to_owned()
        } else {
            format!("3{:03}{count:06}", self.number)
        };
        Purchase {
            key: format!("kill-{}-{count}", self.number),
            account,
            // No amount that the sandbox treats specially.
            whole_shillings: self.rng.random_range(100..1_000),
            wait: if self.rng.random_ratio(1, 2) { "RECORDED" } else { "SUBMITTED" },
            is_magic,
        }
    }

    async fn buy(&mut self, purchase: &Purchase) {
        let input = purchase.input(&self.biller);
        let give_up = Instant::now() + PATIENCE;
        let mut is_first = true;
        loop {
            let api = &self.apis[self.rng.random_range(0..self.apis.len())];
            let error = match api.create(&input).await {
                Ok(id) => return self.receipts.acknowledged.push((purchase.key.clone(), id)),
                Err(error) => error,
            };
            self.receipts.retried += usize::from(is_first);
            is_first = false;
            if Instant::now() >= give_up {
                return self.receipts.given_up.push(format!("{}: {error}", purchase.key));
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }
}

impl Purchase {
    fn input(&self, biller: &str) -> Value {
        json!({
            "idempotencyKey": self.key,
            "target": { "account": { "billerId": biller, "accountReference": self.account } },
            "amount": { "amount": format!("{}.00", self.whole_shillings), "currency": "KES" },
            "payer": { "name": "Irina Muthoni", "phoneNumber": "+254710000000" },
            "evenIfBeingPaid": self.is_magic,
            "wait": self.wait,
        })
    }
}
