//! A GraphQL request as transports receive it.
//!
//! Read from JSON by the rules of GraphQL over HTTP: null is absent, a wrong type is refused, unknown keys are passed
//! over, a list (a batch) is refused. Numbers keep their digits: the JSON tree is walked here, because serde would
//! hand numbers of arbitrary precision to async-graphql as maps.

use async_graphql::{Name, Value, Variables};
use serde_json::{Map, Value as Json};
use url::form_urlencoded;

use super::request_error::Fault;
use super::source::Source;

/// What a client asks to have executed.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphqlRequest {
    /// The document, or the name of one that is known here.
    pub source: Source,
    pub operation_name: Option<String>,
    pub variables: Variables,
    /// As they came; `persistedQuery` is read into `source`, and no other means anything here.
    pub extensions: Map<String, Json>,
}

impl GraphqlRequest {
    /// Reads the body of a POST.
    pub fn from_body(body: &[u8]) -> Result<Self, Fault> {
        Self::from_json(serde_json::from_slice(body).map_err(|_| Fault::NotJson)?)
    }

    /// Reads a parsed body, or the payload of a `subscribe` message.
    pub fn from_json(json: Json) -> Result<Self, Fault> {
        let Json::Object(mut parameters) = json else { return Err(Fault::NotAnObject) };
        let query = text(&mut parameters, "query")?;
        let document_id = text(&mut parameters, "documentId")?;
        let operation_name = text(&mut parameters, "operationName")?;
        let variables = variables(map(&mut parameters, "variables")?);
        let extensions = map(&mut parameters, "extensions")?;
        let source = Source::try_new(query, document_id.as_deref(), &extensions)?;
        Ok(Self { source, operation_name, variables, extensions })
    }

    /// Reads the query string of a GET, where an empty parameter is absent.
    pub fn from_query_string(query_string: &str) -> Result<Self, Fault> {
        let mut parameters = Map::new();
        for (key, value) in form_urlencoded::parse(query_string.as_bytes()) {
            if !value.is_empty() {
                parameters.insert(key.to_string(), parameter(&key, &value)?);
            }
        }
        Self::from_json(Json::Object(parameters))
    }
}

/// Variables and extensions travel as JSON inside the query string.
fn parameter(key: &str, value: &str) -> Result<Json, Fault> {
    match key {
        "variables" | "extensions" => serde_json::from_str(value).map_err(|_| Fault::NotJson),
        _ => Ok(Json::String(value.to_owned())),
    }
}

fn text(parameters: &mut Map<String, Json>, key: &'static str) -> Result<Option<String>, Fault> {
    match parameters.remove(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_)) => {
            Err(Fault::WrongType { key, expected: "a string" })
        }
    }
}

fn map(parameters: &mut Map<String, Json>, key: &'static str) -> Result<Map<String, Json>, Fault> {
    match parameters.remove(key) {
        None | Some(Json::Null) => Ok(Map::new()),
        Some(Json::Object(map)) => Ok(map),
        Some(Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::String(_)) => {
            Err(Fault::WrongType { key, expected: "an object" })
        }
    }
}

fn variables(map: Map<String, Json>) -> Variables {
    let mut variables = Variables::default();
    variables.extend(map.into_iter().map(|(name, json)| (Name::new(name), value(json))));
    variables
}

/// Recurses as deep as serde_json lets JSON be nested (128).
fn value(json: Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Boolean(truth),
        Json::Number(number) => Value::Number(number),
        Json::String(text) => Value::String(text),
        Json::Array(items) => Value::List(items.into_iter().map(value).collect()),
        Json::Object(map) => {
            Value::Object(map.into_iter().map(|(name, json)| (Name::new(name), value(json))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> Result<GraphqlRequest, Fault> {
        GraphqlRequest::from_body(text.as_bytes())
    }

    #[test]
    fn null_is_absent_and_unknown_keys_are_passed_over() {
        let request =
            body(r#"{"query":"{a}","operationName":null,"variables":null,"extensions":null,"more":1}"#).unwrap();
        let expected = GraphqlRequest {
            source: Source::Text("{a}".to_owned()),
            operation_name: None,
            variables: Variables::default(),
            extensions: Map::new(),
        };
        assert_eq!(request, expected);
    }

    #[test]
    fn wrong_types_are_refused() {
        for value in ["{\"obj\":\"ect\"}", "0", "false", "[\"array\"]"] {
            for key in ["query", "operationName", "documentId"] {
                let refused = body(&format!(r#"{{"query":"{{a}}","{key}":{value}}}"#));
                assert_eq!(refused, Err(Fault::WrongType { key, expected: "a string" }));
            }
        }
        for value in ["\"string\"", "0", "false", "[\"array\"]"] {
            for key in ["variables", "extensions"] {
                let refused = body(&format!(r#"{{"query":"{{a}}","{key}":{value}}}"#));
                assert_eq!(refused, Err(Fault::WrongType { key, expected: "an object" }));
            }
        }
        assert_eq!(body(r#"{"qeury":"{a}"}"#), Err(Fault::QueryMissing));
    }

    #[test]
    fn batches_and_what_is_no_json_are_refused() {
        assert_eq!(body(r#"[{"query":"{a}"}]"#), Err(Fault::NotAnObject));
        assert_eq!(body("[]"), Err(Fault::NotAnObject));
        for broken in ["", "{ \"not a JSON", "{\"query\":\"\\ud800\"}", "\u{feff}{}"] {
            assert_eq!(body(broken), Err(Fault::NotJson), "{broken:?}");
        }
        assert_eq!(GraphqlRequest::from_body(b"{\"query\":\"\xff\"}"), Err(Fault::NotJson));
        let deep = format!(r#"{{"query":"{{a}}","variables":{{"a":{}1{}}}}}"#, "[".repeat(200), "]".repeat(200));
        assert_eq!(body(&deep), Err(Fault::NotJson));
    }

    #[test]
    fn numbers_keep_their_digits() {
        let request = body(r#"{"query":"{a}","variables":{"a":[1.10,18446744073709551616],"b":{"c":7}}}"#).unwrap();
        assert_eq!(request.variables.to_string(), "{a: [1.10, 18446744073709551616], b: {c: 7}}");
        assert!(matches!(request.variables.get("b"), Some(Value::Object(map)) if map["c"] == Value::from(7)));
    }

    #[test]
    fn a_query_string_is_read_with_empty_as_absent() {
        let request = GraphqlRequest::from_query_string(
            "query=query+A%7Ba%7D&operationName=A&variables=%7B%22n%22%3A1%7D&extensions=",
        )
        .unwrap();
        assert_eq!(request.source, Source::Text("query A{a}".to_owned()));
        assert_eq!(request.operation_name.as_deref(), Some("A"));
        assert_eq!(request.variables.get("n"), Some(&Value::from(1)));
        assert_eq!(GraphqlRequest::from_query_string("query="), Err(Fault::QueryMissing));
        assert_eq!(
            GraphqlRequest::from_query_string("query=a&variables=1"),
            Err(Fault::WrongType { key: "variables", expected: "an object" })
        );
        assert_eq!(GraphqlRequest::from_query_string("query=a&variables=%7B"), Err(Fault::NotJson));
    }
}
