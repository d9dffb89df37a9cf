//! Finds the document that a request means: in the list of trusted documents, among those that its tenant has sent
//! before, or in the request itself.
//!
//! Where only trusted documents may run, nothing else is looked at, but for one thing: an administrator may send a
//! document that asks for the schema and nothing else, so that its tools go on working (our choice). Otherwise a text
//! that comes with its hash is kept once it has been executed: by then the client was authenticated, the hash was
//! verified, and the guard and the validation had nothing against it.

use std::fmt;
use std::sync::Arc;

use super::document_hash::DocumentHash;
use super::guard::Prepared;
use super::persisted::PersistedQueries;
use super::request_error::Fault;
use super::source::Source;
use super::trusted::TrustedDocuments;
use crate::domain::requester::{Requester, Scope, TenantId};

/// All documents that can be named by their hash.
#[derive(Debug)]
pub struct Library {
    trusted: TrustedDocuments,
    only_trusted: bool,
    persisted: PersistedQueries,
}

/// A document that is to be kept once it has been executed.
#[derive(Clone)]
pub struct Deposit {
    hash: DocumentHash,
    text: Arc<str>,
}

/// Without the text, which may hold what belongs to clients.
impl fmt::Debug for Deposit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deposit").field("hash", &self.hash).finish_non_exhaustive()
    }
}

/// The text of a document, and what comes with it.
pub struct Found {
    pub text: Arc<str>,
    pub deposit: Option<Deposit>,
    only_introspection: bool,
}

/// Without the text, which may hold what belongs to clients.
impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Found").field("only_introspection", &self.only_introspection).finish_non_exhaustive()
    }
}

impl Found {
    fn new(text: impl Into<Arc<str>>) -> Self {
        Self { text: text.into(), deposit: None, only_introspection: false }
    }

    /// Refuses what was let in as introspection and is none.
    pub fn check(&self, prepared: &Prepared) -> Result<(), Fault> {
        if self.only_introspection && !prepared.is_introspection { Err(Fault::DocumentIdRequired) } else { Ok(()) }
    }
}

impl Library {
    /// A library of the trusted documents, alone or beside those that clients send; of these so many a tenant.
    pub fn new(trusted: TrustedDocuments, only_trusted: bool, persisted_per_tenant: usize) -> Self {
        Self { trusted, only_trusted, persisted: PersistedQueries::new(persisted_per_tenant) }
    }

    /// The document that a request means.
    pub fn find(&self, source: Source, requester: &Requester) -> Result<Found, Fault> {
        match source {
            Source::Text(text) => self.by_text(text, requester),
            Source::Hash(hash) => self.by_hash(&hash, requester).ok_or_else(|| self.not_found()),
            Source::HashedText { hash, text } => self.by_both(hash, text, requester),
            Source::OtherId => Err(self.not_found()),
        }
    }

    /// Keeps what was executed for its tenant.
    pub fn keep(&self, tenant: &TenantId, deposit: Deposit) {
        self.persisted.keep(tenant, deposit.hash, deposit.text);
    }

    fn by_text(&self, text: String, requester: &Requester) -> Result<Found, Fault> {
        if self.only_trusted && !requester.may(Scope::Admin) {
            return Err(Fault::DocumentIdRequired);
        }
        Ok(Found { only_introspection: self.only_trusted, ..Found::new(text) })
    }

    fn by_hash(&self, hash: &DocumentHash, requester: &Requester) -> Option<Found> {
        let persisted = || if self.only_trusted { None } else { self.persisted.get(&requester.tenant, hash) };
        self.trusted.get(hash).or_else(persisted).map(Found::new)
    }

    fn by_both(&self, hash: DocumentHash, text: String, requester: &Requester) -> Result<Found, Fault> {
        if DocumentHash::of(&text) != hash {
            return Err(Fault::DocumentHashMismatch);
        }
        if let Some(known) = self.by_hash(&hash, requester) {
            return Ok(known);
        }
        let mut found = self.by_text(text, requester)?;
        if self.persisted.is_on() && !self.only_trusted {
            found.deposit = Some(Deposit { hash, text: found.text.clone() });
        }
        Ok(found)
    }

    /// What a client does next depends on it: sends the text, stops naming hashes, or gives up.
    fn not_found(&self) -> Fault {
        if self.only_trusted {
            Fault::DocumentNotListed
        } else if self.trusted.is_empty() && !self.persisted.is_on() {
            Fault::DocumentHashesOff
        } else {
            Fault::DocumentNotFound
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::requester::Scopes;

    const LISTED: &str = "{ listed }";
    const OTHER: &str = "{ other }";

    fn requester(tenant: &str, scopes: &str) -> Requester {
        Requester {
            subject: "s".to_owned(),
            tenant: TenantId::try_new(tenant).unwrap(),
            customer: None,
            scopes: Scopes::parse(scopes),
            expires_at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    fn list() -> TrustedDocuments {
        let digits = "ab".repeat(32);
        assert!(TrustedDocuments::parse(&format!(r#"{{"{digits}":"{LISTED}"}}"#)).is_err());
        let hash = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(LISTED));
        TrustedDocuments::parse(&format!(r#"{{"{hash}":"{LISTED}"}}"#)).unwrap()
    }

    fn hash(text: &str) -> Source {
        Source::Hash(DocumentHash::of(text))
    }

    fn both(text: &str) -> Source {
        Source::HashedText { hash: DocumentHash::of(text), text: text.to_owned() }
    }

    fn text(found: Result<Found, Fault>) -> Result<String, Fault> {
        found.map(|found| found.text.as_ref().to_owned())
    }

    #[test]
    fn what_was_executed_is_found_by_its_own_tenant() {
        let library = Library::new(list(), false, 10);
        let (ours, theirs) = (requester("acme", ""), requester("umbrella", ""));
        assert_eq!(text(library.find(hash(LISTED), &theirs)), Ok(LISTED.to_owned()));
        assert_eq!(text(library.find(hash(OTHER), &ours)), Err(Fault::DocumentNotFound));
        let deposit = library.find(both(OTHER), &ours).unwrap().deposit.unwrap();
        assert_eq!(text(library.find(hash(OTHER), &ours)), Err(Fault::DocumentNotFound), "not executed yet");
        library.keep(&ours.tenant, deposit);
        assert_eq!(text(library.find(hash(OTHER), &ours)), Ok(OTHER.to_owned()));
        assert_eq!(text(library.find(hash(OTHER), &theirs)), Err(Fault::DocumentNotFound));
    }

    #[test]
    fn a_text_under_another_hash_is_refused() {
        let library = Library::new(TrustedDocuments::default(), false, 10);
        let wrong = Source::HashedText { hash: DocumentHash::of(LISTED), text: OTHER.to_owned() };
        assert_eq!(text(library.find(wrong, &requester("acme", ""))), Err(Fault::DocumentHashMismatch));
    }

    #[test]
    fn without_any_hashes_clients_are_told_to_send_texts() {
        let library = Library::new(TrustedDocuments::default(), false, 0);
        let anyone = requester("acme", "");
        assert_eq!(text(library.find(hash(OTHER), &anyone)), Err(Fault::DocumentHashesOff));
        let found = library.find(both(OTHER), &anyone).unwrap();
        assert!(found.deposit.is_none() && *found.text == *OTHER);
    }

    #[test]
    fn only_what_is_listed_runs_where_that_is_set() {
        let library = Library::new(list(), true, 10);
        let (anyone, admin) = (requester("acme", "payments:read"), requester("acme", "admin"));
        assert_eq!(text(library.find(hash(LISTED), &anyone)), Ok(LISTED.to_owned()));
        assert_eq!(text(library.find(both(LISTED), &anyone)), Ok(LISTED.to_owned()));
        assert_eq!(text(library.find(hash(OTHER), &anyone)), Err(Fault::DocumentNotListed));
        assert_eq!(text(library.find(Source::OtherId, &anyone)), Err(Fault::DocumentNotListed));
        for source in [Source::Text(OTHER.to_owned()), both(OTHER), Source::Text(LISTED.to_owned())] {
            assert_eq!(text(library.find(source.clone(), &anyone)), Err(Fault::DocumentIdRequired));
            let found = library.find(source, &admin).unwrap();
            assert!(found.only_introspection && found.deposit.is_none());
        }
    }
}
