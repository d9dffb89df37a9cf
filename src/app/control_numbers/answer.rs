//! From a provider's answers to evidence: what each says of the number that it is about.

use crate::app::engine::attempt::attempt_end_of_error;
use crate::app::engine::{BILLPAY, actor_of, clean};
use crate::domain::control_number::ControlNumber;
use crate::domain::control_number::stage::{combined, weigh};
use crate::domain::control_number::terms::Terms;
use crate::domain::payment::Failure;
use crate::domain::payment::evidence::{Source, Verdict};
use crate::domain::payment::submission::Submission;
use crate::domain::refusal::ErrorCode;
use crate::ports::provider::{ControlNumberAnswer, ControlNumberOutcome, ProviderError, RefusalKind, Refused, Trouble};
use crate::store::AttemptEnd;

/// What one answer says of one number.
pub(super) struct Said<'a> {
    pub(super) source: Source,
    pub(super) verdict: Verdict,
    pub(super) answer: Option<&'a ControlNumberAnswer>,
    pub(super) failure: Option<Failure>,
    pub(super) attempt_no: Option<i32>,
    pub(super) actor: &'a str,
    pub(super) note: Option<&'a str>,
}

/// An outcome for each number: what failed as a whole failed for each, and an answer of another length answers nothing.
pub(super) fn outcomes_of(
    outcome: Result<Vec<ControlNumberOutcome>, ProviderError>,
    count: usize,
) -> Vec<ControlNumberOutcome> {
    match outcome {
        Ok(outcomes) if outcomes.len() == count => outcomes.into_iter().map(clean_outcome).collect(),
        Ok(_) => vec![Err(unclear("the answer has another number of items than the request")); count],
        Err(error) => vec![Err(error); count],
    }
}

fn clean_outcome(outcome: ControlNumberOutcome) -> ControlNumberOutcome {
    match outcome {
        Ok(answer) => clean_answer(answer),
        Err(error) => Err(clean::error(error)),
    }
}

/// An answer that can be stored; one whose number cannot is none.
pub(super) fn clean_answer(answer: ControlNumberAnswer) -> ControlNumberOutcome {
    let number = clean::reference(answer.number).ok_or_else(|| unclear("the number that was told cannot be used"))?;
    Ok(ControlNumberAnswer { number, description: answer.description.map(clean::text), ..answer })
}

pub(super) fn unclear(what: &'static str) -> ProviderError {
    ProviderError::Unknown(Trouble { what, ..Trouble::default() })
}

pub(super) fn verdict_of(number: &ControlNumber, outcome: &ControlNumberOutcome) -> Verdict {
    match outcome {
        Ok(answer) => weigh(&number.terms(), &terms_of(answer)),
        Err(ProviderError::Refused(_)) => Verdict::Declined,
        Err(ProviderError::NotSent(_) | ProviderError::Misconfigured(_)) => Verdict::NotSent,
        Err(ProviderError::Unknown(_)) => Verdict::Unclear,
    }
}

/// Which amounts a number takes, as the provider tells it.
pub(super) const fn terms_of(answer: &ControlNumberAnswer) -> Terms {
    Terms { mode: answer.mode, amount: answer.amount, max_amount: answer.max_amount }
}

/// What the submission said of the numbers that it left open: a refusal of any of them forbids another repetition.
pub(super) fn last_verdict(left_open: &[Verdict], whole: Verdict) -> Verdict {
    if left_open.contains(&Verdict::Declined) {
        Verdict::Declined
    } else if left_open.is_empty() {
        whole
    } else {
        combined(left_open.iter().copied())
    }
}

pub(super) fn said_of<'a>(sent: &Submission, outcome: &'a ControlNumberOutcome, verdict: Verdict) -> Said<'a> {
    let bare = Said {
        source: Source::Submit,
        verdict,
        answer: None,
        failure: None,
        attempt_no: Some(sent.attempt_count),
        actor: actor_of(sent.provider),
        note: None,
    };
    match outcome {
        Ok(answer) => Said { answer: Some(answer), ..bare },
        Err(ProviderError::Refused(refused)) => Said { failure: Some(failure_of(refused)), ..bare },
        Err(
            ProviderError::NotSent(trouble) | ProviderError::Unknown(trouble) | ProviderError::Misconfigured(trouble),
        ) => Said { note: Some(trouble.what), actor: BILLPAY, ..bare },
    }
}

/// What the attempt's row keeps: the first thing that went wrong, else the first answer's status.
pub(super) fn attempt_end(outcomes: &[ControlNumberOutcome]) -> AttemptEnd {
    let wrong = outcomes.iter().find_map(|outcome| outcome.as_ref().err());
    let right = outcomes.iter().find_map(|outcome| outcome.as_ref().ok());
    wrong.map_or_else(
        || AttemptEnd { http_status: right.and_then(|answer| answer.http_status), ..AttemptEnd::default() },
        attempt_end_of_error,
    )
}

fn failure_of(refused: &Refused) -> Failure {
    let (code, message) = match refused.kind {
        RefusalKind::ReferenceInUse => (ErrorCode::ReferenceInUse, "The reference was used before; use another."),
        RefusalKind::Amount => (ErrorCode::AmountNotAllowed, "The provider does not allow this amount."),
        RefusalKind::Input => (ErrorCode::BadUserInput, "The provider refused some of what was entered."),
        RefusalKind::AccountNotFound
        | RefusalKind::NotFound
        | RefusalKind::ProcessDate
        | RefusalKind::FundingAccount
        | RefusalKind::NotSupported
        | RefusalKind::NotRecallable
        | RefusalKind::Other => (ErrorCode::ProviderRefused, "The provider refused to make the control number."),
    };
    Failure {
        code,
        message: message.to_owned(),
        provider_code: refused.code.clone(),
        provider_message: Some(refused.message.clone()),
        fields: refused.fields.clone(),
    }
}

pub(super) fn unexplained() -> Failure {
    failure_of(&Refused::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_the_whole_is_one_of_each_and_another_length_answers_nothing() {
        let refused = || ProviderError::Refused(Refused::default());
        assert_eq!(outcomes_of(Err(refused()), 2), vec![Err(refused()), Err(refused())]);
        let one = vec![Ok(ControlNumberAnswer { number: "123".to_owned(), ..ControlNumberAnswer::default() })];
        assert!(matches!(outcomes_of(Ok(one.clone()), 1).as_slice(), [Ok(_)]));
        let two = outcomes_of(Ok(one), 2);
        assert!(two.len() == 2 && two.iter().all(|outcome| matches!(outcome, Err(ProviderError::Unknown(_)))));
    }

    #[test]
    fn a_refused_repetition_forbids_another_one() {
        assert_eq!(last_verdict(&[Verdict::Unclear, Verdict::Declined], Verdict::Unclear), Verdict::Declined);
        assert_eq!(last_verdict(&[Verdict::NotSent, Verdict::Unclear], Verdict::Unclear), Verdict::Unclear);
        assert_eq!(last_verdict(&[], Verdict::Succeeded), Verdict::Succeeded);
    }

    #[test]
    fn a_number_that_cannot_be_stored_is_no_answer() {
        let told = |number: &str| ControlNumberAnswer { number: number.to_owned(), ..ControlNumberAnswer::default() };
        assert!(clean_answer(told("55042914871931")).is_ok());
        assert!(clean_answer(told("")).is_err());
        assert!(clean_answer(told("1\u{0}2")).is_err());
    }
}
