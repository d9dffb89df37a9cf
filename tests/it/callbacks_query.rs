//! Callbacks as they are shown: to whom they belong, and never their bodies.

use serde_json::{Value, json};

use crate::callbacks::completed;
use crate::support::app::{ALL, OPERATORS, TENANT, USER};
use crate::support::client::Client;
use crate::support::{eventually, list, on_both_databases, text};

const CALLBACKS: &str = "query ($filter: CallbackFilter, $first: Int, $after: String) {
    callbacks(filter: $filter, first: $first, after: $after) { pageInfo { hasNextPage endCursor }
        nodes { id provider { code } receivedAt verified state ourReference providerReference
            subject { __typename id } } } }";
const NOBODYS: &str = "00000000-0000-4000-8000-000000000000";

async fn seen(client: &Client, filter: Value) -> Vec<Value> {
    let found = client.data(CALLBACKS, json!({ "filter": filter })).await;
    list(&found, "/callbacks/nodes").to_vec()
}

/// Something about a payment that nobody made.
fn about_nothing(number: u32) -> String {
    completed(NOBODYS, &format!("01000000-0000-0a00-0000-{number:012}"), "15.00")
}

on_both_databases! {
    async fn an_administrator_sees_what_came_about_the_tenants_payments(app: TestApp) {
        let client = app.admin();
        let payment = client.pay_until("1818181", &["SUCCEEDED"]).await;
        let found = eventually("the callback", || async { seen(&client, json!({})).await.pop() }).await;
        assert!(text(&found, "/id").starts_with("cbk_"), "{found}");
        assert_eq!((text(&found, "/provider/code"), &found["verified"]), ("almara", &json!(false)));
        assert_eq!((text(&found, "/state"), &found["ourReference"]), ("MATCHED", &payment["ourReference"]));
        assert_eq!(found["subject"], json!({ "__typename": "Payment", "id": payment["id"] }));
        let by_id = |client: Client| {
            let id = json!({ "id": found["id"] });
            async move { client.data("query ($id: ID!) { node(id: $id) { __typename id } }", id).await["node"].take() }
        };
        assert_eq!(by_id(client).await, json!({ "__typename": "Callback", "id": found["id"] }));
        for stranger in [app.client("umbrella", ALL), app.client_with(&app.token_for_customer(TENANT, "c", ALL))] {
            assert_eq!(seen(&stranger, json!({})).await, Vec::<Value>::new());
            assert_eq!(by_id(stranger).await, Value::Null);
        }
        let operator = app.client(OPERATORS, "operator");
        assert_eq!(seen(&operator, json!({})).await, Vec::<Value>::new(), "a tenant's is not an operator's");
    }
}

on_both_databases! {
    async fn what_belongs_to_nobody_is_an_operators(app: TestApp) {
        assert_eq!(app.callback("almara", about_nothing(1)).await, 200);
        let operator = app.client(OPERATORS, "operator");
        let found = seen(&operator, json!({})).await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((text(&found[0], "/state"), &found[0]["subject"]), ("UNMATCHED", &Value::Null));
        assert_eq!(text(&found[0], "/ourReference"), NOBODYS);
        assert_eq!(seen(&app.admin(), json!({})).await, Vec::<Value>::new());
        for client in [app.client(TENANT, USER), app.client(TENANT, "operator")] {
            assert_eq!(client.refused(CALLBACKS, json!({})).await, "FORBIDDEN");
        }
    }
}

on_both_databases! {
    async fn callbacks_are_listed_by_page_and_by_filter(app: TestApp) {
        for number in 1..=3 {
            assert_eq!(app.callback("almara", about_nothing(number)).await, 200);
        }
        let operator = app.client(OPERATORS, "operator billers:read");
        let providers = operator.data("{ providers { id code } }", json!({})).await;
        let id = |code: &str| {
            let found = list(&providers, "/providers").iter().find(|provider| provider["code"] == code);
            found.expect("a provider")["id"].clone()
        };
        for (filter, wanted) in [
            (json!({}), 3),
            (json!({ "providerId": id("almara") }), 3),
            (json!({ "providerId": id("click") }), 0),
            (json!({ "state": "UNMATCHED", "verified": false }), 3),
            (json!({ "state": "MATCHED" }), 0),
            (json!({ "verified": true }), 0),
            (json!({ "receivedBefore": "2020-01-01T00:00:00Z" }), 0),
            (json!({ "receivedFrom": "2020-01-01T00:00:00Z" }), 3),
        ] {
            assert_eq!(seen(&operator, filter.clone()).await.len(), wanted, "{filter}");
        }
        let first = operator.data(CALLBACKS, json!({ "first": 2 })).await["callbacks"].take();
        assert_eq!((list(&first, "/nodes").len(), &first["pageInfo"]["hasNextPage"]), (2, &json!(true)));
        let rest = operator.data(CALLBACKS, json!({ "first": 2, "after": first["pageInfo"]["endCursor"] })).await;
        assert_eq!(list(&rest, "/callbacks/nodes").len(), 1);
        let unknown = json!({ "filter": { "providerId": "prv_01m80g5rxcfq9s4swzcexz6v59" } });
        assert_eq!(operator.refused(CALLBACKS, unknown).await, "BAD_USER_INPUT");
    }
}

on_both_databases! {
    async fn bills_and_bill_numbers_are_found_by_their_filters(app: TestApp) {
        let client = app.admin();
        let biller = client.biller(crate::support::client::KPLC).await;
        let save = "mutation ($input: SaveBillNumberInput!) { saveBillNumber(input: $input) { billNumber { id } } }";
        let input = json!({ "billerId": biller, "accountReference": "900001" });
        let saved = client.data(save, json!({ "input": input })).await;
        let number = saved["saveBillNumber"]["billNumber"]["id"].clone();
        let look_up = "query ($biller: ID!, $account: String!) {
            billLookup(billerId: $biller, accountReference: $account) { bills { id status } } }";
        for account in ["900001", "900002"] {
            client.data(look_up, json!({ "biller": biller, "account": account })).await;
        }
        let bills = "query ($filter: BillFilter) { found: bills(filter: $filter) { nodes { id } } }";
        let numbers = "query ($filter: BillNumberFilter) { found: billNumbers(filter: $filter) { nodes { id } } }";
        for (document, filter, wanted) in [
            (bills, json!({}), 2),
            (bills, json!({ "billNumberId": number }), 1),
            (bills, json!({ "billNumberId": "bln_01m80g5rxcfq9s4swzcexz6v59" }), 0),
            (bills, json!({ "statuses": ["OPEN", "PARTIALLY_PAID", "PAID"] }), 2),
            (bills, json!({ "statuses": [] }), 0),
            (bills, json!({ "customer": "c" }), 0),
            (bills, json!({ "toldFrom": "2020-01-01T00:00:00Z" }), 2),
            (bills, json!({ "toldBefore": "2020-01-01T00:00:00Z" }), 0),
            (numbers, json!({ "createdFrom": "2020-01-01T00:00:00Z" }), 1),
            (numbers, json!({ "createdBefore": "2020-01-01T00:00:00Z" }), 0),
        ] {
            let found = client.data(document, json!({ "filter": filter })).await;
            assert_eq!(list(&found, "/found/nodes").len(), wanted, "{filter}");
        }
    }
}
