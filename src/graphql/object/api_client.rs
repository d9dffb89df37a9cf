//! API clients. Of their secrets nothing is shown but the one that was just made, once.

use async_graphql::{Context, Description, ID, InputObject, Object, SimpleObject};

use crate::app::api_clients::{self, CreatedApiClient};
use crate::domain::api_client as domain;
use crate::domain::requester::Scope;
use crate::graphql::context::ContextExt;
use crate::graphql::error::{UserError, split};
use crate::graphql::scalar::DateTime;

/// A program that asks for its access tokens itself, with an id and a secret, at `POST /oauth/token`.
#[derive(Clone, Debug, Description)]
pub struct ApiClient(pub domain::ApiClient);

#[Object(use_type_description)]
impl ApiClient {
    /// Its id: the `client_id` with which it asks for tokens, and the subject of what it does with them.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }

    /// What you know it by.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What its tokens may do at most.
    async fn scopes(&self) -> Vec<&'static str> {
        self.0.scopes.iter().map(Scope::as_str).collect()
    }

    /// The customer for whom alone it speaks; null where it speaks for the whole tenant.
    async fn customer(&self) -> Option<&str> {
        self.0.customer.as_ref().map(|customer| customer.as_str())
    }

    /// Who made it.
    async fn created_by(&self) -> &str {
        &self.0.created_by
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When its secret was last accepted; null where it never was.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(DateTime)
    }

    /// When it was revoked; null while it gets tokens.
    async fn revoked_at(&self) -> Option<DateTime> {
        self.0.revoked_at.map(DateTime)
    }
}

/// An API client to be made. It belongs to your tenant, and to your customer where your token speaks for one.
#[derive(Clone, Debug, InputObject)]
pub struct CreateApiClientInput {
    /// What you know it by: 1 to 100 printable characters.
    pub name: String,
    /// What its tokens may do: scopes that your own token holds, such as `payments:read`; never `operator`.
    pub scopes: Vec<String>,
}

/// The API client with its secret, or why none was made.
#[derive(Clone, Debug, Description)]
pub struct CreateApiClientPayload {
    created: Option<CreatedApiClient>,
    errors: Vec<UserError>,
}

#[Object(use_type_description)]
impl CreateApiClientPayload {
    /// The API client. Null where none was made.
    async fn api_client(&self) -> Option<ApiClient> {
        self.created.as_ref().map(|created| ApiClient(created.client.clone()))
    }

    /// Its secret, shown this once and kept nowhere: whoever lost it makes another client.
    async fn client_secret(&self) -> Option<&str> {
        self.created.as_ref().map(|created| created.secret.expose())
    }

    /// Why none was made.
    async fn errors(&self) -> &[UserError] {
        &self.errors
    }
}

/// Which API client to revoke.
#[derive(Clone, Debug, InputObject)]
pub struct RevokeApiClientInput {
    /// The API client.
    pub api_client_id: ID,
}

/// The API client as it is, or why it was not revoked.
#[derive(Clone, Debug, SimpleObject)]
pub struct RevokeApiClientPayload {
    /// The API client.
    api_client: Option<ApiClient>,
    /// Why it was not revoked.
    errors: Vec<UserError>,
}

/// Makes an API client, as the mutation of that name says.
pub async fn create(ctx: &Context<'_>, input: CreateApiClientInput) -> async_graphql::Result<CreateApiClientPayload> {
    let input = api_clients::CreateApiClient { name: input.name, scopes: input.scopes };
    let (created, errors) = split(ctx, ctx.app().create_api_client(ctx.requester(), input).await).await?;
    Ok(CreateApiClientPayload { created, errors })
}

/// Revokes an API client, as the mutation of that name says.
pub async fn revoke(ctx: &Context<'_>, input: RevokeApiClientInput) -> async_graphql::Result<RevokeApiClientPayload> {
    let outcome = ctx.app().revoke_api_client(ctx.requester(), &input.api_client_id).await;
    let (client, errors) = split(ctx, outcome).await?;
    Ok(RevokeApiClientPayload { api_client: client.map(ApiClient), errors })
}
