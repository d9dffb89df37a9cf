//! The plain fields of what belongs to a payment: its payer, its failure, its provider.

use super::field::{Field, Plain};
use crate::domain::payment::{Failure, Payer};
use crate::domain::provider::ProviderCode;
use crate::graphql::error::ErrorCode;

const PAYER: &[Field<Payer>] = &[
    Field::<Payer>::leaf("name", |payer, _, json| json.some_text(payer.name.as_deref())),
    Field::<Payer>::leaf("phoneNumber", |payer, _, json| json.some_text(payer.phone_number.as_deref())),
];

impl Plain for Payer {
    const TYPE: &'static str = "Payer";
    const INTERFACES: &'static [&'static str] = &[];

    fn fields() -> &'static [Field<Self>] {
        PAYER
    }
}

const FAILURE: &[Field<Failure>] = &[
    Field::<Failure>::leaf("code", |failure, _, json| json.word(ErrorCode::from(failure.code))),
    Field::<Failure>::leaf("message", |failure, _, json| json.text(&failure.message)),
    Field::<Failure>::leaf("providerCode", |failure, at_hand, json| {
        json.some_text(failure.provider_code.as_deref().filter(|_| at_hand.is_admin()))
    }),
    Field::<Failure>::leaf("providerMessage", |failure, at_hand, json| {
        json.some_text(failure.provider_message.as_deref().filter(|_| at_hand.is_admin()))
    }),
];

impl Plain for Failure {
    const TYPE: &'static str = "PaymentFailure";
    const INTERFACES: &'static [&'static str] = &[];

    fn fields() -> &'static [Field<Self>] {
        FAILURE
    }
}

const PROVIDER: &[Field<ProviderCode>] = &[
    Field::<ProviderCode>::leaf("id", |code, _, json| json.id(code.id())),
    Field::<ProviderCode>::leaf("code", |code, _, json| json.text(code.as_str())),
    Field::<ProviderCode>::leaf("name", |code, _, json| json.text(code.name())),
];

impl Plain for ProviderCode {
    const TYPE: &'static str = "Provider";
    const INTERFACES: &'static [&'static str] = &["Node"];
    const ALL_BRIEF: bool = true;

    fn fields() -> &'static [Field<Self>] {
        PROVIDER
    }
}
