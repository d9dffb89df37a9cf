//! BILL, for the contract suite.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use billpay::domain::biller::Biller;
use billpay::domain::funding_account::{FundingAccount, FundingAccountKind};
use billpay::domain::ids::FundingAccountId;
use billpay::domain::provider::ProviderCode;
use billpay::ports::provider::{BillPart, PaymentRequest};
use billpay::sandbox::{
    BILL_DEV_KEY, BILL_DEVICE, BILL_ORGANIZATION_ID, BILL_PASSWORD, BILL_REMEMBER_ME_ID, BILL_USERNAME,
    BILL_WEBHOOK_SECURITY_KEY,
};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use super::{Sent, Subject, Told, Wish, biller_of, money, payment};
use crate::contract::bench::Stand;
use crate::contract::recorded;
use crate::contract::scripted::{Rule, Whole};
use crate::contract::work::Work;

const LOGIN: &str = "/v3/login";
const PAYMENTS: &str = "/v3/payments";
const BULK_PAYMENTS: &str = "/v3/payments/bulk";
const NAME: &str = "bill";

pub(super) struct Bill;

impl Subject for Bill {
    fn code(&self) -> ProviderCode {
        ProviderCode::Bill
    }

    fn home(&self) -> &'static str {
        "/bill/connect"
    }

    fn dashboard(&self) -> Option<&'static str> {
        Some(NAME)
    }

    fn settings(&self, _: Stand, base: &str) -> Vec<(&'static str, String)> {
        vec![
            ("BASE_URL", base.to_owned()),
            ("DEV_KEY", BILL_DEV_KEY.to_owned()),
            ("USERNAME", BILL_USERNAME.to_owned()),
            ("PASSWORD", BILL_PASSWORD.to_owned()),
            ("ORGANIZATION_ID", BILL_ORGANIZATION_ID.to_owned()),
            ("REMEMBER_ME_ID", BILL_REMEMBER_ME_ID.to_owned()),
            ("DEVICE", BILL_DEVICE.to_owned()),
            ("WEBHOOK_SECURITY_KEY", BILL_WEBHOOK_SECURITY_KEY.to_owned()),
        ]
    }

    fn biller(&self, stand: Stand) -> Biller {
        let vendor = match stand {
            Stand::Recorded => "00901ACH",
            Stand::Sandbox => "00901SANDBOX00000014",
        };
        biller_of(self.code(), vendor, "USD")
    }

    /// It has none: what is owed is asked for by vendor.
    fn accounts(&self) -> (&'static str, &'static str) {
        ("", "")
    }

    fn signs_in_at(&self) -> &'static str {
        LOGIN
    }

    fn submits_at(&self) -> &'static str {
        PAYMENTS
    }

    fn all_well(&self) -> Vec<Rule> {
        let paid = recorded::body(NAME, "pay");
        let cancelled = recorded::fitted(NAME, "pay", |body| body["cancelRequestSubmitted"] = json!(true));
        vec![
            Rule::always("POST", LOGIN, recorded::fitted(NAME, "login", |body| body["trusted"] = json!(true))),
            Rule::always("GET", "/v3/vendors", only_page("vendors")),
            Rule::always("GET", "/v3/bills", only_page("bills")),
            Rule::always("GET", "/v3/funding-accounts/banks", only_page("banks")),
            Rule::always("POST", BULK_PAYMENTS, recorded::answer(NAME, "bulk")),
            Rule::always("POST", PAYMENTS, self.accepted()),
            Rule::always("GET", PAYMENTS, listed(&[paid])),
            Rule::always("GET", "/v3/payments/*", recorded::answer(NAME, "pay")),
            Rule::always("POST", "/v3/payments/*", cancelled),
        ]
    }

    fn accepted(&self) -> Whole {
        recorded::answer(NAME, "pay")
    }

    fn expired(&self) -> Whole {
        error(401, "BDC_1109", "Session is invalid.  Please log in.")
    }

    fn instead(&self, told: Told) -> Option<Rule> {
        match told {
            Told::Refused => Some(Rule::always("POST", PAYMENTS, error(400, "BDC_1159", "Cannot overpay a bill."))),
            Told::BadBulk => Some(Rule::always("POST", BULK_PAYMENTS, recorded::answer(NAME, "bulk_overpaid"))),
            Told::NoSuchSubmission => Some(Rule::always("GET", PAYMENTS, listed(&[]))),
            Told::UnknownWord => {
                let mut paid = recorded::body(NAME, "pay");
                paid["singleStatus"] = json!("ROUTED_TO_PARTNER");
                Some(Rule::always("GET", PAYMENTS, listed(&[paid])))
            }
            Told::AccountKnown | Told::AccountUnknown | Told::Duplicate => None,
        }
    }

    fn work(&self, stand: Stand, wish: Wish) -> Option<Work> {
        let single = |amount| Some(Work::payment(self.part(stand, 0, amount)));
        match (stand, wish) {
            (Stand::Recorded, Wish::Bulk) => {
                Some(Work::bulk(vec![self.part(stand, 0, "228.99"), self.part(stand, 1, "142.00")]))
            }
            (Stand::Recorded, Wish::BadBulk) => {
                Some(Work::bulk(vec![self.part(stand, 0, "300.00"), self.part(stand, 1, "142.00")]))
            }
            (Stand::Recorded, _) => single("228.99"),
            (Stand::Sandbox, Wish::Bulk) => {
                Some(Work::bulk(vec![self.part(stand, 0, "20.00"), self.part(stand, 1, "20.00")]))
            }
            (Stand::Sandbox, Wish::BadBulk) => {
                Some(Work::bulk(vec![self.part(stand, 0, "99999.00"), self.part(stand, 1, "20.00")]))
            }
            (Stand::Sandbox, Wish::Accepted | Wish::Told) => single("20.00"),
            (Stand::Sandbox, Wish::Refused) => single("13.02"),
            (Stand::Sandbox, Wish::TimeoutBefore) => single("13.05"),
            (Stand::Sandbox, Wish::TimeoutAfter) => single("13.06"),
            (Stand::Sandbox, Wish::ServerError) => single("13.07"),
            (Stand::Sandbox, Wish::Malformed) => single("13.09"),
            (Stand::Sandbox, Wish::BrokenOff) => single("13.10"),
            (Stand::Sandbox, Wish::Huge) => single("13.11"),
            (Stand::Sandbox, Wish::Redirect) => single("13.12"),
            (Stand::Sandbox, Wish::ExpiredSession) => single("13.14"),
            (Stand::Sandbox, Wish::Recallable) => single("13.23"),
            (Stand::Sandbox, Wish::UnknownStatus) => single("13.24"),
            (Stand::Sandbox, Wish::Forged) => single("13.28"),
        }
    }

    fn callbacks(&self) -> Option<(Sent, Sent)> {
        let text = recorded::request(NAME, "payment_updated").to_string();
        let body = Value::from(text).to_string().into_bytes();
        Some((signed(&body, BILL_WEBHOOK_SECURITY_KEY), signed(&body, "a stranger's key")))
    }
}

impl Bill {
    /// A payment of one bill of the vendor.
    fn part(&self, stand: Stand, place: usize, amount: &str) -> PaymentRequest {
        let (bill, account) = match stand {
            Stand::Recorded => (["00n01A", "00n01B"][place], "bac01A"),
            Stand::Sandbox => (["00n01SANDBOX01400001", "00n01SANDBOX01400002"][place], "bac01SANDBOX00000001"),
        };
        let biller = self.biller(stand);
        let part = BillPart { bill_reference: bill.to_owned(), amount: money(amount, &biller), reference: None };
        let funding_account = FundingAccount {
            id: FundingAccountId::from_uuid(Uuid::nil()),
            provider: self.code(),
            code: account.to_owned(),
            kind: FundingAccountKind::BankAccount,
            label: "A bank account".to_owned(),
            active: true,
        };
        PaymentRequest { bills: vec![part], funding_account: Some(funding_account), ..payment(biller, "", amount) }
    }
}

/// The first page of a recorded list, as if it were the last.
fn only_page(name: &str) -> Whole {
    recorded::fitted(NAME, name, |body| body["nextPage"] = Value::Null)
}

fn listed(payments: &[Value]) -> Whole {
    recorded::of(200, json!({ "results": payments }).to_string())
}

/// The documented form of an error.
fn error(status: u16, code: &str, message: &str) -> Whole {
    let error = json!({
        "timestamp": "2025-12-15T20:59:39.816+00:00", "code": code, "severity": "ERROR", "category": "REQUEST",
        "message": message,
    });
    recorded::of(status, json!([error]).to_string())
}

fn signed(body: &[u8], key: &str) -> Sent {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any length is a key").chain_update(body);
    let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
    Sent { headers: vec![("x-bill-sha-signature".to_owned(), signature)], body: body.to_vec() }
}
