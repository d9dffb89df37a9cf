//! Callbacks: stored before they are acknowledged, and then believed as far as their origin is proven.

use std::time::Duration;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::engine::{Testimony, actor_of};
use super::{App, AppError};
use crate::crash::Step;
use crate::domain::payment::decide::RecallStage;
use crate::domain::payment::evidence::{Source, Verdict};
use crate::domain::payment::status::PaymentStatus;
use crate::domain::payment::submission::Submission;
use crate::domain::provider::{Callbacks, ProviderCode, SafetyClass};
use crate::ports::provider::{CallbackError, CallbackNotice, CollectionAnswer};
use crate::store::work::Work;
use crate::store::{Callback, StoreError, Unmatched, retrying};
use crate::telemetry::metric;

/// How many unsigned callbacks that match no payment are kept for a provider. What is signed is kept without limit.
const MOST_HINTS: u32 = 10_000;
/// How often a provider is asked because anyone says that one number was paid.
const HINTS_EVERY: Duration = Duration::from_secs(60);
/// How many unmatched callbacks are looked at in one statement.
const PAGE: usize = 1_000;

/// What became of a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It is stored.
    Stored,
    /// The same had been stored before.
    Repeated,
    /// It speaks of nothing that is kept here.
    Ignored,
    /// It is not from this provider, or cannot be read.
    Refused(CallbackError),
    /// The provider is switched off, or sends nothing.
    Off,
}

impl Received {
    /// The word in metrics.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Repeated => "repeated",
            Self::Ignored => "ignored",
            Self::Refused(_) => "refused",
            Self::Off => "off",
        }
    }
}

impl App {
    /// Takes a callback in. Whoever sent it may be told that it is stored only after this.
    pub async fn receive_callback(
        &self,
        code: ProviderCode,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Result<Received, AppError> {
        let Some(provider) = self.provider(code) else { return Ok(Received::Off) };
        if provider.safety().callbacks == Callbacks::None {
            return Ok(Received::Off);
        }
        let notice = match provider.read_callback(headers, body) {
            Ok(notice) => notice,
            Err(error) => return Ok(count(code, Received::Refused(error))),
        };
        let callback = Callback {
            id: self.ids.next(),
            provider: code,
            dedupe: notice.event_id.clone().unwrap_or_else(|| hex::encode(Sha256::digest(body))),
            raw: if is_proven(&notice) { body.to_vec() } else { references(&notice) },
            verified: is_proven(&notice),
            our_reference: notice.our_reference.clone().or_else(|| notice.control_number.clone()),
            provider_reference: notice.provider_reference.clone(),
        };
        if let Some(collection) = &notice.collection {
            return Ok(count(code, self.receive_collection(callback, collection).await?));
        }
        if notice.verified && notice.answer.is_none() {
            // News of money that cannot be read: it is kept as it came, for an operator, and asked for.
            let work = self.store.begin(Step::Callback).await?;
            let is_new = work.keep_callback(&callback, None).await?;
            work.commit().await?;
            self.store.request_collections(code).await?;
            return Ok(count(code, if is_new { Received::Stored } else { Received::Repeated }));
        }
        if let Some(number) = &notice.control_number {
            // Anyone could have sent it: the provider itself is asked what was paid, seldom, and of our numbers alone.
            let known = self.store.issued_number(code, number).await?;
            let Some(known) = known else { return Ok(count(code, Received::Ignored)) };
            if !self.store.may_heed_hint(known, HINTS_EVERY).await? {
                return Ok(count(code, Received::Repeated));
            }
            self.store.request_collections(code).await?;
            return Ok(count(code, Received::Stored));
        }
        if notice.our_reference.is_none() && notice.provider_reference.is_none() {
            // News of something that billpay does not keep.
            return Ok(count(code, Received::Ignored));
        }
        let mut work = self.store.begin(Step::Callback).await?;
        let (ours, theirs) = (notice.our_reference.as_deref(), notice.provider_reference.as_deref());
        let submission = work.lock_submission_by_reference(code, ours, theirs).await?;
        let is_hint = !callback.verified;
        if is_hint && submission.as_ref().is_some_and(|found| found.look_up_requests > found.look_up_requests_met) {
            // The look-up that it would cause is under way already.
            work.roll_back().await?;
            return Ok(count(code, Received::Repeated));
        }
        let payment = match &submission {
            Some(submission) => work.payments_of(submission.id).await?.into_iter().next(),
            None => None,
        };
        let matched = payment.as_ref().map(|payment| (&payment.tenant, Some(payment.id)));
        if !work.keep_callback(&callback, matched).await? {
            work.roll_back().await?;
            return Ok(count(code, Received::Repeated));
        }
        match submission {
            Some(submission) => self.act_on(&mut work, &submission, &notice, &callback).await?,
            None if is_hint => {
                work.forget_old_hints(code, MOST_HINTS).await?;
            }
            None => {}
        }
        work.commit().await?;
        self.callbacks.notify_one();
        Ok(count(code, Received::Stored))
    }

    /// Money that was paid, as a provider proves it: stored with the callback in one change.
    async fn receive_collection(
        &self,
        callback: Callback,
        collection: &CollectionAnswer,
    ) -> Result<Received, StoreError> {
        let callback = Callback { provider_reference: Some(collection.reference.clone()), ..callback };
        retrying(|| self.try_receive_collection(&callback, collection)).await
    }

    async fn try_receive_collection(
        &self,
        callback: &Callback,
        collection: &CollectionAnswer,
    ) -> Result<Received, StoreError> {
        let provider = callback.provider;
        let mut work = self.store.begin(Step::Callback).await?;
        self.apply_collection(&mut work, provider, collection, actor_of(provider)).await?;
        let kept = work.lock_collection(provider, &collection.reference).await?;
        let tenant = kept.as_ref().and_then(|kept| kept.tenant.as_ref());
        let is_new = work.keep_callback(callback, tenant.map(|tenant| (tenant, None))).await?;
        work.commit().await?;
        Ok(if is_new { Received::Stored } else { Received::Repeated })
    }

    /// Tries all callbacks again that matched no payment when they came: a statement a page, and a change for each
    /// that is named by something now.
    pub async fn match_callbacks(&self, code: ProviderCode) -> Result<u32, StoreError> {
        let (mut matched, mut after) = (0, None);
        loop {
            let page = self.store.unmatched_callbacks(code, after, PAGE).await?;
            for callback in page.iter().filter(|callback| callback.is_named) {
                match retrying(|| self.match_callback(code, callback)).await {
                    Ok(is_matched) => matched += u32::from(is_matched),
                    Err(error @ StoreError::Unreadable(_)) => {
                        tracing::error!(callback.id = %callback.id, %error, "a callback was passed over");
                    }
                    Err(error) => return Err(error),
                }
            }
            if page.len() < PAGE {
                return Ok(matched);
            }
            after = page.last().map(|callback| callback.id);
        }
    }

    async fn match_callback(&self, code: ProviderCode, callback: &Unmatched) -> Result<bool, StoreError> {
        let mut work = self.store.begin(Step::Callback).await?;
        let (ours, theirs) = (callback.our_reference.as_deref(), callback.provider_reference.as_deref());
        let Some(submission) = work.lock_submission_by_reference(code, ours, theirs).await? else {
            work.roll_back().await?;
            return Ok(false);
        };
        // What was signed was verified when it came; here too it only causes a look-up.
        work.request_look_up(submission.id).await?;
        if let Some(payment) = work.payments_of(submission.id).await?.first() {
            work.match_callback(callback.id, &payment.tenant, payment.id).await?;
        }
        work.commit().await?;
        Ok(true)
    }

    async fn act_on(
        &self,
        work: &mut Work,
        submission: &Submission,
        notice: &CallbackNotice,
        callback: &Callback,
    ) -> Result<(), StoreError> {
        let Some(answer) = notice.answer.as_ref().filter(|_| callback.verified) else {
            return work.request_look_up(submission.id).await;
        };
        let Some(verdict) = answer.verdict else { return work.request_look_up(submission.id).await };
        let testimony = Testimony {
            callback: Some(callback.id),
            reported: answer.reported.clone(),
            account_holder_name: answer.account_holder_name.clone(),
            provider_status: answer.provider_status.clone(),
            ..Testimony::new(Source::Callback, verdict, actor_of(submission.provider))
        };
        let mut payments = work.payments_of(submission.id).await?;
        let [payment] = payments.as_mut_slice() else {
            // Which of them it speaks of, and of how much of it, a look-up tells for sure.
            return work.request_look_up(submission.id).await;
        };
        let is_strange = match (payment.provider_reference.as_deref(), answer.reported.provider_reference.as_deref()) {
            (_, None) => false,
            (Some(known), Some(told)) if known != told => true,
            (_, Some(told)) => !work.references_of_others(submission, &[told]).await?.is_empty(),
        };
        let is_vague = verdict == Verdict::Succeeded
            && !matches!(payment.status, PaymentStatus::Scheduled | PaymentStatus::Ready | PaymentStatus::Cancelled)
            && answer.reported.amount.is_none()
            && self.may_be_asked(submission)
            && !work.was_told(payment.id, payment.amount).await?;
        if is_strange || is_vague || work.bills_of(payment.id).await?.len() > 1 {
            return work.request_look_up(submission.id).await;
        }
        self.apply(work, payment, &testimony).await?;
        let statuses = [payment.status];
        let next = match work.has_open_recall(payment.id).await? {
            // Whether it is still to be sent, or its sender is gone, is for the worker to see.
            true => Some(self.clock.now()),
            false => self.next_look(submission, statuses, RecallStage::None),
        };
        work.schedule_unless_held(submission.id, next).await
    }
}

impl App {
    /// Whether a look-up can tell what a notification leaves open. BILL's names no amount: where the answer to the
    /// submission was lost, a success of another amount would be taken for ours.
    fn may_be_asked(&self, submission: &Submission) -> bool {
        self.provider(submission.provider).is_some_and(|provider| match provider.safety().class(true) {
            SafetyClass::A | SafetyClass::C => true,
            SafetyClass::B | SafetyClass::D => false,
        })
    }
}

/// Whether its origin is proven: a hint says nothing.
const fn is_proven(notice: &CallbackNotice) -> bool {
    notice.verified || notice.answer.is_some() || notice.collection.is_some()
}

/// What is kept of a callback that anyone could have sent: the references, and nothing that it says.
fn references(notice: &CallbackNotice) -> Vec<u8> {
    json!({ "ourReference": notice.our_reference, "providerReference": notice.provider_reference })
        .to_string()
        .into_bytes()
}

fn count(provider: ProviderCode, received: Received) -> Received {
    metrics::counter!(metric::CALLBACKS, "provider" => provider.as_str(), "outcome" => received.word()).increment(1);
    received
}
