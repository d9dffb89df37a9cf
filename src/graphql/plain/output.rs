//! Payments and their pages as the library sees them: written at once where that can be, else resolved field by field.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{
    ContainerType, Context, ContextSelectionSet, ID, ObjectType, OutputType, Positioned, ServerResult, Value,
};
use bytes::Bytes;

use super::page::Page;
use super::plans::Plans;
use crate::graphql::object::payment::{Payment, PaymentFields};
use crate::graphql::written::written;

impl Payment {
    /// Its id, as the interface `Node` asks for it.
    pub async fn id(&self, _: &Context<'_>) -> async_graphql::Result<ID> {
        Ok(ID(self.0.id.to_string()))
    }
}

impl OutputType for Payment {
    fn type_name() -> Cow<'static, str> {
        <PaymentFields<'_> as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <PaymentFields<'_> as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        match Plans::write_payment(ctx, &self.0) {
            Some(json) => Ok(written(json)),
            None => OutputType::resolve(&PaymentFields(&self.0), ctx, field).await,
        }
    }
}

impl ContainerType for Payment {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        ContainerType::resolve_field(&PaymentFields(&self.0), ctx).await
    }
}

impl ObjectType for Payment {}

/// A page of payments.
pub enum PaymentPage {
    /// As JSON: nothing was read but what it tells.
    Written(Bytes),
    /// As it was read.
    Read(Page),
}

impl OutputType for PaymentPage {
    fn type_name() -> Cow<'static, str> {
        <Page as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Page as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let page = match self {
            Self::Written(json) => return Ok(written(json.clone())),
            Self::Read(page) => page,
        };
        match Plans::write_page(ctx, page) {
            Some(json) => Ok(written(json)),
            None => OutputType::resolve(page, ctx, field).await,
        }
    }
}
