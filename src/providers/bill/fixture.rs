//! The recorded requests and answers that the tests of this adapter read, and what they are made from.

use std::fs;

use jiff::Timestamp;
use jiff::civil::date;
use serde_json::Value;
use uuid::Uuid;

use crate::config::{BillSettings, Settings};
use crate::domain::amount_rule::AmountRule;
use crate::domain::biller::{Biller, BillerCategory};
use crate::domain::disbursement::DisbursementMethod;
use crate::domain::funding_account::{FundingAccount, FundingAccountKind};
use crate::domain::ids::{BillerId, FundingAccountId, PaymentId};
use crate::domain::money::{CurrencyCode, Money};
use crate::domain::payment::recall::{Recall, RecallKind, RecallState, VoidKind};
use crate::domain::payment::{DeliverySpeed, Payer};
use crate::domain::provider::ProviderCode;
use crate::ports::provider::{BillPart, PaymentRequest, SubmissionRequest};

pub(super) const OURS: &str = "d695e5e7-8a3e-4d60-aae3-731bb81f95d1";

/// The settings of a device that BILL remembers.
pub(super) const DEVICE: [(&str, &str); 2] =
    [("BILLPAY_PROVIDERS__BILL__REMEMBER_ME_ID", "remember"), ("BILLPAY_PROVIDERS__BILL__DEVICE", "server")];

/// The body of the answer in `tests/fixtures/bill/NAME.json`; numbers keep their digits.
pub(super) fn answer(name: &str) -> Vec<u8> {
    read(name)["answer"]["body"].to_string().into_bytes()
}

/// The body of the request there.
pub(super) fn request(name: &str) -> Value {
    read(name)["request"]["body"].take()
}

pub(super) fn settings(more: &[(&str, &str)]) -> BillSettings {
    let usual = [
        ("BILLPAY_PROVIDERS__BILL__BASE_URL", "http://127.0.0.1:9000/bill/connect"),
        ("BILLPAY_PROVIDERS__BILL__DEV_KEY", "dev-hunter2"),
        ("BILLPAY_PROVIDERS__BILL__USERNAME", "pay@example.com"),
        ("BILLPAY_PROVIDERS__BILL__PASSWORD", "hunter2"),
        ("BILLPAY_PROVIDERS__BILL__ORGANIZATION_ID", "00801ORG"),
    ];
    let variables = usual.iter().chain(more).map(|&(name, value)| (name.to_owned(), value.to_owned()));
    Settings::load(None, variables).expect("settings").providers.bill.expect("on")
}

pub(super) fn dollars() -> CurrencyCode {
    "USD".parse().expect("a currency")
}

pub(super) fn cents(minor: i64) -> Money {
    Money::from_minor(minor, dollars())
}

pub(super) fn biller() -> Biller {
    Biller {
        id: BillerId::from_uuid(Uuid::nil()),
        provider: ProviderCode::Bill,
        code: "00901ACH".to_owned(),
        name: "Happy Music Supplies".to_owned(),
        category: BillerCategory::Vendor,
        category_name: "Vendor".to_owned(),
        country: "US".to_owned(),
        currency: dollars(),
        amount_rule: AmountRule::any(dollars()),
        time_zone: "America/New_York".to_owned(),
        disbursement_method: Some(DisbursementMethod::Ach),
        combines: false,
        active: true,
    }
}

pub(super) fn funding_account(kind: FundingAccountKind) -> FundingAccount {
    FundingAccount {
        id: FundingAccountId::from_uuid(Uuid::nil()),
        provider: ProviderCode::Bill,
        code: "bac01A".to_owned(),
        kind,
        label: "First Bank …1234".to_owned(),
        active: true,
    }
}

/// The recorded payment of one bill.
pub(super) fn payment() -> PaymentRequest {
    PaymentRequest {
        biller: biller(),
        account_reference: String::new(),
        second_reference: None,
        amount: cents(22_899),
        payer: Payer::default(),
        description: None,
        process_date: date(2025, 12, 31),
        due_date: None,
        delivery_speed: DeliverySpeed::Standard,
        save_bill_number: false,
        funding_account: Some(funding_account(FundingAccountKind::BankAccount)),
        bills: vec![BillPart { bill_reference: "00n01A".to_owned(), amount: cents(22_899), reference: None }],
        new_bill: false,
    }
}

pub(super) fn single(payment: PaymentRequest) -> SubmissionRequest {
    SubmissionRequest { our_reference: OURS.to_owned(), bulk: false, payments: vec![payment] }
}

pub(super) fn recall(void_kind: Option<VoidKind>, reason: Option<&str>) -> Recall {
    Recall {
        id: Uuid::nil(),
        payment_id: PaymentId::from_uuid(Uuid::nil()),
        kind: RecallKind::Void,
        void_kind,
        reason: reason.map(str::to_owned),
        requested_by: "tests".to_owned(),
        requested_at: Timestamp::UNIX_EPOCH,
        state: RecallState::Requested,
        provider_message: None,
    }
}

fn read(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/bill/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}
