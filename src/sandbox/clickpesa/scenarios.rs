//! The documented amounts, and what each brings about: the one table from which the simulator acts and the
//! documentation is checked.
//!
//! The amount that is asked for chooses what happens to the making of a number, the amount that is paid what happens
//! to a payment; the two ranges do not meet, so that a number of the one can be paid as any other. All are whole
//! shillings, since nobody has a coin for less.

use std::sync::LazyLock;

use rust_decimal::Decimal;

use super::super::Scenario;
use super::super::fault::Fault;
use super::PROVIDER;
use super::script::{Creation, Interruption, Making, Script, Seal, Standing, Step};
use super::wire::{self, CURRENCY};

const CONTROL_NUMBER: &str = "CONTROL_NUMBER";
const COLLECTION: &str = "COLLECTION";

const RECEIVED: Script = Script::new(Standing::Success, &[TELL, Step::Wait, SETTLE]);
const TELL: Step = Step::Tell(Seal::Right);
const SETTLE: Step = Step::Become(Standing::Settled);
const RECEIVE: Step = Step::Become(Standing::Success);

/// What an amount brings about.
struct Rule<T> {
    /// With two decimals.
    amount: &'static str,
    script: T,
    outcome: &'static str,
    description: &'static str,
}

static CREATION_RULES: &[Rule<Creation>] = &[
    on("1300.00", Creation::Made(Making::Plain), "CREATED", "The number is made; as any other amount."),
    on(
        "1301.00",
        Creation::Refused("billAmount is not allowed"),
        "REFUSED",
        "Refused with HTTP 400; no number is made.",
    ),
    on(
        "1302.00",
        Creation::Forbidden("Application has no access to COLLECTION API feature. Enable it on your application."),
        "COLLECTION_DISABLED",
        "Refused with HTTP 403: the application may not collect; no number is made.",
    ),
    on(
        "1303.00",
        Creation::InterruptedFirst(Interruption::Lost(Fault::Silence)),
        "TIMEOUT_BEFORE_EFFECT",
        "Never answered, and no number is made; the same sent again makes it.",
    ),
    on(
        "1304.00",
        Creation::Made(Making::Unheard(Fault::Silence)),
        "TIMEOUT_AFTER_EFFECT",
        "The number is made, but the call never answered.",
    ),
    on(
        "1305.00",
        Creation::InterruptedFirst(Interruption::Lost(Fault::ServerError)),
        "ERROR_BEFORE_EFFECT",
        "Answered with HTTP 500, and no number is made; the same sent again makes it.",
    ),
    on(
        "1306.00",
        Creation::Made(Making::Unheard(Fault::ServerError)),
        "ERROR_AFTER_EFFECT",
        "The number is made, but the call answered with HTTP 500.",
    ),
    on(
        "1307.00",
        Creation::Made(Making::Unheard(Fault::Garbage)),
        "GARBAGE",
        "The number is made, but the answer is HTTP 200 and a page that is not JSON.",
    ),
    on(
        "1308.00",
        Creation::Made(Making::Unheard(Fault::HalfAnswer)),
        "HALF_ANSWER",
        "The number is made, but the connection breaks in the middle of the answer.",
    ),
    on(
        "1309.00",
        Creation::Made(Making::Unheard(Fault::Huge)),
        "HUGE",
        "The number is made, but the answer has 32 MiB.",
    ),
    on(
        "1310.00",
        Creation::Made(Making::Unheard(Fault::Redirect)),
        "REDIRECT",
        "The number is made, but the answer leads elsewhere.",
    ),
    on("1311.00", Creation::Made(Making::Slow), "SLOW", "The number is made, and answered after four seconds."),
    on(
        "1312.00",
        Creation::InterruptedFirst(Interruption::ExpiredToken),
        "TOKEN_EXPIRED",
        "Answered with HTTP 401 as if the token had expired; the same sent again with a new token makes the number.",
    ),
    on(
        "1313.00",
        Creation::InterruptedFirst(Interruption::Throttled),
        "THROTTLED",
        "Answered with HTTP 429; the same sent again makes the number.",
    ),
    on(
        "1314.00",
        Creation::Made(Making::ForMore),
        "MISMATCH",
        "The number is made, and answered, for one shilling more than was asked.",
    ),
    on(
        "1315.00",
        Creation::Made(Making::PaidSoon),
        "PAID_SOON",
        "The number is made; a while later somebody pays exactly what it asks for.",
    ),
];

static COLLECTION_RULES: &[Rule<Script>] = &[
    on("1400.00", RECEIVED, "RECEIVED", "Received and told, settled a while later; as any other amount."),
    on(
        "1401.00",
        Script::new(Standing::Failed, &[TELL]),
        "FAILED",
        "Failed, and told so; no money comes in, and the number stays open.",
    ),
    on(
        "1402.00",
        Script::new(Standing::OnHold, &[Step::Wait, RECEIVE, TELL, Step::Wait, SETTLE]),
        "ON_HOLD",
        "On hold for a while, and not told; then received and told.",
    ),
    on(
        "1403.00",
        Script::new(Standing::Processing, &[Step::Wait, RECEIVE, TELL, Step::Wait, SETTLE]),
        "RECEIVED_LATER",
        "Processing for a while, and not told; then received and told.",
    ),
    on(
        "1404.00",
        Script::new(Standing::Success, &[TELL, TELL, TELL, Step::Wait, SETTLE]),
        "DUPLICATE_WEBHOOK",
        "Received, and told three times.",
    ),
    on(
        "1405.00",
        Script::new(Standing::Success, &[Step::Wait, TELL, Step::Wait, SETTLE]),
        "LATE_WEBHOOK",
        "Received, and told a while later.",
    ),
    on(
        "1406.00",
        Script::new(Standing::Success, &[Step::Tell(Seal::Forged), TELL, Step::Wait, SETTLE]),
        "FORGED_WEBHOOK",
        "Received; told with a wrong checksum first, then with the right one.",
    ),
    on(
        "1407.00",
        Script::new(Standing::Success, &[Step::Tell(Seal::Missing), Step::Wait, SETTLE]),
        "NO_CHECKSUM",
        "Received, and told without a checksum.",
    ),
    on(
        "1408.00",
        Script::new(Standing::Success, &[TELL, Step::Wait, SETTLE, Step::Wait, Step::Become(Standing::Reversed)]),
        "REVERSED_LATER",
        "Received and told, settled a while later, and reversed another while later without a word.",
    ),
    on("1409.00", Script::new(Standing::Success, &[Step::Wait, SETTLE]), "NO_WEBHOOK", "Received, and never told."),
    on(
        "1410.00",
        Script::new(Standing::Pending, &[]),
        "PENDING_FOR_EVER",
        "Pending for ever; no money comes in, and the number stays open.",
    ),
];

static SCENARIOS: LazyLock<Vec<Scenario>> = LazyLock::new(|| {
    let creations = CREATION_RULES.iter().map(|rule| rule.scenario(CONTROL_NUMBER));
    let collections = COLLECTION_RULES.iter().map(|rule| rule.scenario(COLLECTION));
    creations.chain(collections).collect()
});

/// All rules, as they are documented.
pub(in crate::sandbox) fn scenarios() -> &'static [Scenario] {
    &SCENARIOS
}

/// What happens to the making of a number that asks for this amount.
pub(super) fn creation(amount: Option<Decimal>) -> Creation {
    let amount = amount.map(wire::two_decimals);
    let rule = CREATION_RULES.iter().find(|rule| amount.as_deref() == Some(rule.amount));
    rule.map_or(Creation::Made(Making::Plain), |rule| rule.script)
}

/// What happens to a payment of this amount.
pub(super) fn collection(amount: Decimal) -> Script {
    let amount = wire::two_decimals(amount);
    let rule = COLLECTION_RULES.iter().find(|rule| rule.amount == amount);
    rule.map_or(RECEIVED, |rule| rule.script)
}

/// What happens to a payment for which somebody names the outcome, as the table or as the provider's status.
pub(super) fn collection_named(name: &str) -> Option<Script> {
    let outcome = match name {
        "SUCCESS" => "RECEIVED",
        "ON-HOLD" => "ON_HOLD",
        "PROCESSING" => "RECEIVED_LATER",
        "PENDING" => "PENDING_FOR_EVER",
        outcome => outcome,
    };
    COLLECTION_RULES.iter().find(|rule| rule.outcome == outcome).map(|rule| rule.script)
}

impl<T> Rule<T> {
    fn scenario(&self, operation: &'static str) -> Scenario {
        Scenario {
            provider: PROVIDER,
            operation,
            account_reference: None,
            amount: Some(self.amount),
            currency: CURRENCY,
            outcome: self.outcome,
            description: self.description,
        }
    }
}

const fn on<T: Copy>(amount: &'static str, script: T, outcome: &'static str, description: &'static str) -> Rule<T> {
    Rule { amount, script, outcome, description }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shillings(amount: i64) -> Decimal {
        Decimal::new(amount, 0)
    }

    #[test]
    fn amounts_stand_as_they_are_compared() {
        for scenario in scenarios() {
            let amount = scenario.amount.expect("an amount");
            let decimal = Decimal::from_str_exact(amount).expect("a decimal");
            assert_eq!(wire::two_decimals(decimal), amount);
        }
    }

    #[test]
    fn an_amount_without_a_rule_is_made_and_received() {
        assert_eq!(creation(None), Creation::Made(Making::Plain));
        assert_eq!(creation(Some(shillings(90_900))), Creation::Made(Making::Plain));
        assert_eq!(creation(Some(shillings(1314))), Creation::Made(Making::ForMore));
        assert_eq!(collection(shillings(90_900)), RECEIVED);
        assert_eq!(collection(shillings(1401)).first, Standing::Failed);
    }

    #[test]
    fn a_number_made_by_a_rule_is_paid_as_any_other() {
        for rule in CREATION_RULES {
            let amount = Decimal::from_str_exact(rule.amount).expect("a decimal");
            assert_eq!(collection(amount), RECEIVED, "{}", rule.outcome);
        }
    }

    #[test]
    fn an_outcome_is_named_by_the_table_or_by_the_status() {
        assert_eq!(collection_named("SUCCESS"), Some(RECEIVED));
        for status in [Standing::Pending, Standing::Processing, Standing::OnHold, Standing::Success, Standing::Failed] {
            assert_eq!(collection_named(status.name()).map(|script| script.first), Some(status));
        }
        assert_eq!(collection_named("LATE_WEBHOOK"), Some(collection(shillings(1405))));
        assert_eq!(collection_named("SETTLED"), None);
    }
}
