//! The result codes of "Transactions Response Codes", and what each says of a payment.
//!
//! The table is ZamuPay's, for transactions in general; that bills use it is inferred. So only those codes end a
//! payment whose action is "mark as failed", and whatever is not in the table is looked up again.

use crate::domain::payment::evidence::Verdict;

/// A code in `billRequestOutcome.resultCode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResultCode {
    Success,
    TransactionTimeout,
    InsufficientFunds,
    TransferLimitExceeded,
    InternalServerError,
    ThirdPartyInternalServerError,
    InvalidDebitAccount,
    InvalidCreditAccount,
    AmountBelowLimit,
    InvalidTransactionElement,
    DuplicateTransaction,
    ServerBusy,
    TransactionNotFound,
    GeneralError,
    ThirdPartyGeneralFailure,
    InconclusiveStatus,
    InsufficientWalletBalance,
    ThirdPartyUnavailable,
    AmlCheckFailure,
    Unrecognised,
}

/// `billRequestOutcome.status`, of whose values one is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutcomeStatus {
    /// 4, "Completed".
    Completed,
    /// Any other, or none.
    Other,
}

impl ResultCode {
    pub(super) fn read(code: &str) -> Self {
        match code {
            "0" => Self::Success,
            "-1" => Self::TransactionTimeout,
            "1" => Self::InsufficientFunds,
            "2" => Self::TransferLimitExceeded,
            "3" => Self::InternalServerError,
            "4" => Self::ThirdPartyInternalServerError,
            "5" => Self::InvalidDebitAccount,
            "6" => Self::InvalidCreditAccount,
            "7" => Self::AmountBelowLimit,
            "8" => Self::InvalidTransactionElement,
            "9" => Self::DuplicateTransaction,
            "10" => Self::ServerBusy,
            "11" => Self::TransactionNotFound,
            "12" => Self::GeneralError,
            "13" => Self::ThirdPartyGeneralFailure,
            "14" => Self::InconclusiveStatus,
            "15" => Self::InsufficientWalletBalance,
            "16" => Self::ThirdPartyUnavailable,
            "17" => Self::AmlCheckFailure,
            // Also 18, "Decli...", whose row could not be read to its end.
            _ => Self::Unrecognised,
        }
    }

    /// What the code says together with the status.
    pub(super) const fn verdict(self, status: OutcomeStatus) -> Verdict {
        match (self, status) {
            (Self::Success, OutcomeStatus::Completed) => Verdict::Succeeded,
            // The request went well so far; only status 4 is known to be the end.
            (Self::Success, OutcomeStatus::Other) => Verdict::Accepted,
            // Read by its code even when "Completed": the status says that the work is over, not how it went. The two
            // server errors and "busy" are failures by the table, after which the same id is spent.
            (
                Self::InsufficientFunds
                | Self::TransferLimitExceeded
                | Self::InternalServerError
                | Self::ThirdPartyInternalServerError
                | Self::InvalidDebitAccount
                | Self::InvalidCreditAccount
                | Self::AmountBelowLimit
                | Self::ServerBusy
                | Self::InsufficientWalletBalance
                | Self::AmlCheckFailure,
                OutcomeStatus::Completed | OutcomeStatus::Other,
            ) => Verdict::Declined,
            (Self::TransactionNotFound, OutcomeStatus::Completed | OutcomeStatus::Other) => Verdict::NotFound,
            // -1: the table says "retry with a new id", which pays twice if the first one arrived. 9: it speaks of a
            // repetition, not of the payment. 8, 12, 13: "escalate", for the risk of a double payment.
            (
                Self::TransactionTimeout
                | Self::InvalidTransactionElement
                | Self::DuplicateTransaction
                | Self::GeneralError
                | Self::ThirdPartyGeneralFailure
                | Self::InconclusiveStatus
                | Self::ThirdPartyUnavailable
                | Self::Unrecognised,
                OutcomeStatus::Completed | OutcomeStatus::Other,
            ) => Verdict::Unclear,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(code: &str) -> [Verdict; 2] {
        [OutcomeStatus::Completed, OutcomeStatus::Other].map(|status| ResultCode::read(code).verdict(status))
    }

    #[test]
    fn only_0_with_status_4_is_paid() {
        assert_eq!(verdicts("0"), [Verdict::Succeeded, Verdict::Accepted]);
        for code in -1..=30 {
            let code = code.to_string();
            assert_eq!(verdicts(&code).contains(&Verdict::Succeeded), code == "0", "{code}");
        }
    }

    #[test]
    fn ten_codes_decline_one_is_not_found_and_all_others_are_unclear() {
        for code in ["1", "2", "3", "4", "5", "6", "7", "10", "15", "17"] {
            assert_eq!(verdicts(code), [Verdict::Declined; 2], "{code}");
        }
        assert_eq!(verdicts("11"), [Verdict::NotFound; 2]);
        for code in ["-1", "8", "9", "12", "13", "14", "16", "18", "19", "00", "000", "1.0", "x", "success"] {
            assert_eq!(verdicts(code), [Verdict::Unclear; 2], "{code}");
        }
    }
}
