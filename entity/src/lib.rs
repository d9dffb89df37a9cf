//! billpay's tables, as SeaORM sees them: one file a table, no logic.
//!
//! Times are microseconds since 1970 in UTC, days are `YYYY-MM-DD`, amounts are minor units: the same types on SQLite
//! and PostgreSQL.

pub mod allocation;
pub mod api_client;
pub mod attempt;
pub mod bill;
pub mod bill_claim;
pub mod bill_number;
pub mod biller;
pub mod bulk_payment;
pub mod callback;
pub mod collection;
pub mod control_number;
pub mod db_epoch;
pub mod event;
pub mod event_head;
pub mod evidence;
pub mod funding_account;
pub mod payment;
pub mod provider;
pub mod provider_budget;
pub mod provider_session;
pub mod provider_slot;
pub mod recall;
pub mod receipt;
pub mod reminder;
pub mod submission;
pub mod webhook_delivery;
pub mod webhook_endpoint;
