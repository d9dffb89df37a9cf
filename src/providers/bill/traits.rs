//! What can be done through BILL, and what it must be told: data for the schema and the engine.

use std::time::Duration;

use crate::domain::biller::{Biller, BillerTraits, InputName, InputRule, Need};
use crate::domain::disbursement::DisbursementMethod;
use crate::domain::payment::DeliverySpeed;
use crate::domain::provider::{Callbacks, Capability, Idempotency, LookUp, Safety};

/// No page says when a payment is in the list after it was taken.
const CONSISTENT_AFTER: Duration = Duration::from_secs(60);
/// No page says how long BILL may work on what it took before it shows it. Nothing is sent again, so all that depends
/// on it is when a payment that is not found goes to a person.
const LONGEST_REQUEST_LIFE: Duration = Duration::from_secs(600);

/// Everything; the first only for some vendors, and the last too.
static CAPABILITIES: [Capability; 10] = [
    Capability::Faster,
    Capability::LookUp,
    Capability::Pay,
    Capability::Schedule,
    Capability::Bulk,
    Capability::Cancel,
    Capability::Void,
    Capability::Status,
    Capability::Callback,
    Capability::Combine,
];

const INPUTS: &[InputRule] = &[
    InputRule::new(InputName::FundingAccount, Need::Required, "Funding account"),
    InputRule {
        max_length: Some(70),
        example: Some("Inv #20251231"),
        ..InputRule::new(InputName::Description, Need::Optional, "What the payment is for")
    },
    InputRule { example: Some("2026-12-31"), ..InputRule::new(InputName::ProcessDate, Need::Optional, "Day to pay") },
    InputRule::new(InputName::AccountReference, Need::Unused, "Account number"),
    InputRule::new(InputName::SecondReference, Need::Unused, "Second number"),
    InputRule::new(InputName::PayerName, Need::Unused, "Payer's name"),
    InputRule::new(InputName::PayerPhone, Need::Unused, "Payer's phone number"),
    InputRule::new(InputName::DueDate, Need::Unused, "Due date"),
];

/// Everything that BILL can do.
pub(super) fn capabilities() -> &'static [Capability] {
    &CAPABILITIES
}

/// What can be done through one vendor.
pub(super) fn of(biller: &Biller) -> BillerTraits {
    let delivery_speeds = delivery_speeds(biller.disbursement_method);
    let first = usize::from(delivery_speeds.len() == 1);
    let last = CAPABILITIES.len() - usize::from(!biller.combines);
    BillerTraits {
        capabilities: &CAPABILITIES[first..last],
        inputs: INPUTS,
        delivery_speeds,
        lists_bills: true,
        makes_bills: true,
    }
}

/// BILL recognises no repetition; our reference is found in its list, and its notifications are signed.
pub(super) const fn safety() -> Safety {
    Safety {
        // Whether a second payment with the same transactionNumber is refused, no page says.
        idempotency: Idempotency::None,
        look_up: LookUp::ByOurReference { consistent_after: CONSISTENT_AFTER },
        callbacks: Callbacks::Signed,
        max_request_life: LONGEST_REQUEST_LIFE,
        may_deduct_fee: false,
    }
}

/// Only transfers and checks go faster, each by its own ways.
const fn delivery_speeds(method: Option<DisbursementMethod>) -> &'static [DeliverySpeed] {
    match method {
        Some(DisbursementMethod::Ach) => &[DeliverySpeed::Standard, DeliverySpeed::Faster],
        Some(DisbursementMethod::Check) => {
            &[DeliverySpeed::Standard, DeliverySpeed::OneDay, DeliverySpeed::TwoDays, DeliverySpeed::ThreeDays]
        }
        Some(
            DisbursementMethod::Rpps
            | DisbursementMethod::International
            | DisbursementMethod::VirtualCard
            | DisbursementMethod::Wallet
            | DisbursementMethod::Offline
            | DisbursementMethod::Unknown,
        )
        | None => &[DeliverySpeed::Standard],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provider::SafetyClass;
    use crate::providers::bill::fixture;

    fn traits(disbursement_method: Option<DisbursementMethod>, combines: bool) -> BillerTraits {
        of(&Biller { disbursement_method, combines, ..fixture::biller() })
    }

    #[test]
    fn faster_and_combining_are_for_the_vendors_that_allow_it() {
        for (method, combines, faster) in [
            (Some(DisbursementMethod::Ach), true, true),
            (Some(DisbursementMethod::Check), false, true),
            (Some(DisbursementMethod::VirtualCard), true, false),
            (None, false, false),
        ] {
            let capabilities = traits(method, combines).capabilities;
            assert_eq!(capabilities.contains(&Capability::Faster), faster, "{method:?}");
            assert_eq!(capabilities.contains(&Capability::Combine), combines, "{method:?}");
            assert!(capabilities.contains(&Capability::LookUp) && capabilities.contains(&Capability::Callback));
        }
    }

    #[test]
    fn a_transfer_has_one_faster_way_and_a_check_three() {
        assert_eq!(traits(Some(DisbursementMethod::Ach), false).delivery_speeds.len(), 2);
        assert_eq!(traits(Some(DisbursementMethod::Check), false).delivery_speeds.len(), 4);
        assert_eq!(traits(Some(DisbursementMethod::Unknown), false).delivery_speeds, [DeliverySpeed::Standard]);
    }

    #[test]
    fn nothing_is_ever_sent_again_by_itself() {
        assert_eq!((safety().class(false), safety().class(true)), (SafetyClass::C, SafetyClass::C));
    }
}
