//! Parsed documents, so that what is sent again is not parsed again.
//!
//! Two generations: what is asked for moves to the young one; when that is full it becomes the old one, and what was
//! old is forgotten. Memory is bounded by `Documents::GENERATION` documents, twice, of limited length each. The key
//! is the whole text, so one document can never stand for another.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use async_graphql::parser::types::ExecutableDocument;

use super::direct::Direct;
use super::validity::Validity;

/// A parsed document, and what is known of it.
#[derive(Debug)]
pub struct Document {
    parsed: ExecutableDocument,
    /// With which variables it was found valid.
    pub validity: Validity,
    direct: OnceLock<Option<Direct>>,
}

impl Document {
    /// How it is answered without the executor, where it can be. To be asked of a valid document.
    pub fn direct(&self) -> Option<&Direct> {
        self.direct.get_or_init(|| Direct::of(&self.parsed)).as_ref()
    }
}

/// A document of which nothing is known yet.
impl From<ExecutableDocument> for Document {
    fn from(parsed: ExecutableDocument) -> Self {
        Self { parsed, validity: Validity::default(), direct: OnceLock::new() }
    }
}

impl Deref for Document {
    type Target = ExecutableDocument;

    fn deref(&self) -> &ExecutableDocument {
        &self.parsed
    }
}

/// The documents that were asked for lately.
#[derive(Debug, Default)]
pub struct Documents {
    generations: Mutex<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Arc<str>, Arc<Document>>,
    old: HashMap<Arc<str>, Arc<Document>>,
}

impl Documents {
    const GENERATION: usize = 256;

    /// The document of this text, parsed by `parse` where it is not known. What is refused is not kept.
    pub fn get_or_parse<D: Into<Document>, E>(
        &self,
        text: &str,
        parse: impl FnOnce() -> Result<D, E>,
    ) -> Result<Arc<Document>, E> {
        if let Some(known) = self.lock().get(text) {
            return Ok(known);
        }
        let parsed = Arc::new(parse()?.into());
        self.lock().keep(text.into(), Arc::clone(&parsed));
        Ok(parsed)
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn get(&mut self, text: &str) -> Option<Arc<Document>> {
        if let Some(young) = self.young.get(text) {
            return Some(Arc::clone(young));
        }
        let (text, document) = self.old.remove_entry(text)?;
        self.keep(text, Arc::clone(&document));
        Some(document)
    }

    fn keep(&mut self, text: Arc<str>, document: Arc<Document>) {
        if self.young.len() >= Documents::GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(text, document);
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_number_is_bounded() {
        let documents = Documents::default();
        let first = documents.get_or_parse("{ first }", || parse_query("{ first }")).unwrap();
        for number in 0..10 * Documents::GENERATION {
            let text = format!("{{ f{number} }}");
            documents.get_or_parse(&text, || parse_query(&text)).unwrap();
            let again = documents.get_or_parse("{ first }", || parse_query("{ other }")).unwrap();
            assert!(Arc::ptr_eq(&first, &again));
        }
        let generations = documents.lock();
        assert!(generations.young.len() + generations.old.len() <= 2 * Documents::GENERATION);
    }

    #[test]
    fn what_is_refused_is_not_kept() {
        let documents = Documents::default();
        assert!(documents.get_or_parse("{", || parse_query("{")).is_err());
        assert!(documents.lock().young.is_empty());
    }
}
