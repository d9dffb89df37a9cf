//! What becomes of a payment after it was accepted: its script, played in the background.
//!
//! The order is the guarantee: that its money moves is written down first, then the effect is on disk, and only then a
//! status or a notification shows it. A payment for a later day waits for that day.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use tokio::time::sleep;

use super::payment::Payment;
use super::script::Step;
use super::webhook::{self, Telling};
use super::{BillCom, PROVIDER, clock};

/// How often it is looked whether a payment's day has come.
const BETWEEN_LOOKS: Duration = Duration::from_secs(30);

/// The part of one payment in one script.
struct Part {
    id: String,
    plot: u32,
}

/// Begins a payment's script, on its process date.
pub(super) fn begin(bill: &Arc<BillCom>, payment: &Payment, steps: &'static [Step]) {
    tokio::spawn(play(Arc::clone(bill), payment.terms.process_date, Part::of(payment), steps));
}

/// Begins the script that follows a call about a payment, at once.
pub(super) fn change(bill: &Arc<BillCom>, payment: &Payment, steps: &'static [Step]) {
    tokio::spawn(play(Arc::clone(bill), Date::MIN, Part::of(payment), steps));
}

impl Part {
    fn of(payment: &Payment) -> Self {
        Self { id: payment.id.clone(), plot: payment.plot }
    }
}

async fn play(bill: Arc<BillCom>, from: Date, part: Part, steps: &'static [Step]) {
    while clock::today(&bill.clock) < from {
        sleep(BETWEEN_LOOKS).await;
    }
    for step in steps {
        if !take(&bill, &part, *step).await {
            return;
        }
    }
}

/// Takes one step; false where this script has no say any more.
async fn take(bill: &Arc<BillCom>, part: &Part, step: Step) -> bool {
    match step {
        Step::Wait => {
            sleep(bill.later).await;
            true
        }
        Step::Pay => pay(bill, part).await,
        Step::Become(status) => {
            let changed = bill.book.change(&part.id, part.plot, status);
            tell(bill, changed, Telling::ONCE)
        }
        Step::Quietly(status) => bill.book.change(&part.id, part.plot, status).is_some(),
        Step::Tell(times) => tell(bill, current(bill, part), Telling { times, ..Telling::ONCE }),
        Step::TellStale(status) => tell(bill, current(bill, part), Telling { status: Some(status), ..Telling::ONCE }),
        Step::Forge(status) => {
            tell(bill, current(bill, part), Telling { status: Some(status), forged: true, ..Telling::ONCE })
        }
    }
}

async fn pay(bill: &BillCom, part: &Part) -> bool {
    let Some(movements) = bill.book.begin(&part.id, part.plot) else { return false };
    for movement in movements {
        if let Err(error) = bill.effects.record(movement).await {
            tracing::error!(provider.name = PROVIDER, %error, "sandbox effect not recorded");
            return false;
        }
    }
    true
}

fn tell(bill: &Arc<BillCom>, payment: Option<Payment>, telling: Telling) -> bool {
    if let Some(payment) = &payment {
        webhook::tell(bill, payment, telling);
    }
    payment.is_some()
}

fn current(bill: &BillCom, part: &Part) -> Option<Payment> {
    bill.book.find(&part.id).filter(|payment| payment.plot == part.plot)
}
