//! What a dead server left: of a submission that was never sent, whose claim it is, if it is anybody's; of anything else,
//! whether it is stored.
//!
//! A server that dies over a claim proves something only where it had something to claim. So what is stored is looked
//! at before the death, and what it left behind.

use billpay::crash::{CrashPoint, Step};
use billpay::domain::ids::PaymentId;
use billpay::domain::payment::recall::RecallState;
use billpay::domain::payment::status::PaymentStatus;
use entity::{bill_number, control_number, payment, recall, submission};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::trials::Act;
use crate::kill_harness::ware::Ware;
use crate::support::Db;

/// By what a submission is found.
#[derive(Clone, Debug)]
pub(super) enum Mark {
    /// By the key with which it was asked for.
    Key(String),
    /// By the payment that is to be taken back, once that is stored.
    RecallOf(String),
    /// By the payment of which a person says what became of it.
    DecisionOn(String),
    /// By the account whose bill number is kept.
    Account(String),
}

/// The submission, where it is stored.
pub(super) async fn find(connection: &DatabaseConnection, mark: &Mark) -> Option<submission::Model> {
    let id = match mark {
        Mark::Key(key) => of_key(connection, key).await?,
        Mark::RecallOf(id) => of_recall(connection, id).await?,
        Mark::DecisionOn(_) | Mark::Account(_) => return None,
    };
    submission::Entity::find_by_id(id).one(connection).await.expect("the submissions")
}

async fn of_key(connection: &DatabaseConnection, key: &str) -> Option<Uuid> {
    let payment = payment::Entity::find().filter(payment::Column::IdempotencyKey.eq(key)).one(connection).await;
    if let Some(payment) = payment.expect("the payments") {
        return Some(payment.submission_id);
    }
    let number = control_number::Entity::find().filter(control_number::Column::IdempotencyKey.eq(key));
    number.one(connection).await.expect("the control numbers").map(|number| number.submission_id)
}

/// None until the recall is stored.
async fn of_recall(connection: &DatabaseConnection, id: &str) -> Option<Uuid> {
    let id = uuid(id);
    let wished = recall::Entity::find()
        .filter(recall::Column::PaymentId.eq(id))
        .filter(recall::Column::State.eq(RecallState::Requested.as_str()));
    wished.one(connection).await.expect("the recalls")?;
    let payment = payment::Entity::find_by_id(id).one(connection).await.expect("the payments")?;
    Some(payment.submission_id)
}

/// Whether it is stored what was wished, decided or kept.
pub(super) async fn is_stored(connection: &DatabaseConnection, mark: &Mark) -> bool {
    match mark {
        Mark::Key(key) => of_key(connection, key).await.is_some(),
        Mark::RecallOf(id) => {
            let wishes = recall::Entity::find().filter(recall::Column::PaymentId.eq(uuid(id)));
            wishes.one(connection).await.expect("the recalls").is_some()
        }
        Mark::DecisionOn(id) => {
            let payment = payment::Entity::find_by_id(uuid(id)).one(connection).await.expect("the payments");
            payment.is_some_and(|payment| payment.status == PaymentStatus::Failed.as_str())
        }
        Mark::Account(account) => {
            let kept = bill_number::Entity::find().filter(bill_number::Column::AccountReference.eq(account));
            kept.one(connection).await.expect("the bill numbers").is_some()
        }
    }
}

fn uuid(payment: &str) -> Uuid {
    payment.parse::<PaymentId>().expect("a payment's id").uuid()
}

/// What is wrong with what was left, in a sentence: where nobody had claimed it, or somebody had, against the point.
pub(super) fn fault(point: CrashPoint, act: Act, found: &submission::Model) -> Option<String> {
    let is_claimed = found.lease_owner.is_some() && found.lease_until.is_some();
    // What is to be taken back was sent before, and may be held still by whoever looked it up last.
    let (is_unsent, was_held) = match act {
        Act::Recall(_) => (true, true),
        Act::Buy(_) | Act::BuyAndHear(_) | Act::CallOff(_) | Act::Decide | Act::Keep => {
            (found.submits == 0 && found.attempt_count == 0, false)
        }
    };
    let is_as_wanted = match point {
        CrashPoint::BeforeCommit(Step::Claim) => {
            (!is_claimed || was_held) && is_unsent && found.next_action_at.is_some()
        }
        // Its place is taken before it is marked.
        CrashPoint::BeforeCommit(Step::Slot) | CrashPoint::AfterCommit(Step::Slot) => is_claimed && is_unsent,
        CrashPoint::AfterCommit(Step::Claim) => is_claimed && is_unsent && found.fence > 0,
        // With a claim, or without one where there was no room for its first step.
        CrashPoint::AfterCommit(Step::Create) => is_unsent && found.fence == i64::from(is_claimed),
        CrashPoint::BeforeCommit(_) | CrashPoint::AfterCommit(_) | CrashPoint::BeforeSend | CrashPoint::AfterSend => {
            true
        }
    };
    (!is_as_wanted).then(|| format!("a server that died at {} over {act:?} left {found:?}", point.name()))
}

/// Whether it was claimed as it was stored.
pub(super) fn is_claimed_at_birth(point: CrashPoint, found: &submission::Model) -> bool {
    point == CrashPoint::AfterCommit(Step::Create) && found.lease_owner.is_some()
}

/// Whether some purchase of a trial is to be claimed as it is stored: payments that are due, on PostgreSQL, where they
/// are alone.
pub(super) fn may_be_claimed_at_birth(db: Db, point: CrashPoint, acts: &[Act]) -> bool {
    let is_postgres = match db {
        Db::Postgres => true,
        Db::Sqlite => false,
    };
    let is_create = point == CrashPoint::AfterCommit(Step::Create);
    is_postgres && is_create && acts.contains(&Act::Buy(Ware::AlmaraPayment))
}
