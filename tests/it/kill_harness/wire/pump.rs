//! What passes through one connection of a wire, in both directions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::{Commit, CommitCut, Shared};

const MOST_BYTES: usize = 64 * 1024;
/// PostgreSQL's simple query "COMMIT": its kind, its length, its text.
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";
/// What the batch of new payments has in it, and no other message to PostgreSQL: a name in its JSON. The text of the
/// statement has the name without quotes.
const BATCH: &[u8] = b"\"request_hash\":";
/// What the marks and the settlements of plain payments have in them, which are stored by one statement, too.
const STEPS: [&[u8]; 2] = [b"\"lease_needs\":", b"\"evidence_id\":"];
/// How long a request that was held back has for its effect after its sender hung up.
const AFTERMATH: Duration = Duration::from_secs(3);

/// Carries one connection until an end closes it or the wire cuts it.
pub(super) async fn carry(near: TcpStream, shared: Arc<Shared>) {
    let mut cuts = shared.cuts.subscribe();
    let Ok(far) = TcpStream::connect(shared.far).await else { return };
    // Whoever waits for an answer would wait longer otherwise.
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    let swallows = AtomicBool::new(false);
    tokio::select! {
        () = carry_there(near_in, far_out, &shared, &swallows) => {}
        () = carry_back(far_in, near_out, &shared, &swallows) => {}
        _ = cuts.changed() => {}
    }
}

/// What is committed by these bytes, if anything is.
pub(super) fn commit_among(bytes: &[u8]) -> Option<Commit> {
    if has(bytes, BATCH) {
        Some(Commit::Create)
    } else if STEPS.iter().any(|step| has(bytes, step)) {
        Some(Commit::Step)
    } else if has(bytes, COMMIT) {
        Some(Commit::Other)
    } else {
        None
    }
}

fn has(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// Requests. Returning ends the connection.
async fn carry_there(mut near: OwnedReadHalf, mut far: OwnedWriteHalf, shared: &Shared, swallows: &AtomicBool) {
    let mut buffer = vec![0; MOST_BYTES];
    let mut was_held = false;
    while let Ok(length @ 1..) = near.read(&mut buffer).await {
        let bytes = &buffer[..length];
        if let Some(delivered) = shared.catch(bytes) {
            if delivered.await.is_err() {
                return;
            }
            was_held = true;
        }
        if let Some(delay) = shared.delay() {
            tokio::time::sleep(delay).await;
        }
        match shared.reset() {
            Some(false) => return reset(near.as_ref()),
            Some(true) => swallows.store(true, Ordering::Relaxed),
            None => {}
        }
        let cut = shared.commit_cut(bytes);
        match cut {
            Some(CommitCut::Before) => return,
            Some(CommitCut::Done) => swallows.store(true, Ordering::Relaxed),
            Some(CommitCut::Sent) | None => {}
        }
        if far.write_all(bytes).await.is_err() || cut == Some(CommitCut::Sent) {
            return;
        }
    }
    if was_held {
        tokio::time::sleep(AFTERMATH).await;
    }
}

/// Answers.
async fn carry_back(mut far: OwnedReadHalf, mut near: OwnedWriteHalf, shared: &Shared, swallows: &AtomicBool) {
    let mut buffer = vec![0; MOST_BYTES];
    while let Ok(length @ 1..) = far.read(&mut buffer).await {
        if swallows.load(Ordering::Relaxed) {
            return reset(near.as_ref());
        }
        if let Some(delay) = shared.delay() {
            tokio::time::sleep(delay).await;
        }
        if near.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

/// Has the connection end with a reset instead of a farewell.
fn reset(near: &TcpStream) {
    // A peer that is gone needs none.
    let _ = near.set_zero_linger();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_found_among_other_messages_and_nothing_else_is_one() {
        assert_eq!(commit_among(b"S\0\0\0\x04Q\0\0\0\x0bCOMMIT\0"), Some(Commit::Other));
        assert_eq!(commit_among(b"Q\0\0\0\x0aBEGIN\0\0"), None);
        assert_eq!(commit_among(b"Q\0\0\0\x19SAVEPOINT COMMIT\0"), None);
        assert_eq!(commit_among(br#"B[{"place":0,"request_hash":"ab"}]"#), Some(Commit::Create));
        assert_eq!(commit_among(br#"B[{"place":0,"lease_needs":1}]"#), Some(Commit::Step));
        assert_eq!(commit_among(br#"B[{"place":0,"evidence_id":"x"}]"#), Some(Commit::Step));
        assert_eq!(commit_among(b"P INSERT INTO payments (idempotency_key, request_hash, submission_id)"), None);
    }
}
