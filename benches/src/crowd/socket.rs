//! One socket that follows: how it begins, and what it hears.

use std::io::{ErrorKind, Read, Write};

use anyhow::{Context, Result, bail};
use mio::net::TcpStream;
use serde_json::Value;

use super::frames::{self, Frame};

const UPGRADE: &str = "GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-version: 13\r\nsec-websocket-key: Y29udmVuZS1iZW5jaG1hcms=\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n";

/// What a socket says once it is open.
#[derive(Debug, Clone)]
pub(crate) enum Talk {
    /// Nothing: it is told everything.
    Bare,
    /// The payload of its one subscription.
    Subscribe(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Connecting,
    Upgrading,
    Acknowledging,
    Opening,
    Live,
}

/// One socket.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) stream: TcpStream,
    talk: Talk,
    stage: Stage,
    /// The beginning of a frame whose end has not come yet.
    rest: Vec<u8>,
    /// How long a checkpoint is: whatever is longer tells of a change. Its first item is one.
    checkpoint: usize,
    /// Where its first item said that it is.
    pub(super) cursor: String,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, talk: Talk) -> Self {
        Self { stream, talk, stage: Stage::Connecting, rest: Vec::new(), checkpoint: 0, cursor: String::new() }
    }

    pub(super) fn is_live(&self) -> bool {
        self.stage == Stage::Live
    }

    /// Goes on when it can write, which matters once.
    pub(super) fn writable(&mut self) -> Result<()> {
        if self.stage == Stage::Connecting {
            if let Some(error) = self.stream.take_error()? {
                return Err(error).context("cannot connect");
            }
            self.stream.set_nodelay(true)?;
            self.send(UPGRADE.as_bytes())?;
            self.stage = Stage::Upgrading;
        }
        Ok(())
    }

    /// Reads what there is, and shows each text that tells of a change.
    pub(super) fn readable(&mut self, buffer: &mut [u8], mut heard: impl FnMut(&[u8])) -> Result<()> {
        loop {
            let read = match self.stream.read(buffer) {
                Ok(0) => bail!("the server hung up"),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("cannot read"),
            };
            if self.rest.is_empty() {
                let taken = self.take(&buffer[..read], &mut heard)?;
                self.rest.extend_from_slice(&buffer[taken..read]);
            } else {
                let mut bytes = std::mem::take(&mut self.rest);
                bytes.extend_from_slice(&buffer[..read]);
                let taken = self.take(&bytes, &mut heard)?;
                bytes.drain(..taken);
                // Thousands of sockets keep no more than they need.
                bytes.shrink_to(buffer.len().min(4 * bytes.len()));
                self.rest = bytes;
            }
            // There was no more than this: to ask again would only cost time.
            if read < buffer.len() {
                return Ok(());
            }
        }
    }

    /// Takes what is complete, and says how many bytes that was.
    fn take(&mut self, bytes: &[u8], heard: &mut impl FnMut(&[u8])) -> Result<usize> {
        let mut taken = 0;
        if self.stage == Stage::Upgrading {
            let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(0) };
            taken = end + 4;
            if !bytes.starts_with(b"HTTP/1.1 101") {
                bail!("no socket: {}", String::from_utf8_lossy(bytes));
            }
            self.stage = match self.talk {
                Talk::Bare => Stage::Live,
                Talk::Subscribe(_) => {
                    self.send(&frames::text(br#"{"type":"connection_init"}"#))?;
                    Stage::Acknowledging
                }
            };
        }
        while let Some((frame, length)) = frames::first(&bytes[taken..]) {
            match frame {
                Frame::Text(text) if self.stage == Stage::Live => {
                    if text.len() > self.checkpoint {
                        if matches!(self.talk, Talk::Subscribe(_)) && !text.starts_with(br#"{"type":"next""#) {
                            bail!("told {}", String::from_utf8_lossy(text));
                        }
                        heard(text);
                    }
                }
                Frame::Text(text) => self.begin(text)?,
                Frame::Ping(payload) => self.send(&frames::pong(payload))?,
                Frame::Pong => {}
                Frame::Close(reason) => bail!("closed: {}", String::from_utf8_lossy(reason.get(2..).unwrap_or_default())),
                Frame::Unknown(kind) => bail!("a frame of the kind {kind:#x}"),
            }
            taken += length;
        }
        Ok(taken)
    }

    fn begin(&mut self, text: &[u8]) -> Result<()> {
        let message: Value = serde_json::from_slice(text).context("no JSON")?;
        match (self.stage, message["type"].as_str(), &self.talk) {
            (Stage::Acknowledging, Some("connection_ack"), Talk::Subscribe(payload)) => {
                let subscribe = format!(r#"{{"type":"subscribe","id":"1","payload":{payload}}}"#);
                self.send(&frames::text(subscribe.as_bytes()))?;
                self.stage = Stage::Opening;
            }
            (Stage::Opening, Some("next"), _) => {
                let item = message["payload"]["data"].as_object().and_then(|data| data.values().next());
                let cursor = item.and_then(|item| item["cursor"].as_str()).context("an item without a cursor")?;
                self.cursor = cursor.to_owned();
                self.checkpoint = text.len();
                // It is not needed again, and may be long.
                self.talk = Talk::Subscribe(String::new());
                self.stage = Stage::Live;
            }
            _ => bail!("told {message}"),
        }
        Ok(())
    }

    /// What we send always fits into the buffers of the system.
    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes).context("cannot write")
    }
}
