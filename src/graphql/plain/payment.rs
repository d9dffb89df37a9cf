//! The plain fields of a payment. What is loaded for one, and what depends on its provider's adapter, is none of them.

use super::field::{Field, Plain, held};
use super::{bill_number, biller};
use crate::domain::bill_number::BillNumber;
use crate::domain::biller::Biller;
use crate::domain::money::{DecimalText, Money};
use crate::domain::payment::{Failure, Payer, Payment};
use crate::domain::provider::ProviderCode;
use crate::graphql::object::payment_parts::{DeliverySpeed, PaymentStatus};

type F = Field<Payment>;

const FIELDS: &[F] = &[
    F::leaf("id", |payment, _, json| json.id(payment.id)).brief(),
    F::leaf("status", |payment, _, json| json.word(PaymentStatus::from(payment.status))).brief(),
    F::leaf("version", |payment, _, json| json.number(payment.version)).brief(),
    F::part("amount", Money::TYPE, |set, fragments| {
        held::<Payment, Money>(set, fragments, |payment| Some(&payment.amount))
    })
    .brief(),
    F::part("biller", Biller::TYPE, |set, fragments| {
        biller::named::<Payment>(set, fragments, |payment| payment.biller_id)
    })
    .brief(),
    F::part("provider", ProviderCode::TYPE, |set, fragments| {
        held::<Payment, ProviderCode>(set, fragments, |payment| Some(&payment.provider))
    })
    .brief(),
    F::leaf("accountReference", |payment, _, json| json.some_text(payment.account_reference.as_deref())).brief(),
    F::leaf("accountHolderName", |payment, _, json| json.some_text(payment.account_holder_name.as_deref())),
    F::part("billNumber", BillNumber::TYPE, bill_number::of_payment).brief(),
    F::part("payer", Payer::TYPE, |set, fragments| held::<Payment, Payer>(set, fragments, payer)),
    F::leaf("description", |payment, _, json| json.some_text(payment.description.as_deref())).brief(),
    F::leaf("deliverySpeed", |payment, _, json| json.word(DeliverySpeed::from(payment.delivery_speed))),
    F::leaf("processDate", |payment, _, json| json.shown(payment.process_date)).brief(),
    F::leaf("dueDate", |payment, _, json| json.some_shown(payment.due_date)),
    F::leaf("idempotencyKey", |payment, _, json| json.some_text(payment.idempotency_key.as_deref())),
    F::leaf("ourReference", |payment, _, json| json.some_text(payment.our_reference.as_deref())),
    F::leaf("providerReference", |payment, _, json| json.some_text(payment.provider_reference.as_deref())),
    F::leaf("billerReference", |payment, _, json| json.some_text(payment.biller_reference.as_deref())),
    F::leaf("confirmationNumber", |payment, _, json| json.some_text(payment.confirmation_number.as_deref())),
    F::part("fundingAmount", Money::TYPE, |set, fragments| {
        held::<Payment, Money>(set, fragments, |payment| payment.funding_amount.as_ref())
    }),
    F::leaf("exchangeRate", |payment, _, json| {
        json.some_text(payment.exchange_rate.as_deref().filter(|rate| DecimalText::is_valid(rate)))
    }),
    F::part("failure", Failure::TYPE, |set, fragments| {
        held::<Payment, Failure>(set, fragments, |payment| payment.failure.as_ref())
    }),
    F::leaf("providerStatus", |payment, at_hand, json| {
        json.some_text(payment.provider_status.as_deref().filter(|_| at_hand.is_admin()))
    }),
    F::leaf("createdBy", |payment, _, json| json.text(&payment.created_by)),
    F::leaf("createdAt", |payment, _, json| json.moment(payment.created_at)).brief(),
    F::leaf("updatedAt", |payment, _, json| json.moment(payment.updated_at)).brief(),
];

impl Plain for Payment {
    const TYPE: &'static str = "Payment";
    const INTERFACES: &'static [&'static str] = &["Node"];

    fn fields() -> &'static [F] {
        FIELDS
    }
}

/// Who pays, where anything was told of them.
fn payer(payment: &Payment) -> Option<&Payer> {
    let payer = &payment.payer;
    (payer.name.is_some() || payer.phone_number.is_some()).then_some(payer)
}
