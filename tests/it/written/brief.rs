//! Pages of what lists usually ask for, of whose rows few cells are read, tell what the library tells.

use billpay::graphql::plain;
use serde_json::{Value, json};

use super::{CUSTOMER, FINAL, READER_WITHOUT_BILLS, alike, make, save_and_pay};
use crate::support::app::{ALL, TENANT, USER};
use crate::support::client::KPLC;
use crate::support::{list, on_both_databases, text};

/// What some payment of [`make`] must tell briefly.
const TOLD_BRIEFLY: [&str; 7] = [
    "/description",
    "/accountReference",
    "/biller/category",
    "/billNumber/customerName",
    "/billNumber/lastKnownBalance/amount",
    "/billNumber/dueDate",
    "/billNumber/biller/provider/code",
];

/// Each of the brief fields of a type, with those of the object that it is.
fn brief_fields(on: &str) -> Vec<String> {
    let fields = plain::fields().into_iter().filter(|field| field.on == on && field.is_brief);
    let asked: Vec<_> = fields
        .map(|field| match field.of {
            Some(of) => format!("{} {{ {} }}", field.name, brief_fields(of).join(" ")),
            None => field.name.to_owned(),
        })
        .collect();
    assert!(!asked.is_empty(), "{on} has no brief fields");
    asked
}

on_both_databases! {
    with [("BILLPAY_TEST_BILL", "on"), ("BILLPAY_LIMITS__TENANT_POINTS_PER_MINUTE", "0")]
    async fn what_lists_usually_ask_for_is_told_alone_and_together_as_the_library_tells_it(app: TestApp) {
        make(&app).await;
        app.execute("UPDATE bill_numbers SET due_date = '2099-01-31'").await;
        let admin = app.admin();
        let of_numbers = brief_fields("BillNumber").into_iter().map(|field| format!("billNumber {{ {field} }}"));
        for field in brief_fields("Payment").into_iter().chain(of_numbers) {
            alike(&admin, "query", &format!("payments {{ nodes {{ {field} }} }}"), "", json!({})).await;
        }
        let all = brief_fields("PaymentConnection").join(" ");
        let customer = |name| app.client_with(&app.token_for_customer(TENANT, name, USER));
        let seen = [
            ("administrator", app.client(TENANT, ALL), 8),
            ("reader without bills", app.client(TENANT, READER_WITHOUT_BILLS), 8),
            ("customer", customer(CUSTOMER), 6),
            ("another customer", customer("customer-2"), 0),
            ("another tenant", app.client("globex", ALL), 0),
        ];
        for (who, client, count) in seen {
            let data = alike(&client, "query", &format!("payments {{ {all} }}"), "", json!({})).await;
            let payments = list(&data, "/payments/nodes");
            assert_eq!(payments.len(), count, "{who}: {data}");
            if who == "administrator" {
                let tells = |payment: &Value, place: &str| payment.pointer(place).is_some_and(Value::is_string);
                let is_told = |place: &str| payments.iter().any(|payment| tells(payment, place));
                let untold: Vec<_> = TOLD_BRIEFLY.iter().filter(|place| !is_told(place)).collect();
                assert!(untold.is_empty(), "{untold:?} of {data}");
            }
        }
        let mut after = Value::Null;
        for part in ["first: 3", "last: 3", "first: 3, filter: { statuses: [FAILED] }"] {
            let fields = format!("payments({part}, after: $after) {{ {all} }}");
            let data = alike(&admin, "query ($after: String)", &fields, "", json!({ "after": after })).await;
            assert!(!list(&data, "/payments/nodes").is_empty(), "{part}: {data}");
            if after.is_null() {
                after = data["payments"]["edges"][0]["cursor"].clone();
            }
        }
    }
}

on_both_databases! {
    with [("BILLPAY_LIMITS__TENANT_POINTS_PER_MINUTE", "0")]
    async fn a_page_of_what_lists_usually_ask_for_reads_nothing_else(app: TestApp) {
        let client = app.admin();
        save_and_pay(&client, &client.biller(KPLC).await).await;
        // Nobody can read these cells any more.
        app.execute("UPDATE payments SET failure = 'no JSON', delivery_speed = 'A_NEW_WORD'").await;
        app.execute("UPDATE bill_numbers SET created_at = 9223372036854775807").await;
        let document = format!("{{ payments {{ {} }} }}", brief_fields("PaymentConnection").join(" "));
        let data = client.data(&document, json!({})).await;
        assert_eq!(text(&data, "/payments/nodes/0/billNumber/accountReference"), "1234567", "{data}");
        let more = client.query("{ payments { nodes { id dueDate } } }", json!({})).await;
        assert!(more["errors"].is_array(), "{more}");
    }
}

on_both_databases! {
    with [("BILLPAY_LIMITS__TENANT_POINTS_PER_MINUTE", "0")]
    async fn a_page_whose_biller_is_not_known_here_is_resolved_by_the_library(app: TestApp) {
        let client = app.admin();
        client.pay_until("1111111", &FINAL).await;
        app.execute("UPDATE payments SET biller_id = submission_id").await;
        let refused = client.query("{ payments { nodes { id biller { name } } } }", json!({})).await;
        assert_eq!(refused["errors"][0]["path"], json!(["payments", "nodes", 0]), "{refused}");
        assert!(text(&refused, "/errors/0/message").contains("not known yet"), "{refused}");
        let told = alike(&client, "query", "payments { nodes { id status } }", "", json!({})).await;
        assert_eq!(list(&told, "/payments/nodes").len(), 1, "{told}");
    }
}
