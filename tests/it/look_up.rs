//! Look-ups: what an account owes and whose it is.

use serde_json::{Value, json};

use crate::support::client::{Client, KPLC};
use crate::support::{list, minor, on_both_databases, text};

const LOOK_UP: &str = "query ($biller: ID!, $account: String) {
    billLookup(billerId: $biller, accountReference: $account) {
        customerName amountDue { amount currency } dueDate verified accountActive asOf
        bills { id status accountReference amount { amount } amountDue { amount } dueDate biller { name }
            amountRule { kind minimum maximum step currency } openPayment { id } }
        errors { __typename code path } } }";

async fn look_up(client: &Client, account: &str) -> Value {
    let variables = json!({ "biller": client.biller(KPLC).await, "account": account });
    client.data(LOOK_UP, variables).await["billLookup"].take()
}

on_both_databases! {
    async fn an_account_owes_what_its_biller_says(app: TestApp) {
        let client = app.admin();
        let found = look_up(&client, "1234567").await;
        assert_eq!(found["errors"], json!([]), "{found}");
        assert!(found["customerName"].is_string() && found["dueDate"].is_string());
        assert_eq!((&found["verified"], &found["accountActive"]), (&json!(true), &json!(true)));
        assert_eq!(text(&found, "/amountDue/currency"), "KES");
        let bills = list(&found, "/bills");
        assert_eq!(bills.len(), 1);
        assert_eq!(text(&bills[0], "/status"), "OPEN");
        assert_eq!(minor(&bills[0], "/amountDue/amount"), minor(&found, "/amountDue/amount"));
        assert_eq!(text(&bills[0], "/accountReference"), "1234567");
        assert_eq!(text(&bills[0], "/amountRule/kind"), "AT_LEAST");
        let again = look_up(&client, "1234567").await;
        assert_eq!(again["bills"][0]["id"], bills[0]["id"], "it is the same bill");
        let stored = client.data("{ bills { nodes { id } } }", json!({})).await;
        assert_eq!(list(&stored, "/bills/nodes").len(), 1);
    }
}

on_both_databases! {
    async fn an_account_that_the_biller_does_not_know_is_not_found(app: TestApp) {
        let found = look_up(&app.admin(), "0000000").await;
        assert_eq!(text(&found, "/errors/0/code"), "ACCOUNT_NOT_FOUND", "{found}");
        assert_eq!(found["errors"][0]["path"], json!(["accountReference"]));
        assert_eq!(found["verified"], json!(false));
        assert_eq!(found["amountDue"], Value::Null);
        assert_eq!(found["bills"], json!([]));
    }
}

on_both_databases! {
    async fn a_provider_that_fails_is_unavailable(app: TestApp) {
        let found = look_up(&app.admin(), "5000000").await;
        assert_eq!(text(&found, "/errors/0/code"), "PROVIDER_UNAVAILABLE", "{found}");
    }
}

on_both_databases! {
    async fn accounts_are_told_as_they_are(app: TestApp) {
        let client = app.admin();
        let inactive = look_up(&client, "1010101").await;
        assert_eq!((&inactive["verified"], &inactive["accountActive"]), (&json!(true), &json!(false)), "{inactive}");
        let nothing_due = look_up(&client, "2020202").await;
        assert_eq!(text(&nothing_due, "/amountDue/amount"), "0.00", "{nothing_due}");
        assert_eq!(nothing_due["bills"], json!([]), "there is nothing to pay");
        for account in ["3030303", "4040404"] {
            let found = look_up(&client, account).await;
            assert_eq!(text(&found, "/dueDate").len(), "2026-01-01".len(), "{found}");
        }
    }
}

on_both_databases! {
    async fn malformed_accounts_and_unknown_billers_are_refused(app: TestApp) {
        let client = app.admin();
        for account in ["", "  ", "1\n1", &"1".repeat(51)] {
            let found = look_up(&client, account).await;
            assert_eq!(text(&found, "/errors/0/code"), "BAD_USER_INPUT", "{account:?}: {found}");
            assert_eq!(found["errors"][0]["path"], json!(["accountReference"]));
        }
        for biller in ["blr_01m80g5rxcfq9s4swzcexz6v59", "nonsense"] {
            let found = client.data(LOOK_UP, json!({ "biller": biller, "account": "1" })).await;
            assert_eq!(text(&found, "/billLookup/errors/0/code"), "NOT_FOUND", "{biller}");
            assert_eq!(found["billLookup"]["errors"][0]["path"], json!(["billerId"]));
        }
    }
}

on_both_databases! {
    async fn an_account_is_validated_without_an_amount(app: TestApp) {
        let client = app.admin();
        let document = "query ($biller: ID!, $account: String!) {
            validateAccount(billerId: $biller, accountReference: $account) {
                customerName verified accountActive errors { code } } }";
        let biller = client.biller(KPLC).await;
        let good = client.data(document, json!({ "biller": biller, "account": "1234567" })).await;
        assert_eq!(good["validateAccount"]["verified"], json!(true), "{good}");
        assert!(good["validateAccount"]["customerName"].is_string());
        let bad = client.data(document, json!({ "biller": biller, "account": "0000000" })).await;
        assert_eq!(text(&bad, "/validateAccount/errors/0/code"), "ACCOUNT_NOT_FOUND");
        let stored = client.data("{ bills { nodes { id } } }", json!({})).await;
        assert_eq!(stored["bills"]["nodes"], json!([]), "a validation stores no bill");
    }
}

on_both_databases! {
    async fn billers_are_searched_and_say_what_they_need(app: TestApp) {
        let client = app.admin();
        client.biller(KPLC).await;
        let document = "query ($search: String, $filter: BillerFilter, $first: Int) {
            billers(search: $search, filter: $filter, first: $first) {
                nodes { id name currency country timeZone category provider { code sandbox }
                    amountRule { kind step } inputs { input need label } capabilities }
                pageInfo { hasNextPage } } }";
        let all = client.data(document, json!({ "first": 100 })).await;
        assert_eq!(list(&all, "/billers/nodes").len(), 20);
        let water = client.data(document, json!({ "search": "nairobi water" })).await;
        assert_eq!(list(&water, "/billers/nodes").len(), 1, "{water}");
        let biller = &water["billers"]["nodes"][0];
        assert_eq!(text(biller, "/name"), "NAIROBI CITY WATER");
        assert_eq!((text(biller, "/currency"), text(biller, "/timeZone")), ("KES", "Africa/Nairobi"));
        assert_eq!(text(biller, "/provider/code"), "almara");
        let required = list(biller, "/inputs").iter().filter(|rule| rule["need"] == "REQUIRED").count();
        assert_eq!(required, 3, "{biller}");
        let electricity = client.data(document, json!({ "filter": { "categories": ["ELECTRICITY"] } })).await;
        assert_eq!(list(&electricity, "/billers/nodes").len(), 2, "{electricity}");
        let nowhere = client.data(document, json!({ "filter": { "country": "TZ" } })).await;
        assert_eq!(nowhere["billers"]["nodes"], json!([]));
    }
}
