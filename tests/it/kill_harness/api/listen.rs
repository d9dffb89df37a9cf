//! Listening to the log: one subscription by Server-Sent Events, which may break at any instant.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::Api;

const SUBSCRIPTION: &str = "subscription ($after: Sequence) { events(after: $after) { sequence } }";
const BETWEEN_FRAMES: &[u8] = b"\n\n";
const DATA: &str = "data: ";
/// Longer than anybody listens.
const LONGEST: Duration = Duration::from_secs(3_600);

impl Api {
    /// Listens behind `after` until `until`, or until the line breaks; each sequence that is heard goes to `heard`,
    /// which says whether to listen on.
    pub(in crate::kill_harness) async fn listen(&self, after: u64, until: Instant, mut heard: impl FnMut(u64) -> bool) {
        let variables = json!({ "after": after.to_string() });
        let request = self.http.post(format!("http://{}/graphql", self.address)).bearer_auth(&self.token);
        let request = request.header("accept", "text/event-stream").timeout(LONGEST);
        let request = request.json(&json!({ "query": SUBSCRIPTION, "variables": variables }));
        let Ok(Ok(mut answer)) = timeout_at(until, request.send()).await else { return };
        let mut pending = Vec::new();
        while let Ok(Ok(Some(bytes))) = timeout_at(until, answer.chunk()).await {
            pending.extend_from_slice(&bytes);
            while let Some(frame) = next_frame(&mut pending) {
                let Some(sequence) = sequence_of(&frame) else { continue };
                if !heard(sequence) {
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

/// None in a heartbeat, and in the word that it is over.
fn sequence_of(frame: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(frame).ok()?;
    let data = text.lines().find_map(|line| line.strip_prefix(DATA))?;
    let told: Value = serde_json::from_str(data).ok()?;
    told.pointer("/data/events/sequence")?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_cut_apart_and_half_a_frame_waits() {
        let mut pending =
            b": head=7\n\nevent: next\ndata: {\"data\":{\"events\":{\"sequence\":\"8\"}}}\n\nevent".to_vec();
        let frames: Vec<_> = std::iter::from_fn(|| next_frame(&mut pending)).collect();
        assert_eq!(frames.iter().map(|frame| sequence_of(frame)).collect::<Vec<_>>(), [None, Some(8)]);
        assert_eq!(pending, b"event");
    }
}
