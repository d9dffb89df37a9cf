//! Control numbers: made, changed, and carried through the engine.
//!
//! Who makes one is told as with payments: the refusals of `create_control_number` and `update_control_number` come as
//! `AppError::Refused`, those of one item of `create_control_numbers` stand beside that item, with paths below
//! `input`, `items` and the item's place (`["input", "items", "3", "amount", "amount"]`); the object of an update or a
//! refresh is named at `["input", "controlNumberId"]`. What is asked of the provider is asked by the worker, under a
//! lease and a mark; an update, which says absolute values and may be repeated, is asked at once, and so is a refresh,
//! which changes nothing there.

mod answer;
mod apply;
mod check;
mod create;
mod engine;
mod look_up;
mod refresh;
mod review;
mod update;
mod wait;

use crate::domain::control_number::{ControlNumber, ControlNumberKind, ControlNumberMode};
use crate::domain::money::DecimalText;
use crate::domain::refusal::Refusal;

pub(in crate::app) use check::currency;

/// A control number as a caller wants it.
#[derive(Clone, Debug)]
pub struct CreateControlNumber {
    /// Who is to make it; absent: the only provider that can.
    pub provider_id: Option<String>,
    /// How often it can be paid.
    pub kind: ControlNumberKind,
    /// Which amounts it takes; with an amount only, and then EXACT where absent.
    pub mode: Option<ControlNumberMode>,
    /// What is asked for, with its currency.
    pub amount: Option<(DecimalText, String)>,
    /// The most that it takes in all, with its currency.
    pub max_amount: Option<(DecimalText, String)>,
    /// What the number is to be; absent: billpay makes one.
    pub reference: Option<String>,
    /// What for.
    pub description: Option<String>,
    /// Who is to pay.
    pub customer: Option<NewCustomer>,
}

/// Who is to pay, as a caller names them.
#[derive(Clone, PartialEq, Eq)]
pub struct NewCustomer {
    /// The name.
    pub name: String,
    /// The phone number.
    pub phone_number: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
}

impl std::fmt::Debug for NewCustomer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewCustomer").finish_non_exhaustive()
    }
}

/// A control number, or why there is none.
#[derive(Clone, Debug)]
pub struct CreatedControlNumber {
    /// The number as it is now.
    pub control_number: Option<ControlNumber>,
    /// Why it was not made; only in an item of a batch.
    pub errors: Vec<Refusal>,
    /// Whether the key had been used, so that nothing new was done.
    pub replayed: bool,
}

/// What became of a batch.
#[derive(Clone, Debug)]
pub struct CreatedControlNumbers {
    /// An answer for each item, in their order.
    pub items: Vec<CreatedControlNumber>,
    /// Whether the key had been used, so that nothing new was done.
    pub replayed: bool,
}

/// What is to be changed of a number; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct UpdateControlNumber {
    /// What is asked for, with its currency.
    pub amount: Option<(DecimalText, String)>,
    /// Which amounts it takes.
    pub mode: Option<ControlNumberMode>,
    /// The most that it takes in all, with its currency.
    pub max_amount: Option<(DecimalText, String)>,
    /// What for.
    pub description: Option<String>,
    /// Whether it takes payments.
    pub active: Option<bool>,
}
