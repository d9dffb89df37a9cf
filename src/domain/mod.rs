//! The rules, pure: no clock, no I/O, no randomness, no float.

pub mod amount_rule;
pub mod bill;
pub mod bill_number;
pub mod biller;
pub mod event;
pub mod ids;
pub mod money;
pub mod page;
pub mod payment;
pub mod phone;
pub mod provider;
pub mod refusal;
pub mod requester;
pub mod retry;
pub mod schedule;
