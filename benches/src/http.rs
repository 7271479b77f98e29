//! Requests over one connection that is kept open: as much of HTTP as our own servers speak.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

/// How long to wait for an answer. Long, because it is only reached when something is broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// Servers hang up on clients that are silent for longer.
const IDLE: Duration = Duration::from_secs(5);

/// One connection, and the next one when it was silent for long.
#[derive(Debug)]
pub(crate) struct Http {
    stream: BufReader<TcpStream>,
    host: SocketAddr,
    used: Instant,
}

impl Http {
    pub(crate) fn connect(host: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(host).context("cannot connect")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream), host, used: Instant::now() })
    }

    /// Posts a body and gives the answer's, which has to be a success.
    pub(crate) fn post(&mut self, path: &str, headers: &str, body: &str) -> Result<String> {
        if self.used.elapsed() > IDLE {
            *self = Self::connect(self.host)?;
        }
        self.used = Instant::now();
        let (host, length) = (self.host, body.len());
        let request = format!("POST {path} HTTP/1.1\r\nhost: {host}\r\n{headers}content-length: {length}\r\n\r\n{body}");
        self.stream.get_mut().write_all(request.as_bytes()).context("cannot send a request")?;
        let (mut first, mut length) = (String::new(), 0);
        self.stream.read_line(&mut first).context("no answer")?;
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).context("an answer broke off")?;
            match line.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.trim().parse()?,
                Some(_) => {}
                None => break,
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer).context("an answer broke off")?;
        let answer = String::from_utf8(answer).context("an answer is no text")?;
        if !first.starts_with("HTTP/1.1 20") {
            bail!("{} to a request: {answer}", first.trim_end());
        }
        Ok(answer)
    }
}
