//! The list of trusted documents: what an operator's own apps send, known before they send it.
//!
//! The file is the one that graphql-codegen's client preset writes as `persisted-documents.json` with
//! `hashAlgorithm: "sha256"`: one JSON object of texts by their hash. Every hash is computed anew when the file is read,
//! so that no text can stand under another's name. Trusted documents pass the same guard as all others.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::document_hash::DocumentHash;

/// Documents by their hash, as they stand in the file at the start.
#[derive(Default)]
pub struct TrustedDocuments {
    texts: HashMap<DocumentHash, Arc<str>>,
}

impl fmt::Debug for TrustedDocuments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustedDocuments").field("documents", &self.texts.len()).finish_non_exhaustive()
    }
}

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustedError {
    #[error("the file cannot be read")]
    Unreadable(#[from] std::io::Error),
    #[error("the file is no JSON object of documents by their hash")]
    Malformed,
    #[error("`{id}` is not the SHA-256 of its document: generate the list with hashAlgorithm \"sha256\"")]
    OtherHash { id: String },
}

impl TrustedDocuments {
    /// Reads the list from a file.
    pub fn read(path: &Path) -> Result<Self, TrustedError> {
        Self::parse(&std::fs::read_to_string(path)?)
    }

    /// Reads the list from its JSON.
    pub fn parse(json: &str) -> Result<Self, TrustedError> {
        let listed: BTreeMap<String, String> = serde_json::from_str(json).map_err(|_| TrustedError::Malformed)?;
        let texts = listed.into_iter().map(|(id, text)| {
            let hash = DocumentHash::of(&text);
            if DocumentHash::parse(&id) == Some(hash) {
                Ok((hash, Arc::<str>::from(text)))
            } else {
                Err(TrustedError::OtherHash { id })
            }
        });
        Ok(Self { texts: texts.collect::<Result<_, TrustedError>>()? })
    }

    /// The document of this hash.
    pub fn get(&self, hash: &DocumentHash) -> Option<Arc<str>> {
        self.texts.get(hash).cloned()
    }

    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "query($id:ID!){user(id:$id){name}}";
    const DIGITS: &str = "71f7dc5758652baac68e4a10c50be732b741c892ade2883a99358f52b555286b";

    #[test]
    fn a_list_is_read_and_its_hashes_are_verified() {
        for id in [DIGITS.to_owned(), format!("sha256:{DIGITS}")] {
            let list = TrustedDocuments::parse(&format!(r#"{{"{id}":"{TEXT}"}}"#)).unwrap();
            assert_eq!(list.get(&DocumentHash::of(TEXT)).as_deref(), Some(TEXT));
            assert_eq!(list.get(&DocumentHash::of("{ a }")), None);
        }
        assert!(TrustedDocuments::parse("{}").unwrap().is_empty());
        let other = TrustedDocuments::parse(&format!(r#"{{"{DIGITS}":"{{ a }}"}}"#));
        assert!(matches!(other, Err(TrustedError::OtherHash { .. })));
        for malformed in ["", "[]", "{\"a\":1}"] {
            assert!(matches!(TrustedDocuments::parse(malformed), Err(TrustedError::Malformed)), "{malformed}");
        }
    }
}
