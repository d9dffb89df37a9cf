//! Storing what came back from a provider, whatever the database does for a while.
//!
//! An answer comes once, so whatever failed is tried again; after the last try the lease's end brings the row back, as
//! if no answer had come. How often and with what pauses is our choice.

use std::time::Duration;

use crate::domain::ids::SubmissionId;
use crate::store::StoreError;

const MOST_TRIES: u32 = 5;
/// The pause after the first try; it grows by as much after each.
const PAUSE: Duration = Duration::from_millis(200);

/// Settles a submission, several times if need be.
pub(in crate::app) async fn settling<T, F>(id: SubmissionId, mut settle: impl FnMut() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    for tries in 1..MOST_TRIES {
        match settle().await {
            Err(error) => tracing::warn!(submission.id = %id, %error, "an answer could not be stored yet"),
            settled => return settled,
        }
        tokio::time::sleep(PAUSE * tries).await;
    }
    settle().await
}
