//! Signing secrets, as they are kept.

use std::fmt;

use jiff::Timestamp;

use super::super::seal::Seal;
use crate::domain::ids::WebhookEndpointId;
use crate::domain::webhook_secret::WebhookSecret;

/// The secrets that sign for an endpoint, sealed, the newest first.
#[derive(Clone)]
pub struct SealedSecrets {
    present: Vec<u8>,
    previous: Option<Vec<u8>>,
}

impl SealedSecrets {
    /// Those of a row that sign at `now`.
    pub(super) fn of(row: &entity::webhook_endpoint::Model, now: Timestamp) -> Self {
        let still = row.previous_secret_until.is_some_and(|until| until > now.as_microsecond());
        Self { present: row.secret.clone(), previous: row.previous_secret.clone().filter(|_| still) }
    }

    /// The secrets themselves; nothing where the present one cannot be opened.
    pub fn open(&self, seal: &Seal, endpoint: WebhookEndpointId) -> Option<Vec<WebhookSecret>> {
        let context = endpoint.to_string();
        let open = |sealed: &[u8]| seal.open(&context, sealed).and_then(|text| WebhookSecret::parse(&text));
        let mut secrets = vec![open(&self.present)?];
        secrets.extend(self.previous.as_deref().and_then(open));
        Some(secrets)
    }
}

impl fmt::Debug for SealedSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[sealed]")
    }
}
