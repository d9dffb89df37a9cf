//! Objects of the schema, a noun each.

pub mod amount_rule;
pub mod bill;
pub mod bill_number;
pub mod biller;
pub mod bulk_payment;
pub mod bulk_payment_event;
pub mod callback;
pub mod collection;
pub mod connection;
pub mod control_number;
pub mod control_number_event;
pub mod control_number_input;
pub mod customer;
pub mod disbursement;
pub mod event;
pub mod funding_account;
pub mod look_up;
pub mod money;
pub mod node;
pub mod payment;
pub mod payment_parts;
pub mod provider;
pub mod recall;
pub mod reminder;
pub mod viewer;
