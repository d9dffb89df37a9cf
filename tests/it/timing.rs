//! Time as a witness: whether an id that exists, and is another tenant's, takes as long as one that does not.
//!
//! A figure to read, not a test to pass: it is printed, and compared with a crude bound only. Each pair of requests is
//! one of another tenant's payment and one of nobody's, in an order that is drawn. Where the two take the same time,
//! the sign of each pair's difference is a coin's; so the sum of the signed ranks is compared with that of coins.

use std::time::{Duration, Instant};

use billpay::domain::ids::PaymentId;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::schedule::day_from_now;
use crate::support::app::ALL;
use crate::support::client::{Client, KPLC, new_key, payment_input};
use crate::support::{Db, TestApp, run, text};

/// Pairs of requests.
const PAIRS: usize = 10_000;
/// Requests before the first that is counted.
const WARM_UP: usize = 500;
/// Payments of the other tenant, so that no single row is always at hand.
const FOREIGN: usize = 200;
/// How often the signs are drawn anew.
const DRAWS: usize = 1_000;
const SEED: u64 = 20_261_122;
const DOCUMENT: &str = "query ($id: ID!) { payment(by: { id: $id }) { id status amount { amount } } }";

/// What one request of each kind took.
struct Pair {
    foreign: Duration,
    nobodys: Duration,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a figure for the bench: it takes a minute"]
async fn t4_an_existing_id_takes_as_long_as_none_on_sqlite() {
    run(Db::Sqlite, &[("BILLPAY_LIMITS__TENANT_POINTS_PER_MINUTE", "0")], measure).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a figure for the bench: it takes a minute"]
async fn t4_an_existing_id_takes_as_long_as_none_on_postgres() {
    run(Db::Postgres, &[("BILLPAY_LIMITS__TENANT_POINTS_PER_MINUTE", "0")], measure).await;
}

async fn measure(app: TestApp) {
    let foreign = make_foreign(&app).await;
    let stranger = app.client("umbrella", ALL);
    let mut random = StdRng::seed_from_u64(SEED);
    for id in foreign.iter().cycle().take(WARM_UP) {
        timed(&stranger, id).await;
    }
    let mut pairs = Vec::with_capacity(PAIRS);
    for id in foreign.iter().cycle().take(PAIRS) {
        let nobody = PaymentId::from_uuid(Uuid::now_v7()).to_string();
        let pair = if random.random::<bool>() {
            let foreign = timed(&stranger, id).await;
            Pair { foreign, nobodys: timed(&stranger, &nobody).await }
        } else {
            let nobodys = timed(&stranger, &nobody).await;
            Pair { foreign: timed(&stranger, id).await, nobodys }
        };
        pairs.push(pair);
    }
    let foreign = median(pairs.iter().map(|pair| pair.foreign).collect());
    let nobodys = median(pairs.iter().map(|pair| pair.nobodys).collect());
    let chance = chance_per_mille(&pairs, &mut random);
    println!("| T4 | {PAIRS} pairs | foreign id {foreign:?} | no id {nobodys:?} | p = 0.{chance:03} |");
    assert!(foreign.abs_diff(nobodys) < foreign.max(nobodys) / 2, "{foreign:?} and {nobodys:?}");
}

/// Payments that are the usual tenant's, and are not due.
async fn make_foreign(app: &TestApp) -> Vec<String> {
    let owner = app.admin();
    let biller = owner.biller(KPLC).await;
    let mut ids = Vec::with_capacity(FOREIGN);
    for number in 0..FOREIGN {
        let mut input = payment_input(&biller, &format!("8{number:06}"), "15");
        input["idempotencyKey"] = json!(new_key());
        input["processDate"] = json!(day_from_now(app, 7));
        input["wait"] = json!("RECORDED");
        let payload = owner.create(input).await;
        ids.push(text(&payload, "/payment/id").to_owned());
    }
    ids
}

async fn timed(client: &Client, id: &str) -> Duration {
    let variables = json!({ "id": id });
    let started = Instant::now();
    let answer = client.raw(DOCUMENT, &variables).await;
    let took = started.elapsed();
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    assert_eq!(answer["data"]["payment"], Value::Null, "{answer}");
    took
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Of a thousand worlds in which the kind of the id makes no difference, how many differ as much as this one: the
/// signed ranks of the pairs, with the signs drawn anew.
fn chance_per_mille(pairs: &[Pair], random: &mut StdRng) -> usize {
    let mut differences: Vec<(Duration, bool)> =
        pairs.iter().map(|pair| (pair.foreign.abs_diff(pair.nobodys), pair.foreign > pair.nobodys)).collect();
    differences.sort_unstable();
    let sum = |signs: &mut dyn FnMut(usize) -> bool| -> i64 {
        let ranks = 1_i64..;
        ranks.zip(0..differences.len()).map(|(rank, place)| if signs(place) { rank } else { -rank }).sum()
    };
    let seen = sum(&mut |place| differences[place].1).abs();
    let as_far = (0..DRAWS).filter(|_| sum(&mut |_| random.random::<bool>()).abs() >= seen).count();
    (as_far * 1_000 / DRAWS).min(999)
}

#[test]
fn the_figure_tells_a_difference_from_none() {
    let random = &mut StdRng::seed_from_u64(SEED);
    let micros = Duration::from_micros;
    let alike: Vec<_> = (0..400)
        .map(|_| Pair {
            foreign: micros(random.random_range(100..200)),
            nobodys: micros(random.random_range(100..200)),
        })
        .collect();
    let slower: Vec<_> = (0..400)
        .map(|_| Pair {
            foreign: micros(random.random_range(120..220)),
            nobodys: micros(random.random_range(100..200)),
        })
        .collect();
    let (alike, slower) = (chance_per_mille(&alike, random), chance_per_mille(&slower, random));
    assert!(alike > 10 && slower == 0, "{alike} and {slower}");
}
