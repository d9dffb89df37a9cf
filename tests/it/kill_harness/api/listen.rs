//! Listening to the log: one subscription by Server-Sent Events, which may break at any instant.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::{Api, TOLD};
use crate::kill_harness::rows::EventRow;

const SUBSCRIPTION: &str = "subscription ($after: Sequence) { events(after: $after) { ...Told } }";
const BETWEEN_FRAMES: &[u8] = b"\n\n";
const DATA: &str = "data: ";
/// Longer than anybody listens.
const LONGEST: Duration = Duration::from_secs(3_600);

impl Api {
    /// Listens behind `after` until `until`, or until the line breaks; each event that is heard goes to `heard`, which
    /// says whether to listen on.
    pub(in crate::kill_harness) async fn listen(
        &self,
        after: u64,
        until: Instant,
        mut heard: impl FnMut(&EventRow) -> bool,
    ) {
        let variables = json!({ "after": after.to_string() });
        let request = self.http.post(format!("http://{}/graphql", self.address)).bearer_auth(&self.token);
        let request = request.header("accept", "text/event-stream").timeout(LONGEST);
        let request = request.json(&json!({ "query": subscription(), "variables": variables }));
        let Ok(Ok(mut answer)) = timeout_at(until, request.send()).await else { return };
        let mut pending = Vec::new();
        while let Ok(Ok(Some(bytes))) = timeout_at(until, answer.chunk()).await {
            pending.extend_from_slice(&bytes);
            while let Some(frame) = next_frame(&mut pending) {
                let Some(told) = data_of(&frame) else { continue };
                // An error stands for an event that was not told: whoever goes on misses it.
                let Some(event) = event_in(&told) else { return };
                if !heard(&event) {
                    return;
                }
            }
        }
    }
}

/// The first whole frame, which is taken out.
fn next_frame(pending: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = pending.windows(BETWEEN_FRAMES.len()).position(|window| window == BETWEEN_FRAMES)?;
    Some(pending.drain(..end + BETWEEN_FRAMES.len()).collect())
}

/// What is subscribed to.
pub(super) fn subscription() -> String {
    format!("{SUBSCRIPTION} {TOLD}")
}

/// None in a heartbeat, and in the word that it is over.
fn data_of(frame: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(frame).ok()?;
    let data = text.lines().find_map(|line| line.strip_prefix(DATA))?;
    serde_json::from_str(data).ok()
}

/// None where an error is told instead.
fn event_in(told: &Value) -> Option<EventRow> {
    EventRow::deserialize(told.pointer("/data/events")?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_cut_apart_and_half_a_frame_waits() {
        let event = json!({ "sequence": "8", "at": "2026-11-22T10:00:00Z", "type": "PAYMENT_CREATED",
            "subject": { "id": "pay_1" }, "version": 1, "paymentStatus": "READY" });
        let told = json!({ "data": { "events": event } });
        let mut pending = format!(": head=7\n\nevent: next\ndata: {told}\n\nevent").into_bytes();
        let frames: Vec<_> = std::iter::from_fn(|| next_frame(&mut pending)).collect();
        let events: Vec<_> = frames.iter().map(|frame| Some(event_in(&data_of(frame)?)?.sequence)).collect();
        assert_eq!(events, [None, Some("8".to_owned())]);
        assert_eq!(pending, b"event");
    }
}
