//! Where a payment stands: the documented values of `singleStatus`, with those of the two older fields beside it.

use rust_decimal::Decimal;

use super::owed::Taken;

/// A value of `singleStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SingleStatus {
    Scheduled,
    ReadyToFund,
    CancellationInProgress,
    FundingStarted,
    Processed,
    Sent,
    DisbursementOnHold,
    Delivered,
    Cleared,
    Canceled,
    Voided,
    FundingFailedVoided,
    FundingFailedActionNeeded,
    DisbursementFailedActionNeeded,
    /// A value that no page knows.
    Undocumented,
}

impl SingleStatus {
    /// As `singleStatus` has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "SCHEDULED",
            Self::ReadyToFund => "READY_TO_FUND",
            Self::CancellationInProgress => "CANCELLATION_IN_PROGRESS",
            Self::FundingStarted => "FUNDING_STARTED",
            Self::Processed => "PROCESSED",
            Self::Sent => "SENT",
            Self::DisbursementOnHold => "DISBURSEMENT_ON_HOLD",
            Self::Delivered => "DELIVERED",
            Self::Cleared => "CLEARED",
            Self::Canceled => "CANCELED",
            Self::Voided => "VOIDED",
            Self::FundingFailedVoided => "FUNDING_FAILED_VOIDED",
            Self::FundingFailedActionNeeded => "FUNDING_FAILED_ACTION_NEEDED",
            Self::DisbursementFailedActionNeeded => "DISBURSEMENT_FAILED_ACTION_NEEDED",
            Self::Undocumented => "ROUTED_TO_PARTNER",
        }
    }

    /// As `status` has it. Only `SCHEDULED` and `CANCELLED` (with two L) are documented; the others are said by third
    /// parties.
    pub(super) fn status(self) -> &'static str {
        match self {
            Self::Scheduled => "SCHEDULED",
            Self::ReadyToFund
            | Self::CancellationInProgress
            | Self::FundingStarted
            | Self::Processed
            | Self::Sent
            | Self::DisbursementOnHold
            | Self::Delivered => "PENDING",
            Self::Cleared => "PAID",
            Self::Canceled => "CANCELLED",
            Self::Voided | Self::FundingFailedVoided => "VOID",
            Self::FundingFailedActionNeeded | Self::DisbursementFailedActionNeeded => "FAILED",
            Self::Undocumented => "UNDEFINED",
        }
    }

    /// As `disbursementStatus` has it. Only `SCHEDULE` is documented.
    pub(super) fn disbursement_status(self) -> &'static str {
        match self {
            Self::Scheduled | Self::ReadyToFund | Self::CancellationInProgress | Self::FundingStarted => "SCHEDULE",
            Self::Processed | Self::Sent | Self::DisbursementOnHold | Self::Delivered => "IN_PROGRESS",
            Self::Cleared | Self::FundingFailedActionNeeded => "DONE",
            Self::DisbursementFailedActionNeeded => "FAILED",
            Self::Canceled | Self::Voided | Self::FundingFailedVoided | Self::Undocumented => "UNDEFINED",
        }
    }

    /// What a payment of `amount` takes of its bill.
    pub(super) fn taken(self, amount: Decimal) -> Taken {
        match self {
            Self::Scheduled
            | Self::ReadyToFund
            | Self::CancellationInProgress
            | Self::FundingStarted
            | Self::Undocumented => Taken { scheduled: amount, paid: Decimal::ZERO },
            Self::Processed
            | Self::Sent
            | Self::DisbursementOnHold
            | Self::Delivered
            | Self::Cleared
            | Self::FundingFailedActionNeeded
            | Self::DisbursementFailedActionNeeded => Taken { scheduled: Decimal::ZERO, paid: amount },
            Self::Canceled | Self::Voided | Self::FundingFailedVoided => Taken::default(),
        }
    }
}
