//! Many sockets in one thread, for little: one system call a delivery, and no buffers of their own.

mod frames;
mod socket;

use std::{
    io::ErrorKind,
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use mio::{Events, Interest, Poll, Token, net::TcpStream};

use self::socket::Socket;
pub(crate) use self::socket::Talk;

/// How much is read at a time.
const BUFFER: usize = 64 << 10;
/// How many sockets are told of at a time: few, so that the time that is noted is the time it is.
const EVENTS: usize = 256;
/// Nothing beside what a burst takes.
const LEISURE: Duration = Duration::from_micros(500);
/// How long to wait for the next thing that is expected. Long, because it is only reached when something is broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a socket heard.
#[derive(Debug)]
pub(crate) struct Heard<'b> {
    /// When.
    pub(crate) at: Instant,
    /// The message that tells of a change.
    pub(crate) text: &'b [u8],
}

/// Sockets that follow.
#[derive(Debug)]
pub(crate) struct Crowd {
    poll: Poll,
    events: Events,
    buffer: Vec<u8>,
    sockets: Vec<Socket>,
    /// How many of them have begun.
    live: usize,
    /// How long it lets things come together before it looks.
    leisure: Duration,
}

impl Crowd {
    pub(crate) fn new() -> Result<Self> {
        let poll = Poll::new().context("cannot poll")?;
        let (events, buffer) = (Events::with_capacity(EVENTS), vec![0; BUFFER]);
        Ok(Self { poll, events, buffer, sockets: Vec::new(), live: 0, leisure: Duration::ZERO })
    }

    /// Says whether it may look a little later, because only the end of much counts. What has come together is then read together,
    /// which takes half the processor time: the service has only what we leave it.
    pub(crate) fn leisurely(&mut self, leisurely: bool) {
        self.leisure = if leisurely { LEISURE } else { Duration::ZERO };
    }

    /// Adds sockets, so many at a time, and waits until all of them have begun.
    pub(crate) fn join(&mut self, address: SocketAddr, talks: Vec<Talk>, at_once: usize) -> Result<()> {
        self.join_hearing(address, talks, at_once, |_| {})
    }

    /// The same, with what sockets hear meanwhile.
    pub(crate) fn join_hearing(
        &mut self,
        address: SocketAddr,
        talks: Vec<Talk>,
        at_once: usize,
        mut heard: impl FnMut(&Heard<'_>),
    ) -> Result<()> {
        let mut deadline = Instant::now() + PATIENCE;
        let mut talks = talks.into_iter().peekable();
        while talks.peek().is_some() || self.live < self.sockets.len() {
            while self.sockets.len() < self.live + at_once
                && let Some(talk) = talks.next()
            {
                let socket = open(&self.poll, address, (Token(self.sockets.len()), talk))?;
                self.sockets.push(socket);
            }
            deadline = self.turn(deadline, &mut heard)?;
        }
        Ok(())
    }

    /// Has some hang up without a word, and others come in their places; waits until these have begun.
    pub(crate) fn replace(&mut self, address: SocketAddr, leaving: &[usize], talk: impl Fn(usize) -> Talk) -> Result<()> {
        for &index in leaving {
            let Some(socket) = self.sockets.get_mut(index) else { continue };
            self.live -= usize::from(socket.is_live());
            *socket = open(&self.poll, address, (Token(index), talk(index)))?;
        }
        self.join(address, Vec::new(), 0)
    }

    /// The cursors that the first items had.
    pub(crate) fn cursors(&self) -> impl Iterator<Item = &str> {
        self.sockets.iter().map(|socket| socket.cursor.as_str())
    }

    /// Listens until so many changes were heard of, by all together.
    pub(crate) fn hear(&mut self, count: usize, mut heard: impl FnMut(&Heard<'_>)) -> Result<()> {
        let (mut deadline, mut left) = (Instant::now() + PATIENCE, count);
        while left > 0 {
            let turn = self.turn(deadline, &mut |it| {
                left = left.saturating_sub(1);
                heard(it);
            });
            deadline = turn.with_context(|| format!("{left} of {count} deliveries are missing"))?;
        }
        Ok(())
    }

    /// Listens for a while, and gives how many changes were heard of.
    pub(crate) fn pause(&mut self, duration: Duration) -> Result<usize> {
        let (until, mut count) = (Instant::now() + duration, 0);
        while Instant::now() < until {
            self.poll(until)?;
            self.attend(&mut |_| count += 1)?;
        }
        Ok(count)
    }

    /// Waits until something happens, and attends to it. Gives until when there has to be more.
    fn turn(&mut self, deadline: Instant, heard: &mut impl FnMut(&Heard<'_>)) -> Result<Instant> {
        if !self.leisure.is_zero() {
            thread::sleep(self.leisure);
        }
        self.poll(deadline)?;
        let (live, mut progress) = (self.live, false);
        self.attend(&mut |it| {
            progress = true;
            heard(it);
        })?;
        match Instant::now() {
            now if progress || self.live > live => Ok(now + PATIENCE),
            now if now > deadline => bail!("nothing more for {PATIENCE:?}"),
            _ => Ok(deadline),
        }
    }

    fn poll(&mut self, until: Instant) -> Result<()> {
        let wait = until.saturating_duration_since(Instant::now());
        match self.poll.poll(&mut self.events, Some(wait)) {
            // A process that was stopped for a while goes on.
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            polled => polled.context("cannot poll"),
        }
    }

    fn attend(&mut self, heard: &mut impl FnMut(&Heard<'_>)) -> Result<()> {
        for event in &self.events {
            let Token(index) = event.token();
            let Some(socket) = self.sockets.get_mut(index) else { continue };
            let was_live = socket.is_live();
            if event.is_writable() && !was_live {
                socket.writable().with_context(|| format!("socket {index}"))?;
            }
            if event.is_readable() {
                let tell = |text: &[u8]| heard(&Heard { at: Instant::now(), text });
                socket.readable(&mut self.buffer, tell).with_context(|| format!("socket {index}"))?;
            }
            self.live += usize::from(!was_live && socket.is_live());
        }
        Ok(())
    }
}

fn open(poll: &Poll, address: SocketAddr, (token, talk): (Token, Talk)) -> Result<Socket> {
    let mut stream = TcpStream::connect(address).context("cannot connect")?;
    poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
    Ok(Socket::new(stream, talk))
}
