//! The sandbox's ledger: which payments moved money, in the order in which they did.
//!
//! An append-only file of JSON lines. A line is written and synced before the caller goes on to answer, so what a
//! client was told is never ahead of the file. Opening it reads it again: keys and amounts outlive the process. A last
//! line without its end comes from a crash before the sync, so nobody was told of it: it is cut off. Without a path
//! the ledger is the same, in memory.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::lock;

/// A ledger that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EffectsError {
    /// The file cannot be opened, read or cut.
    #[error("cannot open or read it")]
    File(#[from] io::Error),
    /// A complete line is not an effect.
    #[error("line {number} is not an effect")]
    Line {
        /// Counted from 1.
        number: usize,
        /// What the parser says.
        source: serde_json::Error,
    },
}

/// Money that a simulator is about to move.
pub(super) struct Movement {
    pub provider: &'static str,
    pub key: String,
    pub account: String,
    /// In major units, with two decimals.
    pub amount: String,
    pub currency: String,
}

/// Money that has moved: one line of the file.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Effect {
    pub provider: String,
    pub key: String,
    pub account: String,
    pub amount: String,
    pub currency: String,
    /// Its place in the ledger, from 1, without gaps.
    pub effect: u64,
    pub at: Timestamp,
}

/// The ledger; clones share it.
#[derive(Clone)]
pub(super) struct Effects {
    book: Arc<Mutex<Book>>,
}

struct Book {
    effects: Vec<Effect>,
    file: Option<File>,
}

impl Effects {
    /// Opens the ledger at `path`, or an empty one in memory.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, EffectsError> {
        let book = match path {
            Some(path) => Book::read(path)?,
            None => Book { effects: Vec::new(), file: None },
        };
        Ok(Self { book: Arc::new(Mutex::new(book)) })
    }

    /// Records a movement; when this returns `Ok`, it is on disk.
    pub(super) async fn record(&self, movement: Movement) -> io::Result<()> {
        let book = Arc::clone(&self.book);
        let appended = tokio::task::spawn_blocking(move || lock(&book).append(movement)).await;
        appended.unwrap_or_else(|error| Err(io::Error::other(error)))
    }

    /// What has moved at one provider, oldest first.
    pub(super) fn of(&self, provider: &str) -> Vec<Effect> {
        lock(&self.book).effects.iter().filter(|effect| effect.provider == provider).cloned().collect()
    }
}

impl Book {
    fn read(path: &Path) -> Result<Self, EffectsError> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let complete = bytes.iter().rposition(|byte| *byte == b'\n').map_or(&[][..], |end| &bytes[..=end]);
        if complete.len() < bytes.len() {
            file.set_len(complete.len() as u64)?;
        }
        Ok(Self { effects: parse(complete)?, file: Some(file) })
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a simulator stands for another company's machine, with a clock of its own"
    )]
    fn append(&mut self, movement: Movement) -> io::Result<()> {
        let effect = Effect {
            provider: movement.provider.to_owned(),
            key: movement.key,
            account: movement.account,
            amount: movement.amount,
            currency: movement.currency,
            effect: self.effects.len() as u64 + 1,
            at: Timestamp::now(),
        };
        if let Some(file) = &mut self.file {
            let mut line = serde_json::to_vec(&effect)?;
            line.push(b'\n');
            file.write_all(&line)?;
            file.sync_data()?;
        }
        self.effects.push(effect);
        Ok(())
    }
}

fn parse(lines: &[u8]) -> Result<Vec<Effect>, EffectsError> {
    lines
        .split(|byte| *byte == b'\n')
        .enumerate()
        .filter(|(_, line)| !line.is_empty())
        .map(|(index, line)| {
            serde_json::from_slice(line).map_err(|source| EffectsError::Line { number: index + 1, source })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn movement(key: &str) -> Movement {
        Movement {
            provider: "almara",
            key: key.to_owned(),
            account: "1111111".to_owned(),
            amount: "15.00".to_owned(),
            currency: "KES".to_owned(),
        }
    }

    fn keys(effects: &Effects) -> Vec<(String, u64)> {
        effects.of("almara").into_iter().map(|effect| (effect.key, effect.effect)).collect()
    }

    #[tokio::test]
    async fn an_opened_ledger_holds_what_an_earlier_one_recorded() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("effects.jsonl");
        let first = Effects::open(Some(&path)).expect("a new ledger");
        first.record(movement("a")).await.expect("recorded");
        drop(first);

        let second = Effects::open(Some(&path)).expect("the ledger again");
        second.record(movement("b")).await.expect("recorded");

        assert_eq!(keys(&second), [("a".to_owned(), 1), ("b".to_owned(), 2)]);
        let third = Effects::open(Some(&path)).expect("the ledger once more");
        assert_eq!(keys(&third), keys(&second));
        assert!(third.of("click").is_empty());
    }

    #[tokio::test]
    async fn a_torn_last_line_is_cut_off() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("effects.jsonl");
        Effects::open(Some(&path)).expect("a new ledger").record(movement("a")).await.expect("recorded");
        let mut file = OpenOptions::new().append(true).open(&path).expect("the file");
        file.write_all(br#"{"provider":"alm"#).expect("half a line");

        let effects = Effects::open(Some(&path)).expect("the ledger again");
        effects.record(movement("b")).await.expect("recorded");

        let reopened = Effects::open(Some(&path)).expect("the ledger once more");
        assert_eq!(keys(&reopened), [("a".to_owned(), 1), ("b".to_owned(), 2)]);
    }

    #[test]
    fn a_complete_line_that_is_no_effect_is_refused() {
        assert!(matches!(parse(b"\nnot an effect\n"), Err(EffectsError::Line { number: 2, .. })));
    }
}
