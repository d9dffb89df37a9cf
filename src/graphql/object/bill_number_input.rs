//! What the mutations of bill numbers take and answer.

use async_graphql::{ID, InputObject, SimpleObject};

use super::bill_number::BillNumber;
use crate::graphql::error::UserError;
use crate::graphql::scalar::PhoneNumber;

/// An account reference to be kept.
#[derive(Clone, Debug, InputObject)]
pub struct SaveBillNumberInput {
    /// With whom.
    pub biller_id: ID,
    /// The number.
    pub account_reference: String,
    /// Whom to remind.
    pub phone_number: Option<PhoneNumber>,
    /// What for, in the user's words.
    pub description: Option<String>,
    /// billpay reminds; a provider that can then also tells that phone.
    #[graphql(default_with = "Some(false)")]
    pub remind_due_date: Option<bool>,
}

/// The bill number, or why it was not saved.
#[derive(Clone, Debug, SimpleObject)]
pub struct SaveBillNumberPayload {
    /// The bill number.
    pub bill_number: Option<BillNumber>,
    /// Why it was not saved.
    pub errors: Vec<UserError>,
}

/// Which bill number to ask for anew.
#[derive(Clone, Debug, InputObject)]
pub struct RefreshBillNumberInput {
    /// The bill number.
    pub bill_number_id: ID,
}

/// The bill number as it is now, or why it could not be asked for.
#[derive(Clone, Debug, SimpleObject)]
pub struct RefreshBillNumberPayload {
    /// The bill number.
    pub bill_number: Option<BillNumber>,
    /// Why it could not be asked for.
    pub errors: Vec<UserError>,
}

/// Which bill number to remove.
#[derive(Clone, Debug, InputObject)]
pub struct RemoveBillNumberInput {
    /// The bill number.
    pub bill_number_id: ID,
}

/// The bill number as it was, or why it was not removed.
#[derive(Clone, Debug, SimpleObject)]
pub struct RemoveBillNumberPayload {
    /// The bill number.
    pub bill_number: Option<BillNumber>,
    /// Why it was not removed.
    pub errors: Vec<UserError>,
}
