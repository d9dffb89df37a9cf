//! The payments that the simulator holds.

use std::collections::HashMap;
use std::sync::Mutex;

use super::super::effects::Effect;
use super::super::lock;
use super::payment::Payment;
use super::rejection::Rejection;
use super::script::Standing;
use super::wire;

/// All payments, in the order in which they came.
#[derive(Default)]
pub(super) struct Payments {
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    payments: Vec<Payment>,
    places: HashMap<String, usize>,
}

impl Payments {
    /// The payments whose money the ledger shows, settled.
    pub(super) fn restored(effects: Vec<Effect>) -> Self {
        let payments = Self::default();
        for effect in effects {
            payments.add(Payment::restored(effect));
        }
        payments
    }

    pub(super) fn add(&self, payment: Payment) {
        let mut book = lock(&self.book);
        let place = book.payments.len();
        book.places.insert(payment.id.clone(), place);
        book.payments.push(payment);
    }

    /// Moves a payment to another standing, unless it has reached its last.
    pub(super) fn advance(&self, id: &str, standing: Standing) {
        if let Some(payment) = lock(&self.book).find_mut(id)
            && !payment.standing.is_final()
        {
            payment.become_now(standing);
        }
    }

    /// Returns a payment's money to whoever paid it.
    pub(super) fn reverse(&self, id: &str) -> Result<Payment, Rejection> {
        let mut book = lock(&self.book);
        let payment = book.find_mut(id).ok_or_else(|| Rejection::UnknownPayment(id.to_owned()))?;
        let returned = payment.standing.returned();
        payment.become_now(returned.ok_or_else(|| Rejection::invalid("Payment holds no money to return"))?);
        Ok(payment.clone())
    }

    pub(super) fn find(&self, id: &str) -> Option<Payment> {
        let book = lock(&self.book);
        book.places.get(id).map(|place| book.payments[*place].clone())
    }

    /// The payments of one number, oldest first.
    pub(super) fn of_number(&self, number: &str) -> Vec<Payment> {
        lock(&self.book).payments.iter().filter(|payment| payment.number == number).cloned().collect()
    }

    /// Part of all payments, newest first, and how many there are in all.
    pub(super) fn page(&self, skip: usize, limit: usize) -> (Vec<Payment>, usize) {
        let book = lock(&self.book);
        let page = book.payments.iter().rev().skip(skip).take(limit).cloned().collect();
        (page, book.payments.len())
    }
}

impl Book {
    fn find_mut(&mut self, id: &str) -> Option<&mut Payment> {
        let place = *self.places.get(id)?;
        self.payments.get_mut(place)
    }
}

impl Payment {
    fn become_now(&mut self, standing: Standing) {
        self.standing = standing;
        self.updated_at = wire::now();
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::PROVIDER;
    use super::*;

    fn restored(keys: &[&str]) -> Payments {
        let effect = |key: &&str| Effect {
            provider: PROVIDER.to_owned(),
            key: (*key).to_owned(),
            account: "CUSTOMJH121".to_owned(),
            amount: "10000.00".to_owned(),
            currency: "TZS".to_owned(),
            effect: 1,
            at: Timestamp::UNIX_EPOCH,
        };
        Payments::restored(keys.iter().map(effect).collect())
    }

    #[test]
    fn a_restored_payment_is_settled_and_found_by_its_number() {
        let payments = restored(&["a", "b"]);
        let standings: Vec<_> = payments.of_number("CUSTOMJH121").iter().map(|payment| payment.standing).collect();
        assert_eq!(standings, [Standing::Settled; 2]);
        assert!(payments.of_number("other").is_empty());
        assert!(payments.find("a").is_some() && payments.find("c").is_none());
    }

    #[test]
    fn money_that_was_returned_stays_returned() {
        let payments = restored(&["a"]);
        assert!(payments.reverse("a").is_ok_and(|payment| payment.standing == Standing::Reversed));
        assert!(payments.reverse("a").is_err());
        payments.advance("a", Standing::Settled);
        assert!(payments.find("a").is_some_and(|payment| payment.standing == Standing::Reversed));
        assert_eq!(payments.reverse("b").err(), Some(Rejection::UnknownPayment("b".to_owned())));
    }

    #[test]
    fn a_page_is_newest_first() {
        let payments = restored(&["a", "b", "c"]);
        let (page, total) = payments.page(1, 1);
        assert_eq!((page.len(), page[0].id.as_str(), total), (1, "b", 3));
        assert!(payments.page(3, 1).0.is_empty());
    }
}
