//! The schema, and the one way by which an operation is executed.
//!
//! Resolvers are thin: they call one use case or one query of the store and dress the result. What an operation costs is
//! weighed by [`guard`] before it runs; what it may see is decided by the requester in its context.

pub mod answer;
pub mod context;
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
pub mod persisted;
pub mod query;
pub mod rates;
pub mod request;
pub mod request_error;
pub mod scalar;
pub mod source;
pub mod subscription;
pub mod trusted;

use async_graphql::SDLExportOptions;

use crate::app::App;
use mutation::Mutation;
use query::Query;
use subscription::Subscription;

/// The schema of billpay.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// The schema over an application. Limits are the [`guard`]'s, so none is set here.
pub fn schema(app: App, introspection: bool) -> Schema {
    let mut schema = Schema::build(Query, Mutation, Subscription).data(app);
    if !introspection {
        schema = schema.disable_suggestions();
    }
    schema.finish()
}

/// The schema in its definition language, sorted, as `schema.graphql` holds it.
pub fn sdl() -> String {
    let schema = Schema::build(Query, Mutation, Subscription).finish();
    let options = SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items().include_specified_by();
    schema.sdl_with_options(options)
}
