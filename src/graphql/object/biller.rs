//! Billers.

use std::sync::Arc;

use async_graphql::{Context, Description, Enum, ID, InputObject, Object, SimpleObject};

use super::amount_rule::AmountRule;
use super::disbursement::DisbursementMethod;
use super::payment_parts::DeliverySpeed;
use super::provider::{Capability, Provider};
use crate::domain::biller as domain;
use crate::graphql::context::ContextExt;
use crate::graphql::scalar::{CountryCode, CurrencyCode};

/// What kind of biller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::BillerCategory")]
pub enum BillerCategory {
    /// Power.
    Electricity,
    /// Water and sewerage.
    Water,
    /// Mobile and fixed lines.
    Telecom,
    /// Internet access.
    Internet,
    /// Pay television.
    Television,
    /// Taxes, fees and public services.
    Government,
    /// Health and social insurance.
    Insurance,
    /// Schools and universities.
    Education,
    /// A company's supplier.
    Vendor,
    /// Anything else; `categoryName` says what.
    Other,
}

/// An input of createPayment that a biller may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::InputName")]
pub enum InputName {
    /// The number that identifies the payer with the biller.
    AccountReference,
    /// A second number, where the biller has one.
    SecondReference,
    /// The payer's name.
    PayerName,
    /// The payer's phone number.
    PayerPhone,
    /// What the payment is for.
    Description,
    /// When the bill is due.
    DueDate,
    /// When to pay.
    ProcessDate,
    /// Where the money comes from.
    FundingAccount,
}

/// Whether an input must be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::Need")]
pub enum Need {
    /// createPayment refuses without it.
    Required,
    /// It is passed on where it is told.
    Optional,
    /// It is not passed on.
    Unused,
}

/// What createPayment needs for this biller; what is REQUIRED and absent is refused before anything is written, with its
/// path. An app draws its form from these.
#[derive(Clone, Debug, SimpleObject)]
pub struct InputRule {
    /// Which input.
    input: InputName,
    /// Whether it must be told.
    need: Need,
    /// What to write beside the field.
    label: String,
    /// A regular expression that the whole value matches.
    pattern: Option<String>,
    /// The fewest characters.
    min_length: Option<i32>,
    /// The most characters.
    max_length: Option<i32>,
    /// A value that is good.
    example: Option<String>,
}

impl From<&domain::InputRule> for InputRule {
    fn from(rule: &domain::InputRule) -> Self {
        let length = |length: Option<usize>| length.and_then(|length| i32::try_from(length).ok());
        Self {
            input: rule.input.into(),
            need: rule.need.into(),
            label: rule.label.to_owned(),
            pattern: rule.pattern.map(str::to_owned),
            min_length: length(rule.min_length),
            max_length: length(rule.max_length),
            example: rule.example.map(str::to_owned),
        }
    }
}

/// Which billers are wanted.
#[derive(Clone, Debug, Default, InputObject)]
pub struct BillerFilter {
    /// Of this provider.
    pub provider_id: Option<ID>,
    /// Of one of these kinds.
    pub categories: Option<Vec<BillerCategory>>,
    /// In this country.
    pub country: Option<CountryCode>,
    /// Taking this currency.
    pub currency: Option<CurrencyCode>,
    /// Through which this can be done.
    pub capability: Option<Capability>,
    /// Those that can be paid now, or those that cannot.
    pub active: Option<bool>,
}

/// An organisation that is owed money: a utility, an operator, a vendor.
#[derive(Clone, Debug, Description)]
pub struct Biller(pub Arc<domain::Biller>);

#[Object(use_type_description)]
impl Biller {
    /// Its id.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }

    /// What its provider calls it.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Its kind.
    async fn category(&self) -> BillerCategory {
        self.0.category.into()
    }

    /// Its kind in its provider's words.
    async fn category_name(&self) -> &str {
        &self.0.category_name
    }

    /// Where it is.
    async fn country(&self) -> CountryCode {
        CountryCode(self.0.country.clone())
    }

    /// What it takes.
    async fn currency(&self) -> CurrencyCode {
        CurrencyCode(self.0.currency.to_string())
    }

    /// Through whom it is paid.
    async fn provider(&self) -> Provider {
        Provider(self.0.provider)
    }

    /// What can be done through it.
    async fn capabilities(&self, ctx: &Context<'_>) -> Vec<Capability> {
        let provider = ctx.app().provider(self.0.provider);
        let capabilities = provider.map_or(&[][..], |provider| provider.biller_traits(&self.0).capabilities);
        capabilities.iter().map(|&capability| capability.into()).collect()
    }

    /// What createPayment needs for it.
    async fn inputs(&self, ctx: &Context<'_>) -> Vec<InputRule> {
        let provider = ctx.app().provider(self.0.provider);
        let inputs = provider.map_or(&[][..], |provider| provider.biller_traits(&self.0).inputs);
        inputs.iter().map(InputRule::from).collect()
    }

    /// Which amounts it takes.
    async fn amount_rule(&self) -> AmountRule {
        self.0.amount_rule.into()
    }

    /// How the money reaches it; null where its provider does not tell.
    async fn disbursement_method(&self) -> Option<DisbursementMethod> {
        self.0.disbursement_method.map(DisbursementMethod::from)
    }

    /// How fast it can be paid.
    async fn delivery_speeds(&self, ctx: &Context<'_>) -> Vec<DeliverySpeed> {
        let provider = ctx.app().provider(self.0.provider);
        let speeds = provider.map_or(&[][..], |provider| provider.biller_traits(&self.0).delivery_speeds);
        speeds.iter().map(|&speed| speed.into()).collect()
    }

    /// Its IANA time zone, in which its days begin and end.
    async fn time_zone(&self) -> &str {
        &self.0.time_zone
    }

    /// Whether it can be paid now.
    async fn active(&self, ctx: &Context<'_>) -> bool {
        self.0.active && ctx.app().provider(self.0.provider).is_some()
    }
}
