//! The plots: short runs in which a server that has one certain weakness must do harm, and a sound one does none.
//!
//! Nothing in them is left to chance but the time that things take: what is lost, held back or forgotten is that on
//! which the weakness relies.

use std::fmt;
use std::time::Duration;

use billpay::domain::provider::ProviderCode;

use super::campaign::Campaign;
use super::card::Card;
use super::fault::Fault;
use super::stage::{Stage, held, held_within};
use super::ware::Ware;
use super::wire::Weather;
use super::world::named;
use crate::support::Db;

const PAY_ALMARA: &str = "POST /almara/v1/bill-payments";
const PAY_BILL: &str = "POST /bill/connect/v3/payments";
/// By then whoever sends again without a reason has done so.
const HASTE: Duration = Duration::from_secs(8);
/// How long the second holder may take until its call: it waits for the first one's lease to end, and machines are busy.
const SECOND_CALL: Duration = Duration::from_secs(90);
/// How long the second call is in the air when the first holder comes back: less than a call may take.
const IN_THE_AIR: Duration = Duration::from_millis(900);

/// What happens.
#[derive(Clone, Copy)]
pub(super) enum Plot {
    /// Some things are bought whose answers are special.
    Answers(&'static [(Ware, &'static str)]),
    /// Money moves, and from then on the provider cannot be asked until patience ends.
    LostWay,
    /// The server dies after a payment was sent that its provider does not recognise.
    Death,
    /// The server dies after a payment was sent, and the provider forgets its reference.
    Oblivion,
    /// A request is on its way for so long that its sender gives it up, and arrives after all.
    LateRequest(Ware),
    /// The same, and for the sender's successor hours have passed.
    VeryLateRequest(Ware),
    /// The server freezes during a call, another one takes over, and the first comes back during the second's call.
    FrozenHolder,
    /// The server freezes before its call; another one takes over, and a person finds that nothing was paid. The first
    /// comes back.
    FrozenBeforeCall,
    /// Many buy at once from two servers.
    Crowd,
}

impl fmt::Display for Plot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answers(wares) => {
                let wares: Vec<_> = wares.iter().map(|(ware, special)| format!("{ware:?} {special}")).collect();
                write!(f, "{}", wares.join(", "))
            }
            Self::LostWay => f.write_str("the way is lost after the effect"),
            Self::Death => f.write_str("death after the call"),
            Self::Oblivion => f.write_str("death after the call, and the provider forgets"),
            Self::LateRequest(ware) => write!(f, "{ware:?} that arrives late"),
            Self::VeryLateRequest(ware) => write!(f, "{ware:?} that arrives hours late"),
            Self::FrozenHolder => f.write_str("a holder frozen during its call"),
            Self::FrozenBeforeCall => f.write_str("a holder frozen before its call"),
            Self::Crowd => f.write_str("many callers of two servers"),
        }
    }
}

impl Plot {
    /// The databases on which it can be played: where servers share one it is PostgreSQL.
    pub(super) const fn databases(self) -> &'static [Db] {
        match self {
            Self::Answers(_)
            | Self::LostWay
            | Self::Death
            | Self::Oblivion
            | Self::LateRequest(_)
            | Self::VeryLateRequest(_) => &[Db::Sqlite, Db::Postgres],
            Self::FrozenHolder | Self::FrozenBeforeCall | Self::Crowd => &[Db::Postgres],
        }
    }

    /// Plays it once with servers that are told this.
    pub(super) async fn play(self, db: Db, seed: u64, settings: Vec<(String, String)>) -> Card {
        let title = format!("{self}, {db:?}");
        match self {
            Self::Answers(wares) => answers(db, wares, &settings).await.end(title, true).await,
            Self::LostWay => lost_way(db, &settings).await.end(title, true).await,
            Self::Death => death(db, &settings).await.end(title, true).await,
            Self::Oblivion => oblivion(db, &settings).await.end(title, true).await,
            Self::LateRequest(ware) => late_request(db, ware, &settings).await.end(title, true).await,
            Self::VeryLateRequest(ware) => very_late_request(db, ware, &settings).await.end(title, false).await,
            Self::FrozenHolder => frozen_holder(&settings).await.end(title, true).await,
            Self::FrozenBeforeCall => frozen_before_call(&settings).await.end(title, true).await,
            Self::Crowd => crowd(seed, settings).run().await,
        }
    }
}

async fn answers(db: Db, wares: &[(Ware, &'static str)], settings: &[(String, String)]) -> Stage {
    let mut stage = Stage::set(db, settings).await;
    let buyers: Vec<_> = wares.iter().map(|(ware, special)| stage.begin(*ware, Some(*special))).collect();
    for buyer in buyers {
        stage.finish(buyer).await;
    }
    stage
}

async fn lost_way(db: Db, settings: &[(String, String)]) -> Stage {
    let impatient = named([("WORKER__REVIEW_AFTER", "4s")]);
    let mut stage = Stage::set(db, &[settings, &impatient[..]].concat()).await;
    // Paid, and never answered.
    let buyer = stage.begin(Ware::AlmaraPayment, Some("6666666"));
    stage.wait_for_effects(ProviderCode::Almara, 1, HASTE).await;
    stage.world.provider_wire().turn(Weather::Cut);
    stage.finish(buyer).await;
    stage.settle().await;
    stage
}

async fn death(db: Db, settings: &[(String, String)]) -> Stage {
    let mut stage = Stage::set(db, settings).await;
    let buyer = stage.die_over("send.after", Ware::ClickPayment).await;
    stage.succeed(&[]).await;
    stage.finish(buyer).await;
    stage
}

/// A sound server never relies on a memory that is shorter than its margin.
async fn oblivion(db: Db, settings: &[(String, String)]) -> Stage {
    let forgetful = named([("PROVIDERS__ALMARA__KEY_LIFE", "1s")]);
    let mut stage = Stage::set(db, &[settings, &forgetful[..]].concat()).await;
    let buyer = stage.die_over("send.after", Ware::AlmaraPayment).await;
    stage.world.forget().await;
    stage.succeed(&[]).await;
    stage.finish(buyer).await;
    stage
}

async fn late_request(db: Db, ware: Ware, settings: &[(String, String)]) -> Stage {
    let mut stage = Stage::set(db, settings).await;
    let caught = stage.catch(payment_of(ware));
    let buyer = stage.begin(ware, None);
    let request = held(caught).await;
    stage.finish(buyer).await;
    stage.wait_for_effects(ware.provider(), 1, HASTE).await;
    request.deliver();
    stage.wait_for_effects(ware.provider(), 2, HASTE).await;
    stage
}

async fn very_late_request(db: Db, ware: Ware, settings: &[(String, String)]) -> Stage {
    let patient = named([("WORKER__REVIEW_AFTER", "720h")]);
    let mut stage = Stage::set(db, &[settings, &patient[..]].concat()).await;
    let caught = stage.catch(payment_of(ware));
    let buyer = stage.begin(ware, None);
    let request = held(caught).await;
    stage.finish(buyer).await;
    stage.succeed(&named([("CLOCK_OFFSET", "2h")])).await;
    stage.wait_for_effects(ware.provider(), 1, HASTE).await;
    request.deliver();
    stage.wait_for_effects(ware.provider(), 2, HASTE).await;
    stage
}

async fn frozen_holder(settings: &[(String, String)]) -> Stage {
    // Nobody is asked before the second call was made.
    let patient = named([("WORKER__REVIEW_AFTER", "2m")]);
    let mut stage = Stage::set(Db::Postgres, &[settings, &patient[..]].concat()).await;
    let first = stage.catch(PAY_ALMARA);
    let buyer = stage.begin(Ware::AlmaraPayment, None);
    let first = held(first).await;
    stage.server.process.freeze();
    // It never arrives.
    drop(first);
    let second = stage.catch(PAY_ALMARA);
    stage.join().await;
    let second = held_within(second, SECOND_CALL).await;
    stage.server.process.thaw();
    tokio::time::sleep(IN_THE_AIR).await;
    second.deliver();
    stage.finish(buyer).await;
    stage
}

async fn frozen_before_call(settings: &[(String, String)]) -> Stage {
    let mut stage = Stage::set(Db::Postgres, settings).await;
    // Were it sent it would be paid, and never answered.
    let buyer = stage.freeze_over("send.before", Ware::ClickPayment, Some("6666666")).await;
    stage.join().await;
    stage.find_unpaid().await;
    stage.server.process.thaw();
    stage.wait_for_effects(ProviderCode::Click, 1, HASTE).await;
    stage.finish(buyer).await;
    stage
}

/// Whoever numbers events apart needs a second connection for it.
fn crowd(seed: u64, settings: Vec<(String, String)>) -> Campaign {
    let settings = [settings, named([("DATABASE__MAX_CONNECTIONS", "36")])].concat();
    Campaign {
        faults: &[Fault::Nothing],
        db: Db::Postgres,
        servers: 2,
        callers: 24,
        wares: &[Ware::AlmaraPayment, Ware::ClickPayment],
        watchers: 6,
        strikes: 4,
        purchases: 300,
        seed,
        class_b: false,
        settings,
    }
}

/// How the request begins by which it is paid.
fn payment_of(ware: Ware) -> &'static str {
    match ware {
        Ware::AlmaraPayment => PAY_ALMARA,
        Ware::BillPayment | Ware::BillBulk => PAY_BILL,
        Ware::ClickPayment => "POST /click/api/v1/bill_payments.json",
        Ware::ControlNumber => "POST /clickpesa/third-parties/billpay/create-",
    }
}
