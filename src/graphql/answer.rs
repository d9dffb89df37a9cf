//! What a client is answered.
//!
//! async-graphql tells a refused document and a failed execution in one type; clients must be told them apart: a
//! refused request has no `data` and has had no effect. Here each response becomes an [`Answer`], and each error gets
//! its code and the request's id. What is not meant for clients is logged once and shown as a fixed text.

use async_graphql::{Response, ServerError, Value};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::guard::Cost;
use super::request_error::{FaultClass, RequestError, extensions};
use super::written::written;

/// Errors shown of one document; a hostile one can have thousands.
const MAX_ERRORS: usize = 20;
/// Characters shown of a validation message, which quotes names of the document.
const MAX_MESSAGE_CHARACTERS: usize = 300;

/// The answer to one request, or one event of a subscription.
#[derive(Debug)]
pub enum Answer {
    /// Execution began: `data` is there, even where it is null.
    Executed(Box<Response>),
    /// Execution did not begin, or was not awaited.
    Refused(Refusal),
}

/// The errors of a request that was refused.
#[derive(Debug)]
pub struct Refusal {
    pub errors: Vec<ServerError>,
    pub class: FaultClass,
}

impl Answer {
    /// The refusal for a fault found by ourselves.
    pub fn refused(error: RequestError, request_id: &str) -> Self {
        let class = error.fault.class();
        Self::Refused(Refusal { errors: vec![error.into_server_error(request_id)], class })
    }

    /// The answer for what the executor returned.
    pub fn of_response(response: Response, cost: Cost, request_id: &str) -> Self {
        if execution_began(&response) {
            Self::Executed(Box::new(executed(response, cost, request_id)))
        } else {
            let refused = |error| refused_by_validation(error, request_id);
            let errors = response.errors.into_iter().take(MAX_ERRORS).map(refused).collect();
            Self::Refused(Refusal { errors, class: FaultClass::Document })
        }
    }

    /// The answer for an execution that panicked. The panic hook has logged it.
    pub fn of_panic(cost: Cost, request_id: &str) -> Self {
        tracing::error!(request.id = %request_id, "an operation panicked");
        let response = Response::from_errors(vec![internal(ServerError::new("", None), request_id)]);
        Self::Executed(Box::new(with_cost(response, cost)))
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Executed(response) => response.serialize(serializer),
            Self::Refused(refusal) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("errors", &refusal.errors)?;
                map.end()
            }
        }
    }
}

/// Validation gives no data and errors without a path; whatever a resolver or an argument raises has a path.
fn execution_began(response: &Response) -> bool {
    response.errors.is_empty()
        || response.data != Value::Null
        || response.errors.iter().any(|error| !error.path.is_empty())
}

fn executed(mut response: Response, cost: Cost, request_id: &str) -> Response {
    response.errors =
        response.errors.into_iter().take(MAX_ERRORS).map(|error| raised_in_execution(error, request_id)).collect();
    with_cost(response, cost)
}

fn with_cost(response: Response, cost: Cost) -> Response {
    response.extension("cost", written(format!(r#"{{"complexity":{},"depth":{}}}"#, cost.complexity, cost.depth)))
}

fn raised_in_execution(mut error: ServerError, request_id: &str) -> ServerError {
    error.source = None;
    if let Some(values) = error.extensions.as_mut().filter(|values| values.get("code").is_some()) {
        values.set("requestId", request_id);
        return error;
    }
    if is_unfit_value(&error.message) {
        error.message = "a value does not have the form of its type".to_owned();
        error.extensions = Some(extensions("BAD_USER_INPUT", request_id));
        return error;
    }
    tracing::error!(request.id = %request_id, error.path = ?error.path, error = %error.message, "a resolver failed");
    internal(error, request_id)
}

fn internal(mut error: ServerError, request_id: &str) -> ServerError {
    error.message = "internal error".to_owned();
    error.extensions = Some(extensions("INTERNAL_SERVER_ERROR", request_id));
    error
}

/// Keeps the message, which names fields, types and arguments of the schema, and the values of enums no longer.
fn refused_by_validation(mut error: ServerError, request_id: &str) -> ServerError {
    let code = if is_unfit_argument(&error.message) { "BAD_USER_INPUT" } else { "GRAPHQL_VALIDATION_FAILED" };
    error.message = shown(&error.message);
    error.extensions = Some(extensions(code, request_id));
    error
}

/// async-graphql has no kinds of errors: these are the beginnings of its messages in the pinned version.
fn is_unfit_argument(message: &str) -> bool {
    message.starts_with("Invalid value for argument")
}

fn is_unfit_value(message: &str) -> bool {
    message.starts_with("Failed to parse \"") || message.starts_with("Expected input type \"")
}

fn shown(message: &str) -> String {
    const VALUE_FOLLOWS: &str = " does not contain the value";
    match message.split_once(VALUE_FOLLOWS) {
        Some((before, _)) => format!("{before}{VALUE_FOLLOWS}").chars().take(MAX_MESSAGE_CHARACTERS).collect(),
        None => message.chars().take(MAX_MESSAGE_CHARACTERS).collect(),
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{EmptyMutation, EmptySubscription, Error, ErrorExtensions, Object, Schema};

    use super::*;
    use crate::graphql::written::to_json;

    struct Query;

    #[Object]
    impl Query {
        async fn one(&self, number: Option<i32>) -> i32 {
            number.unwrap_or(1)
        }

        async fn secret(&self) -> Result<i32, Error> {
            Err(Error::new("password=hunter2"))
        }

        async fn coded(&self) -> Result<i32, Error> {
            Err(Error::new("no scope").extend_with(|_, values| values.set("code", "FORBIDDEN")))
        }
    }

    fn told(answer: &Answer) -> serde_json::Value {
        serde_json::from_slice(&to_json(answer).unwrap()).unwrap()
    }

    async fn answer(query: &str) -> serde_json::Value {
        let response = Schema::new(Query, EmptyMutation, EmptySubscription).execute(query).await;
        told(&Answer::of_response(response, Cost::default(), "r1"))
    }

    #[tokio::test]
    async fn a_refused_document_has_no_data_and_a_code() {
        let unknown = answer("{ nothing }").await;
        assert!(unknown.get("data").is_none());
        assert_eq!(unknown["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
        let unfit = answer("{ one(number: \"x\") }").await;
        assert!(unfit.get("data").is_none());
        assert_eq!(unfit["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
    }

    #[tokio::test]
    async fn what_is_not_for_clients_becomes_a_fixed_text() {
        let secret = answer("{ secret }").await;
        assert!(secret["data"].is_null() && secret.get("data").is_some());
        assert_eq!(secret["errors"][0]["message"], "internal error");
        assert_eq!(secret["errors"][0]["extensions"]["code"], "INTERNAL_SERVER_ERROR");
        let coded = answer("{ coded }").await;
        assert_eq!(coded["errors"][0]["message"], "no scope");
        assert_eq!(coded["errors"][0]["extensions"]["requestId"], "r1");
    }

    #[tokio::test]
    async fn the_cost_is_told() {
        let response = Schema::new(Query, EmptyMutation, EmptySubscription).execute("{ one }").await;
        let cost = Cost { complexity: 7, depth: 2, root_fields: 1 };
        let told = told(&Answer::of_response(response, cost, "r1"));
        assert_eq!(told["extensions"]["cost"]["complexity"].to_string(), "7");
        assert_eq!(told["extensions"]["cost"]["depth"].to_string(), "2");
    }

    #[test]
    fn a_rejected_value_is_not_repeated() {
        let message =
            "Invalid value for argument \"by\", enumeration type \"E\" does not contain the value \"1234567\"";
        assert!(!shown(message).contains("1234567"));
    }
}
