//! What the provider may do next: everything that its class allows, and as late as it may.

use super::case::{Case, KEY_LIFE};
use super::flaw::Flaw;
use super::search::{Deed, Next, Who};
use super::world::{Provider, Record, Request, World};
use crate::domain::payment::evidence::Verdict;

/// What a callback may say, in the order of `Provider::notices`.
const NOTICES: [Verdict; 3] = [Verdict::Accepted, Verdict::Succeeded, Verdict::Declined];
/// How many callbacks that are only hints are searched.
const MOST_HINTS: u8 = 1;

/// Every next step of the provider.
pub(super) fn steps(world: &World, case: &Case, next: &mut Vec<Next>) {
    for (attempt, request) in world.provider.requests.into_iter().enumerate() {
        match request {
            Request::Travelling { .. } => process(world, case, attempt, next),
            Request::None | Request::Answered(_) => {}
        }
    }
    if world.provider.record == Record::Held {
        let carried_out = world.provider.pays();
        next.push((Deed::of(Who::Provider, "carries out what it held"), World { provider: carried_out, ..*world }));
        let refused = Provider { record: Record::Refused, ..world.provider }.notes(Verdict::Declined);
        next.push((Deed::of(Who::Provider, "refuses what it held"), World { provider: refused, ..*world }));
    }
    call_back(world, case, next);
}

/// A request arrives. Where a key protects, a repetition is recognised, and answered as the first or refused; else
/// it is a request like any other.
fn process(world: &World, case: &Case, attempt: usize, next: &mut Vec<Next>) {
    let mut push = |what: &'static str, mut provider: Provider, said: Verdict| {
        provider.requests[attempt] = Request::Answered(said);
        let deed = Deed::of(Who::Provider, what).attempt(attempt).said(said);
        next.push((deed, World { provider, ..*world }));
    };
    let before = world.provider;
    let is_forgotten = before.known_since.is_some_and(|since| world.now >= since + KEY_LIFE);
    let knows_keys = case.has_key() && !case.has(Flaw::NewKeyPerTry);
    if let Some(recorded) = before.record.verdict().filter(|_| knows_keys && !is_forgotten) {
        push("recognises a repetition", before, recorded);
        if recorded != Verdict::Declined {
            push("refuses a repetition", before, Verdict::Declined);
        }
        return;
    }
    let known = Provider { known_since: case.has_key().then_some(world.now), is_fresh: true, ..before };
    push("executes a request", known.pays(), Verdict::Succeeded);
    if matches!(before.record, Record::None | Record::Refused) {
        let held = Provider { record: Record::Held, ..known }.notes(Verdict::Accepted);
        push("takes a request", held, Verdict::Accepted);
    }
    if before.record == Record::None {
        let refused = Provider { record: Record::Refused, ..known }.notes(Verdict::Declined);
        push("refuses a request for good", refused, Verdict::Declined);
    }
    push("refuses a request, and keeps no record", before, Verdict::Declined);
}

/// A callback says what is or was true, however late and however often; an unsigned one only that there is news.
fn call_back(world: &World, case: &Case, next: &mut Vec<Next>) {
    for (said, _) in NOTICES.into_iter().zip(world.provider.notices).filter(|(_, is_known)| *is_known) {
        if case.has_evident_callbacks() {
            next.push((Deed::of(Who::Provider, "calls back").said(said), world.told(said, case)));
        } else if world.row.look_up_requests < MOST_HINTS {
            let mut hinted = *world;
            hinted.row.look_up_requests += 1;
            hinted.row.next_action_at = Some(world.now);
            next.push((Deed::of(Who::Provider, "calls back, unsigned"), hinted));
        }
    }
}

impl Provider {
    /// What a look-up may say: the truth, "not found" while that is fresh, or nothing that can be used.
    pub(super) fn told(&self) -> impl Iterator<Item = Verdict> {
        let recorded = self.record.verdict();
        let not_found = (recorded.is_none() || self.is_fresh).then_some(Verdict::NotFound);
        recorded.into_iter().chain(not_found).chain([Verdict::Unclear])
    }

    /// Money moves.
    fn pays(mut self) -> Self {
        self.record = Record::Paid;
        self.effects += 1;
        self.notes(Verdict::Succeeded)
    }

    /// From now on a callback may say this.
    fn notes(mut self, said: Verdict) -> Self {
        for (notice, is_known) in NOTICES.into_iter().zip(&mut self.notices) {
            *is_known |= notice == said;
        }
        self
    }
}

impl Record {
    /// What the books say of it, where they say anything.
    fn verdict(self) -> Option<Verdict> {
        match self {
            Self::None => None,
            Self::Held => Some(Verdict::Accepted),
            Self::Paid => Some(Verdict::Succeeded),
            Self::Refused => Some(Verdict::Declined),
        }
    }
}
