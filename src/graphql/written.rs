//! Values that are JSON already.
//!
//! The library keeps every field of an answer as a name and a value of its own until the answer is written. Where an
//! object can be written at once, its JSON stands in the answer as one value ([`written`]), and [`to_json`] copies it to
//! its place. No field of the schema is binary, so that nothing else is told in this way.

use async_graphql::Value;
use bytes::Bytes;
use serde::Serialize;
use serde_json::ser::Formatter;
use std::io;

/// A value whose JSON is known.
pub fn written(json: impl Into<Bytes>) -> Value {
    Value::Binary(json.into())
}

/// Writes an answer, or what holds one, as JSON without a line break.
pub fn to_json(answer: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut json = Vec::with_capacity(USUAL_BYTES);
    answer.serialize(&mut serde_json::Serializer::with_formatter(&mut json, CopyWritten))?;
    Ok(json)
}

/// Room for an answer of a few objects.
const USUAL_BYTES: usize = 1024;

/// Writes as `serde_json` does, but for bytes, which are JSON.
struct CopyWritten;

impl Formatter for CopyWritten {
    fn write_byte_array<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: &[u8]) -> io::Result<()> {
        writer.write_all(value)
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::value;

    use super::*;

    #[test]
    fn what_is_written_stands_in_its_place() {
        let mut answer = value!({ "first": 1, "second": null, "third": ["\u{2028}\n\""] });
        if let Value::Object(fields) = &mut answer {
            fields.insert(async_graphql::Name::new("second"), written(r#"{"of":"its own"}"#));
        }
        let json = String::from_utf8(to_json(&answer).unwrap()).unwrap();
        assert_eq!(json, "{\"first\":1,\"second\":{\"of\":\"its own\"},\"third\":[\"\u{2028}\\n\\\"\"]}");
    }
}
