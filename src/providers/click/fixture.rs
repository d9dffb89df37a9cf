//! The recorded requests and answers that the tests of this adapter read.

use std::fs;

use serde_json::Value;

use crate::providers::http::Answer;

/// The answer in `tests/fixtures/click/NAME.json`: its `body`, or its `text` where it is no JSON.
pub(super) fn answer(name: &str) -> Answer {
    let answer = &read(name)["answer"];
    let status = answer["status"].as_u64().and_then(|status| u16::try_from(status).ok()).expect("a status");
    let body = answer["text"].as_str().map_or_else(|| answer["body"].to_string(), str::to_owned);
    Answer { status, body: body.into_bytes() }
}

/// A header of that answer.
pub(super) fn answer_header(name: &str, header: &str) -> Option<String> {
    read(name)["answer"]["headers"][header].as_str().map(str::to_owned)
}

/// The fields of the form in that request, in their order.
pub(super) fn form(name: &str) -> Vec<(String, String)> {
    serde_json::from_value(read(name)["request"]["form"].take()).expect("a list of names and values")
}

fn read(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/click/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}
