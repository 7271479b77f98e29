//! WebSocket frames, as far as a server and a client that trust each other need them.

/// What a frame of the server holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame<'b> {
    Text(&'b [u8]),
    Ping(&'b [u8]),
    Pong,
    Close(&'b [u8]),
    /// Something that none of our servers sends.
    Unknown(u8),
}

/// The first frame of what was received, and how many bytes it takes; `None` while it is not complete.
pub(super) fn first(bytes: &[u8]) -> Option<(Frame<'_>, usize)> {
    let (&[kind, short], rest) = bytes.split_first_chunk()?;
    let (length, head) = match short {
        126 => (usize::from(u16::from_be_bytes(*rest.first_chunk()?)), 4),
        127 => (usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).ok()?, 10),
        short => (usize::from(short), 2),
    };
    let body = bytes.get(head..head + length)?;
    let frame = match kind {
        0x81 => Frame::Text(body),
        0x88 => Frame::Close(body),
        0x89 => Frame::Ping(body),
        0x8a => Frame::Pong,
        kind => Frame::Unknown(kind),
    };
    Some((frame, head + length))
}

/// A text as a client sends it.
pub(super) fn text(body: &[u8]) -> Vec<u8> {
    masked(0x81, body)
}

/// The answer to a ping.
pub(super) fn pong(body: &[u8]) -> Vec<u8> {
    masked(0x8a, body)
}

/// Clients have to mask what they send. A mask of zeros changes nothing, and costs nothing.
fn masked(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![kind];
    match (u8::try_from(body.len()), u16::try_from(body.len())) {
        (Ok(length @ ..126), _) => frame.push(0x80 | length),
        (_, Ok(length)) => {
            frame.push(0x80 | 126);
            frame.extend(length.to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend((body.len() as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(body);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a server would send it.
    fn sent(body: &[u8]) -> Vec<u8> {
        let mut frame = text(body);
        let mask = frame.len() - body.len() - 4;
        frame.drain(mask..mask + 4);
        frame[1] &= 0x7f;
        frame
    }

    #[test]
    fn frames_of_all_lengths_are_found() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 200_000] {
            let body = vec![b'a'; length];
            let mut bytes = sent(&body);
            let whole = bytes.len();
            assert_eq!(first(&bytes[..whole - 1]), None, "{length}");
            bytes.extend(b"more");
            assert_eq!(first(&bytes), Some((Frame::Text(&body), whole)), "{length}");
        }
    }

    #[test]
    fn other_frames_are_told_apart() {
        assert_eq!(first(&[0x89, 1, 7, 9]), Some((Frame::Ping(&[7]), 3)));
        assert_eq!(first(&[0x88, 0]), Some((Frame::Close(&[]), 2)));
        assert_eq!(first(&[0x8a, 0]), Some((Frame::Pong, 2)));
        assert_eq!(first(&[0x02, 0]), Some((Frame::Unknown(2), 2)));
        assert_eq!(pong(&[7]), [0x8a, 0x81, 0, 0, 0, 0, 7]);
    }
}
