//! Values derived from text: the same at every run, so that what a simulator shows need not be kept.

use sha2::{Digest, Sha256};

/// A number that depends on nothing but `purpose` and `text`.
pub(super) fn number(purpose: &str, text: &str) -> u64 {
    let digest = Sha256::new().chain_update(purpose).chain_update(":").chain_update(text).finalize();
    digest.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}
