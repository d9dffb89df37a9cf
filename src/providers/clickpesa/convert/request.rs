//! What is asked of ClickPesa: numbers to be made, and changes of them.

use serde::Serialize;
use serde_json::Number;

use super::{wire_amount, wire_mode};
use crate::domain::control_number::{ControlNumberKind, Customer};
use crate::domain::money::{CurrencyCode, Money};
use crate::ports::provider::{ControlNumberChange, ControlNumberRequest, ProviderError, RefusalKind, Refused};
use crate::providers::clickpesa::wire::{BillChange, Endpoint, NewBill, NewBills};
use crate::providers::http::trouble;

const ACTIVE: &str = "ACTIVE";
const INACTIVE: &str = "INACTIVE";
/// The most numbers of one call.
const MOST: usize = 50;

/// The body of a call that makes numbers: the lone one's own, or that of several.
#[derive(Serialize)]
#[serde(untagged)]
pub(in crate::providers::clickpesa) enum NewBody<'a> {
    One(NewBill<'a>),
    Several(NewBills<'a>),
}

/// Which call makes these numbers, and its body. They are of one kind, since each kind has calls of its own.
pub(in crate::providers::clickpesa) fn new_bills(
    requests: &[ControlNumberRequest],
    shilling: CurrencyCode,
) -> Result<(Endpoint, NewBody<'_>), ProviderError> {
    let unfit = |what| Err(ProviderError::Misconfigured(trouble(what)));
    let Some(first) = requests.first() else { return unfit("no control number is asked for") };
    if requests.len() > MOST || requests.iter().any(|request| request.kind != first.kind) {
        return unfit("these control numbers cannot be asked for in one call");
    }
    if requests.len() == 1 {
        let endpoint = match first.kind {
            ControlNumberKind::Order => Endpoint::Order,
            ControlNumberKind::Customer => Endpoint::Customer,
        };
        return Ok((endpoint, NewBody::One(new_bill(first, shilling)?)));
    }
    let endpoint = match first.kind {
        ControlNumberKind::Order => Endpoint::Orders,
        ControlNumberKind::Customer => Endpoint::Customers,
    };
    let control_numbers: Result<Vec<_>, _> = requests.iter().map(|request| new_bill(request, shilling)).collect();
    Ok((endpoint, NewBody::Several(NewBills { control_numbers: control_numbers? })))
}

/// The reference is always ours, so that the number can be looked up. A mode is written only beside an amount, without
/// which it means nothing, and a customer only for a number of a customer, as several orders must not have one.
fn new_bill(request: &ControlNumberRequest, shilling: CurrencyCode) -> Result<NewBill<'_>, ProviderError> {
    let customer = match request.kind {
        ControlNumberKind::Customer => request.customer.as_ref(),
        ControlNumberKind::Order => None,
    };
    Ok(NewBill {
        bill_description: request.description.as_deref(),
        bill_payment_mode: request.amount.and(request.mode).map(wire_mode),
        bill_amount: optional(request.amount, shilling)?,
        bill_reference: &request.reference,
        bill_max_collection_amount: optional(request.max_amount, shilling)?,
        customer_name: customer.and_then(|customer| customer.name.as_deref()),
        customer_email: customer.and_then(|customer| customer.email.as_deref()),
        customer_phone: customer.and_then(phone),
    })
}

/// What PATCH changes. It wants at least one field.
pub(in crate::providers::clickpesa) fn change(
    change: &ControlNumberChange,
    shilling: CurrencyCode,
) -> Result<BillChange<'_>, ProviderError> {
    if *change == ControlNumberChange::default() {
        let message = "nothing is to be changed".to_owned();
        return Err(ProviderError::Refused(Refused { kind: RefusalKind::Input, message, ..Refused::default() }));
    }
    Ok(BillChange {
        bill_description: change.description.as_deref(),
        bill_payment_mode: change.mode.map(wire_mode),
        bill_amount: optional(change.amount, shilling)?,
        bill_max_collection_amount: optional(change.max_amount, shilling)?,
        bill_status: change.active.map(|active| if active { ACTIVE } else { INACTIVE }),
    })
}

/// Whether a number takes payments; none for a word that no page has.
pub(super) fn is_active(status: &str) -> Option<bool> {
    match status {
        ACTIVE => Some(true),
        INACTIVE => Some(false),
        _ => None,
    }
}

fn optional(amount: Option<Money>, shilling: CurrencyCode) -> Result<Option<Number>, ProviderError> {
    amount.map(|amount| wire_amount(amount, shilling)).transpose()
}

/// With the country code, without the plus.
fn phone(customer: &Customer) -> Option<&str> {
    customer.phone_number.as_deref().map(|number| number.trim_start_matches('+'))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::control_number::ControlNumberMode;

    fn shilling() -> CurrencyCode {
        "TZS".parse().expect("a currency")
    }

    fn money(minor: i64) -> Money {
        Money::from_minor(minor, shilling())
    }

    fn order() -> ControlNumberRequest {
        ControlNumberRequest {
            reference: "CUSTOMJH121".to_owned(),
            kind: ControlNumberKind::Order,
            mode: Some(ControlNumberMode::Exact),
            amount: Some(money(9_090_000)),
            max_amount: None,
            description: Some("Water Bill - July 2024".to_owned()),
            customer: None,
        }
    }

    fn asha() -> Customer {
        Customer {
            name: Some("John Doe".to_owned()),
            phone_number: Some("+255712345678".to_owned()),
            email: Some("john@example.com".to_owned()),
        }
    }

    fn body(requests: &[ControlNumberRequest]) -> (Endpoint, Value) {
        let (endpoint, body) = new_bills(requests, shilling()).unwrap_or_else(|error| panic!("{error}"));
        (endpoint, serde_json::to_value(body).expect("JSON"))
    }

    #[test]
    fn trap_3_a_mode_is_written_only_beside_an_amount() {
        let (_, with) = body(&[order()]);
        assert_eq!(with["billPaymentMode"], "EXACT");
        let (_, without) = body(&[ControlNumberRequest { amount: None, ..order() }]);
        assert_eq!(without, json!({ "billDescription": "Water Bill - July 2024", "billReference": "CUSTOMJH121" }));
    }

    #[test]
    fn a_customer_is_written_for_a_customers_number_only() {
        let of_customer = ControlNumberRequest {
            kind: ControlNumberKind::Customer,
            customer: Some(asha()),
            max_amount: Some(money(10_000_050)),
            ..order()
        };
        let (endpoint, written) = body(std::slice::from_ref(&of_customer));
        assert_eq!(endpoint, Endpoint::Customer);
        assert_eq!(written["customerPhone"], "255712345678");
        assert_eq!(written["customerName"], "John Doe");
        assert_eq!(written["billMaxCollectionAmount"].to_string(), "100000.5");
        let (endpoint, written) = body(&[ControlNumberRequest { kind: ControlNumberKind::Order, ..of_customer }]);
        assert_eq!(endpoint, Endpoint::Order);
        assert!(written.get("customerName").is_none() && written.get("customerPhone").is_none());
    }

    #[test]
    fn several_are_of_one_kind_and_at_most_fifty() {
        let second = ControlNumberRequest { reference: "B2".to_owned(), ..order() };
        let (endpoint, written) = body(&[order(), second.clone()]);
        assert_eq!(endpoint, Endpoint::Orders);
        assert_eq!(written["controlNumbers"][1]["billReference"], "B2");
        let other = ControlNumberRequest { kind: ControlNumberKind::Customer, customer: Some(asha()), ..second };
        for unfit in [vec![], vec![order(), other], vec![order(); MOST + 1]] {
            assert!(matches!(new_bills(&unfit, shilling()), Err(ProviderError::Misconfigured(_))));
        }
        assert!(new_bills(&vec![order(); MOST], shilling()).is_ok());
    }

    #[test]
    fn a_change_holds_what_is_changed_and_nothing_else() {
        let off = ControlNumberChange { active: Some(false), ..ControlNumberChange::default() };
        let written = serde_json::to_value(change(&off, shilling()).unwrap_or_else(|error| panic!("{error}")));
        assert_eq!(written.expect("JSON"), json!({ "billStatus": "INACTIVE" }));
        let nothing = ControlNumberChange::default();
        assert!(matches!(change(&nothing, shilling()), Err(ProviderError::Refused(_))));
    }
}
