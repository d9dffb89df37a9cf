//! Sessions with providers, sealed, so that all processes share one.
//!
//! A session is sealed with a key made from the settings' `secrets_key`; what cannot be opened counts as absent, so that
//! a changed key costs a new session and nothing else.

use std::fmt;
use std::time::Duration;

use chacha20poly1305::aead::{Aead, AeadCore, KeyInit, OsRng, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use sea_orm::{ConnectionTrait, EntityTrait, Statement};
use sha2::{Digest, Sha256};

use entity::provider_session::{ActiveModel, Column, Entity, Model};

use super::time::now_sql;
use super::work::all_set;
use super::{Store, StoreError};
use crate::domain::provider::ProviderCode;
use crate::ports::sessions::Sessions;

const NONCE_LENGTH: usize = 24;

/// Sessions kept in the database.
pub struct StoredSessions {
    store: Store,
    cipher: XChaCha20Poly1305,
}

impl StoredSessions {
    /// Sessions sealed with `secret`.
    pub fn new(store: Store, secret: &str) -> Self {
        let key = Sha256::digest(["billpay sessions", secret].concat());
        Self { store, cipher: XChaCha20Poly1305::new(Key::from_slice(&key)) }
    }

    async fn read(&self, provider: ProviderCode) -> Result<Option<String>, StoreError> {
        let row = Entity::find_by_id(provider.as_str().to_owned()).one(&self.store.reader).await?;
        Ok(row.and_then(|row| row.sealed).and_then(|sealed| open(&self.cipher, provider, &sealed)))
    }

    async fn write(&self, provider: ProviderCode, session: &str) -> Result<(), StoreError> {
        let row = Model {
            provider: provider.as_str().to_owned(),
            sealed: seal(&self.cipher, provider, session),
            renewal_lease_until: None,
        };
        let replaced = [Column::Sealed, Column::RenewalLeaseUntil];
        Entity::insert(all_set::<ActiveModel, _>(row))
            .on_conflict(sea_orm::sea_query::OnConflict::column(Column::Provider).update_columns(replaced).to_owned())
            .exec_without_returning(&self.store.writer)
            .await?;
        Ok(())
    }

    async fn lease(&self, provider: ProviderCode, lease: Duration) -> Result<bool, StoreError> {
        let backend = self.store.writer.get_database_backend();
        let now = now_sql(backend, "$1");
        let sql = format!(
            "INSERT INTO provider_sessions (provider, renewal_lease_until) VALUES ($2, {now} + $3) \
             ON CONFLICT (provider) DO UPDATE SET renewal_lease_until = excluded.renewal_lease_until \
             WHERE provider_sessions.renewal_lease_until IS NULL OR provider_sessions.renewal_lease_until < {now}"
        );
        let lease = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX);
        let values = [self.store.clock.offset_micros().into(), provider.as_str().into(), lease.into()];
        let leased = self.store.writer.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        Ok(leased.rows_affected() == 1)
    }
}

impl fmt::Debug for StoredSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredSessions").finish_non_exhaustive()
    }
}

#[async_graphql::async_trait::async_trait]
impl Sessions for StoredSessions {
    async fn load(&self, provider: ProviderCode) -> Option<String> {
        self.read(provider).await.unwrap_or_else(|error| {
            tracing::warn!(provider.name = %provider, %error, "a session cannot be read");
            None
        })
    }

    async fn may_renew(&self, provider: ProviderCode, lease: Duration) -> bool {
        self.lease(provider, lease).await.unwrap_or_else(|error| {
            tracing::warn!(provider.name = %provider, %error, "the right to renew a session cannot be had");
            false
        })
    }

    async fn keep(&self, provider: ProviderCode, session: &str) {
        if let Err(error) = self.write(provider, session).await {
            tracing::warn!(provider.name = %provider, %error, "a session cannot be kept");
        }
    }
}

/// The nonce, then the sealed text, bound to the provider.
fn seal(cipher: &XChaCha20Poly1305, provider: ProviderCode, session: &str) -> Option<Vec<u8>> {
    let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
    let sealed = cipher.encrypt(&nonce, Payload { msg: session.as_bytes(), aad: provider.as_str().as_bytes() }).ok()?;
    Some([nonce.as_slice(), &sealed].concat())
}

fn open(cipher: &XChaCha20Poly1305, provider: ProviderCode, sealed: &[u8]) -> Option<String> {
    let (nonce, text) = sealed.split_at_checked(NONCE_LENGTH)?;
    let payload = Payload { msg: text, aad: provider.as_str().as_bytes() };
    String::from_utf8(cipher.decrypt(XNonce::from_slice(nonce), payload).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cipher(secret: &str) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(Key::from_slice(&Sha256::digest(secret)))
    }

    #[test]
    fn a_session_opens_with_its_own_key_for_its_own_provider_only() {
        let sealed = seal(&cipher("one"), ProviderCode::Bill, "a session").expect("sealed");
        assert_eq!(open(&cipher("one"), ProviderCode::Bill, &sealed).as_deref(), Some("a session"));
        assert_eq!(open(&cipher("two"), ProviderCode::Bill, &sealed), None);
        assert_eq!(open(&cipher("one"), ProviderCode::Click, &sealed), None);
        assert_eq!(open(&cipher("one"), ProviderCode::Bill, &sealed[..20]), None);
        assert!(!sealed.windows(9).any(|window| window == b"a session"));
    }
}
