//! What the engine does to the rows, in one change each: the steps of `app::engine` and `store`, without the calls.

use super::case::{Case, NOT_AFTER, Tick, moment, tick_at};
use super::flaw::Flaw;
use super::world::{Worker, World};
use crate::domain::payment::decide::{RecallStage, Situation, Stage, Step, decide};
use crate::domain::payment::evidence::{Verdict, weigh_answer};
use crate::domain::payment::fold::{Fold, State, fold};
use crate::domain::payment::status::{PaymentStatus, ReviewReason};

impl World {
    /// `Submission::situation`.
    fn situation(&self, case: &Case) -> Situation {
        let row = &self.row;
        Situation {
            stage: Stage::of([self.payment.status]),
            now: moment(self.now),
            run_at: moment(0),
            not_after: moment(NOT_AFTER),
            submits: u32::from(row.submits),
            last_submit_at: row.last_submit_at.map(moment),
            last_submit_verdict: row.was_declined.then_some(Verdict::Declined),
            key_first_used_at: row.key_first_used_at.map(moment).filter(|_| !case.has(Flaw::KeyAgeIgnored)),
            look_ups: u32::from(row.was_looked_up),
            last_look_up: row.last_look_up.map(|(said, tick)| (said, moment(tick))),
            look_up_requested: row.look_up_requests > row.look_up_requests_met,
            provider_reference_known: false,
            review_at: moment(case.review_at),
            submits_paused_until: None,
            recall: RecallStage::None,
        }
    }

    /// `App::next_step`: what the product decides, or what the flaw makes of it.
    pub(super) fn decided(&self, case: &Case) -> Step {
        let situation = self.situation(case);
        let step = decide(&situation, &case.safety);
        let is_not_found = matches!(situation.last_look_up, Some((Verdict::NotFound, _)));
        if situation.stage != Stage::Unknown || !is_not_found {
            return step;
        }
        let is_quiet = step == Step::Review(ReviewReason::NoSafeAction);
        let is_sent_again = case.has(Flaw::NotFoundIsProof) || (case.has(Flaw::QuietTimeIsProof) && is_quiet);
        if is_sent_again { Step::Submit } else { step }
    }

    /// `App::next_look`.
    fn next_look(&self, case: &Case) -> Option<Tick> {
        match self.decided(case) {
            Step::WaitUntil(next) => Some(tick_at(next)),
            Step::Rest => None,
            Step::Submit | Step::LookUp | Step::Recall | Step::Release | Step::Expire | Step::Review(_) => {
                Some(self.now)
            }
        }
    }

    /// `App::apply`: the evidence is folded into the payment.
    fn apply(&mut self, said: Verdict, case: &Case) {
        if let Some(status) = last_word(said).filter(|_| case.has(Flaw::LastWriterWins)) {
            self.payment = State::of(status);
            return;
        }
        match fold(self.payment, said) {
            Fold::Become(next) => self.payment = next,
            Fold::Stay | Fold::Refuse => {}
        }
    }

    /// `Work::release`: the lease is given back, and the row comes due at `next`.
    fn release(&mut self, next: Option<Tick>) {
        self.row.leased_at = None;
        self.row.next_action_at = next;
    }

    /// `App::claim`: a new fence and a lease; who was SUBMITTING has lost its holder.
    #[must_use]
    pub(super) fn claimed(mut self, case: &Case) -> Self {
        self.row.claims += 1;
        self.row.leased_at = Some(self.now);
        self.workers = self.workers.map(Worker::overtaken);
        if self.row.submits > 0 && self.payment.status == PaymentStatus::Submitting {
            self.apply(Verdict::Unclear, case);
        }
        self
    }

    /// `App::mark` and `Work::mark`: counted, frozen and due again when the lease ends.
    #[must_use]
    pub(super) fn marked(mut self) -> Self {
        let row = &mut self.row;
        row.undetermined[row.attempts] = true;
        row.attempts += 1;
        row.submits += 1;
        row.last_submit_at = Some(self.now);
        row.was_declined = false;
        row.key_first_used_at = row.key_first_used_at.or(Some(self.now));
        row.was_looked_up = false;
        row.last_look_up = None;
        row.next_action_at = Some(self.now + 1);
        self.payment = State::of(PaymentStatus::Submitting);
        self
    }

    /// `App::try_settle`: the answer to an attempt is stored, by whoever made it.
    #[must_use]
    pub(super) fn settled(mut self, holds: bool, attempt: usize, said: Verdict, case: &Case) -> Self {
        let holds = holds || case.has(Flaw::NoFence);
        let others = self.row.undetermined.iter().enumerate().any(|(number, open)| *open && number != attempt);
        self.row.undetermined[attempt] = is_undetermined(said);
        self.apply(if holds && !others { said } else { weigh_answer(said, true) }, case);
        if holds {
            self.row.last_submit_at = Some(self.now);
            self.row.was_declined = said == Verdict::Declined;
            self.release(self.next_look(case));
        } else {
            self.reawaken(case);
        }
        self
    }

    /// `App::settle_look_up`: what a look-up said is stored, by whoever asked.
    #[must_use]
    pub(super) fn settled_look_up(mut self, holds: bool, said: Verdict, (began, met): (Tick, u8), case: &Case) -> Self {
        self.apply(said, case);
        if holds || case.has(Flaw::NoFence) {
            self.row.was_looked_up = true;
            self.row.last_look_up = Some((said, began));
            self.row.look_up_requests_met = met;
            self.release(self.next_look(case));
        } else {
            self.reawaken(case);
        }
        self
    }

    /// `App::reawaken`: what was reopened by a former holder comes due where nobody would look at it again.
    fn reawaken(&mut self, case: &Case) {
        if !case.has(Flaw::LateWordIsNotScheduled) && self.row.next_action_at.is_none() {
            self.row.next_action_at = self.next_look(case);
        }
    }

    /// `App::advance`, for the steps that call nobody; nothing for those that do.
    pub(super) fn carried_out(mut self, step: Step, case: &Case) -> Option<Self> {
        let to = match step {
            Step::Submit | Step::LookUp | Step::Recall => return None,
            Step::WaitUntil(next) => {
                self.release(Some(tick_at(next)));
                return Some(self);
            }
            Step::Rest => {
                self.release(None);
                return Some(self);
            }
            Step::Release => State::of(PaymentStatus::Ready),
            Step::Expire => State::of(PaymentStatus::Cancelled),
            Step::Review(_) if case.has(Flaw::GivingUpIsFailed) => State::of(PaymentStatus::Failed),
            Step::Review(reason) => State::in_review(reason),
        };
        // `App::change_all`.
        if self.is_open() {
            self.payment = to;
        }
        self.release(self.next_look(case));
        Some(self)
    }

    /// `App::act_on`: a callback that is evidence.
    #[must_use]
    pub(super) fn told(mut self, said: Verdict, case: &Case) -> Self {
        self.apply(said, case);
        self.row.next_action_at = self.next_look(case);
        self
    }
}

/// `attempt::attempt_state`, as far as `Work::other_submit_undetermined` reads it.
fn is_undetermined(said: Verdict) -> bool {
    match said {
        Verdict::Unclear | Verdict::NotFound | Verdict::Accepted => true,
        Verdict::NotSent
        | Verdict::Succeeded
        | Verdict::Declined
        | Verdict::Cancelled
        | Verdict::Reversed
        | Verdict::DisbursementFailed
        | Verdict::FundingFailed
        | Verdict::Mismatch
        | Verdict::ConfirmedSucceeded
        | Verdict::ConfirmedFailed => false,
    }
}

/// What an answer makes of a payment where the last one counts.
fn last_word(said: Verdict) -> Option<PaymentStatus> {
    match said {
        Verdict::Unclear => Some(PaymentStatus::Unknown),
        Verdict::Accepted => Some(PaymentStatus::Pending),
        Verdict::Declined => Some(PaymentStatus::Failed),
        Verdict::NotSent
        | Verdict::Succeeded
        | Verdict::NotFound
        | Verdict::Cancelled
        | Verdict::Reversed
        | Verdict::DisbursementFailed
        | Verdict::FundingFailed
        | Verdict::Mismatch
        | Verdict::ConfirmedSucceeded
        | Verdict::ConfirmedFailed => None,
    }
}
