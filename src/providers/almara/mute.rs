//! Almara as a provider that recognises a repetition and tells nothing afterwards: a simulated one of class B.
//!
//! None of the four providers is of that class, and what the engine does with one is to be tried as the others are. In
//! a build with debug assertions `BILLPAY_TEST_CLASS_B=almara` makes Almara such a provider for the life of the
//! process: it cannot be asked how a payment stands, and no callback of its is taken. In exchange it answers each
//! submission with how the payment stands at that moment, and a repeated one as the first; to say that, the adapter
//! asks Almara within the same call. In a release build nothing is ever changed.

use std::sync::OnceLock;

use super::convert::{self, Asked, DUPLICATE};
use super::wire::FoundPayment;
use super::{Almara, BILL_PAYMENTS, unreadable};
use crate::config::Secret;
use crate::domain::payment::evidence::Verdict;
use crate::domain::provider::{Callbacks, Capability, LookUp, Safety};
use crate::ports::clock::Deadline;
use crate::ports::provider::{PaymentAnswer, ProviderError};
use crate::providers::http::trouble;
use crate::providers::json;

/// The variable that makes it one.
const VARIABLE: &str = "BILLPAY_TEST_CLASS_B";
/// Its value.
const ALMARA: &str = "almara";

/// What it can do: neither STATUS nor CALLBACK.
pub(super) const CAPABILITIES: &[Capability] =
    &[Capability::LookUp, Capability::Validate, Capability::SaveBillNumber, Capability::Pay];

/// Whether a test wants it so.
pub(super) fn is_mute() -> bool {
    cfg!(debug_assertions) && is_wanted()
}

/// Says loudly that Almara is not what it is, where that is so.
pub(super) fn announce() {
    if is_mute() {
        tracing::error!("ALMARA IS SIMULATED AS A PROVIDER OF CLASS B: {VARIABLE} has it asked nothing");
    } else if is_wanted() {
        tracing::error!("{VARIABLE} is ignored: a release build simulates no other class");
    }
}

/// What the engine then reads.
pub(super) fn of_class_b(safety: Safety) -> Safety {
    Safety { look_up: LookUp::None, callbacks: Callbacks::None, ..safety }
}

fn is_wanted() -> bool {
    static WANTED: OnceLock<bool> = OnceLock::new();
    *WANTED.get_or_init(|| std::env::var(VARIABLE).is_ok_and(|value| value == ALMARA))
}

impl Almara {
    /// How the payment stands, in place of what was `said`: that it is taken, now or with an earlier request of the same
    /// reference. Whatever goes wrong from here on, it is taken: then nobody knows how it stands.
    pub(super) async fn told_at_once(
        &self,
        said: Result<PaymentAnswer, ProviderError>,
        our_reference: &str,
        token: &Secret,
        deadline: Deadline,
    ) -> Result<PaymentAnswer, ProviderError> {
        match said {
            Ok(_accepted) => {}
            Err(ProviderError::Unknown(known)) if known.what == DUPLICATE => {}
            Err(error) => return Err(error),
        }
        let untold = |_| ProviderError::Unknown(trouble("taken, and not told how it stands"));
        let call = self.get(BILL_PAYMENTS, &[("OriginatorConversationId", our_reference)]);
        let answer = self.send(&call, token, deadline).await.map_err(untold)?;
        let found: FoundPayment = json::read(&answer.body).map_err(|_| unreadable(&answer))?;
        let asked = Asked { our_reference, currency: self.currency, http_status: answer.status };
        let told = convert::standing(found, asked).map_err(untold)?;
        if told.verdict == Some(Verdict::NotFound) {
            return Err(ProviderError::Unknown(answer.trouble("taken, and not found")));
        }
        Ok(told)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::provider::{Idempotency, SafetyClass};

    #[test]
    fn it_is_of_class_b_and_can_be_asked_nothing() {
        let day = Duration::from_secs(24 * 3600);
        let safety = Safety {
            idempotency: Idempotency::Key { life: day, margin: day / 24 },
            look_up: LookUp::ByOurReference { consistent_after: Duration::ZERO },
            callbacks: Callbacks::Unsigned,
            max_request_life: day,
            may_deduct_fee: false,
        };
        assert_eq!((safety.class(false), safety.class(true)), (SafetyClass::A, SafetyClass::A));
        let mute = of_class_b(safety);
        assert_eq!((mute.class(false), mute.class(true)), (SafetyClass::B, SafetyClass::B));
        assert_eq!((mute.callbacks, mute.idempotency), (Callbacks::None, safety.idempotency));
        assert!(!CAPABILITIES.contains(&Capability::Status) && !CAPABILITIES.contains(&Capability::Callback));
    }

    #[test]
    fn it_is_what_it_is_unless_a_test_wants_it_otherwise() {
        assert!(std::env::var_os(VARIABLE).is_some() || !is_mute());
    }
}
