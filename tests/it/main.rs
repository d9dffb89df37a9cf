//! The tests that drive a real server over HTTP and WebSocket, each on a database, a sandbox and a clock of its own.

mod support;

mod bad_input;
mod bill;
mod bill_numbers;
mod bulk;
mod callbacks;
mod callbacks_query;
mod click;
mod collections;
mod contract;
mod control_numbers;
mod environment;
mod events;
mod health;
mod idempotency;
mod kill_harness;
mod layers;
mod look_up;
mod migrations;
mod operators;
mod payments;
mod playground;
mod recalls;
mod reminders;
mod resolve;
mod restored;
mod schedule;
mod schema;
mod scopes;
mod servers;
mod statements;
mod subscriptions;
mod tenants;
mod tokens;
mod unreadable;
