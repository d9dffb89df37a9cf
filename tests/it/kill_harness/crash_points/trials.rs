//! Which acts come to which point.

use billpay::crash::{CrashPoint, Step};
use billpay::domain::payment::recall::RecallKind;

use crate::kill_harness::ware::Ware;

/// What somebody does while a server dies over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Buy(Ware),
    /// To have a payment of BILL's taken back: one that is held cancelled, or one that was made voided.
    Recall(RecallKind),
    /// To buy something of which a receiver of webhooks is told.
    BuyAndHear,
}

/// The acts at one point that share a world.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    pub(super) point: CrashPoint,
    pub(super) acts: Vec<Act>,
    /// Whether Almara is simulated as a provider of class B.
    pub(super) class_b: bool,
}

/// Purchases and recalls in worlds apart, so that none waits for the other's leases.
pub(super) fn trials() -> Vec<Trial> {
    let of_point = |point| {
        let usual = [purchases(point), recalls(point), deliveries(point)];
        let all = usual.map(|acts| (acts, false)).into_iter().chain([(purchases_of_class_b(point), true)]);
        let tried = all.filter(|(acts, _)| !acts.is_empty());
        tried.map(move |(acts, class_b)| Trial { point, acts, class_b })
    };
    CrashPoint::ALL.into_iter().flat_map(of_point).collect()
}

/// What is bought of a provider of class B, which tells nothing afterwards.
fn purchases_of_class_b(point: CrashPoint) -> Vec<Act> {
    let of_almara = Act::Buy(Ware::AlmaraPayment);
    purchases(point).into_iter().filter(|act| *act == of_almara && !is_callback(point)).collect()
}

/// What is bought at a point: what comes to it. Click tells nothing afterwards; a bulk goes other ways than a single
/// payment where it is stored, sent and settled.
fn purchases(point: CrashPoint) -> Vec<Act> {
    let (is_callback, has_purchases) = match point {
        CrashPoint::BeforeCommit(step) | CrashPoint::AfterCommit(step) => match step {
            Step::Create | Step::Claim | Step::Mark | Step::Settle => (false, true),
            Step::Callback => (true, true),
            Step::Deliver | Step::Other => (false, false),
        },
        CrashPoint::BeforeSend | CrashPoint::AfterSend => (false, true),
    };
    let comes_to_it = |ware: &Ware| match ware {
        Ware::ClickPayment => !is_callback,
        Ware::BillBulk => matches!(
            point,
            CrashPoint::AfterCommit(Step::Create) | CrashPoint::AfterSend | CrashPoint::BeforeCommit(Step::Settle)
        ),
        Ware::AlmaraPayment | Ware::BillPayment | Ware::ControlNumber => true,
    };
    Ware::ALL.into_iter().filter(|_| has_purchases).filter(comes_to_it).map(Act::Buy).collect()
}

/// The way of a recall: the wish is stored, claimed, marked, sent, and its answer stored.
fn recalls(point: CrashPoint) -> Vec<Act> {
    let is_on_its_way = match point {
        CrashPoint::BeforeCommit(step) | CrashPoint::AfterCommit(step) => match step {
            Step::Claim | Step::Mark | Step::Settle | Step::Other => true,
            Step::Create | Step::Callback | Step::Deliver => false,
        },
        CrashPoint::BeforeSend | CrashPoint::AfterSend => true,
    };
    let both = [RecallKind::Cancel, RecallKind::Void];
    both.into_iter().filter(|_| is_on_its_way).map(Act::Recall).collect()
}

fn deliveries(point: CrashPoint) -> Vec<Act> {
    let is_delivery = matches!(point, CrashPoint::BeforeCommit(Step::Deliver) | CrashPoint::AfterCommit(Step::Deliver));
    if is_delivery { vec![Act::BuyAndHear] } else { Vec::new() }
}

impl Act {
    pub(super) const fn ware(self) -> Ware {
        match self {
            Self::Buy(ware) => ware,
            Self::Recall(_) => Ware::BillPayment,
            Self::BuyAndHear => Ware::AlmaraPayment,
        }
    }

    /// What tells its key from the others of its world.
    pub(super) fn name(self) -> String {
        match self {
            Self::Buy(ware) => format!("{ware:?}"),
            Self::Recall(kind) => format!("{kind:?}"),
            Self::BuyAndHear => "Hear".to_owned(),
        }
    }
}

/// Whether somebody takes a submission there.
pub(super) fn is_claim(point: CrashPoint) -> bool {
    matches!(point, CrashPoint::BeforeCommit(Step::Claim) | CrashPoint::AfterCommit(Step::Claim))
}

/// Whether a provider's news are stored there.
pub(super) fn is_callback(point: CrashPoint) -> bool {
    matches!(point, CrashPoint::BeforeCommit(Step::Callback) | CrashPoint::AfterCommit(Step::Callback))
}

/// Whether whoever finds what is left cannot know whether it was sent.
pub(super) fn leaves_in_doubt(point: CrashPoint) -> bool {
    matches!(
        point,
        CrashPoint::AfterCommit(Step::Mark)
            | CrashPoint::BeforeSend
            | CrashPoint::AfterSend
            | CrashPoint::BeforeCommit(Step::Settle)
    )
}
