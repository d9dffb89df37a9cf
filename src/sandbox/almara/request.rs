//! The body of `POST /v1/bill-payments`: a look-up or a payment, read once and complete from then on.

use axum::http::HeaderMap;

use super::fields::{self, Fields};
use super::payment::Payment;
use super::rejection::Rejection;
use super::script::Standing;
use super::service::Service;
use super::{derive, service};

/// What a client asks for.
pub(super) enum BillRequest {
    /// Transaction types 1 (query) and 3 (validate).
    LookUp(LookUpRequest),
    /// Transaction type 2.
    Pay(Box<Payment>),
}

/// Which account's bill is looked up.
pub(super) struct LookUpRequest {
    pub kind: LookUpKind,
    pub account: String,
    pub key: Option<String>,
    pub currency: Option<String>,
}

/// The two ways to look an account up.
#[derive(Clone, Copy)]
pub(super) enum LookUpKind {
    Query,
    Validation,
}

/// Reads a body; what is wrong with the model comes before what is wrong with the business.
pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<BillRequest, Rejection> {
    let members = fields::parse(headers, body)?;
    let mut fields = Fields::new(&members);
    match fields.required_integer("TransactionType") {
        1 => read_look_up(fields, LookUpKind::Query).map(BillRequest::LookUp),
        2 => read_payment(fields).map(|payment| BillRequest::Pay(Box::new(payment))),
        3 => read_look_up(fields, LookUpKind::Validation).map(BillRequest::LookUp),
        _ => Err(fields.finish().err().unwrap_or(Rejection::Refused("Transaction type is invalid."))),
    }
}

/// The service that a body names, by its id, its code, or the number of its type.
pub(super) fn known_service(reference: &str) -> Result<&'static Service, Rejection> {
    service::find(reference).ok_or(Rejection::Refused("Service is invalid."))
}

fn read_look_up(mut fields: Fields<'_>, kind: LookUpKind) -> Result<LookUpRequest, Rejection> {
    let service = fields.required_reference("ServiceId", "ServiceCode");
    let account = fields.required_text("AccountNumber");
    let key = fields.text("OriginatorConversationId");
    let currency = fields.text("CurrencyCode");
    fields.finish()?;
    known_service(&service)?;
    Ok(LookUpRequest { kind, account, key, currency })
}

fn read_payment(mut fields: Fields<'_>) -> Result<Payment, Rejection> {
    let service = fields.required_reference("ServiceId", "ServiceCode");
    let account = fields.required_text("AccountNumber");
    let msisdn = fields.required_text("Msisdn");
    let description = fields.required_text("TransactionDesc");
    let key = fields.required_text("OriginatorConversationId");
    let amount = fields.required_amount("Amount");
    fields.required_text("CustomerNames");
    let country = fields.required_text("CountryCode");
    let currency = fields.required_text("CurrencyCode");
    let save_number = fields.required_flag("SaveBillerNumber");
    let callback_url = fields.required_text("CallBackUrl");
    let narration = fields.text("Narration");
    fields.finish()?;
    Ok(Payment {
        system_id: derive::system_conversation_id(&key),
        key,
        account,
        amount,
        currency,
        country: Some(country),
        msisdn: Some(msisdn),
        narration: narration.or(Some(description)),
        save_number,
        callback_url: Some(callback_url),
        service: Some(known_service(&service)?),
        standing: Standing::Pending,
    })
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, header};
    use rust_decimal::Decimal;

    use super::*;

    fn read_json(body: &str) -> Result<BillRequest, Rejection> {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        read(&headers, body.as_bytes())
    }

    #[test]
    fn the_documented_payment_is_read() {
        let body = r#"{"routeId":"068d89af-be67-f011-bb46-0e7d952d79b7","ServiceId":"bc97d2b1-4828-f111-bc5a-0e7d952d79b7",
            "accountNumber":"1111111","transactionType":2,"transactionDesc":"Bill Payment NEW",
            "originatorConversationId":"k1","msisdn":"254710000000","narration":"Testing","amount":15,
            "customerNames":"IRINA MUTHONI","countryCode":"KE","currencyCode":"KES","saveBillerNumber":true,
            "callBackUrl":"https://bright-sparrow-356.webhook.cool"}"#;
        let Ok(BillRequest::Pay(payment)) = read_json(body) else { panic!("not a payment") };
        assert_eq!((payment.key.as_str(), payment.account.as_str()), ("k1", "1111111"));
        assert_eq!(payment.amount, Decimal::new(15, 0));
        assert_eq!(payment.narration.as_deref(), Some("Testing"));
    }

    #[test]
    fn a_payment_needs_what_a_look_up_does_not() {
        let of_type = |number: u8| {
            read_json(&format!(
                r#"{{"serviceId":"860a26ce-4828-f111-bc5a-0e7d952d79b7","accountNumber":"1","transactionType":{number}}}"#
            ))
        };
        assert!(matches!(of_type(1), Ok(BillRequest::LookUp(_))));
        assert!(matches!(of_type(3), Ok(BillRequest::LookUp(_))));
        assert!(matches!(of_type(2), Err(Rejection::Invalid(faults)) if faults.len() == 9));
        assert!(matches!(of_type(4), Err(Rejection::Refused(_))));
    }

    #[test]
    fn a_body_that_does_not_call_itself_json_is_not_read() {
        assert!(matches!(read(&HeaderMap::new(), b"{}"), Err(Rejection::NotJson)));
    }
}
