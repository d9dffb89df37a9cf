//! The name of a document: the SHA-256 of its text.
//!
//! Appendix A of GraphQL over HTTP writes it as `sha256:` and 64 lower-case hexadecimal digits. Apollo's clients and the
//! lists of code generators write the digits alone; billpay reads both, everywhere.

use sha2::{Digest, Sha256};

const PREFIX: &str = "sha256:";

/// The SHA-256 of a document's text in UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DocumentHash([u8; 32]);

impl DocumentHash {
    /// The hash of a text.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// Reads a hash; None where the text is an identifier of another form.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(PREFIX).unwrap_or(text);
        if digits.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return None;
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).ok()?;
        Some(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text and the identifier are an example of the appendix.
    #[test]
    fn a_hash_is_read_with_and_without_its_prefix() {
        let digits = "71f7dc5758652baac68e4a10c50be732b741c892ade2883a99358f52b555286b";
        let hash = DocumentHash::of("query($id:ID!){user(id:$id){name}}");
        assert_eq!(DocumentHash::parse(digits), Some(hash));
        assert_eq!(DocumentHash::parse(&format!("sha256:{digits}")), Some(hash));
        for other in ["", "sha256:", "sha1:71f7", &digits[1..], &digits.to_uppercase(), &format!("{digits}00")] {
            assert_eq!(DocumentHash::parse(other), None, "{other}");
        }
    }
}
