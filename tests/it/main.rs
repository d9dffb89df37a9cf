//! The tests that drive a real server over HTTP and WebSocket, each on a database, a sandbox and a clock of its own.

mod support;

mod bad_input;
mod bill_numbers;
mod callbacks;
mod click;
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
