//! The calls that go wrong once: which have, so that the next one goes right.

use std::collections::HashSet;
use std::sync::Mutex;

use super::super::lock;
use super::draft::Draft;

/// What has gone wrong so far.
#[derive(Default)]
pub(super) struct Interruptions {
    struck: Mutex<HashSet<String>>,
}

impl Interruptions {
    /// Whether this call goes wrong: the first one for a reference does. Without a reference nothing tells a call from
    /// the next one that is equal, so of equal ones every other does.
    pub(super) fn strike(&self, draft: &Draft) -> bool {
        let mut struck = lock(&self.struck);
        match &draft.reference {
            Some(reference) => struck.insert(reference.clone()),
            None => {
                // It has a space, as no reference has.
                let name = format!("{} {:?} {:?}", draft.kind.name(), draft.terms, draft.customer_name);
                if struck.remove(&name) { false } else { struck.insert(name) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::number::Kind;
    use super::super::terms::Terms;
    use super::*;

    #[test]
    fn a_call_goes_wrong_once() {
        let interruptions = Interruptions::default();
        let strikes = |reference: Option<&str>| {
            let draft = Draft {
                kind: Kind::Order,
                reference: reference.map(str::to_owned),
                customer_name: None,
                terms: Terms::default(),
            };
            [(); 4].map(|()| interruptions.strike(&draft))
        };
        assert_eq!(strikes(Some("a")), [true, false, false, false]);
        assert_eq!(strikes(Some("b")), [true, false, false, false]);
        assert_eq!(strikes(None), [true, false, true, false]);
    }
}
