//! Too much to do: what billpay cannot take at present, and how it says so before anything is written.

use super::provider::ProviderCode;
use super::refusal::{ErrorCode, Refusal};

/// Below this part of the least room nothing new is sent either: 1 of so many.
const SCARCE_PART: u64 = 2;

/// How much room the database has on its disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Room {
    /// Enough, or it cannot be told.
    #[default]
    Enough,
    /// Less than what must be left: nothing new is taken, and what was taken goes its way.
    Low,
    /// Less than half of that: nothing is sent any more either; what is known is settled, and look-ups go on.
    Scarce,
}

impl Room {
    /// How much room there is with `free` bytes, where `least` must be left; 0 asks for none.
    pub fn of(free: Option<u64>, least: u64) -> Self {
        match free {
            Some(free) if free < least / SCARCE_PART => Self::Scarce,
            Some(free) if free < least => Self::Low,
            Some(_) | None => Self::Enough,
        }
    }
}

/// Why something new is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overload {
    /// So much waits to be sent to this provider already.
    Backlog(ProviderCode),
    /// So many wait for the database already, or it gave no connection in time.
    Busy,
    /// The disk of the database is nearly full, or takes no writes.
    Disk,
}

impl Overload {
    /// The word in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Backlog(_) => "backlog",
            Self::Busy => "busy",
            Self::Disk => "disk",
        }
    }

    /// What a caller is told.
    pub fn refusal(self) -> Refusal {
        let message = match self {
            Self::Backlog(provider) => format!(
                "too much waits to be sent to {} at present; nothing was recorded: try again in a minute",
                provider.name()
            ),
            Self::Busy => {
                "billpay has too much to do at present; nothing was recorded: try again in a few seconds".into()
            }
            Self::Disk => "the server's disk is nearly full; nothing was recorded: try again in some minutes".into(),
        };
        Refusal::new(ErrorCode::Overloaded, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_becomes_low_before_it_becomes_scarce() {
        assert_eq!(Room::of(Some(100), 100), Room::Enough);
        assert_eq!(Room::of(Some(99), 100), Room::Low);
        assert_eq!(Room::of(Some(50), 100), Room::Low);
        assert_eq!(Room::of(Some(49), 100), Room::Scarce);
        assert_eq!(Room::of(Some(0), 0), Room::Enough, "switched off");
        assert_eq!(Room::of(None, 100), Room::Enough, "another machine's disk");
    }

    #[test]
    fn each_refusal_says_when_to_try_again() {
        for overload in [Overload::Backlog(ProviderCode::Almara), Overload::Busy, Overload::Disk] {
            let refusal = overload.refusal();
            assert_eq!(refusal.code, ErrorCode::Overloaded);
            assert!(refusal.message.contains("nothing was recorded: try again in "), "{}", refusal.message);
        }
    }
}
