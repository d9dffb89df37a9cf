//! The schema, and the one way by which an operation is executed.
//!
//! Resolvers are thin: they call one use case or one query of the store and dress the result. What an operation costs is
//! weighed by [`guard`] before it runs; what it may see is decided by the requester in its context.

pub mod answer;
pub mod context;
mod direct;
pub mod document_hash;
mod documents;
pub mod error;
pub mod execute;
pub mod filter;
pub mod gate;
pub mod guard;
pub mod library;
pub mod loader;
pub mod mutation;
pub mod object;
mod payment_list;
pub mod persisted;
mod places;
pub mod plain;
pub mod query;
pub mod rates;
pub mod request;
pub mod request_error;
pub mod scalar;
pub mod shared;
pub mod source;
pub mod subscription;
pub mod trusted;
mod validity;
mod wish;
pub mod written;

use std::fmt;

use async_graphql::connection::Connection;
use async_graphql::{SDLExportOptions, SchemaBuilder, ValidationMode};

use crate::app::App;
use mutation::Mutation;
use object::api_client::ApiClient;
use object::bill::Bill;
use object::bill_number::BillNumber;
use object::biller::Biller;
use object::bulk_payment::BulkPayment;
use object::callback::Callback;
use object::collection::Collection;
use object::connection::IdCursor;
use object::control_number::ControlNumber;
use object::event::EventConnection;
use object::payment::Payment;
use object::webhook_delivery::WebhookDelivery;
use object::webhook_endpoint::WebhookEndpoint;
use places::Places;
use query::Query;
use subscription::Subscription;

/// The schema of billpay.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// The schema over an application, twice: the library's checks of a document belong to the schema, and what was checked
/// before need not be checked again.
#[derive(Clone)]
pub struct Schemas {
    /// Checks every document that it executes.
    pub strict: Schema,
    /// Executes documents that are known to be valid.
    pub trusting: Schema,
    /// Where variables may stand, which the library does not check.
    places: Option<&'static Places>,
    /// What both stand over.
    app: App,
}

impl fmt::Debug for Schemas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schemas").finish_non_exhaustive()
    }
}

/// Reads the definition of the schema, which takes longer than making it. Whoever asks for [`schemas`] meanwhile waits
/// for the end of that.
pub fn prepare() {
    Places::ours();
}

/// The schemas over an application. Limits are the [`guard`]'s, so none is set here.
pub fn schemas(app: App, introspection: bool) -> Schemas {
    let schema = |mode| {
        let schema = described().data(app.clone()).validation_mode(mode);
        let schema = if introspection { schema } else { schema.disable_suggestions() };
        schema.finish()
    };
    let places = Places::ours();
    // Without the places nothing is known to be valid.
    let trusting = if places.is_some() { ValidationMode::Fast } else { ValidationMode::Strict };
    Schemas { strict: schema(ValidationMode::Strict), trusting: schema(trusting), places, app }
}

/// The roots, with the descriptions that the library leaves out.
fn described() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query, Mutation, Subscription)
        .override_output_type_description::<Connection<IdCursor, ApiClient>>("API clients, newest first.")
        .override_output_type_description::<Connection<IdCursor, Bill>>("Bills, newest first.")
        .override_output_type_description::<Connection<IdCursor, BillNumber>>("Bill numbers, newest first.")
        .override_output_type_description::<Connection<IdCursor, Biller>>("Billers, by name.")
        .override_output_type_description::<Connection<IdCursor, BulkPayment>>("Bulk payments, newest first.")
        .override_output_type_description::<Connection<IdCursor, Callback>>("Callbacks, newest first.")
        .override_output_type_description::<Connection<IdCursor, Collection>>("Collections, newest first.")
        .override_output_type_description::<Connection<IdCursor, ControlNumber>>("Control numbers, newest first.")
        .override_output_type_description::<EventConnection>("Part of the log, oldest first.")
        .override_output_type_description::<Connection<IdCursor, Payment>>("Payments, newest first.")
        .override_output_type_description::<Connection<IdCursor, WebhookDelivery>>("Deliveries, newest first.")
        .override_output_type_description::<Connection<IdCursor, WebhookEndpoint>>("Webhook endpoints, newest first.")
}

/// The schema in its definition language, sorted, as `schema.graphql` holds it.
pub fn sdl() -> String {
    let schema = described().finish();
    let options = SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items().include_specified_by();
    schema.sdl_with_options(options)
}
