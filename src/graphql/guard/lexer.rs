//! Measures a document before any parser sees it.
//!
//! One pass over the bytes counts tokens and the deepest bracket. Strings, block strings and comments are skipped
//! whole. What is no GraphQL counts as tokens; the parser refuses it later. Nothing recurses and nothing is copied.

/// What a document weighs as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measure {
    /// Names, numbers, strings and punctuators.
    pub tokens: usize,
    /// The deepest level of `{`, `(` and `[` together.
    pub nesting: usize,
}

/// Counts the tokens and the nesting of `source`.
pub fn measure(source: &str) -> Measure {
    let mut measure = Measure::default();
    let mut level = 0_usize;
    let mut rest = source.as_bytes();
    while let Some(&first) = rest.first() {
        let ignored = ignored_length(rest);
        if ignored > 0 {
            rest = &rest[ignored..];
            continue;
        }
        measure.tokens += 1;
        level = level_after(level, first);
        measure.nesting = measure.nesting.max(level);
        rest = &rest[token_length(rest)..];
    }
    measure
}

const fn level_after(level: usize, byte: u8) -> usize {
    match byte {
        b'{' | b'(' | b'[' => level + 1,
        b'}' | b')' | b']' => level.saturating_sub(1),
        _ => level,
    }
}

/// Bytes of white space, comma, byte order mark or comment that stand first.
fn ignored_length(rest: &[u8]) -> usize {
    match rest {
        [b' ' | b'\t' | b'\n' | b'\r' | b',', ..] => 1,
        [0xEF, 0xBB, 0xBF, ..] => 3,
        [b'#', ..] => run(rest, |byte| !matches!(byte, b'\n' | b'\r')),
        _ => 0,
    }
}

fn token_length(rest: &[u8]) -> usize {
    match rest {
        [b'"', b'"', b'"', ..] => block_string_length(rest),
        [b'"', ..] => string_length(rest),
        [b'.', b'.', b'.', ..] => 3,
        [b'_' | b'a'..=b'z' | b'A'..=b'Z', ..] => run(rest, |byte| byte == b'_' || byte.is_ascii_alphanumeric()),
        [b'-' | b'0'..=b'9', ..] => number_length(rest),
        _ => 1,
    }
}

fn run(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| belongs(**byte)).count()
}

/// A sign belongs to a number at its start and after its exponent's letter only.
fn number_length(rest: &[u8]) -> usize {
    let continues = |(previous, byte): (&u8, &u8)| match byte {
        b'0'..=b'9' | b'.' | b'e' | b'E' => true,
        b'+' | b'-' => matches!(previous, b'e' | b'E'),
        _ => false,
    };
    1 + rest.iter().zip(&rest[1..]).take_while(|pair| continues(*pair)).count()
}

/// Up to the closing quote, or the end of the line where it is missing.
fn string_length(rest: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = rest.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            b'\n' | b'\r' => return at,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Up to the closing three quotes, or the end where they are missing. `\"""` does not close.
fn block_string_length(rest: &[u8]) -> usize {
    let mut at = 3;
    while at < rest.len() {
        match &rest[at..] {
            [b'\\', b'"', b'"', b'"', ..] => at += 4,
            [b'"', b'"', b'"', ..] => return at + 3,
            _ => at += 1,
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(source: &str) -> usize {
        measure(source).tokens
    }

    #[test]
    fn tokens_are_counted_as_the_specification_defines_them() {
        assert_eq!(tokens("{ a, b }"), 4);
        assert_eq!(tokens("\u{feff}query Q($a: Int! = -1.5e+3) @d { ...F }"), 17);
        assert_eq!(tokens("{ a(x: \"q { } \\\" w\") # c { } \n b }"), 9);
        assert_eq!(tokens("{ a(x: \"\"\"b \\\"\"\" { \"\"\") }"), 8);
        assert_eq!(tokens("1-1"), 2);
        assert_eq!(tokens(""), 0);
    }

    #[test]
    fn unfinished_strings_and_foreign_bytes_end() {
        for source in ["\"", "\"\\", "\"\"\"", "\"\"\"\\\"", "#", "é", "\0", "..", "\"a\nb"] {
            assert!(tokens(source) <= 3, "{source:?}");
        }
    }

    #[test]
    fn nesting_is_that_of_all_brackets_outside_strings() {
        assert_eq!(measure("{ a(b: [{c: 1}]) { d } }").nesting, 4);
        assert_eq!(measure("{ a(b: \"{{{{\") }").nesting, 2);
        assert_eq!(measure("}}}{").nesting, 1);
    }
}
