//! The control numbers that were made, each once: a reference is taken by whoever comes first.

use std::collections::HashMap;
use std::sync::Mutex;

use rust_decimal::Decimal;

use super::super::effects::Effect;
use super::super::lock;
use super::draft::Draft;
use super::number::{BillStatus, ControlNumber, Kind};
use super::rejection::Rejection;
use super::terms::Terms;

/// All numbers, in the order in which they were made.
#[derive(Default)]
pub(super) struct Numbers {
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    numbers: Vec<ControlNumber>,
    places: HashMap<String, usize>,
}

impl Numbers {
    /// The numbers on which the ledger shows money, closed: what they asked for is forgotten.
    pub(super) fn restored(effects: &[Effect]) -> Self {
        let mut book = Book::default();
        for effect in effects {
            let amount = Decimal::from_str_exact(&effect.amount).unwrap_or_default();
            match book.places.get(&effect.account) {
                Some(place) => book.numbers[*place].collected += amount,
                None => book.add(restored(effect.account.clone(), amount)),
            }
        }
        Self { book: Mutex::new(book) }
    }

    /// Makes the number that is asked for, unless its reference is in use.
    pub(super) fn create(&self, draft: Draft) -> Result<ControlNumber, Rejection> {
        let mut book = lock(&self.book);
        let reference_given = draft.reference.is_some();
        let number = draft.reference.unwrap_or_else(|| book.unused());
        if book.places.contains_key(&number) {
            return Err(Rejection::ReferenceUsed);
        }
        let created = ControlNumber {
            number,
            kind: draft.kind,
            reference_given: Some(reference_given),
            customer_name: draft.customer_name,
            terms: draft.terms,
            collected: Decimal::ZERO,
            status: BillStatus::Active,
            closed: false,
        };
        book.add(created.clone());
        Ok(created)
    }

    pub(super) fn find(&self, number: &str) -> Result<ControlNumber, Rejection> {
        let book = lock(&self.book);
        let place = book.places.get(number).ok_or(Rejection::UnknownNumber)?;
        Ok(book.numbers[*place].clone())
    }

    /// Puts in a number's place what `change` makes of it, or leaves it where that fails.
    pub(super) fn replace(
        &self,
        number: &str,
        change: impl FnOnce(&ControlNumber) -> Result<ControlNumber, Rejection>,
    ) -> Result<ControlNumber, Rejection> {
        let mut book = lock(&self.book);
        let place = *book.places.get(number).ok_or(Rejection::UnknownNumber)?;
        let changed = change(&book.numbers[place])?;
        book.numbers[place] = changed.clone();
        Ok(changed)
    }

    /// All of them, oldest first.
    pub(super) fn all(&self) -> Vec<ControlNumber> {
        lock(&self.book).numbers.clone()
    }
}

impl Book {
    fn add(&mut self, number: ControlNumber) {
        self.places.insert(number.number.clone(), self.numbers.len());
        self.numbers.push(number);
    }

    /// A number of fourteen digits, as the provider makes them.
    fn unused(&self) -> String {
        loop {
            let number = format!("55{:012}", rand::random::<u64>() % 1_000_000_000_000);
            if !self.places.contains_key(&number) {
                return number;
            }
        }
    }
}

fn restored(number: String, collected: Decimal) -> ControlNumber {
    ControlNumber {
        number,
        kind: Kind::Order,
        reference_given: None,
        customer_name: None,
        terms: Terms::default(),
        collected,
        status: BillStatus::Inactive,
        closed: true,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::PROVIDER;
    use super::*;

    fn draft(reference: Option<&str>) -> Draft {
        Draft {
            kind: Kind::Order,
            reference: reference.map(str::to_owned),
            customer_name: None,
            terms: Terms::default(),
        }
    }

    fn effect(key: &str, amount: &str) -> Effect {
        Effect {
            provider: PROVIDER.to_owned(),
            key: key.to_owned(),
            account: "CUSTOMJH121".to_owned(),
            amount: amount.to_owned(),
            currency: "TZS".to_owned(),
            effect: 1,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_reference_is_the_number_and_is_taken_once() {
        let numbers = Numbers::default();
        assert_eq!(numbers.create(draft(Some("CUSTOMJH121"))).expect("made").number, "CUSTOMJH121");
        assert_eq!(numbers.create(draft(Some("CUSTOMJH121"))).err(), Some(Rejection::ReferenceUsed));
        let [one, other] = [(); 2].map(|()| numbers.create(draft(None)).expect("made"));
        assert_ne!(one.number, other.number);
        assert!(one.number.len() == 14 && one.number.bytes().all(|byte| byte.is_ascii_digit()));
        let given: Vec<_> = numbers.all().iter().map(|number| number.reference_given).collect();
        assert_eq!(given, [Some(true), Some(false), Some(false)]);
    }

    #[test]
    fn a_number_that_was_paid_before_a_restart_is_closed_and_in_use() {
        let numbers = Numbers::restored(&[effect("a", "100.00"), effect("b", "50.50")]);
        let number = numbers.find("CUSTOMJH121").expect("restored");
        assert!(number.closed);
        assert_eq!(number.collected, Decimal::new(15_050, 2));
        assert_eq!(numbers.create(draft(Some("CUSTOMJH121"))).err(), Some(Rejection::ReferenceUsed));
        assert_eq!(numbers.all().len(), 1);
    }

    #[test]
    fn a_change_that_fails_changes_nothing() {
        let numbers = Numbers::default();
        numbers.create(draft(Some("1"))).expect("made");
        assert!(numbers.replace("1", |_| Err(Rejection::Throttled)).is_err());
        assert!(!numbers.find("1").expect("there").closed);
        numbers.replace("1", |number| Ok(number.paid(Decimal::ONE))).expect("changed");
        assert!(numbers.find("1").expect("there").closed);
        assert_eq!(numbers.find("2").err(), Some(Rejection::UnknownNumber));
    }
}
