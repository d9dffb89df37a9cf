//! Subscriptions: the log, followed.
//!
//! What is told of an event is found out once for all who ask the same ([`Shared`]), and so is which payment it is of,
//! where a filter has to know; with it those of the events that are told next.
//!
//! A field's stream keeps room for all that it ever waits for, for as long as its subscriber stays: so what asks the
//! database is boxed.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use async_graphql::{Context, Description, ID, Subscription as GraphqlSubscription};
use futures_util::{Stream, StreamExt};

use super::context::ContextExt;
use super::error::{bad_input, database, top_level};
use super::filter;
use super::object::control_number_event::{CollectionEvent, ControlNumberEvent};
use super::object::event::{self, Event, EventFilter, PaymentEvent};
use super::object::payment::PaymentFilter;
use super::object::reminder::ReminderEvent;
use super::scalar::Sequence;
use super::shared::{AHEAD, Dress, Shared};
use crate::app::access::require;
use crate::app::events::Start;
use crate::app::memo::{self, Aged};
use crate::app::told::{Told, Turn};
use crate::app::{App, AppError};
use crate::domain::event::{Event as DomainEvent, EventType, SubjectKind};
use crate::domain::ids::PaymentId;
use crate::domain::payment::Payment;
use crate::domain::requester::Scope;
use crate::store::{self, Owner, StoreError};

/// What can be followed. `after` absent: paymentUpdated from the beginning, the others from now. `after: "0"`: from the
/// oldest kept; any other from which the log does not go on, since it is older, beyond the end, or of what a restored
/// backup has forgotten: RESYNC_REQUIRED. A stream that stands at such a place ends with it.
#[derive(Clone, Copy, Debug, Default, Description)]
pub struct Subscription;

type Followed<T> = async_graphql::Result<Shared<T>>;

#[GraphqlSubscription(use_type_description)]
impl Subscription {
    /// Every change of one payment, from its beginning where `after` is absent.
    async fn payment_updated(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The payment.")] id: ID,
        #[graphql(desc = "Behind this sequence.")] after: Option<Sequence>,
    ) -> async_graphql::Result<impl Stream<Item = Followed<PaymentEvent>> + use<>> {
        require(ctx.requester(), Scope::PaymentsRead).map_err(top_level)?;
        let (app, owner) = (ctx.app().clone(), ctx.owner());
        let no_such = || bad_input("there is no such payment");
        let id = id.parse().map_err(|_| no_such())?;
        let payment = Box::pin(app.store.payment(&owner, id)).await.map_err(database)?.ok_or_else(no_such)?;
        let filter = store::EventFilter {
            subject_kinds: Some(vec![SubjectKind::Payment]),
            subject_id: Some(payment.id.uuid()),
            ..store::EventFilter::default()
        };
        let start = after.map_or(Start::Oldest, |after| Start::After(after.0));
        let after = app.event_start(&owner, start).await.map_err(top_level)?;
        Ok(app.follow(owner, filter, after).map(|turn| shared(turn, PaymentEvent::new)))
    }

    /// Every change of the payments that a filter leaves. `statuses` are those of the event.
    async fn payments_updated(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which are wanted.")] filter: Option<PaymentFilter>,
        #[graphql(desc = "Behind this sequence; from now where absent.")] after: Option<Sequence>,
    ) -> async_graphql::Result<impl Stream<Item = Followed<PaymentEvent>> + use<>> {
        require(ctx.requester(), Scope::PaymentsRead).map_err(top_level)?;
        let (app, owner) = (ctx.app().clone(), ctx.owner());
        let wanted = filter::payments(filter.unwrap_or_default())?;
        let events = store::EventFilter {
            subject_kinds: Some(vec![SubjectKind::Payment]),
            statuses: wanted.statuses.clone(),
            ..store::EventFilter::default()
        };
        let start = after.map_or(Start::Now, |after| Start::After(after.0));
        let after = app.event_start(&owner, start).await.map_err(top_level)?;
        let followed = app.follow(owner.clone(), events, after);
        let wanted = Arc::new(Wanted::new(app, owner, wanted));
        Ok(followed.filter_map(move |turn| {
            let wanted = Arc::clone(&wanted);
            async move {
                match turn {
                    Ok(turn) => wanted.matching(turn).await.transpose(),
                    Err(error) => Some(Err(top_level(error))),
                }
            }
        }))
    }

    /// Every change of one control number, or of all; from now where `after` is absent.
    async fn control_number_updated(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The control number; all where absent.")] id: Option<ID>,
        #[graphql(desc = "Behind this sequence; from now where absent.")] after: Option<Sequence>,
    ) -> async_graphql::Result<impl Stream<Item = Followed<ControlNumberEvent>> + use<>> {
        require(ctx.requester(), Scope::ControlNumbersRead).map_err(top_level)?;
        let (app, owner) = (ctx.app().clone(), ctx.owner());
        let subject_id = match id {
            Some(id) => Some(Box::pin(control_number(&app, &owner, &id)).await?),
            None => None,
        };
        let filter = store::EventFilter {
            subject_kinds: Some(vec![SubjectKind::ControlNumber]),
            subject_id,
            ..store::EventFilter::default()
        };
        let start = after.map_or(Start::Now, |after| Start::After(after.0));
        let after = app.event_start(&owner, start).await.map_err(top_level)?;
        Ok(app.follow(owner, filter, after).map(|turn| shared(turn, ControlNumberEvent::new)))
    }

    /// Money that is heard of, and every change of it: `type` and `status` tell which. The same money is told again as
    /// it moves on, so book it by `collection.id`.
    async fn collection_received(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Behind this sequence; from now where absent.")] after: Option<Sequence>,
    ) -> async_graphql::Result<impl Stream<Item = Followed<CollectionEvent>> + use<>> {
        require(ctx.requester(), Scope::ControlNumbersRead).map_err(top_level)?;
        let (app, owner) = (ctx.app().clone(), ctx.owner());
        let filter =
            store::EventFilter { subject_kinds: Some(vec![SubjectKind::Collection]), ..store::EventFilter::default() };
        let start = after.map_or(Start::Now, |after| Start::After(after.0));
        let after = app.event_start(&owner, start).await.map_err(top_level)?;
        Ok(app.follow(owner, filter, after).map(|turn| shared(turn, CollectionEvent)))
    }

    /// Due dates that come near, of the bill numbers that are to be reminded of.
    async fn reminder_due(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Behind this sequence; from now where absent.")] after: Option<Sequence>,
    ) -> async_graphql::Result<impl Stream<Item = Followed<ReminderEvent>> + use<>> {
        require(ctx.requester(), Scope::BillsRead).map_err(top_level)?;
        let (app, owner) = (ctx.app().clone(), ctx.owner());
        let reminders = store::EventFilter {
            subject_kinds: Some(vec![SubjectKind::BillNumber]),
            types: Some(vec![EventType::ReminderDue]),
            ..store::EventFilter::default()
        };
        let start = after.map_or(Start::Now, |after| Start::After(after.0));
        let after = app.event_start(&owner, start).await.map_err(top_level)?;
        Ok(app.follow(owner, reminders, after).map(|turn| shared(turn, ReminderEvent)))
    }

    /// Every event of the tenant that the token's scopes let it read.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Behind this sequence; from now where absent.")] after: Option<Sequence>,
        #[graphql(desc = "Which are wanted.")] filter: Option<EventFilter>,
    ) -> async_graphql::Result<impl Stream<Item = Followed<Event>> + use<>> {
        filter::require_events(ctx)?;
        let (app, owner) = (ctx.app().clone(), ctx.owner());
        let filter = filter::events(ctx, filter.unwrap_or_default())?;
        let start = after.map_or(Start::Now, |after| Start::After(after.0));
        let after = app.event_start(&owner, start).await.map_err(top_level)?;
        Ok(app.follow(owner, filter, after).map(|turn| shared(turn, event::event)))
    }
}

/// The control number that is to be followed, where the owner may see it.
async fn control_number(app: &App, owner: &Owner, id: &ID) -> async_graphql::Result<uuid::Uuid> {
    let no_such = || bad_input("there is no such control number");
    let id = id.parse().map_err(|_| no_such())?;
    let number = app.store.control_number(owner, id).await.map_err(database)?.ok_or_else(no_such)?;
    Ok(number.id.uuid())
}

/// What is told of an event to all who ask the same.
fn shared<T>(turn: Result<Turn, AppError>, dress: fn(Arc<DomainEvent>) -> T) -> Followed<T> {
    turn.map(|turn| Shared::new(turn, dress)).map_err(top_level)
}

/// Which payments are wanted, and by whom.
struct Wanted {
    app: App,
    owner: Owner,
    filter: store::PaymentFilter,
    /// Whether an event alone tells, since its status is all that is asked for.
    by_event_alone: bool,
}

impl Wanted {
    fn new(app: App, owner: Owner, filter: store::PaymentFilter) -> Self {
        let by_status = store::PaymentFilter { statuses: filter.statuses.clone(), ..store::PaymentFilter::default() };
        Self { by_event_alone: filter == by_status, app, owner, filter }
    }

    /// The event, if its payment is among those that are wanted.
    async fn matching(self: &Arc<Self>, turn: Turn) -> async_graphql::Result<Option<Shared<PaymentEvent>>> {
        if self.by_event_alone {
            return Ok(Some(Shared::new(turn, PaymentEvent::new)));
        }
        if !self.may_want(&turn.told.event) {
            return Ok(None);
        }
        let payment = self.payment(&turn).await.map_err(database)?;
        let Some(known) = self.known(&turn.told, payment) else { return Ok(None) };
        let wanted = Arc::clone(self);
        let of_next = move |told: &Told| wanted.known(told, told.payments.known(&wanted.owner, &wanted.app.clock)?);
        Ok(Some(Shared::with_known(turn, known, Dress::Known(Arc::new(of_next)))))
    }

    /// An event names its payment's customer: others' payments need not be read.
    fn may_want(&self, event: &DomainEvent) -> bool {
        self.filter.customer.is_none() || event.customer == self.filter.customer
    }

    /// The event with its payment, if that is wanted.
    fn known(&self, told: &Told, payment: Aged<Option<Arc<Payment>>>) -> Option<Aged<PaymentEvent>> {
        let wanted = payment.value.filter(|payment| is_wanted(&self.filter, payment))?;
        Some(Aged { value: PaymentEvent::known(Arc::clone(&told.event), wanted), since: payment.since })
    }

    /// The payment of an event as its owner sees it, read once for all who need it.
    async fn payment(&self, turn: &Turn) -> Result<Aged<Option<Arc<Payment>>>, StoreError> {
        let read = || self.read_with_next(turn);
        if let Some(known) = turn.told.payments.get(&self.owner, &self.app.clock, None, read).await {
            return Ok(known);
        }
        let since = self.app.clock.now();
        let id = PaymentId::from_uuid(turn.told.event.subject_id);
        let payment = Box::pin(self.app.store.payment(&self.owner, id)).await?;
        Ok(Aged { value: payment.map(Arc::new), since })
    }

    /// Reads the payment of an event, and with it those of the events that are told next.
    fn read_with_next(&self, turn: &Turn) -> impl Future<Output = Option<Option<Arc<Payment>>>> + Send + use<> {
        let mut findings = Vec::new();
        for told in turn.next_ones(AHEAD).iter().filter(|told| self.may_want(&told.event)) {
            let finding = told.payments.take_on(&self.owner, &self.app.clock, None);
            findings.extend(finding.map(|finding| (finding, told.event.subject_id)));
        }
        let (store, owner, id) = (self.app.store.clone(), self.owner.clone(), turn.told.event.subject_id);
        async move {
            let ids: BTreeSet<_> = findings.iter().map(|(_, id)| *id).chain([id]).collect();
            let read = store.payments_by_id(&owner, &Vec::from_iter(ids)).await.ok()?;
            let read: HashMap<_, _> = read.into_iter().map(|(id, payment)| (id, Arc::new(payment))).collect();
            memo::tell(findings.into_iter().map(|(finding, id)| (finding, read.get(&id).cloned())).collect());
            Some(read.get(&id).cloned())
        }
    }
}

fn is_wanted(wanted: &store::PaymentFilter, payment: &Payment) -> bool {
    let customer = payment.customer.as_ref().map(|customer| customer.as_str());
    wanted.biller_id.is_none_or(|biller| biller == payment.biller_id)
        && wanted.bill_number_id.is_none_or(|number| Some(number) == payment.bill_number_id)
        && wanted.bulk_payment_id.is_none_or(|bulk| Some(bulk) == payment.bulk_payment_id)
        && wanted.customer.as_deref().is_none_or(|wanted| Some(wanted) == customer)
        && wanted.created_from.is_none_or(|from| payment.created_at >= from)
        && wanted.created_before.is_none_or(|before| payment.created_at < before)
}
