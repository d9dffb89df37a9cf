//! From a provider's answers to evidence: one piece for each payment of a submission.

use super::Testimony;
use super::apply::Facts;
use super::parts::WithParts;
use crate::domain::bulk_payment::fault_of_bill;
use crate::domain::payment::evidence::{Source, Verdict};
use crate::domain::payment::matching::{Matched, PartMatch, ToldPart, WantedPart, bills_agree, combine, match_bills};
use crate::domain::payment::{Allocation, Failure};
use crate::domain::provider::ProviderCode;
use crate::domain::refusal::ErrorCode;
use crate::ports::provider::{PaymentAnswer, ProviderError, RefusalKind, Refused};

/// The evidence for one payment, and what the provider names its parts.
pub(super) struct Told {
    pub(super) testimony: Testimony<'static>,
    pub(super) part_references: Vec<Option<String>>,
}

/// Who testifies, and how its word is weighed.
pub(super) struct Witness {
    pub(super) source: Source,
    pub(super) provider: ProviderCode,
    pub(super) attempt_no: i32,
    /// Whether another submission may still be travelling.
    pub(super) weigh: fn(Verdict) -> Verdict,
}

impl Witness {
    fn says(&self, verdict: Verdict) -> Testimony<'static> {
        Testimony {
            attempt_no: Some(self.attempt_no),
            ..Testimony::new(self.source, (self.weigh)(verdict), super::actor_of(self.provider))
        }
    }

    /// What an outcome says of each payment.
    pub(super) fn testify(
        &self,
        outcome: &Result<Vec<PaymentAnswer>, ProviderError>,
        payments: &[WithParts],
    ) -> Vec<Told> {
        match outcome {
            Ok(answers) => self.of_answers(answers, payments),
            Err(ProviderError::Refused(refused)) => {
                let told = |one: &WithParts| self.of_refusal(refused, one, payments.len() > 1);
                payments.iter().map(told).collect()
            }
            Err(
                ProviderError::NotSent(trouble)
                | ProviderError::Unknown(trouble)
                | ProviderError::Misconfigured(trouble),
            ) => {
                let bare = self.says(verdict_of_error(outcome));
                let testimony = Testimony { note: Some(trouble.what), actor: super::BILLPAY, ..bare };
                payments.iter().map(|_| Told { testimony: testimony.clone(), part_references: Vec::new() }).collect()
            }
        }
    }

    fn of_answers(&self, answers: &[PaymentAnswer], payments: &[WithParts]) -> Vec<Told> {
        let of_all = |told: fn(&Self) -> Told| payments.iter().map(|_| told(self)).collect();
        let names_bills = answers.iter().any(|answer| !answer.bills.is_empty());
        if payments.len() > 1 && !names_bills {
            // It says nothing of any of them, unless that there are none.
            let none_found = answers.iter().all(|answer| answer.verdict == Some(Verdict::NotFound));
            return of_all(if none_found { Self::not_found } else { Self::unclear });
        }
        let wanted: Vec<_> = payments.iter().map(|one| wanted_parts(&one.parts)).collect();
        let told: Vec<_> = answers.iter().map(told_parts).collect();
        if names_bills && !(bills_agree(&wanted, &told) && sums_agree(answers) && names_differ(answers)) {
            return of_all(Self::nowhere);
        }
        match_bills(&wanted, &told).iter().map(|matched| self.of_match(matched, answers)).collect()
    }

    fn of_match(&self, matched: &Matched, answers: &[PaymentAnswer]) -> Told {
        match matched {
            Matched::Whole => match answers.first() {
                Some(answer) => self.of_answer(answer),
                None => self.nowhere(),
            },
            Matched::Parts(parts) => self.of_parts(parts, answers),
            Matched::Nowhere => self.nowhere(),
        }
    }

    fn of_answer(&self, answer: &PaymentAnswer) -> Told {
        let testimony = of_answer(answer, self.says(answer.verdict.unwrap_or(Verdict::Unclear)));
        Told { testimony, part_references: vec![part_reference(answer)] }
    }

    fn of_parts(&self, parts: &[PartMatch], answers: &[PaymentAnswer]) -> Told {
        let of = |part: &PartMatch| answers.get(part.answer);
        let verdicts = parts.iter().filter_map(of).map(|answer| answer.verdict.unwrap_or(Verdict::Unclear));
        let verdict = match combine(verdicts) {
            Verdict::Accepted | Verdict::Succeeded if !parts.iter().all(|part| part.agrees) => Verdict::Mismatch,
            verdict => verdict,
        };
        let Some(first) = parts.first().and_then(of) else { return self.nowhere() };
        let mut testimony = of_answer(first, self.says(verdict));
        let minor = parts.iter().map(|part| part.amount.minor()).sum();
        testimony.reported.amount = parts.first().map(|part| part.amount.with_minor(minor));
        if parts.iter().any(|part| Some(part.answer) != parts.first().map(|first| first.answer)) {
            // Each part has a name of its own, the payment as a whole has none.
            testimony.reported.provider_reference = None;
        }
        let part_references = parts.iter().map(|part| of(part).and_then(part_reference)).collect();
        Told { testimony, part_references }
    }

    /// The bills that are told are not those that were to be paid: the books differ, and all of them are in doubt.
    fn nowhere(&self) -> Told {
        let testimony = Testimony {
            note: Some("the provider's answer does not name the bills that were to be paid"),
            ..self.says(Verdict::Mismatch)
        };
        Told { testimony, part_references: Vec::new() }
    }

    fn not_found(&self) -> Told {
        Told { testimony: self.says(Verdict::NotFound), part_references: Vec::new() }
    }

    fn unclear(&self) -> Told {
        let testimony = Testimony { note: Some("the provider's answer names no bill"), ..self.says(Verdict::Unclear) };
        Told { testimony, part_references: Vec::new() }
    }

    /// All or none: who is named fails for its own reason, the others with it.
    fn of_refusal(&self, refused: &Refused, one: &WithParts, of_many: bool) -> Told {
        let bills = || one.parts.iter().filter_map(|part| part.bill_reference.as_deref());
        let named = || refused.bills.iter().filter(|named| bills().any(|bill| bill == named.bill_reference));
        let failure = match named().next() {
            Some(first) => Failure {
                fields: named().map(|named| fault_of_bill(&named.bill_reference, &named.message)).collect(),
                ..failure_of(first.kind, first.code.clone(), first.message.clone())
            },
            None if of_many && (!refused.bills.is_empty() || refused.kind.is_of_one_bill()) => rolled_back(refused),
            None => Failure {
                fields: refused.fields.clone(),
                ..failure_of(refused.kind, refused.code.clone(), refused.message.clone())
            },
        };
        let testimony = Testimony { failure: Some(failure), ..self.says(Verdict::Declined) };
        Told { testimony, part_references: Vec::new() }
    }
}

fn wanted_parts(parts: &[Allocation]) -> Vec<WantedPart> {
    let wanted = |part: &Allocation| WantedPart { bill_reference: part.bill_reference.clone(), amount: part.amount };
    parts.iter().map(wanted).collect()
}

fn told_parts(answer: &PaymentAnswer) -> Vec<ToldPart> {
    let told = |part: &crate::ports::provider::BillPart| ToldPart {
        bill_reference: part.bill_reference.clone(),
        amount: part.amount,
    };
    answer.bills.iter().map(told).collect()
}

/// Whether each answer's bills make up its amount, where it tells both.
fn sums_agree(answers: &[PaymentAnswer]) -> bool {
    answers.iter().all(|answer| {
        let sum = answer.bills.iter().map(|part| part.amount.minor()).sum::<i64>();
        answer.bills.is_empty() || answer.reported.amount.is_none_or(|amount| amount.minor() == sum)
    })
}

/// Whether no two answers bear one name.
fn names_differ(answers: &[PaymentAnswer]) -> bool {
    let names: Vec<_> = answers.iter().filter_map(|answer| answer.reported.provider_reference.as_deref()).collect();
    names.iter().enumerate().all(|(place, name)| !names[..place].contains(name))
}

fn part_reference(answer: &PaymentAnswer) -> Option<String> {
    answer.reported.provider_reference.clone()
}

/// Everything that an answer carries, as evidence.
pub(super) fn of_answer<'a>(answer: &PaymentAnswer, bare: Testimony<'a>) -> Testimony<'a> {
    Testimony {
        reported: answer.reported.clone(),
        account_holder_name: answer.account_holder_name.clone(),
        provider_status: answer.provider_status.clone(),
        facts: Facts {
            confirmation_number: answer.confirmation_number.clone(),
            funding_amount: answer.funding_amount,
            exchange_rate: answer.exchange_rate.clone(),
            disbursement: answer.disbursement.clone(),
        },
        failure: (bare.verdict == Verdict::Declined).then(|| failure_of_answer(answer)),
        token: answer.token.clone(),
        receipt_fields: answer.receipt_fields.clone(),
        ..bare
    }
}

/// What an outcome says of the submission as a whole, before it is weighed.
pub(super) fn verdict_of(outcome: &Result<Vec<PaymentAnswer>, ProviderError>) -> Verdict {
    match outcome {
        Ok(answers) => combine(answers.iter().map(|answer| answer.verdict.unwrap_or(Verdict::Unclear))),
        Err(_) => verdict_of_error(outcome),
    }
}

fn verdict_of_error<T>(outcome: &Result<T, ProviderError>) -> Verdict {
    match outcome {
        Err(ProviderError::Refused(_)) => Verdict::Declined,
        Err(ProviderError::NotSent(_) | ProviderError::Misconfigured(_)) => Verdict::NotSent,
        Ok(_) | Err(ProviderError::Unknown(_)) => Verdict::Unclear,
    }
}

fn failure_of_answer(answer: &PaymentAnswer) -> Failure {
    Failure {
        code: ErrorCode::ProviderRefused,
        message: "The provider declined the payment; no money was moved.".to_owned(),
        provider_code: answer.code.clone(),
        provider_message: answer.message.clone(),
        fields: Vec::new(),
    }
}

fn rolled_back(refused: &Refused) -> Failure {
    Failure {
        code: ErrorCode::BulkRolledBack,
        message: "Another payment of the same bulk was refused; none of them was made.".to_owned(),
        provider_code: refused.code.clone(),
        provider_message: Some(refused.message.clone()),
        fields: Vec::new(),
    }
}

/// A refusal, in words for the payer.
pub(in crate::app) fn failure_of(kind: RefusalKind, code: Option<String>, message: String) -> Failure {
    let (error, text) = match kind {
        RefusalKind::AccountNotFound => (ErrorCode::AccountNotFound, "The biller does not know this account number."),
        RefusalKind::Amount => (ErrorCode::AmountNotAllowed, "The provider does not allow this amount."),
        RefusalKind::Input => (ErrorCode::BadUserInput, "The provider refused some of what was entered."),
        RefusalKind::NotFound => (ErrorCode::NotFound, "The provider does not know this bill or biller."),
        RefusalKind::ProcessDate => (ErrorCode::ProcessDateNotAllowed, "The provider does not pay on this day."),
        RefusalKind::FundingAccount => (ErrorCode::FundingAccountInactive, "The funding account cannot be used."),
        RefusalKind::ReferenceInUse => (ErrorCode::ReferenceInUse, "The reference was used before; use another."),
        // In our own words, so that the payer may read them.
        RefusalKind::NotSupported => (ErrorCode::CapabilityMissing, message.as_str()),
        RefusalKind::NotRecallable | RefusalKind::Other => {
            (ErrorCode::ProviderRefused, "The provider refused the payment; no money was moved.")
        }
    };
    Failure {
        code: error,
        message: text.to_owned(),
        provider_code: code,
        provider_message: Some(message.clone()),
        fields: Vec::new(),
    }
}
