//! The payments that BILL holds, and with them how much of each bill is taken.
//!
//! Whatever is decided by looking at several of them (whether a bill would be overpaid, whether all of a bulk can be
//! made, whether a payment can still be cancelled) is decided and written down in one step.

use std::collections::HashMap;
use std::sync::Mutex;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::super::effects::{Effect, Movement};
use super::super::lock;
use super::delivery::Delivery;
use super::funding::Funding;
use super::order::{Line, Order, Terms};
use super::owed::{self, OwedBill, Taken};
use super::payment::{Payment, Void};
use super::rejection::Rejection;
use super::status::SingleStatus;
use super::vendor::{self, Vendor};
use super::{PROVIDER, clock, derive, wire};

/// What stands on the stub of a check for several bills.
const SEVERAL_INVOICES: &str = "Multiple inv. (details on stub)";

/// All payments, and the bills that they made.
#[derive(Default)]
pub(super) struct Book {
    pages: Mutex<Pages>,
}

#[derive(Default)]
struct Pages {
    payments: Vec<Payment>,
    created: Vec<OwedBill>,
    /// How many payments came with each transaction number.
    occurrences: HashMap<String, u64>,
    /// How many movements had each name, of those without a number of the client's.
    equals: HashMap<String, u64>,
}

impl Book {
    /// The payments whose money the ledger shows, cleared.
    pub(super) fn restored(effects: Vec<Effect>) -> Self {
        let mut pages = Pages::default();
        for effect in effects {
            pages.restore(effect);
        }
        Self { pages: Mutex::new(pages) }
    }

    /// Takes all orders in, or none; then the ids of the bills that would be overpaid.
    pub(super) fn accept(&self, orders: Vec<Order>) -> Result<Vec<Payment>, Vec<String>> {
        let mut pages = lock(&self.pages);
        let overpaid = pages.overpaid(&orders);
        if !overpaid.is_empty() {
            return Err(overpaid);
        }
        let now = clock::now();
        Ok(orders.into_iter().map(|order| pages.enter(order, now)).collect())
    }

    pub(super) fn find(&self, id: &str) -> Option<Payment> {
        lock(&self.pages).payments.iter().find(|payment| payment.id == id).cloned()
    }

    /// All payments, the newest first.
    pub(super) fn newest_first(&self) -> Vec<Payment> {
        lock(&self.pages).payments.iter().rev().cloned().collect()
    }

    /// A bill, whoever made it.
    pub(super) fn bill(&self, id: &str) -> Option<OwedBill> {
        lock(&self.pages).bill(id).cloned()
    }

    /// All bills: those that vendors sent, then those that payments made.
    pub(super) fn bills(&self) -> Vec<OwedBill> {
        owed::all_sent().iter().chain(&lock(&self.pages).created).cloned().collect()
    }

    /// How much of a bill payments have taken.
    pub(super) fn taken(&self, bill_id: &str) -> Taken {
        lock(&self.pages).taken(bill_id)
    }

    /// Begins to move a payment's money and gives the movements; nothing where its script has no say any more.
    pub(super) fn begin(&self, id: &str, plot: u32) -> Option<Vec<Movement>> {
        let mut pages = lock(&self.pages);
        let Pages { payments, equals, .. } = &mut *pages;
        let payment = payments.iter_mut().find(|payment| payment.id == id && payment.plot == plot)?;
        payment.begun = true;
        Some(payment.lines.iter().map(|line| movement(payment, line, equals)).collect())
    }

    /// Moves a payment to another status, if the script that says so still has a say.
    pub(super) fn change(&self, id: &str, plot: u32, status: SingleStatus) -> Option<Payment> {
        let mut pages = lock(&self.pages);
        let payment = pages.payments.iter_mut().find(|payment| payment.id == id && payment.plot == plot)?;
        payment.status = status;
        payment.updated = clock::now();
        Some(payment.clone())
    }

    /// Begins to cancel a payment that is still scheduled.
    pub(super) fn cancel(&self, id: &str) -> Result<Payment, Rejection> {
        self.amend(id, |payment| {
            if payment.status != SingleStatus::Scheduled || payment.begun {
                return Err(Rejection::wrong_state("Only a scheduled payment can be cancelled."));
            }
            payment.cancel_requested = true;
            payment.status = SingleStatus::CancellationInProgress;
            Ok(())
        })
    }

    /// Begins to void a payment that is being processed or was.
    pub(super) fn void(&self, id: &str, void: Void) -> Result<Payment, Rejection> {
        self.amend(id, |payment| {
            let is_over = payment.status.taken(Decimal::ONE) == Taken::default();
            if !payment.begun || is_over || payment.void.is_some() {
                return Err(Rejection::wrong_state("Only a processed payment can be voided."));
            }
            payment.void = Some(void);
            Ok(())
        })
    }

    fn amend(
        &self,
        id: &str,
        change: impl FnOnce(&mut Payment) -> Result<(), Rejection>,
    ) -> Result<Payment, Rejection> {
        let mut pages = lock(&self.pages);
        let payment = pages.payments.iter_mut().find(|payment| payment.id == id).ok_or_else(Rejection::not_found)?;
        change(payment)?;
        payment.plot += 1;
        payment.updated = clock::now();
        Ok(payment.clone())
    }
}

impl Pages {
    fn bill(&self, id: &str) -> Option<&OwedBill> {
        owed::all_sent().iter().chain(&self.created).find(|owed| owed.id == id)
    }

    fn taken(&self, bill_id: &str) -> Taken {
        let mut sum = Taken::default();
        for payment in &self.payments {
            for line in payment.lines.iter().filter(|line| line.bill_id.as_deref() == Some(bill_id)) {
                let taken = payment.status.taken(line.amount);
                sum.scheduled += taken.scheduled;
                sum.paid += taken.paid;
            }
        }
        sum
    }

    fn overpaid(&self, orders: &[Order]) -> Vec<String> {
        let mut asked: HashMap<&str, Decimal> = HashMap::new();
        let mut overpaid = Vec::new();
        for line in orders.iter().flat_map(|order| &order.lines) {
            let Some(owed) = line.bill_id.as_deref().and_then(|id| self.bill(id)) else { continue };
            let asked = asked.entry(&owed.id).or_default();
            *asked += line.amount;
            if *asked + self.taken(&owed.id).all() > owed.amount && !overpaid.contains(&owed.id) {
                overpaid.push(owed.id.clone());
            }
        }
        overpaid
    }

    fn enter(&mut self, order: Order, now: Timestamp) -> Payment {
        let given = order.lines.first().and_then(|line| line.transaction_number.clone());
        let transaction_number = given.unwrap_or_else(|| derive::transaction_number(&derive::secret()));
        let id = self.new_id(&transaction_number);
        let lines: Vec<Line> = order.lines.into_iter().map(|line| self.with_bill(line, &id, order.vendor)).collect();
        let payment = Payment {
            place: self.payments.len() as u64 + 1,
            vendor: order.vendor,
            description: self.description(&order.terms, &lines),
            lines,
            terms: order.terms,
            transaction_number,
            status: SingleStatus::Scheduled,
            begun: false,
            cancel_requested: false,
            void: None,
            plot: 0,
            created: now,
            updated: now,
            id,
        };
        self.payments.push(payment.clone());
        payment
    }

    /// An effect knows neither its funding nor its vendor's terms; those of a plain payment stand in.
    fn restore(&mut self, effect: Effect) {
        let owed = self.bill(&effect.account).map(|owed| owed.vendor);
        let Some(vendor) = owed.or_else(|| vendor::find(&effect.account)) else { return };
        let counted = effect.key.rsplit_once('/').map(|(name, _)| name);
        if let Some(name) = counted {
            count(&mut self.equals, name);
        }
        let line = Line {
            bill_id: owed.is_some().then(|| effect.account.clone()),
            amount: Decimal::from_str_exact(&effect.amount).unwrap_or_default(),
            transaction_number: counted.is_none().then(|| effect.key.clone()),
        };
        let terms = Terms {
            description: None,
            process_date: effect.at.to_zoned(jiff::tz::TimeZone::UTC).date(),
            funding: Funding::FIRST_BANK,
            delivery: Delivery::USUAL,
            creates_bill: owed.is_none(),
            rate: None,
        };
        self.enter(Order { vendor, lines: vec![line], terms }, effect.at);
        if let Some(payment) = self.payments.last_mut() {
            payment.status = SingleStatus::Cleared;
            payment.begun = true;
        }
    }

    fn new_id(&mut self, transaction_number: &str) -> String {
        derive::payment_id(transaction_number, count(&mut self.occurrences, transaction_number))
    }

    /// The line with its bill, which is made where there is none.
    fn with_bill(&mut self, line: Line, payment_id: &str, vendor: &'static Vendor) -> Line {
        if line.bill_id.is_some() {
            return line;
        }
        let id = derive::created_bill_id(payment_id);
        let invoice_number = id.trim_start_matches("00n01").to_owned();
        self.created.push(OwedBill { id: id.clone(), vendor, amount: line.amount, invoice_number, due_in: 0 });
        Line { bill_id: Some(id), ..line }
    }

    fn description(&self, terms: &Terms, lines: &[Line]) -> String {
        let invoice = || match lines {
            [Line { bill_id: Some(id), .. }] => self.bill(id).map(|owed| format!("Inv #{}", owed.invoice_number)),
            _ => None,
        };
        terms.description.clone().or_else(invoice).unwrap_or_else(|| SEVERAL_INVOICES.to_owned())
    }
}

/// A bill that a payment makes is nobody's before: its movement is of the vendor.
fn movement(payment: &Payment, line: &Line, equals: &mut HashMap<String, u64>) -> Movement {
    let account = if payment.terms.creates_bill { payment.vendor.id } else { line.payee(payment.vendor) };
    let amount = wire::amount_text(line.amount);
    let key = line.transaction_number.clone().unwrap_or_else(|| {
        let name = format!("{account}/{amount}");
        let number = count(equals, &name);
        format!("{name}/{number}")
    });
    let currency = payment.vendor.currency.to_owned();
    Movement { provider: PROVIDER, key, account: account.to_owned(), amount, currency }
}

fn count(counts: &mut HashMap<String, u64>, name: &str) -> u64 {
    let count = counts.entry(name.to_owned()).or_default();
    *count += 1;
    *count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::clock::Clock;

    const BILL: &str = "00n01SANDBOX00100001";
    const OTHER: &str = "00n01SANDBOX00100002";

    fn order(bill_id: Option<&str>, amount: Decimal, number: Option<&str>) -> Order {
        let transaction_number = number.map(str::to_owned);
        let terms = Terms {
            description: None,
            process_date: clock::today(&Clock::default()),
            funding: Funding::FIRST_BANK,
            delivery: Delivery::USUAL,
            creates_bill: bill_id.is_none(),
            rate: None,
        };
        let line = Line { bill_id: bill_id.map(str::to_owned), amount, transaction_number };
        let vendor = vendor::find("00901SANDBOX00000001").expect("a vendor");
        Order { vendor, lines: vec![line], terms }
    }

    fn accepted(book: &Book, order: Order) -> Payment {
        book.accept(vec![order]).expect("accepted").remove(0)
    }

    fn keys(book: &Book, payment: &Payment) -> Vec<String> {
        let movements = book.begin(&payment.id, payment.plot).expect("begun");
        movements.into_iter().map(|movement| movement.key).collect()
    }

    fn effect(key: &str, account: &str) -> Effect {
        Effect {
            provider: PROVIDER.to_owned(),
            key: key.to_owned(),
            account: account.to_owned(),
            amount: "15.00".to_owned(),
            currency: "USD".to_owned(),
            effect: 1,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_bill_is_not_overpaid_and_a_bulk_is_all_or_nothing() {
        let book = Book::default();
        let whole = book.bill(BILL).expect("a bill").amount;
        let bulk = vec![order(Some(OTHER), Decimal::TEN, None), order(Some(BILL), whole + Decimal::ONE, None)];
        assert_eq!(book.accept(bulk).expect_err("overpaid"), [BILL]);
        assert!(book.newest_first().is_empty());
        let twice = vec![order(Some(BILL), whole, None), order(Some(BILL), Decimal::ONE, None)];
        assert_eq!(book.accept(twice).expect_err("overpaid"), [BILL]);

        let first = accepted(&book, order(Some(BILL), whole, None));
        assert!(book.accept(vec![order(Some(BILL), Decimal::ONE, None)]).is_err());
        assert_eq!(book.taken(BILL).scheduled, whole);
        book.cancel(&first.id).expect("cancelled");
        book.change(&first.id, 1, SingleStatus::Canceled).expect("changed");
        assert_eq!(book.taken(BILL), Taken::default());
        assert!(book.accept(vec![order(Some(BILL), whole, None)]).is_ok());
    }

    #[test]
    fn a_payment_is_cancelled_before_its_money_moves_and_voided_after() {
        let book = Book::default();
        let void = || Void { r#type: "VOID_ONLY", reason: "wrong bill".to_owned() };
        let cancelled = accepted(&book, order(Some(BILL), Decimal::TEN, None));
        assert!(book.void(&cancelled.id, void()).is_err());
        book.cancel(&cancelled.id).expect("cancelled");
        assert!(book.begin(&cancelled.id, cancelled.plot).is_none());

        let voided = accepted(&book, order(Some(BILL), Decimal::TEN, None));
        keys(&book, &voided);
        assert!(book.cancel(&voided.id).is_err());
        book.void(&voided.id, void()).expect("voided");
        assert!(book.change(&voided.id, voided.plot, SingleStatus::Cleared).is_none());
        assert!(book.void(&voided.id, void()).is_err());
        assert!(matches!(book.cancel("stp0"), Err(rejection) if format!("{rejection:?}").contains("BDC_1205")));
    }

    #[test]
    fn a_repeated_transaction_number_is_another_payment_with_the_same_key() {
        let book = Book::default();
        let [first, second] = [(); 2].map(|()| accepted(&book, order(Some(BILL), Decimal::TEN, Some("abc1"))));
        assert_ne!(first.id, second.id);
        assert_eq!([keys(&book, &first), keys(&book, &second)], [["abc1"], ["abc1"]]);
    }

    #[test]
    fn without_a_number_equal_payments_are_counted_and_counting_goes_on() {
        let book = Book::default();
        let payment = accepted(&book, order(Some(BILL), Decimal::TEN, None));
        assert_eq!(keys(&book, &payment), [format!("{BILL}/10.00/1")]);
        let makes = accepted(&book, order(None, Decimal::TEN, None));
        assert_eq!(keys(&book, &makes), ["00901SANDBOX00000001/10.00/1"]);

        let book = Book::restored(vec![effect(&format!("{BILL}/10.00/1"), BILL)]);
        let payment = accepted(&book, order(Some(BILL), Decimal::TEN, None));
        assert_eq!(keys(&book, &payment), [format!("{BILL}/10.00/2")]);
    }

    #[test]
    fn a_restored_payment_is_cleared_under_the_id_that_it_had() {
        let id = accepted(&Book::default(), order(Some(BILL), Decimal::TEN, Some("abc1"))).id;
        let book = Book::restored(vec![effect("abc1", BILL)]);
        let payment = book.find(&id).expect("restored");
        assert_eq!((payment.status, payment.transaction_number.as_str()), (SingleStatus::Cleared, "abc1"));
        assert_eq!(book.taken(BILL).paid, Decimal::new(15, 0));
    }
}
