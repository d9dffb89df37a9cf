//! What a provider says is text of a stranger: it is kept within limits, and without what no database or log takes.

use crate::domain::disbursement::Disbursement;
use crate::ports::provider::{BillPart, PaymentAnswer, ProviderError, Refused, RefusedBill, Trouble};

/// The most characters of a reference; a longer one, or one with a control character, counts as not told.
pub(in crate::app) const LONGEST_REFERENCE: usize = 200;
/// The most characters of anything else; more is cut off.
const LONGEST_TEXT: usize = 500;
/// The most fields of a receipt.
const MOST_FIELDS: usize = 50;

/// Answers that can be stored.
pub(super) fn answers(outcome: Result<Vec<PaymentAnswer>, ProviderError>) -> Result<Vec<PaymentAnswer>, ProviderError> {
    outcome.map(|told| told.into_iter().map(clean_answer).collect()).map_err(error)
}

/// An error that can be stored.
pub(in crate::app) fn error(error: ProviderError) -> ProviderError {
    match error {
        ProviderError::Refused(refused) => ProviderError::Refused(clean_refusal(refused)),
        ProviderError::NotSent(trouble) => ProviderError::NotSent(clean_trouble(trouble)),
        ProviderError::Unknown(trouble) => ProviderError::Unknown(clean_trouble(trouble)),
        ProviderError::Misconfigured(trouble) => ProviderError::Misconfigured(clean_trouble(trouble)),
    }
}

fn clean_answer(said: PaymentAnswer) -> PaymentAnswer {
    let mut reported = said.reported;
    reported.provider_reference = reported.provider_reference.and_then(reference);
    reported.biller_reference = reported.biller_reference.and_then(reference);
    // An account that cannot be stored is another than the one that was paid for: it stays a difference.
    reported.account_reference = reported.account_reference.map(text);
    PaymentAnswer {
        reported,
        account_holder_name: said.account_holder_name.map(text),
        provider_status: said.provider_status.map(text),
        code: said.code.map(text),
        message: said.message.map(text),
        trace: said.trace.and_then(reference),
        token: said.token.map(text),
        receipt_fields: said
            .receipt_fields
            .into_iter()
            .take(MOST_FIELDS)
            .map(|(name, value)| (text(name), text(value)))
            .collect(),
        verdict: said.verdict,
        http_status: said.http_status,
        bills: said
            .bills
            .into_iter()
            .map(|part| BillPart { reference: part.reference.and_then(reference), ..part })
            .collect(),
        confirmation_number: said.confirmation_number.map(text),
        funding_amount: said.funding_amount,
        exchange_rate: said.exchange_rate.map(text),
        disbursement: said.disbursement.map(clean_disbursement),
    }
}

fn clean_disbursement(told: Disbursement) -> Disbursement {
    Disbursement {
        method: told.method,
        provider_status: told.provider_status.map(text),
        online: told.online,
        arrives_by: told.arrives_by,
        tracking: told.tracking.map(text),
    }
}

fn clean_refusal(refused: Refused) -> Refused {
    Refused {
        code: refused.code.map(text),
        message: text(refused.message),
        trace: refused.trace.and_then(reference),
        fields: refused.fields.into_iter().take(MOST_FIELDS).collect(),
        bills: refused
            .bills
            .into_iter()
            .take(MOST_FIELDS)
            .map(|bill| RefusedBill { code: bill.code.map(text), message: text(bill.message), ..bill })
            .collect(),
        kind: refused.kind,
        http_status: refused.http_status,
    }
}

fn clean_trouble(trouble: Trouble) -> Trouble {
    Trouble {
        code: trouble.code.map(text),
        message: trouble.message.map(text),
        trace: trouble.trace.and_then(reference),
        what: trouble.what,
        http_status: trouble.http_status,
        retry_after: trouble.retry_after,
        is_known: trouble.is_known,
    }
}

pub(in crate::app) fn reference(told: String) -> Option<String> {
    let usable = !told.is_empty() && told.chars().count() <= LONGEST_REFERENCE && !told.chars().any(char::is_control);
    usable.then_some(told)
}

pub(in crate::app) fn text(told: String) -> String {
    told.chars().filter(|character| !character.is_control()).take(LONGEST_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_stored_counts_as_not_told() {
        assert_eq!(reference("a\0b".to_owned()), None);
        assert_eq!(reference("x".repeat(201)), None);
        assert_eq!(reference("S575998".to_owned()), Some("S575998".to_owned()));
        assert_eq!(text("a\0b\r\nc".to_owned()), "abc");
        assert_eq!(text("é".repeat(900)).chars().count(), LONGEST_TEXT);
    }
}
