//! What the provider tells a client unasked: the status body, posted to the payment's `callBackUrl`, unsigned.
//!
//! Delivery is tried a few times and then given up, as a provider does: a client that was away has to ask.

use std::time::Duration;

use serde::Serialize;
use tokio::time::sleep;

use super::script::Standing;
use super::status::Status;
use super::{Almara, PROVIDER};

const TRIES: u32 = 4;
const BETWEEN_TRIES: Duration = Duration::from_secs(1);

/// Tells the client how a payment stands, or, where `stale` is given, how it does not.
pub(super) async fn tell(almara: &Almara, key: &str, stale: Option<Standing>) {
    let Some(mut payment) = almara.payments.find(key) else { return };
    let Some(url) = payment.callback_url.clone() else { return };
    payment.standing = stale.unwrap_or(payment.standing);
    deliver(&almara.callbacks, &url, &Status::of(&payment)).await;
}

async fn deliver<T: Serialize>(client: &reqwest::Client, url: &str, body: &T) {
    for tries in 1..=TRIES {
        match client.post(url).json(body).send().await {
            Ok(response) if response.status().is_success() => return,
            Ok(response) => {
                let status = response.status().as_u16();
                tracing::debug!(provider.name = PROVIDER, http.status = status, tries, "sandbox callback refused");
            }
            Err(error) => {
                let error = error.without_url();
                tracing::debug!(provider.name = PROVIDER, %error, tries, "sandbox callback not delivered");
            }
        }
        if tries < TRIES {
            sleep(BETWEEN_TRIES).await;
        }
    }
}
