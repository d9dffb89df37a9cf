//! The rows of webhook endpoints and their deliveries, which belong in one file since each needs an endpoint.
//!
//! An endpoint is its maker's: here a customer's. The callbacks of payments are the whole tenant's. What changes an
//! endpoint for its owner comes last, and what removes it at the very end.

use super::row::{Row, hidden, own};
use super::things::{List, Thing};

const NODE: &str = "query ($id: ID!) { node(id: $id) { __typename id } }";
const NODES: &str = "query ($id: ID!) { nodes(ids: [$id]) { __typename id } }";
const ENDPOINTS: &str = "{ webhookEndpoints { nodes { id url deliveries { nodes { id payment { id } } } } } }";
const ENDPOINTS_AFTER: &str =
    "query ($id: String!) { webhookEndpoints(after: $id) { nodes { id } pageInfo { hasNextPage } } }";
const ENDPOINTS_BEFORE: &str = "query ($id: String!) { webhookEndpoints(last: 10, before: $id) { nodes { id } } }";
const DELIVERIES_AFTER: &str =
    "{ webhookEndpoints { nodes { deliveries(first: 100, after: \"1000000\") { nodes { id } } } } }";
const DELIVERIES_BEFORE: &str =
    "{ webhookEndpoints { nodes { deliveries(last: 100, before: \"0\") { nodes { id } } } } }";
const TEST: &str = "mutation ($id: ID!) { sendTestWebhook(input: { webhookEndpointId: $id }) {
    delivered trouble errors { code message path } } }";
const REPLAY: &str = "mutation ($id: ID!) { replayWebhooks(input: { webhookEndpointId: $id, from: \"0\" }) {
    webhookEndpoint { id } errors { code message path } } }";
const UPDATE: &str = "mutation ($id: ID!) { updateWebhookEndpoint(input: { webhookEndpointId: $id, enabled: true }) {
    webhookEndpoint { id } errors { code message path } } }";
const ROTATE: &str = "mutation ($id: ID!) { rotateWebhookSecret(input: { webhookEndpointId: $id }) {
    webhookEndpoint { id } secret errors { code message path } } }";
const REMOVE: &str = "mutation ($id: ID!) { removeWebhookEndpoint(input: { webhookEndpointId: $id }) {
    webhookEndpoint { id } errors { code message path } } }";

pub const ROWS: &[Row] = &[
    own("Query.webhookEndpoints", ENDPOINTS),
    hidden("Query.webhookEndpoints(after)", Thing::First(List::WebhookEndpoints), ENDPOINTS_AFTER),
    hidden("Query.webhookEndpoints(before)", Thing::Last(List::WebhookEndpoints), ENDPOINTS_BEFORE),
    hidden("Query.node(id) of WebhookDelivery", Thing::WebhookDelivery, NODE),
    hidden("Query.node(id) of WebhookEndpoint", Thing::WebhookEndpoint, NODE),
    hidden("Query.nodes(ids) of WebhookDelivery", Thing::WebhookDelivery, NODES),
    hidden("Query.nodes(ids) of WebhookEndpoint", Thing::WebhookEndpoint, NODES),
    own("WebhookEndpoint.deliveries(after)", DELIVERIES_AFTER),
    own("WebhookEndpoint.deliveries(before)", DELIVERIES_BEFORE),
    hidden("Mutation.sendTestWebhook(input.webhookEndpointId)", Thing::WebhookEndpoint, TEST),
    hidden("Mutation.replayWebhooks(input.webhookEndpointId)", Thing::WebhookEndpoint, REPLAY),
    hidden("Mutation.updateWebhookEndpoint(input.webhookEndpointId)", Thing::WebhookEndpoint, UPDATE),
    hidden("Mutation.rotateWebhookSecret(input.webhookEndpointId)", Thing::WebhookEndpoint, ROTATE),
    hidden("Mutation.removeWebhookEndpoint(input.webhookEndpointId)", Thing::WebhookEndpoint, REMOVE),
];
