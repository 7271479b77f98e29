//! The look at a document before the parser sees it.
//!
//! The parser recurses once for each open bracket and has no limit of its own that holds before it has recursed, so this is
//! the only thing between a 4 KB request and a stack overflow, which ends the process. It must therefore agree with the
//! parser about what is a string and what is a comment; whatever the two could read differently is refused here.

use super::{Limits, Refusal};
use crate::error::ErrorCode;

/// What one pass over the text counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scan {
    pub(super) tokens: usize,
    /// How often a variable is named, in definitions and in values.
    pub(super) variables: usize,
}

/// Checks size, tokens and nesting.
pub(super) fn scan(text: &str, limits: &Limits) -> Result<Scan, Refusal> {
    if text.len() > limits.document_bytes {
        return Err(over(ErrorCode::DocumentTooLarge, "bytes of the document", limits.document_bytes, text.len()));
    }
    let bytes = text.as_bytes();
    let (mut at, mut tokens, mut variables, mut open) = (0, 0, 0, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        let end = match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b',' => {
                at += 1;
                continue;
            }
            // A byte order mark is white space to GraphQL.
            0xEF if bytes[at..].starts_with(b"\xEF\xBB\xBF") => {
                at += 3;
                continue;
            }
            b'#' => {
                at = comment_end(bytes, at);
                continue;
            }
            b'"' => string_end(bytes, at)?,
            b'{' | b'[' | b'(' => {
                open += 1;
                at + 1
            }
            b'}' | b']' | b')' => {
                open = open.saturating_sub(1);
                at + 1
            }
            b'.' if bytes[at..].starts_with(b"...") => at + 3,
            _ if is_word(byte) => word_end(bytes, at),
            _ => at + 1,
        };
        if is_word(byte) && end - at > limits.name_bytes {
            return Err(over(ErrorCode::DocumentTooLarge, "bytes of a name or number", limits.name_bytes, end - at));
        }
        tokens += 1;
        variables += usize::from(byte == b'$');
        if open > limits.brackets {
            return Err(over(ErrorCode::TooDeep, "brackets open at once", limits.brackets, open));
        }
        if tokens > limits.tokens {
            return Err(over(ErrorCode::TooManyTokens, "tokens", limits.tokens, tokens));
        }
        at = end;
    }
    Ok(Scan { tokens, variables })
}

fn over(code: ErrorCode, what: &str, limit: usize, actual: usize) -> Refusal {
    Refusal::over(code, what, limit as u64, actual as u64)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn word_end(bytes: &[u8], start: usize) -> usize {
    let length = bytes[start..].iter().position(|&byte| !is_word(byte));
    length.map_or(bytes.len(), |length| start + length)
}

fn comment_end(bytes: &[u8], start: usize) -> usize {
    let length = bytes[start..].iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    length.map_or(bytes.len(), |length| start + length)
}

fn string_end(bytes: &[u8], start: usize) -> Result<usize, Refusal> {
    let block = bytes[start..].starts_with(br#"""""#);
    let mut at = start + if block { 3 } else { 1 };
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        if block {
            if rest.starts_with(br#"\""""#) {
                at += 4;
            } else if rest.starts_with(br#"""""#) {
                return Ok(at + 3);
            } else {
                at += 1;
            }
            continue;
        }
        match byte {
            b'"' => return Ok(at + 1),
            b'\n' | b'\r' => break,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    Err(Refusal::new(ErrorCode::GraphqlParseFailed, "a string does not end"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Result<usize, ErrorCode> {
        scan(text, &Limits::default()).map(|scan| scan.tokens).map_err(|refusal| refusal.code)
    }

    #[test]
    fn tokens_are_counted() {
        assert_eq!(code("{ a(b: -15) { ...c } }"), Ok(12));
        assert_eq!(code("\u{feff}{a,b}"), Ok(4));
        assert_eq!(code(""), Ok(0));
    }

    #[test]
    fn names_are_short() {
        let (longest, longer) = ("a".repeat(200), "a".repeat(201));
        assert_eq!(code(&format!("{{ {longest}: b(c: \"{longer}\") }}")), Ok(10));
        assert_eq!(code(&format!("{{ {longer}: b }}")), Err(ErrorCode::DocumentTooLarge));
    }

    #[test]
    fn variables_are_counted_outside_strings() {
        let scan = scan("query($a: Int) { a(b: $a, c: \"$b\") # $c\n }", &Limits::default()).unwrap();
        assert_eq!(scan.variables, 2);
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_nest() {
        let brackets = "[{(".repeat(200);
        assert_eq!(code(&format!("{{ a(b: \"{brackets}\") }}")), Ok(8));
        assert_eq!(code(&format!("{{ a(b: \"\"\"{brackets}\n\\\"\"\" \" \"\" {brackets}\"\"\") }}")), Ok(8));
        assert_eq!(code(&format!("{{ a # \" {brackets}\n}}")), Ok(3));
        assert_eq!(code(&format!("{{ a # {brackets}\r}}")), Ok(3));
        assert_eq!(code("{ a(b: \"\\\"{{{\\\\\") }"), Ok(8));
    }

    #[test]
    fn brackets_after_a_string_nest_again() {
        let deep = "[".repeat(65);
        assert_eq!(code(&format!("{{ a(b: \"\", c: {deep}")), Err(ErrorCode::TooDeep));
        assert_eq!(code(&format!("\"\"\"\\\"\"\"\"\"\"{deep}")), Err(ErrorCode::TooDeep));
        assert_eq!(code(&format!("#\n{deep}")), Err(ErrorCode::TooDeep));
    }

    #[test]
    fn unterminated_strings_are_refused() {
        for text in ["{ a(b: \"", "\"\\", "\"a\n\"", "\"\"\" \"\"", "\"\"\"\\\"\"\"", "\"\\\"", "{ a(b: \"é"] {
            assert_eq!(code(text), Err(ErrorCode::GraphqlParseFailed), "{text}");
        }
    }

    #[test]
    fn size_is_limited() {
        assert_eq!(code(&"a ".repeat(8_001)), Err(ErrorCode::TooManyTokens));
        assert_eq!(code(&"#".repeat((64 << 10) + 1)), Err(ErrorCode::DocumentTooLarge));
        assert_eq!(code(&"é".repeat(8_001)), Err(ErrorCode::TooManyTokens));
    }
}
