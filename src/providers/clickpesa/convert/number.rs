//! What ClickPesa answers about numbers: those that it made, found and changed.

use super::refusal::{Asked, refusal, refused, says};
use super::request::is_active;
use super::{mode, reference, told, words};
use crate::domain::money::{CurrencyCode, Money};
use crate::ports::provider::{ControlNumberAnswer, ControlNumberOutcome, ProviderError, Refused};
use crate::providers::clickpesa::frozen::Frozen;
use crate::providers::clickpesa::wire::{Batch, BatchError, Bill, Scalar, UNKNOWN_NUMBER};
use crate::providers::http::Answer;
use crate::providers::json;

/// What became of the numbers of a request, in its order.
pub(in crate::providers::clickpesa) fn created(
    frozen: &Frozen,
    answer: &Answer,
    shilling: CurrencyCode,
) -> Result<Vec<ControlNumberOutcome>, ProviderError> {
    let asked = if frozen.endpoint.is_batch() { Asked::Several } else { Asked::One };
    if !answer.is_success() {
        return Err(refusal(asked, answer));
    }
    match asked {
        Asked::Several => batch(&frozen.references, answer),
        // The number that is told counts, whatever our reference was: the page's own example answers with another.
        Asked::One | Asked::Change | Asked::Query => Ok(vec![Ok(read(answer, shilling)?)]),
    }
}

/// A number by the reference that we gave it; none where ClickPesa says that there is none. An answer about another
/// number says nothing of ours.
pub(in crate::providers::clickpesa) fn found(
    asked_for: &str,
    answer: &Answer,
    shilling: CurrencyCode,
) -> Result<Option<ControlNumberAnswer>, ProviderError> {
    if answer.status == 404 && says(answer, UNKNOWN_NUMBER) {
        return Ok(None);
    }
    if !answer.is_success() {
        return Err(refusal(Asked::Query, answer));
    }
    about(asked_for, read(answer, shilling)?, answer).map(Some)
}

/// A number after a change.
pub(in crate::providers::clickpesa) fn updated(
    number: &str,
    answer: &Answer,
    shilling: CurrencyCode,
) -> Result<ControlNumberAnswer, ProviderError> {
    if !answer.is_success() {
        return Err(refusal(Asked::Change, answer));
    }
    about(number, read(answer, shilling)?, answer)
}

fn about(asked_for: &str, told: ControlNumberAnswer, answer: &Answer) -> Result<ControlNumberAnswer, ProviderError> {
    if told.number == asked_for {
        Ok(told)
    } else {
        Err(ProviderError::Unknown(answer.trouble("answer is about another number")))
    }
}

fn read(answer: &Answer, shilling: CurrencyCode) -> Result<ControlNumberAnswer, ProviderError> {
    let unreadable = || ProviderError::Unknown(answer.trouble("answer cannot be read"));
    let bill: Bill = json::read(&answer.body).map_err(|_| unreadable())?;
    let amount = amount(bill.bill_amount.as_ref(), shilling).ok_or_else(unreadable)?;
    Ok(ControlNumberAnswer {
        number: reference(Some(&bill.bill_pay_number)).ok_or_else(unreadable)?,
        // Examples have a mode in every answer, and it means nothing without an amount.
        mode: amount.and(told(bill.bill_payment_mode.as_deref()).and_then(mode)),
        amount,
        max_amount: self::amount(bill.bill_max_collection_amount.as_ref(), shilling).ok_or_else(unreadable)?,
        description: told(bill.bill_description.as_deref()).map(str::to_owned),
        active: told(bill.bill_status.as_deref()).and_then(is_active),
        http_status: Some(answer.status),
    })
}

/// An amount that is told, if one is; 0 is none, since the least is a hundredth. None where it cannot be read.
fn amount(scalar: Option<&Scalar>, shilling: CurrencyCode) -> Option<Option<Money>> {
    let Some(text) = told(scalar.map(Scalar::as_str)) else { return Some(None) };
    let amount = Money::parse_lenient(text, shilling).filter(|amount| amount.minor() >= 0)?;
    Some(Some(amount).filter(|amount| amount.is_positive()))
}

/// Numbers that were made are named, which our references become; those that were not are told by their places. One of
/// which neither is told, or both, is left to a look-up.
fn batch(references: &[String], answer: &Answer) -> Result<Vec<ControlNumberOutcome>, ProviderError> {
    let unreadable = |_| ProviderError::Unknown(answer.trouble("answer cannot be read"));
    let batch: Batch = json::read(&answer.body).map_err(unreadable)?;
    let (made, errors) = (batch.bill_pay_numbers.unwrap_or_default(), batch.errors.unwrap_or_default());
    let outcome = |(index, reference): (usize, &String)| {
        let is_made = made.iter().any(|number| number.as_str() == reference);
        match (is_made, errors.iter().find(|error| error.index == index)) {
            (true, None) => Ok(named(reference, answer)),
            (false, Some(error)) => Err(ProviderError::Refused(failed(error, answer))),
            (true, Some(_)) => Err(ProviderError::Unknown(answer.trouble("answer contradicts itself"))),
            (false, None) => Err(ProviderError::Unknown(answer.trouble("number is not told"))),
        }
    };
    Ok(references.iter().enumerate().map(outcome).collect())
}

fn named(number: &str, answer: &Answer) -> ControlNumberAnswer {
    ControlNumberAnswer {
        number: number.to_owned(),
        http_status: Some(answer.status),
        ..ControlNumberAnswer::default()
    }
}

fn failed(error: &BatchError, answer: &Answer) -> Refused {
    let reason = told(error.reason.as_deref()).map_or_else(|| "no reason was told".to_owned(), words);
    refused(reason, answer.status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::control_number::ControlNumberMode;
    use crate::ports::provider::{FrozenRequest, RefusalKind};
    use crate::providers::clickpesa::fixture;
    use crate::providers::clickpesa::wire::Endpoint;

    fn shilling() -> CurrencyCode {
        "TZS".parse().expect("a currency")
    }

    fn ok(body: &str) -> Answer {
        Answer { status: 200, body: body.as_bytes().to_vec() }
    }

    fn frozen(endpoint: Endpoint, name: &str) -> Frozen {
        let request: FrozenRequest = Frozen::write(endpoint, fixture::request(name).to_string().as_bytes());
        Frozen::read(&request).expect("a request")
    }

    fn one(answer: &Answer) -> Result<ControlNumberAnswer, ProviderError> {
        created(&frozen(Endpoint::Order, "create_order"), answer, shilling())?.remove(0)
    }

    fn several(answer: &Answer) -> Vec<ControlNumberOutcome> {
        let frozen = frozen(Endpoint::Orders, "create_orders");
        created(&frozen, answer, shilling()).unwrap_or_else(|error| panic!("{error}"))
    }

    fn kind(outcome: &ControlNumberOutcome) -> Option<RefusalKind> {
        match outcome {
            Err(ProviderError::Refused(refused)) => Some(refused.kind),
            Ok(_) | Err(_) => None,
        }
    }

    #[test]
    fn trap_1_the_number_that_is_told_counts_also_where_it_is_not_our_reference() {
        let made = one(&fixture::answer("create_order")).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(made.number, "55042914871931");
        assert_eq!(made.amount, Some(Money::from_minor(9_090_000, shilling())));
        assert_eq!((made.mode, made.active), (Some(ControlNumberMode::Exact), None));
    }

    #[test]
    fn trap_3_a_mode_without_an_amount_means_nothing() {
        for body in [
            r#"{"billPayNumber":"A1","billPaymentMode":"ALLOW_PARTIAL_AND_OVER_PAYMENT"}"#,
            r#"{"billPayNumber":"A1","billAmount":null,"billPaymentMode":"EXACT"}"#,
            r#"{"billPayNumber":"A1","billAmount":0,"billPaymentMode":"EXACT"}"#,
        ] {
            let made = one(&ok(body)).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!((made.amount, made.mode), (None, None), "{body}");
        }
    }

    #[test]
    fn an_answer_that_cannot_be_read_leaves_it_to_a_look_up() {
        for body in [
            "",
            "{}",
            "<html>",
            r#"{"billPayNumber":""}"#,
            r#"{"billPayNumber":"550429148"#,
            r#"{"billPayNumber":"A1","billPayNumber":"A2"}"#,
            r#"{"billPayNumber":"A1","billAmount":-5}"#,
            r#"{"billPayNumber":"A1","billAmount":"many"}"#,
        ] {
            assert!(matches!(one(&ok(body)), Err(ProviderError::Unknown(_))), "{body}");
        }
    }

    #[test]
    fn several_are_told_one_by_one() {
        let outcomes = several(&fixture::answer("create_orders"));
        assert_eq!(outcomes.len(), 2);
        let number = outcomes[0].as_ref().map(|made| made.number.as_str());
        assert_eq!(number, Ok("55042914871931"));
        assert_eq!(kind(&outcomes[1]), Some(RefusalKind::ReferenceInUse));
    }

    #[test]
    fn of_several_what_is_not_told_or_told_twice_is_unknown() {
        for body in [
            "{}",
            r#"{"billPayNumbers":["55042914871932"],"created":2,"failed":0}"#,
            r#"{"billPayNumbers":[],"errors":[{"index":7,"reason":"out of range"}]}"#,
            r#"{"billPayNumbers":["CUSTOMJH121"],"errors":[{"index":1,"reason":"both"}]}"#,
        ] {
            let last = several(&ok(body)).pop();
            assert!(matches!(last, Some(Err(ProviderError::Unknown(_)))), "{body}");
        }
        let refused = several(&ok(r#"{"errors":[{"index":1,"reason":"billAmount must be at least 0.01"}]}"#));
        assert_eq!((kind(&refused[0]), kind(&refused[1])), (None, Some(RefusalKind::Input)));
        let frozen = frozen(Endpoint::Orders, "create_orders");
        for body in ["", "<html>", "[]", r#"{"billPayNumbers":7}"#] {
            let error = created(&frozen, &ok(body), shilling()).err();
            assert!(matches!(error, Some(ProviderError::Unknown(_))), "{body}");
        }
    }

    #[test]
    fn a_number_is_absent_only_in_the_documented_words() {
        let find = |answer: &Answer| found("CUSTOMJH121", answer, shilling());
        assert_eq!(find(&fixture::answer("find_unknown")), Ok(None));
        for body in ["", "<html>", r#"{"message":"Cannot GET /billpay/CUSTOMJH121"}"#] {
            let other = Answer { status: 404, body: body.as_bytes().to_vec() };
            assert!(matches!(find(&other), Err(ProviderError::Unknown(_))), "{body}");
        }
        let there = find(&fixture::answer("find")).unwrap_or_else(|error| panic!("{error}")).expect("a number");
        assert_eq!((there.number.as_str(), there.active), ("CUSTOMJH121", Some(true)));
        assert_eq!(there.max_amount, Some(Money::from_minor(10_000_050, shilling())));
        let other = found("ANOTHER", &fixture::answer("find"), shilling());
        assert!(matches!(other, Err(ProviderError::Unknown(_))));
    }

    #[test]
    fn a_change_is_answered_with_the_number_as_it_is() {
        let changed = updated("CUSTOMJH121", &fixture::answer("update"), shilling());
        let changed = changed.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((changed.active, changed.mode), (Some(false), Some(ControlNumberMode::Exact)));
        let gone = updated("CUSTOMJH121", &fixture::answer("find_unknown"), shilling());
        assert_eq!(kind(&gone), Some(RefusalKind::NotFound));
    }
}
