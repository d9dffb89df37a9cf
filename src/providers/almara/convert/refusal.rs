//! The three error shapes, as refusals in createPayment's words.
//!
//! A refusal is final and lets a payment fail, so it must be one: an error that itself says that the outcome is open,
//! or that the id was seen before, is unknown, and so is one that is about another request.

use super::{owned, told, words};
use crate::domain::biller::InputName;
use crate::domain::payment::FieldFault;
use crate::ports::provider::{ProviderError, RefusalKind, Refused, Trouble};
use crate::providers::almara::wire::{Failure, FieldError, FieldList, Problem, Shape};
use crate::providers::http::{is_success, trouble_at};

/// Statuses after which no page says whether the request was processed.
const UNDOCUMENTED_STATUSES: [u16; 4] = [408, 409, 425, 429];
/// What is wrong with such an error.
pub(in crate::providers::almara) const DUPLICATE: &str = "duplicate";
/// Words of an error about a request that may be an earlier one of ours, which may have been paid.
const DUPLICATE_WORDS: [&str; 6] =
    ["duplicate", "already exist", "already used", "already been", "already submitted", "unique"];
/// Words of an error that does not know either.
const UNDECIDED_WORDS: [&str; 5] = ["timeout", "timed out", "time out", "inconclusive", "pending"];

/// The message of an answer that went well; else what its error says. Some calls carry no reference of ours.
pub(in crate::providers::almara) fn message<M>(
    http_status: u16,
    our_reference: Option<&str>,
    shape: Shape<M>,
) -> Result<M, ProviderError> {
    let unknown = |what| Err(ProviderError::Unknown(trouble_at(http_status, what)));
    let refusing = is_success(http_status) || (400..500).contains(&http_status);
    if !refusing || UNDOCUMENTED_STATUSES.contains(&http_status) {
        return unknown("status not documented");
    }
    match shape {
        Shape::Message(message) if is_success(http_status) => Ok(message),
        Shape::Message(_) => unknown("acceptance with an error's status"),
        Shape::Failure(failure) => Err(by_reason(http_status, our_reference, failure)),
        Shape::Problem(problem) => Err(by_field(http_status, problem)),
        Shape::FieldList(list) => Err(by_list(http_status, our_reference, list)),
    }
}

fn by_reason(http_status: u16, our_reference: Option<&str>, failure: Failure) -> ProviderError {
    if is_about_another(failure.originator_conversation_id.as_deref(), our_reference) {
        return ProviderError::Unknown(trouble_at(http_status, "answer is about another request"));
    }
    let kind = kind_of(&failure.reason);
    let message = words(&failure.reason);
    let fields = match kind {
        RefusalKind::AccountNotFound => vec![fault("accountNumber", &message)],
        RefusalKind::Amount => vec![fault("amount", &message)],
        RefusalKind::Input
        | RefusalKind::NotFound
        | RefusalKind::ProcessDate
        | RefusalKind::FundingAccount
        | RefusalKind::ReferenceInUse
        | RefusalKind::NotSupported
        | RefusalKind::NotRecallable
        | RefusalKind::Other => Vec::new(),
    };
    definite(Refused {
        kind,
        message,
        fields,
        http_status: Some(http_status),
        trace: failure.system_conversation_id,
        ..Refused::default()
    })
}

fn by_field(http_status: u16, problem: Problem) -> ProviderError {
    let faults =
        problem.errors.iter().flat_map(|(field, messages)| messages.iter().map(move |text| fault(field, text)));
    definite(Refused {
        kind: RefusalKind::Input,
        fields: faults.collect(),
        message: words(problem.title.as_deref().unwrap_or("some input is invalid")),
        http_status: Some(http_status),
        trace: problem.trace_id,
        ..Refused::default()
    })
}

fn by_list(http_status: u16, our_reference: Option<&str>, list: FieldList) -> ProviderError {
    if is_about_another(list.originator_conversation_id.as_deref(), our_reference) {
        return ProviderError::Unknown(trouble_at(http_status, "answer is about another request"));
    }
    definite(Refused {
        kind: RefusalKind::Input,
        fields: list.errors.iter().map(listed_fault).collect(),
        message: "some input is invalid".to_owned(),
        http_status: Some(http_status),
        trace: list.system_conversation_id,
        ..Refused::default()
    })
}

/// A refusal, unless its own words leave the outcome open.
fn definite(refused: Refused) -> ProviderError {
    let texts = || refused.fields.iter().map(|field| field.message.as_str()).chain([refused.message.as_str()]);
    let speak_of = |signs: &[&str]| texts().any(|text| holds_any(text, signs));
    let what = if speak_of(&DUPLICATE_WORDS) {
        DUPLICATE
    } else if speak_of(&UNDECIDED_WORDS) {
        "error leaves the outcome open"
    } else {
        return ProviderError::Refused(refused);
    };
    ProviderError::Unknown(Trouble {
        what,
        http_status: refused.http_status,
        message: Some(refused.message),
        trace: refused.trace,
        ..Trouble::default()
    })
}

fn is_about_another(told_reference: Option<&str>, our_reference: Option<&str>) -> bool {
    told(told_reference).zip(our_reference).is_some_and(|(told, ours)| told != ours)
}

/// The page shows one reason: "Account number number is invalid."
fn kind_of(reason: &str) -> RefusalKind {
    if holds_any(reason, &["account number"]) && holds_any(reason, &["invalid", "not found", "not exist"]) {
        RefusalKind::AccountNotFound
    } else if holds_any(reason, &["amount"]) {
        RefusalKind::Amount
    } else {
        RefusalKind::Other
    }
}

fn holds_any(text: &str, signs: &[&str]) -> bool {
    let text = text.to_ascii_lowercase();
    signs.iter().any(|sign| text.contains(sign))
}

fn listed_fault(error: &FieldError) -> FieldFault {
    fault(error.field.as_deref().unwrap_or_default(), error.message.as_deref().unwrap_or("is invalid"))
}

fn fault(field: &str, message: &str) -> FieldFault {
    FieldFault { path: owned(path(field)), message: words(message) }
}

/// Where Almara's field stands in createPayment's input. ASP.NET writes names with a capital, or as a path: `$.amount`.
fn path(field: &str) -> &'static [&'static str] {
    let name = field.rsplit('.').next().unwrap_or(field);
    match name.to_ascii_lowercase().as_str() {
        "accountnumber" => InputName::AccountReference.path(),
        "msisdn" | "phonenumber" => InputName::PayerPhone.path(),
        "customernames" => InputName::PayerName.path(),
        "transactiondesc" | "narration" => InputName::Description.path(),
        "amount" => &["input", "amount", "amount"],
        "serviceid" | "servicecode" => &["input", "target", "account", "billerId"],
        _ => &["input"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::almara::fixture;
    use crate::providers::almara::wire::{BillMessage, Reply};

    const OURS: &str = "d695e5e7-8a3e-4d60-aae3-731bb81f95d1";

    fn error(http_status: u16, body: &[u8]) -> ProviderError {
        let reply = Reply::<BillMessage>::read(body).expect("a documented shape");
        message(http_status, Some(OURS), reply.shape).err().expect("an error")
    }

    fn refused(http_status: u16, body: &[u8]) -> Refused {
        match error(http_status, body) {
            ProviderError::Refused(refused) => refused,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn shape_1_an_invalid_account_number_is_an_unknown_account() {
        for http_status in [200, 400] {
            let refused = refused(http_status, &fixture::answer("bill_number_refused"));
            assert_eq!(refused.kind, RefusalKind::AccountNotFound);
            assert_eq!(refused.message, "Account number number is invalid.");
            assert_eq!(refused.fields[0].path, ["input", "target", "account", "accountReference"]);
        }
    }

    #[test]
    fn shape_2_names_fields_with_a_capital_and_a_trace() {
        let refused = refused(400, &fixture::answer("bill_number_invalid"));
        assert_eq!(refused.kind, RefusalKind::Input);
        assert_eq!(refused.fields.len(), 1);
        assert_eq!(refused.fields[0].path, ["input", "target", "account", "accountReference"]);
        assert_eq!(refused.fields[0].message, "The AccountNumber field is required.");
        assert!(refused.trace.is_some_and(|trace| trace.starts_with("00-03529608")));
    }

    #[test]
    fn shape_3_lists_fields() {
        let refused = refused(400, &fixture::answer("pay_field_list"));
        assert_eq!(refused.kind, RefusalKind::Input);
        assert_eq!(refused.fields[0].path, ["input", "payer", "phoneNumber"]);
    }

    #[test]
    fn fields_are_named_by_our_input_and_unknown_ones_by_the_whole() {
        for (field, last) in [
            ("AccountNumber", "accountReference"),
            ("Msisdn", "phoneNumber"),
            ("CustomerNames", "name"),
            ("$.amount", "amount"),
            ("TransactionDesc", "description"),
            ("Narration", "description"),
            ("ServiceId", "billerId"),
            ("CallBackUrl", "input"),
            ("", "input"),
        ] {
            assert_eq!(path(field).last(), Some(&last), "{field}");
        }
    }

    #[test]
    fn a_duplicate_may_be_our_own_first_request_so_it_is_unknown() {
        let shape_2 = br#"{"errors":{"OriginatorConversationId":["The id already exists."]},"title":"Invalid"}"#;
        for body in [fixture::answer("pay_duplicate"), shape_2.to_vec()] {
            let error = error(400, &body);
            assert!(matches!(&error, ProviderError::Unknown(trouble) if trouble.what == "duplicate"), "{error}");
        }
    }

    #[test]
    fn an_error_that_leaves_the_outcome_open_is_unknown() {
        for reason in ["Transaction timeout", "Inconclusive status", "The request timed out."] {
            let body = format!(r#"{{"reason":"{reason}"}}"#);
            assert!(matches!(error(400, body.as_bytes()), ProviderError::Unknown(_)), "{reason}");
        }
    }

    #[test]
    fn an_error_about_another_request_is_unknown() {
        let body = br#"{"reason":"Account number is invalid.","originatorConversationId":"another"}"#;
        assert!(matches!(error(400, body), ProviderError::Unknown(_)));
    }

    #[test]
    fn statuses_that_no_page_explains_settle_nothing() {
        for http_status in [302, 408, 409, 425, 429] {
            let error = error(http_status, &fixture::answer("bill_number_refused"));
            assert!(matches!(error, ProviderError::Unknown(_)), "{http_status}");
        }
        assert!(matches!(error(400, &fixture::answer("pay_accepted")), ProviderError::Unknown(_)));
    }
}
