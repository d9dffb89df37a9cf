//! Background work: tasks that take no input, run on a timer and on a nudge, and may be repeated by anybody.
//!
//! Each has a `run_once` that tells what it did. Nothing that matters lives in a task: whoever dies is replaced by the
//! next who looks.

mod catalogue;
mod collections;
mod epoch;
mod heads;
mod inbox;
mod load;
mod reminders;
mod submissions;
mod webhooks;

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;

/// How the worker runs.
#[derive(Clone, Copy, Debug)]
pub struct WorkerOptions {
    /// Whether this process submits and looks up.
    pub enabled: bool,
    /// How often it looks by itself.
    pub poll_interval: Duration,
}

/// Starts the tasks. They end when `shutdown` is cancelled, each after what it is doing.
pub fn start(app: &App, options: WorkerOptions, shutdown: &CancellationToken) -> TaskTracker {
    let tasks = TaskTracker::new();
    tasks.spawn(heads::poll(app.clone(), shutdown.clone()));
    tasks.spawn(heads::tell(app.clone(), shutdown.clone()));
    tasks.spawn(heads::listen(app.clone(), shutdown.clone()));
    tasks.spawn(epoch::follow(app.clone(), shutdown.clone()));
    tasks.spawn(catalogue::run(app.clone(), options.enabled, shutdown.clone()));
    tasks.spawn(load::run(app.clone(), shutdown.clone()));
    if options.enabled {
        tasks.spawn(submissions::run(app.clone(), options, shutdown.clone()));
        tasks.spawn(epoch::run(app.clone(), shutdown.clone()));
        tasks.spawn(inbox::run(app.clone(), shutdown.clone()));
        tasks.spawn(collections::run(app.clone(), shutdown.clone()));
        tasks.spawn(reminders::run(app.clone(), options, shutdown.clone()));
        tasks.spawn(webhooks::run(app.clone(), shutdown.clone()));
    }
    tasks.close();
    tasks
}

/// Sleeps, unless the process is to stop.
async fn pause(length: Duration, shutdown: &CancellationToken) {
    // Woken by the stop or by time, the caller looks at the token itself.
    let _ = tokio::time::timeout(length, shutdown.cancelled()).await;
}
