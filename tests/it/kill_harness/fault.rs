//! The faults of the bench: what breaks while callers buy.

use std::fmt;
use std::str::FromStr;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// None, to have something to compare with.
    Nothing,
    /// A server dies by SIGKILL, at times while it starts.
    Kill,
    /// A server is asked to stop, and is followed by the next once it has.
    Restart,
    /// A server stands still for twice its lease and goes on as if nothing had been.
    Freeze,
    /// The line to the providers is cut, with every call that is on it, and refuses for a while.
    CutProvider,
    /// The line to the providers takes longer than a call may.
    DelayProvider,
    /// Calls to the providers are reset, before they arrive or after they were answered.
    ResetProvider,
    /// The line to the database is cut: before a COMMIT, after it was sent, after it was answered, and anywhere.
    CutDatabase,
    /// PostgreSQL is stopped in its tracks and started again.
    StopPostgres,
    /// One server's clock is an hour wrong.
    ClockStep,
}

impl Fault {
    pub(super) const ALL: [Self; 10] = [
        Self::Nothing,
        Self::Kill,
        Self::Restart,
        Self::Freeze,
        Self::CutProvider,
        Self::DelayProvider,
        Self::ResetProvider,
        Self::CutDatabase,
        Self::StopPostgres,
        Self::ClockStep,
    ];

    /// It alone, for a campaign.
    pub(super) const fn alone(self) -> &'static [Self] {
        match self {
            Self::Nothing => &[Self::Nothing],
            Self::Kill => &[Self::Kill],
            Self::Restart => &[Self::Restart],
            Self::Freeze => &[Self::Freeze],
            Self::CutProvider => &[Self::CutProvider],
            Self::DelayProvider => &[Self::DelayProvider],
            Self::ResetProvider => &[Self::ResetProvider],
            Self::CutDatabase => &[Self::CutDatabase],
            Self::StopPostgres => &[Self::StopPostgres],
            Self::ClockStep => &[Self::ClockStep],
        }
    }

    /// Its name in FAULT.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Kill => "kill",
            Self::Restart => "restart",
            Self::Freeze => "freeze",
            Self::CutProvider => "cut-provider",
            Self::DelayProvider => "delay-provider",
            Self::ResetProvider => "reset-provider",
            Self::CutDatabase => "cut-database",
            Self::StopPostgres => "stop-postgres",
            Self::ClockStep => "clock-step",
        }
    }

    /// Which faults of the design it makes.
    pub(super) const fn rows(self) -> &'static str {
        match self {
            Self::Nothing => "-",
            Self::Kill => "F1, F15",
            Self::Restart => "F31, F35",
            Self::Freeze => "F3",
            Self::CutProvider => "F5",
            Self::DelayProvider | Self::ResetProvider => "F4",
            Self::CutDatabase => "F10",
            Self::StopPostgres => "F9",
            Self::ClockStep => "F21",
        }
    }

    /// Whether the servers reach the providers through a wire that the bench holds.
    pub(super) const fn is_on_provider_wire(self) -> bool {
        match self {
            Self::CutProvider | Self::DelayProvider | Self::ResetProvider => true,
            Self::Nothing
            | Self::Kill
            | Self::Restart
            | Self::Freeze
            | Self::CutDatabase
            | Self::StopPostgres
            | Self::ClockStep => false,
        }
    }

    /// Whether they reach the database through one. Its protocol is PostgreSQL's.
    pub(super) const fn is_on_database_wire(self) -> bool {
        match self {
            Self::CutDatabase => true,
            Self::Nothing
            | Self::Kill
            | Self::Restart
            | Self::Freeze
            | Self::CutProvider
            | Self::DelayProvider
            | Self::ResetProvider
            | Self::StopPostgres
            | Self::ClockStep => false,
        }
    }

    /// Whether it stops the database itself, which then must be nobody else's.
    pub(super) const fn stops_postgres(self) -> bool {
        match self {
            Self::StopPostgres => true,
            Self::Nothing
            | Self::Kill
            | Self::Restart
            | Self::Freeze
            | Self::CutProvider
            | Self::DelayProvider
            | Self::ResetProvider
            | Self::CutDatabase
            | Self::ClockStep => false,
        }
    }

    /// Whether a caller of another server may be told of an error.
    pub(super) const fn excuses_errors(self) -> bool {
        match self {
            Self::Nothing | Self::Restart => false,
            Self::Kill
            | Self::Freeze
            | Self::CutProvider
            | Self::DelayProvider
            | Self::ResetProvider
            | Self::CutDatabase
            | Self::StopPostgres
            | Self::ClockStep => true,
        }
    }

    /// Whether the servers disagree about the time.
    pub(super) const fn moves_clocks(self) -> bool {
        match self {
            Self::ClockStep => true,
            Self::Nothing
            | Self::Kill
            | Self::Restart
            | Self::Freeze
            | Self::CutProvider
            | Self::DelayProvider
            | Self::ResetProvider
            | Self::CutDatabase
            | Self::StopPostgres => false,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|fault| fault.name() == name).ok_or_else(|| format!("none of {}", known()))
    }
}
