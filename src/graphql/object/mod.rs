//! Objects of the schema, a noun each.

pub mod amount_rule;
pub mod bill;
pub mod bill_number;
pub mod biller;
pub mod connection;
pub mod event;
pub mod funding_account;
pub mod look_up;
pub mod money;
pub mod node;
pub mod payment;
pub mod payment_parts;
pub mod provider;
pub mod viewer;
