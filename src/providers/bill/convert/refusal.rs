//! Errors, which come as an array: each with a code, of which the pages tell a part, and a text.
//!
//! A refusal is final and lets a payment fail, so it must be one. What the code says comes first, then what the text
//! says where BILL's "common errors" have lost their codes; an error that may be about an earlier request of ours, or
//! does not know what became of this one, leaves the outcome open. An array with a 4xx that says that the session, the
//! limits or our account are at fault proves that nothing was processed.

use std::time::Duration;

use jiff::Timestamp;

use super::{owned, told, words};
use crate::domain::biller::InputName;
use crate::domain::payment::FieldFault;
use crate::ports::provider::{ProviderError, RefusalKind, Refused, RefusedBill, Trouble};
use crate::providers::bill::NOT_TRUSTED;
use crate::providers::bill::wire::{self, ErrorEntry};
use crate::providers::http::Answer;

/// "Session is invalid.  Please log in."
const SESSION_INVALID: &str = "BDC_1109";
/// The severity of what refuses; warnings and information stand beside it.
const ERROR: &str = "ERROR";
const SERVER: &str = "SERVER";
const SECONDS_OF_HOUR: i64 = 3600;

/// Statuses that say nothing of what became of the request: a time-out, a conflict, a lock, too early.
const LEFT_OPEN: [u16; 4] = [408, 409, 423, 425];
/// Words of an error about a payment that may be an earlier one of ours, which may have been made.
const DUPLICATE_WORDS: [&str; 5] = ["duplicate", "already exist", "already used", "already been", "unique"];
/// Words of an error that does not know what became of the request.
const UNDECIDED_WORDS: [&str; 4] = ["timeout", "timed out", "time out", "in progress"];
const UNTRUSTED_WORDS: [&str; 4] = ["untrusted", "not trusted", "mfa", "trusted session"];
/// The member that billpay does not send, as BILL may write it.
const PURPOSE_WORDS: [&str; 2] = ["cardfundingpurpose", "funding purpose"];

/// What one error says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    SessionInvalid,
    HourSpent,
    AllRunning,
    NotTrusted,
    /// Our credentials, our organisation or our path.
    Ours,
    /// It may have been processed.
    Open(&'static str),
    /// Refused because of another payment of the same bulk.
    RolledBack,
    Refused(RefusalKind),
}

/// Whether an answer says that the session is at an end. 401 is what the pages name for it.
pub(in crate::providers::bill) fn is_session_refused(answer: &Answer) -> bool {
    let errors = errors(answer);
    let is_named = errors.iter().any(|error| error.code.as_deref() == Some(SESSION_INVALID));
    is_client_error(answer.status) && (is_named || (answer.status == 401 && errors.is_empty()))
}

/// Whether an error bears a code of which the pages say that nothing was done.
fn is_documented(error: &ErrorEntry) -> bool {
    let codes =
        ["BDC_1108", "BDC_1117", "BDC_1119", "BDC_1120", "BDC_1122", "BDC_1124", "BDC_1129", "BDC_1159", "BDC_1205"];
    error.code.as_deref().is_some_and(|code| codes.contains(&code))
}

/// Whether an error says that the session may not pay.
pub(in crate::providers::bill) fn is_untrusted(error: &ProviderError) -> bool {
    match error {
        ProviderError::Misconfigured(trouble) => trouble.what == NOT_TRUSTED,
        ProviderError::Refused(_) | ProviderError::NotSent(_) | ProviderError::Unknown(_) => false,
    }
}

/// What an answer that is no success says. `bills` are those whose ids it may name.
pub(in crate::providers::bill) fn refusal(answer: &Answer, now: Timestamp, bills: &[String]) -> ProviderError {
    if !is_client_error(answer.status) {
        return ProviderError::Unknown(answer.trouble("status not documented"));
    }
    let errors = errors(answer);
    let Some(first) = errors.first() else { return without_errors(answer) };
    let trouble = |what| Trouble {
        code: told(first.code.as_deref()).map(words),
        message: told(first.message.as_deref()).map(words),
        ..answer.trouble(what)
    };
    let says = |meaning: Meaning| errors.iter().any(|error| meaning_of(error) == meaning);
    if says(Meaning::SessionInvalid) {
        ProviderError::NotSent(trouble("session is at an end"))
    } else if says(Meaning::HourSpent) {
        let wait = Some(until_next_hour(now));
        ProviderError::NotSent(Trouble { retry_after: wait, ..trouble("the calls of this hour are spent") })
    } else if says(Meaning::AllRunning) {
        ProviderError::NotSent(trouble("too many calls at once"))
    } else if says(Meaning::NotTrusted) {
        ProviderError::Misconfigured(trouble(NOT_TRUSTED))
    } else if says(Meaning::Ours) {
        ProviderError::Misconfigured(trouble("our account or credentials are refused"))
    } else if let Some(what) = errors.iter().find_map(open) {
        ProviderError::Unknown(trouble(what))
    } else if LEFT_OPEN.contains(&answer.status) && !errors.iter().any(is_documented) {
        ProviderError::Unknown(trouble("status that leaves the outcome open"))
    } else {
        ProviderError::Refused(refused(answer.status, &errors, bills))
    }
}

/// What an answer to a sign-in says that is no success. Nothing of a payment has left.
pub(in crate::providers::bill) fn sign_in_refusal(answer: &Answer, now: Timestamp) -> ProviderError {
    match refusal(answer, now, &[]) {
        ProviderError::NotSent(trouble) if is_session_refused(answer) => {
            ProviderError::Misconfigured(Trouble { what: "sign-in refused", ..trouble })
        }
        ProviderError::NotSent(trouble) => ProviderError::NotSent(trouble),
        ProviderError::Misconfigured(trouble) => ProviderError::Misconfigured(trouble),
        ProviderError::Refused(refused) => ProviderError::Misconfigured(Trouble {
            code: refused.code,
            message: Some(refused.message),
            ..answer.trouble("sign-in refused")
        }),
        ProviderError::Unknown(trouble) => match answer.status {
            // The URL, or the form in which it was asked: an operator's to mend. An error with a code was understood.
            400 | 404 | 405 | 415 if trouble.code.is_none() => {
                ProviderError::Misconfigured(Trouble { what: "sign-in refused", ..trouble })
            }
            _ => ProviderError::NotSent(trouble),
        },
    }
}

/// The failure of a call that only prepared something: nothing of a payment has left.
pub(in crate::providers::bill) fn nothing_sent(error: ProviderError) -> ProviderError {
    match error {
        ProviderError::Unknown(trouble) | ProviderError::NotSent(trouble) => ProviderError::NotSent(trouble),
        ProviderError::Refused(_) | ProviderError::Misconfigured(_) => error,
    }
}

/// A refusal to cancel or to void: whatever its words, the payment cannot be recalled now.
pub(in crate::providers::bill) fn not_recallable(error: ProviderError) -> ProviderError {
    match error {
        ProviderError::Refused(refused) => {
            ProviderError::Refused(Refused { kind: RefusalKind::NotRecallable, fields: Vec::new(), ..refused })
        }
        ProviderError::NotSent(_) | ProviderError::Unknown(_) | ProviderError::Misconfigured(_) => error,
    }
}

fn is_client_error(status: u16) -> bool {
    (400..500).contains(&status)
}

/// The errors of an answer; none where it has not the documented form.
fn errors(answer: &Answer) -> Vec<ErrorEntry> {
    let all = wire::read_errors(&answer.body).unwrap_or_default();
    let refuses = |error: &ErrorEntry| error.severity.as_deref().is_none_or(|severity| severity == ERROR);
    if all.iter().any(refuses) { all.into_iter().filter(refuses).collect() } else { all }
}

fn without_errors(answer: &Answer) -> ProviderError {
    match answer.status {
        401 => ProviderError::NotSent(answer.trouble("session is at an end")),
        // Like 401 it is about who asks; unlike 401 a new session is no help.
        403 => ProviderError::Misconfigured(answer.trouble("permission missing")),
        _ => ProviderError::Unknown(answer.trouble("refusal in no documented form")),
    }
}

fn open(error: &ErrorEntry) -> Option<&'static str> {
    match meaning_of(error) {
        Meaning::Open(what) => Some(what),
        Meaning::SessionInvalid
        | Meaning::HourSpent
        | Meaning::AllRunning
        | Meaning::NotTrusted
        | Meaning::Ours
        | Meaning::RolledBack
        | Meaning::Refused(_) => None,
    }
}

fn meaning_of(error: &ErrorEntry) -> Meaning {
    let text = error.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    match error.code.as_deref().unwrap_or_default() {
        SESSION_INVALID => Meaning::SessionInvalid,
        "BDC_1144" => Meaning::HourSpent,
        "BDC_1322" => Meaning::AllRunning,
        // Not on the pages: what clients report.
        "BDC_1361" => Meaning::NotTrusted,
        "BDC_1003" | "BDC_1005" | "BDC_1101" | "BDC_1102" | "BDC_1103" | "BDC_1104" | "BDC_1106" | "BDC_1107"
        | "BDC_1110" | "BDC_1111" | "BDC_1113" | "BDC_1121" | "BDC_1123" | "BDC_1150" => Meaning::Ours,
        "BDC_1001" | "BDC_1002" => Meaning::Open("error leaves the outcome open"),
        "BDC_1246" => Meaning::RolledBack,
        "BDC_1159" => Meaning::Refused(RefusalKind::Amount),
        "BDC_1120" | "BDC_1205" => Meaning::Refused(RefusalKind::NotFound),
        "BDC_1108" | "BDC_1117" | "BDC_1119" | "BDC_1122" | "BDC_1124" | "BDC_1129" => {
            Meaning::Refused(kind_of(&text).unwrap_or(RefusalKind::Input))
        }
        _ => by_text(error, &text),
    }
}

/// The meaning of an error whose code the pages do not have.
fn by_text(error: &ErrorEntry, text: &str) -> Meaning {
    if holds_any(text, &UNTRUSTED_WORDS) {
        Meaning::NotTrusted
    } else if let Some(kind) = kind_of(text) {
        Meaning::Refused(kind)
    } else if holds_any(text, &DUPLICATE_WORDS) {
        Meaning::Open("duplicate")
    } else if holds_any(text, &UNDECIDED_WORDS) || error.category.as_deref() == Some(SERVER) {
        Meaning::Open("error leaves the outcome open")
    } else {
        Meaning::Refused(RefusalKind::Other)
    }
}

/// The "common error cases", which have no codes on the page, and the one input that billpay never sends.
fn kind_of(text: &str) -> Option<RefusalKind> {
    if holds_any(text, &["bill id not found", "vendor id not found"]) {
        Some(RefusalKind::NotFound)
    } else if text.contains("cannot overpay a bill") {
        Some(RefusalKind::Amount)
    } else if holds_any(text, &["invalid process date", "processdate"]) {
        Some(RefusalKind::ProcessDate)
    } else if holds_any(text, &PURPOSE_WORDS) {
        Some(RefusalKind::NotSupported)
    } else if text.contains("account is inactive") {
        Some(RefusalKind::FundingAccount)
    } else {
        None
    }
}

fn refused(http_status: u16, errors: &[ErrorEntry], bills: &[String]) -> Refused {
    let (kind, error) = errors.iter().find_map(|error| Some((refusal_kind(error)?, error))).unzip();
    let kind = kind.unwrap_or_default();
    let error = error.or_else(|| errors.first());
    let message = error.map(|error| message(error, bills)).unwrap_or_default();
    let fields = path(kind).map(|path| FieldFault { path: owned(path), message: message.clone() });
    Refused {
        kind,
        code: error.and_then(|error| told(error.code.as_deref())).map(words),
        message,
        fields: fields.into_iter().collect(),
        bills: errors.iter().filter_map(|error| refused_bill(error, bills)).collect(),
        http_status: Some(http_status),
        trace: None,
    }
}

/// A bill that an error names as a reason. One that was only rolled back is no reason.
fn refused_bill(error: &ErrorEntry, bills: &[String]) -> Option<RefusedBill> {
    Some(RefusedBill {
        kind: refusal_kind(error)?,
        bill_reference: named_bill(error.message.as_deref()?, bills)?.to_owned(),
        code: told(error.code.as_deref()).map(words),
        message: message(error, bills),
    })
}

fn refusal_kind(error: &ErrorEntry) -> Option<RefusalKind> {
    match meaning_of(error) {
        Meaning::Refused(kind) => Some(kind),
        Meaning::SessionInvalid
        | Meaning::HourSpent
        | Meaning::AllRunning
        | Meaning::NotTrusted
        | Meaning::Ours
        | Meaning::Open(_)
        | Meaning::RolledBack => None,
    }
}

/// The bill whose id stands in a text as a whole word.
fn named_bill<'a>(text: &str, bills: &'a [String]) -> Option<&'a str> {
    let mut ids = text.split(|char: char| !char.is_ascii_alphanumeric() && char != '_' && char != '-');
    ids.find_map(|id| bills.iter().find(|bill| bill.as_str() == id)).map(String::as_str)
}

/// BILL's words, without the bill's id before them.
fn message(error: &ErrorEntry, bills: &[String]) -> String {
    let text = error.message.as_deref().unwrap_or_default();
    let text = match text.split_once(": ") {
        Some((id, rest)) if bills.iter().any(|bill| bill == id) => rest,
        Some(_) | None => text,
    };
    let said = told(Some(text)).map_or_else(|| "refused".to_owned(), words);
    if holds_any(&text.to_ascii_lowercase(), &PURPOSE_WORDS) {
        let asks = "BILL asks for cardFundingPurpose with this card and vendor, which billpay does not send";
        return format!("{asks}: use another funding account");
    }
    said
}

/// Where the reason stands in createPayment's input, as far as it is one part of it.
const fn path(kind: RefusalKind) -> Option<&'static [&'static str]> {
    match kind {
        RefusalKind::Amount => Some(&["input", "amount", "amount"]),
        RefusalKind::ProcessDate => Some(InputName::ProcessDate.path()),
        RefusalKind::FundingAccount | RefusalKind::NotSupported => Some(InputName::FundingAccount.path()),
        RefusalKind::AccountNotFound
        | RefusalKind::Input
        | RefusalKind::NotFound
        | RefusalKind::ReferenceInUse
        | RefusalKind::NotRecallable
        | RefusalKind::Other => None,
    }
}

fn until_next_hour(now: Timestamp) -> Duration {
    let spent = now.as_second().rem_euclid(SECONDS_OF_HOUR);
    Duration::from_secs((SECONDS_OF_HOUR - spent).unsigned_abs())
}

fn holds_any(text: &str, signs: &[&str]) -> bool {
    signs.iter().any(|sign| text.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::bill::fixture;

    fn now() -> Timestamp {
        "2026-11-22T10:45:00Z".parse().expect("a moment")
    }

    fn answer(status: u16, errors: &[(&str, &str)]) -> Answer {
        let errors: Vec<_> = errors
            .iter()
            .map(|(code, message)| {
                serde_json::json!({
                    "timestamp": "2025-12-15T20:59:39.816+00:00", "code": code, "severity": "ERROR",
                    "category": "DOWNSTREAM", "message": message,
                })
            })
            .collect();
        Answer { status, body: serde_json::to_vec(&errors).expect("JSON") }
    }

    fn one(status: u16, code: &str, message: &str) -> ProviderError {
        refusal(&answer(status, &[(code, message)]), now(), &[])
    }

    fn refused(error: ProviderError) -> Refused {
        match error {
            ProviderError::Refused(refused) => refused,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn codes_that_are_known_decide() {
        for (code, kind) in [
            ("BDC_1159", RefusalKind::Amount),
            ("BDC_1205", RefusalKind::NotFound),
            ("BDC_1120", RefusalKind::NotFound),
            ("BDC_1119", RefusalKind::Input),
            ("BDC_1129", RefusalKind::Input),
            ("BDC_1246", RefusalKind::Other),
            ("BDC_9999", RefusalKind::Other),
        ] {
            let refused = refused(one(400, code, "No."));
            assert_eq!((refused.kind, refused.code.as_deref()), (kind, Some(code)));
        }
    }

    #[test]
    fn the_common_errors_are_told_by_their_texts() {
        for (message, kind) in [
            ("Bill ID not found.", RefusalKind::NotFound),
            ("Vendor ID not found.", RefusalKind::NotFound),
            ("Cannot overpay a bill.", RefusalKind::Amount),
            ("Invalid process date.", RefusalKind::ProcessDate),
            ("Bank account is inactive.", RefusalKind::FundingAccount),
            ("Card account is inactive.", RefusalKind::FundingAccount),
            ("Something else.", RefusalKind::Other),
        ] {
            for code in ["BDC_9999", ""] {
                assert_eq!(refused(one(400, code, message)).kind, kind, "{message}");
            }
        }
        assert_eq!(refused(one(400, "BDC_1119", "Invalid process date.")).kind, RefusalKind::ProcessDate);
    }

    #[test]
    fn a_funding_purpose_is_refused_by_its_name() {
        for text in ["Missing required data for: cardFundingPurpose", "Card funding purpose is required."] {
            let refused = refused(one(400, "BDC_1117", text));
            assert_eq!(refused.kind, RefusalKind::NotSupported);
            assert!(refused.message.contains("cardFundingPurpose"), "{text}: {}", refused.message);
            assert_eq!(refused.fields[0].path, InputName::FundingAccount.path());
        }
    }

    #[test]
    fn a_status_that_leaves_the_outcome_open_refuses_only_by_a_documented_code() {
        for status in LEFT_OPEN {
            assert!(matches!(one(status, "BDC_9999", "No."), ProviderError::Unknown(_)), "{status}");
            assert!(matches!(one(status, "BDC_1159", "Cannot overpay a bill."), ProviderError::Refused(_)), "{status}");
        }
    }

    #[test]
    fn what_was_not_processed_by_the_pages_was_not_sent() {
        for code in ["BDC_1109", "BDC_1144", "BDC_1322"] {
            assert!(matches!(one(400, code, "No."), ProviderError::NotSent(_)), "{code}");
            assert!(matches!(one(429, code, "No."), ProviderError::NotSent(_)), "{code}");
        }
        let ProviderError::NotSent(trouble) = one(429, "BDC_1144", "No.") else { panic!("sent") };
        assert_eq!(trouble.retry_after, Some(Duration::from_secs(900)));
    }

    #[test]
    fn a_session_is_refused_by_its_code_or_by_a_bare_401() {
        assert!(is_session_refused(&answer(401, &[("BDC_1109", "Session is invalid.  Please log in.")])));
        assert!(is_session_refused(&answer(400, &[("BDC_1109", "Session is invalid.")])));
        assert!(is_session_refused(&Answer { status: 401, body: Vec::new() }));
        assert!(!is_session_refused(&answer(401, &[("BDC_1102", "Developer key is invalid.")])));
        assert!(!is_session_refused(&answer(200, &[("BDC_1109", "Session is invalid.")])));
    }

    #[test]
    fn an_untrusted_session_is_a_matter_for_an_operator() {
        for (code, message) in [("BDC_1361", "Untrusted session."), ("BDC_9999", "This needs an MFA-trusted session.")]
        {
            assert!(is_untrusted(&one(403, code, message)), "{message}");
        }
        assert!(!is_untrusted(&one(401, "BDC_1101", "User name and/or password do not match our records.")));
    }

    #[test]
    fn an_error_that_leaves_the_outcome_open_is_unknown() {
        for (code, message) in [
            ("BDC_1001", "System error occurred."),
            ("BDC_1002", "Unknown error occurred."),
            ("BDC_9999", "Request timed out."),
            ("BDC_9999", "transactionNumber must be unique."),
            ("BDC_9999", "Duplicate payment."),
        ] {
            assert!(matches!(one(400, code, message), ProviderError::Unknown(_)), "{message}");
        }
    }

    #[test]
    fn what_is_no_array_of_errors_refuses_nothing() {
        for body in ["", "[]", "{}", "<html>", r#"{"code":"BDC_1159"}"#] {
            let answer = Answer { status: 400, body: body.as_bytes().to_vec() };
            assert!(matches!(refusal(&answer, now(), &[]), ProviderError::Unknown(_)), "{body}");
        }
        for status in [200, 302, 307] {
            let error = one(status, "BDC_1159", "Cannot overpay a bill.");
            assert!(matches!(error, ProviderError::Unknown(_)), "{status}");
        }
    }

    #[test]
    fn a_bulk_names_the_bills_that_are_the_reason() {
        let bills = ["00n01A".to_owned(), "00n01B".to_owned()];
        let recorded = Answer { status: 400, body: fixture::answer("bulk_overpaid") };
        let refused = refused(refusal(&recorded, now(), &bills));
        assert_eq!((refused.kind, refused.message.as_str()), (RefusalKind::Amount, "Cannot overpay a bill."));
        assert_eq!(refused.bills.len(), 1);
        let bill = &refused.bills[0];
        assert_eq!((bill.bill_reference.as_str(), bill.kind), ("00n01A", RefusalKind::Amount));
        assert_eq!((bill.message.as_str(), bill.code.as_deref()), ("Cannot overpay a bill.", Some("BDC_1159")));
    }

    #[test]
    fn a_bill_that_was_rolled_back_is_no_reason() {
        let bills = ["00n01A".to_owned(), "00n01AB".to_owned()];
        let answer = answer(
            400,
            &[
                ("BDC_1246", "00n01A: Rollback due to other failures in bulk transaction"),
                ("BDC_1205", "00n01AB: Bill ID not found."),
            ],
        );
        let refused = refused(refusal(&answer, now(), &bills));
        assert_eq!((refused.kind, refused.message.as_str()), (RefusalKind::NotFound, "Bill ID not found."));
        let named: Vec<_> = refused.bills.iter().map(|bill| bill.bill_reference.as_str()).collect();
        assert_eq!(named, ["00n01AB"]);
    }

    #[test]
    fn warnings_beside_an_error_decide_nothing() {
        let body = r#"[{"code":"BDC_1001","severity":"WARNING","message":"Slow."},
            {"code":"BDC_1159","severity":"ERROR","message":"Cannot overpay a bill."}]"#;
        let answer = Answer { status: 400, body: body.as_bytes().to_vec() };
        assert_eq!(refused(refusal(&answer, now(), &[])).kind, RefusalKind::Amount);
    }

    #[test]
    fn refused_credentials_are_a_matter_for_an_operator() {
        for (status, code) in [(401, "BDC_1101"), (401, "BDC_1102"), (400, "BDC_1123"), (400, "BDC_1117")] {
            let error = sign_in_refusal(&answer(status, &[(code, "No.")]), now());
            assert!(matches!(error, ProviderError::Misconfigured(_)), "{code}");
        }
        for (status, body) in [(401, ""), (403, ""), (404, "<html>"), (405, "")] {
            let error = sign_in_refusal(&Answer { status, body: body.as_bytes().to_vec() }, now());
            assert!(matches!(error, ProviderError::Misconfigured(_)), "{status}");
        }
    }

    #[test]
    fn a_sign_in_that_is_put_off_was_not_sent() {
        for (status, code) in [(429, "BDC_1144"), (400, "BDC_1322"), (400, "BDC_1001")] {
            let error = sign_in_refusal(&answer(status, &[(code, "No.")]), now());
            assert!(matches!(error, ProviderError::NotSent(_)), "{code}");
        }
        for status in [302, 408, 429] {
            let error = sign_in_refusal(&Answer { status, body: Vec::new() }, now());
            assert!(matches!(error, ProviderError::NotSent(_)), "{status}");
        }
    }

    #[test]
    fn whatever_refuses_a_recall_it_cannot_be_done() {
        let error = not_recallable(one(400, "BDC_1119", "Payment cannot be cancelled."));
        assert_eq!(refused(error).kind, RefusalKind::NotRecallable);
        assert!(matches!(not_recallable(one(400, "BDC_1001", "System error.")), ProviderError::Unknown(_)));
    }
}
