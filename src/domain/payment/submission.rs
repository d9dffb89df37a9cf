//! Submissions: what is claimed, marked, sent and settled as one; a payment, or all payments of a bulk.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use super::decide::{RecallStage, Situation, Stage};
use super::evidence::Verdict;
use super::status::{PaymentStatus, words};
use crate::domain::ids::SubmissionId;
use crate::domain::provider::ProviderCode;
use crate::domain::requester::TenantId;

words! {
    /// What a submission sends.
    Subject {
        /// A payment, or the payments of a bulk.
        Payments = "PAYMENTS",
        /// A control number, or those of a batch.
        ControlNumbers = "CONTROL_NUMBERS",
    }
}

/// The facts about one submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Its id.
    pub id: SubmissionId,
    /// Whose it is.
    pub tenant: TenantId,
    /// To whom.
    pub provider: ProviderCode,
    /// What it sends.
    pub subject: Subject,
    /// Our reference: unique with the provider for ever.
    pub provider_key: String,
    /// When the provider first could have seen it.
    pub key_first_used_at: Option<Timestamp>,
    /// What the provider named it.
    pub provider_reference: Option<String>,
    /// The frozen request.
    pub request_bytes: Option<Vec<u8>>,
    /// Counts the claims; who holds an older one may report, but not act.
    pub fence: i64,
    /// How many attempts there are.
    pub attempt_count: i32,
    /// How many of them were submissions.
    pub submits: u32,
    /// When the last of those ended, or was marked.
    pub last_submit_at: Option<Timestamp>,
    /// What its answer said, before it was weighed.
    pub last_submit_verdict: Option<Verdict>,
    /// How many look-ups followed it.
    pub look_ups: u32,
    /// What the last look-up said, and when.
    pub last_look_up: Option<(Verdict, Timestamp)>,
    /// How often someone asked for a look-up: a caller, or a callback that is only a hint.
    pub look_up_requests: i32,
    /// How many of those a look-up that began later has met.
    pub look_up_requests_met: i32,
    /// Not to be sent before.
    pub run_at: Timestamp,
    /// Not to be sent after.
    pub not_after: Timestamp,
    /// When patience ends.
    pub review_at: Timestamp,
    /// How often working on it went wrong.
    pub fault_count: i32,
}

/// When a submission may be sent, and how long it is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Not to be sent before.
    pub run_at: Timestamp,
    /// Not to be sent after.
    pub not_after: Timestamp,
    /// When patience ends.
    pub review_at: Timestamp,
}

impl Submission {
    /// A submission about which nothing was done yet.
    pub fn new(
        id: SubmissionId,
        tenant: TenantId,
        provider: ProviderCode,
        subject: Subject,
        provider_key: String,
        times: Times,
    ) -> Self {
        Self {
            id,
            tenant,
            provider,
            subject,
            provider_key,
            key_first_used_at: None,
            provider_reference: None,
            request_bytes: None,
            fence: 0,
            attempt_count: 0,
            submits: 0,
            last_submit_at: None,
            last_submit_verdict: None,
            look_ups: 0,
            last_look_up: None,
            look_up_requests: 0,
            look_up_requests_met: 0,
            run_at: times.run_at,
            not_after: times.not_after,
            review_at: times.review_at,
            fault_count: 0,
        }
    }

    /// As it stands behind its first claim.
    pub fn claimed_first(self) -> Self {
        Self { fence: 1, ..self }
    }

    /// Counts a submission that begins now.
    pub fn count_submit(&mut self, now: Timestamp) {
        self.attempt_count += 1;
        self.submits += 1;
        self.last_submit_at = Some(now);
        self.key_first_used_at = self.key_first_used_at.or(Some(now));
        self.last_submit_verdict = None;
        self.look_ups = 0;
        self.last_look_up = None;
    }

    /// What is known, for the next decision.
    pub fn situation(
        &self,
        statuses: impl IntoIterator<Item = PaymentStatus>,
        now: Timestamp,
        submits_paused_until: Option<Timestamp>,
        recall: RecallStage,
    ) -> Situation {
        Situation {
            stage: Stage::of(statuses),
            now,
            run_at: self.run_at,
            not_after: self.not_after,
            submits: self.submits,
            last_submit_at: self.last_submit_at,
            last_submit_verdict: self.last_submit_verdict,
            key_first_used_at: self.key_first_used_at,
            look_ups: self.look_ups,
            last_look_up: self.last_look_up,
            look_up_requested: self.look_up_requests > self.look_up_requests_met,
            provider_reference_known: self.provider_reference.is_some(),
            review_at: self.review_at,
            submits_paused_until,
            recall,
        }
    }
}
