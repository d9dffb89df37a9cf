//! Sending again: a part of the log, under the same ids, before what is new.

use serde_json::{Value, json};

use super::endpoint::{
    WHOLE, create, done, endpoint, keeper, log_behind, pause_of, refused, schedule, sequences, wait_for,
    wait_for_attempts, wait_until_told,
};
use super::{KEY, TRIAL};
use crate::support::receiver::{Receiver, Reply};
use crate::support::{number, on_both_databases, text};

on_both_databases! {
    with [KEY, TRIAL]
    async fn a_part_of_the_log_is_sent_again_under_the_same_ids(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        let made = create(&client, json!({ "url": receiver.url("/") })).await;
        let start = number(&endpoint(&app, &made.id).await, "/deliveredThrough");
        for _ in 0..6 {
            schedule(&app, &client, &[]).await;
        }
        wait_until_told(&app, &made.id).await;
        let (from, through) = ((start + 2).to_string(), (start + 4).to_string());
        let part = json!({ "webhookEndpointId": made.id, "from": from, "through": through });
        let asked = done(&client, "replayWebhooks", WHOLE, part).await;
        let replay = &asked["webhookEndpoint"]["replay"];
        assert_eq!((text(replay, "/next"), text(replay, "/through")), (from.as_str(), through.as_str()));
        schedule(&app, &client, &[]).await;
        let told = wait_until_told(&app, &made.id).await;
        assert_eq!(told["replay"], Value::Null);
        let received = receiver.received();
        let mut expected: Vec<i64> = (start + 1..=start + 6).collect();
        expected.extend([start + 2, start + 3, start + 4, start + 7]);
        assert_eq!(sequences(&received), expected, "what is new waits until it is through");
        assert_eq!(log_behind(&app, start).await.len(), 7);
        for (again, first) in received[6..9].iter().zip(&received[1..4]) {
            assert_eq!((again.id(), &again.body), (first.id(), &first.body));
            assert!(again.is_signed_by(&made.secret));
        }
        let whole = json!({ "webhookEndpointId": made.id, "from": from });
        done(&client, "replayWebhooks", "__typename", whole).await;
        wait_for(&app, &made.id, "all to be sent again", |found| found["replay"].is_null()).await;
        assert_eq!(sequences(&receiver.received()[10..]), (start + 2..=start + 7).collect::<Vec<_>>());
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn what_fails_while_it_is_sent_again_is_tried_again_in_its_place(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        let made = create(&client, json!({ "url": receiver.url("/") })).await;
        for _ in 0..3 {
            schedule(&app, &client, &[]).await;
        }
        let told = wait_until_told(&app, &made.id).await;
        let last = number(&told, "/deliveredThrough");
        receiver.next(Reply::Status(500));
        let whole = json!({ "webhookEndpointId": made.id, "from": (last - 2).to_string() });
        done(&client, "replayWebhooks", "__typename", whole).await;
        let failed = wait_for_attempts(&app, &made.id, 1).await;
        assert_eq!(number(&failed, "/sequence"), last - 2);
        app.clock().advance(pause_of(&failed));
        wait_for(&app, &made.id, "all to be sent again", |found| found["replay"].is_null()).await;
        assert_eq!(sequences(&receiver.received()[3..]), [last - 2, last - 2, last - 1, last]);
    }
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn a_range_lies_within_what_was_told(app: TestApp) {
        let receiver = Receiver::start().await;
        let client = keeper(&app);
        schedule(&app, &client, &[]).await;
        let made = create(&client, json!({ "url": receiver.url("/") })).await;
        let head = number(&endpoint(&app, &made.id).await, "/deliveredThrough");
        let range = |from: i64, through: Option<i64>| {
            let through = through.map(|through| through.to_string());
            json!({ "webhookEndpointId": made.id, "from": from.to_string(), "through": through })
        };
        for (input, place) in [
            (range(0, None), "input.from"),
            (range(head + 1, None), "input.from"),
            (range(head, Some(head - 1)), "input.through"),
        ] {
            let told = refused(&client, "replayWebhooks", input.clone()).await;
            assert_eq!(told, ("BAD_USER_INPUT".to_owned(), place.to_owned()), "{input}");
        }
        done(&client, "replayWebhooks", "__typename", range(1, Some(head + 100))).await;
        receiver.wait_for(1).await;
        wait_for(&app, &made.id, "all to be sent", |found| found["replay"].is_null()).await;
        assert_eq!(sequences(&receiver.received()), (1..=head).collect::<Vec<_>>(), "what was before it, too");
    }
}
