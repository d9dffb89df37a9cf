//! Sockets that break the rules of `graphql-transport-ws`: each rule has its closing code.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::socket::{PROTOCOL, Socket};
use crate::support::app::{ALL, TENANT};
use crate::support::client::{KPLC, new_key};
use crate::support::{Db, TestApp, run, text};

const EVENTS: &str = "subscription ($after: Sequence) { events(after: $after) { sequence } }";
const TYPE_NAME: &str = "{ __typename }";
/// Operations on one socket, by default.
const MOST_OPERATIONS: usize = 100;
/// The largest message.
const MOST_BYTES: usize = 65_536;

async fn open(app: &TestApp) -> Socket {
    Socket::open(app, &app.token(TENANT, ALL)).await
}

/// Asserts how the server closes, now.
async fn assert_closed(socket: &mut Socket, code: u16, reason: &str, what: &str) {
    assert_eq!(socket.closed().await, (code, reason.to_owned()), "{what}");
}

/// Asserts that a query is answered: a value, and the end.
async fn assert_answered(socket: &mut Socket, id: &str) {
    let (next, complete) = (socket.hear().await, socket.hear().await);
    assert_eq!((text(&next, "/type"), text(&next, "/id")), ("next", id), "{next}");
    assert_eq!(text(&next, "/payload/data/__typename"), "Query", "{next}");
    assert_eq!(complete, json!({ "type": "complete", "id": id }));
}

/// A `subscribe` of so many bytes.
fn subscribe_of(bytes: usize) -> Message {
    let of = |padding: &str| {
        let payload = json!({ "query": TYPE_NAME, "padding": padding });
        json!({ "type": "subscribe", "id": "1", "payload": payload }).to_string()
    };
    Message::text(of(&"x".repeat(bytes - of("").len())))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g9_a_message_is_read_up_to_its_limit_and_no_further() {
    run(Db::Sqlite, &[], fill_messages).await;
}

async fn fill_messages(app: TestApp) {
    let mut socket = open(&app).await;
    socket.send(subscribe_of(MOST_BYTES)).await;
    assert_answered(&mut socket, "1").await;
    socket.send(subscribe_of(MOST_BYTES + 1)).await;
    assert_closed(&mut socket, 1009, "message too big", "one byte more").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g14_who_does_not_say_who_it_is_in_time_is_closed_with_4408() {
    run(Db::Sqlite, &[], say_nothing).await;
}

async fn say_nothing(app: TestApp) {
    let mut silent = Socket::connect(&app, Some(PROTOCOL)).await;
    let mut chatty = Socket::connect(&app, Some(PROTOCOL)).await;
    chatty.say(&json!({ "type": "ping" })).await;
    assert_eq!(chatty.hear().await["type"], "pong", "a ping is answered before the acknowledgement");
    for (what, socket) in [("silent", &mut silent), ("pings alone", &mut chatty)] {
        assert_closed(socket, 4408, "connection initialisation timeout", what).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g14_saying_twice_who_it_is_is_closed_with_4429() {
    run(Db::Sqlite, &[], say_twice).await;
}

async fn say_twice(app: TestApp) {
    let token = app.token(TENANT, ALL);
    let mut socket = Socket::open(&app, &token).await;
    socket.init(&token).await;
    assert_closed(&mut socket, 4429, "too many initialisation requests", "after the acknowledgement").await;
    let mut hasty = Socket::connect(&app, Some(PROTOCOL)).await;
    hasty.init(&token).await;
    hasty.init(&token).await;
    assert_closed(&mut hasty, 4429, "too many initialisation requests", "before the acknowledgement").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g14_an_operation_before_the_acknowledgement_is_closed_with_4401() {
    run(Db::Sqlite, &[], subscribe_early).await;
}

async fn subscribe_early(app: TestApp) {
    for document in [TYPE_NAME, EVENTS, "mutation { __typename }"] {
        let mut socket = Socket::connect(&app, Some(PROTOCOL)).await;
        socket.subscribe("1", document, json!({})).await;
        assert_closed(&mut socket, 4401, "unauthorized", document).await;
    }
    let mut refused = Socket::connect(&app, Some(PROTOCOL)).await;
    refused.init("nonsense").await;
    assert_closed(&mut refused, 4403, "forbidden", "a token that is none").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g14_an_id_in_use_is_closed_with_4409() {
    run(Db::Sqlite, &[], use_an_id_twice).await;
}

async fn use_an_id_twice(app: TestApp) {
    let mut socket = open(&app).await;
    for _ in 0..2 {
        // An id that is free again may be used again.
        socket.subscribe("1", TYPE_NAME, json!({})).await;
        assert_answered(&mut socket, "1").await;
        socket.subscribe("2", EVENTS, json!({})).await;
        socket.say(&json!({ "type": "complete", "id": "2" })).await;
    }
    socket.subscribe("2", EVENTS, json!({})).await;
    socket.subscribe("2", TYPE_NAME, json!({})).await;
    assert_closed(&mut socket, 4409, "subscriber for this id already exists", "the same id").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g14_what_is_no_message_is_closed_with_4400() {
    run(Db::Sqlite, &[], say_nonsense).await;
}

async fn say_nonsense(app: TestApp) {
    let texts = [
        "",
        "null",
        "[]",
        "{}",
        "{\"type\":",
        r#"{"type":"start","id":"1","payload":{"query":"{a}"}}"#,
        r#"{"type":"next","id":"1","payload":{}}"#,
        r#"{"type":"subscribe","payload":{"query":"{a}"}}"#,
        r#"{"type":"subscribe","id":1,"payload":{"query":"{a}"}}"#,
        r#"{"type":"subscribe","id":"1"}"#,
        r#"{"type":"subscribe","id":"1","payload":[{"query":"{a}"}]}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":1}}"#,
        r#"{"type":"connection_init","payload":"token"}"#,
        r#"{"type":"ping","payload":1}"#,
        r#"{"type":"complete"}"#,
    ];
    for text in texts {
        let mut socket = open(&app).await;
        socket.send(Message::text(text)).await;
        assert_closed(&mut socket, 4400, "invalid message", text).await;
    }
    let mut socket = open(&app).await;
    socket.send(Message::binary(br#"{"type":"ping"}"#.to_vec())).await;
    assert_closed(&mut socket, 4400, "invalid message", "binary").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g14_another_subprotocol_is_closed_with_4406() {
    run(Db::Sqlite, &[], offer_others).await;
}

async fn offer_others(app: TestApp) {
    for offered in [None, Some("graphql-ws"), Some("chat"), Some("graphql-transport-ws2")] {
        let mut socket = Socket::connect(&app, offered).await;
        assert_closed(&mut socket, 4406, "subprotocol not acceptable", offered.unwrap_or("none")).await;
    }
    let mut socket = Socket::connect(&app, Some("graphql-ws, graphql-transport-ws")).await;
    socket.init(&app.token(TENANT, ALL)).await;
    assert_eq!(socket.hear().await["type"], "connection_ack", "ours is among them");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g14_one_operation_more_than_a_socket_may_have_is_closed_with_4429() {
    run(Db::Sqlite, &[], begin_many).await;
}

async fn begin_many(app: TestApp) {
    let mut socket = open(&app).await;
    for number in 0..MOST_OPERATIONS {
        socket.subscribe(&number.to_string(), EVENTS, json!({})).await;
    }
    socket.say(&json!({ "type": "ping" })).await;
    assert_eq!(socket.hear().await["type"], "pong", "as many as it may have");
    // One that has ended leaves its place to another.
    socket.say(&json!({ "type": "complete", "id": "0" })).await;
    socket.subscribe("another", EVENTS, json!({})).await;
    socket.say(&json!({ "type": "ping" })).await;
    assert_eq!(socket.hear().await["type"], "pong", "one has ended");
    socket.subscribe("one more", EVENTS, json!({})).await;
    assert_closed(&mut socket, 4429, "too many operations", "one more").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g14_what_runs_over_a_socket_passes_the_same_guard() {
    run(Db::Sqlite, &[], pass_the_guard).await;
}

async fn pass_the_guard(app: TestApp) {
    let mut socket = open(&app).await;
    let save = |number: u32| format!("a{number}: saveBillNumber(input: $i) {{ errors {{ code }} }} ");
    let mutation =
        |count: u32| format!("mutation ($i: SaveBillNumberInput!) {{ {} }}", (0..count).map(save).collect::<String>());
    let biller = app.admin().biller(KPLC).await;
    let input = json!({ "i": { "billerId": biller, "accountReference": "1111111" } });
    let twice = "mutation ($i: CreatePaymentInput!) { a: createPayment(input: $i) { errors { code } }
        b: createPayment(input: $i) { errors { code } } }";
    let payment = json!({ "i": { "idempotencyKey": new_key(), "amount": { "amount": "15", "currency": "KES" },
        "target": { "account": { "billerId": biller, "accountReference": "1111111" } } } });
    let aliases: String = (0..16).map(|number| format!("a{number}: __typename ")).collect();
    for (document, variables, code) in [
        (mutation(6), input.clone(), "QUERY_TOO_COMPLEX"),
        (twice.to_owned(), payment, "QUERY_TOO_COMPLEX"),
        (format!("{{ {aliases} }}"), json!({}), "QUERY_TOO_COMPLEX"),
        ("{ ...A } fragment A on Query { ...A }".to_owned(), json!({}), "GRAPHQL_VALIDATION_FAILED"),
        ("{".to_owned(), json!({}), "GRAPHQL_PARSE_FAILED"),
        (mutation(1), json!({}), "BAD_USER_INPUT"),
    ] {
        socket.subscribe("1", &document, variables).await;
        let answer = socket.hear().await;
        assert_eq!((&answer["type"], &answer["id"]), (&json!("error"), &json!("1")), "{document}: {answer}");
        assert_eq!(text(&answer, "/payload/0/extensions/code"), code, "{document}: {answer}");
    }
    assert_eq!(app.scalar("SELECT COUNT(*) FROM bill_numbers").await, 0);
    assert_eq!(app.scalar("SELECT COUNT(*) FROM payments").await, 0);
    socket.subscribe("1", &mutation(1), input).await;
    let answer = socket.hear().await;
    assert_eq!(answer["payload"]["data"]["a0"]["errors"], Value::Array(Vec::new()), "{answer}");
    assert_eq!(socket.hear().await, json!({ "type": "complete", "id": "1" }));
    assert_eq!(app.scalar("SELECT COUNT(*) FROM bill_numbers").await, 1);
}
