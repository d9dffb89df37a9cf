//! The rules, pure: no clock, no I/O, no randomness, no float.

pub mod amount_rule;
pub mod api_client;
pub mod bill;
pub mod bill_number;
pub mod biller;
pub mod bulk_payment;
pub mod collection;
pub mod control_number;
pub mod disbursement;
pub mod event;
pub mod funding_account;
pub mod ids;
pub mod money;
pub mod page;
pub mod payment;
pub mod phone;
pub mod provider;
pub mod refusal;
pub mod reminder;
pub mod requester;
pub mod retry;
pub mod schedule;
