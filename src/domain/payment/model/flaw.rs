//! Ways to build the engine wrong, each of which the search must find.

/// What is wrong with the engine of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// w1: what is not found after the quiet time is sent again.
    QuietTimeIsProof,
    /// w2: what is not found is sent again at once.
    NotFoundIsProof,
    /// w3: nothing is committed before the call.
    NoMark,
    /// w4: an unclear answer counts as a refusal.
    TimeoutIsFailed,
    /// w5: where no safe step is left, the payment counts as failed.
    GivingUpIsFailed,
    /// w6: each try bears a reference of its own.
    NewKeyPerTry,
    /// w7: a reference is used again however old it is.
    KeyAgeIgnored,
    /// w8: whoever lost its lease acts as if it held it.
    NoFence,
    /// w9: the last answer counts, whatever was known before.
    LastWriterWins,
    /// What a former holder reopens is scheduled by nobody.
    LateWordIsNotScheduled,
    /// After a restored backup nothing stands for the submission that it may have forgotten.
    ForgottenSubmissionIsNotCounted,
}
