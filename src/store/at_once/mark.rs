//! Marks: that payments are about to be sent.

use std::sync::LazyLock;
use std::time::Duration;

use jiff::Timestamp;
use sea_orm::DbBackend;
use serde::Serialize;
use uuid::Uuid;

use super::super::time::{micros, now_sql};
use super::super::work::payment_event;
use super::super::{Store, StoreError};
use super::{Told, held, impatiently, tell_of, told_columns};
use crate::crash::Step;
use crate::domain::event::EventType;
use crate::domain::payment::submission::Submission;
use crate::domain::payment::{AttemptKind, AttemptState, Payment};

/// The mark of a submission with one payment.
#[derive(Clone, Debug)]
pub struct PlainMark {
    /// The submission, which has counted this attempt already.
    pub submission: Submission,
    /// The payment as it becomes. It must still be as it was in the version before.
    pub after: Payment,
    /// Who does it.
    pub actor: &'static str,
    /// How long the lease must last.
    pub lease_needs: Duration,
    /// When the call must be over.
    pub deadline: Timestamp,
}

/// The parameters: the marks as JSON, the time of the events, and how far the clock of the leases is moved.
static MARK: LazyLock<String> = LazyLock::new(|| {
    format!(
        "WITH asked AS MATERIALIZED (
    SELECT item.* FROM {impatiently} CROSS JOIN json_to_recordset($1::json) AS item ({columns}, place integer, submission_id uuid, fence bigint,
        attempt_no integer, submits integer, begins_at bigint, key_first_used_at bigint, request_bytes text,
        lease_needs bigint, deadline bigint, updated_at bigint)
), held AS MATERIALIZED (
    SELECT asked.* FROM asked JOIN submissions ON submissions.id = asked.submission_id
    WHERE {held} AND submissions.attempt_count = asked.attempt_no - 1
        AND submissions.lease_until > {now} + asked.lease_needs
    ORDER BY submissions.id FOR UPDATE OF submissions
), marked AS (
    UPDATE payments SET status = held.status, version = held.subject_version, review_reason = NULL,
        review_since = NULL, updated_at = held.updated_at
    FROM held WHERE payments.id = held.subject_id AND payments.version = held.subject_version - 1
    RETURNING held.*
), counted AS (
    UPDATE submissions SET next_action_at = submissions.lease_until, attempt_count = marked.attempt_no,
        submits = marked.submits, last_submit_at = marked.begins_at, key_first_used_at = marked.key_first_used_at,
        request_bytes = decode(marked.request_bytes, 'hex'), last_submit_verdict = NULL, look_ups = 0,
        last_look_up_verdict = NULL, last_look_up_at = NULL
    FROM marked WHERE submissions.id = marked.submission_id
), attempted AS (
    INSERT INTO attempts (submission_id, no, fence, kind, state, started_at, deadline)
    SELECT submission_id, attempt_no, fence, '{submit}', '{sending}', begins_at, deadline FROM marked
), {tell}",
        impatiently = impatiently!(),
        columns = told_columns!(),
        held = held(),
        now = now_sql(DbBackend::Postgres, "$3"),
        submit = AttemptKind::Submit,
        sending = AttemptState::Sending,
        tell = tell_of!("marked", "TRUE"),
    )
});

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    told: Told,
    place: usize,
    submission_id: Uuid,
    fence: i64,
    attempt_no: i32,
    submits: u32,
    begins_at: Option<i64>,
    key_first_used_at: Option<i64>,
    request_bytes: Option<String>,
    lease_needs: i64,
    deadline: i64,
    updated_at: i64,
}

impl Store {
    /// Marks those whose lease lasts and whose payment nobody has changed since: for each whether it is committed.
    pub async fn mark_at_once(&self, marks: &[PlainMark]) -> Vec<Result<bool, StoreError>> {
        let rows: Vec<Row> = marks.iter().enumerate().map(|(place, mark)| row(place, mark)).collect();
        let Ok(json) = serde_json::to_string(&rows) else { return vec![Ok(false); marks.len()] };
        let values = vec![json.into(), micros(self.clock.now()).into(), self.clock.offset_micros().into()];
        let made = self.change_at_once(Step::Mark, &MARK, values, marks.len()).await;
        self.tell_waiters(marks.iter().map(|mark| &mark.after), &made);
        made
    }
}

fn row(place: usize, mark: &PlainMark) -> Row {
    let submission = &mark.submission;
    Row {
        told: Told::of(&payment_event(&mark.after, EventType::PaymentSubmitting, mark.actor, None)),
        place,
        submission_id: submission.id.uuid(),
        fence: submission.fence,
        attempt_no: submission.attempt_count,
        submits: submission.submits,
        begins_at: submission.last_submit_at.map(micros),
        key_first_used_at: submission.key_first_used_at.map(micros),
        request_bytes: submission.request_bytes.as_ref().map(hex::encode),
        lease_needs: i64::try_from(mark.lease_needs.as_micros()).unwrap_or(i64::MAX),
        deadline: micros(mark.deadline),
        updated_at: micros(mark.after.updated_at),
    }
}
