use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use futures_util::{FutureExt, poll};
use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio::task::yield_now;
use uuid::Uuid;

use super::*;
use crate::domain::event::{EventType, SubjectKind};

/// No test waits longer for anything.
const PATIENCE: Duration = Duration::from_secs(20);

async fn in_time<T>(waiting: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, waiting).await.expect("nobody waits for ever")
}

/// A log up to an end, whose events were written by `actor`, and which counts how often it is read.
#[derive(Clone)]
struct Log {
    end: i64,
    actor: &'static str,
    readings: Arc<AtomicUsize>,
}

impl Log {
    fn up_to(end: i64, actor: &'static str) -> Self {
        Self { end, actor, readings: Arc::default() }
    }

    fn event(&self, sequence: i64) -> Event {
        Event {
            sequence,
            subject_kind: SubjectKind::Payment,
            subject_id: Uuid::nil(),
            subject_version: 1,
            customer: None,
            status: None,
            kind: EventType::PaymentCreated,
            actor: self.actor.to_owned(),
            reason: None,
            failure: None,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    fn behind(&self, from: i64) -> Vec<Event> {
        self.readings.fetch_add(1, Ordering::Relaxed);
        (from + 1..=self.end.min(from + PAGE)).map(|sequence| self.event(sequence)).collect()
    }

    fn readings(&self) -> usize {
        self.readings.load(Ordering::Relaxed)
    }

    async fn page(&self, pages: &Arc<Pages>, after: i64) -> Option<Arc<Page>> {
        let log = self.clone();
        in_time(pages.behind(after, |from| async move {
            yield_now().await;
            Some(log.behind(from))
        }))
        .await
    }

    async fn check(&self, pages: &Pages) {
        let read = |ends: Vec<i64>| async move {
            let stands = ends.into_iter().filter(|end| *end <= self.end);
            Some(stands.map(|end| (end, self.event(end))).collect::<HashMap<_, _>>())
        };
        in_time(pages.check(read)).await;
    }
}

fn told(page: Option<Arc<Page>>, after: i64) -> Vec<i64> {
    page.iter().flat_map(|page| page.behind(after)).map(|told| told.event.sequence).collect()
}

/// What a follower hears who reads page after page.
async fn heard(log: &Log, pages: &Arc<Pages>, mut after: i64) -> Vec<i64> {
    let mut heard = Vec::new();
    while after < log.end {
        let page = log.page(pages, after).await.expect("a page");
        heard.extend(page.behind(after).iter().map(|told| told.event.sequence));
        after = page.last();
    }
    heard
}

#[tokio::test]
async fn each_page_is_read_once_for_all_who_are_about_there() {
    let (pages, log) = (Arc::<Pages>::default(), Log::up_to(1_250, "one"));
    let starts = (0..50).map(|number| number * 7);
    let all = join_all(starts.clone().map(|after| heard(&log, &pages, after))).await;
    for (after, heard) in starts.zip(all) {
        assert_eq!(heard, (after + 1..=1_250).collect::<Vec<_>>(), "behind {after}");
    }
    assert_eq!(log.readings(), 7);
}

#[tokio::test]
async fn a_page_that_the_log_has_outgrown_is_read_again_by_whoever_is_there() {
    let pages = Arc::<Pages>::default();
    let (short, long) = (Log::up_to(430, "one"), Log::up_to(470, "one"));
    assert_eq!(told(short.page(&pages, 420).await, 420), (421..=430).collect::<Vec<_>>());
    assert_eq!(told(long.page(&pages, 425).await, 425), (426..=430).collect::<Vec<_>>());
    assert_eq!(long.readings(), 0, "what is there is enough");
    assert_eq!(told(long.page(&pages, 430).await, 430), (431..=470).collect::<Vec<_>>());
    assert!(long.page(&pages, 470).await.is_none(), "there is nothing yet");
}

#[tokio::test]
async fn what_has_a_gap_or_failed_is_told_by_no_page_and_not_kept() {
    let (pages, log) = (Arc::<Pages>::default(), Log::up_to(1_000, "one"));
    let page =
        |read: Option<Vec<Event>>| in_time(pages.behind(200, move |_| async move { read })).map(|page| page.is_none());
    assert!(page(None).await, "the database was away");
    assert!(page(Some(Vec::new())).await);
    assert!(page(Some(log.behind(201))).await, "its first events were dropped");
    let mut read = log.behind(200);
    read.remove(7);
    assert!(page(Some(read)).await, "one is missing");
    assert_eq!(told(log.page(&pages, 200).await, 200), (201..=400).collect::<Vec<_>>());
}

#[tokio::test]
async fn who_comes_first_may_go_away() {
    let (pages, log) = (Arc::<Pages>::default(), Log::up_to(1_000, "one"));
    let (go, gone) = oneshot::channel::<()>();
    let read = log.behind(0);
    let mut first = Box::pin(pages.behind(0, |_| gone.map(|_| Some(read))));
    assert!(poll!(&mut first).is_pending());
    drop(first);
    go.send(()).expect("it is being read");
    assert_eq!(told(log.page(&pages, 0).await, 0).len(), 200);
    assert_eq!(log.readings(), 1, "by whoever went away");
}

#[tokio::test]
async fn nothing_is_told_of_a_log_that_was_restored() {
    let pages = Arc::<Pages>::default();
    let (before, after) = (Log::up_to(1_000, "one"), Log::up_to(700, "other"));
    for sequence in [0, 200, 800] {
        before.page(&pages, sequence).await.expect("a page");
    }
    before.check(&pages).await;
    before.page(&pages, 200).await.expect("a page");
    assert_eq!(before.readings(), 3, "they are true");
    after.check(&pages).await;
    let page = after.page(&pages, 200).await.expect("a page");
    assert!(page.behind(200).iter().all(|told| told.event.actor == "other"), "another's event was told");
    assert!(after.page(&pages, 800).await.is_none(), "it goes no further");
    pages.check(|_| async { None }).await;
    after.page(&pages, 200).await.expect("a page");
    assert_eq!(after.readings(), 3, "of what could not be compared nothing is told");
}

#[tokio::test]
async fn what_is_being_read_is_compared_when_it_is_there() {
    let pages = Arc::<Pages>::default();
    let (before, after) = (Log::up_to(1_000, "one"), Log::up_to(1_000, "other"));
    let (go, gone) = oneshot::channel::<()>();
    let read = before.behind(0);
    let mut first = Box::pin(pages.behind(0, |_| gone.map(|_| Some(read))));
    assert!(poll!(&mut first).is_pending());
    let mut check = Box::pin(after.check(&pages));
    assert!(poll!(&mut check).is_pending(), "nobody knows yet from which log it comes");
    go.send(()).expect("it is being read");
    assert_eq!(told(in_time(first).await, 0).len(), 200, "who asked before is told");
    check.await;
    let page = after.page(&pages, 0).await.expect("a page");
    assert!(page.behind(0).iter().all(|told| told.event.actor == "other"), "who comes after is told the log as it is");
}

#[tokio::test]
async fn the_number_of_pages_is_bounded_and_those_in_use_stay() {
    let (pages, log) = (Arc::<Pages>::default(), Log::up_to(100_000, "one"));
    let first = Arc::downgrade(&log.page(&pages, 200).await.expect("a page"));
    for number in 2..100 {
        log.page(&pages, number * PAGE).await.expect("a page");
        log.page(&pages, 0).await.expect("a page");
        assert!(pages.lock().entries.len() <= MOST_PAGES);
    }
    assert_eq!(log.readings(), 100, "the page that all ask for was read once");
    assert!(first.upgrade().is_none(), "what is forgotten is held by nobody");
    pages.clear();
    let mut under_way = Vec::new();
    for number in 0..100 {
        let mut page = Box::pin(pages.behind(number * PAGE, |_| std::future::pending()));
        under_way.push(poll!(&mut page).is_pending());
    }
    assert_eq!(under_way.iter().filter(|is_pending| **is_pending).count(), MOST_PAGES, "the others read by themselves");
}

#[tokio::test]
async fn what_nobody_has_asked_for_since_the_last_look_is_forgotten() {
    let (pages, log) = (Arc::<Pages>::default(), Log::up_to(1_000, "one"));
    let used = Arc::downgrade(&log.page(&pages, 0).await.expect("a page"));
    let unused = Arc::downgrade(&log.page(&pages, 200).await.expect("a page"));
    assert!(pages.lock().sweep(), "they were asked for");
    log.page(&pages, 0).await.expect("a page");
    assert!(pages.lock().sweep() && used.upgrade().is_some() && unused.upgrade().is_none());
    assert!(!pages.lock().sweep() && used.upgrade().is_none());
    assert!(!pages.lock().is_swept, "whoever comes next begins to look again");
}

#[tokio::test]
async fn somebody_looks_after_the_pages_as_long_as_there_are_any() {
    let (pages, log) = (Arc::<Pages>::default(), Log::up_to(1_000, "one"));
    let page = Arc::downgrade(&log.page(&pages, 0).await.expect("a page"));
    in_time(async {
        while page.upgrade().is_some() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    assert!(!pages.lock().is_swept);
}
