//! What the mutations of control numbers take and answer.

use async_graphql::{ID, InputObject, SimpleObject};

use super::control_number::{ControlNumber, ControlNumberKind, ControlNumberMode};
use super::customer::CustomerInput;
use super::money::MoneyInput;
use crate::app::control_numbers as app;
use crate::domain::money::DecimalText;
use crate::graphql::error::UserError;

/// A control number to be made. It waits as createPayment does with SUBMITTED: on a good day the answer is ACTIVE.
#[derive(Clone, Debug, InputObject)]
pub struct CreateControlNumberInput {
    /// Your own key, one for each intention: 1 to 128 of `[A-Za-z0-9_-]`. The same key never makes two numbers.
    pub idempotency_key: String,
    /// Who makes it; where absent, the only provider that can.
    pub provider_id: Option<ID>,
    /// How often it can be paid.
    #[graphql(default_with = "Some(ControlNumberKind::Order)")]
    pub kind: Option<ControlNumberKind>,
    /// Which amounts it takes. With an amount only; then EXACT where absent.
    pub mode: Option<ControlNumberMode>,
    /// What is asked for; any amount is good where absent.
    pub amount: Option<MoneyInput>,
    /// The most that it takes in all.
    pub max_amount: Option<MoneyInput>,
    /// Your own reference, which becomes the number. Absent: billpay makes one before it asks, so that the number can be
    /// looked up.
    pub reference: Option<String>,
    /// What for.
    pub description: Option<String>,
    /// Who is to pay; needed for a CUSTOMER number.
    pub customer: Option<CustomerInput>,
}

/// One control number of a batch.
#[derive(Clone, Debug, InputObject)]
pub struct ControlNumberItem {
    /// Who makes it; where absent, the only provider that can.
    pub provider_id: Option<ID>,
    /// How often it can be paid.
    #[graphql(default_with = "Some(ControlNumberKind::Order)")]
    pub kind: Option<ControlNumberKind>,
    /// Which amounts it takes. With an amount only; then EXACT where absent.
    pub mode: Option<ControlNumberMode>,
    /// What is asked for; any amount is good where absent.
    pub amount: Option<MoneyInput>,
    /// The most that it takes in all.
    pub max_amount: Option<MoneyInput>,
    /// Your own reference, which becomes the number.
    pub reference: Option<String>,
    /// What for.
    pub description: Option<String>,
    /// Who is to pay; needed for a CUSTOMER number.
    pub customer: Option<CustomerInput>,
}

/// Several control numbers to be made, each for itself: what cannot be made keeps none of the others back.
#[derive(Clone, Debug, InputObject)]
pub struct CreateControlNumbersInput {
    /// Your own key for the whole batch: 1 to 128 of `[A-Za-z0-9_-]`.
    pub idempotency_key: String,
    /// What is to be made: 1 to 50.
    pub items: Vec<ControlNumberItem>,
}

/// What is to be changed of a control number; what is absent stays.
#[derive(Clone, Debug, InputObject)]
pub struct UpdateControlNumberInput {
    /// The control number.
    pub control_number_id: ID,
    /// What is asked for from now on.
    pub amount: Option<MoneyInput>,
    /// Which amounts it takes from now on.
    pub mode: Option<ControlNumberMode>,
    /// The most that it takes in all from now on.
    pub max_amount: Option<MoneyInput>,
    /// What for.
    pub description: Option<String>,
    /// Whether it can be paid from now on.
    pub active: Option<bool>,
}

/// Which control number to ask the provider about.
#[derive(Clone, Debug, InputObject)]
pub struct RefreshControlNumberInput {
    /// The control number.
    pub control_number_id: ID,
}

/// The control number, or why none was made.
#[derive(Clone, Debug, SimpleObject)]
pub struct CreateControlNumberPayload {
    /// The control number. Null where nothing was written.
    pub control_number: Option<ControlNumber>,
    /// What you can act on: why nothing was written, or what the provider refused.
    pub errors: Vec<UserError>,
    /// True where the key had been used: nothing new was done.
    pub replayed: bool,
}

/// What became of one item of a batch.
#[derive(Clone, Debug, SimpleObject)]
pub struct CreatedControlNumber {
    /// The control number. Null where none was written for this item.
    pub control_number: Option<ControlNumber>,
    /// Why none was made of this item.
    pub errors: Vec<UserError>,
}

/// What became of a batch.
#[derive(Clone, Debug, SimpleObject)]
pub struct CreateControlNumbersPayload {
    /// What became of each item, in their order; empty where the whole batch was refused.
    pub items: Vec<CreatedControlNumber>,
    /// Why the whole batch was refused.
    pub errors: Vec<UserError>,
    /// True where the key had been used: nothing new was done.
    pub replayed: bool,
}

/// The control number as it is now, or why it was not changed.
#[derive(Clone, Debug, SimpleObject)]
pub struct UpdateControlNumberPayload {
    /// The control number.
    pub control_number: Option<ControlNumber>,
    /// Why it was not changed.
    pub errors: Vec<UserError>,
}

/// The control number as the provider told it, or why it is not known.
#[derive(Clone, Debug, SimpleObject)]
pub struct RefreshControlNumberPayload {
    /// The control number.
    pub control_number: Option<ControlNumber>,
    /// Why it is not known: PROVIDER_REFUSED where the provider does not know the number any more.
    pub errors: Vec<UserError>,
}

impl CreateControlNumberInput {
    /// The key, and what is to be made under it.
    pub fn into_parts(self) -> (String, app::CreateControlNumber) {
        let wanted = app::CreateControlNumber {
            provider_id: self.provider_id.map(|id| id.0),
            kind: kind(self.kind),
            mode: self.mode.map(Into::into),
            amount: self.amount.map(money),
            max_amount: self.max_amount.map(money),
            reference: self.reference,
            description: self.description,
            customer: self.customer.map(Into::into),
        };
        (self.idempotency_key, wanted)
    }
}

impl From<ControlNumberItem> for app::CreateControlNumber {
    fn from(item: ControlNumberItem) -> Self {
        Self {
            provider_id: item.provider_id.map(|id| id.0),
            kind: kind(item.kind),
            mode: item.mode.map(Into::into),
            amount: item.amount.map(money),
            max_amount: item.max_amount.map(money),
            reference: item.reference,
            description: item.description,
            customer: item.customer.map(Into::into),
        }
    }
}

impl UpdateControlNumberInput {
    /// Which control number, and what is to be changed of it.
    pub fn into_parts(self) -> (ID, app::UpdateControlNumber) {
        let change = app::UpdateControlNumber {
            amount: self.amount.map(money),
            mode: self.mode.map(Into::into),
            max_amount: self.max_amount.map(money),
            description: self.description,
            active: self.active,
        };
        (self.control_number_id, change)
    }
}

fn kind(kind: Option<ControlNumberKind>) -> crate::domain::control_number::ControlNumberKind {
    kind.unwrap_or(ControlNumberKind::Order).into()
}

/// An amount and a currency as they were written; what they mean is for the use case to say.
fn money(input: MoneyInput) -> (DecimalText, String) {
    (input.amount.0, input.currency.0)
}
