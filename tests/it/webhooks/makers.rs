//! Endpoints whose maker may do nothing any more: they are switched off with its API client.

use serde_json::json;

use super::endpoint::{create, done, endpoint, keeper, schedule, wait_until_told};
use super::{KEY, TRIAL};
use crate::support::client::Client;
use crate::support::receiver::{Received, Receiver};
use crate::support::{TestApp, on_both_databases, text};

const CREATE: &str = "mutation ($input: CreateApiClientInput!) { createApiClient(input: $input) {
    clientSecret apiClient { id } errors { code } } }";
const REVOKE: &str = "mutation ($id: ID!) { revokeApiClient(input: { apiClientId: $id }) {
    apiClient { revokedAt } errors { code } } }";

/// A program that keeps endpoints, by the token that it asked for itself; and the id of its API client.
async fn program(app: &TestApp) -> (String, Client) {
    let input = json!({ "name": "Till 7", "scopes": ["webhooks:write"] });
    let made = keeper(app).data(CREATE, json!({ "input": input })).await["createApiClient"].take();
    assert_eq!(made["errors"], json!([]), "{made}");
    let (id, secret) = (text(&made, "/apiClient/id"), text(&made, "/clientSecret"));
    let request = app.http().post(app.url("/oauth/token")).basic_auth(id, Some(secret));
    let answer = request.form(&[("grant_type", "client_credentials")]).send().await.expect("an answer");
    let granted: serde_json::Value = answer.json().await.expect("JSON");
    (id.to_owned(), app.client_with(text(&granted, "/access_token")))
}

/// Where webhooks went, in the order of the alphabet.
fn paths(received: &[Received]) -> Vec<&str> {
    let mut paths: Vec<&str> = received.iter().map(|one| one.path.as_str()).collect();
    paths.sort_unstable();
    paths
}

on_both_databases! {
    with [KEY, TRIAL]
    async fn endpoints_of_an_api_client_are_switched_off_when_it_is_revoked(app: TestApp) {
        let receiver = Receiver::start().await;
        let admin = keeper(&app);
        let ((till, client), (_, another)) = (program(&app).await, program(&app).await);
        let theirs = create(&client, json!({ "url": receiver.url("/till") })).await;
        let others = create(&another, json!({ "url": receiver.url("/another") })).await;
        let own = create(&admin, json!({ "url": receiver.url("/own") })).await;
        let revoked = admin.data(REVOKE, json!({ "id": till })).await["revokeApiClient"].take();
        assert_eq!(revoked["errors"], json!([]), "{revoked}");
        let off = endpoint(&app, &theirs.id).await;
        assert_eq!((text(&off, "/state"), text(&off, "/createdBy")), ("DISABLED", till.as_str()));
        assert_ne!(off["updatedAt"], off["createdAt"]);
        schedule(&app, &admin, &[]).await;
        for made in [&others, &own] {
            assert_eq!(text(&wait_until_told(&app, &made.id).await, "/state"), "ACTIVE");
        }
        assert_eq!(paths(&receiver.received()), ["/another", "/own"]);
        let on = json!({ "webhookEndpointId": theirs.id, "enabled": true });
        done(&admin, "updateWebhookEndpoint", "__typename", on).await;
        wait_until_told(&app, &theirs.id).await;
        assert_eq!(paths(&receiver.received()), ["/another", "/own", "/till"], "an administrator may take it over");
    }
}
