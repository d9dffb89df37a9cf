//! Almara Pay, for the contract suite.

use billpay::domain::biller::Biller;
use billpay::domain::provider::ProviderCode;
use billpay::sandbox::{ALMARA_CLIENT_ID, ALMARA_CLIENT_SECRET};
use serde_json::{Value, json};

use super::{Sent, Subject, Told, Wish, biller_of, payment};
use crate::contract::bench::Stand;
use crate::contract::recorded;
use crate::contract::scripted::{Rule, Whole};
use crate::contract::work::{OURS, Work};

const TOKEN: &str = "/v1/oauth/token";
const BILL_PAYMENTS: &str = "/v1/bill-payments";
const NAME: &str = "almara";

pub(super) struct Almara;

impl Subject for Almara {
    fn code(&self) -> ProviderCode {
        ProviderCode::Almara
    }

    fn home(&self) -> &'static str {
        "/almara"
    }

    fn settings(&self, _: Stand, base: &str) -> Vec<(&'static str, String)> {
        vec![
            ("BASE_URL", base.to_owned()),
            ("TOKEN_URL", format!("{base}{TOKEN}")),
            ("TOKEN_FORM", "json".to_owned()),
            ("CLIENT_ID", ALMARA_CLIENT_ID.to_owned()),
            ("CLIENT_SECRET", ALMARA_CLIENT_SECRET.to_owned()),
            ("ENVIRONMENT", "TEST".to_owned()),
        ]
    }

    fn biller(&self, _: Stand) -> Biller {
        biller_of(self.code(), "860a26ce-4828-f111-bc5a-0e7d952d79b7", "KES")
    }

    fn accounts(&self) -> (&'static str, &'static str) {
        ("1111777", "0000000")
    }

    fn signs_in_at(&self) -> &'static str {
        TOKEN
    }

    fn submits_at(&self) -> &'static str {
        BILL_PAYMENTS
    }

    fn all_well(&self) -> Vec<Rule> {
        vec![
            Rule::always("POST", TOKEN, recorded::answer(NAME, "token")),
            Rule::always("GET", "/v1/bill-services", recorded::answer(NAME, "services")),
            Rule::always("POST", BILL_PAYMENTS, self.accepted()),
            Rule::always("GET", BILL_PAYMENTS, standing("status_completed", |_| {})),
        ]
    }

    fn accepted(&self) -> Whole {
        recorded::fitted(NAME, "pay_accepted", |body| body["message"]["originatorConversationId"] = json!(OURS))
    }

    fn expired(&self) -> Whole {
        recorded::of(401, "")
    }

    fn instead(&self, told: Told) -> Option<Rule> {
        let (method, answer) = match told {
            // It would echo the reference of the question, which is made anew each time.
            Told::AccountKnown => (
                "POST",
                recorded::fitted(NAME, "account_found", |body| {
                    body["message"]["originatorConversationId"] = Value::Null;
                }),
            ),
            Told::AccountUnknown => (
                "POST",
                recorded::fitted(NAME, "bill_number_refused", |body| {
                    body["appDomainName"] = json!("TEST");
                }),
            ),
            Told::Refused => (
                "POST",
                recorded::fitted(NAME, "pay_field_list", |body| {
                    body["originatorConversationId"] = json!(OURS);
                }),
            ),
            Told::Duplicate => ("POST", recorded::answer(NAME, "pay_duplicate")),
            Told::NoSuchSubmission => ("GET", standing("status_not_found", |_| {})),
            Told::UnknownWord => (
                "GET",
                standing("status_completed", |outcome| {
                    outcome["status"] = json!(77);
                    outcome["resultCode"] = json!("99");
                }),
            ),
            Told::BadBulk => return None,
        };
        Some(Rule::always(method, BILL_PAYMENTS, answer))
    }

    fn work(&self, stand: Stand, wish: Wish) -> Option<Work> {
        let account = match (stand, wish) {
            (_, Wish::Bulk | Wish::BadBulk | Wish::Forged | Wish::Recallable) => None,
            (Stand::Recorded, _) | (Stand::Sandbox, Wish::Accepted) => Some("1111111"),
            (Stand::Sandbox, Wish::Refused) => Some("3333333"),
            (Stand::Sandbox, Wish::TimeoutBefore) => Some("5555555"),
            (Stand::Sandbox, Wish::TimeoutAfter) => Some("6666666"),
            (Stand::Sandbox, Wish::BrokenOff) => Some("6161616"),
            (Stand::Sandbox, Wish::ServerError) => Some("7777777"),
            (Stand::Sandbox, Wish::Malformed) => Some("9999999"),
            (Stand::Sandbox, Wish::UnknownStatus) => Some("1717171"),
            (Stand::Sandbox, Wish::Told) => Some("2222222"),
            (Stand::Sandbox, Wish::Huge | Wish::Redirect | Wish::ExpiredSession) => None,
        };
        Some(Work::payment(payment(self.biller(stand), account?, "15")))
    }

    /// Without a signature a stranger's is the same.
    fn callbacks(&self) -> Option<(Sent, Sent)> {
        let sent = Sent { headers: Vec::new(), body: standing("status_completed", |_| {}).body };
        Some((sent.clone(), sent))
    }
}

/// A recorded status of our payment, with another outcome.
fn standing(name: &str, fit: impl FnOnce(&mut Value)) -> Whole {
    recorded::fitted(NAME, name, |body| {
        body["originatorConversationId"] = json!(OURS);
        fit(&mut body["billRequestOutcome"]);
    })
}
