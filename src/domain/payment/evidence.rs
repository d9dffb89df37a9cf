//! Evidence: what the world said about a payment, each piece kept for ever.

use super::status::words;
use std::fmt;
use std::str::FromStr;

use crate::domain::money::Money;

words! {
    /// What one piece of evidence says, in the engine's words.
    Verdict {
        /// It did not reach the provider, or the provider documents that it did not process it.
        NotSent = "NOT_SENT",
        /// It may or may not have arrived: a time-out, a reset, a 5xx, an answer that cannot be read, a lease that
        /// was taken over.
        Unclear = "UNCLEAR",
        /// The provider has it and works on it.
        Accepted = "ACCEPTED",
        /// The provider paid exactly what was asked.
        Succeeded = "SUCCEEDED",
        /// The provider definitely refused; no money moved.
        Declined = "DECLINED",
        /// A look-up did not find it.
        NotFound = "NOT_FOUND",
        /// The provider cancelled it; no money moved.
        Cancelled = "CANCELLED",
        /// The provider paid and took it back.
        Reversed = "REVERSED",
        /// The provider paid, and reports that the biller did not get it.
        DisbursementFailed = "DISBURSEMENT_FAILED",
        /// The provider paid, and reports that it could not take the money from us.
        FundingFailed = "FUNDING_FAILED",
        /// The provider reports a success of another amount, currency or account.
        Mismatch = "MISMATCH",
        /// A person with evidence says that it was paid.
        ConfirmedSucceeded = "CONFIRMED_SUCCEEDED",
        /// A person with evidence says that it was not paid.
        ConfirmedFailed = "CONFIRMED_FAILED",
    }
}

words! {
    /// Who gave a piece of evidence.
    Source {
        /// The answer to a submission.
        Submit = "SUBMIT",
        /// The answer to a look-up.
        LookUp = "LOOK_UP",
        /// A callback whose signature holds.
        Callback = "CALLBACK",
        /// billpay itself: a lease taken over, a restored database.
        Engine = "ENGINE",
        /// An administrator.
        Administrator = "ADMINISTRATOR",
    }
}

/// What was reported beside the verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// What the provider named the payment.
    pub provider_reference: Option<String>,
    /// What the biller knows it by.
    pub biller_reference: Option<String>,
    /// How much was paid, where told.
    pub amount: Option<Money>,
    /// For whose account, where told.
    pub account_reference: Option<String>,
}

/// Compares a reported success with what was asked: any difference that is told is a mismatch, never rounded away.
pub fn weigh_success(asked: Money, asked_account: Option<&str>, reported: &Reported) -> Verdict {
    let amount_agrees = reported.amount.is_none_or(|amount| amount == asked);
    let account_agrees = match (asked_account, reported.account_reference.as_deref()) {
        (Some(asked), Some(told)) => asked == told,
        (None, _) | (_, None) => true,
    };
    if amount_agrees && account_agrees { Verdict::Succeeded } else { Verdict::Mismatch }
}

/// Weighs the answer to a submission while an earlier one is still undetermined: that this one was refused or never
/// left says nothing about the first.
pub const fn weigh_answer(verdict: Verdict, earlier_undetermined: bool) -> Verdict {
    match verdict {
        Verdict::NotSent | Verdict::Declined if earlier_undetermined => Verdict::Unclear,
        Verdict::NotSent
        | Verdict::Unclear
        | Verdict::Accepted
        | Verdict::Succeeded
        | Verdict::Declined
        | Verdict::NotFound
        | Verdict::Cancelled
        | Verdict::Reversed
        | Verdict::DisbursementFailed
        | Verdict::FundingFailed
        | Verdict::Mismatch
        | Verdict::ConfirmedSucceeded
        | Verdict::ConfirmedFailed => verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::CurrencyCode;

    #[test]
    fn f20_any_difference_is_a_mismatch() {
        let asked = Money::from_minor(1_500, CurrencyCode::KES);
        let dollars = "USD".parse().expect("a currency");
        let told = |amount, account: Option<&str>| Reported {
            amount,
            account_reference: account.map(str::to_owned),
            ..Reported::default()
        };
        let cases = [
            (told(None, None), Verdict::Succeeded),
            (told(Some(asked), Some("123")), Verdict::Succeeded),
            (told(Some(asked.with_minor(1_499)), Some("123")), Verdict::Mismatch),
            (told(Some(Money::from_minor(1_500, dollars)), None), Verdict::Mismatch),
            (told(Some(asked), Some("124")), Verdict::Mismatch),
        ];
        for (reported, expected) in cases {
            assert_eq!(weigh_success(asked, Some("123"), &reported), expected, "{reported:?}");
        }
    }

    #[test]
    fn a_refused_repeat_says_nothing_about_the_first() {
        assert_eq!(weigh_answer(Verdict::Declined, true), Verdict::Unclear);
        assert_eq!(weigh_answer(Verdict::NotSent, true), Verdict::Unclear);
        assert_eq!(weigh_answer(Verdict::Declined, false), Verdict::Declined);
        assert_eq!(weigh_answer(Verdict::Accepted, true), Verdict::Accepted);
    }
}
