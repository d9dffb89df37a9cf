//! Click, for the contract suite.

use billpay::domain::biller::Biller;
use billpay::domain::provider::ProviderCode;
use billpay::sandbox::{CLICK_EMAIL, CLICK_PASSWORD};
use serde_json::json;

use super::{Sent, Subject, Told, Wish, biller_of, payment};
use crate::contract::bench::Stand;
use crate::contract::recorded;
use crate::contract::scripted::{Rule, Whole};
use crate::contract::work::Work;

const SIGN_IN: &str = "/api/v1/accounts/sign_in.json";
const BILL_PAYMENTS: &str = "/api/v1/bill_payments.json";
const NAME: &str = "click";

pub(super) struct Click;

impl Subject for Click {
    fn code(&self) -> ProviderCode {
        ProviderCode::Click
    }

    fn home(&self) -> &'static str {
        "/click"
    }

    fn settings(&self, _: Stand, base: &str) -> Vec<(&'static str, String)> {
        vec![("BASE_URL", base.to_owned()), ("EMAIL", CLICK_EMAIL.to_owned()), ("PASSWORD", CLICK_PASSWORD.to_owned())]
    }

    fn biller(&self, _: Stand) -> Biller {
        biller_of(self.code(), "sec", "SAR")
    }

    fn accounts(&self) -> (&'static str, &'static str) {
        ("12232019000000017", "0000000")
    }

    fn signs_in_at(&self) -> &'static str {
        SIGN_IN
    }

    fn submits_at(&self) -> &'static str {
        BILL_PAYMENTS
    }

    fn all_well(&self) -> Vec<Rule> {
        vec![
            Rule::always("POST", SIGN_IN, recorded::answer(NAME, "sign_in")),
            Rule::always("GET", BILL_PAYMENTS, recorded::answer(NAME, "inquiry")),
            Rule::always("POST", BILL_PAYMENTS, self.accepted()),
        ]
    }

    fn accepted(&self) -> Whole {
        recorded::answer(NAME, "pay")
    }

    fn expired(&self) -> Whole {
        recorded::of(401, r#"{"error":"Signature has expired"}"#)
    }

    fn instead(&self, told: Told) -> Option<Rule> {
        match told {
            Told::AccountUnknown => {
                let unknown = recorded::fitted(NAME, "pay_refused", |body| {
                    body["error"] = json!("Bill account is not found.");
                });
                Some(Rule::always("GET", BILL_PAYMENTS, unknown))
            }
            Told::Refused => Some(Rule::always("POST", BILL_PAYMENTS, recorded::answer(NAME, "pay_refused"))),
            Told::AccountKnown | Told::Duplicate | Told::BadBulk | Told::NoSuchSubmission | Told::UnknownWord => None,
        }
    }

    fn work(&self, stand: Stand, wish: Wish) -> Option<Work> {
        let account = match (stand, wish) {
            (_, Wish::Bulk | Wish::BadBulk | Wish::Recallable) => None,
            (Stand::Recorded, _) | (Stand::Sandbox, Wish::Accepted) => Some("1111111"),
            (Stand::Sandbox, Wish::Refused) => Some("3333333"),
            (Stand::Sandbox, Wish::TimeoutBefore) => Some("5555555"),
            (Stand::Sandbox, Wish::TimeoutAfter) => Some("6666666"),
            (Stand::Sandbox, Wish::BrokenOff) => Some("6161616"),
            (Stand::Sandbox, Wish::ServerError) => Some("7777777"),
            (Stand::Sandbox, Wish::Malformed) => Some("9999999"),
            (Stand::Sandbox, Wish::ExpiredSession) => Some("4010401"),
            (Stand::Sandbox, Wish::Huge | Wish::Redirect | Wish::UnknownStatus | Wish::Told | Wish::Forged) => None,
        };
        Some(Work::payment(payment(self.biller(stand), account?, "100")))
    }

    fn callbacks(&self) -> Option<(Sent, Sent)> {
        None
    }
}
