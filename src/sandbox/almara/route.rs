//! The transaction routes of the test account: one, for bills, with the id of the documented example.

use axum::Json;
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Routes {
    routes: [Route; 1],
}

/// Members as a client of the provider reads them, its spelling mistake included.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Route {
    id: &'static str,
    category: u8,
    category_description: &'static str,
    transaction_type_id: &'static str,
    category_is_enabled: bool,
    #[serde(rename = "routeIntergration")]
    route_integration: &'static str,
    country: &'static str,
    route_is_active: bool,
    channel_types: [Channel; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Channel {
    channel_type: u8,
    channel_description: &'static str,
}

/// `GET /v1/transaction-routes/assigned-routes`.
pub(super) async fn list() -> Json<Routes> {
    let route = Route {
        id: "068d89af-be67-f011-bb46-0e7d952d79b7",
        category: 4,
        category_description: "Bill Payments",
        transaction_type_id: "2f0d5d8e-be67-f011-bb46-0e7d952d79b7",
        category_is_enabled: true,
        route_integration: "Sandbox",
        country: "Kenya",
        route_is_active: true,
        channel_types: [Channel { channel_type: 0, channel_description: "Bill Payment" }],
    };
    Json(Routes { routes: [route] })
}
