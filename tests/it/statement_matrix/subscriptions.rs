//! The subscriptions: every field, and each type of event that it may tell, with what it leads to.
//!
//! A subscriber begins so far behind the end of the log that a few events are told, and then so far that many are; what
//! belongs to them must be read for several at once. That is so of events that a follower has heard of when they came, for
//! which one follows the log from before they were made ([`follow`]), and of those that are read from the log for whoever
//! asks for the past. What was answered to one subscriber is told to another who asks the same a moment later, so that
//! each reading asks by another name. What was found out with an event before it is its turn is told for a moment only;
//! so little is asked that it is told in time.

use async_graphql::parser::types::FieldDefinition;
use serde_json::{Value, json};
use tokio_util::task::AbortOnDropHandle;

use super::arguments;
use super::readings::Readings;
use super::schema::{Schema, is_needed};
use super::selection::{Selection, Side};
use super::world::World;
use crate::support::meter::Meter;
use crate::support::subscription::Subscription;
use crate::support::{list, number, text};

const SUBSCRIPTION: &str = "Subscription";
/// How many events are told at first, and then: no more than came of each type since they were followed.
const FEW: usize = 2;
const MANY: usize = super::MANY - super::FEW;
const LEVELS: usize = 1;
const FOLLOW: &str = "subscription ($after: Sequence) { events(after: $after) { sequence } }";
const LOG: &str = "query ($after: Sequence) { events(first: 100, after: $after) {
    nodes { __typename sequence type subject { id } } pageInfo { hasNextPage endCursor } } }";

/// A subscriber who hears all that happens as long as this is kept.
pub async fn follow(meter: &Meter) -> AbortOnDropHandle<()> {
    let head: i64 = meter.client.head().await.parse().expect("a sequence");
    let mut subscription = meter.client.subscribe(FOLLOW, json!({ "after": (head - 1).to_string() })).await;
    // Whoever has heard something has begun.
    subscription.next().await;
    AbortOnDropHandle::new(tokio::spawn(hear(subscription)))
}

async fn hear(mut subscription: Subscription) {
    loop {
        subscription.next().await;
    }
}

/// What is wrong with what the subscriptions cost.
pub async fn faults(meter: &Meter, schema: &Schema, world: &World) -> Vec<String> {
    let log = log(meter).await;
    let mut faults = Vec::new();
    for root in schema.fields(SUBSCRIPTION) {
        let declared = schema.target(root);
        for kind in schema.possible(declared).unwrap_or_else(|| vec![declared]) {
            let told: Vec<i64> = log
                .iter()
                .filter(|event| is_told(event, root, kind, world))
                .map(|event| number(event, "/sequence"))
                .collect();
            let stream =
                Stream { name: format!("{SUBSCRIPTION}.{} of {kind}", root.name.node), schema, root, kind, told };
            faults.extend(stream.fault(meter, world).await);
        }
    }
    faults
}

/// The whole log, oldest first.
async fn log(meter: &Meter) -> Vec<Value> {
    let (mut log, mut after) = (Vec::new(), "0".to_owned());
    loop {
        let data = meter.client.data(LOG, json!({ "after": after })).await;
        log.extend_from_slice(list(&data, "/events/nodes"));
        if data["events"]["pageInfo"]["hasNextPage"] == json!(false) {
            return log;
        }
        text(&data, "/events/pageInfo/endCursor").clone_into(&mut after);
    }
}

/// Whether a field, asked as the rows say, tells an event.
fn is_told(event: &Value, root: &FieldDefinition, kind: &str, world: &World) -> bool {
    let is_asked = |argument: &str| arguments::row(&arguments::place(SUBSCRIPTION, root, argument)).is_some();
    event["__typename"] == kind
        && (!is_asked("filter") || event["type"] == arguments::type_of_event(kind))
        && (!is_asked("id") || event["subject"]["id"] == world.paid())
}

/// The arguments that a field of the subscription needs and that no row fills.
pub fn unfilled(schema: &Schema) -> Vec<String> {
    let mut missing = Vec::new();
    for field in schema.fields(SUBSCRIPTION) {
        let needed = field.arguments.iter().filter(|argument| is_needed(&argument.node));
        let places = needed.map(|argument| arguments::place(SUBSCRIPTION, field, argument.node.name.node.as_str()));
        missing.extend(places.filter(|place| arguments::row(place).is_none()));
    }
    missing
}

/// What a field tells of one type of event.
struct Stream<'a> {
    name: String,
    schema: &'a Schema,
    root: &'a FieldDefinition,
    kind: &'a str,
    /// The events' sequences, oldest first.
    told: Vec<i64>,
}

impl Stream<'_> {
    async fn fault(&self, meter: &Meter, world: &World) -> Option<String> {
        let (few, many) = (self.last(FEW), self.last(MANY));
        if few.len() == many.len() {
            return Some(format!("{}: proves nothing, since there are {} events", self.name, few.len()));
        }
        let known = self.cost(meter, world, few, None).await;
        // Among many may be what none of the few is about, and is read by a statement of its own. A statement an event
        // would add as many as are told more.
        let more = i64::try_from(many.len() - few.len()).expect("a few");
        let allowed = known + more - 1;
        let cost = self.cost(meter, world, many, Some(allowed)).await;
        (cost > allowed).then(|| {
            let name = &self.name;
            format!("{name}: {known} statements for {} events, {cost} for {}", few.len(), many.len())
        })
    }

    fn last(&self, count: usize) -> &[i64] {
        &self.told[self.told.len().saturating_sub(count)..]
    }

    /// The statements with which these events are told, which are the last ones.
    async fn cost(&self, meter: &Meter, world: &World, events: &[i64], allowed: Option<i64>) -> i64 {
        let mut readings = Readings::allowing(allowed);
        let mut before = meter.statements().await;
        while !readings.are_enough() {
            let document = self.document(world, events[0] - 1, before);
            let mut subscription = meter.client.subscribe(&document, json!({})).await;
            for sequence in events {
                assert_eq!(number(&subscription.next().await, "/page/sequence"), *sequence, "{document}");
            }
            let after = meter.statements().await;
            readings.push(after - before);
            before = after;
        }
        readings.least()
    }

    fn document(&self, world: &World, after: i64, reading: i64) -> String {
        let (root, kind) = (self.root, self.kind);
        let mut inner = Selection { schema: self.schema, side: Side::Nodes }.below(kind, LEVELS);
        if self.schema.target(root) != kind {
            inner = format!("... on {kind} {{ {inner} }}");
        }
        let filled = arguments::filled(SUBSCRIPTION, root, kind, world);
        let arguments: Vec<_> = filled.into_iter().chain([format!("after: \"{after}\"")]).collect();
        let arguments = arguments.join(", ");
        format!(
            "subscription {{ page: {}({arguments}) {{ reading{reading}: __typename sequence {inner} }} }}",
            root.name.node
        )
    }
}
