//! The schema: exported as it is, and described to its last word.

use serde_json::{Value, json};

use crate::support::{list, on_both_databases, text};

#[test]
fn the_exported_schema_is_that_of_the_code() {
    let exported = include_str!("../../schema.graphql");
    assert!(exported == billpay::graphql::sdl(), "schema.graphql is stale: run `make schema`");
}

/// What has no description, each by its full name.
fn undescribed(owner: &str, described: &[Value]) -> Vec<String> {
    let silent = described.iter().filter(|item| item["description"].as_str().is_none_or(str::is_empty));
    silent.map(|item| format!("{owner}{}", text(item, "/name"))).collect()
}

/// The members that a type has under this name, if it has any.
fn members<'a>(kind: &'a Value, name: &str) -> &'a [Value] {
    kind[name].as_array().map_or(&[][..], Vec::as_slice)
}

/// Types that GraphQL or its library brings along.
fn is_foreign(kind: &Value) -> bool {
    let name = text(kind, "/name");
    name.starts_with("__")
        || name.ends_with("Connection")
        || ["ID", "String", "Int", "Float", "Boolean"].contains(&name)
}

on_both_databases! {
    async fn everything_in_the_schema_has_a_description(app: TestApp) {
        let document = "{ __schema { types { name description
            fields(includeDeprecated: true) { name description args { name description } }
            inputFields { name description } enumValues(includeDeprecated: true) { name description } } } }";
        let schema = app.admin().data(document, json!({})).await;
        let types = list(&schema, "/__schema/types");
        let ours: Vec<_> = types.iter().filter(|kind| !is_foreign(kind)).cloned().collect();
        let mut silent = undescribed("", &ours);
        for kind in types.iter().filter(|kind| !text(kind, "/name").starts_with("__")) {
            let owner = format!("{}.", text(kind, "/name"));
            for name in ["fields", "inputFields", "enumValues"] {
                silent.extend(undescribed(&owner, members(kind, name)));
            }
            for field in members(kind, "fields") {
                let owner = format!("{owner}{}.", text(field, "/name"));
                silent.extend(undescribed(&owner, members(field, "args")));
            }
        }
        assert_eq!(silent, Vec::<String>::new());
    }
}

on_both_databases! {
    with [("BILLPAY_GRAPHQL__INTROSPECTION", "false")]
    async fn g10_introspection_can_be_switched_off(app: TestApp) {
        let client = app.admin();
        for document in ["{ __schema { types { name } } }", "{ __type(name: \"Payment\") { name } }"] {
            assert_eq!(client.refused(document, json!({})).await, "GRAPHQL_VALIDATION_FAILED", "{document}");
        }
        let answer = client.raw("{ viewr { tenant } }", &json!({})).await;
        assert!(!answer.contains("viewer"), "no suggestions then: {answer}");
    }
}
