//! Payments to our numbers, as the query and the webhooks tell them.
//!
//! A payment is known by its `id`, which stands in both; `paymentReference` is absent from a failed one's webhook, so a
//! payment without an `id` is not taken by another name, under which it could count twice. One that cannot be used is
//! left out and told to whoever asked, so that it reaches a log and hides no other.

use jiff::Timestamp;
use serde_json::Value;

use super::refusal::{Asked, refusal};
use super::status::status;
use super::{reference, told, words};
use crate::domain::control_number::Customer;
use crate::domain::money::{CurrencyCode, Money};
use crate::domain::phone::PhoneNumber;
use crate::ports::provider::{CollectionAnswer, ProviderError};
use crate::providers::clickpesa::wire::{Payer, Payment, PaymentsPage, Scalar, UNKNOWN_PAYMENT, read_message};
use crate::providers::http::Answer;
use crate::providers::json;

/// The most characters of a word that is not known, for the log.
const LONGEST_WORD: usize = 30;

/// Why a payment that was told cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::providers::clickpesa) enum Unusable {
    #[error("it has not the documented members")]
    Unreadable,
    #[error("it has no id")]
    NoId,
    #[error("it names no number")]
    NoNumber,
    #[error("it is of another number than was asked for")]
    OtherNumber,
    #[error("its status {0:?} is not known")]
    Status(String),
}

/// A payment that was told, or why it cannot be used.
pub(in crate::providers::clickpesa) type Told = Result<CollectionAnswer, Unusable>;

/// What was paid to a number. That nothing was is told by a 404 in the documented words.
pub(in crate::providers::clickpesa) fn payments_of(
    number: &str,
    answer: &Answer,
    shilling: CurrencyCode,
) -> Result<Vec<Told>, ProviderError> {
    let message = || read_message(&answer.body).unwrap_or_default();
    if answer.status == 404 && message().trim_start().starts_with(UNKNOWN_PAYMENT) {
        return Ok(Vec::new());
    }
    let payments: Vec<Value> = success(answer)?;
    let of_number = |payment: Value| match collection(payment, shilling) {
        Ok(told) if told.number != number => Err(Unusable::OtherNumber),
        told => told,
    };
    Ok(payments.into_iter().map(of_number).collect())
}

/// One page of what was paid to any number, and how much there is of all, where that is told.
pub(in crate::providers::clickpesa) fn payments_page(
    answer: &Answer,
    shilling: CurrencyCode,
) -> Result<(Vec<Told>, Option<u64>), ProviderError> {
    let page: PaymentsPage = success(answer)?;
    let told = page.data.into_iter().map(|payment| collection(payment, shilling)).collect();
    Ok((told, page.total_count.as_ref().and_then(Value::as_u64)))
}

/// One payment.
pub(super) fn collection(payment: Value, shilling: CurrencyCode) -> Told {
    let payment: Payment = serde_json::from_value(payment).map_err(|_| Unusable::Unreadable)?;
    let id = reference(payment.id.as_ref()).ok_or(Unusable::NoId)?;
    let number = reference(payment.order_reference.as_ref()).ok_or(Unusable::NoNumber)?;
    let word = told(payment.status.as_deref()).unwrap_or_default();
    Ok(CollectionAnswer {
        status: status(word).ok_or_else(|| Unusable::Status(word.chars().take(LONGEST_WORD).collect()))?,
        amount: amount(&payment, shilling),
        payer: payer(payment.customer.as_ref(), payment.payment_phone_number.as_ref()),
        channel: told(payment.channel.as_deref()).map(words),
        payment_reference: reference(payment.payment_reference.as_ref()),
        message: told(payment.message.as_deref()).map(words),
        updated_at: told(payment.updated_at.as_deref()).and_then(|text| text.parse::<Timestamp>().ok()),
        reference: id,
        number,
    })
}

fn success<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<T, ProviderError> {
    if !answer.is_success() {
        return Err(refusal(Asked::Query, answer));
    }
    json::read(&answer.body).map_err(|_| ProviderError::Unknown(answer.trouble("answer cannot be read")))
}

/// A whole number in the query, text in a webhook; never negative, by the pages. Control numbers collect shillings, so
/// that is the currency where none is told.
fn amount(payment: &Payment, shilling: CurrencyCode) -> Option<Money> {
    let currency = told(payment.collected_currency.as_deref()).map_or(Some(shilling), |code| code.parse().ok())?;
    let text = told(payment.collected_amount.as_ref().map(Scalar::as_str))?;
    Money::parse_lenient(text, currency).filter(|amount| amount.minor() >= 0)
}

/// Who paid, as far as anything is told. Of two phone numbers the customer's own counts.
fn payer(payer: Option<&Payer>, paid_from: Option<&Scalar>) -> Option<Customer> {
    let own = payer.and_then(|payer| payer.customer_phone_number.as_ref());
    let customer = Customer {
        name: told(payer.and_then(|payer| payer.customer_name.as_deref())).map(words),
        phone_number: phone(own).or_else(|| phone(paid_from)),
        email: told(payer.and_then(|payer| payer.customer_email.as_deref())).map(words),
    };
    let is_known = customer.name.is_some() || customer.phone_number.is_some() || customer.email.is_some();
    is_known.then_some(customer)
}

/// With its plus, which ClickPesa leaves out.
fn phone(number: Option<&Scalar>) -> Option<String> {
    let digits = told(number.map(Scalar::as_str))?.trim_start_matches('+');
    let number = format!("+{digits}");
    PhoneNumber::has_form(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::domain::collection::CollectionStatus;
    use crate::providers::clickpesa::canonical::tests::any_value;
    use crate::providers::clickpesa::fixture;

    fn shilling() -> CurrencyCode {
        "TZS".parse().expect("a currency")
    }

    fn usable(told: Told) -> CollectionAnswer {
        told.unwrap_or_else(|fault| panic!("{fault}"))
    }

    fn payment(more: Value) -> Value {
        let mut payment = json!({ "id": "A1LCP1", "orderReference": "A1", "status": "SUCCESS" });
        for (name, value) in more.as_object().expect("an object") {
            payment[name] = value.clone();
        }
        payment
    }

    #[test]
    fn the_query_and_the_webhook_tell_the_same_payment() {
        let told = payments_of("ORD123456", &fixture::answer("payments"), shilling());
        let mut queried = told.unwrap_or_else(|error| panic!("{error}"));
        let notified = fixture::request("webhook_received")["data"].take();
        let (queried, notified) = (usable(queried.remove(0)), usable(collection(notified, shilling())));
        assert_eq!((&queried.reference, &queried.number), (&notified.reference, &notified.number));
        assert_eq!((queried.status, queried.amount), (notified.status, notified.amount));
        assert_eq!(queried.amount, Some(Money::from_minor(1_000_000, shilling())));
        assert_eq!(queried.payer, notified.payer);
        assert_eq!(queried.updated_at, Some("2024-04-10T18:22:56.153Z".parse().expect("a moment")));
        assert_eq!(notified.channel.as_deref(), Some("CRDB DIRECT DEBIT MANDATE"));
    }

    #[test]
    fn a_failed_payment_tells_no_amount_and_no_reference_of_the_payer() {
        let failed = usable(collection(fixture::request("webhook_failed")["data"].take(), shilling()));
        assert_eq!((failed.status, failed.amount), (CollectionStatus::Failed, None));
        assert_eq!((failed.payment_reference, failed.payer), (None, None));
        assert_eq!(failed.message.as_deref(), Some("Insufficient balance"));
    }

    #[test]
    fn an_amount_is_a_number_or_text_and_never_guessed() {
        for (told, minor) in [
            (json!({ "collectedAmount": 10000 }), Some(1_000_000)),
            (json!({ "collectedAmount": "10000" }), Some(1_000_000)),
            (json!({ "collectedAmount": "10000.50", "collectedCurrency": "TZS" }), Some(1_000_050)),
            (json!({ "collectedAmount": "0" }), Some(0)),
            (json!({ "collectedAmount": "-1" }), None),
            (json!({ "collectedAmount": "10,000" }), None),
            (json!({ "collectedAmount": "0.001" }), None),
            (json!({ "collectedAmount": "1", "collectedCurrency": "shillings" }), None),
            (json!({}), None),
        ] {
            let answer = usable(collection(payment(told.clone()), shilling()));
            assert_eq!(answer.amount.map(Money::minor), minor, "{told}");
        }
        let dollars = json!({ "collectedAmount": "10.00", "collectedCurrency": "USD" });
        let answer = usable(collection(payment(dollars), shilling()));
        assert_eq!(answer.amount.map(|amount| amount.to_string()).as_deref(), Some("10.00 USD"));
    }

    #[test]
    fn what_cannot_be_used_is_left_out_alone() {
        let page = json!({ "data": [
            payment(json!({})),
            payment(json!({ "status": "AUTHORIZED" })),
            payment(json!({ "status": null })),
            payment(json!({ "id": null, "paymentReference": "abc123" })),
            payment(json!({ "orderReference": "" })),
            payment(json!({ "id": "x".repeat(101) })),
            7,
            payment(json!({ "id": 9 })),
        ], "totalCount": 8 });
        let answer = Answer { status: 200, body: page.to_string().into_bytes() };
        let (told, total) = payments_page(&answer, shilling()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(total, Some(8));
        let faults: Vec<_> = told.iter().map(|told| told.as_ref().err().cloned()).collect();
        assert_eq!(
            faults,
            [
                None,
                Some(Unusable::Status("AUTHORIZED".to_owned())),
                Some(Unusable::Status(String::new())),
                Some(Unusable::NoId),
                Some(Unusable::NoNumber),
                Some(Unusable::NoId),
                Some(Unusable::Unreadable),
                None,
            ]
        );
    }

    #[test]
    fn nothing_was_paid_only_in_the_documented_words() {
        let empty = payments_of("ORD123456", &fixture::answer("payments_unknown"), shilling());
        assert_eq!(empty, Ok(Vec::new()));
        let other = Answer { status: 404, body: br#"{"message":"Cannot GET /payments/A1"}"#.to_vec() };
        assert!(matches!(payments_of("A1", &other, shilling()), Err(ProviderError::Unknown(_))));
        let object = fixture::answer("payments_all");
        assert!(matches!(payments_of("all", &object, shilling()), Err(ProviderError::Unknown(_))));
    }

    #[test]
    fn a_payment_of_another_number_is_left_out() {
        let told = payments_of("A1", &fixture::answer("payments"), shilling());
        assert_eq!(told, Ok(vec![Err(Unusable::OtherNumber)]));
    }

    #[test]
    fn a_page_holds_payments_of_any_number() {
        let page = payments_page(&fixture::answer("payments_all"), shilling());
        let told = page.map(|(told, _)| told);
        let told = told.unwrap_or_else(|error| panic!("{error}"));
        let numbers: Vec<_> = told.into_iter().map(|told| usable(told).number).collect();
        assert_eq!(numbers, ["CUSTOMJH121", "ORD123456"]);
    }

    proptest! {
        #[test]
        fn any_json_is_a_payment_or_none_without_a_panic(value in any_value()) {
            let _ = collection(value.clone(), shilling());
            let _ = collection(payment(json!({ "customer": value, "collectedAmount": value })), shilling());
        }
    }
}
