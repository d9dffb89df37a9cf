//! Heads: keeps what this process knows of the tenants' logs fresh, and tells other processes.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::pause;
use crate::app::App;

/// How often the heads are read, whatever hints come.
const POLL: Duration = Duration::from_secs(1);
/// How long commits are gathered before other processes are told.
const GATHER: Duration = Duration::from_millis(20);
/// How long to wait before listening again after the connection was lost.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// Reads the heads that someone waits for, once a second: one statement for all of them.
pub(super) async fn poll(app: App, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        pause(POLL, &shutdown).await;
        let watched = app.store.heads().watched();
        if watched.is_empty() {
            continue;
        }
        match app.store.event_heads(&watched).await {
            Ok(heads) => heads.iter().for_each(|(tenant, head)| app.store.heads().raise(tenant, *head)),
            Err(error) => tracing::warn!(%error, "the heads could not be read"),
        }
    }
}

/// Tells other processes what this one committed: the first at once, then what has gathered.
pub(super) async fn tell(app: App, shutdown: CancellationToken) {
    loop {
        let heads = tokio::select! {
            heads = app.store.heads().commits() => heads,
            () = shutdown.cancelled() => return,
        };
        if let Err(error) = app.store.notify(heads).await {
            tracing::warn!(%error, "other processes were not told");
        }
        pause(GATHER, &shutdown).await;
    }
}

/// Hears what other processes committed.
pub(super) async fn listen(app: App, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        match app.store.listen().await {
            Ok(None) => return,
            Ok(Some(mut listener)) => loop {
                let heard = tokio::select! {
                    heard = listener.next() => heard,
                    () = shutdown.cancelled() => return,
                };
                match heard {
                    Ok(Some((tenant, head))) => app.store.heads().raise(&tenant, head),
                    Ok(None) => {}
                    Err(error) => {
                        tracing::warn!(%error, "listening was interrupted");
                        break;
                    }
                }
            },
            Err(error) => tracing::warn!(%error, "cannot listen; polling goes on"),
        }
        pause(LISTEN_AGAIN, &shutdown).await;
    }
}
