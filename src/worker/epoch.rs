//! The database's life: noticed when it changes under a running server, as at a failover to a replica.
//!
//! Nothing is claimed while the life is another than the one on record; what may have been sent in the life that was
//! forgotten is held first, by whichever process looks, and then the new life is put on record. What a process knows of
//! the logs' ends is of the life that it saw itself: each forgets that by its own comparison.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::pause;
use crate::app::App;

/// How soon another life is noticed.
const EVERY: Duration = Duration::from_secs(5);

/// Runs until the stop.
pub(super) async fn run(app: App, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        pause(EVERY, &shutdown).await;
        match app.hold_suspects().await {
            Ok(None) => {}
            Ok(Some(suspects)) => {
                tracing::error!(held = suspects.held, "the database began another life under this server");
                app.store.heads().nudge_work();
            }
            Err(error) => tracing::warn!(%error, "whether the database lives the same life could not be read"),
        }
    }
}

/// Runs until the stop, in every process: in another life than the one that it saw before, the logs are followed anew.
pub(super) async fn follow(app: App, shutdown: CancellationToken) {
    let mut seen = None;
    while !shutdown.is_cancelled() {
        match app.store.life().await {
            Ok(None) => return,
            Ok(Some(life)) => {
                if seen.replace(life.clone()).is_some_and(|before| before != life) {
                    tracing::warn!("the database lives another life: its logs are followed anew");
                    app.store.heads().begin_anew();
                }
            }
            Err(error) => tracing::warn!(%error, "which life the database lives could not be read"),
        }
        pause(EVERY, &shutdown).await;
    }
}
