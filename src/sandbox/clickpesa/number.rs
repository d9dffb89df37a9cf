//! One control number: what it asks of a payer, what has come in on it, and how it looks in the provider's bodies.

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Number;

use super::rejection::Rejection;
use super::terms::{Mode, Terms};
use super::wire::{self, CURRENCY};

/// What a number is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One bill: any payment closes it.
    Order,
    /// One customer: paid again and again.
    Customer,
}

/// Whether a number can be paid, as the provider names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum BillStatus {
    Active,
    Inactive,
}

/// A number that somebody can pay.
#[derive(Clone)]
pub(super) struct ControlNumber {
    pub number: String,
    pub kind: Kind,
    /// Whether the client chose it; not known of a number from before a restart.
    pub reference_given: Option<bool>,
    pub customer_name: Option<String>,
    pub terms: Terms,
    /// All that came in on it, in shillings; what was returned is not taken off.
    pub collected: Decimal,
    pub status: BillStatus,
    /// An order that was paid: it does not open again.
    pub closed: bool,
}

/// A number in the provider's bodies; each call shows a part of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct View<'a> {
    bill_pay_number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bill_description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bill_customer_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bill_amount: Option<Number>,
    bill_payment_mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bill_status: Option<BillStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bill_max_collection_amount: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bill_remaining_amount: Option<Number>,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Order => "ORDER",
            Self::Customer => "CUSTOMER",
        }
    }
}

impl ControlNumber {
    /// What may still come in, where there is a maximum.
    fn remaining(&self) -> Option<Decimal> {
        self.terms.most.map(|most| (most - self.collected).max(Decimal::ZERO))
    }

    /// Turns away a payer whom a payment channel would turn away. Who pays an exact bill with another amount is told
    /// that the number is not found; the other words are made.
    pub(super) fn admit(&self, amount: Decimal, currency: &str) -> Result<(), Rejection> {
        if self.closed {
            return Err(Rejection::invalid("BillPay Number is already paid"));
        }
        if self.status == BillStatus::Inactive {
            return Err(Rejection::invalid("BillPay Number is inactive"));
        }
        if currency != CURRENCY {
            return Err(Rejection::invalid("currency must be TZS"));
        }
        if self.terms.mode() == Mode::Exact && self.terms.amount != Some(amount) {
            return Err(Rejection::UnknownNumber);
        }
        if self.remaining().is_some_and(|remaining| amount > remaining) {
            return Err(Rejection::invalid("Amount exceeds what is left to be collected"));
        }
        Ok(())
    }

    /// This number after a payment of `amount`: an order is closed, and one that is full inactive.
    pub(super) fn paid(&self, amount: Decimal) -> Self {
        let mut paid = Self { collected: self.collected + amount, ..self.clone() };
        paid.closed |= self.kind == Kind::Order;
        if paid.closed || paid.remaining() == Some(Decimal::ZERO) {
            paid.status = BillStatus::Inactive;
        }
        paid
    }

    /// The answer to whoever made it.
    pub(super) fn created(&self) -> View<'_> {
        View {
            bill_pay_number: &self.number,
            bill_description: self.terms.description.as_deref(),
            bill_customer_name: self.customer_name.as_deref(),
            bill_amount: self.terms.amount.map(wire::money),
            bill_payment_mode: self.terms.mode().name(),
            bill_status: None,
            bill_max_collection_amount: None,
            bill_remaining_amount: None,
        }
    }

    /// The answer to whoever changed it.
    pub(super) fn updated(&self) -> View<'_> {
        View { bill_customer_name: None, bill_status: Some(self.status), ..self.created() }
    }

    /// The answer to whoever asks for it. The names of the last two members are documented nowhere.
    pub(super) fn found(&self) -> View<'_> {
        View {
            bill_status: Some(self.status),
            bill_max_collection_amount: self.terms.most.map(wire::money),
            bill_remaining_amount: self.remaining().map(wire::money),
            ..self.created()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn number(kind: Kind, terms: Terms) -> ControlNumber {
        ControlNumber {
            number: "CUSTOMJH121".to_owned(),
            kind,
            reference_given: Some(true),
            customer_name: None,
            terms,
            collected: Decimal::ZERO,
            status: BillStatus::Active,
            closed: false,
        }
    }

    fn shillings(amount: i64) -> Decimal {
        Decimal::new(amount, 0)
    }

    #[test]
    fn an_order_is_closed_by_any_payment() {
        let order = number(Kind::Order, Terms { amount: Some(shillings(100)), ..Terms::default() });
        assert_eq!(order.admit(shillings(1), CURRENCY), Ok(()));
        let paid = order.paid(shillings(1));
        assert_eq!(paid.status, BillStatus::Inactive);
        assert!(paid.admit(shillings(99), CURRENCY).is_err());
    }

    #[test]
    fn a_customer_pays_again_up_to_the_maximum() {
        let customer = number(Kind::Customer, Terms { most: Some(shillings(100)), ..Terms::default() });
        let once = customer.paid(shillings(60));
        assert!(once.admit(shillings(41), CURRENCY).is_err());
        assert_eq!(once.admit(shillings(40), CURRENCY), Ok(()));
        assert_eq!(serde_json::to_value(once.found()).expect("a body")["billRemainingAmount"], json!(40));
        let full = once.paid(shillings(40));
        assert_eq!((full.status, full.closed), (BillStatus::Inactive, false));
        assert!(full.admit(shillings(1), CURRENCY).is_err());
    }

    #[test]
    fn an_exact_bill_is_not_found_by_who_pays_another_amount() {
        let terms = Terms { amount: Some(shillings(100)), mode: Some(Mode::Exact), ..Terms::default() };
        let exact = number(Kind::Customer, terms);
        assert_eq!(exact.admit(shillings(99), CURRENCY), Err(Rejection::UnknownNumber));
        assert_eq!(exact.admit(Decimal::new(10_000, 2), CURRENCY), Ok(()));
        assert!(exact.admit(shillings(100), "USD").is_err());
    }

    #[test]
    fn the_bodies_have_the_documented_members() {
        let terms = Terms {
            description: Some("Water Bill - July 2024".to_owned()),
            mode: Some(Mode::Exact),
            amount: Some(Decimal::new(9_090_000, 2)),
            most: None,
        };
        let order = number(Kind::Order, terms);
        let created = json!({
            "billPayNumber": "CUSTOMJH121", "billDescription": "Water Bill - July 2024", "billAmount": 90900,
            "billPaymentMode": "EXACT",
        });
        assert_eq!(serde_json::to_value(order.created()).expect("a body"), created);
        let updated = serde_json::to_value(order.updated()).expect("a body");
        assert_eq!(updated["billStatus"], json!("ACTIVE"));
        let bare = number(Kind::Order, Terms::default());
        let created = json!({ "billPayNumber": "CUSTOMJH121", "billPaymentMode": "ALLOW_PARTIAL_AND_OVER_PAYMENT" });
        assert_eq!(serde_json::to_value(bare.created()).expect("a body"), created);
    }
}
