//! Settings taken out of their layers, one typed value at a time.
//!
//! A value that can't be read becomes a fault and reading goes on, so that all faults are found in one pass. `None`
//! always means that a fault was noted; callers gather every part of a section before they give up on it.

use super::fault::{Fault, Faults};
use super::layers::{Layers, PREFIX, Written};
use super::value::Wrong;

/// Reads settings by name and notes what is wrong.
pub(super) struct Reader {
    layers: Layers,
}

impl Reader {
    pub(super) fn new(layers: Layers) -> Self {
        Self { layers }
    }

    /// A setting that must have a value.
    pub(super) fn required<T>(&mut self, name: &str, parse: impl FnOnce(&Written) -> Result<T, Wrong>) -> Option<T> {
        let value = self.optional(name, parse)?;
        if value.is_none() {
            self.note(name, "is not set", remedy_for_missing(name));
        }
        value
    }

    /// A setting that may be left empty.
    pub(super) fn optional<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&Written) -> Result<T, Wrong>,
    ) -> Option<Option<T>> {
        let Some(written) = self.layers.get(name) else { return Some(None) };
        match parse(written) {
            Ok(value) => Some(Some(value)),
            Err(Wrong { problem, remedy }) => {
                self.note(name, problem, remedy);
                None
            }
        }
    }

    /// Whether the setting has a value at all.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.layers.get(name).is_some()
    }

    /// Notes a fault that no single value shows.
    pub(super) fn note(&mut self, name: &str, problem: impl Into<String>, remedy: impl Into<String>) {
        self.layers.faults.push(Fault::new(both_names(name), problem, remedy));
    }

    /// The value that was read, or everything that was wrong.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Faults> {
        match value {
            Some(value) if self.layers.faults.is_empty() => Ok(value),
            Some(_) | None => Err(Faults::new(self.layers.faults)),
        }
    }
}

/// The setting's name in a file and in the environment.
fn both_names(name: &str) -> String {
    format!("{name} ({PREFIX}{})", name.to_ascii_uppercase().replace('.', "__"))
}

fn remedy_for_missing(name: &str) -> String {
    match name.strip_prefix("providers.").and_then(|rest| rest.split_once('.')) {
        Some((provider, _)) => format!("set it, or leave providers.{provider}.base_url empty to switch {provider} off"),
        None => "give it a value".to_owned(),
    }
}
