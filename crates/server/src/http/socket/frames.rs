//! How much a peer has sent of a message whose end it keeps back.
//!
//! The WebSocket tells of whole messages only, and keeps for good the room that its largest frame took.

use std::io::Cursor;

use tokio_tungstenite::tungstenite::protocol::frame::{FrameHeader, coding::OpCode};

/// The longest header.
const HEADER: usize = 14;

/// Follows the frames among the bytes that arrive.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// The beginning of a header whose end has not arrived, and how many bytes that is.
    header: ([u8; HEADER], usize),
    /// How many bytes are to come of the frame that has begun.
    due: u64,
    /// Whether that frame is part of a message, and not a sign of life between its parts.
    is_part: bool,
    /// Whether it is the last part.
    is_last: bool,
    /// How many bytes have arrived of the message that has begun, and of how many the largest frame was so far.
    arrived: u64,
    largest: u64,
}

impl Frames {
    /// Takes note of what has arrived.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.due > 0 {
                let part = bytes.len().min(usize::try_from(self.due).unwrap_or(usize::MAX));
                bytes = &bytes[part..];
                self.due -= part as u64;
                self.arrived += if self.is_part { part as u64 } else { 0 };
                self.finish();
                continue;
            }
            let (header, known) = &mut self.header;
            let before = *known;
            let more = bytes.len().min(HEADER - before);
            header[before..before + more].copy_from_slice(&bytes[..more]);
            *known += more;
            let mut cursor = Cursor::new(&header[..*known]);
            match FrameHeader::parse(&mut cursor) {
                Ok(Some((frame, length))) => {
                    let taken = usize::try_from(cursor.position()).unwrap_or(HEADER).saturating_sub(before);
                    bytes = &bytes[taken..];
                    self.header.1 = 0;
                    self.due = length;
                    self.is_part = matches!(frame.opcode, OpCode::Data(_));
                    self.is_last = frame.is_final;
                    self.largest = self.largest.max(length);
                    self.finish();
                }
                Ok(None) => return,
                // The WebSocket comes to the same, and ends.
                Err(_) => self.due = u64::MAX,
            }
        }
    }

    fn finish(&mut self) {
        if self.due == 0 && self.is_part && self.is_last {
            self.arrived = 0;
        }
    }

    /// How many bytes have arrived of a message that is not whole yet.
    pub(super) fn arrived(&self) -> u64 {
        self.arrived
    }

    /// Whether nothing has arrived but whole messages, among them a frame of more than so many bytes.
    pub(super) fn is_past(&self, size: usize) -> bool {
        self.largest > size as u64 && self.due == 0 && self.header.1 == 0 && self.arrived == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame as clients send it, with the mask 0.
    fn frame(first: u8, length: usize) -> Vec<u8> {
        let mut frame = vec![first];
        match u16::try_from(length) {
            Ok(short) if short < 126 => frame.push(0x80 | u8::try_from(short).unwrap()),
            Ok(short) => {
                frame.push(0x80 | 126);
                frame.extend(short.to_be_bytes());
            }
            Err(_) => {
                frame.push(0x80 | 127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.resize(frame.len() + length, b'x');
        frame
    }

    const WHOLE: u8 = 0x81;
    const BEGIN: u8 = 0x01;
    const GO_ON: u8 = 0x00;
    const END: u8 = 0x80;
    const PING: u8 = 0x89;

    #[test]
    fn only_messages_that_are_not_whole_count_however_the_bytes_are_cut() {
        let parts = [
            (frame(WHOLE, 5), 0),
            (frame(PING, 100), 0),
            (frame(BEGIN, 70_000), 70_000),
            (frame(PING, 0), 70_000),
            (frame(GO_ON, 300), 70_300),
            (frame(END, 0), 0),
            (frame(WHOLE, 0), 0),
        ];
        for cut in [1, 2, 3, 7, 1_000, 100_000] {
            let mut frames = Frames::default();
            for (bytes, arrived) in &parts {
                bytes.chunks(cut).for_each(|bytes| frames.pass(bytes));
                assert_eq!(frames.arrived(), *arrived, "cut at {cut}");
            }
            assert!(frames.is_past(69_999) && !frames.is_past(70_000));
        }
        let mut frames = Frames::default();
        frames.pass(&parts.iter().flat_map(|(bytes, _)| bytes.clone()).collect::<Vec<_>>());
        assert_eq!((frames.arrived(), frames.is_past(69_999)), (0, true));
    }

    #[test]
    fn what_is_cut_off_is_not_past() {
        let whole = frame(WHOLE, 500);
        let mut frames = Frames::default();
        frames.pass(&whole);
        assert!(frames.is_past(100));
        for end in 1..whole.len() {
            let mut frames = Frames::default();
            frames.pass(&whole);
            frames.pass(&whole[..end]);
            assert!(!frames.is_past(100), "{end} bytes");
            assert_eq!(frames.arrived(), end.saturating_sub(8) as u64);
        }
    }

    #[test]
    fn what_is_no_frame_is_left_to_the_websocket() {
        let mut frames = Frames::default();
        frames.pass(&[0x83, 0x80, 0, 0, 0, 0]);
        assert!(!frames.is_past(0));
    }
}
