//! What Almara says of one payment: that it took it, and later how it stands.

use serde_json::{Map, Value};

use super::code::{OutcomeStatus, ResultCode};
use super::{currency, holder, told_scalar, words};
use crate::domain::money::{CurrencyCode, Money};
use crate::domain::payment::evidence::{Reported, Verdict};
use crate::ports::provider::{PaymentAnswer, ProviderError};
use crate::providers::almara::wire::{BillMessage, FoundPayment, Outcome, Scalar};
use crate::providers::http::{is_success, trouble_at};

/// `billRequestOutcome.status` for "Completed", the only one that is known.
const COMPLETED: &str = "4";
/// The member of `ResponseExtraData` that a prepaid meter takes.
const TOKEN: &str = "token";
const MOST_RECEIPT_FIELDS: usize = 20;

/// What a payment's answer is compared with.
#[derive(Clone, Copy)]
pub(in crate::providers::almara) struct Asked<'a> {
    pub our_reference: &'a str,
    pub currency: CurrencyCode,
    pub http_status: u16,
}

/// Reads an acceptance: proof that Almara has the payment, and of nothing more.
pub(in crate::providers::almara) fn accepted(
    message: BillMessage,
    asked: Asked<'_>,
) -> Result<PaymentAnswer, ProviderError> {
    if message.originator_conversation_id.as_deref() != Some(asked.our_reference) {
        return Err(unknown(asked, "acceptance is of another payment"));
    }
    Ok(PaymentAnswer {
        verdict: Some(Verdict::Accepted),
        reported: Reported { provider_reference: message.system_conversation_id.clone(), ..Reported::default() },
        account_holder_name: holder(message.account_customer_name.as_deref(), message.customer_name.as_deref()),
        code: acceptance_code(&message),
        message: message.remarks.as_deref().map(words),
        http_status: Some(asked.http_status),
        trace: message.system_conversation_id,
        ..PaymentAnswer::default()
    })
}

/// For a person to read; it settles nothing. -1 is left out: here it means "not known yet", but who looks it up in the
/// table of codes finds "retry with a new id", and pays twice.
fn acceptance_code(message: &BillMessage) -> Option<String> {
    let code = message.response_code.as_ref().or(message.status_code.as_ref());
    told_scalar(code).filter(|code| *code != "-1").map(str::to_owned)
}

/// Reads how a payment stands.
pub(in crate::providers::almara) fn standing(
    found: FoundPayment,
    asked: Asked<'_>,
) -> Result<PaymentAnswer, ProviderError> {
    let amount = amount(&found, asked.currency);
    let verdict = verdict(&found, amount);
    match (found.originator_conversation_id.as_deref(), verdict) {
        (Some(reference), _) if reference == asked.our_reference => {}
        // What is not found may have no id to echo.
        (None, Verdict::NotFound) => {}
        (Some(_) | None, _) => return Err(unknown(asked, "answer is about another payment")),
    }
    if !is_success(asked.http_status) && verdict != Verdict::NotFound {
        return Err(unknown(asked, "payment found with an error's status"));
    }
    Ok(answer(found, verdict, amount, asked.http_status))
}

fn unknown(asked: Asked<'_>, what: &'static str) -> ProviderError {
    ProviderError::Unknown(trouble_at(asked.http_status, what))
}

/// The amount that an answer tells.
#[derive(Clone, Copy)]
enum Told {
    Nothing,
    Amount(Money),
    /// Something that is no amount of a currency that is in use, so not what was asked.
    Unequal,
}

fn amount(found: &FoundPayment, ours: CurrencyCode) -> Told {
    let Some(text) = told_scalar(found.amount.as_ref()) else { return Told::Nothing };
    let currency = currency(found.currency_code.as_deref(), ours);
    currency.and_then(|currency| Money::parse_lenient(text, currency)).map_or(Told::Unequal, Told::Amount)
}

fn verdict(found: &FoundPayment, amount: Told) -> Verdict {
    let verdict = found.bill_request_outcome.as_ref().map_or_else(|| without_outcome(found), of_outcome);
    match (verdict, amount) {
        // The engine could not compare it, and would take it for an amount that was not told.
        (Verdict::Succeeded, Told::Unequal) => Verdict::Mismatch,
        (verdict, Told::Nothing | Told::Amount(_) | Told::Unequal) => verdict,
    }
}

fn of_outcome(outcome: &Outcome) -> Verdict {
    let status = match told_scalar(outcome.status.as_ref()) {
        Some(COMPLETED) => OutcomeStatus::Completed,
        Some(_) | None => OutcomeStatus::Other,
    };
    match told_scalar(outcome.result_code.as_ref()) {
        Some(code) => ResultCode::read(code).verdict(status),
        // No code yet, whatever the status says: Almara has it and has not said how it went.
        None => Verdict::Accepted,
    }
}

/// An answer without `billRequestOutcome`. That of 2021 is flat and reuses -1 for "not known yet", so of its codes only
/// "not found" is read. Any other leaves the payment unclear rather than accepted: it shows that Almara had the
/// request, not that it still works on it, and an acceptance would take a payment out of review again and again.
fn without_outcome(found: &FoundPayment) -> Verdict {
    let codes = [&found.status_code, &found.response_code, &found.result_code];
    let code = codes.into_iter().find_map(|code| told_scalar(code.as_ref()));
    match (code.map(ResultCode::read), told_scalar(found.status.as_ref())) {
        (Some(ResultCode::TransactionNotFound), _) => Verdict::NotFound,
        (Some(_), _) | (None, Some(_)) => Verdict::Unclear,
        (None, None) => Verdict::Accepted,
    }
}

fn answer(found: FoundPayment, verdict: Verdict, amount: Told, http_status: u16) -> PaymentAnswer {
    let reported = Reported {
        provider_reference: found.system_conversation_id.clone(),
        biller_reference: biller_reference(found.bill_request_outcome.as_ref()),
        amount: match amount {
            Told::Amount(amount) => Some(amount),
            Told::Nothing | Told::Unequal => None,
        },
        account_reference: told_scalar(found.account_number.as_ref()).map(str::to_owned),
    };
    let said = PaymentAnswer {
        verdict: Some(verdict),
        reported,
        account_holder_name: holder(found.account_customer_name.as_deref(), found.customer_name.as_deref()),
        http_status: Some(http_status),
        trace: found.system_conversation_id,
        ..PaymentAnswer::default()
    };
    match found.bill_request_outcome {
        Some(outcome) => with_outcome(said, outcome),
        None => PaymentAnswer { message: found.status_description.as_deref().map(words), ..said },
    }
}

fn biller_reference(outcome: Option<&Outcome>) -> Option<String> {
    let payload = outcome?.third_party_payload.as_ref()?;
    told_scalar(payload.reference.as_ref()).map(str::to_owned)
}

fn with_outcome(said: PaymentAnswer, outcome: Outcome) -> PaymentAnswer {
    let extra = outcome.third_party_payload.and_then(|payload| payload.extra_data);
    let (token, receipt_fields) = receipt(extra.and_then(response_extra_data).unwrap_or_default());
    PaymentAnswer {
        provider_status: outcome.status_desc.as_deref().map(words),
        code: told_scalar(outcome.result_code.as_ref()).map(str::to_owned),
        message: outcome.result_desc.as_deref().map(words),
        token,
        receipt_fields,
        ..said
    }
}

fn response_extra_data(extra_data: Value) -> Option<Map<String, Value>> {
    match extra_data {
        Value::Object(mut members) => match members.remove("ResponseExtraData")? {
            Value::Object(members) => Some(members),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
    }
}

/// The prepaid token, and the single values beside it.
fn receipt(members: Map<String, Value>) -> (Option<String>, Vec<(String, String)>) {
    let values = members.into_iter().filter_map(|(name, value)| Some((name, Scalar::of(value)?.into_string())));
    let (tokens, fields): (Vec<_>, Vec<_>) = values.partition(|(name, _)| name.eq_ignore_ascii_case(TOKEN));
    let fields = fields.into_iter().map(|(name, value)| (words(&name), words(&value)));
    (tokens.into_iter().next().map(|(_, token)| token), fields.take(MOST_RECEIPT_FIELDS).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::almara::fixture;
    use crate::providers::almara::wire::{Reply, Shape};
    use crate::providers::json;

    fn asked(our_reference: &str) -> Asked<'_> {
        Asked { our_reference, currency: CurrencyCode::KES, http_status: 200 }
    }

    fn accept(name: &str, our_reference: &str) -> Result<PaymentAnswer, ProviderError> {
        match Reply::read(&fixture::answer(name)).expect("a documented shape").shape {
            Shape::Message(message) => accepted(message, asked(our_reference)),
            Shape::Failure(_) | Shape::Problem(_) | Shape::FieldList(_) => panic!("no acceptance"),
        }
    }

    fn found(body: &[u8], our_reference: &str) -> Result<PaymentAnswer, ProviderError> {
        standing(json::read(body).expect("a status body"), asked(our_reference))
    }

    fn verdict_of(body: &str) -> Option<Verdict> {
        found(body.as_bytes(), "k1").expect("an answer").verdict
    }

    fn outcome(status: &str, code: &str) -> String {
        format!(r#"{{"originatorConversationId":"k1","billRequestOutcome":{{"status":{status},"resultCode":{code}}}}}"#)
    }

    const NEWER: &str = "d695e5e7-8a3e-4d60-aae3-731bb81f95d1";
    const OLDER: &str = "J88TYG1SB3MAN64GYOQU";
    const COMPLETE: &str = "eb9d3597-1e6b-4339-8ce0-4c21532008be";

    #[test]
    fn minus_one_in_an_acceptance_is_not_a_time_out() {
        let answer = accept("pay_accepted_older", OLDER).expect("accepted");
        assert_eq!(answer.verdict, Some(Verdict::Accepted));
        assert_eq!(answer.code, None);
        assert_eq!(answer.reported.provider_reference.as_deref(), Some("7f520000-0e89-0ee0-e237-08d992be8d55"));
    }

    #[test]
    fn both_forms_of_an_acceptance_only_accept() {
        for (name, reference) in [("pay_accepted", NEWER), ("pay_accepted_older", OLDER)] {
            let answer = accept(name, reference).expect("accepted");
            assert_eq!(answer.verdict, Some(Verdict::Accepted), "{name}");
            assert_eq!(answer.account_holder_name, None, "{name}");
            assert_eq!(answer.trace, answer.reported.provider_reference, "{name}");
        }
    }

    #[test]
    fn a_code_in_an_acceptance_settles_nothing() {
        for code in ["0", "1", "9", "11", "17", "\"0\"", "\"1\""] {
            let body = format!(
                r#"{{"message":{{"originatorConversationId":"k1","responseCode":{code},"statusCode":{code}}}}}"#
            );
            let Ok(Shape::Message(message)) = Reply::read(body.as_bytes()).map(|reply| reply.shape) else { panic!() };
            let answer = accepted(message, asked("k1")).expect("accepted");
            assert_eq!(answer.verdict, Some(Verdict::Accepted), "{code}");
        }
    }

    #[test]
    fn an_acceptance_that_echoes_another_id_or_none_is_unknown() {
        assert!(matches!(accept("pay_accepted", "another"), Err(ProviderError::Unknown(_))));
        let Ok(Shape::Message(message)) = Reply::read(br#"{"message":{}}"#).map(|reply| reply.shape) else { panic!() };
        assert!(matches!(accepted(message, asked("k1")), Err(ProviderError::Unknown(_))));
    }

    #[test]
    fn status_4_with_code_0_is_paid_with_its_facts() {
        let answer = found(&fixture::answer("status_completed"), COMPLETE).expect("an answer");
        assert_eq!(answer.verdict, Some(Verdict::Succeeded));
        assert_eq!(answer.reported.amount, Some(Money::from_minor(22_000, CurrencyCode::KES)));
        assert_eq!(answer.reported.account_reference.as_deref(), Some("111832"));
        assert_eq!(answer.reported.biller_reference.as_deref(), Some("S575998"));
        assert_eq!(answer.provider_status.as_deref(), Some("Completed"));
        assert_eq!((answer.token, answer.receipt_fields), (None, Vec::new()));
    }

    #[test]
    fn the_answer_must_be_about_what_was_asked() {
        let error = found(&fixture::answer("status_completed"), "another").expect_err("another payment's");
        assert!(matches!(error, ProviderError::Unknown(_)));
        assert!(matches!(found(br#"{"reason":"not found"}"#, "k1"), Err(ProviderError::Unknown(_))));
    }

    #[test]
    fn codes_are_read_as_text_and_as_integers() {
        for (status, code, verdict) in [
            ("4", "\"0\"", Verdict::Succeeded),
            ("\"4\"", "0", Verdict::Succeeded),
            ("2", "\"0\"", Verdict::Accepted),
            ("2", "null", Verdict::Accepted),
            ("4", "null", Verdict::Accepted),
            ("4", "\"\"", Verdict::Accepted),
            ("5", "\"1\"", Verdict::Declined),
            ("5", "17", Verdict::Declined),
            ("4", "1", Verdict::Declined),
            ("0", "\"11\"", Verdict::NotFound),
            ("7", "\"14\"", Verdict::Unclear),
            ("2", "16", Verdict::Unclear),
            ("4", "-1", Verdict::Unclear),
            ("4", "\"000 - Success\"", Verdict::Unclear),
        ] {
            assert_eq!(verdict_of(&outcome(status, code)), Some(verdict), "{status} {code}");
        }
    }

    #[test]
    fn recorded_outcomes_have_their_verdicts() {
        for (name, verdict) in [
            ("status_pending", Verdict::Accepted),
            ("status_declined", Verdict::Declined),
            ("status_not_found", Verdict::NotFound),
            ("status_flat", Verdict::Unclear),
        ] {
            let answer = found(&fixture::answer(name), COMPLETE).expect("an answer");
            assert_eq!(answer.verdict, Some(verdict), "{name}");
        }
    }

    #[test]
    fn a_code_outside_the_outcome_only_says_not_found() {
        for name in ["statusCode", "responseCode", "resultCode"] {
            let flat = |code: &str| format!(r#"{{"originatorConversationId":"k1","{name}":{code}}}"#);
            assert_eq!(verdict_of(&flat("11")), Some(Verdict::NotFound), "{name}");
            assert_eq!(verdict_of(&flat("\"11\"")), Some(Verdict::NotFound), "{name}");
            for code in ["0", "\"0\"", "1", "-1", "15", "9"] {
                assert_eq!(verdict_of(&flat(code)), Some(Verdict::Unclear), "{name} {code}");
            }
            assert_eq!(verdict_of(&flat("null")), Some(Verdict::Accepted), "{name}");
        }
    }

    #[test]
    fn not_found_needs_no_id_and_may_have_an_errors_status() {
        let body: FoundPayment = json::read(br#"{"statusCode":11}"#).expect("a body");
        let answer = standing(body, Asked { http_status: 404, ..asked("k1") }).expect("an answer");
        assert_eq!(answer.verdict, Some(Verdict::NotFound));
        let paid: FoundPayment = json::read(outcome("4", "0").as_bytes()).expect("a body");
        assert!(standing(paid, Asked { http_status: 404, ..asked("k1") }).is_err());
    }

    #[test]
    fn f20_a_success_whose_amount_cannot_be_compared_is_a_mismatch() {
        for (amount, currency, verdict) in [
            ("220.00", "\"KES\"", Verdict::Succeeded),
            ("220", "\"KSH\"", Verdict::Succeeded),
            ("220", "null", Verdict::Succeeded),
            ("null", "null", Verdict::Succeeded),
            ("220.001", "\"KES\"", Verdict::Mismatch),
            ("220", "\"???\"", Verdict::Mismatch),
        ] {
            let body = format!(
                r#"{{"originatorConversationId":"k1","amount":{amount},"currencyCode":{currency},
                    "billRequestOutcome":{{"status":4,"resultCode":"0"}}}}"#
            );
            assert_eq!(verdict_of(&body), Some(verdict), "{amount} {currency}");
        }
    }

    #[test]
    fn a_prepaid_token_is_kept_apart_from_the_receipts_fields() {
        let answer = found(&fixture::answer("status_prepaid"), COMPLETE).expect("an answer");
        assert_eq!(answer.token.as_deref(), Some("12345678901234567890"));
        let expected = [("Units".to_owned(), "12.40".to_owned()), ("vat".to_owned(), "42.76".to_owned())];
        assert_eq!(answer.receipt_fields, expected);
        assert!(!format!("{answer:?}").contains("1234567890"));
    }
}
