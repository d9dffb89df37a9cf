//! The documented accounts, and what each brings about: the one table from which the simulator acts and the
//! documentation is checked. Any other account is paid at once, and its inquiry is answered with braces.

use std::sync::LazyLock;

use super::super::Scenario;
use super::super::fault::Fault;
use super::PROVIDER;
use super::rejection::{Notation, Refusal};
use super::script::{Answer, Inquiry, Script};

const CURRENCY: &str = "SAR";
/// No error about an account is documented; this text is made.
const UNKNOWN_ACCOUNT: Refusal = Refusal::of_payment("Bill account is not found.", Notation::Json);
const CANNOT_BE_PAID: &str = "Sorry!, This bill cannot be paid.";

struct PaymentRule {
    account: &'static str,
    script: Script,
    outcome: &'static str,
    description: &'static str,
}

struct InquiryRule {
    account: &'static str,
    inquiry: Inquiry,
    outcome: &'static str,
    description: &'static str,
}

static PAYMENT_RULES: &[PaymentRule] = &[
    on_payment("1111111", Script::Paid(Answer::Created), "PAID", "Paid at once."),
    on_payment(
        "3333333",
        Script::Refused(Refusal::of_payment(CANNOT_BE_PAID, Notation::Json)),
        "REFUSED",
        "Refused with 422, in JSON.",
    ),
    on_payment(
        "3434343",
        Script::Refused(Refusal::of_payment(CANNOT_BE_PAID, Notation::Ruby)),
        "REFUSED_IN_RUBY",
        "Refused with 422, printed as a Ruby hash.",
    ),
    on_payment(
        "4030403",
        Script::Refused(Refusal::forbidden(Notation::Ruby)),
        "FORBIDDEN",
        "Refused with 422 and `forbidden`, as the page prints it: the account lacks the service.",
    ),
    on_payment(
        "4030404",
        Script::Refused(Refusal::forbidden(Notation::Json)),
        "FORBIDDEN_IN_JSON",
        "The same in JSON.",
    ),
    on_payment("5555555", Script::Lost(Fault::Silence), "TIMEOUT_BEFORE_EFFECT", "Never answered, and no money moves."),
    on_payment(
        "6666666",
        Script::Paid(Answer::Faulty(Fault::Silence)),
        "TIMEOUT_AFTER_EFFECT",
        "Paid, but never answered.",
    ),
    on_payment(
        "7777777",
        Script::Paid(Answer::Faulty(Fault::ServerError)),
        "ERROR_AFTER_EFFECT",
        "Paid, but answered with HTTP 500.",
    ),
    on_payment(
        "7777000",
        Script::Lost(Fault::ServerError),
        "ERROR_BEFORE_EFFECT",
        "Answered with HTTP 500, and no money moves.",
    ),
    on_payment("8888888", Script::Paid(Answer::CreatedSlowly), "SLOW", "Paid, and answered after four seconds."),
    on_payment(
        "9999999",
        Script::Paid(Answer::Faulty(Fault::Garbage)),
        "GARBAGE",
        "Paid, but answered with HTTP 200 and a page that is not JSON.",
    ),
    on_payment(
        "6161616",
        Script::Paid(Answer::Faulty(Fault::HalfAnswer)),
        "HALF_ANSWER",
        "Paid, but the connection breaks in the middle of the answer.",
    ),
    on_payment(
        "2121212",
        Script::Paid(Answer::OtherBody),
        "OTHER_ANSWER",
        "Paid, but answered with 201 and members that no page explains.",
    ),
    on_payment(
        "4010401",
        Script::ExpiredToken,
        "EXPIRED_TOKEN",
        "Answered with 401 as if the token had expired; the same payment sent again with a new token is paid.",
    ),
    on_payment(
        "0000000",
        Script::Refused(UNKNOWN_ACCOUNT),
        "UNKNOWN_ACCOUNT",
        "Refused with 422: the biller does not know the account.",
    ),
];

static INQUIRY_RULES: &[InquiryRule] = &[
    on_inquiry(
        "0000000",
        Inquiry::Refused(UNKNOWN_ACCOUNT),
        "UNKNOWN_ACCOUNT",
        "The biller does not know the account.",
    ),
    on_inquiry(
        "4030403",
        Inquiry::Refused(Refusal::forbidden(Notation::Ruby)),
        "FORBIDDEN",
        "Refused with 422 and `forbidden`: the account lacks the service.",
    ),
    on_inquiry("5050505", Inquiry::Faulty(Fault::Silence), "TIMEOUT", "Never answered."),
    on_inquiry("5000000", Inquiry::Faulty(Fault::ServerError), "ERROR", "Answered with HTTP 500."),
    on_inquiry("9090909", Inquiry::Faulty(Fault::Garbage), "GARBAGE", "Answered with a page that is not JSON."),
    on_inquiry("2121212", Inquiry::OtherBody, "OTHER_ANSWER", "Answered with 201 and members that no page explains."),
];

static SCENARIOS: LazyLock<Vec<Scenario>> = LazyLock::new(|| {
    let payments = PAYMENT_RULES.iter().map(|rule| scenario("PAY", rule.account, rule.outcome, rule.description));
    let inquiries = INQUIRY_RULES.iter().map(|rule| scenario("LOOK_UP", rule.account, rule.outcome, rule.description));
    payments.chain(inquiries).collect()
});

/// All rules, as they are documented.
pub(in crate::sandbox) fn scenarios() -> &'static [Scenario] {
    &SCENARIOS
}

/// What happens to a payment.
pub(super) fn payment_script(account: &str) -> Script {
    let rule = PAYMENT_RULES.iter().find(|rule| rule.account == account);
    rule.map_or(Script::Paid(Answer::Created), |rule| rule.script)
}

/// What an inquiry finds.
pub(super) fn inquiry(account: &str) -> Inquiry {
    let rule = INQUIRY_RULES.iter().find(|rule| rule.account == account);
    rule.map_or(Inquiry::Nothing, |rule| rule.inquiry)
}

fn scenario(
    operation: &'static str,
    account: &'static str,
    outcome: &'static str,
    description: &'static str,
) -> Scenario {
    Scenario {
        provider: PROVIDER,
        operation,
        account_reference: Some(account),
        amount: None,
        currency: CURRENCY,
        outcome,
        description,
    }
}

const fn on_payment(
    account: &'static str,
    script: Script,
    outcome: &'static str,
    description: &'static str,
) -> PaymentRule {
    PaymentRule { account, script, outcome, description }
}

const fn on_inquiry(
    account: &'static str,
    inquiry: Inquiry,
    outcome: &'static str,
    description: &'static str,
) -> InquiryRule {
    InquiryRule { account, inquiry, outcome, description }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_without_a_rule_is_paid_and_its_inquiry_says_nothing() {
        assert!(matches!(payment_script("12232019000000017"), Script::Paid(Answer::Created)));
        assert!(matches!(inquiry("12232019000000017"), Inquiry::Nothing));
        assert!(matches!(payment_script("5555555"), Script::Lost(Fault::Silence)));
    }
}
