//! Events that are told to many: each subscriber hears what it would hear alone, and no subscriber costs a statement.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::app::{ALL, TENANT, USER};
use crate::support::client::{Client, KPLC, payment_input};
use crate::support::meter::Meter;
use crate::support::subscription::Subscription;
use crate::support::{TestApp, list, number, on_both_databases, text};

/// Longer than what was found out of an event is told to others.
const NOT_FRESH: Duration = Duration::from_millis(300);
/// So far is far behind: more than is kept in memory of a log's end.
const FAR: i64 = 3_000;
const SEQUENCES: &str = "subscription ($after: Sequence) { paymentsUpdated(after: $after) { sequence version } }";
const PAYMENTS: &str = "subscription ($after: Sequence) {
    paymentsUpdated(after: $after) { sequence status payment { id status description } } }";
/// Each event's payment has to be known before it is known whether it is told.
const FILTERED: &str = "subscription ($after: Sequence) {
    paymentsUpdated(after: $after, filter: { createdFrom: \"2000-01-01T00:00:00Z\" }) {
      sequence status payment { id status allocations { amount { amount } } } } }";

/// Documents that differ in one thing each, with their variables. Each tells `sequence`, `status` and `payment`.
fn documents() -> Vec<(&'static str, Value)> {
    let variable = "subscription ($n: Int) { paymentsUpdated(after: \"0\") { sequence status
        payment { id status events(first: $n) { sequence version } } } }";
    let condition = "subscription ($more: Boolean!) { paymentsUpdated(after: \"0\") { sequence status
        payment { id status accountReference @include(if: $more) } } }";
    vec![
        (
            "subscription ($after: Sequence) { paymentsUpdated(after: $after) { sequence version status type actor at
               failure { code providerCode providerMessage } payment { ...P } } }
             fragment P on Payment { id status createdBy attempts { number kind } }",
            json!({ "after": "0" }),
        ),
        (
            "subscription { paymentsUpdated(after: \"0\") { sequence status payment { id: status status: id } } }",
            json!({}),
        ),
        (variable, json!({ "n": 1 })),
        (variable, json!({ "n": 3 })),
        (condition, json!({ "more": true })),
        (condition, json!({ "more": false })),
        (
            "subscription { events(after: \"0\") { sequence type ... on PaymentEvent { status
               payment { id status amount { amount } } } } }",
            json!({}),
        ),
    ]
}

/// The document with a field that nobody else asks for.
fn of_its_own(document: &str, number: usize) -> String {
    document.replacen("{ sequence", &format!("{{ alone{number}: __typename sequence"), 1)
}

/// The events up to the last of so many payments, all of which fail.
async fn until_failed(mut heard: Subscription, payments: usize) -> Vec<Value> {
    let (mut events, mut failed) = (Vec::new(), 0);
    while failed < payments {
        let data = heard.next().await;
        let event = data.as_object().and_then(|data| data.values().next()).expect("an event").clone();
        failed += usize::from(event["status"] == "FAILED");
        events.push(event);
    }
    events
}

/// What must be the same whenever it was read: of a payment that goes on, nothing.
fn settled(event: &Value) -> Value {
    let mut event = event.clone();
    let fields = event.as_object_mut().expect("an object");
    fields.retain(|name, _| !name.starts_with("alone"));
    if fields["status"] != "FAILED" {
        fields.remove("payment");
    }
    event
}

fn all_settled(events: &[Value]) -> Vec<Value> {
    events.iter().map(settled).collect()
}

/// What three subscribers hear: two who ask the same, and one who asks it in words of its own.
async fn three(client: &Client, document: &str, variables: &Value, number: usize) -> [Subscription; 3] {
    let alone = of_its_own(document, number);
    [
        client.subscribe(document, variables.clone()).await,
        client.subscribe(&alone, variables.clone()).await,
        client.subscribe(document, variables.clone()).await,
    ]
}

on_both_databases! {
    async fn each_hears_what_it_would_hear_alone(app: TestApp) {
        let (admin, user) = (app.admin(), app.client(TENANT, USER));
        let customer = app.client_with(&app.token_for_customer(TENANT, "customer-1", USER));
        let other = app.client_with(&app.token_for_customer(TENANT, "customer-2", USER));
        let stranger = app.client("umbrella", USER);
        // Of so many payments each hears the end.
        let callers = [(&admin, 3), (&user, 3), (&customer, 1), (&other, 1), (&stranger, 1)];
        let (mut opened, mut serial) = (Vec::new(), 0);
        for (client, payments) in callers {
            for (document, variables) in documents() {
                serial += 1;
                opened.push((payments, three(client, document, &variables, serial).await));
            }
        }
        let mut own = Vec::new();
        for client in [&admin, &customer, &other, &stranger] {
            let payment = client.pay_until("4444444", &["FAILED"]).await;
            own.push(text(&payment, "/id").to_owned());
        }
        let heard = opened.into_iter().map(|(payments, three)| join_all(three.map(|one| until_failed(one, payments))));
        let heard = join_all(heard).await;
        for three in &heard {
            let alone = all_settled(&three[1]);
            assert_eq!(all_settled(&three[0]), alone);
            assert_eq!(all_settled(&three[2]), alone);
        }
        let first: Vec<_> = heard.iter().step_by(documents().len()).map(|three| &three[0]).collect();
        let attempts = |events: &[Value]| list(events.last().expect("an event"), "/payment/attempts").len();
        assert!(attempts(first[0]) > 0, "an administrator sees the calls");
        assert!(first[1..].iter().all(|events| attempts(events) == 0), "nobody else does");
        for (events, payment) in first[2..].iter().zip(&own[1..]) {
            assert!(events.iter().all(|event| text(event, "/payment/id") == payment), "another's payment was told");
        }
    }
}

/// The statements with which so many hear of a payment's life.
async fn cost(app: &TestApp, meter: &Meter, subscribers: usize) -> i64 {
    let client = app.admin();
    let after = json!({ "after": client.head().await });
    let mut all = Vec::new();
    for _ in 0..subscribers {
        all.push(meter.client.subscribe(PAYMENTS, after.clone()).await);
    }
    let mut before = 0;
    // The first is heard so that all have begun.
    for _ in 0..2 {
        before = meter.statements().await;
        client.pay_until("1111111", &["SUCCEEDED"]).await;
        join_all(all.iter_mut().map(|heard| heard.until_status("paymentsUpdated", "SUCCEEDED"))).await;
    }
    meter.statements().await - before
}

on_both_databases! {
    async fn an_event_costs_no_statement_for_each_who_hears_it(app: TestApp) {
        let meter = Meter::start(&app, ALL, &[]).await;
        let one = cost(&app, &meter, 1).await;
        let fifty = cost(&app, &meter, 50).await;
        assert!(fifty < one + 50, "one who hears a payment's life costs {one} statements, fifty cost {fifty}");
    }
}

/// Adds [`FAR`] events like the last one to the log, at once, as another process might.
async fn grow(app: &TestApp) {
    app.execute(&format!(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {FAR})
         INSERT INTO events (tenant_id, sequence, subject_kind, subject_id, subject_version, customer, status, kind,
           actor, at)
         SELECT e.tenant_id, e.sequence + n, e.subject_kind, e.subject_id, e.subject_version + n, e.customer, e.status,
           e.kind, e.actor, e.at
         FROM events e, numbers, event_heads h
         WHERE h.tenant_id = '{TENANT}' AND e.tenant_id = h.tenant_id AND e.sequence = h.sequence"
    ))
    .await;
    app.execute(&format!("UPDATE event_heads SET sequence = sequence + {FAR} WHERE tenant_id = '{TENANT}'")).await;
}

/// Hears the events behind a sequence, up to another one; each must come once and in its place.
async fn hear(heard: &mut Subscription, after: i64, upto: i64) {
    for sequence in after + 1..=upto {
        assert_eq!(number(&heard.next().await, "/paymentsUpdated/sequence"), sequence);
    }
}

/// The statements with which so many hear what they have fallen behind with.
async fn cost_of_far(app: &TestApp, meter: &Meter, document: &str, subscribers: usize) -> i64 {
    let head: i64 = app.admin().head().await.parse().expect("a number");
    let mut all = Vec::new();
    for _ in 0..subscribers {
        all.push(meter.client.subscribe(document, json!({ "after": (head - 1).to_string() })).await);
    }
    // What all have heard something of has begun.
    join_all(all.iter_mut().map(|heard| hear(heard, head - 1, head))).await;
    let before = meter.statements().await;
    grow(app).await;
    join_all(all.iter_mut().map(|heard| hear(heard, head, head + FAR))).await;
    meter.statements().await - before
}

on_both_databases! {
    async fn who_falls_far_behind_misses_nothing_and_reads_with_the_others(app: TestApp) {
        app.admin().pay_until("1111111", &["SUCCEEDED"]).await;
        let meter = Meter::start(&app, ALL, &[]).await;
        let one = cost_of_far(&app, &meter, SEQUENCES, 1).await;
        let ten = cost_of_far(&app, &meter, SEQUENCES, 10).await;
        // One alone reads 15 pages; ten who read by themselves would read 150.
        assert!(ten < one + 75, "one who is far behind costs {one} statements, ten cost {ten}");
    }
}

on_both_databases! {
    async fn what_is_told_one_behind_the_other_is_found_out_together(app: TestApp) {
        app.admin().pay_until("1111111", &["SUCCEEDED"]).await;
        let meter = Meter::start(&app, ALL, &[]).await;
        for (document, subscribers) in [(PAYMENTS, 5), (PAYMENTS, 1), (FILTERED, 5), (FILTERED, 1)] {
            let cost = cost_of_far(&app, &meter, document, subscribers).await;
            // Each event's payment is read; who did that by itself would read 3,000.
            assert!(cost < FAR / 2, "{FAR} events cost {subscribers} who hear them {cost} statements: {document}");
        }
    }
}

on_both_databases! {
    async fn who_begins_far_back_hears_all_and_reads_with_those_who_begin_there_too(app: TestApp) {
        app.admin().pay_until("1111111", &["SUCCEEDED"]).await;
        grow(&app).await;
        let meter = Meter::start(&app, ALL, &[]).await;
        let head: i64 = app.admin().head().await.parse().expect("a number");
        let after = head - FAR;
        let before = meter.statements().await;
        join_all((0..20).map(async |_| {
            let mut heard = meter.client.subscribe(SEQUENCES, json!({ "after": after.to_string() })).await;
            hear(&mut heard, after, head).await;
        }))
        .await;
        let cost = meter.statements().await - before;
        // To begin costs a few for each of them; who read 15 pages by themselves would need 300 besides.
        assert!(cost < 240, "twenty who begin far back cost {cost} statements");
    }
}

on_both_databases! {
    async fn an_error_is_told_to_whom_it_belongs_and_to_nobody_else(app: TestApp) {
        let admin = app.admin();
        let document = "subscription { paymentsUpdated(after: \"0\") { sequence status payment { id
            billNumber { id } } } }";
        let poor = app.client(TENANT, "payments:read");
        let mut one = poor.subscribe(document, json!({})).await;
        let mut rich = admin.subscribe(document, json!({})).await;
        let mut other = poor.subscribe(document, json!({})).await;
        let mut input = payment_input(&admin.biller(KPLC).await, "4444444", "15");
        input["saveBillNumber"] = json!(true);
        let payload = admin.create(input).await;
        admin.wait_for_status(text(&payload, "/payment/id"), &["FAILED"]).await;
        for _ in 0..4 {
            let mut requests = Vec::new();
            for subscription in [&mut one, &mut other] {
                let errors = subscription.refusal().await;
                assert_eq!(text(&errors, "/0/extensions/code"), "FORBIDDEN");
                requests.push(text(&errors, "/0/extensions/requestId").to_owned());
            }
            assert_ne!(requests[0], requests[1], "each is told of its own request");
            let event = rich.next().await["paymentsUpdated"].take();
            assert!(text(&event, "/payment/billNumber/id").starts_with("bln_"), "{event}");
        }
    }
}

on_both_databases! {
    async fn what_is_told_of_the_present_is_read_anew(app: TestApp) {
        let client = app.admin();
        let mut first = client.subscribe(PAYMENTS, json!({ "after": client.head().await })).await;
        client.pay_until("4444444", &["FAILED"]).await;
        let events = first.until_status("paymentsUpdated", "FAILED").await;
        let last = events.last().expect("an event");
        app.execute("UPDATE payments SET description = 'of the present'").await;
        app.clock().advance(NOT_FRESH);
        let before = number(last, "/sequence") - 1;
        let mut second = client.subscribe(PAYMENTS, json!({ "after": before.to_string() })).await;
        let event = second.next().await["paymentsUpdated"].take();
        assert_eq!(event["sequence"], last["sequence"]);
        assert_eq!(text(&event, "/payment/description"), "of the present");
    }
}

on_both_databases! {
    async fn a_subscription_ends_with_an_event_that_cannot_be_told(app: TestApp) {
        let client = app.admin();
        client.pay_until("1111111", &["SUCCEEDED"]).await;
        app.execute("UPDATE events SET status = 'UNHEARD_OF' WHERE sequence = 2").await;
        let document = "subscription { paymentsUpdated(after: \"0\") { sequence status } }";
        for (accept, end) in [
            ("text/event-stream", "event: complete\ndata:\n\n"),
            ("multipart/mixed;boundary=\"graphql\";subscriptionSpec=1.0", "--graphql--\r\n"),
        ] {
            let request = app.http().post(app.url("/graphql")).bearer_auth(app.token(TENANT, USER));
            let request = request.header("accept", accept).json(&json!({ "query": document }));
            // A stream that went on would have no end in time.
            let body = request.send().await.expect("an answer").text().await.expect("a stream that ends");
            assert_eq!(body.matches("\"data\":").count(), 2, "{accept}: {body}");
            assert!(body.contains("\"data\":null") && body.ends_with(end), "{accept}: {body}");
        }
        app.execute("UPDATE events SET status = 'SUBMITTING' WHERE sequence = 2").await;
        let mut again = client.subscribe(PAYMENTS, json!({ "after": "1" })).await;
        assert_eq!(number(&again.next().await, "/paymentsUpdated/sequence"), 2, "who asks again misses nothing");
    }
}
