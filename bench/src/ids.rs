//! TypeIDs, written by hand: `pay_…` of a UUID, as billpay shows it.

use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 26 characters of five bits hold 130 bits; the first two are nothing.
const LENGTH: u32 = 26;

/// Appends an id with its prefix.
pub fn write(out: &mut String, prefix: &str, id: Uuid) {
    let bits = id.as_u128();
    out.push_str(prefix);
    out.push('_');
    for place in 0..LENGTH {
        let five = (bits >> (5 * (LENGTH - 1 - place))) & 31;
        out.push(char::from(ALPHABET[five as usize]));
    }
}

/// An id with its prefix.
pub fn text(prefix: &str, id: Uuid) -> String {
    let mut out = String::with_capacity(prefix.len() + 27);
    write(&mut out, prefix, id);
    out
}

/// The UUID behind an id, whatever its prefix.
pub fn uuid(text: &str) -> Option<Uuid> {
    let (_, suffix) = text.rsplit_once('_')?;
    if suffix.len() != LENGTH as usize {
        return None;
    }
    let mut bits = 0_u128;
    for byte in suffix.bytes() {
        let five = ALPHABET.iter().position(|&known| known == byte)?;
        bits = bits.checked_mul(32)? | five as u128;
    }
    Some(Uuid::from_u128(bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specifications_example_is_written_and_read() {
        let id: Uuid = "01890a5d-ac96-774b-bcce-b302099a8057".parse().expect("a UUID");
        assert_eq!(text("prefix", id), "prefix_01h455vb4pex5vsknk084sn02q");
        assert_eq!(uuid("prefix_01h455vb4pex5vsknk084sn02q"), Some(id));
        assert_eq!(uuid("prefix_01h455vb4pex5vsknk084sn02"), None);
    }
}
