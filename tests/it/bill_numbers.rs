//! Bill numbers: saved, refreshed, paid and removed.

use serde_json::{Value, json};

use crate::support::client::{Client, KPLC, new_key, payment_input};
use crate::support::{list, on_both_databases, text};

const FIELDS: &str = "fragment N on BillNumber { id accountReference customerName phoneNumber description
    lastKnownBalance { amount currency } balanceAsOf dueDate verified accountActive remindDueDate savedWithProvider
    biller { id name } payments { nodes { id } } }";

/// What saveBillNumber answers.
async fn save(client: &Client, input: Value) -> Value {
    let document = format!(
        "mutation ($input: SaveBillNumberInput!) {{ saveBillNumber(input: $input) {{
            billNumber {{ ...N }} errors {{ code path }} }} }} {FIELDS}"
    );
    client.data(&document, json!({ "input": input })).await["saveBillNumber"].take()
}

/// A bill number that was saved.
async fn saved(client: &Client, account: &str) -> Value {
    let biller = client.biller(KPLC).await;
    let mut payload = save(client, json!({ "billerId": biller, "accountReference": account })).await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    payload["billNumber"].take()
}

/// What a mutation on a bill number answers.
async fn act(client: &Client, mutation: &str, id: &Value) -> Value {
    let document = format!(
        "mutation ($id: ID!) {{ {mutation}(input: {{ billNumberId: $id }}) {{
            billNumber {{ ...N }} errors {{ code path }} }} }} {FIELDS}"
    );
    client.data(&document, json!({ "id": id })).await[mutation].take()
}

/// The bill numbers that are kept.
async fn kept(client: &Client) -> Vec<Value> {
    let data = client.data(&format!("{{ billNumbers {{ nodes {{ ...N }} }} }} {FIELDS}"), json!({})).await;
    list(&data, "/billNumbers/nodes").to_vec()
}

on_both_databases! {
    async fn a_bill_number_is_saved_with_what_the_provider_knows(app: TestApp) {
        let client = app.admin();
        let number = saved(&client, "1234567").await;
        assert!(number["customerName"].is_string() && number["lastKnownBalance"]["amount"].is_string(), "{number}");
        assert_eq!((&number["verified"], &number["savedWithProvider"]), (&json!(true), &json!(true)));
        assert_eq!(text(&number, "/biller/name"), KPLC);
        assert_eq!(kept(&client).await, [number]);
    }
}

on_both_databases! {
    async fn saving_again_updates_the_same_one(app: TestApp) {
        let client = app.admin();
        let number = saved(&client, "1234567").await;
        let again = save(
            &client,
            json!({
                "billerId": number["biller"]["id"], "accountReference": " 1234567 ", "description": "home",
                "phoneNumber": "+254710000000", "remindDueDate": true,
            }),
        )
        .await;
        assert_eq!(again["billNumber"]["id"], number["id"], "{again}");
        assert_eq!(text(&again, "/billNumber/description"), "home");
        assert_eq!(again["billNumber"]["remindDueDate"], json!(true));
        assert_eq!(kept(&client).await.len(), 1);
    }
}

on_both_databases! {
    async fn of_concurrent_savings_one_number_remains(app: TestApp) {
        let client = app.admin();
        client.biller(KPLC).await;
        let numbers = futures_util::future::join_all((0..8).map(|_| saved(&client, "1234567"))).await;
        assert!(numbers.iter().all(|number| number["id"] == numbers[0]["id"]), "{numbers:?}");
        assert_eq!(kept(&client).await.len(), 1);
    }
}

on_both_databases! {
    async fn what_cannot_be_saved_is_refused_and_nothing_is_kept(app: TestApp) {
        let client = app.admin();
        let biller = client.biller(KPLC).await;
        let bad = json!({
            "billerId": biller, "accountReference": "", "phoneNumber": "+99912345678", "description": "a\nb",
        });
        let payload = save(&client, bad).await;
        let paths: Vec<_> = list(&payload, "/errors").iter().map(|error| text(error, "/path/1")).collect();
        assert_eq!(paths, ["accountReference", "phoneNumber", "description"], "{payload}");
        let unknown = save(&client, json!({ "billerId": biller, "accountReference": "0000000" })).await;
        assert_eq!(text(&unknown, "/errors/0/code"), "ACCOUNT_NOT_FOUND");
        let nobody = json!({ "billerId": "blr_01m80g5rxcfq9s4swzcexz6v59", "accountReference": "1" });
        let nobody = save(&client, nobody).await;
        assert_eq!(text(&nobody, "/errors/0/code"), "NOT_FOUND");
        assert_eq!(nobody["errors"][0]["path"], json!(["input", "billerId"]));
        assert_eq!(kept(&client).await.len(), 0);
        assert_eq!(client.head().await, "0");
    }
}

on_both_databases! {
    async fn what_the_provider_refuses_is_told_at_its_place_in_the_input(app: TestApp) {
        let client = app.admin();
        let input = json!({ "billerId": client.biller(KPLC).await, "accountReference": "0000000" });
        let payload = save(&client, input).await;
        assert_eq!(payload["errors"][0]["path"], json!(["input", "accountReference"]), "{payload}");
    }
}

on_both_databases! {
    async fn a_refresh_asks_the_provider_again(app: TestApp) {
        let client = app.admin();
        let number = saved(&client, "1234567").await;
        let payload = act(&client, "refreshBillNumber", &number["id"]).await;
        assert_eq!(payload["errors"], json!([]), "{payload}");
        assert_eq!(payload["billNumber"]["lastKnownBalance"], number["lastKnownBalance"]);
        assert_eq!(payload["billNumber"]["accountActive"], json!(true), "a look-up tells more");
    }
}

on_both_databases! {
    async fn a_bill_number_is_paid_and_shows_its_payments(app: TestApp) {
        let client = app.admin();
        let number = saved(&client, "1111111").await;
        let mut input = payment_input("", "", "15");
        input["target"] = json!({ "billNumberId": number["id"] });
        let payload = client.create(input).await;
        assert_eq!(payload["payment"]["billNumber"]["id"], number["id"], "{payload}");
        assert_eq!(text(&payload, "/payment/accountReference"), "1111111");
        client.wait_for_status(text(&payload, "/payment/id"), &["SUCCEEDED"]).await;
        let kept = kept(&client).await;
        assert_eq!(kept[0]["payments"]["nodes"][0]["id"], payload["payment"]["id"]);
        let document = "query ($number: ID!) { payments(filter: { billNumberId: $number }) { nodes { id } } }";
        let filtered = client.data(document, json!({ "number": number["id"] })).await;
        assert_eq!(list(&filtered, "/payments/nodes").len(), 1);
    }
}

on_both_databases! {
    async fn a_payment_may_save_its_account(app: TestApp) {
        let client = app.admin();
        let mut input = payment_input(&client.biller(KPLC).await, "1111111", "15");
        input["saveBillNumber"] = json!(true);
        let payload = client.create(input).await;
        client.wait_for_status(text(&payload, "/payment/id"), &["SUCCEEDED"]).await;
        let kept = kept(&client).await;
        assert_eq!(kept.len(), 1);
        assert_eq!(text(&kept[0], "/accountReference"), "1111111");
        assert_eq!(kept[0]["id"], payload["payment"]["billNumber"]["id"]);
        assert_eq!(kept[0]["savedWithProvider"], json!(true));
    }
}

on_both_databases! {
    async fn a_number_that_was_removed_is_gone_and_its_payments_stay(app: TestApp) {
        let client = app.admin();
        let number = saved(&client, "1111111").await;
        let mut input = payment_input("", "", "15");
        input["target"] = json!({ "billNumberId": number["id"] });
        let payload = client.create(input.clone()).await;
        let removed = act(&client, "removeBillNumber", &number["id"]).await;
        assert_eq!(removed["billNumber"]["id"], number["id"], "{removed}");
        assert_eq!(kept(&client).await.len(), 0);
        client.wait_for_status(text(&payload, "/payment/id"), &["SUCCEEDED"]).await;
        let head = client.head().await;
        act(&client, "removeBillNumber", &number["id"]).await;
        assert_eq!(client.head().await, head, "a repetition changes nothing");
        input["idempotencyKey"] = json!(new_key());
        let late = client.create(input).await;
        assert_eq!(text(&late, "/errors/0/code"), "NOT_FOUND", "{late}");
        let anew = saved(&client, "1111111").await;
        assert_eq!(kept(&client).await.len(), 1, "it may be saved again: {anew}");
    }
}

on_both_databases! {
    async fn the_log_tells_of_bill_numbers(app: TestApp) {
        let client = app.admin();
        let number = saved(&client, "1234567").await;
        act(&client, "removeBillNumber", &number["id"]).await;
        let document =
            "{ events { nodes { type subject { id } ... on BillNumberEvent { version billNumber { id } } } } }";
        let events = client.data(document, json!({})).await;
        let types: Vec<_> = list(&events, "/events/nodes").iter().map(|event| text(event, "/type")).collect();
        assert_eq!(types, ["BILL_NUMBER_SAVED", "BILL_NUMBER_REMOVED"]);
        for event in list(&events, "/events/nodes") {
            assert_eq!(event["billNumber"]["id"], number["id"], "{event}");
            assert_eq!(event["subject"]["id"], number["id"]);
        }
    }
}

/// A biller of a provider that keeps no bill numbers, and whose look-up tells nothing.
const ELECTRICITY: &str = "Saudi Electricity Company";

on_both_databases! {
    with [("BILLPAY_TEST_CLICK", "on")]
    async fn where_the_provider_keeps_none_a_bill_number_is_kept_here_alone(app: TestApp) {
        let client = app.admin();
        let biller = client.biller(ELECTRICITY).await;
        let payload = save(&client, json!({ "billerId": biller, "accountReference": "12345" })).await;
        let number = &payload["billNumber"];
        assert_eq!((&number["savedWithProvider"], &number["verified"]), (&json!(false), &json!(false)), "{payload}");
        assert_eq!((&number["lastKnownBalance"], &number["dueDate"]), (&Value::Null, &Value::Null));
        let head = client.head().await;
        let refreshed = act(&client, "refreshBillNumber", &number["id"]).await;
        assert_eq!((&refreshed["errors"], &refreshed["billNumber"]), (&json!([]), number), "{refreshed}");
        assert_eq!(client.head().await, head, "nothing was told, so that nothing changed");
        assert_eq!(kept(&client).await, std::slice::from_ref(number));
    }
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICK", "on")]
    async fn what_a_payment_keeps_is_with_the_provider_only_where_that_keeps_any(app: TestApp) {
        let client = app.admin();
        let input = json!({
            "idempotencyKey": new_key(),
            "target": { "account": { "billerId": client.biller(ELECTRICITY).await, "accountReference": "1111111" } },
            "amount": { "amount": "100.50", "currency": "SAR" },
            "saveBillNumber": true,
        });
        let payload = client.create(input).await;
        client.wait_for_status(text(&payload, "/payment/id"), &["SUCCEEDED"]).await;
        assert_eq!(kept(&client).await[0]["savedWithProvider"], json!(false));
    }
}
