//! The recorded requests, answers and webhooks that the tests of this adapter read.

use std::fs;

use serde_json::Value;

use crate::providers::http::Answer;

/// The answer in `tests/fixtures/clickpesa/NAME.json`; numbers keep their digits.
pub(super) fn answer(name: &str) -> Answer {
    let answer = &read(name)["answer"];
    let status = answer["status"].as_u64().and_then(|status| u16::try_from(status).ok()).expect("a status");
    Answer { status, body: answer["body"].to_string().into_bytes() }
}

/// The body of the request there.
pub(super) fn request(name: &str) -> Value {
    read(name)["request"]["body"].take()
}

fn read(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/clickpesa/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}
