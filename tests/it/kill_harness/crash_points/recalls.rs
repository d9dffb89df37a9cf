//! Having a payment of BILL's taken back while servers die over it.

use std::time::Duration;

use billpay::domain::payment::recall::RecallKind;
use jiff::ToSpan;
use jiff::tz::TimeZone;
use tokio::time::Instant;

use super::ASK_AGAIN;
use crate::kill_harness::api::Api;
use crate::kill_harness::traffic::Receipts;

/// Until when a recall must have been carried out, or a person is asked.
const PATIENCE: Duration = Duration::from_secs(120);
/// For how many days BILL holds a payment that is to be cancelled.
const HELD_DAYS: i64 = 5;

/// Asks for a payment to be taken back until it was, or a person is asked. Whoever repeats the wish while it is on its
/// way gets the payment as it is; after an end that nobody knows it is made once more.
pub(super) async fn recall(api: Api, kind: RecallKind, payment: String) -> Receipts {
    let ends = match kind {
        RecallKind::Cancel => ["CANCELLED", "NEEDS_REVIEW"],
        RecallKind::Void => ["REVERSED", "NEEDS_REVIEW"],
    };
    let mut receipts = Receipts::default();
    let give_up = Instant::now() + PATIENCE;
    loop {
        // Whether it came to anything, its status tells.
        let _ = api.recall(kind, &payment).await;
        let status = api.status(&payment).await;
        match status {
            Ok(status) if ends.contains(&status.as_str()) => return receipts,
            Ok(status) if Instant::now() >= give_up => {
                receipts.given_up.push(format!("{kind:?} of {payment}, which is {status}"));
                return receipts;
            }
            Err(trouble) if Instant::now() >= give_up => {
                receipts.given_up.push(format!("{kind:?} of {payment}: {trouble}"));
                return receipts;
            }
            Ok(_) | Err(_) => tokio::time::sleep(ASK_AGAIN).await,
        }
    }
}

/// A day that is not near in any time zone.
#[expect(clippy::disallowed_methods, reason = "the servers of the bench go by the system's clock")]
pub(super) fn held_until() -> String {
    jiff::Timestamp::now().to_zoned(TimeZone::UTC).date().saturating_add(HELD_DAYS.days()).to_string()
}
