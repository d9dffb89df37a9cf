//! The callers: a bounded number of them, each buying one thing after another, from any provider.
//!
//! A caller holds on to what it wants: where an answer is lost it asks again with the same key, until it is told or its
//! patience ends. Now and then it asks once more although it was told, and must be told the same. Who was only ever told
//! that nothing was recorded must find nothing recorded (`promises.rs`). A control number is paid as soon as it is known.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use billpay::domain::provider::ProviderCode;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::api::{Answer, Api, Trouble};
use super::goods::Goods;
use super::promises::Promises;
use super::purchase::{Purchase, Shopper};
use super::sales::{Outcome, Sales};
use super::sandbox::Sandbox;
use super::seed;
use super::ware::Ware;

/// What a caller buys at most.
pub(super) const MOST_PURCHASES: u32 = 5_000;
/// How long a caller tries to be told about one purchase: servers freeze and die over it, and one that takes few calls
/// at once takes the next when the lease of the dead one's ends.
const PATIENCE: Duration = Duration::from_secs(150);
/// Errors of which a caller is shown no more than this many.
const MOST_ERRORS: usize = 20;
const RETRY_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_REST_MS: u64 = 150;

/// What was answered to one request.
pub(super) struct Receipt {
    pub(super) provider: ProviderCode,
    pub(super) key: String,
    /// What was made; nothing where the caller was turned away.
    pub(super) id: Option<String>,
}

/// What callers were told.
#[derive(Default)]
pub(super) struct Receipts {
    /// One for each answer.
    pub(super) answers: Vec<Receipt>,
    /// Purchases that needed more than one request.
    pub(super) retried: usize,
    /// Purchases that nobody was told about, with what came last.
    pub(super) given_up: Vec<String>,
    /// Answers that were lost on their way.
    pub(super) lost_answers: usize,
    /// Keys of which such an answer had been stored, as a later one told.
    pub(super) stored_untold: usize,
    /// How the first of them was lost.
    pub(super) first_loss: Option<String>,
    /// Answers of errors, the first of each caller's.
    pub(super) errors: Vec<String>,
    /// How many answers said that nothing was recorded.
    pub(super) refusals: usize,
    /// Keys of which only that was ever said, though something was recorded.
    pub(super) denied: Vec<String>,
    /// What became of the wishes for each ware.
    pub(super) sales: BTreeMap<Ware, Sales>,
}

/// What callers go by.
#[derive(Clone)]
pub(super) struct Market {
    /// The servers, any of which may be asked.
    pub(super) apis: Vec<Api>,
    pub(super) goods: Arc<Goods>,
    pub(super) sandbox: Sandbox,
    /// What callers want, one after the other and again.
    pub(super) wares: &'static [Ware],
}

/// Callers at work.
pub(super) struct Traffic {
    callers: JoinSet<Receipts>,
    progress: Arc<Progress>,
}

#[derive(Default)]
struct Progress {
    is_over: AtomicBool,
    bought: AtomicUsize,
    /// How many callers want nothing more.
    done: AtomicUsize,
}

struct Caller {
    market: Market,
    number: u32,
    rng: StdRng,
    receipts: Receipts,
    promises: Promises,
    /// Whether it has paid a control number.
    has_paid: bool,
}

impl Receipts {
    pub(super) fn add(&mut self, more: Self) {
        self.answers.extend(more.answers);
        self.retried += more.retried;
        self.given_up.extend(more.given_up);
        self.lost_answers += more.lost_answers;
        self.stored_untold += more.stored_untold;
        self.first_loss = self.first_loss.take().or(more.first_loss);
        self.errors.extend(more.errors);
        self.refusals += more.refusals;
        self.denied.extend(more.denied);
        for (ware, sales) in more.sales {
            self.sales.entry(ware).or_default().add(sales);
        }
    }
}

impl Traffic {
    /// Lets so many callers begin.
    pub(super) fn begin(market: &Market, callers: u32, seed: u64) -> Self {
        let progress = Arc::<Progress>::default();
        let mut tasks = JoinSet::new();
        for number in 0..callers {
            let caller = Caller::new(market.clone(), number, seed);
            tasks.spawn(caller.buy_on(Arc::clone(&progress)));
        }
        Self { callers: tasks, progress }
    }

    /// How much was made for callers, as they were told.
    pub(super) fn bought(&self) -> usize {
        self.progress.bought.load(Ordering::Relaxed)
    }

    /// Whether every caller has had all that it may want.
    pub(super) fn is_exhausted(&self) -> bool {
        self.progress.done.load(Ordering::Relaxed) >= self.callers.len()
    }

    /// Lets every caller finish what it wants and go; tells what they were told.
    pub(super) async fn end(mut self) -> Receipts {
        self.progress.is_over.store(true, Ordering::Relaxed);
        let mut all = Receipts::default();
        while let Some(caller) = self.callers.join_next().await {
            all.add(caller.expect("a caller does not panic"));
        }
        all
    }
}

/// One thing that somebody buys alone.
#[derive(Clone, Debug)]
pub(super) struct Errand {
    pub(super) ware: Ware,
    /// An account or an amount that is special; nothing where it is ordinary.
    pub(super) special: Option<&'static str>,
    pub(super) key: String,
    /// On which day it is to be paid, where that is not today.
    pub(super) process_date: Option<String>,
}

/// Buys one thing, pays it where it is a control number, and tells what the buyer was told.
pub(super) async fn buy_once(market: Market, errand: Errand) -> Receipts {
    let Errand { ware, special, key, process_date } = errand;
    let mut caller = Caller::new(market, 0, of_its_own(&key));
    let account = caller.rng.random_range(20_000_000..90_000_000_u32).to_string();
    let goods = Arc::clone(&caller.market.goods);
    let shopper = Shopper { goods: &goods, rng: &mut caller.rng, key, account, is_magic: special.is_some(), special };
    let mut purchase = shopper.choose(ware);
    if let Some(day) = process_date {
        purchase.input["processDate"] = json!(day);
    }
    let give_up = Instant::now() + PATIENCE;
    caller.buy(&purchase).await;
    // There may be no number yet: it is known once the provider was asked again.
    while purchase.pays.is_some() && !caller.has_paid && Instant::now() < give_up {
        tokio::time::sleep(RETRY_PAUSE).await;
        caller.buy(&purchase).await;
    }
    caller.receipts
}

/// A seed for each key, from that of the process: no two who buy alone choose alike.
fn of_its_own(key: &str) -> u64 {
    key.bytes().fold(seed(), |seed, byte| seed.rotate_left(5).wrapping_mul(31).wrapping_add(u64::from(byte)))
}

impl Caller {
    fn new(market: Market, number: u32, seed: u64) -> Self {
        let rng = StdRng::seed_from_u64(seed.wrapping_add(u64::from(number) + 1));
        let (receipts, promises) = (Receipts::default(), Promises::default());
        Self { market, number, rng, receipts, promises, has_paid: false }
    }

    async fn buy_on(mut self, progress: Arc<Progress>) -> Receipts {
        for count in 0..MOST_PURCHASES {
            if progress.is_over.load(Ordering::Relaxed) {
                break;
            }
            // In turn, each caller beginning with another: also a short run buys something of everyone.
            let wares = self.market.wares;
            let ware = wares[(self.number as usize + count as usize) % wares.len()];
            let is_magic = self.rng.random_ratio(ware.percent_magic(), 100);
            let (key, account) = (format!("kill-{}-{count}", self.number), format!("3{:03}{count:06}", self.number));
            let purchase = self.think_of(ware, key, account, is_magic);
            let outcome = self.buy(&purchase).await;
            self.receipts.sales.entry(ware).or_default().note(outcome);
            if outcome == Outcome::Made {
                progress.bought.fetch_add(1, Ordering::Relaxed);
            }
            if self.rng.random_ratio(1, 5) {
                self.buy(&purchase).await;
            }
            tokio::time::sleep(Duration::from_millis(self.rng.random_range(0..LONGEST_REST_MS))).await;
        }
        progress.done.fetch_add(1, Ordering::Relaxed);
        self.receipts
    }

    fn think_of(&mut self, ware: Ware, key: String, account: String, is_magic: bool) -> Purchase {
        let goods = self.market.goods.as_ref();
        Shopper { goods, rng: &mut self.rng, key, account, is_magic, special: None }.choose(ware)
    }

    /// Where nobody listens the next server is asked, which is no second request.
    async fn buy(&mut self, purchase: &Purchase) -> Outcome {
        let give_up = Instant::now() + PATIENCE;
        let servers = self.market.apis.len();
        let (mut place, mut is_first, mut in_vain) = (self.rng.random_range(0..servers), true, 0);
        loop {
            let error = match self.market.apis[place].create(purchase).await {
                Ok(answer) => return self.take(purchase, answer).await,
                Err(error) => error,
            };
            self.promises.answered_nothing(&purchase.key, &error);
            if Instant::now() >= give_up {
                self.receipts.given_up.push(format!("{}: {error}", purchase.key));
                return Outcome::GivenUp;
            }
            if matches!(error, Trouble::NotReached(_)) {
                (place, in_vain) = ((place + 1) % servers, in_vain + 1);
                // All of them were asked.
                if in_vain % servers == 0 {
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
                continue;
            }
            self.receipts.retried += usize::from(is_first);
            is_first = false;
            self.note(error);
            place = self.rng.random_range(0..servers);
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    fn note(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::NotReached(_) => {}
            Trouble::Lost(how) => {
                self.receipts.lost_answers += 1;
                self.receipts.first_loss.get_or_insert(how);
            }
            Trouble::Refused(error) => {
                self.receipts.refusals += 1;
                self.note_error(error);
            }
            Trouble::Told(error) => self.note_error(error),
        }
    }

    fn note_error(&mut self, error: String) {
        if self.receipts.errors.len() < MOST_ERRORS {
            self.receipts.errors.push(error);
        }
    }

    async fn take(&mut self, purchase: &Purchase, answer: Answer) -> Outcome {
        self.receipts.stored_untold += usize::from(self.promises.was_stored_untold(&purchase.key, &answer));
        self.receipts.denied.extend(self.promises.answered(&purchase.key, &answer));
        let (outcome, id, number) = match answer {
            Answer::Made { id, number, replayed: _ } => (Outcome::Made, Some(id), number),
            Answer::TurnedAway(code) => (Outcome::Refused(code), None, None),
        };
        self.receipts.answers.push(Receipt { provider: purchase.provider, key: purchase.key.clone(), id });
        if let (Some(number), Some(amount)) = (number, &purchase.pays) {
            self.market.sandbox.pay(&number, amount).await;
            self.has_paid = true;
        }
        outcome
    }
}
