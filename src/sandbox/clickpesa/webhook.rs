//! What the provider tells unasked: `PAYMENT RECEIVED` and `PAYMENT FAILED`, with their checksum in the body.
//!
//! Delivery is tried a few times and then given up; the provider's own schedule is not documented.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::time::sleep;
use url::Url;

use super::super::lock;
use super::checksum::{self, CANONICAL, CHECKSUM, CHECKSUM_KEY, METHOD};
use super::fields::{self, Fields};
use super::payment::Payment;
use super::rejection::Rejection;
use super::script::{Seal, Standing};
use super::token::CLIENT_ID;
use super::{Clickpesa, PROVIDER, canonical, wire};

/// Where billpay hears this provider, behind its own address.
const PATH: &str = "/callbacks/clickpesa";
/// The channel of every payment; which one a control number has is not documented.
const CHANNEL: &str = "M-PESA";
/// What a stranger signs with.
const STRANGERS_KEY: &str = "not-the-checksum-key";

const TRIES: u32 = 4;
const BETWEEN_TRIES: Duration = Duration::from_secs(1);

/// Where webhooks go; nowhere where there is none.
pub(super) struct Address {
    url: Mutex<Option<String>>,
}

impl Address {
    /// Behind billpay's address, which is without a path.
    pub(super) fn of(billpay: Option<&str>) -> Self {
        let url = billpay.map(|address| format!("{}{PATH}", address.trim_end_matches('/')));
        Self { url: Mutex::new(url) }
    }

    fn url(&self) -> Option<String> {
        lock(&self.url).clone()
    }

    fn set(&self, url: String) {
        *lock(&self.url) = Some(url);
    }
}

/// `PUT /_sandbox/webhook`: where webhooks go from now on. The provider has a page of its dashboard for that.
pub(super) async fn set_address(State(clickpesa): State<Arc<Clickpesa>>, body: Bytes) -> Response {
    match read(&body) {
        Ok(url) => {
            clickpesa.webhook.set(url.clone());
            Json(json!({ "url": url })).into_response()
        }
        Err(rejection) => rejection.into_response(),
    }
}

/// Tells how a payment stands, where there is an event for it.
pub(super) async fn tell(clickpesa: &Clickpesa, id: &str, seal: Seal) {
    let Some(url) = clickpesa.webhook.url() else { return };
    let Some(body) = clickpesa.payments.find(id).and_then(|payment| body(&payment, seal)) else { return };
    let tries = match seal {
        Seal::Right | Seal::Missing => TRIES,
        // A stranger does not insist.
        Seal::Forged => 1,
    };
    deliver(&clickpesa.callbacks, &url, &body, tries).await;
}

fn read(body: &[u8]) -> Result<String, Rejection> {
    let members = fields::parse(body)?;
    let url = Fields::new(&members).required_text("url")?;
    let is_web = Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if is_web { Ok(url.to_owned()) } else { Err(Rejection::invalid("url must be a URL address")) }
}

fn body(payment: &Payment, seal: Seal) -> Option<Value> {
    let told = match payment.standing {
        Standing::Success | Standing::Settled => json!({ "event": "PAYMENT RECEIVED", "data": received(payment) }),
        Standing::Failed => json!({ "event": "PAYMENT FAILED", "data": failed(payment) }),
        Standing::Pending | Standing::Processing | Standing::OnHold | Standing::Refunded | Standing::Reversed => {
            return None;
        }
    };
    Some(sealed(told, seal))
}

/// With a checksum over `event` and `data`, beside them.
fn sealed(mut told: Value, seal: Seal) -> Value {
    let key = match seal {
        Seal::Right => CHECKSUM_KEY,
        Seal::Forged => STRANGERS_KEY,
        Seal::Missing => return told,
    };
    let checksum = checksum::sign(key, &canonical::canonical(&told));
    told[CHECKSUM] = Value::from(checksum);
    told[METHOD] = Value::from(CANONICAL);
    told
}

/// The amount is text here.
fn received(payment: &Payment) -> Value {
    json!({
        "id": payment.id,
        "status": payment.standing.name(),
        "paymentReference": wire::payment_reference(&payment.id),
        "orderReference": payment.number,
        "collectedAmount": wire::shortest(payment.collected_amount()),
        "collectedCurrency": payment.currency,
        "message": payment.message(),
        "channel": CHANNEL,
        "updatedAt": wire::moment(payment.updated_at),
        "createdAt": wire::moment(payment.created_at),
        "customer": payment.payer.customer(),
    })
}

fn failed(payment: &Payment) -> Value {
    json!({
        "id": payment.id,
        "status": payment.standing.name(),
        "channel": CHANNEL,
        "orderReference": payment.number,
        "message": payment.message(),
        "updatedAt": wire::moment(payment.updated_at),
        "createdAt": wire::moment(payment.created_at),
        "clientId": CLIENT_ID,
    })
}

async fn deliver(client: &reqwest::Client, url: &str, body: &Value, most_tries: u32) {
    for tries in 1..=most_tries {
        match client.post(url).json(body).send().await {
            Ok(response) if response.status().is_success() => return,
            Ok(response) => {
                let status = response.status().as_u16();
                tracing::debug!(provider.name = PROVIDER, http.status = status, tries, "sandbox webhook refused");
            }
            Err(error) => {
                let error = error.without_url();
                tracing::debug!(provider.name = PROVIDER, %error, tries, "sandbox webhook not delivered");
            }
        }
        if tries < most_tries {
            sleep(BETWEEN_TRIES).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use rust_decimal::Decimal;

    use super::super::payment::Payer;
    use super::*;

    fn payment(standing: Standing) -> Payment {
        Payment {
            id: "CUSTOMJH121LCP1".to_owned(),
            number: "CUSTOMJH121".to_owned(),
            amount: Decimal::new(10_000, 0),
            currency: "TZS".to_owned(),
            payer: Payer { name: Some("Asha – Juma".to_owned()), phone: None, email: None },
            standing,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn verified(body: &Value) -> bool {
        body.get("checksum").is_some() && checksum::verify(body.as_object().expect("an object")).is_ok()
    }

    #[test]
    fn what_is_received_is_told_with_its_checksum() {
        let body = body(&payment(Standing::Success), Seal::Right).expect("told");
        assert_eq!((&body["event"], &body["checksumMethod"]), (&json!("PAYMENT RECEIVED"), &json!("canonical")));
        assert_eq!(body["data"]["collectedAmount"], json!("10000"));
        assert_eq!(body["data"]["orderReference"], json!("CUSTOMJH121"));
        assert_eq!(body["data"]["customer"], json!({ "customerName": "Asha – Juma" }));
        assert!(verified(&body));
    }

    #[test]
    fn a_forged_webhook_is_none_of_the_providers() {
        let forged = body(&payment(Standing::Success), Seal::Forged).expect("told");
        assert!(forged.get("checksum").is_some() && !verified(&forged));
        let unsigned = body(&payment(Standing::Success), Seal::Missing).expect("told");
        assert!(unsigned.get("checksum").is_none() && unsigned.get("checksumMethod").is_none());
    }

    #[test]
    fn a_failure_is_told_without_an_amount_and_a_return_not_at_all() {
        let failed = body(&payment(Standing::Failed), Seal::Right).expect("told");
        assert_eq!((&failed["event"], &failed["data"]["status"]), (&json!("PAYMENT FAILED"), &json!("FAILED")));
        assert!(failed["data"].get("collectedAmount").is_none() && verified(&failed));
        for standing in [Standing::Reversed, Standing::Refunded, Standing::OnHold] {
            assert!(body(&payment(standing), Seal::Right).is_none());
        }
    }

    #[test]
    fn webhooks_go_behind_billpays_address() {
        let there = "http://127.0.0.1:8080/callbacks/clickpesa";
        for address in ["http://127.0.0.1:8080", "http://127.0.0.1:8080/"] {
            assert_eq!(Address::of(Some(address)).url().as_deref(), Some(there));
        }
        assert_eq!(Address::of(None).url(), None);
        assert_eq!(read(br#"{"url":"http://127.0.0.1:1/x"}"#).as_deref(), Ok("http://127.0.0.1:1/x"));
        assert!(read(br#"{"url":"file:///x"}"#).is_err() && read(b"{}").is_err());
    }
}
