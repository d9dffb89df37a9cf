//! The rule of recalls: what became of a wish to cancel or to void is told, also where its sender died over it.
//!
//! A recall whose answer is unknown has an event of its own, by which a caller learns that asking once more is up to it;
//! and none is left as if its sender still waited.

use std::collections::BTreeMap;

use billpay::domain::event::EventType;
use billpay::domain::ids::PaymentId;
use billpay::domain::payment::recall::RecallState;
use entity::recall::{Column, Entity, Model};
use sea_orm::{DatabaseConnection, EntityTrait, QueryOrder};

use super::books::Books;

/// All wishes, oldest first.
pub(super) async fn read(connection: &DatabaseConnection) -> Vec<Model> {
    let rows = Entity::find().order_by_asc(Column::RequestedAt).order_by_asc(Column::Id).all(connection).await;
    rows.expect("the recalls")
}

/// Whether nobody has said yet what became of it.
pub(super) fn is_on_its_way(recall: &Model) -> bool {
    recall.state == RecallState::Sending.as_str()
}

/// Recalls that are on their way for ever, and unknown ends that nobody was told of.
pub(super) fn faults(books: &Books) -> Vec<String> {
    let unknown = RecallState::Unknown.as_str();
    let sending = books.recalls.iter().filter(|recall| is_on_its_way(recall));
    let mut found: Vec<_> = sending.map(|recall| format!("nobody sends it, and nobody says so: {recall:?}")).collect();
    let mut unknown_of: BTreeMap<String, usize> = BTreeMap::new();
    for recall in books.recalls.iter().filter(|recall| recall.state == unknown) {
        *unknown_of.entry(PaymentId::from_uuid(recall.payment_id).to_string()).or_default() += 1;
    }
    let lives = books.lives();
    for (payment, count) in unknown_of {
        let life = lives.get(payment.as_str()).map(Vec::as_slice).unwrap_or_default();
        let told = life.iter().filter(|event| event.kind == EventType::RecallUnknown.as_str()).count();
        if told < count {
            found.push(format!("of {payment} {count} recalls are unknown, of which {told} events tell: {life:?}"));
        }
    }
    found
}
