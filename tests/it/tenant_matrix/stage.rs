//! Who asks whom: the owner, its whole tenant, and two strangers; and the checks of each kind of row.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::row::{Row, Rule, Taken};
use super::things::Thing;
use super::world::{OWNER, World, make_own};
use crate::support::app::{ALL, TENANT};
use crate::support::client::Client;
use crate::support::{TestApp, list};

/// How often a stranger is asked anew where its own things moved between two questions.
const MOST_TRIES: usize = 3;
/// How long a stranger's subscription may still speak once the owner's has spoken.
const GRACE: Duration = Duration::from_millis(300);
/// What strangers would like to change.
const STATE: &str = "{ payments { nodes { id status cancellation { state } voids { kind } } }
    billNumbers { nodes { id description } } controlNumbers { nodes { id description } }
    apiClients { nodes { id revokedAt } }
    webhookEndpoints { nodes { id url enabled eventTypes replay { next } secretSince updatedAt } } }";

/// One who must be told nothing.
pub struct Stranger {
    who: &'static str,
    client: Client,
    /// Whether idempotency keys are the owner's too.
    is_of_the_tenant: bool,
}

/// A server with everyone on it.
pub struct Stage {
    owner: Client,
    whole: Client,
    strangers: [Stranger; 2],
    world: World,
}

impl Stage {
    /// Makes what there is: the owner's things first, so that in their common log they stand before those of the other
    /// customer, whose subscriptions would hear them first.
    pub async fn set(app: &TestApp) -> Self {
        let scopes = format!("{ALL} webhooks:write");
        let owner = app.client_with(&app.token_for_customer(TENANT, OWNER, &scopes));
        let whole = app.client(TENANT, &scopes);
        let world = World::make(app, &owner, &whole).await;
        let other = app.client_with(&app.token_for_customer(TENANT, "somebody-else", &scopes));
        let strangers = [
            Stranger { who: "another tenant", client: app.client("umbrella", &scopes), is_of_the_tenant: false },
            Stranger { who: "another customer", client: other, is_of_the_tenant: true },
        ];
        join_all(strangers.iter().map(|stranger| make_own(app, &stranger.client))).await;
        Self { owner, whole, strangers, world }
    }

    pub fn strangers(&self) -> &[Stranger] {
        &self.strangers
    }

    /// How the owner's things stand.
    pub async fn state(&self) -> Value {
        self.owner.data(STATE, json!({})).await
    }

    /// Where a stranger is told more than it should be, by queries and mutations.
    pub async fn leaks(&self, stranger: &Stranger, rows: &[&Row]) -> Vec<String> {
        let mut leaks = Vec::new();
        for row in rows {
            let fault = match row.rule {
                Rule::Hidden(thing) => self.told_apart(stranger, row, thing).await,
                Rule::Taken(thing, Taken::InItsTenant) if !stranger.is_of_the_tenant => {
                    self.told_apart(stranger, row, thing).await
                }
                Rule::Taken(thing, taken) => self.told_of_the_taken(stranger, row, thing, taken).await,
                Rule::Own => self.shown(&ask(&stranger.client, row, "").await),
                Rule::Refused(_) | Rule::Silent(_) | Rule::Followed(_) => None,
            };
            leaks.extend(fault.map(|fault| format!("{}, {}: {fault}", row.place, stranger.who)));
        }
        leaks
    }

    /// The answers for the owner's thing and for none, where they differ or hold something of the owner's.
    async fn told_apart(&self, stranger: &Stranger, row: &Row, thing: Thing) -> Option<String> {
        let theirs = self.world.name(thing);
        let mut difference = None;
        for _ in 0..MOST_TRIES {
            let nothing = thing.absent(theirs);
            let one = ask(&stranger.client, row, theirs).await;
            let other = ask(&stranger.client, row, &nothing).await;
            if one == other {
                return self.shown(&one);
            }
            difference = Some(format!("told for {thing:?}: {one}, for none: {other}"));
        }
        difference
    }

    async fn told_of_the_taken(&self, stranger: &Stranger, row: &Row, thing: Thing, taken: Taken) -> Option<String> {
        let told = ask(&stranger.client, row, self.world.name(thing)).await;
        if !told.contains(taken.code()) {
            return Some(format!("{} is not told: {told}", taken.code()));
        }
        self.shown(&told)
    }

    /// What an answer holds of the owner's, if anything.
    fn shown(&self, answer: &str) -> Option<String> {
        let marks = self.world.marks_in(answer);
        (!marks.is_empty()).then(|| format!("it holds {marks:?}: {answer}"))
    }

    /// Rows of which the owner is told the same as the strangers, or nothing: they prove nothing.
    pub async fn vacuous(&self, rows: &[&Row]) -> Vec<String> {
        let mut vacuous = Vec::new();
        for row in rows {
            let has_meaning = match row.rule {
                Rule::Hidden(thing) => self.owner_is_told_more(row, thing).await,
                Rule::Taken(thing, taken) => ask(&self.owner, row, self.world.name(thing)).await.contains(taken.code()),
                Rule::Own => {
                    self.shown(&ask(&self.owner, row, "").await).is_some()
                        || self.shown(&ask(&self.whole, row, "").await).is_some()
                }
                // Tried where the strangers listen.
                Rule::Refused(_) | Rule::Silent(_) | Rule::Followed(_) => true,
            };
            if !has_meaning {
                vacuous.push(format!("{}: its owner is told no more than a stranger", row.place));
            }
        }
        vacuous
    }

    async fn owner_is_told_more(&self, row: &Row, thing: Thing) -> bool {
        let theirs = self.world.name(thing);
        let mut strangers = Vec::new();
        for stranger in &self.strangers {
            strangers.push(ask(&stranger.client, row, theirs).await);
        }
        let is_more = |told: String| !strangers.contains(&told);
        is_more(ask(&self.owner, row, theirs).await) || is_more(ask(&self.whole, row, theirs).await)
    }

    /// Where a stranger hears more than it should by subscriptions, or the owner hears nothing.
    pub async fn heard_by_strangers(&self, rows: &[&Row]) -> Vec<String> {
        join_all(rows.iter().map(|row| self.heard(row))).await.into_iter().flatten().collect()
    }

    async fn heard(&self, row: &Row) -> Option<String> {
        let fault = match row.rule {
            Rule::Refused(thing) => self.refused_apart(row, thing).await,
            Rule::Silent(thing) => self.heard_in_silence(row, thing).await,
            Rule::Followed(events) => self.heard_of_others(row, events).await,
            Rule::Hidden(_) | Rule::Own | Rule::Taken(..) => None,
        };
        fault.map(|fault| format!("{}: {fault}", row.place))
    }

    async fn refused_apart(&self, row: &Row, thing: Thing) -> Option<String> {
        let theirs = self.world.name(thing);
        for stranger in &self.strangers {
            let one = refusal(&stranger.client, row, theirs).await;
            let other = refusal(&stranger.client, row, &thing.absent(theirs)).await;
            if one != other {
                return Some(format!("{} is told {one}, for none {other}", stranger.who));
            }
        }
        self.owner.subscribe(row.document, json!({ "id": theirs })).await.next().await;
        None
    }

    /// The owner's subscription speaks at once; the strangers', which were there before it, must not.
    async fn heard_in_silence(&self, row: &Row, thing: Thing) -> Option<String> {
        let variables = json!({ "id": self.world.name(thing) });
        let listening = self.strangers.iter().map(|stranger| {
            let subscribed = stranger.client.subscribe(row.document, variables.clone());
            async move { (stranger.who, subscribed.await) }
        });
        let listening = join_all(listening).await;
        self.owner.subscribe(row.document, variables.clone()).await.next().await;
        let heard = listening.into_iter().map(|(who, mut subscription)| async move {
            timeout(GRACE, subscription.next()).await.ok().map(|event| format!("{who} hears of {thing:?}: {event}"))
        });
        join_all(heard).await.into_iter().flatten().next()
    }

    /// A stranger hears its own events, each, and no other before them or between.
    async fn heard_of_others(&self, row: &Row, events: &str) -> Option<String> {
        for stranger in &self.strangers {
            let own = own_events(&stranger.client, events).await;
            assert!(!own.is_empty(), "{}: {} has nothing to hear", row.place, stranger.who);
            let mut subscription = stranger.client.subscribe(row.document, json!({})).await;
            for sequence in own {
                let event = subscription.next().await.to_string();
                if !event.contains(&format!("\"sequence\":{sequence}")) {
                    return Some(format!("{} hears {event} where {sequence} is its next", stranger.who));
                }
                if let Some(shown) = self.shown(&event) {
                    return Some(format!("{}: {shown}", stranger.who));
                }
            }
        }
        let event = self.owner.subscribe(row.document, json!({})).await.next().await.to_string();
        self.shown(&event).is_none().then(|| format!("its owner does not hear of its own first: {event}"))
    }
}

/// The sequences, as JSON writes them, of the events of a type that a client's log holds; of all where it is "".
async fn own_events(client: &Client, kind: &str) -> Vec<String> {
    let document = "{ events(first: 100) { nodes { __typename sequence } } }";
    let log = client.data(document, json!({})).await;
    list(&log, "/events/nodes")
        .iter()
        .filter(|event| kind.is_empty() || event["__typename"] == kind)
        .map(|event| event["sequence"].to_string())
        .collect()
}

/// The answer to a row's question, so that two can be compared: without the request's id and the name that was asked
/// for.
async fn ask(client: &Client, row: &Row, name: &str) -> String {
    let variables = if name.is_empty() { json!({}) } else { json!({ "id": name }) };
    let answer = client.raw(row.document, &variables).await;
    assert!(!answer.contains("GRAPHQL_"), "{}: the document is not valid: {answer}", row.place);
    let mut answer: Value = serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"));
    without_request_ids(answer.get_mut("errors"));
    let answer = answer.to_string();
    if name.is_empty() { answer } else { answer.replace(name, "THE NAME") }
}

/// The errors with which a subscription is refused, in the same form.
async fn refusal(client: &Client, row: &Row, name: &str) -> String {
    let mut errors = client.subscribe(row.document, json!({ "id": name })).await.refusal().await;
    without_request_ids(Some(&mut errors));
    errors.to_string().replace(name, "THE NAME")
}

fn without_request_ids(errors: Option<&mut Value>) {
    for error in errors.and_then(Value::as_array_mut).into_iter().flatten() {
        error["extensions"]["requestId"] = Value::Null;
    }
}
