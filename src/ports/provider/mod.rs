//! The provider port: what the core asks of a provider, in plain types.
//!
//! An adapter answers for one thing above all: that it never says more than it knows. Its errors are named by what the
//! caller may do next. A look-up may renew a session and ask again; a submission is never sent twice by the adapter.
//! What a provider cannot do, its adapter does not write: the capabilities that it declares keep such calls from being
//! made, and the answer to one that is made nevertheless is that nothing was sent.

mod account;
mod callback;
mod catalogue;
mod control_number;
mod error;
mod payment;

use std::fmt;

pub use self::account::{AccountAnswer, BillAnswer, BillNumberAnswer, BillNumberRequest};
pub use self::callback::{CallbackError, CallbackNotice};
pub use self::catalogue::{CatalogueEntry, FundingAccountEntry};
pub use self::control_number::{
    CollectionAnswer, CollectionPage, ControlNumberAnswer, ControlNumberChange, ControlNumberOutcome,
    ControlNumberRequest,
};
pub use self::error::{ProviderError, RefusalKind, Refused, RefusedBill, Trouble};
pub use self::payment::{
    BillPart, ExpectedPayment, FrozenRequest, PaymentAnswer, PaymentRequest, Preparation, RecallAnswer, StatusQuery,
    SubmissionRequest,
};
use crate::domain::biller::{Biller, BillerTraits};
use crate::domain::payment::recall::{Recall, RecallKind};
use crate::domain::provider::{Capability, ProviderCode, Safety};
use crate::ports::clock::Deadline;

/// That a provider cannot do something; nothing was sent.
fn lacking<T>() -> Result<T, ProviderError> {
    Err(ProviderError::NotSent(Trouble { what: "this provider cannot do that", ..Trouble::default() }))
}

/// One provider, as the core sees it.
#[async_graphql::async_trait::async_trait]
pub trait Provider: Send + Sync + fmt::Debug {
    /// Which one.
    fn code(&self) -> ProviderCode;

    /// Whether its base URL is a sandbox of ours.
    fn sandbox(&self) -> bool;

    /// What it can do at all.
    fn capabilities(&self) -> &'static [Capability];

    /// What a biller's payments need and can do.
    fn biller_traits(&self, biller: &Biller) -> BillerTraits;

    /// What is safe with its payments.
    fn safety(&self) -> Safety;

    /// What the provider is told as our reference of a single payment; none where it takes none.
    fn reference_as_told(&self, our_reference: &str) -> Option<String> {
        Some(our_reference.to_owned())
    }

    /// Whether its sessions may pay, as far as is known: a provider may ask for a second factor that the settings lack.
    fn may_pay(&self) -> bool {
        true
    }

    /// What is safe with the control numbers that it makes.
    fn control_number_safety(&self) -> Safety {
        self.safety()
    }

    /// Its billers.
    async fn catalogue(&self) -> Result<Vec<CatalogueEntry>, ProviderError>;

    /// The accounts that money can come from.
    async fn funding_accounts(&self) -> Result<Vec<FundingAccountEntry>, ProviderError> {
        Ok(Vec::new())
    }

    /// What an account owes.
    async fn look_up_account(&self, _: &Biller, _account_reference: &str) -> Result<AccountAnswer, ProviderError> {
        lacking()
    }

    /// Whether an account exists.
    async fn validate_account(&self, _: &Biller, _account_reference: &str) -> Result<AccountAnswer, ProviderError> {
        lacking()
    }

    /// The open bills of a biller that lists them.
    async fn open_bills(&self, _: &Biller) -> Result<Vec<BillAnswer>, ProviderError> {
        lacking()
    }

    /// Keeps a bill number.
    async fn save_bill_number(&self, _: &BillNumberRequest) -> Result<BillNumberAnswer, ProviderError> {
        lacking()
    }

    /// Finds a bill number that was kept; none where it is not known.
    async fn find_bill_number(
        &self,
        _: &Biller,
        _account_reference: &str,
    ) -> Result<Option<BillNumberAnswer>, ProviderError> {
        Ok(None)
    }

    /// Makes sure, before a submission is marked, that there is a session, a free place among the calls that the
    /// provider allows, and a rate of exchange where one is needed: the failure of any of them needs no mark. Without a
    /// request it only makes sure of the session.
    async fn prepare(&self, request: Option<&SubmissionRequest>) -> Result<Preparation, ProviderError>;

    /// The bytes that will be sent, checked for form; no network.
    fn freeze(&self, _: &SubmissionRequest, _: &Preparation) -> Result<FrozenRequest, ProviderError> {
        lacking()
    }

    /// Sends frozen bytes, once; an answer for each payment that the provider made of them. The whole call ends before
    /// `deadline`, which was set before the claim, so that no pause of this process can carry it past the lease.
    async fn submit(
        &self,
        _: &FrozenRequest,
        _: Preparation,
        _: Deadline,
    ) -> Result<Vec<PaymentAnswer>, ProviderError> {
        lacking()
    }

    /// Asks how a submission stands; an answer for each payment that the provider made of it, or one that says that
    /// there is none.
    async fn status(&self, _: &StatusQuery) -> Result<Vec<PaymentAnswer>, ProviderError> {
        Err(ProviderError::Unknown(Trouble {
            what: "this provider cannot be asked how a payment stands",
            ..Trouble::default()
        }))
    }

    /// Which recalls the provider may be asked for while it describes a payment in these words.
    fn recalls(&self, _provider_status: Option<&str>) -> &'static [RecallKind] {
        &[]
    }

    /// Asks for a payment to be cancelled or voided, once.
    async fn recall(
        &self,
        _provider_reference: &str,
        _: &Recall,
        _: Preparation,
        _: Deadline,
    ) -> Result<RecallAnswer, ProviderError> {
        lacking()
    }

    /// The bytes that ask for control numbers, all of one kind; no network.
    fn freeze_control_numbers(&self, _: &[ControlNumberRequest]) -> Result<FrozenRequest, ProviderError> {
        lacking()
    }

    /// Sends frozen bytes that ask for control numbers, once; an outcome for each, in their order.
    async fn create_control_numbers(
        &self,
        _: &FrozenRequest,
        _: Preparation,
        _: Deadline,
    ) -> Result<Vec<ControlNumberOutcome>, ProviderError> {
        lacking()
    }

    /// Finds a control number by our reference; none where the provider does not know it.
    async fn find_control_number(&self, _reference: &str) -> Result<Option<ControlNumberAnswer>, ProviderError> {
        lacking()
    }

    /// Changes a control number. The same change twice is one.
    async fn update_control_number(
        &self,
        _number: &str,
        _: &ControlNumberChange,
        _: Deadline,
    ) -> Result<ControlNumberAnswer, ProviderError> {
        lacking()
    }

    /// What was paid to a control number.
    async fn collections_of(&self, _number: &str) -> Result<Vec<CollectionAnswer>, ProviderError> {
        lacking()
    }

    /// What was paid to any number, the newest first: at most 100, after the first `skip`.
    async fn newest_collections(&self, _skip: u32) -> Result<CollectionPage, ProviderError> {
        lacking()
    }

    /// Verifies and reads a callback; the raw bytes as they came.
    fn read_callback(&self, _headers: &[(String, String)], _body: &[u8]) -> Result<CallbackNotice, CallbackError> {
        Err(CallbackError::Unreadable)
    }
}
