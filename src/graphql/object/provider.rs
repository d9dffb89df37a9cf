//! Providers.

use async_graphql::{Context, Description, Enum, ID, Object, SimpleObject};

use super::money::Money;
use crate::domain::money as domain_money;
use crate::domain::provider as domain;
use crate::graphql::context::ContextExt;
use crate::graphql::loader::ProviderKey;
use crate::graphql::object::bill::load_error;
use crate::graphql::scalar::{CountryCode, DateTime};
use crate::sandbox;

/// What a provider, or a biller through it, can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::Capability")]
pub enum Capability {
    /// Tells what an account owes.
    LookUp,
    /// Tells whether an account exists.
    Validate,
    /// Keeps bill numbers and reminds of them.
    SaveBillNumber,
    /// Pays.
    Pay,
    /// Holds a payment until its day.
    Schedule,
    /// Pays several bills, all or none.
    Bulk,
    /// Puts several bills of one biller into one payment.
    Combine,
    /// Delivers faster.
    Faster,
    /// Cancels a payment that it holds.
    Cancel,
    /// Takes back a payment that it made.
    Void,
    /// Tells later how a payment went.
    Status,
    /// Calls when a payment changes.
    Callback,
    /// Issues numbers that a payer pays.
    ControlNumber,
}

/// How well the way to a provider works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::ProviderState")]
pub enum ProviderState {
    /// Calls are answered.
    Healthy,
    /// Calls fail; submissions wait, look-ups go on.
    Degraded,
    /// Our credentials or our contract with it are refused; an operator must act.
    Misconfigured,
    /// It is switched off here.
    Off,
}

/// How well the way to a provider works, and since when.
#[derive(Clone, Debug, SimpleObject)]
pub struct ProviderHealth {
    /// How well.
    state: ProviderState,
    /// Why it is not better.
    reason: Option<String>,
    /// Since when.
    since: DateTime,
}

/// Something that the sandbox does for a certain account or amount.
#[derive(Clone, Debug, SimpleObject)]
pub struct SandboxScenario {
    /// What must be asked for it to happen: the name of a capability.
    operation: Capability,
    /// The account reference that brings it about.
    account_reference: Option<String>,
    /// The amount that brings it about.
    amount: Option<Money>,
    /// What happens, in one word.
    outcome: String,
    /// What happens, in a sentence.
    description: String,
}

/// A company whose API executes look-ups, payments or collections.
#[derive(Clone, Copy, Debug, Description)]
pub struct Provider(pub domain::ProviderCode);

#[Object(use_type_description)]
impl Provider {
    /// Its id, the same in every installation.
    pub async fn id(&self) -> ID {
        ID(self.0.id().to_string())
    }

    /// click, almara, bill or clickpesa.
    async fn code(&self) -> &'static str {
        self.0.as_str()
    }

    /// Its name.
    async fn name(&self) -> &'static str {
        self.0.name()
    }

    /// The country that it serves.
    async fn country(&self) -> CountryCode {
        let country = match self.0 {
            domain::ProviderCode::Click => "SA",
            domain::ProviderCode::Almara => "KE",
            domain::ProviderCode::Bill => "US",
            domain::ProviderCode::Clickpesa => "TZ",
        };
        CountryCode(country.to_owned())
    }

    /// What it can do. An operation that it lacks is refused by name before anything is written.
    async fn capabilities(&self, ctx: &Context<'_>) -> Vec<Capability> {
        let provider = ctx.app().provider(self.0);
        provider.map_or_else(Vec::new, |provider| {
            provider.capabilities().iter().map(|&capability| capability.into()).collect()
        })
    }

    /// Whether it is a simulator: no real money moves.
    async fn sandbox(&self, ctx: &Context<'_>) -> bool {
        ctx.app().provider(self.0).is_some_and(|provider| provider.sandbox())
    }

    /// The account references and amounts that choose an outcome in the sandbox; empty where it is not one.
    async fn sandbox_scenarios(&self, ctx: &Context<'_>) -> Vec<SandboxScenario> {
        if !ctx.app().provider(self.0).is_some_and(|provider| provider.sandbox()) {
            return Vec::new();
        }
        sandbox::scenarios(self.0.as_str()).iter().filter_map(scenario).collect()
    }

    /// How well the way to it works.
    async fn health(&self, ctx: &Context<'_>) -> async_graphql::Result<ProviderHealth> {
        let app = ctx.app();
        let row = ctx.loader().load_one(ProviderKey(self.0)).await.map_err(load_error)?;
        let provider = app.provider(self.0);
        Ok(match row.filter(|_| provider.is_some()) {
            Some(row) if provider.is_some_and(|provider| !provider.may_pay()) => ProviderHealth {
                state: ProviderState::Misconfigured,
                reason: Some("the session is not trusted: PROVIDER_NOT_TRUSTED answers every payment".to_owned()),
                since: DateTime(row.since),
            },
            Some(row) => ProviderHealth { state: row.state.into(), reason: row.reason, since: DateTime(row.since) },
            None => ProviderHealth {
                state: ProviderState::Off,
                reason: Some("no base URL is set".to_owned()),
                since: DateTime(app.clock.now()),
            },
        })
    }
}

fn scenario(scenario: &sandbox::Scenario) -> Option<SandboxScenario> {
    let currency = scenario.currency.parse().ok()?;
    let amount = match scenario.amount {
        Some(text) => Some(domain_money::Money::parse(&text.parse().ok()?, currency).ok()?.into()),
        None => None,
    };
    Some(SandboxScenario {
        operation: match scenario.operation {
            "PAY" => Capability::Pay,
            "LOOK_UP" => Capability::LookUp,
            "VALIDATE" => Capability::Validate,
            "CONTROL_NUMBER" | "COLLECTION" => Capability::ControlNumber,
            "BULK" => Capability::Bulk,
            _ => return None,
        },
        account_reference: scenario.account_reference.map(str::to_owned),
        amount,
        outcome: scenario.outcome.to_owned(),
        description: scenario.description.to_owned(),
    })
}
