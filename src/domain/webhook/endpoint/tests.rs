use super::*;
use crate::domain::webhook::Renewal;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_305_600 + second).expect("a time")
}

fn url(text: &str) -> Url {
    Url::parse(text).expect("a URL")
}

fn endpoint(state: EndpointState) -> WebhookEndpoint {
    WebhookEndpoint {
        id: WebhookEndpointId::from_parts(1, &[1; 10]),
        tenant: TenantId::try_new("acme").expect("a tenant"),
        customer: None,
        kind: EndpointKind::Tenant,
        url: Some(url("https://shop.example/hooks")),
        description: Some("the shop".to_owned()),
        event_types: Vec::new(),
        state,
        position: Position::at(40),
        next_at: (state == EndpointState::Failing).then(|| at(300)),
        secret_since: at(0),
        previous_secret_until: None,
        created_by: "tester".to_owned(),
        created_at: at(0),
        updated_at: at(0),
        removed_at: None,
    }
}

#[test]
fn f27_an_endpoint_that_is_gone_or_failing_is_tried_again_once_it_is_updated() {
    let elsewhere = Changes { url: Some(url("https://shop.example/other")), ..Changes::default() };
    let switched_on = Changes { enabled: Some(true), ..Changes::default() };
    for state in [EndpointState::Gone, EndpointState::Failing] {
        for changes in [&elsewhere, &switched_on] {
            let before = endpoint(state);
            assert!(before.begins_afresh(changes));
            let after = before.changed(changes.clone(), at(1));
            assert_eq!((after.state, after.next_at), (EndpointState::Active, Some(at(1))), "{state} {changes:?}");
        }
        let renamed = Changes { description: Some(None), ..Changes::default() };
        let (before, after) = (endpoint(state), endpoint(state).changed(renamed, at(1)));
        assert_eq!((after.state, after.next_at, after.description), (before.state, before.next_at, None));
    }
}

#[test]
fn an_endpoint_that_is_switched_off_stays_off_until_it_is_switched_on() {
    let off = endpoint(EndpointState::Failing).changed(Changes { enabled: Some(false), ..Changes::default() }, at(1));
    assert!(!off.enabled() && !off.state.is_served());
    let moved = off.changed(Changes { url: Some(url("https://shop.example/2")), ..Changes::default() }, at(2));
    assert_eq!(moved.state, EndpointState::Disabled);
    let on = moved.changed(Changes { enabled: Some(true), ..Changes::default() }, at(3));
    assert_eq!((on.state, on.position), (EndpointState::Active, Position::at(40)), "it goes on where it stopped");
}

#[test]
fn the_same_url_again_is_no_change() {
    let before = endpoint(EndpointState::Gone);
    let same = Changes { url: before.url.clone(), ..Changes::default() };
    assert!(!before.begins_afresh(&same));
    assert_eq!(before.changed(same, at(1)).state, EndpointState::Gone);
}

#[test]
fn no_types_stand_for_all_and_each_is_kept_once() {
    let mut endpoint = endpoint(EndpointState::Active);
    assert!(endpoint.wants(EventType::ReminderDue));
    let twice = vec![EventType::PaymentFailed, EventType::PaymentSucceeded, EventType::PaymentFailed];
    endpoint = endpoint.changed(Changes { event_types: Some(twice), ..Changes::default() }, at(1));
    assert_eq!(endpoint.event_types, [EventType::PaymentFailed, EventType::PaymentSucceeded]);
    assert!(!endpoint.wants(EventType::ReminderDue));
}

#[test]
fn a_cursor_only_grows_and_waits_while_a_replay_is_under_way() {
    let live = Position::at(40).moved(41).moved(39);
    assert_eq!((live, live.behind()), (Position::at(41), 41));
    let replaying = live.replaying(10, 12).expect("a replay");
    assert_eq!(replaying.behind(), 9);
    let halfway = replaying.moved(10);
    assert_eq!((halfway.behind(), halfway.cursor), (10, 41));
    assert_eq!(halfway.moved(12), Position::at(41));
    assert_eq!(replaying.moved(20), Position::at(41), "nothing wanted stood in the range");
}

#[test]
fn a_second_replay_joins_the_first() {
    let first = Position::at(100).replaying(50, 60).expect("a replay");
    let joined = first.moved(55).replaying(10, 20).expect("both");
    assert_eq!(joined.replay, Some(Replay { next: 10, through: 60 }));
}

#[test]
fn replays_that_are_joined_are_no_longer_than_one() {
    let first = Position::at(3 * MOST_REPLAYED).replaying(1, MOST_REPLAYED).expect("a replay");
    let refused = first.replaying(MOST_REPLAYED + 1, MOST_REPLAYED + 1).expect_err("a refusal");
    assert_eq!(refused.path, ["input"]);
    assert!(refused.message.contains("a replay of 1 to 100000 is on its way"), "{}", refused.message);
    assert!(first.replaying(MOST_REPLAYED, MOST_REPLAYED).is_ok(), "within it");
    let onwards = first.moved(1).replaying(MOST_REPLAYED + 1, MOST_REPLAYED + 1).expect("a replay");
    assert_eq!(onwards.replay, Some(Replay { next: 2, through: MOST_REPLAYED + 1 }), "what was sent counts no more");
}

#[test]
fn what_is_dropped_is_waited_for_no_more() {
    let failing = endpoint(EndpointState::Failing).relieved(at(1));
    assert_eq!((failing.state, failing.next_at), (EndpointState::Active, Some(at(1))));
    for state in [EndpointState::Gone, EndpointState::Disabled] {
        assert_eq!(endpoint(state).relieved(at(1)).state, state, "who is not served stays so");
    }
}

#[test]
fn a_replay_sends_what_was_handled_and_is_kept() {
    assert_eq!(replay_through(1, None, 40, 1), Ok(40));
    assert_eq!(replay_through(7, Some(9), 40, 1), Ok(9));
    assert_eq!(replay_through(7, Some(400), 40, 1), Ok(40), "what is newer comes by itself");
    let field = |refused: Result<i64, Refusal>| refused.expect_err("a refusal").path.join(".");
    assert_eq!(field(replay_through(0, None, 40, 1)), "input.from");
    assert_eq!(field(replay_through(4, None, 40, 5)), "input.from");
    assert_eq!(field(replay_through(41, None, 40, 1)), "input.from");
    assert_eq!(field(replay_through(9, Some(8), 40, 1)), "input.through");
    assert_eq!(replay_through(1, None, MOST_REPLAYED, 1), Ok(MOST_REPLAYED));
    assert_eq!(field(replay_through(1, None, MOST_REPLAYED + 1, 1)), "input.through");
}

#[test]
fn a_description_is_short_and_printable() {
    assert_eq!(description("  the shop ").expect("a description").as_deref(), Some("the shop"));
    assert_eq!(description(" ").expect("none"), None);
    assert!(description("a\nb").is_err() && description(&"ä".repeat(201)).is_err());
}

#[test]
fn a_renewal_that_follows_soon_upon_another_is_that_one_again() {
    let made = endpoint(EndpointState::Active);
    assert_eq!(made.renewal(at(1)), Renewal::First, "there is no former that it could end");
    let renewed = made.renewed(Renewal::First, at(100));
    assert_eq!(renewed.previous_secret_until, Some(at(100 + 86_400)));
    assert_eq!([699, 700].map(|second| renewed.renewal(at(second))), [Renewal::Repeated, Renewal::First]);
    let again = renewed.clone().renewed(Renewal::Repeated, at(200));
    assert_eq!((again.secret_since, again.previous_secret_until), (at(200), renewed.previous_secret_until));
}
