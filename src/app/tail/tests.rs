use jiff::Timestamp;
use uuid::Uuid;

use super::*;
use crate::domain::event::{EventType, SubjectKind};

fn event(sequence: i64) -> Event {
    Event {
        sequence,
        subject_kind: SubjectKind::Payment,
        subject_id: Uuid::nil(),
        subject_version: 1,
        customer: None,
        status: None,
        kind: EventType::PaymentCreated,
        actor: "test".to_owned(),
        reason: None,
        failure: None,
        at: Timestamp::UNIX_EPOCH,
    }
}

fn tail(sequences: impl IntoIterator<Item = i64>) -> Tail {
    let tail = Tail::new(&TenantId::try_new("acme").expect("a tenant"));
    tail.lock().add(sequences.into_iter().map(event));
    tail
}

fn taken(tail: &Tail, after: i64, upto: i64) -> Option<Vec<i64>> {
    let events = tail.take(after, upto, |_| true)?;
    Some(events.iter().map(|told| told.event.sequence).collect())
}

#[test]
fn what_is_taken_has_no_gap_and_no_repetition() {
    let tail = tail(5..=9);
    assert_eq!(taken(&tail, 4, 9), Some(vec![5, 6, 7, 8, 9]));
    assert_eq!(taken(&tail, 6, 8), Some(vec![7, 8]));
    assert_eq!(taken(&tail, 9, 9), Some(vec![]));
    assert_eq!(taken(&tail, 3, 9), None, "the fourth is not kept");
    let some = tail.take(4, 9, |event| event.sequence % 2 == 0).expect("they are kept");
    assert_eq!(some.iter().map(|told| told.event.sequence).collect::<Vec<_>>(), [6, 8]);
}

#[test]
fn behind_a_gap_it_begins_anew() {
    let tail = tail([1, 2, 5, 6]);
    assert_eq!(taken(&tail, 2, 6), None);
    assert_eq!(taken(&tail, 4, 6), Some(vec![5, 6]));
}

#[test]
fn nothing_is_taken_that_was_not_read() {
    let tail = tail(5..=9);
    assert_eq!(taken(&tail, 4, 10), None, "the tenth was not read");
    assert_eq!(tail.begin_at(7), 7);
    assert_eq!(taken(&tail, 4, 7), None, "what was kept is of another log");
    let reached = |goal| tail.lock().reached(goal);
    assert_eq!((reached(Goal::Head(7)), reached(Goal::Heard(6))), (Some(7), Some(7)));
    assert_eq!((reached(Goal::Head(6)), reached(Goal::Heard(8))), (None, None));
}

#[test]
fn what_is_kept_is_in_doubt_however_far_the_log_goes() {
    let tail = tail(5..=9);
    assert_eq!(tail.lock().reached(Goal::Head(9)), None, "another ninth may stand there");
    assert_eq!(tail.lock().reached(Goal::Heard(9)), Some(9));
}

#[test]
fn the_number_is_bounded() {
    let most = MOST_EVENTS as i64;
    let tail = tail(1..=most + 10);
    assert_eq!(tail.lock().events.len(), MOST_EVENTS);
    assert_eq!(taken(&tail, 9, most + 10), None);
    assert_eq!(taken(&tail, 10, 12), Some(vec![11, 12]));
}

#[tokio::test]
async fn a_log_that_is_begun_anew_has_no_pages() {
    let tail = tail([]);
    let page = |actor: &'static str| {
        tail.pages.behind(0, move |_| async move { Some(vec![Event { actor: actor.to_owned(), ..event(1) }]) })
    };
    let actor = |page: Arc<Page>| page.behind(0)[0].event.actor.clone();
    assert_eq!(page("before").await.map(actor).as_deref(), Some("before"));
    assert_eq!(page("after").await.map(actor).as_deref(), Some("before"), "it is kept");
    tail.begin_at(7);
    assert_eq!(page("after").await.map(actor).as_deref(), Some("after"));
}

#[test]
fn a_tail_lasts_as_long_as_it_is_followed() {
    let tails = Tails::default();
    let tenant = |name| TenantId::try_new(name).expect("a tenant");
    let (one, same) = (tails.of(&tenant("acme")), tails.of(&tenant("acme")));
    assert!(Arc::ptr_eq(&one, &same));
    drop((one, same));
    let _other = tails.of(&tenant("umbrella"));
    assert_eq!(tails.0.lock().unwrap().len(), 1);
}

#[test]
fn a_reading_is_joined_until_it_has_ended() {
    let (ended, step) = watch::channel(None);
    assert!(is_under_way(&step));
    ended.send_replace(Some(7));
    assert!(!is_under_way(&step), "it has ended, though its task has not");
    let (failed, step) = watch::channel(None);
    drop(failed);
    assert!(!is_under_way(&step));
}
