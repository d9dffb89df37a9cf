//! API clients: made, revoked, and believed when they ask for a token.

use super::access::require;
use super::{App, AppError};
use crate::crash::Step;
use crate::domain::api_client::{ApiClient, ClientSecret, SecretHash, check};
use crate::domain::ids::ApiClientId;
use crate::domain::refusal::Refusal;
use crate::domain::requester::{Requester, Scope};
use crate::store::Owner;

/// An API client as an administrator wants it.
#[derive(Clone, Debug)]
pub struct CreateApiClient {
    /// What a person knows it by.
    pub name: String,
    /// What its tokens may do: the words of scopes.
    pub scopes: Vec<String>,
}

/// An API client with the secret that is told this once.
#[derive(Clone, Debug)]
pub struct CreatedApiClient {
    /// The client.
    pub client: ApiClient,
    /// Its secret, which is kept nowhere.
    pub secret: ClientSecret,
}

impl App {
    /// Makes an API client that may do a part of what its maker may.
    pub async fn create_api_client(
        &self,
        requester: &Requester,
        input: CreateApiClient,
    ) -> Result<CreatedApiClient, AppError> {
        require(requester, Scope::Admin)?;
        let (name, scopes) = check(&input.name, &input.scopes, requester.scopes).map_err(AppError::Refused)?;
        let secret = ClientSecret::from_random(&self.ids.secret());
        let client = ApiClient {
            id: self.ids.next(),
            tenant: requester.tenant.clone(),
            customer: requester.customer.clone(),
            name,
            scopes,
            created_by: requester.subject.clone(),
            created_at: self.clock.now(),
            last_used_at: None,
            revoked_at: None,
        };
        let work = self.store.begin(Step::Other).await?;
        work.add_api_client(&client, &secret.hash()).await?;
        work.commit().await?;
        tracing::info!(api_client.id = %client.id, actor = %requester.subject, "an API client was made");
        Ok(CreatedApiClient { client, secret })
    }

    /// Revokes an API client, and switches the webhook endpoints off that it made: whoever held it is told nothing
    /// more. One that was revoked before is answered as it is.
    pub async fn revoke_api_client(&self, requester: &Requester, id: &str) -> Result<ApiClient, AppError> {
        require(requester, Scope::Admin)?;
        let not_found = || Refusal::not_found(&["input", "apiClientId"], "API client");
        let id = id.parse::<ApiClientId>().map_err(|_| not_found())?;
        let work = self.store.begin(Step::Other).await?;
        let mut client = work.api_client(&Owner::of(requester), id).await?.ok_or_else(not_found)?;
        if client.revoked_at.is_some() {
            work.roll_back().await?;
            return Ok(client);
        }
        let now = work.now();
        work.revoke_api_client(id, now).await?;
        let disabled = work.disable_webhook_endpoints_of(&client.tenant, &id.to_string(), now).await?;
        work.commit().await?;
        tracing::info!(
            api_client.id = %id,
            webhook_endpoints = disabled,
            actor = %requester.subject,
            "an API client was revoked"
        );
        client.revoked_at = Some(now);
        Ok(client)
    }

    /// The API client whose id and secret these are, where it is not revoked. An id that names no client costs the same
    /// statement and the same comparison as one that does with a wrong secret.
    pub async fn believe_api_client(&self, id: &str, secret: &str) -> Result<Option<ApiClient>, AppError> {
        let Ok(id) = id.parse::<ApiClientId>() else { return Ok(None) };
        let kept = self.store.api_client_to_check(id).await?;
        let hash = kept.as_ref().map_or(SecretHash::OF_NOTHING, |(_, hash)| *hash);
        if !hash.is_of(secret) {
            return Ok(None);
        }
        let Some((mut client, _)) = kept else { return Ok(None) };
        let now = self.clock.now();
        if !self.store.note_api_client_used(id, now).await? {
            tracing::warn!(api_client.id = %id, "a revoked API client asked for a token");
            return Ok(None);
        }
        client.last_used_at = Some(now);
        Ok(Some(client))
    }
}
