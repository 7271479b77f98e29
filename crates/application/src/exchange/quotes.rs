//! Whether the quotes of a CSV file come in pairs.
//!
//! The reader takes a quote that is never closed for one that closes at the end of the file: all rows behind it would
//! become part of one field, and be lost without a word.

/// Finds the first quote that is wrong: the line and the index of its field, from 1 and from 0, and why.
pub(super) fn check(bytes: &[u8]) -> Option<(u64, usize, &'static str)> {
    let (mut at, mut line, mut field) = (0, 1, 0);
    let mut at_start = true;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' if at_start => {
                let (end, lines) = closing(bytes, at + 1);
                match bytes.get(end + 1) {
                    _ if end == bytes.len() => return Some((line, field, "begins with a quote that is never closed")),
                    None | Some(b',' | b'\r' | b'\n') => {}
                    Some(_) => return Some((line, field, "goes on after its closing quote")),
                }
                line += lines;
                at = end;
            }
            b',' => field += 1,
            b'\n' => (line, field) = (line + 1, 0),
            b'\r' if bytes.get(at + 1) != Some(&b'\n') => (line, field) = (line + 1, 0),
            _ => {}
        }
        at_start = matches!(bytes.get(at), Some(b',' | b'\r' | b'\n'));
        at += 1;
    }
    None
}

/// Where the quote that closes a field stands, or the end of the file, and how many lines end before it. Two quotes
/// in a row are one in the text.
fn closing(bytes: &[u8], from: usize) -> (usize, u64) {
    let (mut at, mut lines) = (from, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' if bytes.get(at + 1) == Some(&b'"') => at += 1,
            b'"' => return (at, lines),
            b'\n' => lines += 1,
            b'\r' if bytes.get(at + 1) != Some(&b'\n') => lines += 1,
            _ => {}
        }
        at += 1;
    }
    (bytes.len(), lines)
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn quotes_in_pairs_are_fine() {
        for text in ["", "a,b\n", "\"a\",\"b\"\r\n\"x \"\"y\"\" z\",\"two\r\nlines\"", "\"\",\"\"\n", "5\" pipe,b\n", "\"a\"\"\""]
        {
            assert_eq!(check(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn others_are_found_where_they_begin() {
        let never =
            |text: &str| check(text.as_bytes()).filter(|(_, _, why)| why.contains("never")).map(|(line, field, _)| (line, field));
        assert_eq!(never("a,b\n1,\"x\n2,y\n3,z\n"), Some((2, 1)));
        assert_eq!(never("a,b\r\n\"one\r\ntwo\",\"x"), Some((3, 1)));
        assert_eq!(never("a\r\"x\"\"\r"), Some((2, 0)));
        let after = check(b"a,b\n\"x\"y,2\n").map(|(line, field, why)| (line, field, why.contains("after")));
        assert_eq!(after, Some((2, 0, true)));
    }
}
