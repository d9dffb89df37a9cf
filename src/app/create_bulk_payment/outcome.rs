//! Why a provider refused a bulk, in terms of the bills that the caller named.

use std::collections::HashMap;

use uuid::Uuid;

use super::BulkItem;
use crate::domain::bulk_payment::bills_at_fault;
use crate::domain::ids::BillId;
use crate::domain::payment::{Allocation, Failure, Payment};
use crate::domain::refusal::{ErrorCode, Refusal};

/// One refusal for each bill because of which the bulk was refused, with its place in the input. What was refused for
/// the sake of others is not told again; what the provider said of the whole is told once.
pub(super) fn refusals(
    items: &[BulkItem],
    payments: &[Payment],
    allocations: &HashMap<Uuid, Vec<Allocation>>,
) -> Vec<Refusal> {
    if let Some(failure) = failure_of_all(payments).filter(|_| items.len() > 1) {
        return vec![refusal_of_all(failure)];
    }
    if !payments.is_empty() && payments.iter().all(was_rolled_back) {
        let message = "the provider refused one of these bills and did not tell which; none of them was paid";
        return vec![Refusal::new(ErrorCode::BulkRolledBack, message).at(&["input", "items"])];
    }
    let mut refusals = Vec::new();
    for payment in payments {
        let Some(failure) = own_failure(payment) else { continue };
        let named = bills_at_fault(failure);
        let parts = allocations.get(&payment.id.uuid()).map_or(&[][..], Vec::as_slice);
        let at_fault = parts.iter().filter(|part| {
            named.is_empty() || part.bill_reference.as_deref().is_some_and(|reference| named.contains(&reference))
        });
        refusals.extend(at_fault.filter_map(|part| refusal_of_bill(items, part, failure)));
    }
    refusals
}

fn was_rolled_back(payment: &Payment) -> bool {
    payment.failure.as_ref().is_some_and(|failure| failure.code == ErrorCode::BulkRolledBack)
}

/// Why a payment failed, if it was for its own sake.
fn own_failure(payment: &Payment) -> Option<&Failure> {
    payment.failure.as_ref().filter(|failure| failure.code != ErrorCode::BulkRolledBack)
}

/// Why all of them failed, if it was for one reason and no bill was named.
fn failure_of_all(payments: &[Payment]) -> Option<&Failure> {
    let first = own_failure(payments.first()?)?;
    let shared = payments.iter().all(|payment| own_failure(payment) == Some(first));
    (shared && bills_at_fault(first).is_empty()).then_some(first)
}

fn refusal_of_all(failure: &Failure) -> Refusal {
    let refusal = Refusal::new(failure.code, failure.message.clone());
    match failure.code {
        ErrorCode::ProcessDateNotAllowed => refusal.at(&["input", "processDate"]),
        ErrorCode::FundingAccountRequired | ErrorCode::FundingAccountInactive => {
            refusal.at(&["input", "fundingAccountId"])
        }
        ErrorCode::BadUserInput
        | ErrorCode::NotFound
        | ErrorCode::Forbidden
        | ErrorCode::IdempotencyKeyReused
        | ErrorCode::BillAlreadyBeingPaid
        | ErrorCode::BillNotPayable
        | ErrorCode::AmountNotAllowed
        | ErrorCode::CurrencyMismatch
        | ErrorCode::AccountNotFound
        | ErrorCode::CapabilityMissing
        | ErrorCode::PaymentNotCancellable
        | ErrorCode::PaymentNotVoidable
        | ErrorCode::BulkRolledBack
        | ErrorCode::ReferenceInUse
        | ErrorCode::ProviderRefused
        | ErrorCode::ProviderUnavailable
        | ErrorCode::ProviderNotTrusted
        | ErrorCode::Overloaded
        | ErrorCode::WebhooksUnavailable => refusal,
    }
}

fn refusal_of_bill(items: &[BulkItem], part: &Allocation, failure: &Failure) -> Option<Refusal> {
    let bill = part.bill_id?;
    let place = items.iter().position(|item| item.bill_id.parse::<BillId>() == Ok(bill))?.to_string();
    let name = if failure.code == ErrorCode::AmountNotAllowed { "amount" } else { "billId" };
    let message = format!("{bill}: {}", failure.message);
    Some(Refusal::new(failure.code, message).at(&["input", "items", &place, name]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::bulk_payment::fault_of_bill;
    use crate::domain::ids::{BillKind, Id, PaymentId};
    use crate::domain::money::{CurrencyCode, Money};
    use crate::domain::payment::status::PaymentStatus;
    use crate::domain::payment::{DeliverySpeed, Payer};
    use crate::domain::provider::ProviderCode;
    use crate::domain::requester::TenantId;

    fn id<K>(number: u128) -> Id<K> {
        Id::from_uuid(Uuid::from_u128(number))
    }

    fn payment(number: u128, failure: Option<Failure>) -> Payment {
        Payment {
            id: id(number),
            tenant: TenantId::try_new("acme").expect("a tenant"),
            customer: None,
            idempotency_key: None,
            submission_id: id(1),
            provider: ProviderCode::Bill,
            biller_id: id(1),
            account_reference: None,
            second_reference: None,
            account_holder_name: None,
            bill_number_id: None,
            bulk_payment_id: Some(id(1)),
            amount: Money::from_minor(100, CurrencyCode::KES),
            status: PaymentStatus::Failed,
            version: 1,
            review: None,
            payer: Payer::default(),
            description: None,
            funding_account_id: None,
            delivery_speed: DeliverySpeed::Standard,
            process_date: jiff::civil::date(2026, 11, 22),
            due_date: None,
            callback_url: None,
            save_bill_number: false,
            our_reference: None,
            provider_reference: None,
            biller_reference: None,
            provider_status: None,
            confirmation_number: None,
            funding_amount: None,
            exchange_rate: None,
            disbursement: None,
            new_bill: false,
            failure,
            created_by: "tester".to_owned(),
            created_at: jiff::Timestamp::UNIX_EPOCH,
            updated_at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    fn failure(code: ErrorCode, bills: &[&str]) -> Failure {
        Failure {
            code,
            message: "no".to_owned(),
            provider_code: None,
            provider_message: None,
            fields: bills.iter().map(|bill| fault_of_bill(bill, "no")).collect(),
        }
    }

    fn items(count: u128) -> Vec<BulkItem> {
        let item = |number| BulkItem {
            bill_id: id::<BillKind>(number).to_string(),
            amount: "1".parse().expect("a decimal"),
            currency: "KES".to_owned(),
        };
        (0..count).map(item).collect()
    }

    fn parts(payment: u128, bills: &[u128]) -> (Uuid, Vec<Allocation>) {
        let payment_id: PaymentId = id(payment);
        let part = |&bill: &u128| Allocation {
            payment_id,
            bill_id: Some(BillId::from_uuid(Uuid::from_u128(bill))),
            bill_reference: Some(format!("00n{bill}")),
            amount: Money::from_minor(50, CurrencyCode::KES),
            provider_reference: None,
        };
        (payment_id.uuid(), bills.iter().map(part).collect())
    }

    fn paths(refusals: &[Refusal]) -> Vec<String> {
        refusals.iter().map(|refusal| refusal.path.join(".")).collect()
    }

    #[test]
    fn only_the_bill_that_was_at_fault_is_told_and_not_those_that_were_rolled_back() {
        let payments = [
            payment(1, Some(failure(ErrorCode::BulkRolledBack, &[]))),
            payment(2, Some(failure(ErrorCode::AmountNotAllowed, &["00n2"]))),
        ];
        let allocations = HashMap::from([parts(1, &[0]), parts(2, &[1, 2, 3])]);
        assert_eq!(paths(&refusals(&items(4), &payments, &allocations)), ["input.items.2.amount"]);
    }

    #[test]
    fn what_was_said_of_the_whole_is_told_once() {
        let refused = failure(ErrorCode::FundingAccountInactive, &[]);
        let payments = [payment(1, Some(refused.clone())), payment(2, Some(refused))];
        let allocations = HashMap::from([parts(1, &[0]), parts(2, &[1])]);
        assert_eq!(paths(&refusals(&items(2), &payments, &allocations)), ["input.fundingAccountId"]);
    }

    #[test]
    fn a_bulk_that_goes_well_is_told_without_refusals() {
        let payments = [payment(1, None), payment(2, None)];
        let allocations = HashMap::from([parts(1, &[0]), parts(2, &[1])]);
        assert!(refusals(&items(2), &payments, &allocations).is_empty());
    }
}
