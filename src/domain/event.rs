//! Events: each recorded change, numbered without gaps in its tenant's log.

use super::payment::status::words;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use uuid::Uuid;

use super::payment::Failure;
use super::payment::status::PaymentStatus;

words! {
    /// What kind of object an event is about.
    SubjectKind {
        /// A payment.
        Payment = "PAYMENT",
        /// A bill number.
        BillNumber = "BILL_NUMBER",
        /// A control number.
        ControlNumber = "CONTROL_NUMBER",
        /// Money that was received against a control number.
        Collection = "COLLECTION",
        /// A bulk payment.
        BulkPayment = "BULK_PAYMENT",
    }
}

words! {
    /// What happened.
    EventType {
        /// A payment was stored durably.
        PaymentCreated = "PAYMENT_CREATED",
        /// A scheduled payment came due.
        PaymentReleased = "PAYMENT_RELEASED",
        /// A call to the provider is about to be made.
        PaymentSubmitting = "PAYMENT_SUBMITTING",
        /// The call was proven not to have been processed; it will be made again.
        PaymentNotSent = "PAYMENT_NOT_SENT",
        /// No definite answer is known.
        PaymentUnknown = "PAYMENT_UNKNOWN",
        /// The provider has it and works on it.
        PaymentPending = "PAYMENT_PENDING",
        /// A person must look.
        PaymentNeedsReview = "PAYMENT_NEEDS_REVIEW",
        /// It was paid.
        PaymentSucceeded = "PAYMENT_SUCCEEDED",
        /// It was paid after all, although a refusal had been reported.
        LateSuccess = "LATE_SUCCESS",
        /// It was not paid.
        PaymentFailed = "PAYMENT_FAILED",
        /// It was called off.
        PaymentCancelled = "PAYMENT_CANCELLED",
        /// The provider took it back.
        PaymentReversed = "PAYMENT_REVERSED",
        /// The provider is to be asked to cancel it.
        CancelRequested = "CANCEL_REQUESTED",
        /// The provider is to be asked to void it.
        VoidRequested = "VOID_REQUESTED",
        /// The provider refused to cancel or to void it.
        RecallRefused = "RECALL_REFUSED",
        /// No answer is known to the wish to cancel or to void it.
        RecallUnknown = "RECALL_UNKNOWN",
        /// A bulk payment was stored durably.
        BulkPaymentCreated = "BULK_PAYMENT_CREATED",
        /// A bulk payment came to stand elsewhere, since its payments did.
        BulkPaymentChanged = "BULK_PAYMENT_CHANGED",
        /// A bill number was saved.
        BillNumberSaved = "BILL_NUMBER_SAVED",
        /// A bill number was asked for anew, and something had changed.
        BillNumberRefreshed = "BILL_NUMBER_REFRESHED",
        /// A bill number was removed.
        BillNumberRemoved = "BILL_NUMBER_REMOVED",
        /// The due date of a bill number comes near.
        ReminderDue = "REMINDER_DUE",
        /// A control number was stored durably; the provider will be asked for it.
        ControlNumberRequested = "CONTROL_NUMBER_REQUESTED",
        /// No definite answer about a control number is known.
        ControlNumberUnknown = "CONTROL_NUMBER_UNKNOWN",
        /// A person must look at a control number.
        ControlNumberNeedsReview = "CONTROL_NUMBER_NEEDS_REVIEW",
        /// A control number was not made.
        ControlNumberFailed = "CONTROL_NUMBER_FAILED",
        /// A control number was made.
        ControlNumberIssued = "CONTROL_NUMBER_ISSUED",
        /// A control number was changed.
        ControlNumberUpdated = "CONTROL_NUMBER_UPDATED",
        /// Money changed a control number: what has come for it, or where it stands.
        ControlNumberPaid = "CONTROL_NUMBER_PAID",
        /// Money for a control number was heard of.
        CollectionReceived = "COLLECTION_RECEIVED",
        /// Money that had been heard of moved on.
        CollectionChanged = "COLLECTION_CHANGED",
    }
}

impl EventType {
    /// The event that tells of a payment's change from one status to another.
    pub const fn of_change(from: PaymentStatus, to: PaymentStatus) -> Self {
        match to {
            PaymentStatus::Scheduled => Self::PaymentCreated,
            PaymentStatus::Ready => match from {
                PaymentStatus::Scheduled => Self::PaymentReleased,
                PaymentStatus::Ready
                | PaymentStatus::Submitting
                | PaymentStatus::Pending
                | PaymentStatus::Unknown
                | PaymentStatus::NeedsReview
                | PaymentStatus::Succeeded
                | PaymentStatus::Failed
                | PaymentStatus::Cancelled
                | PaymentStatus::Reversed => Self::PaymentNotSent,
            },
            PaymentStatus::Submitting => Self::PaymentSubmitting,
            PaymentStatus::Pending => Self::PaymentPending,
            PaymentStatus::Unknown => Self::PaymentUnknown,
            PaymentStatus::NeedsReview => Self::PaymentNeedsReview,
            PaymentStatus::Succeeded => match from {
                PaymentStatus::Failed => Self::LateSuccess,
                PaymentStatus::Scheduled
                | PaymentStatus::Ready
                | PaymentStatus::Submitting
                | PaymentStatus::Pending
                | PaymentStatus::Unknown
                | PaymentStatus::NeedsReview
                | PaymentStatus::Succeeded
                | PaymentStatus::Cancelled
                | PaymentStatus::Reversed => Self::PaymentSucceeded,
            },
            PaymentStatus::Failed => Self::PaymentFailed,
            PaymentStatus::Cancelled => Self::PaymentCancelled,
            PaymentStatus::Reversed => Self::PaymentReversed,
        }
    }
}

/// One change of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its place in the tenant's log, from 1, without gaps.
    pub sequence: i64,
    /// What kind of object changed.
    pub subject_kind: SubjectKind,
    /// Which one.
    pub subject_id: Uuid,
    /// Which change of that object it is, from 1, without gaps.
    pub subject_version: i32,
    /// The customer whose object it is.
    pub customer: Option<String>,
    /// The object's status after it, in the word of its own kind; none for kinds without one.
    pub status: Option<String>,
    /// What happened.
    pub kind: EventType,
    /// Who did it: a subject, a provider, or `billpay`.
    pub actor: String,
    /// Why, for a person.
    pub reason: Option<String>,
    /// Why it failed, in an event that says so.
    pub failure: Option<Failure>,
    /// When it was recorded.
    pub at: Timestamp,
}
