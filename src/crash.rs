//! Crash points: the named places where a process may die, so that a test can kill it at each.
//!
//! In a build with debug assertions `BILLPAY_CRASH_AT=mark.after_commit` ends the process at once when it first gets
//! there, as `kill -9` would; `BILLPAY_FREEZE_AT=send.before` stops it there in its tracks, until somebody has it go on.
//! In a release build the points do nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};

/// A place where a process may die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPoint {
    /// Before the commit of a step.
    BeforeCommit(Step),
    /// After it.
    AfterCommit(Step),
    /// After the mark, before the first byte to the provider.
    BeforeSend,
    /// After the provider's answer, before it is stored.
    AfterSend,
}

/// A transaction of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A payment is stored.
    Create,
    /// A worker takes a submission.
    Claim,
    /// A submission is about to be sent.
    Mark,
    /// An answer is stored.
    Settle,
    /// A callback is stored.
    Callback,
    /// What a receiver of webhooks answered is stored.
    Deliver,
    /// A wish to take a payment back is stored, or fulfilled at once where nothing was sent.
    Recall,
    /// What a person found out of a payment is stored.
    Decide,
    /// A place at a provider that takes few calls at once is taken, or given back.
    Slot,
    /// Anything else: a bill number, a webhook endpoint, a catalogue.
    Other,
}

impl CrashPoint {
    /// Every one of them.
    pub const ALL: [Self; 22] = [
        Self::BeforeCommit(Step::Create),
        Self::AfterCommit(Step::Create),
        Self::BeforeCommit(Step::Claim),
        Self::AfterCommit(Step::Claim),
        Self::BeforeCommit(Step::Mark),
        Self::AfterCommit(Step::Mark),
        Self::BeforeSend,
        Self::AfterSend,
        Self::BeforeCommit(Step::Settle),
        Self::AfterCommit(Step::Settle),
        Self::BeforeCommit(Step::Callback),
        Self::AfterCommit(Step::Callback),
        Self::BeforeCommit(Step::Deliver),
        Self::AfterCommit(Step::Deliver),
        Self::BeforeCommit(Step::Recall),
        Self::AfterCommit(Step::Recall),
        Self::BeforeCommit(Step::Decide),
        Self::AfterCommit(Step::Decide),
        Self::BeforeCommit(Step::Slot),
        Self::AfterCommit(Step::Slot),
        Self::BeforeCommit(Step::Other),
        Self::AfterCommit(Step::Other),
    ];

    /// Its name in `BILLPAY_CRASH_AT`.
    pub fn name(self) -> String {
        match self {
            Self::BeforeCommit(step) => format!("{}.before_commit", step.name()),
            Self::AfterCommit(step) => format!("{}.after_commit", step.name()),
            Self::BeforeSend => "send.before".to_owned(),
            Self::AfterSend => "send.after".to_owned(),
        }
    }
}

impl Step {
    const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Claim => "claim",
            Self::Mark => "mark",
            Self::Settle => "settle",
            Self::Callback => "callback",
            Self::Deliver => "deliver",
            Self::Recall => "recall",
            Self::Decide => "decide",
            Self::Slot => "slot",
            Self::Other => "other",
        }
    }
}

/// Dies or freezes here, if this is where a test wants it.
pub fn point(point: CrashPoint) {
    static WAS_FROZEN: AtomicBool = AtomicBool::new(false);
    if !cfg!(debug_assertions) {
        return;
    }
    let is_wanted = |variable| std::env::var(variable).is_ok_and(|wanted| wanted == point.name());
    if is_wanted("BILLPAY_CRASH_AT") {
        std::process::abort();
    }
    if is_wanted("BILLPAY_FREEZE_AT") && !WAS_FROZEN.swap(true, Ordering::SeqCst) {
        // A process may stop itself; where it may not, it was not frozen, and the test sees that.
        let _ = kill_process(getpid(), Signal::STOP);
        // Another thread may take the signal; until it has, this one goes no further.
        std::thread::sleep(Duration::from_millis(50));
    }
}
