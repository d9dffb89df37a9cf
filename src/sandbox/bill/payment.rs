//! A payment that BILL holds, and the object by which it shows one.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Number;

use super::funding::Funding;
use super::login::USER_ID;
use super::order::{Line, Terms};
use super::status::SingleStatus;
use super::vendor::{PayBy, Vendor};
use super::{clock, derive, wire};

/// A payment with where it stands.
#[derive(Clone, Debug)]
pub(super) struct Payment {
    pub id: String,
    /// Its place among all payments, in the order of their acceptance.
    pub place: u64,
    pub vendor: &'static Vendor,
    pub lines: Vec<Line>,
    pub terms: Terms,
    pub description: String,
    pub transaction_number: String,
    pub status: SingleStatus,
    /// Whether its money moves: from then on it cannot be cancelled.
    pub begun: bool,
    pub cancel_requested: bool,
    /// What was said when it was voided by the client.
    pub void: Option<Void>,
    /// Which script moves it. A cancellation or a voiding begins another, and the former has no say any more.
    pub plot: u32,
    pub created: Timestamp,
    pub updated: Timestamp,
}

/// How and why a payment was voided.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Void {
    pub r#type: &'static str,
    pub reason: String,
}

/// As the provider shows it; what its samples leave out in one place or another stands here always.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct View {
    id: String,
    vendor_id: &'static str,
    vendor_name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bill_id: Option<String>,
    bill_payments: Vec<BillPayment>,
    description: String,
    process_date: String,
    funding_account: Funding,
    amount: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    funding_amount: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exchange_rate: Option<Number>,
    processing_options: ProcessingOptions,
    transaction_number: String,
    confirmation_number: String,
    status: &'static str,
    online_payment: bool,
    disbursement_type: PayBy,
    created_time: String,
    updated_time: String,
    created_by: &'static str,
    void_info: Vec<Void>,
    cancel_request_submitted: bool,
    disbursement_status: &'static str,
    single_status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BillPayment {
    id: String,
    bill_id: Option<String>,
    amount: Number,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProcessingOptions {
    request_pay_faster: bool,
    create_bill: bool,
    request_check_delivery_type: &'static str,
}

impl Payment {
    /// In the vendor's currency.
    pub(super) fn amount(&self) -> Decimal {
        self.lines.iter().map(|line| line.amount).sum()
    }

    /// The bills that it pays.
    pub(super) fn bill_ids(&self) -> Vec<String> {
        self.lines.iter().filter_map(|line| line.bill_id.clone()).collect()
    }

    pub(super) fn view(&self) -> View {
        let rate = self.terms.rate;
        View {
            id: self.id.clone(),
            vendor_id: self.vendor.id,
            vendor_name: self.vendor.name,
            bill_id: self.only_bill(),
            bill_payments: self.bill_payments(),
            description: self.description.clone(),
            process_date: self.terms.process_date.to_string(),
            funding_account: self.terms.funding.clone(),
            amount: wire::money(self.amount()),
            funding_amount: rate.map(|rate| wire::money((self.amount() * rate).round_dp(2))),
            exchange_rate: rate.map(wire::rate),
            processing_options: ProcessingOptions {
                request_pay_faster: self.terms.delivery.faster,
                create_bill: self.terms.creates_bill,
                request_check_delivery_type: self.terms.delivery.kind,
            },
            transaction_number: self.transaction_number.clone(),
            confirmation_number: derive::confirmation_number(&self.id, self.terms.process_date),
            status: self.status.status(),
            online_payment: true,
            disbursement_type: self.vendor.pay_by,
            created_time: clock::text(self.created),
            updated_time: clock::text(self.updated),
            created_by: USER_ID,
            void_info: self.void_info(),
            cancel_request_submitted: self.cancel_requested,
            disbursement_status: self.status.disbursement_status(),
            single_status: self.status.name(),
        }
    }

    /// A payment for several bills names none at the top.
    fn only_bill(&self) -> Option<String> {
        match self.lines.as_slice() {
            [line] => line.bill_id.clone(),
            _ => None,
        }
    }

    fn bill_payments(&self) -> Vec<BillPayment> {
        let part = |(index, line): (usize, &Line)| BillPayment {
            id: derive::bill_payment_id(&self.id, index),
            bill_id: line.bill_id.clone(),
            amount: wire::money(line.amount),
        };
        self.lines.iter().enumerate().map(part).collect()
    }

    /// Empty until the payment is voided.
    fn void_info(&self) -> Vec<Void> {
        self.void.iter().filter(|_| self.status == SingleStatus::Voided).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::book::Book;
    use super::super::delivery::Delivery;
    use super::super::order::Order;
    use super::super::vendor;
    use super::*;

    fn view(bills: &[&str], rate: Option<Decimal>) -> Value {
        let line = |bill: &&str| Line {
            bill_id: Some((*bill).to_owned()),
            amount: Decimal::new(22_899, 2),
            transaction_number: None,
        };
        let terms = Terms {
            description: None,
            process_date: "2025-12-31".parse().expect("a date"),
            funding: Funding::FIRST_BANK,
            delivery: Delivery::USUAL,
            creates_bill: false,
            rate,
        };
        let vendor = vendor::find("00901SANDBOX00000002").expect("a vendor");
        let order = Order { vendor, lines: bills.iter().map(line).collect(), terms };
        let payments = Book::default().accept(vec![order]).expect("accepted");
        serde_json::to_value(payments[0].view()).expect("a payment")
    }

    #[test]
    fn a_payment_has_the_documented_members() {
        let view = view(&["00n01SANDBOX00200001"], None);
        let documented = json!({
            "billId": "00n01SANDBOX00200001", "description": "Inv #00200001", "processDate": "2025-12-31",
            "fundingAccount": {"type": "BANK_ACCOUNT", "id": "bac01SANDBOX00000001"},
            "processingOptions":
                {"requestPayFaster": false, "createBill": false, "requestCheckDeliveryType": "STANDARD"},
            "status": "SCHEDULED", "onlinePayment": true, "disbursementType": "ACH", "voidInfo": [],
            "singleStatus": "SCHEDULED", "disbursementStatus": "SCHEDULE",
        });
        for (name, value) in documented.as_object().expect("an object") {
            assert_eq!(&view[name], value, "{name}");
        }
        assert_eq!(view["amount"].to_string(), "228.99");
        assert!(view.get("fundingAmount").is_none() && view.get("exchangeRate").is_none());
    }

    #[test]
    fn a_combined_payment_names_its_bills_in_its_parts_only() {
        let view = view(&["00n01SANDBOX00200001", "00n01SANDBOX00200002"], None);
        assert!(view.get("billId").is_none());
        assert_eq!(view["description"], "Multiple inv. (details on stub)");
        assert_eq!(view["amount"].to_string(), "457.98");
        assert_eq!(view["billPayments"][1]["billId"], "00n01SANDBOX00200002");
        assert_ne!(view["billPayments"][0]["id"], view["billPayments"][1]["id"]);
    }

    #[test]
    fn a_payment_in_another_currency_shows_dollars_and_the_rate() {
        let view = view(&["00n01SANDBOX00200001"], Some(Decimal::new(12_703, 4)));
        assert_eq!(view["fundingAmount"].to_string(), "290.89");
        assert_eq!(view["exchangeRate"].to_string(), "1.2703");
    }
}
