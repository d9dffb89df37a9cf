//! The states of a payment, and why a person must look at one.

use std::fmt;
use std::str::FromStr;

/// A word in a row that this version does not know: the row is passed over, never guessed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown word in a stored row: {0}")]
pub struct UnknownWord(pub String);

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word in rows, logs and the schema.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = $crate::domain::payment::status::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word => Ok(Self::$variant),)*
                    _ => Err($crate::domain::payment::status::UnknownWord(word.to_owned())),
                }
            }
        }
    };
}
pub(crate) use words;

words! {
    /// Where a payment stands. Two questions matter most: is it final, and may money have moved.
    PaymentStatus {
        /// Due later; can be cancelled. No money has moved.
        Scheduled = "SCHEDULED",
        /// Stored durably and due. No money has moved.
        Ready = "READY",
        /// A call may be in the air. Money may have moved.
        Submitting = "SUBMITTING",
        /// The provider has it and works on it. Money may have moved.
        Pending = "PENDING",
        /// A call was made, or may have been, and no definite answer is known. Money may have moved.
        Unknown = "UNKNOWN",
        /// No safe step is left for the machine; a person or late evidence decides. Money may have moved.
        NeedsReview = "NEEDS_REVIEW",
        /// Definitely paid.
        Succeeded = "SUCCEEDED",
        /// Definitely not paid.
        Failed = "FAILED",
        /// Called off before it was sent, or by the provider. No money has moved.
        Cancelled = "CANCELLED",
        /// Was paid, and the provider took it back.
        Reversed = "REVERSED",
    }
}

impl PaymentStatus {
    /// Whether nothing more is expected to happen (evidence may still come).
    pub const fn is_final(self) -> bool {
        match self {
            Self::Succeeded | Self::Failed | Self::Cancelled | Self::Reversed => true,
            Self::Scheduled | Self::Ready | Self::Submitting | Self::Pending | Self::Unknown | Self::NeedsReview => {
                false
            }
        }
    }

    /// Whether the provider's first answer is still awaited.
    pub const fn awaits_first_answer(self) -> bool {
        match self {
            Self::Ready | Self::Submitting => true,
            Self::Scheduled
            | Self::Pending
            | Self::Unknown
            | Self::NeedsReview
            | Self::Succeeded
            | Self::Failed
            | Self::Cancelled
            | Self::Reversed => false,
        }
    }
}

words! {
    /// Why a person must look at a payment.
    ReviewReason {
        /// No answer is known and no safe step is left.
        NoSafeAction = "NO_SAFE_ACTION",
        /// No definite answer came within the time that is set for it.
        Overdue = "OVERDUE",
        /// The provider reports another amount, currency or account.
        Mismatch = "MISMATCH",
        /// The provider reports a payment that billpay had not sent, or had cancelled.
        UnexpectedSuccess = "UNEXPECTED_SUCCESS",
        /// Two payments for the same bill seem to have succeeded.
        DuplicateSuspected = "DUPLICATE_SUSPECTED",
        /// The provider reports that the biller did not get the money after all.
        DisbursementFailed = "DISBURSEMENT_FAILED",
        /// The provider paid the biller and could not take the money from us.
        FundingFailed = "FUNDING_FAILED",
        /// The provider says both that it paid and that it cancelled.
        Contradiction = "CONTRADICTION",
        /// The database was restored from a backup that may have forgotten a submission.
        Restored = "RESTORED",
    }
}

impl ReviewReason {
    /// In words, for a person.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NoSafeAction => "no answer is known and no safe step is left",
            Self::Overdue => "no definite answer came within the time that is set for it",
            Self::Mismatch => "the provider reports another amount, currency or account",
            Self::UnexpectedSuccess => "the provider reports a payment that was not sent, or was cancelled",
            Self::DuplicateSuspected => "two payments for the same bill seem to have succeeded",
            Self::DisbursementFailed => "the provider reports that the biller did not get the money",
            Self::FundingFailed => {
                "the provider paid the biller and could not take the money from us: it must be wired"
            }
            Self::Contradiction => "the provider says both that it paid and that it cancelled",
            Self::Restored => "the database was restored and may have forgotten that this was sent",
        }
    }

    /// Whether only an answer was lacking, so that later positive evidence settles it. Otherwise something is wrong
    /// that no further answer explains, and a person decides.
    pub const fn is_doubt(self) -> bool {
        match self {
            Self::NoSafeAction | Self::Overdue | Self::Restored => true,
            Self::Mismatch
            | Self::UnexpectedSuccess
            | Self::DuplicateSuspected
            | Self::DisbursementFailed
            | Self::FundingFailed
            | Self::Contradiction => false,
        }
    }
}
