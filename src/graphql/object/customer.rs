//! Customers: who is to pay a control number, or has paid it.

use async_graphql::{InputObject, SimpleObject};

use crate::app::control_numbers::NewCustomer;
use crate::domain::control_number as domain;
use crate::graphql::scalar::PhoneNumber;

/// A person or company that pays a control number.
#[derive(Clone, Debug, SimpleObject)]
pub struct Customer {
    /// The name.
    name: Option<String>,
    /// The phone number.
    phone_number: Option<PhoneNumber>,
    /// The e-mail address.
    email: Option<String>,
}

impl From<domain::Customer> for Customer {
    fn from(customer: domain::Customer) -> Self {
        Self { name: customer.name, phone_number: customer.phone_number.map(PhoneNumber), email: customer.email }
    }
}

/// Who is to pay; a phone number or an e-mail address is needed beside the name.
#[derive(Clone, Debug, InputObject)]
pub struct CustomerInput {
    /// The name.
    pub name: String,
    /// The phone number.
    pub phone_number: Option<PhoneNumber>,
    /// The e-mail address.
    pub email: Option<String>,
}

impl From<CustomerInput> for NewCustomer {
    fn from(input: CustomerInput) -> Self {
        Self { name: input.name, phone_number: input.phone_number.map(|number| number.0), email: input.email }
    }
}
