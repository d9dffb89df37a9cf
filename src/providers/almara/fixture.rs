//! The recorded requests and answers that the tests of this adapter read.

use std::fs;

use serde_json::Value;

/// The body of the answer in `tests/fixtures/almara/NAME.json`; numbers keep their digits.
pub(super) fn answer(name: &str) -> Vec<u8> {
    read(name)["answer"]["body"].to_string().into_bytes()
}

/// The body of the request there.
pub(super) fn request(name: &str) -> Value {
    read(name)["request"]["body"].take()
}

fn read(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/almara/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}
