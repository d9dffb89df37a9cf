//! The documented amounts and vendors, and what each brings about: the one table from which the simulator acts and the
//! documentation is checked.
//!
//! An amount wins over a vendor, since bills are paid in parts; anything else is paid on its process date.

use std::sync::LazyLock;

use super::super::Scenario;
use super::super::fault::Fault;
use super::PROVIDER;
use super::order::Order;
use super::rejection::Rejection;
use super::script::{Answer, BillList, Entry, Script, Step};
use super::status::SingleStatus::{
    Canceled, Cleared, Delivered, DisbursementFailedActionNeeded, DisbursementOnHold, FundingFailedActionNeeded,
    FundingFailedVoided, FundingStarted, Processed, ReadyToFund, Sent, Undocumented, Voided,
};
use super::{vendor, wire};

const CURRENCY: &str = "USD";

/// What chooses a payment's script.
#[derive(Clone, Copy)]
enum Trigger {
    /// With two decimals.
    Amount(&'static str),
    Vendor(&'static str),
}

struct PaymentRule {
    trigger: Trigger,
    script: Script,
    outcome: &'static str,
    description: &'static str,
}

struct BillsRule {
    vendor: &'static str,
    list: BillList,
    outcome: &'static str,
    description: &'static str,
}

static PAYMENT_RULES: &[PaymentRule] = &[
    on_vendor(
        "00901SANDBOX00000001",
        Script::PAID,
        "PAID",
        "Scheduled, a while later processed, and a while later cleared; each change is told.",
    ),
    on_vendor(
        "00901SANDBOX00000008",
        Script::entered(Entry::Refuse(Rejection::vendor_not_found)),
        "ARCHIVED_VENDOR",
        "Refused: an archived vendor is not found.",
    ),
    on_amount(
        "13.01",
        Script::accepted(&[
            Step::Wait,
            Step::Become(ReadyToFund),
            Step::Wait,
            Step::Become(FundingStarted),
            Step::Wait,
            Step::Pay,
            Step::Become(Processed),
            Step::Become(Sent),
            Step::Wait,
            Step::Become(Delivered),
            Step::Become(Cleared),
        ]),
        "PAID_LATER",
        "Goes through every status between scheduled and cleared, in four whiles.",
    ),
    on_amount(
        "13.02",
        Script::entered(Entry::Refuse(Rejection::bill_not_found)),
        "REFUSED",
        "Refused with the text of an unknown bill; nothing is scheduled.",
    ),
    on_amount(
        "13.03",
        Script::entered(Entry::Refuse(Rejection::bank_account_inactive)),
        "INACTIVE_ACCOUNT",
        "Refused with the text of an inactive bank account; nothing is scheduled.",
    ),
    on_amount(
        "13.05",
        Script::entered(Entry::LoseFirst(Fault::Silence)),
        "TIMEOUT_BEFORE_EFFECT",
        "Never answered and never scheduled; sent again it is paid.",
    ),
    on_amount(
        "13.06",
        Script::answered(Answer::Faulty(Fault::Silence)),
        "TIMEOUT_AFTER_EFFECT",
        "Scheduled and paid, but never answered.",
    ),
    on_amount(
        "13.07",
        Script::answered(Answer::Faulty(Fault::ServerError)),
        "ERROR_AFTER_EFFECT",
        "Scheduled and paid, but answered with HTTP 500.",
    ),
    on_amount(
        "13.08",
        Script::entered(Entry::LoseFirst(Fault::ServerError)),
        "ERROR_BEFORE_EFFECT",
        "Answered with HTTP 500 and never scheduled; sent again it is paid.",
    ),
    on_amount(
        "13.09",
        Script::answered(Answer::Faulty(Fault::Garbage)),
        "GARBAGE",
        "Scheduled and paid, but answered with HTTP 200 and a page that is not JSON.",
    ),
    on_amount(
        "13.10",
        Script::answered(Answer::Faulty(Fault::HalfAnswer)),
        "HALF_ANSWER",
        "Scheduled and paid, but the connection breaks in the middle of the answer.",
    ),
    on_amount(
        "13.11",
        Script::answered(Answer::Faulty(Fault::Huge)),
        "HUGE",
        "Scheduled and paid, but answered with 32 MiB of blanks that call themselves JSON.",
    ),
    on_amount(
        "13.12",
        Script::entered(Entry::LoseFirst(Fault::Redirect)),
        "REDIRECT",
        "Answered with HTTP 307 to another path and never scheduled; sent again it is paid.",
    ),
    on_amount(
        "13.13",
        Script::answered(Answer::CreatedSlowly),
        "SLOW",
        "Scheduled and paid, and answered after four seconds.",
    ),
    on_amount(
        "13.14",
        Script::entered(Entry::EndSession),
        "SESSION_EXPIRED",
        "Answered with BDC_1109 and the session ended; sent again in a new one it is paid.",
    ),
    on_amount(
        "13.15",
        Script::entered(Entry::RefuseFirst(Rejection::concurrency)),
        "CONCURRENCY",
        "Answered with BDC_1322 as if three calls were being answered; sent again it is paid.",
    ),
    on_amount(
        "13.16",
        Script::entered(Entry::RefuseFirst(Rejection::hourly_calls)),
        "HOURLY_LIMIT",
        "Answered with BDC_1144 as if the hour's calls were used up; sent again it is paid.",
    ),
    on_amount(
        "13.17",
        Script::entered(Entry::DistrustSession),
        "UNTRUSTED",
        "Answered with BDC_1361 and the session trusted no longer; sent again in a trusted one it is paid.",
    ),
    on_amount(
        "13.18",
        Script::accepted(&[
            Step::Wait,
            Step::Pay,
            Step::Become(Processed),
            Step::Wait,
            Step::Become(DisbursementOnHold),
            Step::Wait,
            Step::Become(Cleared),
        ]),
        "ON_HOLD",
        "Processed, a while later held for verification, and a while later cleared.",
    ),
    on_amount(
        "13.19",
        Script::accepted(&[Step::Wait, Step::Become(FundingStarted), Step::Wait, Step::Become(FundingFailedVoided)]),
        "FUNDING_FAILED_VOIDED",
        "Funding starts and then fails: voided, and no money moves.",
    ),
    on_amount(
        "13.20",
        Script::accepted(&[
            Step::Wait,
            Step::Become(FundingStarted),
            Step::Wait,
            Step::Pay,
            Step::Become(FundingFailedActionNeeded),
        ]),
        "FUNDING_FAILED_ACTION_NEEDED",
        "Funding starts and then fails, but BILL pays the vendor all the same.",
    ),
    on_amount(
        "13.21",
        Script::accepted(&[
            Step::Wait,
            Step::Pay,
            Step::Become(Processed),
            Step::Wait,
            Step::Become(Cleared),
            Step::Wait,
            Step::Wait,
            Step::Become(DisbursementFailedActionNeeded),
        ]),
        "CLEARED_THEN_RETURNED",
        "Cleared, and two whiles later returned by the vendor's bank.",
    ),
    on_amount(
        "13.22",
        Script::accepted(&[
            Step::Wait,
            Step::Pay,
            Step::Become(Processed),
            Step::Wait,
            Step::Become(Cleared),
            Step::Wait,
            Step::Wait,
            Step::Become(Voided),
        ]),
        "VOIDED_BY_BILL",
        "Cleared, and two whiles later voided by BILL.",
    ),
    on_amount(
        "13.23",
        Script::accepted(&[]),
        "PENDING_FOR_EVER",
        "Scheduled for ever; no money moves, and it can be cancelled.",
    ),
    on_amount(
        "13.24",
        Script::accepted(&[
            Step::Wait,
            Step::Become(Undocumented),
            Step::Wait,
            Step::Pay,
            Step::Become(Processed),
            Step::Wait,
            Step::Become(Cleared),
        ]),
        "UNKNOWN_STATUS",
        "A status that no page knows for a while, then processed and cleared.",
    ),
    on_amount(
        "13.25",
        Script { more: true, ..Script::PAID },
        "AMOUNT_MISMATCH",
        "Scheduled and paid, with 1.00 more than was asked.",
    ),
    on_amount(
        "13.26",
        Script::accepted(&[
            Step::Wait,
            Step::Pay,
            Step::Become(Processed),
            Step::Wait,
            Step::Quietly(Cleared),
            Step::Tell(3),
        ]),
        "DUPLICATE_WEBHOOK",
        "Paid, and that it is cleared is told three times with one event id.",
    ),
    on_amount(
        "13.27",
        Script::accepted(&[
            Step::Wait,
            Step::Pay,
            Step::Quietly(Processed),
            Step::Wait,
            Step::Become(Cleared),
            Step::Wait,
            Step::TellStale(Processed),
        ]),
        "WEBHOOKS_OUT_OF_ORDER",
        "Paid; that it is processed is told a while after it was told that it is cleared.",
    ),
    on_amount(
        "13.28",
        Script::accepted(&[
            Step::Wait,
            Step::Forge(Cleared),
            Step::Forge(Canceled),
            Step::Wait,
            Step::Pay,
            Step::Become(Processed),
            Step::Wait,
            Step::Become(Cleared),
        ]),
        "FORGED_WEBHOOK",
        "Paid; while it is scheduled, two notifications with a wrong signature say that it is cleared and cancelled.",
    ),
];

static BILLS_RULES: &[BillsRule] = &[
    on_bills("00901SANDBOX00000011", BillList::Bills, "NOTHING_DUE", "The vendor has sent no bills."),
    on_bills(vendor::SILENT, BillList::Faulty(Fault::Silence), "TIMEOUT", "The list of its bills is never answered."),
    on_bills(
        vendor::FAILING,
        BillList::Faulty(Fault::ServerError),
        "ERROR",
        "The list of its bills is answered with HTTP 500.",
    ),
];

static SCENARIOS: LazyLock<Vec<Scenario>> = LazyLock::new(|| {
    let payments = PAYMENT_RULES.iter().map(PaymentRule::scenario);
    let bills = BILLS_RULES.iter().map(BillsRule::scenario);
    payments.chain(bills).collect()
});

/// All rules, as they are documented.
pub(in crate::sandbox) fn scenarios() -> &'static [Scenario] {
    &SCENARIOS
}

/// What happens to the payment of an order: the first of its amounts with a rule decides, else its vendor.
pub(super) fn payment_script(order: &Order) -> Script {
    chosen_by(order).unwrap_or(Script::PAID)
}

/// What happens to a call that makes these payments at once: the first with a rule decides how it is entered and
/// answered.
pub(super) fn call_script(orders: &[Order]) -> Script {
    orders.iter().find_map(chosen_by).unwrap_or(Script::PAID)
}

/// What the list of a vendor's bills is.
pub(super) fn bill_list(vendor: &str) -> BillList {
    let rule = BILLS_RULES.iter().find(|rule| rule.vendor == vendor);
    rule.map_or(BillList::Bills, |rule| rule.list)
}

fn chosen_by(order: &Order) -> Option<Script> {
    let by_amount = order.lines.iter().find_map(|line| {
        let amount = wire::amount_text(line.amount);
        PAYMENT_RULES.iter().find(|rule| rule.trigger.is_amount(&amount))
    });
    let rule = by_amount.or_else(|| PAYMENT_RULES.iter().find(|rule| rule.trigger.is_vendor(order.vendor.id)));
    rule.map(|rule| rule.script)
}

impl Trigger {
    fn is_amount(self, amount: &str) -> bool {
        match self {
            Self::Amount(documented) => documented == amount,
            Self::Vendor(_) => false,
        }
    }

    fn is_vendor(self, vendor: &str) -> bool {
        match self {
            Self::Amount(_) => false,
            Self::Vendor(documented) => documented == vendor,
        }
    }
}

impl PaymentRule {
    fn scenario(&self) -> Scenario {
        let (account_reference, amount) = match self.trigger {
            Trigger::Amount(amount) => (None, Some(amount)),
            Trigger::Vendor(vendor) => (Some(vendor), None),
        };
        Scenario {
            provider: PROVIDER,
            operation: "PAY",
            account_reference,
            amount,
            currency: CURRENCY,
            outcome: self.outcome,
            description: self.description,
        }
    }
}

impl BillsRule {
    fn scenario(&self) -> Scenario {
        Scenario {
            provider: PROVIDER,
            operation: "LOOK_UP",
            account_reference: Some(self.vendor),
            amount: None,
            currency: CURRENCY,
            outcome: self.outcome,
            description: self.description,
        }
    }
}

const fn on_amount(
    amount: &'static str,
    script: Script,
    outcome: &'static str,
    description: &'static str,
) -> PaymentRule {
    PaymentRule { trigger: Trigger::Amount(amount), script, outcome, description }
}

const fn on_vendor(
    vendor: &'static str,
    script: Script,
    outcome: &'static str,
    description: &'static str,
) -> PaymentRule {
    PaymentRule { trigger: Trigger::Vendor(vendor), script, outcome, description }
}

const fn on_bills(vendor: &'static str, list: BillList, outcome: &'static str, description: &'static str) -> BillsRule {
    BillsRule { vendor, list, outcome, description }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::super::owed;
    use super::*;

    #[test]
    fn amounts_stand_as_they_are_compared_and_fit_into_any_bill() {
        let least = owed::all_sent().iter().map(|owed| owed.amount).min().expect("a bill");
        for amount in scenarios().iter().filter_map(|scenario| scenario.amount) {
            let decimal = Decimal::from_str_exact(amount).expect("a decimal");
            assert_eq!(wire::amount_text(decimal), amount);
            assert!(decimal * Decimal::TEN < least);
        }
    }

    #[test]
    fn vendors_exist() {
        for vendor in scenarios().iter().filter_map(|scenario| scenario.account_reference) {
            assert!(vendor::find(vendor).is_some(), "{vendor}");
        }
        assert_eq!(bill_list("00901SANDBOX00000001"), BillList::Bills);
    }

    #[test]
    fn money_moves_before_a_status_says_so() {
        for rule in PAYMENT_RULES {
            let mut paid = false;
            for step in rule.script.then {
                match step {
                    Step::Pay => {
                        assert!(!paid, "{}", rule.outcome);
                        paid = true;
                    }
                    Step::Become(status) | Step::Quietly(status) => {
                        let shown = status.taken(Decimal::ONE).paid == Decimal::ONE;
                        assert!(paid || !shown, "{}", rule.outcome);
                    }
                    Step::Wait | Step::Tell(_) | Step::TellStale(_) | Step::Forge(_) => {}
                }
            }
        }
    }
}
