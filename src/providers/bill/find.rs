//! How a submission stands: by BILL's references where they are known, else by searching the list of payments.
//!
//! That a payment does not exist is said only after the list was read to its end. BILL documents no order of the list,
//! so none is relied on.

use super::convert::{self, Terms};
use super::gateway::{Gateway, List};
use super::wire::{self, Payment};
use crate::domain::money::CurrencyCode;
use crate::ports::clock::Deadline;
use crate::ports::provider::{PaymentAnswer, ProviderError, StatusQuery, Trouble};
use crate::providers::http::trouble;
use crate::providers::json;

/// Asks for each payment that BILL has named.
pub(super) async fn by_reference(
    gateway: &Gateway,
    query: &StatusQuery,
    dollars: CurrencyCode,
    deadline: Deadline,
) -> Result<Vec<PaymentAnswer>, ProviderError> {
    let mut answers = Vec::with_capacity(query.provider_references.len());
    for reference in &query.provider_references {
        let call = gateway.line().get(&path(reference)?, &[]);
        let answer = gateway.ask(&call, deadline).await.map_err(unsettled)?;
        let payment: Payment = json::read(&answer.body).map_err(|_| convert::unreadable(&answer))?;
        if payment.id != *reference {
            return Err(ProviderError::Unknown(answer.trouble("answer is about another payment")));
        }
        let currency = convert::currency_of(&payment, query);
        answers.push(convert::standing(payment, Terms { currency, dollars, http_status: Some(answer.status) }));
    }
    Ok(answers)
}

/// Searches the list.
pub(super) async fn in_list(
    gateway: &Gateway,
    query: &StatusQuery,
    dollars: CurrencyCode,
    deadline: Deadline,
) -> Result<Vec<PaymentAnswer>, ProviderError> {
    let filters = convert::filters(query);
    let list = List { path: wire::PAYMENTS, filters: filters.as_deref() };
    let enough = |listed: &[Payment]| convert::holds_single(listed, query);
    let listed = gateway.list(list, deadline, enough).await.map_err(unsettled)?;
    convert::found(listed, query, dollars)
}

/// Where a payment is read.
pub(super) fn path(reference: &str) -> Result<String, ProviderError> {
    if convert::is_plain(reference) {
        return Ok(format!("{}/{reference}", wire::PAYMENTS));
    }
    Err(ProviderError::NotSent(trouble("the reference cannot stand in a path")))
}

/// A question that is refused settles nothing about the payment.
fn unsettled(error: ProviderError) -> ProviderError {
    match error {
        ProviderError::Refused(refused) => ProviderError::Unknown(Trouble {
            what: "the look-up was refused",
            http_status: refused.http_status,
            code: refused.code,
            message: Some(refused.message),
            ..Trouble::default()
        }),
        ProviderError::NotSent(_) | ProviderError::Unknown(_) | ProviderError::Misconfigured(_) => error,
    }
}
