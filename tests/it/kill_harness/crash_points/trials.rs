//! Which acts come to which point.

use billpay::crash::{CrashPoint, Step};
use billpay::domain::payment::recall::RecallKind;

use crate::kill_harness::ware::Ware;

/// What somebody does while a server dies over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Buy(Ware),
    /// To buy something of which a receiver of webhooks is told.
    BuyAndHear(Ware),
    /// To have a payment of BILL's taken back: one that is held cancelled, or one that was made voided.
    Recall(RecallKind),
    /// To have a payment for a later day called off, of which its provider was told nothing. BILL is told at once.
    CallOff(Ware),
    /// To say what became of a payment of Click's that a person must look at.
    Decide,
    /// To keep a bill number, and then to buy.
    Keep,
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
        let usual = [purchases(point), recalls(point), deliveries(point), others(point)];
        let all = usual.map(|acts| (acts, false)).into_iter().chain([(acts_of_class_b(point), true)]);
        let tried = all.filter(|(acts, _)| !acts.is_empty());
        tried.map(move |(acts, class_b)| Trial { point, acts, class_b })
    };
    CrashPoint::ALL.into_iter().flat_map(of_point).collect()
}

/// What is done with a provider of class B, which tells nothing afterwards.
fn acts_of_class_b(point: CrashPoint) -> Vec<Act> {
    let almara = Ware::AlmaraPayment;
    let of_almara = [Act::Buy(almara), Act::BuyAndHear(almara), Act::CallOff(almara)];
    let all = [purchases(point), deliveries(point), others(point)].concat();
    all.into_iter().filter(|act| of_almara.contains(act) && !is_callback(point)).collect()
}

/// What is bought at a point: what comes to it. Click tells nothing afterwards; a bulk goes other ways than a single
/// payment where it is stored, sent and settled.
fn purchases(point: CrashPoint) -> Vec<Act> {
    let (is_callback, has_purchases) = match point {
        CrashPoint::BeforeCommit(step) | CrashPoint::AfterCommit(step) => match step {
            Step::Create | Step::Claim | Step::Mark | Step::Settle => (false, true),
            Step::Callback => (true, true),
            // BILL alone takes few calls at once.
            Step::Slot => return vec![Act::Buy(Ware::BillPayment)],
            Step::Deliver | Step::Recall | Step::Decide | Step::Other => (false, false),
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
            Step::Claim | Step::Mark | Step::Settle | Step::Recall => true,
            Step::Create | Step::Callback | Step::Deliver | Step::Decide | Step::Slot | Step::Other => false,
        },
        CrashPoint::BeforeSend | CrashPoint::AfterSend => true,
    };
    let both = [RecallKind::Cancel, RecallKind::Void];
    both.into_iter().filter(|_| is_on_its_way).map(Act::Recall).collect()
}

fn deliveries(point: CrashPoint) -> Vec<Act> {
    let is_delivery = matches!(point, CrashPoint::BeforeCommit(Step::Deliver) | CrashPoint::AfterCommit(Step::Deliver));
    let told = [Ware::ClickPayment, Ware::AlmaraPayment, Ware::BillPayment, Ware::ControlNumber];
    told.into_iter().filter(|_| is_delivery).map(Act::BuyAndHear).collect()
}

/// What no provider is told of.
fn others(point: CrashPoint) -> Vec<Act> {
    match point {
        CrashPoint::BeforeCommit(step) | CrashPoint::AfterCommit(step) => match step {
            Step::Recall => [Ware::ClickPayment, Ware::AlmaraPayment].map(Act::CallOff).to_vec(),
            Step::Decide => vec![Act::Decide],
            Step::Other => vec![Act::Keep],
            Step::Create | Step::Claim | Step::Mark | Step::Settle | Step::Callback | Step::Deliver | Step::Slot => {
                Vec::new()
            }
        },
        CrashPoint::BeforeSend | CrashPoint::AfterSend => Vec::new(),
    }
}

impl Trial {
    /// Whether a receiver of webhooks listens.
    pub(super) fn has_hearers(&self) -> bool {
        self.acts.iter().any(|act| matches!(act, Act::BuyAndHear(_)))
    }
}

impl Act {
    /// What is bought for it.
    pub(super) const fn ware(self) -> Ware {
        match self {
            Self::Buy(ware) | Self::BuyAndHear(ware) | Self::CallOff(ware) => ware,
            Self::Recall(_) => Ware::BillPayment,
            Self::Decide => Ware::ClickPayment,
            Self::Keep => Ware::AlmaraPayment,
        }
    }

    /// What tells its key from the others of its world.
    pub(super) fn name(self) -> String {
        match self {
            Self::Buy(ware) => format!("{ware:?}"),
            Self::Recall(kind) => format!("{kind:?}"),
            Self::BuyAndHear(ware) => format!("Hear{ware:?}"),
            Self::CallOff(ware) => format!("Off{ware:?}"),
            Self::Decide | Self::Keep => format!("{self:?}"),
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

/// Whether a place at a provider is taken there.
pub(super) fn is_slot(point: CrashPoint) -> bool {
    matches!(point, CrashPoint::BeforeCommit(Step::Slot) | CrashPoint::AfterCommit(Step::Slot))
}

/// Where one transaction is all that is done: whether the point lies behind its commit.
pub(super) fn stores_alone(point: CrashPoint) -> Option<bool> {
    match point {
        CrashPoint::BeforeCommit(Step::Recall | Step::Decide | Step::Other) => Some(false),
        CrashPoint::AfterCommit(Step::Recall | Step::Decide | Step::Other) => Some(true),
        CrashPoint::BeforeCommit(_) | CrashPoint::AfterCommit(_) | CrashPoint::BeforeSend | CrashPoint::AfterSend => {
            None
        }
    }
}
