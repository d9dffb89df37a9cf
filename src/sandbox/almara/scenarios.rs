//! The documented accounts and amounts, and what each brings about: the one table from which the simulator acts and
//! the documentation is checked.
//!
//! An account wins over an amount; anything else is paid at once and owes an ordinary bill.

use std::sync::LazyLock;

use super::super::Scenario;
use super::super::fault::Fault;
use super::PROVIDER;
use super::look_up::UNKNOWN_ACCOUNT;
use super::payment::Payment;
use super::script::{Answer, BillForm, Entry, LookUp, Script, Standing, Step};
use super::wire;

/// The account whose payments buy a meter token whatever the service.
pub(super) const PREPAID_ACCOUNT: &str = "1818181";

const CURRENCY: &str = "KES";
const PAID_LATER: &[Step] = &[Step::Wait, Step::Become(Standing::Completed), Step::Tell];

/// What chooses a payment's script.
#[derive(Clone, Copy)]
enum Trigger {
    Account(&'static str),
    /// With two decimals.
    Amount(&'static str),
}

struct PaymentRule {
    trigger: Trigger,
    script: Script,
    outcome: &'static str,
    description: &'static str,
}

struct LookUpRule {
    account: &'static str,
    look_up: LookUp,
    outcome: &'static str,
    description: &'static str,
}

static PAYMENT_RULES: &[PaymentRule] = &[
    on_account("1111111", Script::PAID, "PAID", "Paid at once: completed at the first look-up, and told."),
    on_account(
        "2222222",
        Script::captured(Standing::Pending, PAID_LATER),
        "PAID_LATER",
        "Pending for a while, then completed and told.",
    ),
    on_account(
        "3333333",
        Script::entered(Entry::Refuse("Bill payment is not allowed for this account.")),
        "REFUSED",
        "Refused at submission; nothing is captured.",
    ),
    on_account(
        "4444444",
        Script::captured(Standing::Pending, &[Step::Wait, Step::Become(Standing::InsufficientFunds), Step::Tell]),
        "DECLINED_LATER",
        "Accepted, then declined for insufficient funds (result code 1).",
    ),
    on_account(
        "5555555",
        Script::entered(Entry::LoseFirst(Fault::Silence)),
        "TIMEOUT_BEFORE_EFFECT",
        "Never answered and never captured; the same id sent again is paid at once.",
    ),
    on_account(
        "6666666",
        Script::answered(Answer::Faulty(Fault::Silence)),
        "TIMEOUT_AFTER_EFFECT",
        "Paid, but never answered.",
    ),
    on_account(
        "7777777",
        Script::answered(Answer::Faulty(Fault::ServerError)),
        "ERROR_AFTER_EFFECT",
        "Paid, but answered with HTTP 500.",
    ),
    on_account(
        "7777000",
        Script::entered(Entry::LoseFirst(Fault::ServerError)),
        "ERROR_BEFORE_EFFECT",
        "Answered with HTTP 500 and never captured; the same id sent again is paid at once.",
    ),
    on_account("8888888", Script::answered(Answer::AcceptedSlowly), "SLOW", "Paid, and answered after four seconds."),
    on_account(
        "9999999",
        Script::answered(Answer::Faulty(Fault::Garbage)),
        "GARBAGE",
        "Paid, but answered with HTTP 200 and a page that is not JSON.",
    ),
    on_account(
        "6161616",
        Script::answered(Answer::Faulty(Fault::HalfAnswer)),
        "HALF_ANSWER",
        "Paid, but the connection breaks in the middle of the answer.",
    ),
    on_account(
        "1212121",
        Script::captured(Standing::Completed, &[Step::Tell, Step::Tell, Step::Tell]),
        "DUPLICATE_CALLBACK",
        "Paid at once, and told three times.",
    ),
    on_account(
        "1313131",
        Script::captured(Standing::Completed, &[Step::Tell, Step::Wait, Step::TellStale(Standing::Pending)]),
        "STALE_CALLBACK",
        "Paid at once and told; a while later an old callback says that it is pending.",
    ),
    on_account(
        "1414141",
        Script::captured(Standing::CompletedWithMore, &[Step::Tell]),
        "AMOUNT_MISMATCH",
        "Paid at once, with 1.00 more than was asked.",
    ),
    on_account(
        "1515151",
        Script::captured(Standing::Pending, &[]),
        "PENDING_FOR_EVER",
        "Accepted, and pending for ever; no money moves.",
    ),
    on_account(
        "1616161",
        Script::answered(Answer::AcceptedOlder),
        "OLDER_ACCEPTANCE",
        "Paid at once, and accepted in the form of 2021, where -1 means not known yet.",
    ),
    on_account(
        "1717171",
        Script::captured(Standing::Inconclusive, PAID_LATER),
        "UNKNOWN_STATUS",
        "An undocumented status with result code 14 for a while, then completed and told.",
    ),
    on_account(PREPAID_ACCOUNT, Script::PAID, "PREPAID_TOKEN", "Paid at once, with a meter token in the receipt."),
    on_account(
        "0000000",
        Script::entered(Entry::Refuse(UNKNOWN_ACCOUNT)),
        "UNKNOWN_ACCOUNT",
        "Refused: the biller does not know the account.",
    ),
    on_amount(
        "13.00",
        Script::entered(Entry::Refuse("Transfer amount below limit")),
        "REFUSED_AMOUNT",
        "Refused at submission: the amount is below the limit.",
    ),
    on_amount(
        "16.00",
        Script::captured(Standing::Unavailable, PAID_LATER),
        "UNAVAILABLE_THEN_PAID",
        "Result code 16, third party unavailable, for a while; then completed and told.",
    ),
    on_amount(
        "17.00",
        Script::captured(Standing::Pending, &[Step::Wait, Step::Become(Standing::Suspected), Step::Tell]),
        "DECLINED_AML",
        "Accepted, then declined by the AML check (result code 17).",
    ),
];

static LOOK_UP_RULES: &[LookUpRule] = &[
    on_look_up("0000000", LookUp::UnknownAccount, "UNKNOWN_ACCOUNT", "The biller does not know the account."),
    on_look_up("5050505", LookUp::Faulty(Fault::Silence), "TIMEOUT", "Never answered."),
    on_look_up("5000000", LookUp::Faulty(Fault::ServerError), "ERROR", "Answered with HTTP 500."),
    on_look_up("1010101", LookUp::Bill(BillForm::Inactive), "INACTIVE", "The account is not active."),
    on_look_up("2020202", LookUp::Bill(BillForm::NothingDue), "NOTHING_DUE", "The account owes nothing."),
    on_look_up("3030303", LookUp::Bill(BillForm::DueAtT), "DUE_DATE_WITH_T", "The due date is a moment, with a T."),
    on_look_up(
        "4040404",
        LookUp::Bill(BillForm::DueAtSpace),
        "DUE_DATE_WITH_SPACE",
        "The due date is a moment, with a space.",
    ),
];

static SCENARIOS: LazyLock<Vec<Scenario>> = LazyLock::new(|| {
    let payments = PAYMENT_RULES.iter().map(PaymentRule::scenario);
    let look_ups = LOOK_UP_RULES.iter().map(LookUpRule::scenario);
    payments.chain(look_ups).collect()
});

/// All rules, as they are documented.
pub(in crate::sandbox) fn scenarios() -> &'static [Scenario] {
    &SCENARIOS
}

/// What happens to a payment.
pub(super) fn payment_script(payment: &Payment) -> Script {
    let amount = wire::amount_text(payment.amount);
    let by_account = PAYMENT_RULES.iter().find(|rule| rule.trigger.is_account(&payment.account));
    let rule = by_account.or_else(|| PAYMENT_RULES.iter().find(|rule| rule.trigger.is_amount(&amount)));
    rule.map_or(Script::PAID, |rule| rule.script)
}

/// What a look-up of an account finds.
pub(super) fn look_up(account: &str) -> LookUp {
    let rule = LOOK_UP_RULES.iter().find(|rule| rule.account == account);
    rule.map_or(LookUp::Bill(BillForm::Plain), |rule| rule.look_up)
}

impl Trigger {
    fn is_account(self, account: &str) -> bool {
        match self {
            Self::Account(documented) => documented == account,
            Self::Amount(_) => false,
        }
    }

    fn is_amount(self, amount: &str) -> bool {
        match self {
            Self::Account(_) => false,
            Self::Amount(documented) => documented == amount,
        }
    }
}

impl PaymentRule {
    fn scenario(&self) -> Scenario {
        let (account_reference, amount) = match self.trigger {
            Trigger::Account(account) => (Some(account), None),
            Trigger::Amount(amount) => (None, Some(amount)),
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

impl LookUpRule {
    fn scenario(&self) -> Scenario {
        Scenario {
            provider: PROVIDER,
            operation: "LOOK_UP",
            account_reference: Some(self.account),
            amount: None,
            currency: CURRENCY,
            outcome: self.outcome,
            description: self.description,
        }
    }
}

const fn on_account(
    account: &'static str,
    script: Script,
    outcome: &'static str,
    description: &'static str,
) -> PaymentRule {
    PaymentRule { trigger: Trigger::Account(account), script, outcome, description }
}

const fn on_amount(
    amount: &'static str,
    script: Script,
    outcome: &'static str,
    description: &'static str,
) -> PaymentRule {
    PaymentRule { trigger: Trigger::Amount(amount), script, outcome, description }
}

const fn on_look_up(
    account: &'static str,
    look_up: LookUp,
    outcome: &'static str,
    description: &'static str,
) -> LookUpRule {
    LookUpRule { account, look_up, outcome, description }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_without_a_rule_has_an_ordinary_bill() {
        assert_eq!(look_up("0000000"), LookUp::UnknownAccount);
        assert_eq!(look_up("1111111"), LookUp::Bill(BillForm::Plain));
    }

    #[test]
    fn amounts_stand_as_they_are_compared() {
        for scenario in scenarios() {
            let Some(amount) = scenario.amount else { continue };
            let decimal = rust_decimal::Decimal::from_str_exact(amount).expect("a decimal");
            assert_eq!(wire::amount_text(decimal), amount);
        }
    }
}
