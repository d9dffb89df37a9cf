//! billpay: one GraphQL API for paying bills and being paid, over several bill-payment providers.
//!
//! The layers, from the rules outwards; each uses only what stands to its right:
//!
//! ```text
//! main → startup → { http → graphql, worker } → app → { domain, ports, store }
//!         providers, sandbox, webhooks → { ports, domain }      store → { domain, entity }      domain → nothing
//! ```
//!
//! * [`domain`] decides, [`app`] loads, tells the domain, saves.
//! * [`store`] is the only one that knows SeaORM's entities.
//! * [`providers`] hold one adapter each, behind [`ports::provider::Provider`]; [`sandbox`] holds their simulators.
//! * [`webhooks`] sends what happened to receivers, and to public addresses alone.
//! * [`worker`] is the only one that submits to a provider.
//! * [`authorities`] are whom all connections to the outside trust.
//! * [`graphql`] is the schema, [`http`] its transports.

pub mod app;
pub mod authorities;
pub mod commands;
pub mod config;
pub mod crash;
pub mod domain;
pub mod graphql;
pub mod http;
pub mod ports;
pub mod providers;
pub mod sandbox;
pub mod shutdown;
pub mod startup;
pub mod store;
pub mod telemetry;
pub mod weakness;
pub mod webhooks;
pub mod worker;
