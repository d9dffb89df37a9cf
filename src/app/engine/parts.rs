//! Payments with their parts: the bills that each pays, and what the provider names it.

use std::collections::HashMap;

use uuid::Uuid;

use crate::domain::ids::SubmissionId;
use crate::domain::payment::{Allocation, Payment};
use crate::ports::provider::BillPart;
use crate::store::StoreError;
use crate::store::work::Work;

/// A payment with its parts.
#[derive(Clone, Debug)]
pub(super) struct WithParts {
    pub(super) payment: Payment,
    pub(super) parts: Vec<Allocation>,
}

impl WithParts {
    /// The payments of a submission, each with its parts.
    pub(super) async fn of(work: &Work, submission: SubmissionId) -> Result<Vec<Self>, StoreError> {
        let payments = work.payments_of(submission).await?;
        let ids: Vec<_> = payments.iter().map(|payment| payment.id.uuid()).collect();
        Ok(Self::join(payments, &mut work.allocations(&ids).await?))
    }

    /// Payments with their parts, which are taken from those of many.
    pub(super) fn join(payments: Vec<Payment>, parts: &mut HashMap<Uuid, Vec<Allocation>>) -> Vec<Self> {
        let with = |payment: Payment| {
            let parts = parts.remove(&payment.id.uuid()).unwrap_or_default();
            Self { payment, parts }
        };
        payments.into_iter().map(with).collect()
    }

    /// What the provider names it, as a whole or part by part.
    pub(super) fn provider_references(&self) -> impl Iterator<Item = String> {
        let of_parts = self.parts.iter().filter_map(|part| part.provider_reference.clone());
        let whole = self.payment.provider_reference.clone();
        let of_parts: Vec<String> = if whole.is_some() { Vec::new() } else { of_parts.collect() };
        whole.into_iter().chain(of_parts)
    }

    /// The bills that are paid, as the provider calls them.
    pub(super) fn bills(&self) -> Vec<BillPart> {
        let part = |part: &Allocation| {
            let bill_reference = part.bill_reference.clone()?;
            Some(BillPart { bill_reference, amount: part.amount, reference: None })
        };
        self.parts.iter().filter_map(part).collect()
    }
}
