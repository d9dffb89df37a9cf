//! Operators: what belongs to no tenant.

use serde_json::{Value, json};

use crate::support::app::{ALL, OPERATORS};
use crate::support::{TestApp, list, on_both_databases, text};

const SYNC: &str = "mutation ($provider: ID) { syncBillers(input: { providerId: $provider }) {
    added changed retired errors { code path } } }";

/// How many billers were added, changed and retired.
async fn sync(app: &TestApp) -> (i64, i64, i64) {
    let operator = app.client(OPERATORS, "operator");
    let report = operator.data(SYNC, json!({})).await["syncBillers"].take();
    assert_eq!(report["errors"], json!([]), "{report}");
    let count = |name: &str| crate::support::number(&report, name);
    (count("/added"), count("/changed"), count("/retired"))
}

on_both_databases! {
    async fn t5_only_an_operator_fetches_the_catalogue(app: TestApp) {
        assert_eq!(app.admin().refused(SYNC, json!({})).await, "FORBIDDEN");
        assert_eq!(app.client("acme", "operator").refused(SYNC, json!({})).await, "FORBIDDEN");
        assert_eq!(app.client(OPERATORS, ALL).refused(SYNC, json!({})).await, "FORBIDDEN");
    }
}

on_both_databases! {
    with [("BILLPAY_WORKER__ENABLED", "false")]
    async fn a_catalogue_is_fetched_and_told_by_what_changed(app: TestApp) {
        assert_eq!(sync(&app).await, (20, 0, 0));
        assert_eq!(sync(&app).await, (0, 0, 0));
        app.execute("UPDATE billers SET name = 'ANOTHER NAME' WHERE name = 'GOTV'").await;
        assert_eq!(sync(&app).await, (0, 1, 0));
        app.execute("UPDATE billers SET code = 'not listed any more' WHERE name = 'DSTV'").await;
        assert_eq!(sync(&app).await, (1, 0, 1));
        let document = "{ billers(search: \"DSTV\") { nodes { name active } } }";
        let found = app.admin().data(document, json!({})).await;
        let active = list(&found, "/billers/nodes").iter().filter(|biller| biller["active"] == json!(true)).count();
        assert_eq!(active, 1, "{found}");
    }
}

on_both_databases! {
    async fn a_provider_that_does_not_exist_is_not_found(app: TestApp) {
        let operator = app.client(OPERATORS, "operator");
        for provider in ["prv_01m80g5rxcfq9s4swzcexz6v59", "nonsense"] {
            let report = operator.data(SYNC, json!({ "provider": provider })).await;
            assert_eq!(text(&report, "/syncBillers/errors/0/code"), "NOT_FOUND", "{report}");
            assert_eq!(report["syncBillers"]["errors"][0]["path"], json!(["input", "providerId"]));
        }
    }
}

on_both_databases! {
    async fn the_providers_say_what_they_are(app: TestApp) {
        let client = app.admin();
        client.biller("DSTV").await;
        let document = "{ providers { code name country sandbox capabilities health { state }
            sandboxScenarios { operation outcome accountReference amount { amount currency } } } }";
        let found = client.data(document, json!({})).await;
        let almara = list(&found, "/providers").iter().find(|provider| provider["code"] == "almara").expect("Almara");
        assert_eq!((text(almara, "/health/state"), &almara["sandbox"]), ("HEALTHY", &json!(true)), "{almara}");
        assert!(list(almara, "/sandboxScenarios").len() > 20);
        let others = list(&found, "/providers").iter().filter(|provider| provider["code"] != "almara");
        for other in others {
            assert_eq!((text(other, "/health/state"), &other["sandboxScenarios"]), ("OFF", &Value::Array(Vec::new())));
        }
    }
}
