//! The payer: a call of the sandbox's own that stands for somebody with a telephone.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::collect::{self, Collection};
use super::fields::{self, Fields};
use super::payment::Payer;
use super::rejection::{self, Rejection};
use super::wire::CURRENCY;
use super::{Clickpesa, scenarios};

/// `POST /_sandbox/pay`: pays a number. The sandbox's own call: the provider has none.
///
/// It runs in a task of its own, so that a caller that hangs up cannot leave a payment half done.
pub(super) async fn pay(State(clickpesa): State<Arc<Clickpesa>>, body: Bytes) -> Response {
    let collection = match read(&body) {
        Ok(collection) => collection,
        Err(rejection) => return rejection.into_response(),
    };
    match tokio::spawn(collect::collect(clickpesa, collection)).await {
        Ok(Ok(payment)) => Json(payment.collected()).into_response(),
        Ok(Err(rejection)) => rejection.into_response(),
        Err(_) => rejection::server_error(),
    }
}

fn read(body: &[u8]) -> Result<Collection, Rejection> {
    let members = fields::parse(body)?;
    let fields = Fields::new(&members);
    let amount = fields.required_amount("amount")?;
    let script = match fields.text("outcome")? {
        Some(outcome) => {
            scenarios::collection_named(outcome).ok_or_else(|| Rejection::invalid("outcome is unknown"))?
        }
        None => scenarios::collection(amount),
    };
    Ok(Collection {
        number: fields.required_text("billPayNumber")?.to_owned(),
        amount,
        currency: fields.text("currency")?.unwrap_or(CURRENCY).to_owned(),
        payer: payer(fields)?,
        script,
        force: fields.flag("force")?,
    })
}

fn payer(fields: Fields<'_>) -> Result<Payer, Rejection> {
    let Some(payer) = fields.object("payer")? else { return Ok(collect::usual_payer()) };
    let text = |name: &str| payer.text(name).map(|text| text.map(str::to_owned));
    Ok(Payer { name: text("name")?, phone: text("phoneNumber")?, email: text("email")? })
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::super::script::Standing;
    use super::*;

    #[test]
    fn little_is_needed_to_pay() {
        let collection = read(br#"{"billPayNumber":"CUSTOMJH121","amount":"10000"}"#).expect("a payment");
        assert_eq!((collection.number.as_str(), collection.currency.as_str()), ("CUSTOMJH121", CURRENCY));
        assert_eq!((collection.amount, collection.script.first), (Decimal::new(10_000, 0), Standing::Success));
        assert!(!collection.force && collection.payer.phone.is_some());
        for refused in ["{}", r#"{"billPayNumber":"1"}"#, r#"{"amount":1}"#, "", "[]"] {
            assert!(read(refused.as_bytes()).is_err(), "{refused}");
        }
    }

    #[test]
    fn an_outcome_wins_over_the_amount() {
        let of = |rest: &str| read(format!(r#"{{"billPayNumber":"1","amount":1401{rest}}}"#).as_bytes());
        assert!(of("").is_ok_and(|collection| collection.script.first == Standing::Failed));
        assert!(of(r#","outcome":"SUCCESS""#).is_ok_and(|collection| collection.script.first == Standing::Success));
        assert!(of(r#","outcome":"PAID""#).is_err());
        let named = of(r#","payer":{"name":"Neema"},"force":true,"currency":"USD""#).expect("a payment");
        assert_eq!((named.payer.name.as_deref(), named.payer.phone), (Some("Neema"), None));
        assert!(named.force && named.currency == "USD");
    }
}
