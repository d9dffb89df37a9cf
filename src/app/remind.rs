//! Reminding of due dates.
//!
//! Purpose: tell an app, by an event, that a bill number's due date comes near. Mechanism: for each time zone of a
//! biller the domain says which due dates are to be told of now, and the store finds their bill numbers by an index;
//! what is owed is what was last told, since the provider is not asked for it. Guarantee: each reminder is told once,
//! whoever looks and however often, since its row and its event are one transaction.

use std::collections::BTreeSet;

use super::App;
use super::engine::BILLPAY;
use crate::crash::Step;
use crate::domain::reminder::{Window, windows};
use crate::store::StoreError;

/// How many reminders are told in one transaction.
const BATCH: u64 = 200;
/// How many transactions one look makes for a window; what is left waits for the next look.
const MOST_BATCHES: u32 = 25;

impl App {
    /// Tells what is to be told now, and counts it.
    pub async fn remind(&self) -> Result<usize, StoreError> {
        let snapshot = self.catalogue.snapshot();
        let zones: BTreeSet<&str> = snapshot.all().iter().map(|biller| biller.time_zone.as_str()).collect();
        let now = self.clock.now();
        let mut told = 0;
        for zone in zones {
            match windows(now, zone, &self.reminder_days) {
                Ok(windows) => {
                    for window in windows {
                        told += self.remind_window(zone, &window).await?;
                    }
                }
                Err(error) => tracing::warn!(time_zone = zone, %error, "nobody there is reminded"),
            }
        }
        Ok(told)
    }

    async fn remind_window(&self, zone: &str, window: &Window) -> Result<usize, StoreError> {
        let mut told = 0;
        let mut after = None;
        for _ in 0..MOST_BATCHES {
            let mut work = self.store.begin(Step::Other).await?;
            let due = work.reminders_due(zone, window, after, BATCH).await?;
            told += work.tell_reminders(&due.reminders, BILLPAY).await?;
            work.commit().await?;
            if due.next.is_none() {
                break;
            }
            after = due.next;
        }
        Ok(told)
    }
}
