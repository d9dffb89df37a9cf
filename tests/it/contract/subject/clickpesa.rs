//! ClickPesa, for the contract suite.

use billpay::domain::biller::Biller;
use billpay::domain::control_number::{ControlNumberKind, ControlNumberMode};
use billpay::domain::provider::ProviderCode;
use billpay::ports::provider::ControlNumberRequest;
use billpay::sandbox::{CLICKPESA_API_KEY, CLICKPESA_CHECKSUM_KEY, CLICKPESA_CLIENT_ID};
use serde_json::json;

use super::{Sent, Subject, Told, Wish, biller_of, money};
use crate::contract::bench::Stand;
use crate::contract::recorded;
use crate::contract::scripted::{Rule, Whole};
use crate::contract::work::Work;

const TOKEN: &str = "/generate-token";
const ORDER: &str = "/billpay/create-order-control-number";
const ORDERS: &str = "/billpay/bulk-create-order-control-numbers";
const NAME: &str = "clickpesa";
/// Our reference in the records, and so the number.
const REFERENCE: &str = "CUSTOMJH121";
/// The other one of the recorded bulk.
const OTHER_REFERENCE: &str = "55042914871931";
/// The key of the recorded checksum.
const RECORDED_KEY: &str = "secret-key";

pub(super) struct Clickpesa;

impl Subject for Clickpesa {
    fn code(&self) -> ProviderCode {
        ProviderCode::Clickpesa
    }

    fn home(&self) -> &'static str {
        "/clickpesa/third-parties"
    }

    fn dashboard(&self) -> Option<&'static str> {
        Some(NAME)
    }

    fn settings(&self, stand: Stand, base: &str) -> Vec<(&'static str, String)> {
        let checksum_key = match stand {
            Stand::Recorded => RECORDED_KEY,
            Stand::Sandbox => CLICKPESA_CHECKSUM_KEY,
        };
        vec![
            ("BASE_URL", base.to_owned()),
            ("CLIENT_ID", CLICKPESA_CLIENT_ID.to_owned()),
            ("API_KEY", CLICKPESA_API_KEY.to_owned()),
            ("CHECKSUM_KEY", checksum_key.to_owned()),
        ]
    }

    /// It has none: its currency is that of the numbers.
    fn biller(&self, _: Stand) -> Biller {
        biller_of(self.code(), "", "TZS")
    }

    fn accounts(&self) -> (&'static str, &'static str) {
        ("", "")
    }

    fn signs_in_at(&self) -> &'static str {
        TOKEN
    }

    fn submits_at(&self) -> &'static str {
        ORDER
    }

    fn all_well(&self) -> Vec<Rule> {
        let number = format!("/billpay/{REFERENCE}");
        let both = recorded::fitted(NAME, "create_orders", |body| {
            *body = json!({ "billPayNumbers": [OTHER_REFERENCE, REFERENCE], "created": 2, "failed": 0 });
        });
        let paid = recorded::fitted(NAME, "payments", |body| body[0]["orderReference"] = json!(REFERENCE));
        vec![
            Rule::always("POST", TOKEN, recorded::answer(NAME, "token")),
            Rule::always("POST", ORDER, self.accepted()),
            Rule::always("POST", ORDERS, both),
            Rule::always("GET", number.clone(), recorded::answer(NAME, "find")),
            Rule::always("PATCH", number, recorded::answer(NAME, "update")),
            Rule::always("GET", format!("/payments/{REFERENCE}"), paid),
        ]
    }

    fn accepted(&self) -> Whole {
        recorded::fitted(NAME, "create_order", |body| body["billPayNumber"] = json!(REFERENCE))
    }

    fn expired(&self) -> Whole {
        recorded::of(401, r#"{"message":"Unauthorized"}"#)
    }

    fn instead(&self, told: Told) -> Option<Rule> {
        match told {
            Told::Refused => {
                let refused = recorded::of(400, r#"{"message":"billAmount is not allowed"}"#);
                Some(Rule::always("POST", ORDER, refused))
            }
            Told::Duplicate => Some(Rule::always("POST", ORDER, recorded::answer(NAME, "reference_in_use"))),
            Told::BadBulk => Some(Rule::always("POST", ORDERS, recorded::answer(NAME, "create_orders"))),
            Told::NoSuchSubmission => {
                Some(Rule::always("GET", format!("/billpay/{REFERENCE}"), recorded::answer(NAME, "find_unknown")))
            }
            Told::UnknownWord => {
                let paid = recorded::fitted(NAME, "payments", |body| {
                    body[0]["orderReference"] = json!(REFERENCE);
                    body[0]["status"] = json!("ROUTED");
                });
                Some(Rule::always("GET", format!("/payments/{REFERENCE}"), paid))
            }
            Told::AccountKnown | Told::AccountUnknown => None,
        }
    }

    fn work(&self, stand: Stand, wish: Wish) -> Option<Work> {
        let amount = match (stand, wish) {
            (_, Wish::Bulk) => return Some(self.several(OTHER_REFERENCE, REFERENCE)),
            (Stand::Recorded, Wish::BadBulk) => return Some(self.several(OTHER_REFERENCE, REFERENCE)),
            // One character more than a reference may have.
            (Stand::Sandbox, Wish::BadBulk) => return Some(self.several(REFERENCE, "A23456789012345678901")),
            (Stand::Recorded, _) => "90900",
            (Stand::Sandbox, Wish::Accepted | Wish::Told | Wish::Forged) => "1300",
            (Stand::Sandbox, Wish::Refused) => "1301",
            (Stand::Sandbox, Wish::TimeoutBefore) => "1303",
            (Stand::Sandbox, Wish::TimeoutAfter) => "1304",
            (Stand::Sandbox, Wish::ServerError) => "1306",
            (Stand::Sandbox, Wish::Malformed) => "1307",
            (Stand::Sandbox, Wish::BrokenOff) => "1308",
            (Stand::Sandbox, Wish::Huge) => "1309",
            (Stand::Sandbox, Wish::Redirect) => "1310",
            (Stand::Sandbox, Wish::ExpiredSession) => "1312",
            (Stand::Sandbox, Wish::UnknownStatus | Wish::Recallable) => return None,
        };
        Some(Work::Numbers(vec![self.order(REFERENCE, amount)]))
    }

    /// A stranger has changed the amount.
    fn callbacks(&self) -> Option<(Sent, Sent)> {
        let genuine = recorded::request(NAME, "webhook_signed");
        let mut forged = genuine.clone();
        forged["data"]["collectedAmount"] = json!("99999");
        let sent = |body: &serde_json::Value| Sent { headers: Vec::new(), body: body.to_string().into_bytes() };
        Some((sent(&genuine), sent(&forged)))
    }
}

impl Clickpesa {
    fn order(&self, reference: &str, amount: &str) -> ControlNumberRequest {
        ControlNumberRequest {
            reference: reference.to_owned(),
            kind: ControlNumberKind::Order,
            mode: Some(ControlNumberMode::Exact),
            amount: Some(money(amount, &self.biller(Stand::Sandbox))),
            max_amount: None,
            description: None,
            customer: None,
        }
    }

    fn several(&self, one: &str, other: &str) -> Work {
        Work::Numbers(vec![self.order(one, "90900"), self.order(other, "90900")])
    }
}
