//! F27: receivers of every bad kind. All that happened is told, and little is read of what they say.

use std::time::Duration;

use serde_json::{Value, json};

use super::endpoint::{create, endpoint, keeper, log_behind, schedule, sequences, wait_for_attempts, wait_until_told};
use super::{KEY, TRIAL};
use crate::support::receiver::{Received, Receiver, Reply};
use crate::support::{list, number, on_both_databases, text};

/// What a sender may read of an answer, and what two systems hold between them in their buffers.
const MOST_WRITTEN: u64 = 16 * 1024 * 1024;
/// Longer than the first pause, and than what a receiver asks for here.
const LATER: Duration = Duration::from_secs(40);

/// How an attempt of each kind is told: its status, or the sentence in its place.
fn refusals(elsewhere: String) -> [(Reply, Value, Value); 6] {
    let broken = json!("the connection broke off before an answer came");
    [
        (Reply::Status(500), json!(500), Value::Null),
        (Reply::Status(404), json!(404), Value::Null),
        (Reply::RetryAfter(429, 30), json!(429), Value::Null),
        (Reply::Redirect(elsewhere), json!(307), Value::Null),
        (Reply::Reset, Value::Null, broken),
        (Reply::Hang, Value::Null, json!("no answer came in time")),
    ]
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn f27_whatever_a_receiver_does_each_event_is_told(app: TestApp) {
        let (receiver, elsewhere) = (Receiver::start().await, Receiver::start().await);
        let made = create(&keeper(&app), json!({ "url": receiver.url("/") })).await;
        let start = number(&endpoint(&app, &made.id).await, "/deliveredThrough");
        for (reply, status, trouble) in refusals(elsewhere.url("/moved")) {
            receiver.next(reply.clone());
            schedule(&app, &keeper(&app), &[]).await;
            let failed = wait_for_attempts(&app, &made.id, 1).await;
            assert_eq!((&failed["httpStatus"], &failed["trouble"]), (&status, &trouble), "{reply:?}");
            assert_eq!((text(&failed, "/state"), number(&failed, "/attempts")), ("WAITING", 1), "{reply:?}");
            app.clock().advance(LATER);
            let told = wait_until_told(&app, &made.id).await;
            assert_eq!(text(&told, "/state"), "ACTIVE", "{reply:?}");
        }
        let received = receiver.received();
        let log = log_behind(&app, start).await;
        assert_eq!(sequences(&receiver.taken()), log, "all, in order, each once");
        assert_eq!(sequences(&received), log.iter().flat_map(|sequence| [*sequence; 2]).collect::<Vec<_>>());
        for pair in received.chunks(2) {
            assert_eq!((pair[0].id(), &pair[0].body), (pair[1].id(), &pair[1].body));
        }
        assert!(received.iter().all(|one| one.is_signed_by(&made.secret)));
        assert_eq!(elsewhere.received().len(), 0, "no redirect is followed");
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn f27_an_answer_without_end_is_hung_up_on(app: TestApp) {
        let receiver = Receiver::start().await;
        let made = create(&keeper(&app), json!({ "url": receiver.url("/") })).await;
        let start = number(&endpoint(&app, &made.id).await, "/deliveredThrough");
        receiver.next(Reply::Huge);
        receiver.next(Reply::Drip);
        for _ in 0..3 {
            schedule(&app, &keeper(&app), &[]).await;
        }
        let told = wait_until_told(&app, &made.id).await;
        assert_eq!(list(&told, "/deliveries/nodes").len(), 0, "the status had said that they were taken");
        assert_eq!(sequences(&receiver.received()), log_behind(&app, start).await);
        assert!(receiver.written() < MOST_WRITTEN, "{} bytes", receiver.written());
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn a_receiver_that_fails_holds_up_no_other(app: TestApp) {
        let (bad, good) = (Receiver::start().await, Receiver::start().await);
        bad.always(Reply::Hang);
        let client = keeper(&app);
        let held = create(&client, json!({ "url": bad.url("/") })).await;
        let well = create(&client, json!({ "url": good.url("/") })).await;
        let start = number(&endpoint(&app, &well.id).await, "/deliveredThrough");
        for _ in 0..5 {
            schedule(&app, &client, &[]).await;
        }
        let is_told = |received: &[Received]| received.len() == 5;
        let received = good.wait_until("five webhooks", is_told).await;
        assert_eq!(sequences(&received), log_behind(&app, start).await);
        assert_eq!(number(&endpoint(&app, &held.id).await, "/deliveredThrough"), start);
        let first = bad.wait_for(1).await;
        assert!(first.iter().all(|one| one.sequence() == start + 1), "nothing newer than what it does not take");
    }
}
