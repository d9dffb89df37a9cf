//! Planted weaknesses: known ways to build a payment engine wrong, so that a test can prove that it would notice.
//!
//! In a build with debug assertions `BILLPAY_WEAKNESS=w3` plants one into the running server, for the life of the
//! process; in a release build nothing is ever planted. Who checks the engine must find each of them.

use std::sync::OnceLock;

/// The variable that plants one.
const VARIABLE: &str = "BILLPAY_WEAKNESS";

/// A way to do harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// Time is taken for proof: what is not found after the quiet time is sent again, though its sender may be frozen.
    QuietTimeIsProof,
    /// What is not found is sent again at once.
    NotFoundIsProof,
    /// Nothing is committed before the call.
    NoMark,
    /// An unclear answer counts as a refusal.
    TimeoutIsFailed,
    /// Where no safe step is left, the payment counts as failed.
    GivingUpIsFailed,
    /// Each try bears a reference of its own.
    NewKeyPerTry,
    /// A reference is used again however old it is.
    KeyAgeIgnored,
    /// Whoever lost its lease acts as if it held it.
    NoFence,
    /// The last answer counts, whatever was known before.
    LastWriterWins,
    /// An event's number is drawn apart, and the head is not held until the event is committed: numbers are committed out
    /// of order, and whoever reads behind the highest passes one by.
    SequenceWithoutHead,
    /// The end of a lease stops no call: who was frozen in front of it sends all the same.
    NoDeadline,
}

impl Weakness {
    /// Every one of them.
    pub const ALL: [Self; 11] = [
        Self::QuietTimeIsProof,
        Self::NotFoundIsProof,
        Self::NoMark,
        Self::TimeoutIsFailed,
        Self::GivingUpIsFailed,
        Self::NewKeyPerTry,
        Self::KeyAgeIgnored,
        Self::NoFence,
        Self::LastWriterWins,
        Self::SequenceWithoutHead,
        Self::NoDeadline,
    ];

    /// Its name in `BILLPAY_WEAKNESS`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::QuietTimeIsProof => "w1",
            Self::NotFoundIsProof => "w2",
            Self::NoMark => "w3",
            Self::TimeoutIsFailed => "w4",
            Self::GivingUpIsFailed => "w5",
            Self::NewKeyPerTry => "w6",
            Self::KeyAgeIgnored => "w7",
            Self::NoFence => "w8",
            Self::LastWriterWins => "w9",
            Self::SequenceWithoutHead => "w10",
            Self::NoDeadline => "w11",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|weakness| weakness.name() == name)
    }
}

/// Whether a test planted this one.
pub fn planted(weakness: Weakness) -> bool {
    cfg!(debug_assertions) && of_this_process() == Some(weakness)
}

/// Says loudly that this process is not to be trusted, where it is not.
pub fn announce() {
    let wanted = std::env::var(VARIABLE).unwrap_or_default();
    if wanted.is_empty() {
        return;
    }
    if !cfg!(debug_assertions) {
        tracing::error!("{VARIABLE} is ignored: a release build has no weaknesses to plant");
    } else if let Some(weakness) = of_this_process() {
        tracing::error!(weakness = weakness.name(), ?weakness, "THIS SERVER PAYS WRONGLY: a weakness is planted");
    } else {
        tracing::error!("{VARIABLE} names no weakness: w1 to w11 are known");
    }
}

fn of_this_process() -> Option<Weakness> {
    static PLANTED: OnceLock<Option<Weakness>> = OnceLock::new();
    *PLANTED.get_or_init(|| Weakness::named(&std::env::var(VARIABLE).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_weakness_is_found_by_its_name() {
        for (number, weakness) in (1..).zip(Weakness::ALL) {
            assert_eq!(weakness.name(), format!("w{number}"));
            assert_eq!(Weakness::named(weakness.name()), Some(weakness));
        }
        assert_eq!(Weakness::named("w12"), None);
    }

    #[test]
    fn nothing_is_planted_unasked() {
        assert!(std::env::var_os(VARIABLE).is_some() || !Weakness::ALL.into_iter().any(planted));
    }
}
