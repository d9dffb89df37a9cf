//! What a caller was told of its keys: who was only ever told that nothing was recorded must find nothing recorded.
//!
//! A refusal is a promise (docs/errors.md). Where a key of which nothing else was said is asked for again, and is
//! answered as a repetition, the promise was false: whoever had taken it for true would have paid in another way.

use std::collections::BTreeMap;

use super::api::{Answer, Trouble};

/// The keys of one caller.
#[derive(Default)]
pub(super) struct Promises {
    keys: BTreeMap<String, Word>,
}

/// What was said of one key.
#[derive(Default)]
struct Word {
    /// Whether it may be recorded, as far as its caller can tell: it was acknowledged, or an answer left it open.
    may_be_recorded: bool,
    /// Whether it was told that it is.
    is_acknowledged: bool,
    /// What first said that nothing was recorded.
    refusal: Option<String>,
}

impl Promises {
    /// Something came in place of what was asked for.
    pub(super) fn answered_nothing(&mut self, key: &str, trouble: &Trouble) {
        let word = self.keys.entry(key.to_owned()).or_default();
        match trouble {
            Trouble::NotReached(_) => {}
            Trouble::Lost(_) | Trouble::Told(_) => word.may_be_recorded = true,
            Trouble::Refused(refusal) => word.refuse(refusal),
        }
    }

    /// Whether this answer is the first to say that it was recorded before, behind an answer that was lost.
    pub(super) fn was_stored_untold(&self, key: &str, answer: &Answer) -> bool {
        let is_replayed = matches!(answer, Answer::Made { replayed: true, .. });
        is_replayed && self.keys.get(key).is_some_and(|word| word.may_be_recorded && !word.is_acknowledged)
    }

    /// It was answered: what is wrong with that, in a sentence.
    pub(super) fn answered(&mut self, key: &str, answer: &Answer) -> Option<String> {
        let word = self.keys.entry(key.to_owned()).or_default();
        match answer {
            Answer::Made { id, number: _, replayed } => {
                let refusal = word.refusal.as_ref().filter(|_| *replayed && !word.may_be_recorded);
                let sentence = refusal.map(|refusal| format!("of key {key} was said {refusal}, and {id} was recorded"));
                word.may_be_recorded = true;
                word.is_acknowledged = true;
                sentence
            }
            Answer::TurnedAway(code) => {
                word.refuse(code);
                None
            }
        }
    }
}

impl Word {
    fn refuse(&mut self, refusal: &str) {
        self.refusal.get_or_insert_with(|| refusal.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(replayed: bool) -> Answer {
        Answer::Made { id: "pay_1".to_owned(), number: None, replayed }
    }

    fn refused() -> Trouble {
        Trouble::Refused("OVERLOADED".to_owned())
    }

    #[test]
    fn what_was_refused_and_is_there_all_the_same_was_refused_falsely() {
        let mut promises = Promises::default();
        promises.answered_nothing("k", &Trouble::NotReached(String::new()));
        promises.answered_nothing("k", &refused());
        assert!(promises.answered("k", &made(true)).is_some_and(|sentence| sentence.contains("OVERLOADED")));
        assert!(promises.answered("k", &made(true)).is_none(), "once is enough");
        assert!(promises.answered("turned-away", &Answer::TurnedAway("BILL_NOT_PAYABLE")).is_none());
        assert!(promises.answered("turned-away", &made(true)).is_some());
    }

    #[test]
    fn a_refusal_that_was_kept_is_none_and_neither_is_one_beside_a_lost_answer() {
        let mut promises = Promises::default();
        promises.answered_nothing("new", &refused());
        assert!(promises.answered("new", &made(false)).is_none());
        assert!(promises.answered("never-refused", &made(true)).is_none());
        for open in [Trouble::Lost(String::new()), Trouble::Told("OUTCOME_UNKNOWN_RETRY_SAME_KEY".to_owned())] {
            let mut promises = Promises::default();
            assert!(!promises.was_stored_untold("open", &made(true)));
            promises.answered_nothing("open", &open);
            promises.answered_nothing("open", &refused());
            assert!(
                promises.was_stored_untold("open", &made(true)) && !promises.was_stored_untold("open", &made(false))
            );
            assert!(promises.answered("open", &made(true)).is_none());
            assert!(!promises.was_stored_untold("open", &made(true)), "it was told");
        }
    }
}
