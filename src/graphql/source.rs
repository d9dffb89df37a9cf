//! By what a request names its document: by its text, by its hash, or by both.
//!
//! Two ways of naming it by hash are read: `documentId` of GraphQL over HTTP (appendix A) and Apollo's
//! `extensions.persistedQuery {version: 1, sha256Hash}`. A `documentId` counts where both stand; one of another form
//! names nothing here, and beside a text it is passed over. The last two are our choice.

use serde_json::{Map, Value as Json};

use super::document_hash::DocumentHash;
use super::request_error::Fault;

/// What a request says of its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Text(String),
    Hash(DocumentHash),
    /// To be kept under the hash, where the two belong together.
    HashedText {
        hash: DocumentHash,
        text: String,
    },
    /// An identifier that is no hash.
    OtherId,
}

impl Source {
    /// Puts together what a request's parameters say.
    pub fn try_new(
        query: Option<String>,
        document_id: Option<&str>,
        extensions: &Map<String, Json>,
    ) -> Result<Self, Fault> {
        let has_id = document_id.is_some();
        let hash = match document_id {
            Some(id) => DocumentHash::parse(id),
            None => persisted_query(extensions)?,
        };
        match (query, hash) {
            (Some(text), Some(hash)) => Ok(Self::HashedText { hash, text }),
            (Some(text), None) => Ok(Self::Text(text)),
            (None, Some(hash)) => Ok(Self::Hash(hash)),
            (None, None) if has_id => Ok(Self::OtherId),
            (None, None) => Err(Fault::QueryMissing),
        }
    }
}

/// The hash in Apollo's extension, where it stands; its protocol has one version.
fn persisted_query(extensions: &Map<String, Json>) -> Result<Option<DocumentHash>, Fault> {
    const WRONG: Fault = Fault::WrongType {
        key: "extensions.persistedQuery",
        expected: "an object with `version` 1 and, as `sha256Hash`, 64 lower-case hexadecimal digits",
    };
    let extension = match extensions.get("persistedQuery") {
        None | Some(Json::Null) => return Ok(None),
        Some(extension) => extension,
    };
    if extension.get("version").and_then(Json::as_u64) != Some(1) {
        return Err(WRONG);
    }
    let hash = extension.get("sha256Hash").and_then(Json::as_str).and_then(DocumentHash::parse);
    hash.map(Some).ok_or(WRONG)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEXT: &str = "{ a }";
    const DIGITS: &str = "71f7dc5758652baac68e4a10c50be732b741c892ade2883a99358f52b555286b";

    fn read(query: Option<&str>, id: Option<&str>, extension: Json) -> Result<Source, Fault> {
        let Json::Object(extensions) = json!({ "persistedQuery": extension }) else { unreachable!() };
        Source::try_new(query.map(str::to_owned), id, &extensions)
    }

    #[test]
    fn a_document_is_named_by_text_hash_or_both() {
        let hash = DocumentHash::parse(DIGITS).unwrap();
        let both = Source::HashedText { hash, text: TEXT.to_owned() };
        let extension = json!({ "version": 1, "sha256Hash": DIGITS });
        assert_eq!(read(Some(TEXT), None, Json::Null), Ok(Source::Text(TEXT.to_owned())));
        assert_eq!(read(None, None, extension.clone()), Ok(Source::Hash(hash)));
        assert_eq!(read(None, Some(DIGITS), Json::Null), Ok(Source::Hash(hash)));
        assert_eq!(read(Some(TEXT), None, extension), Ok(both.clone()));
        assert_eq!(read(Some(TEXT), Some(DIGITS), Json::Null), Ok(both));
        assert_eq!(read(None, Some("md5ofRelay"), Json::Null), Ok(Source::OtherId));
        assert_eq!(read(Some(TEXT), Some("md5ofRelay"), Json::Null), Ok(Source::Text(TEXT.to_owned())));
        assert_eq!(read(None, None, Json::Null), Err(Fault::QueryMissing));
    }

    #[test]
    fn an_extension_of_another_form_is_refused() {
        for wrong in [
            json!(1),
            json!({}),
            json!({ "version": 2, "sha256Hash": DIGITS }),
            json!({ "version": "1", "sha256Hash": DIGITS }),
            json!({ "version": 1 }),
            json!({ "version": 1, "sha256Hash": "abc" }),
            json!({ "version": 1, "sha256Hash": DIGITS.to_uppercase() }),
        ] {
            assert!(matches!(read(Some(TEXT), None, wrong), Err(Fault::WrongType { .. })));
        }
    }
}
