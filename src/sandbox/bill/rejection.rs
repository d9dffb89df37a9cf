//! Answers to what the provider does not take: an array of errors, each with a code of the form `BDC_nnnn`.
//!
//! The documents give no HTTP status for most codes, and no code for some texts; those are our choice.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::super::fault::Broken;
use super::clock;

const OVERPAID: &str = "Cannot overpay a bill.";

/// Half of a payment, and HTTP 500 with the provider's code for it.
pub(super) const BROKEN: Broken = Broken {
    half_status: StatusCode::CREATED,
    half_body: br#"{"id":"stp01ZZRCUFIQWHP6ldb","vendorId":"0"#,
    claimed_length: "914",
    server_error,
};

/// Why a call is not taken. Nothing is scheduled and no money moves.
#[derive(Debug)]
pub(super) struct Rejection {
    status: StatusCode,
    problems: Vec<Problem>,
}

#[derive(Clone, Debug)]
struct Problem {
    code: &'static str,
    category: Category,
    message: String,
}

/// Where the provider says that the fault lies.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Category {
    Request,
    Application,
    Server,
    Downstream,
}

#[derive(Serialize)]
struct ErrorBody {
    timestamp: String,
    code: &'static str,
    severity: &'static str,
    category: Category,
    message: String,
}

impl Rejection {
    /// The session is unknown, or was idle for too long.
    pub(super) fn session_invalid() -> Self {
        // Two blanks, as documented.
        Self::unauthorised("BDC_1109", "Session is invalid.  Please log in.")
    }

    /// The session has not passed the second factor. Code and status are what clients of the provider report.
    pub(super) fn untrusted() -> Self {
        Self::one(StatusCode::FORBIDDEN, "BDC_1361", Category::Request, "Untrusted session.")
    }

    pub(super) fn login_failed() -> Self {
        Self::unauthorised("BDC_1101", "User name and/or password do not match our records.")
    }

    pub(super) fn developer_key_invalid() -> Self {
        Self::unauthorised("BDC_1102", "Developer key is invalid.")
    }

    pub(super) fn organization_invalid() -> Self {
        Self::bad_request("BDC_1123", "Invalid organization id.")
    }

    /// Too many calls at once.
    pub(super) fn concurrency() -> Self {
        let message = "Max number of concurrent requests per organization reached.";
        Self::one(StatusCode::TOO_MANY_REQUESTS, "BDC_1322", Category::Request, message)
    }

    /// Too many calls within an hour.
    pub(super) fn hourly(most: u32) -> Self {
        let message = format!("Max number of allowed requests per hour reached: {most}.");
        Self::one(StatusCode::TOO_MANY_REQUESTS, "BDC_1144", Category::Request, message)
    }

    /// As [`Rejection::hourly`], for the limit that a payment meets.
    pub(super) fn hourly_calls() -> Self {
        Self::hourly(super::limit::CALLS_PER_HOUR)
    }

    pub(super) fn unreadable() -> Self {
        Self::bad_request("BDC_1122", "Error Parsing Json Object.")
    }

    /// A parameter of a log-in that is absent.
    pub(super) fn missing_parameter(name: &str) -> Self {
        Self::bad_request("BDC_1108", format!("Missing parameter value for parameter: {name}"))
    }

    pub(super) fn missing(name: &str) -> Self {
        Self::bad_request("BDC_1117", format!("Missing required data for: {name}"))
    }

    pub(super) fn invalid_type(name: &str) -> Self {
        Self::bad_request("BDC_1124", format!("Invalid field datatype: {name}"))
    }

    /// A member of a body whose value is not good.
    pub(super) fn invalid(name: &str, value: &str) -> Self {
        Self::bad_request("BDC_1119", format!("Invalid field,value: {name},{value}"))
    }

    /// A parameter of a call whose value is not good.
    pub(super) fn invalid_parameter(name: &str, value: &str) -> Self {
        Self::bad_request("BDC_1129", format!("Invalid parameter value for parameter,value: {name},{value}"))
    }

    pub(super) fn unknown_path() -> Self {
        Self::one(StatusCode::NOT_FOUND, "BDC_1121", Category::Request, "API not supported.")
    }

    /// No object has the id of the path.
    pub(super) fn not_found() -> Self {
        let message = "No data found for object with given ID";
        Self::one(StatusCode::NOT_FOUND, "BDC_1205", Category::Application, message)
    }

    pub(super) fn bill_not_found() -> Self {
        Self::downstream("BDC_1205", "Bill ID not found.")
    }

    pub(super) fn vendor_not_found() -> Self {
        Self::downstream("BDC_1205", "Vendor ID not found.")
    }

    pub(super) fn process_date() -> Self {
        Self::downstream("BDC_1119", "Invalid process date.")
    }

    pub(super) fn bank_account_inactive() -> Self {
        Self::downstream("BDC_1119", "Bank account is inactive.")
    }

    pub(super) fn card_account_inactive() -> Self {
        Self::downstream("BDC_1119", "Card account is inactive.")
    }

    /// What the payment's state does not allow: cancelling one that is processed, voiding one that is not.
    pub(super) fn wrong_state(message: &'static str) -> Self {
        Self::one(StatusCode::BAD_REQUEST, "BDC_1119", Category::Application, message)
    }

    /// A payment that is more than what is left of its bill.
    pub(super) fn overpaid() -> Self {
        Self::downstream("BDC_1159", OVERPAID)
    }

    /// The same for a bulk: once in general, then for each such bill.
    pub(super) fn overpaid_in_bulk(bill_ids: &[String]) -> Self {
        let mut rejection = Self::overpaid();
        let of_bill = |id: &String| Problem {
            code: "BDC_1159",
            category: Category::Downstream,
            message: format!("{id}: {OVERPAID}"),
        };
        rejection.problems.extend(bill_ids.iter().map(of_bill));
        rejection
    }

    /// The same errors, and each again with the bill's id before it, as a bulk says which entry was wrong.
    pub(super) fn of_bill(mut self, bill_id: &str) -> Self {
        let of_bill =
            |problem: &Problem| Problem { message: format!("{bill_id}: {}", problem.message), ..problem.clone() };
        let again: Vec<_> = self.problems.iter().map(of_bill).collect();
        self.problems.extend(again);
        self
    }

    fn unauthorised(code: &'static str, message: &'static str) -> Self {
        Self::one(StatusCode::UNAUTHORIZED, code, Category::Request, message)
    }

    fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::one(StatusCode::BAD_REQUEST, code, Category::Request, message)
    }

    fn downstream(code: &'static str, message: &'static str) -> Self {
        Self::one(StatusCode::BAD_REQUEST, code, Category::Downstream, message)
    }

    fn one(status: StatusCode, code: &'static str, category: Category, message: impl Into<String>) -> Self {
        Self { status, problems: vec![Problem { code, category, message: message.into() }] }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let timestamp = clock::text(clock::now());
        let body = |problem: Problem| ErrorBody {
            timestamp: timestamp.clone(),
            code: problem.code,
            severity: "ERROR",
            category: problem.category,
            message: problem.message,
        };
        let bodies: Vec<_> = self.problems.into_iter().map(body).collect();
        (self.status, Json(bodies)).into_response()
    }
}

/// HTTP 500.
pub(super) fn server_error() -> Response {
    Rejection::one(StatusCode::INTERNAL_SERVER_ERROR, "BDC_1001", Category::Server, "System error occurred.")
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bulk_says_what_is_wrong_in_general_and_then_by_bill() {
        let rejection = Rejection::overpaid_in_bulk(&["00n1".to_owned()]);
        let messages: Vec<_> = rejection.problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(messages, ["Cannot overpay a bill.", "00n1: Cannot overpay a bill."]);
        let rejection = Rejection::bill_not_found().of_bill("00n2");
        let messages: Vec<_> = rejection.problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(messages, ["Bill ID not found.", "00n2: Bill ID not found."]);
    }
}
