//! API clients: made and revoked by an administrator, and given tokens at `POST /oauth/token`.

use std::time::Duration;

use billpay::domain::ids::ApiClientId;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::app::{ALL, OPERATORS, TENANT, USER};
use crate::support::client::Client;
use crate::support::{TestApp, list, number, on_both_databases, text};

const CREATE: &str = "mutation ($input: CreateApiClientInput!) { createApiClient(input: $input) { clientSecret
    apiClient { id name scopes customer createdBy createdAt lastUsedAt revokedAt } errors { __typename code path } } }";
const REVOKE: &str = "mutation ($id: ID!) { revokeApiClient(input: { apiClientId: $id }) {
    apiClient { id revokedAt } errors { code message path } } }";
const LIST: &str = "query ($first: Int, $after: String) { apiClients(first: $first, after: $after) {
    nodes { id name scopes lastUsedAt revokedAt } pageInfo { hasNextPage endCursor } } }";
const VIEWER: &str = "{ viewer { subject tenant customer scopes } }";
const GRANT: (&str, &str) = ("grant_type", "client_credentials");

/// An id and its secret.
struct Credentials {
    id: String,
    secret: String,
}

/// What the endpoint answers: status, headers, body.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

async fn create(admin: &Client, scopes: &[&str]) -> Credentials {
    let input = json!({ "name": "Till 7", "scopes": scopes });
    let payload = admin.data(CREATE, json!({ "input": input })).await["createApiClient"].take();
    assert_eq!(payload["errors"], json!([]), "{payload}");
    Credentials { id: text(&payload, "/apiClient/id").to_owned(), secret: text(&payload, "/clientSecret").to_owned() }
}

/// The codes and places for which no client is made.
async fn create_refused(admin: &Client, input: Value) -> Value {
    let payload = admin.data(CREATE, json!({ "input": input })).await["createApiClient"].take();
    assert_eq!((&payload["apiClient"], &payload["clientSecret"]), (&Value::Null, &Value::Null), "{payload}");
    let told = list(&payload, "/errors").iter().map(|error| json!([error["code"], error["path"]]));
    told.collect()
}

async fn send(request: reqwest::RequestBuilder) -> Answer {
    let answer = request.send().await.expect("an answer");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Answer { status, headers, body: answer.json().await.expect("JSON") }
}

/// Asks with Basic, and with these parameters beside the grant.
async fn ask(app: &TestApp, credentials: &Credentials, more: &[(&str, &str)]) -> Answer {
    let form: Vec<_> = [GRANT].into_iter().chain(more.iter().copied()).collect();
    let request = app.http().post(app.url("/oauth/token"));
    send(request.basic_auth(&credentials.id, Some(&credentials.secret)).form(&form)).await
}

/// Asks with a form alone.
async fn ask_by_form(app: &TestApp, form: &[(&str, &str)]) -> Answer {
    send(app.http().post(app.url("/oauth/token")).form(form)).await
}

async fn token(app: &TestApp, credentials: &Credentials) -> String {
    let answer = ask(app, credentials, &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    text(&answer.body, "/access_token").to_owned()
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, error: &str) {
    assert_eq!((answer.status, text(&answer.body, "/error")), (status, error), "{}", answer.body);
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers.contains_key("www-authenticate"), status == 401, "{error}");
    assert!(answer.body.get("access_token").is_none(), "{}", answer.body);
}

on_both_databases! {
    async fn a_client_does_with_its_token_what_its_scopes_say(app: TestApp) {
        let admin = app.admin();
        let credentials = create(&admin, &["payments:read", "billers:read"]).await;
        assert!(credentials.id.starts_with("apc_"), "{}", credentials.id);
        let answer = ask(&app, &credentials, &[]).await;
        assert_eq!((answer.status, text(&answer.body, "/token_type")), (200, "Bearer"), "{}", answer.body);
        assert_eq!(number(&answer.body, "/expires_in"), 3600);
        assert_eq!(text(&answer.body, "/scope"), "billers:read payments:read");
        assert_eq!(answer.headers["cache-control"], "no-store");
        assert_eq!(answer.headers["pragma"], "no-cache");
        let client = app.client_with(text(&answer.body, "/access_token"));
        let viewer = json!({ "subject": credentials.id, "tenant": TENANT, "customer": null,
            "scopes": ["billers:read", "payments:read"] });
        assert_eq!(client.data(VIEWER, json!({})).await["viewer"], viewer);
        assert_eq!(client.count_payments().await, 0);
        assert_eq!(client.refused("{ bills { nodes { id } } }", json!({})).await, "FORBIDDEN");
        assert_eq!(client.refused(LIST, json!({})).await, "FORBIDDEN");
        let listed = admin.data(LIST, json!({})).await;
        assert_eq!(text(&listed, "/apiClients/nodes/0/id"), credentials.id);
        assert!(listed["apiClients"]["nodes"][0]["lastUsedAt"].is_string(), "{listed}");
    }
}

on_both_databases! {
    async fn a_token_is_good_for_an_hour(app: TestApp) {
        let token = token(&app, &create(&app.admin(), &["payments:read"]).await).await;
        app.clock().advance(Duration::from_secs(59 * 60));
        app.client_with(&token).data(VIEWER, json!({})).await;
        app.clock().advance(Duration::from_secs(2 * 60));
        assert_eq!(app.client_with(&token).refused(VIEWER, json!({})).await, "UNAUTHENTICATED");
    }
}

on_both_databases! {
    async fn a_client_may_ask_in_the_form_and_for_less(app: TestApp) {
        let Credentials { id, secret } = create(&app.admin(), &["payments:read", "payments:write"]).await;
        let proof = [GRANT, ("client_id", id.as_str()), ("client_secret", secret.as_str())];
        let with = |scope: &'static str| [proof[0], proof[1], proof[2], ("scope", scope)];
        let answer = ask_by_form(&app, &with("payments:read")).await;
        assert_eq!((answer.status, text(&answer.body, "/scope")), (200, "payments:read"), "{}", answer.body);
        let less = app.client_with(text(&answer.body, "/access_token")).data(VIEWER, json!({})).await;
        assert_eq!(less["viewer"]["scopes"], json!(["payments:read"]));
        let all = ask_by_form(&app, &with("")).await;
        assert_eq!(text(&all.body, "/scope"), "payments:read payments:write", "nothing asked for is all of it");
        for more in ["admin", "payments:read admin", "operator", "nonsense"] {
            assert_refused(&ask_by_form(&app, &with(more)).await, 400, "invalid_scope");
        }
    }
}

on_both_databases! {
    async fn requests_that_are_not_as_they_must_be_are_refused_by_name(app: TestApp) {
        let good = create(&app.admin(), &["payments:read"]).await;
        let proof = [("client_id", good.id.as_str()), ("client_secret", good.secret.as_str())];
        assert_refused(&ask(&app, &good, &proof).await, 400, "invalid_request");
        assert_refused(&ask(&app, &good, &[GRANT]).await, 400, "invalid_request");
        assert_refused(&ask_by_form(&app, &proof).await, 400, "invalid_request");
        let other = [("grant_type", "password"), proof[0], proof[1]];
        assert_refused(&ask_by_form(&app, &other).await, 400, "unsupported_grant_type");
        assert_refused(&ask_by_form(&app, &[GRANT]).await, 401, "invalid_client");
        let url = app.url("/oauth/token");
        let as_json = json!({ "grant_type": "client_credentials", "client_id": good.id, "client_secret": good.secret });
        assert_refused(&send(app.http().post(&url).json(&as_json)).await, 400, "invalid_request");
        let large = "x".repeat(9_000);
        assert_refused(&ask(&app, &good, &[("x", large.as_str())]).await, 413, "invalid_request");
        let bearer = app.http().post(&url).bearer_auth(app.token(TENANT, ALL)).form(&[GRANT]);
        assert_refused(&send(bearer).await, 401, "invalid_client");
        let twice = app.http().post(&url).basic_auth(&good.id, Some(&good.secret)).header(AUTHORIZATION, "Basic eDp5");
        assert_refused(&send(twice.form(&[GRANT])).await, 400, "invalid_request");
        let by_get = app.http().get(&url).send().await.expect("an answer");
        assert_eq!(by_get.status().as_u16(), 405);
    }
}

on_both_databases! {
    async fn j8_credentials_in_the_address_are_not_read(app: TestApp) {
        let Credentials { id, secret } = create(&app.admin(), &["payments:read"]).await;
        let url = app.url(&format!("/oauth/token?grant_type=client_credentials&client_id={id}&client_secret={secret}"));
        assert_refused(&send(app.http().post(&url).form(&[GRANT])).await, 401, "invalid_client");
        assert_refused(&send(app.http().post(&url).form(&[("x", "y")])).await, 400, "invalid_request");
    }
}

on_both_databases! {
    async fn unknown_wrong_and_revoked_clients_are_answered_alike(app: TestApp) {
        let admin = app.admin();
        let (good, other) = (create(&admin, &["payments:read"]).await, create(&admin, &["payments:read"]).await);
        let wrong = Credentials { id: good.id.clone(), secret: other.secret };
        let unknown =
            Credentials { id: ApiClientId::from_uuid(Uuid::now_v7()).to_string(), secret: good.secret.clone() };
        let nonsense = Credentials { id: "nobody".to_owned(), secret: good.secret.clone() };
        let mut answers = Vec::new();
        for credentials in [&wrong, &unknown, &nonsense] {
            answers.push(ask(&app, credentials, &[]).await);
        }
        let before = token(&app, &good).await;
        admin.data(REVOKE, json!({ "id": good.id })).await;
        answers.push(ask(&app, &good, &[]).await);
        for answer in &answers {
            assert_refused(answer, 401, "invalid_client");
            assert_eq!(answer.body, answers[0].body);
            assert!(answer.headers["www-authenticate"].to_str().expect("ASCII").starts_with("Basic "));
        }
        app.client_with(&before).data(VIEWER, json!({})).await;
        app.clock().advance(Duration::from_secs(3700));
        let refused = app.client_with(&before).refused(VIEWER, json!({})).await;
        assert_eq!(refused, "UNAUTHENTICATED", "what was given before ends by itself");
    }
}

on_both_databases! {
    async fn revoking_again_answers_the_client_as_it_is(app: TestApp) {
        let admin = app.admin();
        let id = create(&admin, &["payments:read"]).await.id;
        let first = admin.data(REVOKE, json!({ "id": id })).await;
        assert!(first["revokeApiClient"]["apiClient"]["revokedAt"].is_string(), "{first}");
        app.clock().advance(Duration::from_secs(60));
        assert_eq!(admin.data(REVOKE, json!({ "id": id })).await, first);
        let listed = admin.data(LIST, json!({})).await;
        let shown = first["revokeApiClient"]["apiClient"]["revokedAt"].clone();
        assert_eq!(listed["apiClients"]["nodes"][0]["revokedAt"], shown, "revoked ones are listed too");
    }
}

on_both_databases! {
    async fn a_secret_is_shown_once_and_kept_as_a_hash(app: TestApp) {
        let admin = app.admin();
        let one = create(&admin, &["payments:read"]).await;
        let other = create(&admin, &["payments:read"]).await;
        assert_ne!(one.secret, other.secret);
        let found = admin.raw(LIST, &json!({})).await;
        assert!(!found.contains(&one.secret) && !found.contains("apcs_"), "{found}");
        assert_eq!(app.scalar("SELECT count(*) FROM api_clients WHERE length(secret_hash) = 32").await, 2);
    }
}

on_both_databases! {
    async fn no_client_holds_more_than_its_maker(app: TestApp) {
        let admin = app.client(TENANT, "admin payments:read");
        let input = |scopes: Value| json!({ "name": "Till 7", "scopes": scopes });
        let at = |code: &str, place: &str| json!([[code, ["input", "scopes", place]]]);
        let more = json!(["payments:read", "payments:write"]);
        assert_eq!(create_refused(&admin, input(more)).await, at("FORBIDDEN", "1"));
        assert_eq!(create_refused(&admin, input(json!(["all"]))).await, at("BAD_USER_INPUT", "0"));
        assert_eq!(create_refused(&admin, input(json!([]))).await, json!([["BAD_USER_INPUT", ["input", "scopes"]]]));
        for name in ["", " ", "a\nb", "x".repeat(101).as_str()] {
            let input = json!({ "name": name, "scopes": ["admin"] });
            assert_eq!(create_refused(&admin, input).await, json!([["BAD_USER_INPUT", ["input", "name"]]]), "{name}");
        }
        assert_eq!(app.scalar("SELECT count(*) FROM api_clients").await, 0);
        let lesser = token(&app, &create(&admin, &["admin"]).await).await;
        let denied = create_refused(&app.client_with(&lesser), input(json!(["payments:read"]))).await;
        assert_eq!(denied, at("FORBIDDEN", "0"), "nor does a client of a client");
    }
}

on_both_databases! {
    async fn t5_no_api_client_is_an_operator(app: TestApp) {
        let operator = app.client(OPERATORS, "operator admin payments:read");
        let input = json!({ "name": "Till 7", "scopes": ["operator"] });
        assert_eq!(create_refused(&operator, input).await, json!([["FORBIDDEN", ["input", "scopes", "0"]]]));
        let credentials = create(&operator, &["payments:read"]).await;
        app.execute("UPDATE api_clients SET scopes = 'payments:read operator'").await;
        assert_refused(&ask(&app, &credentials, &[("scope", "operator")]).await, 400, "invalid_scope");
        let client = app.client_with(&token(&app, &credentials).await);
        assert_eq!(client.data(VIEWER, json!({})).await["viewer"]["scopes"], json!(["payments:read"]));
    }
}

on_both_databases! {
    async fn only_an_administrator_makes_lists_and_revokes(app: TestApp) {
        let id = create(&app.admin(), &["payments:read"]).await.id;
        let user = app.client(TENANT, USER);
        let input = json!({ "input": { "name": "Till 7", "scopes": ["payments:read"] } });
        assert_eq!(user.refused(CREATE, input).await, "FORBIDDEN");
        assert_eq!(user.refused(REVOKE, json!({ "id": id })).await, "FORBIDDEN");
        assert_eq!(user.refused(LIST, json!({})).await, "FORBIDDEN");
        let node = user.query("query ($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
        assert_eq!((&node["data"]["node"], text(&node, "/errors/0/extensions/code")), (&Value::Null, "FORBIDDEN"));
    }
}

/// Asserts that a stranger is answered for a client as for one that does not exist, and changes nothing.
async fn assert_hidden(owner: &Client, stranger: &Client, id: &str) {
    let nothing = ApiClientId::from_uuid(Uuid::now_v7()).to_string();
    for document in [
        "query ($id: ID!) { node(id: $id) { id ... on ApiClient { name } } }",
        "query ($id: ID!) { nodes(ids: [$id]) { id } }",
        "query ($id: String!) { apiClients(after: $id) { nodes { id } } }",
        REVOKE,
    ] {
        let one = stranger.data(document, json!({ "id": id })).await;
        assert_eq!(one, stranger.data(document, json!({ "id": nothing })).await, "{document}");
        assert!(!one.to_string().contains(id), "{one}");
    }
    assert_eq!(stranger.data(LIST, json!({})).await["apiClients"]["nodes"], json!([]));
    let kept =
        owner.data("query ($id: ID!) { node(id: $id) { ... on ApiClient { revokedAt } } }", json!({ "id": id })).await;
    assert_eq!(kept, json!({ "node": { "revokedAt": null } }));
}

on_both_databases! {
    async fn t1_another_tenants_api_clients_answer_as_if_they_did_not_exist(app: TestApp) {
        let owner = app.admin();
        let id = create(&owner, &["payments:read"]).await.id;
        assert_hidden(&owner, &app.client("umbrella", ALL), &id).await;
    }
}

on_both_databases! {
    async fn t1_a_customers_api_client_speaks_for_that_customer_alone(app: TestApp) {
        let whole = app.admin();
        let owner = app.client_with(&app.token_for_customer(TENANT, "customer-1", ALL));
        let credentials = create(&owner, &["payments:read", "admin"]).await;
        let stranger = app.client_with(&app.token_for_customer(TENANT, "customer-2", ALL));
        assert_hidden(&owner, &stranger, &credentials.id).await;
        let of_tenant = create(&whole, &["payments:read"]).await.id;
        assert_hidden(&whole, &stranger, &of_tenant).await;
        let client = app.client_with(&token(&app, &credentials).await);
        assert_eq!(text(&client.data(VIEWER, json!({})).await, "/viewer/customer"), "customer-1");
        whole.paid("1515151").await;
        assert_eq!(client.count_payments().await, 0, "the tenant's own are not this customer's");
        let listed = whole.data(LIST, json!({})).await;
        assert_eq!(list(&listed, "/apiClients/nodes").len(), 2, "the whole tenant sees its customers'");
    }
}

on_both_databases! {
    async fn api_clients_are_listed_newest_first_by_page(app: TestApp) {
        let admin = app.admin();
        let mut made = Vec::new();
        for _ in 0..3 {
            made.push(json!(create(&admin, &["payments:read"]).await.id));
            // Ids of one millisecond have no order.
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        let first = admin.data(LIST, json!({ "first": 2 })).await["apiClients"].take();
        let ids = |page: &Value| list(page, "/nodes").iter().map(|node| node["id"].clone()).collect::<Vec<_>>();
        assert_eq!(ids(&first), vec![made[2].clone(), made[1].clone()]);
        assert_eq!(first["pageInfo"]["hasNextPage"], json!(true));
        let after = json!({ "first": 2, "after": first["pageInfo"]["endCursor"] });
        let rest = admin.data(LIST, after).await["apiClients"].take();
        assert_eq!(ids(&rest), vec![made[0].clone()]);
        assert_eq!(admin.refused(LIST, json!({ "after": "pay_01m80g5rxcfq9s4swzcexz6v59" })).await, "BAD_USER_INPUT");
    }
}

on_both_databases! {
    with [("BILLPAY_AUTH__HS256_SECRET", "")]
    async fn without_a_secret_to_sign_with_the_path_is_not_served(app: TestApp) {
        let request = app.http().post(app.url("/oauth/token")).form(&[GRANT]);
        assert_eq!(request.send().await.expect("an answer").status().as_u16(), 404);
    }
}
