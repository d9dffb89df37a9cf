//! The recorded answers under `tests/fixtures`, which the adapters' own tests read too.

use std::fs;

use serde_json::Value;

use super::scripted::Whole;

/// A recorded answer as it was.
pub fn answer(provider: &str, name: &str) -> Whole {
    let answer = read(provider, name)["answer"].take();
    let headers = answer["headers"].as_object().into_iter().flatten();
    let headers = headers.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
    let body = answer["text"].as_str().map_or_else(|| answer["body"].to_string(), str::to_owned);
    Whole { headers, ..of(status(&answer), body) }
}

/// A recorded answer whose body was changed to fit what is asked.
pub fn fitted(provider: &str, name: &str, fit: impl FnOnce(&mut Value)) -> Whole {
    let mut answer = read(provider, name)["answer"].take();
    fit(&mut answer["body"]);
    of(status(&answer), answer["body"].to_string())
}

/// The body of a recorded answer.
pub fn body(provider: &str, name: &str) -> Value {
    read(provider, name)["answer"]["body"].take()
}

/// The body of a recorded request.
pub fn request(provider: &str, name: &str) -> Value {
    read(provider, name)["request"]["body"].take()
}

/// An answer of our own making.
pub fn of(status: u16, body: impl Into<Vec<u8>>) -> Whole {
    Whole { status, headers: Vec::new(), body: body.into() }
}

fn status(answer: &Value) -> u16 {
    answer["status"].as_u64().and_then(|status| u16::try_from(status).ok()).expect("a status")
}

/// Numbers keep their digits.
fn read(provider: &str, name: &str) -> Value {
    let path = format!("{}/tests/fixtures/{provider}/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}
