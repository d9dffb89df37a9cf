//! What comes of trying a behaviour.

use std::fmt::Debug;

use billpay::domain::provider::Capability;
use billpay::ports::provider::ProviderError;

/// A behaviour holds, or else why it does not.
pub type Checked = Result<(), Miss>;

/// Why a behaviour does not hold.
#[derive(Debug)]
pub enum Miss {
    /// It is not expected: the text names what is lacking.
    Skipped(&'static str),
    /// It is expected.
    Failed(String),
}

/// That the simulator has no such scenario, or that it cannot be seen there.
pub const NO_SCENARIO: &str = "*no scenario*";
/// That the provider recognises no repetition.
pub const NO_KEY: &str = "*no key*";

/// The provider lacks a capability, and says so.
pub fn lacks(capability: Capability) -> Miss {
    Miss::Skipped(word(capability))
}

/// Fails unless something holds.
pub fn ensure(holds: bool, what: impl Into<String>) -> Checked {
    if holds { Ok(()) } else { Err(Miss::Failed(what.into())) }
}

/// Something else came than should have.
pub fn unexpected(what: &str, got: &impl Debug) -> Miss {
    Miss::Failed(format!("{what}, not {got:?}"))
}

/// Expects that nobody can know whether it arrived.
pub fn expect_unknown<T: Debug>(answer: &Result<T, ProviderError>) -> Checked {
    match answer {
        Err(ProviderError::Unknown(_)) => Ok(()),
        other => Err(unexpected("the outcome should be unknown", other)),
    }
}

/// Expects that nothing was sent.
pub fn expect_not_sent<T: Debug>(answer: &Result<T, ProviderError>) -> Checked {
    match answer {
        Err(ProviderError::NotSent(_)) => Ok(()),
        other => Err(unexpected("nothing should have been sent", other)),
    }
}

/// The word of the schema.
const fn word(capability: Capability) -> &'static str {
    match capability {
        Capability::LookUp => "LOOK_UP",
        Capability::Validate => "VALIDATE",
        Capability::SaveBillNumber => "SAVE_BILL_NUMBER",
        Capability::Pay => "PAY",
        Capability::Schedule => "SCHEDULE",
        Capability::Bulk => "BULK",
        Capability::Combine => "COMBINE",
        Capability::Faster => "FASTER",
        Capability::Cancel => "CANCEL",
        Capability::Void => "VOID",
        Capability::Status => "STATUS",
        Capability::Callback => "CALLBACK",
        Capability::ControlNumber => "CONTROL_NUMBER",
    }
}
