//! Finding what stands around claimed submissions: their payments, and the ways to their providers.

use std::collections::HashMap;

use super::Claimed;
use super::parts::WithParts;
use super::ways::KnownWays;
use crate::app::App;
use crate::domain::ids::SubmissionId;
use crate::domain::payment::submission::Subject;
use crate::store::{NewPayment, NewSubmission, ProviderRow, StoreError, Stored};

/// What was found of a submission, a moment after it was claimed.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its payments.
    pub(super) payments: Vec<WithParts>,
    /// What all processes know of the way to its provider.
    pub(super) way: Option<ProviderRow>,
}

impl App {
    /// Finds what stands around submissions that pay, in two statements for all of them. One is absent where not all
    /// of its payments can be read.
    pub async fn find(&self, claimed: &[Claimed]) -> Result<HashMap<SubmissionId, Found>, StoreError> {
        let pays = |claimed: &&Claimed| claimed.submission.subject == Subject::Payments;
        let paying: Vec<_> = claimed.iter().filter(pays).map(|claimed| &claimed.submission).collect();
        if paying.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<_> = paying.iter().map(|submission| submission.id).collect();
        let mut payments = self.store.payments_of_submissions(&ids).await?;
        let of_payments: Vec<_> = payments.values().flatten().map(|payment| payment.id.uuid()).collect();
        let mut parts = self.store.allocations(&of_payments).await?;
        let ways = self.ways().await?;
        let found = paying.into_iter().filter_map(|submission| {
            let payments = WithParts::join(payments.remove(&submission.id)?, &mut parts);
            Some((submission.id, Found { payments, way: ways.get(&submission.provider).cloned() }))
        });
        Ok(found.collect())
    }
}

/// What stands around a submission that was claimed as it was stored, and so is as it was stored.
pub(in crate::app) fn found_at_birth(new: NewSubmission, stored: Stored, ways: &KnownWays) -> Found {
    let way = ways.get(&new.submission.provider).cloned();
    let with = |mut new: NewPayment| {
        new.payment.due_date = stored.due_date;
        if let Some(first) = new.allocations.first_mut() {
            first.bill_id = stored.bill;
        }
        WithParts { payment: new.payment, parts: new.allocations }
    };
    Found { payments: new.payments.into_iter().map(with).collect(), way }
}
