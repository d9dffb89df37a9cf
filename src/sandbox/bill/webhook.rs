//! Notifications: what BILL tells unasked when a payment changes.
//!
//! The body is a JSON string that holds the JSON text, as the provider describes it; the signature is over the body as
//! it is sent, quotation marks included, which is our choice. Anything but exactly 200 brings the same notification
//! again, so that a client that answers 202 gets all of them.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac};
use serde::Serialize;
use sha2::Sha256;
use tokio::time::sleep;

use super::funding::Kind;
use super::login::{ORGANIZATION_ID, USER_ID};
use super::payment::Payment;
use super::status::SingleStatus;
use super::subscription::{PAYMENT_UPDATED, Subscription};
use super::vendor::PayBy;
use super::{BillCom, PROVIDER, clock, derive};

const SIGNATURE: &str = "x-bill-sha-signature";
const TIMEOUT: Duration = Duration::from_secs(10);
/// The provider's first pause; each is twice the one before. Here they shrink with the sandbox's "later".
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// One try and four repetitions.
const TRIES: u32 = 5;
const WRONG_KEY: &str = "not-the-key";

/// How a change is told.
#[derive(Clone, Copy)]
pub(super) struct Telling {
    /// Another status than the payment's.
    pub status: Option<SingleStatus>,
    /// How often the same event is sent, however it is answered.
    pub times: u8,
    /// Whether its signature is wrong.
    pub forged: bool,
}

/// What is sent, and where.
struct Notification {
    url: String,
    body: String,
    signature: String,
}

#[derive(Serialize)]
struct Event<'a> {
    metadata: Metadata<'a>,
    payment: Changed<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    event_id: String,
    subscription_id: &'a str,
    organization_id: &'static str,
    event_type: &'static str,
    version: &'static str,
}

/// `status` has the values of `singleStatus` here.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Changed<'a> {
    id: &'a str,
    bill_ids: Vec<String>,
    transaction_number: &'a str,
    status: &'static str,
    created_by: &'static str,
    created_time: String,
    updated_time: String,
    process_date: String,
    funding: Funding,
    disbursement: Disbursement,
    vendor: Named,
    billing_type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Funding {
    r#type: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_number: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Disbursement {
    arrives_by_date: String,
    disbursement_account: DisbursementAccount,
}

#[derive(Serialize)]
struct DisbursementAccount {
    r#type: PayBy,
}

#[derive(Serialize)]
struct Named {
    id: &'static str,
    name: &'static str,
}

impl Telling {
    pub(super) const ONCE: Self = Self { status: None, times: 1, forged: false };
}

/// Tells everybody who wants to know how a payment stands; does not wait for them.
pub(super) fn tell(bill: &Arc<BillCom>, payment: &Payment, telling: Telling) {
    for subscription in bill.subscriptions.of_payments() {
        if let Some(notification) = notification(&subscription, payment, telling) {
            tokio::spawn(deliver_all(Arc::clone(bill), notification, telling.times));
        }
    }
}

fn notification(subscription: &Subscription, payment: &Payment, telling: Telling) -> Option<Notification> {
    let url = subscription.notification_url.clone()?;
    let text = serde_json::to_string(&event(subscription, payment, telling)).ok()?;
    let body = serde_json::to_string(&text).ok()?;
    let key = if telling.forged { WRONG_KEY } else { &subscription.security_key };
    let signature = signature(key, body.as_bytes());
    Some(Notification { url, body, signature })
}

fn event<'a>(subscription: &'a Subscription, payment: &'a Payment, telling: Telling) -> Event<'a> {
    let (name, account_number) = payment.terms.funding.description();
    let metadata = Metadata {
        event_id: derive::uuid(),
        subscription_id: &subscription.id,
        organization_id: ORGANIZATION_ID,
        event_type: PAYMENT_UPDATED,
        version: "1",
    };
    let payment = Changed {
        id: &payment.id,
        bill_ids: payment.bill_ids(),
        transaction_number: &payment.transaction_number,
        status: telling.status.unwrap_or(payment.status).name(),
        created_by: USER_ID,
        created_time: clock::text(payment.created),
        updated_time: clock::text(payment.updated),
        process_date: payment.terms.process_date.to_string(),
        funding: Funding { r#type: payment.terms.funding.r#type, id: payment.terms.funding.id, name, account_number },
        disbursement: Disbursement {
            arrives_by_date: clock::next_business_day(payment.terms.process_date).to_string(),
            disbursement_account: DisbursementAccount { r#type: payment.vendor.pay_by },
        },
        vendor: Named { id: payment.vendor.id, name: payment.vendor.name },
        billing_type: "BDC",
    };
    Event { metadata, payment }
}

/// base64(HMAC-SHA256(key, body)).
fn signature(key: &str, body: &[u8]) -> String {
    let signed = Hmac::<Sha256>::new_from_slice(key.as_bytes()).map(|mac| mac.chain_update(body).finalize());
    signed.map(|code| BASE64_STANDARD.encode(code.into_bytes())).unwrap_or_default()
}

async fn deliver_all(bill: Arc<BillCom>, notification: Notification, times: u8) {
    for _ in 0..times {
        deliver(&bill, &notification).await;
    }
}

async fn deliver(bill: &BillCom, notification: &Notification) {
    let mut pause = FIRST_PAUSE.min(bill.later);
    for tries in 1..=TRIES {
        if is_taken(&bill.callbacks, notification, tries).await {
            return;
        }
        if tries < TRIES {
            sleep(pause).await;
            pause *= 2;
        }
    }
}

async fn is_taken(client: &reqwest::Client, notification: &Notification, tries: u32) -> bool {
    let request = client
        .post(&notification.url)
        .timeout(TIMEOUT)
        .header(header::CONTENT_TYPE, "application/json")
        .header(SIGNATURE, &notification.signature)
        .body(notification.body.clone());
    match request.send().await {
        Ok(response) if response.status().as_u16() == 200 => true,
        Ok(response) => {
            let status = response.status().as_u16();
            tracing::debug!(provider.name = PROVIDER, http.status = status, tries, "sandbox notification repeated");
            false
        }
        Err(error) => {
            let error = error.without_url();
            tracing::debug!(provider.name = PROVIDER, %error, tries, "sandbox notification not delivered");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;
    use serde_json::Value;

    use super::super::book::Book;
    use super::super::delivery::Delivery;
    use super::super::order::{Line, Order, Terms};
    use super::super::subscription::{Subscriptions, WEBHOOK_SECURITY_KEY};
    use super::super::{funding, vendor};
    use super::*;
    use crate::ports::clock::Clock;

    fn told(telling: Telling) -> Notification {
        let line =
            Line { bill_id: Some("00n01SANDBOX00100001".to_owned()), amount: Decimal::TEN, transaction_number: None };
        let terms = Terms {
            description: None,
            process_date: clock::today(&Clock::default()),
            funding: funding::Funding::FIRST_BANK,
            delivery: Delivery::USUAL,
            creates_bill: false,
            rate: None,
        };
        let vendor = vendor::find("00901SANDBOX00000001").expect("a vendor");
        let order = Order { vendor, lines: vec![line], terms };
        let payment = Book::default().accept(vec![order]).expect("accepted").remove(0);
        let subscription = Subscriptions::new(Some("http://127.0.0.1:1")).of_payments().remove(0);
        notification(&subscription, &payment, telling).expect("a notification")
    }

    #[test]
    fn a_body_is_a_string_that_holds_the_documented_event() {
        let notification = told(Telling::ONCE);
        assert!(notification.body.starts_with(r#""{\"metadata\":{\"eventId\":"#));
        let text: String = serde_json::from_str(&notification.body).expect("a string");
        let event: Value = serde_json::from_str(&text).expect("an event");
        assert_eq!(event["metadata"]["eventType"], "payment.updated");
        assert_eq!(event["payment"]["status"], "SCHEDULED");
        assert_eq!(event["payment"]["billIds"][0], "00n01SANDBOX00100001");
        assert_eq!(event["payment"]["funding"]["type"], "BANK_ACCOUNT");
    }

    #[test]
    fn a_forged_notification_has_another_signature() {
        let forged = Telling { status: Some(SingleStatus::Cleared), forged: true, ..Telling::ONCE };
        for (telling, is_right) in [(Telling::ONCE, true), (forged, false)] {
            let notification = told(telling);
            let expected = signature(WEBHOOK_SECURITY_KEY, notification.body.as_bytes());
            assert_eq!(notification.signature == expected, is_right);
        }
    }

    #[test]
    fn a_signature_is_the_one_of_the_published_test_vector() {
        // RFC 4231, test case 2, in base64.
        assert_eq!(signature("Jefe", b"what do ya want for nothing?"), "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
    }
}
