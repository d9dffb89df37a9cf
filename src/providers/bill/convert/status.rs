//! `singleStatus`: where a payment stands, in one word of BILL's.
//!
//! The words come from BILL's list and from its list for notifications, which carry them as `status`. The member
//! `status` of other answers has words of its own (`CANCELLED` with two L) and is not read.

use crate::domain::payment::evidence::Verdict;
use crate::domain::payment::recall::RecallKind;

/// A value of `singleStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::providers::bill) enum SingleStatus {
    Scheduled,
    ReadyToFund,
    CancellationInProgress,
    FundingStarted,
    Processed,
    Sent,
    DisbursementOnHold,
    Delivered,
    PartiallyClaimed,
    Cleared,
    Canceled,
    Voided,
    FundingFailedVoided,
    FundingFailedActionNeeded,
    DisbursementFailedActionNeeded,
    DisbursementFailedVendorBankRejected,
    FundsEscheated,
    Undefined,
    /// A word that no page has.
    Unrecognised,
}

impl SingleStatus {
    pub(in crate::providers::bill) fn read(word: &str) -> Self {
        match word {
            "SCHEDULED" => Self::Scheduled,
            "READY_TO_FUND" => Self::ReadyToFund,
            "CANCELLATION_IN_PROGRESS" => Self::CancellationInProgress,
            "FUNDING_STARTED" => Self::FundingStarted,
            "PROCESSED" => Self::Processed,
            "SENT" => Self::Sent,
            "DISBURSEMENT_ON_HOLD" => Self::DisbursementOnHold,
            "DELIVERED" => Self::Delivered,
            "PARTIALLY_CLAIMED" => Self::PartiallyClaimed,
            "CLEARED" => Self::Cleared,
            "CANCELED" => Self::Canceled,
            "VOIDED" => Self::Voided,
            "FUNDING_FAILED_VOIDED" => Self::FundingFailedVoided,
            "FUNDING_FAILED_ACTION_NEEDED" => Self::FundingFailedActionNeeded,
            "DISBURSEMENT_FAILED_ACTION_NEEDED" => Self::DisbursementFailedActionNeeded,
            "DISBURSEMENT_FAILED_VENDOR_BANK_REJECTED" => Self::DisbursementFailedVendorBankRejected,
            "FUNDS_ESCHEATED" => Self::FundsEscheated,
            "UNDEFINED" => Self::Undefined,
            _ => Self::Unrecognised,
        }
    }

    pub(in crate::providers::bill) const fn verdict(self) -> Verdict {
        match self {
            Self::Scheduled
            | Self::ReadyToFund
            | Self::FundingStarted
            | Self::Processed
            | Self::Sent
            | Self::DisbursementOnHold
            | Self::Delivered => Verdict::Accepted,
            // It was asked for, and has not happened.
            Self::CancellationInProgress => Verdict::Accepted,
            // The vendor took less than the virtual card holds, and may still take the rest.
            Self::PartiallyClaimed => Verdict::Accepted,
            // For a transfer it means that the money was sent; a failed disbursement may still follow.
            Self::Cleared => Verdict::Succeeded,
            Self::Canceled => Verdict::Cancelled,
            Self::Voided => Verdict::Reversed,
            // The debit failed and the payment was voided: no money moved, so there is none to be credited.
            Self::FundingFailedVoided => Verdict::Declined,
            // BILL paid the vendor all the same, and wants the money.
            Self::FundingFailedActionNeeded => Verdict::FundingFailed,
            Self::DisbursementFailedActionNeeded
            | Self::DisbursementFailedVendorBankRejected
            // The vendor never took it, and the state has it now.
            | Self::FundsEscheated => Verdict::DisbursementFailed,
            Self::Undefined | Self::Unrecognised => Verdict::Unclear,
        }
    }

    /// What may be asked for: to cancel while it is scheduled, to void once processing began. Between the two, and
    /// where the pages are silent, BILL decides, and refuses what it does not do.
    pub(in crate::providers::bill) const fn recalls(self) -> &'static [RecallKind] {
        match self {
            Self::Scheduled => &[RecallKind::Cancel],
            Self::FundingStarted
            | Self::Processed
            | Self::Sent
            | Self::DisbursementOnHold
            | Self::Delivered
            | Self::PartiallyClaimed
            | Self::Cleared
            | Self::FundingFailedActionNeeded
            | Self::DisbursementFailedActionNeeded
            | Self::DisbursementFailedVendorBankRejected => &[RecallKind::Void],
            // "Cannot void" is documented of escheated funds.
            Self::FundsEscheated
            | Self::ReadyToFund
            | Self::CancellationInProgress
            | Self::Canceled
            | Self::Voided
            | Self::FundingFailedVoided
            | Self::Undefined
            | Self::Unrecognised => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_word_has_its_verdict_and_its_recalls() {
        let (cancel, void): (&[RecallKind], &[RecallKind]) = (&[RecallKind::Cancel], &[RecallKind::Void]);
        for (word, verdict, recalls) in [
            ("SCHEDULED", Verdict::Accepted, cancel),
            ("READY_TO_FUND", Verdict::Accepted, &[]),
            ("CANCELLATION_IN_PROGRESS", Verdict::Accepted, &[]),
            ("FUNDING_STARTED", Verdict::Accepted, void),
            ("PROCESSED", Verdict::Accepted, void),
            ("SENT", Verdict::Accepted, void),
            ("DISBURSEMENT_ON_HOLD", Verdict::Accepted, void),
            ("DELIVERED", Verdict::Accepted, void),
            ("PARTIALLY_CLAIMED", Verdict::Accepted, void),
            ("CLEARED", Verdict::Succeeded, void),
            ("CANCELED", Verdict::Cancelled, &[]),
            ("VOIDED", Verdict::Reversed, &[]),
            ("FUNDING_FAILED_VOIDED", Verdict::Declined, &[]),
            ("FUNDING_FAILED_ACTION_NEEDED", Verdict::FundingFailed, void),
            ("DISBURSEMENT_FAILED_ACTION_NEEDED", Verdict::DisbursementFailed, void),
            ("DISBURSEMENT_FAILED_VENDOR_BANK_REJECTED", Verdict::DisbursementFailed, void),
            ("FUNDS_ESCHEATED", Verdict::DisbursementFailed, &[]),
            ("UNDEFINED", Verdict::Unclear, &[]),
        ] {
            let status = SingleStatus::read(word);
            assert_ne!(status, SingleStatus::Unrecognised, "{word}");
            assert_eq!((status.verdict(), status.recalls()), (verdict, recalls), "{word}");
        }
    }

    #[test]
    fn a_word_that_no_page_has_settles_nothing() {
        // The second is a value of `status`, the third the spelling of another member.
        for word in ["", "CANCELLED", "SCHEDULE", "cleared", "PAID", "ROUTED"] {
            let status = SingleStatus::read(word);
            assert_eq!((status, status.verdict()), (SingleStatus::Unrecognised, Verdict::Unclear), "{word}");
            assert!(status.recalls().is_empty(), "{word}");
        }
    }
}
