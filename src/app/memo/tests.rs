use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use futures_util::{FutureExt, poll};
use tokio::sync::oneshot;
use tokio::task::yield_now;

use super::*;

/// No test waits longer for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// Longer than a test takes on a machine that is busy.
const LIFE: Duration = Duration::from_secs(600);

fn memo() -> Arc<Memo<u8, usize>> {
    Arc::new(Memo::lasting(LIFE))
}

async fn in_time<T>(waiting: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, waiting).await.expect("nobody waits for ever")
}

/// What is asked, with a finding out that takes as many turns of the runtime.
async fn ask(memo: &Arc<Memo<u8, usize>>, clock: &Clock, key: u8, turns: usize, finds: Option<usize>) -> Option<usize> {
    let find_out = || async move {
        for _ in 0..turns {
            yield_now().await;
        }
        finds
    };
    memo.get(&key, clock, None, find_out).await.map(|aged| aged.value)
}

#[tokio::test]
async fn it_is_found_out_once_for_all_who_ask_meanwhile_and_after() {
    let (memo, clock, count) = (memo(), Clock::default(), Arc::new(AtomicUsize::new(0)));
    let asked = || {
        let count = count.clone();
        let find_out = move || async move {
            yield_now().await;
            Some(count.fetch_add(1, Ordering::Relaxed))
        };
        memo.get(&1, &clock, None, find_out).map(|aged| aged.map(|aged| aged.value))
    };
    let all = in_time(join_all((0..500).map(|_| asked()))).await;
    assert!(all.iter().all(|value| *value == Some(0)), "{all:?}");
    assert_eq!(in_time(ask(&memo, &clock, 1, 0, Some(7))).await, Some(0), "it is kept");
    assert_eq!(in_time(ask(&memo, &clock, 2, 0, Some(7))).await, Some(7), "of one question alone");
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn what_is_no_longer_fresh_is_found_out_anew() {
    let (memo, clock) = (memo(), Clock::default());
    assert_eq!(in_time(ask(&memo, &clock, 1, 0, Some(1))).await, Some(1));
    clock.advance(LIFE + Duration::from_millis(1));
    assert_eq!(in_time(ask(&memo, &clock, 1, 0, Some(2))).await, Some(2));
}

#[tokio::test]
async fn what_stands_on_something_older_is_as_old_as_that() {
    let (memo, clock) = (memo(), Clock::default());
    let before = clock.now();
    clock.advance(LIFE / 2);
    let first = memo.get(&1, &clock, Some(before), || async { Some(1) });
    assert_eq!(in_time(first).await, Some(Aged { value: 1, since: before }));
    clock.advance(LIFE / 2 + Duration::from_millis(1));
    assert_eq!(in_time(ask(&memo, &clock, 1, 0, Some(2))).await, Some(2));
}

#[tokio::test]
async fn what_is_known_is_told_without_finding_out_as_long_as_it_is_fresh() {
    let (memo, clock) = (memo(), Clock::default());
    assert_eq!(memo.known(&1, &clock), None);
    let before = clock.now();
    clock.advance(LIFE / 2);
    let finding = memo.take_on(&1, &clock, Some(before)).expect("nobody has asked");
    assert_eq!(memo.known(&1, &clock), None, "it is being found out");
    tell(vec![(finding, 7)]);
    assert_eq!(memo.known(&1, &clock), Some(Aged { value: 7, since: before }));
    clock.advance(LIFE / 2 + Duration::from_millis(1));
    assert_eq!(memo.known(&1, &clock), None, "as old as what it stands on");
}

#[tokio::test]
async fn what_failed_or_fell_over_is_told_to_nobody_and_not_kept() {
    let (memo, clock) = (memo(), Clock::default());
    let failed = in_time(join_all((0..9).map(|_| ask(&memo, &clock, 1, 3, None)))).await;
    assert_eq!(failed, [None; 9]);
    let falls_over = || async {
        yield_now().await;
        Some("none".parse().expect("it falls over, as a resolver may"))
    };
    let waiting = memo.get(&1, &clock, None, falls_over);
    let (first, other) = in_time(async { futures_util::join!(waiting, ask(&memo, &clock, 1, 0, Some(5))) }).await;
    assert_eq!((first, other), (None, None), "both waited for the one that fell over");
    assert_eq!(in_time(ask(&memo, &clock, 1, 0, Some(6))).await, Some(6));
}

#[tokio::test]
async fn who_asked_first_may_go_away_or_stop_listening() {
    let (memo, clock) = (memo(), Clock::default());
    let (go, gone) = oneshot::channel::<()>();
    let (mut not_polled, mut dropped) = (
        Box::pin(memo.get(&1, &clock, None, || gone.map(|_| Some(1)))),
        Box::pin(memo.get(&2, &clock, None, || yield_now().map(|()| Some(2)))),
    );
    assert!(poll!(&mut not_polled).is_pending() && poll!(&mut dropped).is_pending());
    drop(dropped);
    go.send(()).expect("it is being found out");
    assert_eq!(in_time(ask(&memo, &clock, 1, 0, None)).await, Some(1));
    assert_eq!(in_time(ask(&memo, &clock, 2, 0, None)).await, Some(2));
    assert_eq!(in_time(not_polled).await.map(|aged| aged.value), Some(1));
}

#[tokio::test]
async fn the_number_of_questions_is_bounded() {
    let (memo, clock) = (memo(), Clock::default());
    for key in 0..16 {
        assert_eq!(in_time(ask(&memo, &clock, key, 0, Some(key.into()))).await, Some(key.into()));
    }
    assert_eq!(in_time(ask(&memo, &clock, 16, 0, Some(16))).await, None, "one more asks by itself");
    assert_eq!(in_time(ask(&memo, &clock, 3, 0, Some(99))).await, Some(3), "the others are served");
}

#[tokio::test]
async fn what_nobody_asks_again_is_forgotten() {
    let (memo, clock) = (Arc::new(Memo::default()), Clock::default());
    assert_eq!(in_time(ask(&memo, &clock, 1, 0, Some(1))).await, Some(1));
    in_time(async {
        while !memo.lock().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_taken_on_is_told_to_all_who_wait_and_found_out_by_nobody_else() {
    let (memos, clock) = ([memo(), memo(), memo()], Clock::default());
    let findings = memos.each_ref().map(|memo| memo.take_on(&1, &clock, None).expect("nobody has asked"));
    assert!(memos[0].take_on(&1, &clock, None).is_none(), "it is taken on already");
    let waiting = in_time(join_all(memos.iter().map(|memo| ask(memo, &clock, 1, 0, Some(99)))));
    let telling = async { tell(findings.into_iter().zip([7, 8, 9]).collect()) };
    let (heard, ()) = futures_util::join!(waiting, telling);
    assert_eq!(heard, [Some(7), Some(8), Some(9)]);
    assert_eq!(in_time(ask(&memos[1], &clock, 1, 0, Some(99))).await, Some(8), "it is kept");
    in_time(async {
        while memos.iter().any(|memo| !memo.lock().is_empty()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_taken_on_and_given_up_is_found_out_by_whoever_asks() {
    let (memo, clock) = (memo(), Clock::default());
    let finding = memo.take_on(&1, &clock, None).expect("nobody has asked");
    let mut waiting = Box::pin(ask(&memo, &clock, 1, 0, Some(99)));
    assert!(poll!(&mut waiting).is_pending());
    drop(finding);
    assert_eq!(in_time(waiting).await, None, "who waited asks by itself");
    assert_eq!(in_time(ask(&memo, &clock, 1, 0, Some(5))).await, Some(5));
    let taken_on: Vec<_> = (2..17).map(|key| memo.take_on(&key, &clock, None).expect("there is room")).collect();
    assert!(memo.take_on(&17, &clock, None).is_none(), "the number of questions is bounded");
    drop(taken_on);
    assert!(memo.take_on(&17, &clock, None).is_some());
}

/// A small generator, so that a failure can be played again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

#[tokio::test]
async fn in_any_order_each_hears_an_answer_to_its_own_question_that_did_not_fail() {
    for seed in 0..300 {
        let (memo, clock, mut dice) = (memo(), Clock::default(), Dice(seed));
        let failed = Arc::new(Mutex::new(HashSet::new()));
        let mut askers = Vec::new();
        for number in 0..60_usize {
            let key = u8::try_from(dice.roll(4)).expect("small");
            let (before, turns) = (dice.roll(12), dice.roll(12));
            let (fails, leaves, jumps) = (dice.roll(5) == 0, dice.roll(6) == 0, dice.roll(15) == 0);
            let (memo, clock, failed) = (memo.clone(), clock.clone(), failed.clone());
            askers.push(tokio::spawn(async move {
                for _ in 0..before {
                    yield_now().await;
                }
                if jumps {
                    clock.advance(LIFE * 2);
                }
                let find_out = || async move {
                    for _ in 0..turns {
                        yield_now().await;
                    }
                    if fails {
                        failed.lock().expect("nobody panicked").insert(number);
                    }
                    (!fails).then_some(usize::from(key) * 1_000 + number)
                };
                let mut asking = Box::pin(memo.get(&key, &clock, None, find_out));
                if leaves {
                    let _ = poll!(&mut asking);
                    return None;
                }
                asking.await.map(|aged| (key, aged.value))
            }));
        }
        let heard = in_time(join_all(askers)).await;
        let failed = failed.lock().expect("nobody panicked");
        for (key, value) in heard.into_iter().filter_map(|heard| heard.expect("no asker panicked")) {
            assert_eq!(value / 1_000, usize::from(key), "seed {seed}: an answer to another question");
            assert!(!failed.contains(&(value % 1_000)), "seed {seed}: what failed was told");
        }
    }
}
