//! The way out of a socket.
//!
//! What thousands of sockets send at the same time is the same bytes, so none of them gets a buffer of its own for it:
//! frames are put together in one that the thread has, and written from there. Only what the peer does not take at once
//! is kept, until it does.

use std::{
    cell::RefCell,
    collections::VecDeque,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::body::Bytes;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::protocol::frame::{
    FrameHeader,
    coding::{Data, OpCode},
};

use super::frames::Frames;

/// How many bytes are put together for one write.
const TOGETHER: usize = 64 << 10;
/// A body larger than this is not copied: many may send the same.
const LARGE: usize = 16 << 10;

thread_local! {
    /// Where frames are put together.
    static DRAFT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A text message in up to three parts, of which the second may be shared by many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) head: Bytes,
    pub(super) body: Bytes,
    pub(super) tail: &'static str,
}

impl Text {
    /// A message that is one part.
    pub(super) fn whole(text: impl Into<Bytes>) -> Self {
        Self { head: text.into(), body: Bytes::new(), tail: "" }
    }

    fn len(&self) -> usize {
        self.head.len() + self.body.len() + self.tail.len()
    }
}

/// A connection, and what it has not taken yet. The WebSocket over it writes its own frames here too.
#[derive(Debug)]
pub(super) struct Pipe {
    connection: TcpStream,
    left: VecDeque<Bytes>,
    /// How many bytes the peer has taken.
    taken: u64,
    frames: Frames,
}

impl Pipe {
    /// A connection from which so much was read already.
    pub(super) fn new(connection: TcpStream, read: &[u8]) -> Self {
        let mut frames = Frames::default();
        frames.pass(read);
        Self { connection, left: VecDeque::new(), taken: 0, frames }
    }

    /// What has arrived.
    pub(super) fn frames(&mut self) -> &mut Frames {
        &mut self.frames
    }

    /// Sends messages for as long as there are any, the peer takes them, and their number is below the limit. Answers how
    /// many there were.
    pub(super) fn send(
        &mut self,
        context: &mut Context<'_>,
        limit: usize,
        mut next: impl FnMut(&mut Context<'_>) -> Option<Text>,
    ) -> io::Result<usize> {
        let mut sent = 0;
        while sent < limit && self.left.is_empty() {
            let more = DRAFT.with_borrow_mut(|draft| {
                draft.clear();
                let mut large = None;
                while sent < limit && draft.len() < TOGETHER && large.is_none() {
                    let Some(text) = next(context) else { break };
                    sent += 1;
                    large = put(draft, text)?;
                }
                if draft.is_empty() {
                    return Ok(false);
                }
                self.write(context, draft)?;
                if let Some((body, tail)) = large {
                    self.left.push_back(body);
                    self.left.push_back(Bytes::from_static(tail.as_bytes()));
                }
                draft.shrink_to(2 * TOGETHER);
                io::Result::Ok(true)
            })?;
            if !more {
                break;
            }
            // What is kept of a large one goes out as far as it can.
            if let Poll::Ready(drained) = self.poll_drain(context) {
                drained?;
            }
        }
        Ok(sent)
    }

    /// Writes as much as the peer takes, and keeps the rest.
    fn write(&mut self, context: &mut Context<'_>, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match Pin::new(&mut self.connection).poll_write(context, bytes) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(written)) => {
                    self.taken += written as u64;
                    bytes = &bytes[written..];
                }
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => {
                    self.left.push_back(Bytes::copy_from_slice(bytes));
                    break;
                }
            }
        }
        Ok(())
    }

    /// Writes what is left.
    pub(super) fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(first) = self.left.front_mut() {
            if !first.is_empty() {
                let written = ready!(Pin::new(&mut self.connection).poll_write(context, first))?;
                if written == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.taken += written as u64;
                let _written = first.split_to(written);
            }
            if first.is_empty() {
                self.left.pop_front();
            }
        }
        self.left = VecDeque::new();
        Poll::Ready(Ok(()))
    }

    /// Whether the peer has still to take something.
    pub(super) fn is_stopped(&self) -> bool {
        !self.left.is_empty()
    }

    /// How many bytes the peer has taken.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }
}

/// Puts a message down as a frame; of a large one the last parts are answered instead.
fn put(draft: &mut Vec<u8>, text: Text) -> io::Result<Option<(Bytes, &'static str)>> {
    let header = FrameHeader { opcode: OpCode::Data(Data::Text), ..FrameHeader::default() };
    header.format(text.len() as u64, draft).map_err(io::Error::other)?;
    draft.extend_from_slice(&text.head);
    if text.body.len() > LARGE {
        return Ok(Some((text.body, text.tail)));
    }
    draft.extend_from_slice(&text.body);
    draft.extend_from_slice(text.tail.as_bytes());
    Ok(None)
}

impl AsyncRead for Pipe {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.connection).poll_read(context, buffer))?;
        self.frames.pass(&buffer.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

/// For the WebSocket's own frames, which are small and few.
impl AsyncWrite for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.left.push_back(Bytes::copy_from_slice(bytes));
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_drain(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(context))?;
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}
