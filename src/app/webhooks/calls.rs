//! The calls of a turn: callbacks under way beside each other, and the next begun whenever one ends.
//!
//! Purpose: have each payment told soon, however many others have a receiver that is slow or silent. Mechanism: what is
//! due is read in parts, without those who have their places already ([`super::places`]); what has ended is recorded
//! together with what ended meanwhile, by the turn alone, so that where the lane stands is written by one hand. While
//! some are under way the log is looked at again and again. Guarantee: of a payment one callback at a time is under way,
//! the oldest; no call outlives the lease; and no answer that is waited for ends the turn for the others.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use url::Url;
use uuid::Uuid;

use super::places::{AT_ONCE, Party, Places};
use super::turn::{Letter, PATIENCE, Turn};
use crate::app::App;
use crate::domain::event::Event;
use crate::domain::payment::Payment;
use crate::domain::requester::CustomerId;
use crate::domain::webhook::body::{self, PaymentFacts};
use crate::domain::webhook::{Outcome, Position, Verdict, WebhookDelivery, WebhookEndpoint};
use crate::ports::clock::Deadline;
use crate::store::{Owner, PassedOver, StoreError};

/// How many callbacks one look reads: a hundred beside those that are under way.
const MOST_READ: usize = 100 + AT_ONCE;
/// How long no more is looked for where the last look found nothing new.
const PAUSE: Duration = Duration::from_millis(250);

/// A callback that is due.
struct Call {
    delivery: WebhookDelivery,
    /// Whose place it takes.
    parties: Vec<Party>,
    /// How its URL begins, as it was written, where that names its host.
    beginning: Option<String>,
    /// None where the event or the URL is not kept any more.
    letter: Option<(Url, Letter)>,
}

impl Call {
    /// Whose payment it is.
    fn customer(&self) -> Option<&CustomerId> {
        self.parties.iter().find_map(|party| match party {
            Party::Customer(customer) => Some(customer),
            Party::Host(..) => None,
        })
    }
}

/// A call that has ended.
struct Ended {
    delivery: WebhookDelivery,
    parties: Vec<Party>,
    /// None where there was no time left to send it.
    outcome: Option<Outcome>,
    took: Duration,
}

/// How far a turn has come.
struct Round {
    /// Where the lane stands.
    position: Position,
    places: Places,
    /// What is due and was not begun, the longest due first.
    due: VecDeque<Call>,
    /// The sequences of what is due or under way.
    taken_up: HashSet<i64>,
    /// Whether there may be more due than is known.
    is_stale: bool,
    /// When it is looked again in any case.
    again: Deadline,
}

impl Round {
    fn at(position: Position) -> Self {
        let (places, due, taken_up) = (Places::default(), VecDeque::new(), HashSet::new());
        Self { position, places, due, taken_up, is_stale: true, again: Deadline::after(PAUSE) }
    }

    /// The next that may be begun.
    fn next(&mut self, turn: &Turn<'_>) -> Option<Call> {
        let left = turn.left();
        if left.is_zero() || self.places.are_taken() {
            return None;
        }
        let may_begin = |call: &Call| call.parties.iter().all(|party| self.places.admit(party, left));
        let place = self.due.iter().position(may_begin)?;
        let call = self.due.remove(place)?;
        self.places.take(&call.parties);
        Some(call)
    }

    /// Whether it is to be looked for more.
    fn looks(&self, turn: &Turn<'_>) -> bool {
        !turn.left().is_zero() && !self.places.are_taken() && (self.is_stale || self.again.left().is_zero())
    }

    /// Those who have something due that is known, and no place.
    fn passed_over(&self, turn: &Turn<'_>) -> PassedOver {
        let left = turn.left();
        let mut found = PassedOver::default();
        for call in &self.due {
            for party in call.parties.iter().filter(|party| !self.places.admit(party, left)) {
                match (party, &call.beginning) {
                    (Party::Host(..), Some(beginning)) if found.has_room_for(beginning) => {
                        found.beginnings.insert(beginning.clone());
                    }
                    // Whose host cannot be named, or with too many names, is passed over as a customer.
                    (Party::Host(..), _) => found.customers.extend(call.customer().cloned()),
                    (Party::Customer(customer), _) => {
                        found.customers.insert(customer.clone());
                    }
                }
            }
        }
        found
    }

    /// Takes up what a look found. There may be still more where it read as much as it may, and something of it is new.
    fn found(&mut self, calls: Vec<Call>, is_full: bool) {
        self.is_stale = is_full && !calls.is_empty();
        self.again = Deadline::after(PAUSE);
        self.taken_up.extend(calls.iter().map(|call| call.delivery.sequence));
        self.due.extend(calls);
    }

    fn ended(&mut self, ended: &Ended) {
        self.taken_up.remove(&ended.delivery.sequence);
        self.places.give_back(&ended.parties, ended.took);
    }
}

impl App {
    pub(super) async fn deliver_callbacks(&self, turn: &Turn<'_>) -> Result<(), StoreError> {
        let mut round = Round::at(turn.endpoint().position);
        let mut under_way = FuturesUnordered::new();
        loop {
            while let Some(call) = round.next(turn) {
                under_way.push(self.call_back(turn, call));
            }
            if round.looks(turn) {
                if !self.look(turn, &mut round).await? {
                    return Ok(());
                }
                continue;
            }
            if under_way.is_empty() {
                break;
            }
            let first = tokio::time::timeout(PAUSE, under_way.next()).await;
            let mut ended: Vec<Ended> = first.ok().flatten().into_iter().collect();
            while let Some(Some(one)) = under_way.next().now_or_never() {
                ended.push(one);
            }
            if !self.record_calls(turn, &mut round, ended).await? {
                return Ok(());
            }
        }
        self.store.rest_callbacks(&turn.lane).await
    }

    /// Takes up what has happened and what has come due since. False where the lane is another's by now.
    async fn look(&self, turn: &Turn<'_>, round: &mut Round) -> Result<bool, StoreError> {
        let Some(position) = self.write_callbacks(turn, round.position).await? else { return Ok(false) };
        round.position = position;
        if self.wanes(turn) && !self.record(turn, self.still_due(turn, position), &[], &[]).await? {
            return Ok(false);
        }
        let (endpoint, passed_over) = (turn.endpoint(), round.passed_over(turn));
        let mut due = self.store.callbacks_due(endpoint.id, &passed_over, MOST_READ as u64).await?;
        let is_full = due.len() == MOST_READ;
        due.retain(|delivery| !round.taken_up.contains(&delivery.sequence));
        round.found(self.calls(endpoint, due).await?, is_full);
        Ok(true)
    }

    async fn calls(&self, endpoint: &WebhookEndpoint, due: Vec<WebhookDelivery>) -> Result<Vec<Call>, StoreError> {
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let sequences: Vec<i64> = due.iter().map(|delivery| delivery.sequence).collect();
        let payments: Vec<Uuid> = due.iter().filter_map(|delivery| delivery.payment_id).map(|id| id.uuid()).collect();
        let owner = Owner { tenant: endpoint.tenant.clone(), customer: None };
        let events = self.store.events_at(&endpoint.tenant, &sequences).await?;
        let payments = self.store.payments_by_id(&owner, &payments).await?;
        Ok(due.into_iter().map(|delivery| call(delivery, &events, &payments)).collect())
    }

    async fn call_back(&self, turn: &Turn<'_>, call: Call) -> Ended {
        let Call { delivery, parties, letter, .. } = call;
        let patience = Deadline::after(PATIENCE);
        let outcome = match letter {
            Some((url, letter)) => self.attempt(turn, &url, letter).await,
            None => Some(Outcome::Failed("the event or its payment's callbackUrl is not kept any more".to_owned())),
        };
        Ended { delivery, parties, outcome, took: PATIENCE.saturating_sub(patience.left()) }
    }

    /// Records what came of calls, all together. False where the lane is another's by now; then nothing was recorded.
    async fn record_calls(&self, turn: &Turn<'_>, round: &mut Round, calls: Vec<Ended>) -> Result<bool, StoreError> {
        let (mut after, mut gone) = (Vec::new(), Vec::new());
        for ended in calls {
            round.ended(&ended);
            let Ended { delivery, outcome, .. } = ended;
            let Some(outcome) = outcome else { continue };
            let verdict = self.judge(&outcome, delivery.attempts + 1);
            match verdict {
                Verdict::Gone => gone.extend(delivery.payment_id),
                Verdict::Delivered | Verdict::Retry(_) | Verdict::Dead => {}
            }
            after.push(delivery.after(outcome, verdict, self.clock.now()));
        }
        if after.is_empty() {
            return Ok(true);
        }
        // The next of the same payments is due now. Where others are known, they go first.
        round.is_stale |= round.due.is_empty();
        self.record(turn, self.still_due(turn, round.position), &after, &gone).await
    }
}

fn call(delivery: WebhookDelivery, events: &HashMap<i64, Event>, payments: &HashMap<Uuid, Payment>) -> Call {
    let payment = delivery.payment_id.and_then(|id| payments.get(&id.uuid()));
    let written = payment.and_then(|payment| payment.callback_url.as_deref());
    let url = written.and_then(|written| Url::parse(written).ok());
    let (Some(payment), Some(url), Some(event)) = (payment, url, events.get(&delivery.sequence)) else {
        return Call { delivery, parties: Vec::new(), beginning: None, letter: None };
    };
    let host = url.host_str().map(|host| host.trim_end_matches('.').to_owned());
    let host = host.map(|host| Party::Host(host, url.port_or_known_default()));
    let customer = payment.customer.clone().map(Party::Customer);
    let body = body::of_event(event, Some(&PaymentFacts::from(payment)));
    let letter = Letter { id: body::message_id(delivery.endpoint_id, event), body };
    let beginning = written.and_then(beginning).map(str::to_owned);
    Call { delivery, parties: host.into_iter().chain(customer).collect(), beginning, letter: Some((url, letter)) }
}

/// How a URL begins, through what ends its host and port; all of it where nothing does. None where it is written so that
/// this cannot be seen.
fn beginning(written: &str) -> Option<&str> {
    let host = written.find("://")? + 3;
    match written[host..].find(['/', '?']) {
        // Parsers take `https:///example.com` for `https://example.com`.
        Some(0) => None,
        Some(end) => Some(&written[..=host + end]),
        None => Some(written),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_no_more_than_the_host() {
        assert_eq!(beginning("https://example.com/told?token=hunter2"), Some("https://example.com/"));
        assert_eq!(beginning("https://example.com:8443?token=hunter2"), Some("https://example.com:8443?"));
        assert_eq!(beginning("HTTPS://b\u{fc}cher.example/a"), Some("HTTPS://b\u{fc}cher.example/"));
        assert_eq!(beginning("https://example.com"), Some("https://example.com"));
        // What would stand for other hosts too, or for more than a host, is none.
        for unclear in ["https:example.com/told?token=hunter2", "https:///example.com/told"] {
            assert_eq!(beginning(unclear), None, "{unclear}");
        }
    }
}
