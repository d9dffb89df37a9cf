//! Settlements: what providers answered.

use std::sync::LazyLock;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::super::convert::disbursement_json;
use super::super::time::micros;
use super::super::work::payment_event;
use super::super::{AttemptEnd, Store, StoreError};
use super::{Told, held, impatiently, tell_of, told_columns};
use crate::crash::Step;
use crate::domain::event::EventType;
use crate::domain::ids::{BillId, EvidenceId};
use crate::domain::money::Money;
use crate::domain::payment::evidence::{Reported, Source, Verdict};
use crate::domain::payment::submission::Submission;
use crate::domain::payment::{AttemptState, Payment, Receipt};

/// What the first answer to a submission with one payment makes of it.
#[derive(Clone, Debug)]
pub struct PlainSettlement {
    /// The submission as it is given back. Nobody may have counted an attempt or asked for a look-up since.
    pub submission: Submission,
    /// When the worker is to look at it again.
    pub next_action_at: Option<Timestamp>,
    /// How the attempt ended.
    pub attempt: (AttemptState, AttemptEnd),
    /// The payment as it becomes. It must still be as it was in the version before, and nothing told of it.
    pub after: Payment,
    /// What happened.
    pub kind: EventType,
    /// Who said so.
    pub actor: &'static str,
    /// Why.
    pub reason: Option<String>,
    /// What was said.
    pub evidence: PlainEvidence,
    /// Proof, where it is paid.
    pub receipt: Option<Receipt>,
    /// The bill that it pays, where it is known and is paid now.
    pub pays: Option<(BillId, Money)>,
    /// What the provider names its only part.
    pub part_reference: Option<String>,
}

/// The evidence that changed the payment.
#[derive(Clone, Debug)]
pub struct PlainEvidence {
    /// Its id.
    pub id: EvidenceId,
    /// What it says.
    pub verdict: Verdict,
    /// The facts that it carries.
    pub reported: Reported,
    /// In words.
    pub note: Option<&'static str>,
}

/// The parameters: the settlements as JSON, and the time of the events. Several of them may pay parts of one bill.
///
/// Where a payment of the tenant that was believed lost has succeeded since this one was made, the two may be one payment
/// made twice: that is looked at with care.
static SETTLE: LazyLock<String> = LazyLock::new(|| TEMPLATE.replace("$HELD", held()));
const TEMPLATE: &str = concat!(
    "WITH asked AS MATERIALIZED (
    SELECT item.* FROM ",
    impatiently!(),
    " CROSS JOIN json_to_recordset($1::json) AS item (",
    told_columns!(),
    ", place integer, submission_id uuid, fence bigint, attempt_no integer, look_up_requests integer,
        next_action_at bigint, last_submit_at bigint, last_submit_verdict text, submission_reference text,
        attempt_state text, http_status integer, provider_code text, provider_message text, provider_trace text,
        review_reason text, review_since bigint, account_holder_name text, provider_reference text,
        biller_reference text, provider_status text, confirmation_number text, funding_amount_minor bigint,
        funding_currency text, exchange_rate text, disbursement text, updated_at bigint, is_final boolean,
        evidence_id uuid, source text, verdict text, reported_reference text, reported_minor bigint,
        reported_currency text, note text, receipt_number text, receipt_token text, receipt_fields text,
        bill_id uuid, bill_minor bigint, part_reference text)
), held AS MATERIALIZED (
    SELECT asked.* FROM asked JOIN submissions ON submissions.id = asked.submission_id
    WHERE $HELD AND submissions.attempt_count = asked.attempt_no
        AND submissions.look_up_requests = asked.look_up_requests
    ORDER BY submissions.id FOR UPDATE OF submissions
), settled AS (
    UPDATE payments SET status = held.status, version = held.subject_version, review_reason = held.review_reason,
        review_since = held.review_since, account_holder_name = held.account_holder_name,
        provider_reference = held.provider_reference, biller_reference = held.biller_reference,
        provider_status = held.provider_status, confirmation_number = held.confirmation_number,
        funding_amount_minor = held.funding_amount_minor, funding_currency = held.funding_currency,
        exchange_rate = held.exchange_rate, disbursement = held.disbursement, failure = held.failure,
        updated_at = held.updated_at
    FROM held WHERE payments.id = held.subject_id AND payments.version = held.subject_version - 1
        AND num_nonnulls(payments.account_holder_name, payments.provider_reference, payments.biller_reference,
            payments.provider_status, payments.confirmation_number, payments.funding_amount_minor,
            payments.exchange_rate, payments.disbursement) = 0
        AND (held.status <> 'SUCCEEDED' OR NOT EXISTS (
            SELECT FROM events WHERE events.tenant_id = payments.tenant_id AND events.kind = 'LATE_SUCCESS'
                AND events.at > payments.created_at))
    RETURNING held.*
), paid AS (
    UPDATE bills SET amount_due_minor = bills.amount_due_minor - parts.minor,
        amount_paid_minor = bills.amount_paid_minor + parts.minor
    FROM (SELECT bill_id, sum(bill_minor)::bigint AS minor FROM settled WHERE bill_id IS NOT NULL GROUP BY bill_id) parts
    WHERE bills.id = parts.bill_id
    RETURNING bills.id
), released AS (
    UPDATE submissions SET lease_owner = NULL, lease_until = NULL, next_action_at = settled.next_action_at,
        last_submit_at = settled.last_submit_at, last_submit_verdict = settled.last_submit_verdict, fault_count = 0,
        provider_reference = coalesce(settled.submission_reference, submissions.provider_reference)
    FROM settled WHERE submissions.id = settled.submission_id
), ended AS (
    UPDATE attempts SET state = settled.attempt_state, ended_at = coalesce(attempts.ended_at, $2),
        http_status = settled.http_status, provider_code = settled.provider_code,
        provider_message = settled.provider_message, provider_trace = settled.provider_trace
    FROM settled WHERE attempts.submission_id = settled.submission_id AND attempts.no = settled.attempt_no
), witnessed AS (
    INSERT INTO evidence (id, payment_id, attempt_no, source, verdict, outcome, provider_reference, amount_minor,
        currency, actor, note, at)
    SELECT evidence_id, subject_id, attempt_no, source, verdict, 'BECAME', reported_reference, reported_minor,
        reported_currency, actor, note, $2 FROM settled
), proven AS (
    INSERT INTO receipts (payment_id, tenant_id, number, issued_at, provider_reference, biller_reference, token, fields)
    SELECT subject_id, tenant_id, receipt_number, updated_at, provider_reference, biller_reference, receipt_token,
        receipt_fields FROM settled WHERE receipt_number IS NOT NULL
), named AS (
    UPDATE allocations SET provider_reference = settled.part_reference
    FROM settled WHERE allocations.payment_id = settled.subject_id AND allocations.no = 1
        AND settled.part_reference IS NOT NULL
), freed AS (
    DELETE FROM bill_claims USING settled WHERE bill_claims.payment_id = settled.subject_id AND settled.is_final
), ",
    // A head is held by all of its tenant: nobody may wait for a bill under it.
    tell_of!("settled", "(SELECT count(*) FROM paid) >= 0")
);

#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    told: Told,
    place: usize,
    submission_id: Uuid,
    fence: i64,
    attempt_no: i32,
    look_up_requests: i32,
    next_action_at: Option<i64>,
    last_submit_at: Option<i64>,
    last_submit_verdict: Option<&'static str>,
    submission_reference: Option<&'a str>,
    attempt_state: &'static str,
    http_status: Option<u16>,
    provider_code: Option<&'a str>,
    provider_message: Option<&'a str>,
    provider_trace: Option<&'a str>,
    review_reason: Option<String>,
    review_since: Option<i64>,
    account_holder_name: Option<&'a str>,
    provider_reference: Option<&'a str>,
    biller_reference: Option<&'a str>,
    provider_status: Option<&'a str>,
    confirmation_number: Option<&'a str>,
    funding_amount_minor: Option<i64>,
    funding_currency: Option<String>,
    exchange_rate: Option<&'a str>,
    disbursement: Option<String>,
    updated_at: i64,
    is_final: bool,
    evidence_id: Uuid,
    source: String,
    verdict: &'static str,
    reported_reference: Option<&'a str>,
    reported_minor: Option<i64>,
    reported_currency: Option<String>,
    note: Option<&'static str>,
    receipt_number: Option<&'a str>,
    receipt_token: Option<&'a str>,
    receipt_fields: Option<String>,
    bill_id: Option<Uuid>,
    bill_minor: Option<i64>,
    part_reference: Option<&'a str>,
}

impl Store {
    /// Stores those whose submission and payment nobody has touched since the mark: for each whether it is committed.
    pub async fn settle_at_once(&self, settlements: &[PlainSettlement]) -> Vec<Result<bool, StoreError>> {
        let rows: Vec<Row<'_>> = settlements.iter().enumerate().map(|(place, one)| row(place, one)).collect();
        let Ok(json) = serde_json::to_string(&rows) else { return vec![Ok(false); settlements.len()] };
        let made = self
            .change_at_once(Step::Settle, &SETTLE, vec![json.into(), micros(self.clock.now()).into()], rows.len())
            .await;
        let comes_due = |(one, made): (&PlainSettlement, &Result<bool, StoreError>)| {
            one.next_action_at.is_some() && matches!(made, Ok(true))
        };
        self.tell_waiters(settlements.iter().map(|one| &one.after), &made);
        if settlements.iter().zip(&made).any(comes_due) {
            self.heads.nudge_work();
        }
        made
    }
}

fn row(place: usize, one: &PlainSettlement) -> Row<'_> {
    let (submission, after, evidence) = (&one.submission, &one.after, &one.evidence);
    let (state, end) = &one.attempt;
    let receipt = one.receipt.as_ref();
    Row {
        told: Told::of(&payment_event(after, one.kind, one.actor, one.reason.clone())),
        place,
        submission_id: submission.id.uuid(),
        fence: submission.fence,
        attempt_no: submission.attempt_count,
        look_up_requests: submission.look_up_requests,
        next_action_at: one.next_action_at.map(micros),
        last_submit_at: submission.last_submit_at.map(micros),
        last_submit_verdict: submission.last_submit_verdict.map(Verdict::as_str),
        submission_reference: submission.provider_reference.as_deref(),
        attempt_state: state.as_str(),
        http_status: end.http_status,
        provider_code: end.provider_code.as_deref(),
        provider_message: end.provider_message.as_deref(),
        provider_trace: end.provider_trace.as_deref(),
        review_reason: after.review.map(|(reason, _)| reason.to_string()),
        review_since: after.review.map(|(_, since)| micros(since)),
        account_holder_name: after.account_holder_name.as_deref(),
        provider_reference: after.provider_reference.as_deref(),
        biller_reference: after.biller_reference.as_deref(),
        provider_status: after.provider_status.as_deref(),
        confirmation_number: after.confirmation_number.as_deref(),
        funding_amount_minor: after.funding_amount.map(Money::minor),
        funding_currency: after.funding_amount.map(|amount| amount.currency().to_string()),
        exchange_rate: after.exchange_rate.as_deref(),
        disbursement: disbursement_json(after.disbursement.as_ref()),
        updated_at: micros(after.updated_at),
        is_final: after.status.is_final(),
        evidence_id: evidence.id.uuid(),
        source: Source::Submit.to_string(),
        verdict: evidence.verdict.as_str(),
        reported_reference: evidence.reported.provider_reference.as_deref(),
        reported_minor: evidence.reported.amount.map(Money::minor),
        reported_currency: evidence.reported.amount.map(|amount| amount.currency().to_string()),
        note: evidence.note,
        receipt_number: receipt.map(|receipt| receipt.number.as_str()),
        receipt_token: receipt.and_then(|receipt| receipt.token.as_deref()),
        receipt_fields: receipt.and_then(|receipt| serde_json::to_string(&receipt.fields).ok()),
        bill_id: one.pays.map(|(bill, _)| bill.uuid()),
        bill_minor: one.pays.map(|(_, amount)| amount.minor()),
        part_reference: one.part_reference.as_deref(),
    }
}
