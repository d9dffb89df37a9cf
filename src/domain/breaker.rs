//! The breaker before a provider: when submissions pause, for how long, and how they begin again.
//!
//! Purpose: a provider that does not answer is not flooded, and comes back under a load of one. Mechanism: several
//! failures in a row open the breaker, where nobody who asked later was answered, or where most calls fail; when the
//! pause is over one submission goes ahead as a probe, of all processes on one database; its answer closes the breaker,
//! its failure opens it for as long as the trouble has lasted already, up to a limit, so that pauses double. Look-ups
//! have no effect and go on throughout; they are counted apart, with the answers to submissions; that they fail opens the
//! breaker, and neither prolongs a pause nor holds a probe back. The numbers are our choice.

use std::time::Duration;

use jiff::Timestamp;

/// How many calls in a row must fail before submissions pause.
pub const FAILURES_IN_A_ROW: u32 = 5;
/// How many calls count as those of late, at most.
const OF_LATE: u32 = 128;
/// How many of them must fail for most to tell anything.
const MANY: u32 = 20;
/// The first pause.
pub const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// No pause that we choose ourselves is longer.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What all processes know of the way to a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Since when it is in the state in which it is.
    pub since: Timestamp,
    /// Until when submissions pause; it stays after its end, until a submission was answered.
    pub paused_until: Option<Timestamp>,
}

/// Whether a submission may go ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// It may.
    Open,
    /// The pause that ended then is over: one may, and the others wait for what comes of it.
    Probe(Timestamp),
    /// None may before then.
    Shut(Timestamp),
}

/// A kind of call, each of which is counted by itself: a provider may answer the one and not the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallKind {
    /// One that has an effect.
    Submission,
    /// One that only asks.
    Question,
}

/// What came of one process's calls of one kind to a provider, many of which are in the air together. `M` are the moments
/// at which they began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calls<M> {
    failed_in_a_row: u32,
    /// When the latest of those began that were answered.
    latest_answered: Option<M>,
    /// Of the calls of late.
    failed: u32,
    answered: u32,
}

impl<M> Default for Calls<M> {
    fn default() -> Self {
        Self { failed_in_a_row: 0, latest_answered: None, failed: 0, answered: 0 }
    }
}

impl<M: Copy + Ord> Calls<M> {
    /// A call that began then was answered.
    pub fn answered(&mut self, began: M) {
        self.failed_in_a_row = 0;
        self.latest_answered = self.latest_answered.max(Some(began));
        self.answered += 1;
        self.forget_old();
    }

    /// A call that began then failed: the so manieth in a row. Nothing where a call that began later was answered, since
    /// what fails slowly is heard of last. Where most calls of late have failed it counts as the last of a row, since
    /// one answer now and then is no provider.
    pub fn failed(&mut self, began: M) -> Option<u32> {
        self.failed += 1;
        self.forget_old();
        let is_overtaken = self.latest_answered >= Some(began);
        if !is_overtaken {
            self.failed_in_a_row += 1;
        }
        if self.failed_in_a_row >= FAILURES_IN_A_ROW || self.mostly_fails() {
            // What comes after the pause is judged by itself.
            (self.failed, self.answered) = (0, 0);
            return Some(self.failed_in_a_row.max(FAILURES_IN_A_ROW));
        }
        (!is_overtaken).then_some(self.failed_in_a_row)
    }

    /// Two of three, of enough.
    fn mostly_fails(&self) -> bool {
        self.failed >= MANY && self.failed > 2 * self.answered
    }

    fn forget_old(&mut self) {
        if self.failed + self.answered >= OF_LATE {
            (self.failed, self.answered) = (self.failed / 2, self.answered / 2);
        }
    }
}

/// Which call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// A submission that went ahead while the way was not known to be good.
    Probe,
    /// Any other call, the so manieth in a row.
    Call {
        /// How many have failed in a row, in this process.
        in_a_row: u32,
    },
}

impl Way {
    /// Whether a submission may go ahead at `now`.
    pub fn gate(&self, now: Timestamp) -> Gate {
        match self.paused_until {
            None => Gate::Open,
            Some(until) if until > now => Gate::Shut(until),
            Some(until) => Gate::Probe(until),
        }
    }

    /// For how long submissions are to pause where the provider asks us to `wait`; nothing where what holds stays as it
    /// is: what a look-up is told, or a call that was in the air, neither shortens a pause nor prolongs it.
    pub fn pause_asked(&self, wait: Duration, is_probe: bool) -> Option<Duration> {
        (is_probe || self.paused_until.is_none()).then_some(wait)
    }

    /// For how long submissions are to pause after a failure; nothing where what holds stays as it is.
    pub fn pause_after(&self, failed: Failed, now: Timestamp) -> Option<Duration> {
        match failed {
            Failed::Probe => Some(self.lasted(now).clamp(FIRST_PAUSE, LONGEST_PAUSE)),
            Failed::Call { in_a_row } if in_a_row < FAILURES_IN_A_ROW => None,
            // Calls that were in the air when the pause began, and look-ups during it, tell nothing new.
            Failed::Call { in_a_row: _ } if self.paused_until.is_some() => None,
            Failed::Call { in_a_row: _ } => Some(FIRST_PAUSE),
        }
    }

    fn lasted(&self, now: Timestamp) -> Duration {
        Duration::try_from(now.duration_since(self.since)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + second).expect("in range")
    }

    fn way(paused_until: Option<i64>) -> Way {
        Way { since: at(0), paused_until: paused_until.map(at) }
    }

    #[test]
    fn a_pause_lets_nothing_through_and_its_end_one() {
        assert_eq!(way(None).gate(at(1)), Gate::Open);
        assert_eq!(way(Some(5)).gate(at(4)), Gate::Shut(at(5)));
        assert_eq!(way(Some(5)).gate(at(5)), Gate::Probe(at(5)));
        assert_eq!(way(Some(5)).gate(at(500)), Gate::Probe(at(5)), "only an answer closes it");
    }

    #[test]
    fn a_single_failure_is_no_reason_to_pause() {
        for in_a_row in 0..FAILURES_IN_A_ROW {
            assert_eq!(way(None).pause_after(Failed::Call { in_a_row }, at(1)), None);
        }
        let last = Failed::Call { in_a_row: FAILURES_IN_A_ROW };
        assert_eq!(way(None).pause_after(last, at(1)), Some(FIRST_PAUSE));
    }

    #[test]
    fn what_fails_slowly_is_no_reason_to_pause_while_those_who_ask_later_are_answered() {
        let mut calls = Calls::default();
        assert_eq!(calls.failed(1), Some(1));
        calls.answered(4);
        assert_eq!([1, 2, 3, 4].map(|began| calls.failed(began)), [None; 4]);
        assert_eq!([5, 6].map(|began| calls.failed(began)), [Some(1), Some(2)]);
        calls.answered(3);
        assert_eq!([4, 5].map(|began| calls.failed(began)), [None, Some(1)], "the latest counts");
    }

    #[test]
    fn where_most_calls_fail_one_answer_now_and_then_keeps_nothing_open() {
        let mut calls = Calls::default();
        // Each twentieth call is answered at once; the others are heard of fifteen seconds later.
        let opens = (0..200).find(|&now| {
            if now % 20 == 0 {
                calls.answered(now);
            }
            let given_up = (now > 15 && (now - 15) % 20 != 0).then(|| calls.failed(now - 15)).flatten();
            given_up.is_some_and(|in_a_row| in_a_row >= FAILURES_IN_A_ROW)
        });
        assert!(opens.is_some_and(|now| now < 60), "{opens:?}");
        // Four of five fail, one after the other, and never five in a row.
        let mut calls = Calls::default();
        let opens = (1..200).find(|&now| {
            let failed = (now % 5 != 0).then(|| calls.failed(now));
            if failed.is_none() {
                calls.answered(now);
            }
            failed.flatten().is_some_and(|in_a_row| in_a_row >= FAILURES_IN_A_ROW)
        });
        assert!(opens.is_some_and(|now| now < 30), "{opens:?}");
        // Where as many are answered, nothing opens however many fail.
        let mut calls = Calls::default();
        for now in 0..1_000 {
            calls.answered(now + 1);
            assert_eq!(calls.failed(now), None, "{now}");
        }
    }

    #[test]
    fn other_calls_prolong_no_pause_and_hold_no_probe_back() {
        let many = Failed::Call { in_a_row: 100 };
        assert_eq!(way(Some(5)).pause_after(many, at(1)), None, "in a pause");
        assert_eq!(way(Some(5)).pause_after(many, at(9)), None, "behind it");
    }

    #[test]
    fn who_is_asked_to_wait_changes_no_pause_but_the_probe() {
        let hour = Duration::from_secs(3_600);
        assert_eq!(way(None).pause_asked(hour, false), Some(hour));
        assert_eq!(way(Some(5)).pause_asked(hour, false), None);
        assert_eq!(way(Some(5)).pause_asked(hour, true), Some(hour));
    }

    #[test]
    fn pauses_double_up_to_a_limit() {
        let mut now = 5;
        let mut pauses = Vec::new();
        for _ in 0..7 {
            let pause = way(Some(now)).pause_after(Failed::Probe, at(now)).expect("a pause").as_secs();
            pauses.push(pause);
            now += i64::try_from(pause).expect("a short pause");
        }
        assert_eq!(pauses, [5, 10, 20, 40, 60, 60, 60]);
    }

    #[test]
    fn a_clock_that_was_put_back_makes_a_short_pause() {
        assert_eq!(way(Some(0)).pause_after(Failed::Probe, at(-100)), Some(FIRST_PAUSE));
    }
}
