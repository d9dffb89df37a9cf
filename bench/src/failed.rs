//! What ends the bench: one sentence, with its causes.

use std::fmt;

/// Why the bench cannot go on.
#[derive(Debug)]
pub struct Failed(String);

/// What a step of the bench comes to.
pub type Outcome<T> = Result<T, Failed>;

impl Failed {
    /// With this sentence.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The same, with what was being done before it.
    pub fn at(self, what: &str) -> Self {
        Self(format!("{what}: {}", self.0))
    }
}

/// Ends with this sentence.
pub fn fail<T>(text: impl Into<String>) -> Outcome<T> {
    Err(Failed::new(text))
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Failed {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        Self(text)
    }
}
