//! Events.

use std::sync::Arc;

use async_graphql::connection::{Connection, CursorType, Edge, EmptyFields};
use async_graphql::{Context, Description, Enum, ID, InputObject, Interface, Object, SimpleObject};

use super::bill::load_error;
use super::bill_number::BillNumber;
use super::bulk_payment_event::BulkPaymentEvent;
use super::control_number_event::{CollectionEvent, ControlNumberEvent};
use super::node::Node;
use super::payment::Payment;
use super::payment_parts::{PaymentFailure, PaymentStatus};
use super::reminder::ReminderEvent;
use crate::domain::event as domain;
use crate::domain::page::Page;
use crate::domain::payment as payment_domain;
use crate::graphql::context::ContextExt;
use crate::graphql::loader::{BillNumberKey, PaymentKey};
use crate::graphql::scalar::{DateTime, Sequence};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::EventType")]
pub enum EventType {
    /// A payment was stored durably.
    PaymentCreated,
    /// A scheduled payment came due.
    PaymentReleased,
    /// A call to the provider is about to be made.
    PaymentSubmitting,
    /// The call was proven not to have been processed; it will be made again.
    PaymentNotSent,
    /// No definite answer is known; billpay finds out.
    PaymentUnknown,
    /// The provider has it and works on it.
    PaymentPending,
    /// A person must look.
    PaymentNeedsReview,
    /// It was paid.
    PaymentSucceeded,
    /// It was paid after all, although a refusal had been reported.
    LateSuccess,
    /// It was not paid.
    PaymentFailed,
    /// It was called off.
    PaymentCancelled,
    /// The provider took it back.
    PaymentReversed,
    /// The provider is to be asked to cancel it.
    CancelRequested,
    /// The provider is to be asked to void it.
    VoidRequested,
    /// The provider refused to cancel or to void it.
    RecallRefused,
    /// No answer is known to the wish to cancel or to void it.
    RecallUnknown,
    /// A bulk payment was stored durably.
    BulkPaymentCreated,
    /// A bulk payment came to stand elsewhere, since its payments did.
    BulkPaymentChanged,
    /// A bill number was saved.
    BillNumberSaved,
    /// A bill number was asked for anew, and something had changed.
    BillNumberRefreshed,
    /// A bill number was removed.
    BillNumberRemoved,
    /// The due date of a bill number comes near.
    ReminderDue,
    /// A control number was stored durably; the provider is asked for it.
    ControlNumberRequested,
    /// No definite answer about a control number is known; billpay finds out.
    ControlNumberUnknown,
    /// A person must look at a control number.
    ControlNumberNeedsReview,
    /// A control number was not made.
    ControlNumberFailed,
    /// A control number was made: it can be paid.
    ControlNumberIssued,
    /// A control number was changed, switched on or switched off.
    ControlNumberUpdated,
    /// Money changed a control number: what has come for it, or where it stands.
    ControlNumberPaid,
    /// Money for a control number was heard of.
    CollectionReceived,
    /// Money that had been heard of moved on: settled, held, given back or failed.
    CollectionChanged,
}

/// Which events are wanted.
#[derive(Clone, Debug, Default, InputObject)]
pub struct EventFilter {
    /// Of one of these types.
    pub types: Option<Vec<EventType>>,
    /// About this object.
    pub subject_id: Option<ID>,
}

/// One recorded change.
#[derive(Clone, Debug, Interface)]
#[graphql(
    field(
        name = "sequence",
        ty = "Sequence",
        desc = "Gap-free in the tenant's log (a filter leaves gaps in what you see)."
    ),
    field(name = "type", method = "kind", ty = "EventType", desc = "What happened."),
    field(name = "at", ty = "DateTime", desc = "When it was recorded."),
    field(name = "actor", ty = "String", desc = "Who did it: a subject, a provider, or billpay itself."),
    field(name = "reason", ty = "Option<String>", desc = "Why, for a person."),
    field(name = "subject", ty = "Node", desc = "The object that changed, as it is now.")
)]
pub enum Event {
    /// Of a payment.
    PaymentEvent(PaymentEvent),
    /// Of a bill number.
    BillNumberEvent(BillNumberEvent),
    /// Of a bulk payment.
    BulkPaymentEvent(BulkPaymentEvent),
    /// That a bill number's due date comes near.
    ReminderEvent(ReminderEvent),
    /// Of a control number.
    ControlNumberEvent(ControlNumberEvent),
    /// Of money that was received against a control number.
    CollectionEvent(CollectionEvent),
}

/// A change of a payment. `status` is that of the event; `payment` is the present one. `version` is gap-free for the
/// payment, so that a subscriber can prove that it has all.
#[derive(Clone, Debug, Description)]
pub struct PaymentEvent {
    event: Arc<domain::Event>,
    known: Option<Arc<payment_domain::Payment>>,
}

impl PaymentEvent {
    /// An event whose payment is loaded when it is asked for.
    pub const fn new(event: Arc<domain::Event>) -> Self {
        Self { event, known: None }
    }

    /// An event whose payment is at hand.
    pub fn known(event: impl Into<Arc<domain::Event>>, payment: impl Into<Arc<payment_domain::Payment>>) -> Self {
        Self { event: event.into(), known: Some(payment.into()) }
    }

    async fn load(&self, ctx: &Context<'_>) -> async_graphql::Result<Payment> {
        if let Some(payment) = &self.known {
            return Ok(Payment(payment_domain::Payment::clone(payment)));
        }
        let found = ctx.loader().load_one(PaymentKey(self.event.subject_id)).await.map_err(load_error)?;
        found.map(Payment).ok_or_else(|| async_graphql::Error::new("an event without its payment"))
    }
}

#[Object(use_type_description)]
impl PaymentEvent {
    /// Gap-free in the tenant's log (a filter leaves gaps in what you see).
    pub async fn sequence(&self) -> Sequence {
        Sequence(self.event.sequence)
    }

    /// What happened.
    #[graphql(name = "type")]
    pub async fn kind(&self) -> EventType {
        self.event.kind.into()
    }

    /// When it was recorded.
    pub async fn at(&self) -> DateTime {
        DateTime(self.event.at)
    }

    /// Who did it: a subject, a provider, or billpay itself.
    pub async fn actor(&self) -> String {
        self.event.actor.clone()
    }

    /// Why, for a person.
    pub async fn reason(&self) -> Option<String> {
        self.event.reason.clone()
    }

    /// The payment, as it is now.
    pub async fn subject(&self, ctx: &Context<'_>) -> async_graphql::Result<Node> {
        Ok(Node::Payment(self.load(ctx).await?))
    }

    /// Which change of the payment it is: from 1, gap-free.
    async fn version(&self) -> i32 {
        self.event.subject_version
    }

    /// The payment's status after it.
    async fn status(&self) -> async_graphql::Result<PaymentStatus> {
        let status =
            self.event.status.as_deref().and_then(|word| word.parse::<payment_domain::status::PaymentStatus>().ok());
        let status = status.ok_or_else(|| async_graphql::Error::new("a payment's event without a status"))?;
        Ok(status.into())
    }

    /// Why the payment failed, in the event that says so.
    async fn failure(&self) -> Option<PaymentFailure> {
        self.event.failure.clone().map(PaymentFailure)
    }

    /// The payment, as it is now.
    async fn payment(&self, ctx: &Context<'_>) -> async_graphql::Result<Payment> {
        self.load(ctx).await
    }
}

/// A change of a bill number.
#[derive(Clone, Debug, Description)]
pub struct BillNumberEvent(pub Arc<domain::Event>);

impl BillNumberEvent {
    async fn load(&self, ctx: &Context<'_>) -> async_graphql::Result<BillNumber> {
        let found = ctx.loader().load_one(BillNumberKey(self.0.subject_id)).await.map_err(load_error)?;
        found.map(BillNumber).ok_or_else(|| async_graphql::Error::new("an event without its bill number"))
    }
}

#[Object(use_type_description)]
impl BillNumberEvent {
    /// Gap-free in the tenant's log (a filter leaves gaps in what you see).
    pub async fn sequence(&self) -> Sequence {
        Sequence(self.0.sequence)
    }

    /// What happened.
    #[graphql(name = "type")]
    pub async fn kind(&self) -> EventType {
        self.0.kind.into()
    }

    /// When it was recorded.
    pub async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }

    /// Who did it.
    pub async fn actor(&self) -> String {
        self.0.actor.clone()
    }

    /// Why, for a person.
    pub async fn reason(&self) -> Option<String> {
        self.0.reason.clone()
    }

    /// The bill number, as it is now.
    pub async fn subject(&self, ctx: &Context<'_>) -> async_graphql::Result<Node> {
        Ok(Node::BillNumber(self.load(ctx).await?))
    }

    /// Which change of the bill number it is: from 1, gap-free.
    async fn version(&self) -> i32 {
        self.0.subject_version
    }

    /// The bill number, as it is now; one that was removed is told too.
    async fn bill_number(&self, ctx: &Context<'_>) -> async_graphql::Result<BillNumber> {
        self.load(ctx).await
    }
}

/// An event of any kind.
pub fn event(event: Arc<domain::Event>) -> Event {
    match event.subject_kind {
        domain::SubjectKind::Payment => Event::PaymentEvent(PaymentEvent::new(event)),
        domain::SubjectKind::BulkPayment => Event::BulkPaymentEvent(BulkPaymentEvent(event)),
        domain::SubjectKind::BillNumber if event.kind == domain::EventType::ReminderDue => {
            Event::ReminderEvent(ReminderEvent(event))
        }
        domain::SubjectKind::BillNumber => Event::BillNumberEvent(BillNumberEvent(event)),
        domain::SubjectKind::ControlNumber => Event::ControlNumberEvent(ControlNumberEvent::new(event)),
        domain::SubjectKind::Collection => Event::CollectionEvent(CollectionEvent(event)),
    }
}

/// The cursor of an event, and of what stands for one: its sequence.
#[derive(Clone, Copy, Debug)]
pub struct SequenceCursor(pub i64);

impl CursorType for SequenceCursor {
    type Error = std::num::ParseIntError;

    fn decode_cursor(text: &str) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }

    fn encode_cursor(&self) -> String {
        self.0.to_string()
    }
}

/// What an event connection tells beside its page.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct LogHead {
    /// The last sequence of the tenant's log.
    pub head: Sequence,
}

/// A page of events, oldest first.
pub type EventConnection = Connection<SequenceCursor, Event, LogHead, EmptyFields>;

/// A page of events as a connection.
pub fn connection(page: Page<domain::Event>, head: i64) -> EventConnection {
    let head = LogHead { head: Sequence(head) };
    let mut connection = Connection::with_additional_fields(page.has_previous, page.has_next, head);
    connection
        .edges
        .extend(page.items.into_iter().map(|found| Edge::new(SequenceCursor(found.sequence), event(Arc::new(found)))));
    connection
}
