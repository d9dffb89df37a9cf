//! Calls within a session: those that only ask, and those that are made once.
//!
//! What only asks renews a refused session and asks again. What may move money never does: BILL looks at the session
//! before anything else, so its refusal (`BDC_1109`) proves that nothing was processed, and the worker decides.

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::call::{Call, Line};
use super::convert;
use super::session::{Keeper, Session};
use super::wire::Page;
use crate::config::BillSettings;
use crate::ports::clock::Deadline;
use crate::ports::limits::Permit;
use crate::ports::provider::ProviderError;
use crate::ports::sessions::Sessions;
use crate::providers::http::{Answer, trouble};
use crate::providers::json;

/// How long a call that only asks waits for a free place.
const ASK_PATIENCE: Duration = Duration::from_secs(4);
/// How long a call that may move money does.
const SUBMIT_PATIENCE: Duration = Duration::from_secs(2);
/// The members of one page: as many as BILL gives at most.
const PAGE_SIZE: &str = "100";
/// The most pages that are read of one list: 5,000 members.
const MOST_PAGES: usize = 50;

/// Our way to BILL.
pub(super) struct Gateway {
    line: Line,
    keeper: Keeper,
}

/// A list that is read page by page.
#[derive(Clone, Copy)]
pub(super) struct List<'a> {
    pub path: &'a str,
    /// Conditions, as BILL writes them: `vendorId:eq:009…,processDate:gte:2026-01-01`.
    pub filters: Option<&'a str>,
}

impl Gateway {
    pub(super) fn new(line: Line, shared: Arc<dyn Sessions>, settings: &BillSettings) -> Self {
        Self { keeper: Keeper::new(line.clone(), shared, settings), line }
    }

    pub(super) fn line(&self) -> &Line {
        &self.line
    }

    /// A session, opened where there is none.
    pub(super) async fn session(&self, deadline: Deadline) -> Result<Session, ProviderError> {
        match timeout(deadline.left(), self.keeper.get()).await {
            Ok(session) => session,
            Err(_) => Err(ProviderError::NotSent(trouble("no session in time"))),
        }
    }

    /// A free place for a call that may move money.
    pub(super) async fn place(&self) -> Result<Permit, ProviderError> {
        self.line.enter(SUBMIT_PATIENCE).await
    }

    /// Makes a call that changes nothing.
    pub(super) async fn ask(&self, call: &Call, deadline: Deadline) -> Result<Answer, ProviderError> {
        let session = self.session(deadline).await?;
        let mut answer = self.attempt(call, &session, deadline).await?;
        if convert::is_session_refused(&answer) {
            self.keeper.forget(&session).await;
            let session = self.session(deadline).await?;
            answer = self.attempt(call, &session, deadline).await?;
            if convert::is_session_refused(&answer) {
                return Err(ProviderError::Misconfigured(answer.trouble("fresh session refused")));
            }
        }
        if answer.is_success() { Ok(answer) } else { Err(convert::refusal(&answer, self.line.now(), &[])) }
    }

    /// Makes a call that may move money, once, with the session in hand and the place that was taken for it. `bills`
    /// are those whose ids a refusal may name.
    pub(super) async fn once(
        &self,
        call: &Call,
        permit: Option<Permit>,
        bills: &[String],
        deadline: Deadline,
    ) -> Result<Answer, ProviderError> {
        let in_hand = timeout(deadline.left(), self.keeper.in_hand()).await;
        let Ok(Some(session)) = in_hand else {
            return Err(ProviderError::NotSent(trouble("no session in hand")));
        };
        let permit = match permit {
            Some(permit) => permit,
            None => self.place().await?,
        };
        let answer = self.line.send(call, Some(&session.id), permit, deadline).await?;
        if answer.is_success() {
            return Ok(answer);
        }
        let error = convert::refusal(&answer, self.line.now(), bills);
        if convert::is_session_refused(&answer) || convert::is_untrusted(&error) {
            self.keeper.forget(&session).await;
        }
        Err(error)
    }

    /// Reads a list until `enough` of it is known, or to its end. One that is too long to be read whole is an error:
    /// whoever asks may take what is not in it for what does not exist.
    pub(super) async fn list<T: DeserializeOwned + Send>(
        &self,
        list: List<'_>,
        deadline: Deadline,
        enough: impl Fn(&[T]) -> bool + Send,
    ) -> Result<Vec<T>, ProviderError> {
        let mut members = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let page: Page<T> = self.page(list, cursor.as_deref(), deadline).await?;
            members.extend(page.results);
            cursor = page.next_page.filter(|next| !next.is_empty());
            if cursor.is_none() || enough(&members) {
                return Ok(members);
            }
        }
        Err(ProviderError::Unknown(trouble("a list is too long")))
    }

    async fn page<T: DeserializeOwned + Send>(
        &self,
        list: List<'_>,
        cursor: Option<&str>,
        deadline: Deadline,
    ) -> Result<Page<T>, ProviderError> {
        let mut query = vec![("max", PAGE_SIZE)];
        query.extend(list.filters.map(|filters| ("filters", filters)));
        query.extend(cursor.map(|cursor| ("page", cursor)));
        let answer = self.ask(&self.line.get(list.path, &query), deadline).await?;
        json::read(&answer.body).map_err(|_| convert::unreadable(&answer))
    }

    async fn attempt(&self, call: &Call, session: &Session, deadline: Deadline) -> Result<Answer, ProviderError> {
        let permit = self.line.enter_to_ask(call, ASK_PATIENCE.min(deadline.left())).await?;
        self.line.send(call, Some(&session.id), permit, deadline).await
    }
}
