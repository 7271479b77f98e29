//! The task of a socket: what it reads and writes, and for what it waits.

use std::{
    collections::VecDeque,
    future::{self, Future},
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::body::Bytes;
use convene_domain::access::Caller;
use convene_graphql::{guard::Refusal, request::Charge};
use futures::{SinkExt, StreamExt, future::BoxFuture};
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{self, Message, error::ProtocolError},
};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tracing::debug;

use super::{
    allowance::Allowance,
    frames::Frames,
    operations::Operations,
    pipe::{Pipe, Text},
    protocol::Close,
    speak,
};
use crate::http::{
    Http,
    rates::Client,
    room::{Room, SMALL},
};

/// How many replies a peer may be owed before nothing more is read from it. Otherwise one that sends pings, and reads no pongs, could
/// make us keep as many as it likes.
const MOST_OWED: usize = 16;

/// How many messages are written before it is looked again what the peer says.
const BATCH: usize = 64;

/// A socket and all that goes on there.
pub(super) struct Socket {
    pub(super) http: Http,
    pub(super) from: Client,
    /// Who pays for what is asked.
    pub(super) charge: Option<Charge>,
    peer: WebSocketStream<Pipe>,
    pub(super) stage: Stage,
    pub(super) allowance: Allowance,
    pub(super) operations: Operations,
    /// What is sent before anything that the operations say.
    pub(super) replies: VecDeque<Reply>,
    /// How many pongs were left to the WebSocket to send.
    pub(super) pongs: usize,
    /// How many pings are to be sent.
    pings: usize,
    /// Since when the peer has taken nothing of what is left, and how much it had taken then.
    stuck: Option<(Instant, u64)>,
    opened: Instant,
    received: Instant,
    unfinished: Option<Unfinished>,
    /// Whether the WebSocket has nothing left of what was read but the room for it.
    bloated: bool,
    next_ping: Instant,
    stopping: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Until when operations may end, once the service is told to stop.
    stop: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

/// A message whose end is to come.
struct Unfinished {
    since: Instant,
    /// What a large one has of the room for those.
    room: Room,
}

pub(super) enum Stage {
    Opened,
    Authenticating(BoxFuture<'static, Result<Caller, Refusal>>),
    Acknowledged(Caller),
}

pub(super) struct Reply {
    /// The operation it is about, if it is about one.
    pub(super) id: Option<String>,
    pub(super) text: Text,
}

/// How a socket ends.
pub(super) enum End {
    /// The peer cannot be reached any more.
    Gone,
    /// The peer said goodbye.
    Left,
    /// The peer takes nothing of what it is sent.
    Stuck,
    /// We do.
    Closed(Close),
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Closed(close)
    }
}

impl Socket {
    pub(super) fn new(http: Http, from: Client, peer: WebSocketStream<Pipe>) -> Self {
        let now = Instant::now();
        Self {
            from,
            charge: None,
            peer,
            stage: Stage::Opened,
            allowance: Allowance::new(http.sockets.rate),
            operations: Operations::default(),
            replies: VecDeque::new(),
            pongs: 0,
            pings: 0,
            stuck: None,
            opened: now,
            received: now,
            unfinished: None,
            bloated: false,
            next_ping: now + http.patience.ping,
            stopping: Box::pin(http.stopping.clone().cancelled_owned()),
            stop: None,
            timer: Box::pin(sleep_until(now)),
            http,
        }
    }

    /// Serves the socket to its end.
    pub(super) async fn serve(mut self: Box<Self>) {
        let end = loop {
            let turned = future::poll_fn(|context| match self.turn(context) {
                // Its pongs would be lost with the WebSocket.
                Ok(()) if self.bloated && self.pongs == 0 => Poll::Ready(None),
                Ok(()) => Poll::Pending,
                Err(end) => Poll::Ready(Some(end)),
            });
            if let Some(end) = turned.await {
                break end;
            }
            let mut pipe = self.peer.into_inner();
            *pipe.frames() = Frames::default();
            self.peer = speak(pipe, Vec::new(), self.http.sockets.message).await;
            self.bloated = false;
        };
        // In a box: thousands of sockets would keep room for it all the time.
        Box::pin(self.end(end)).await;
    }

    /// Ends the socket, as far as the peer takes part in that.
    async fn end(self: Box<Self>, end: End) {
        let Self { mut peer, operations, http, .. } = *self;
        let code = if let End::Closed(close) = &end { Some(close.code) } else { None };
        debug!(operations = operations.seen, code, "a socket ended");
        // Nobody is going to hear more of them.
        let last = if matches!(end, End::Stuck) {
            operations.give_up()
        } else {
            drop(operations);
            Vec::new()
        };
        let farewell = async move {
            match end {
                End::Gone => return,
                End::Left => {}
                // It may begin to read again, and is then told why nothing more comes.
                End::Stuck => {
                    let mut last = last.into_iter();
                    let telling = future::poll_fn(|context| {
                        ready!(peer.get_mut().poll_drain(context))?;
                        peer.get_mut().send(context, usize::MAX, |_| last.next())?;
                        peer.get_mut().poll_drain(context)
                    });
                    if telling.await.is_ok() {
                        drop(peer.send(Message::Close(Some(Close::lagging().frame()))).await);
                    }
                }
                // If it cannot be sent, reading ends at once.
                End::Closed(close) => drop(peer.send(Message::Close(Some(close.frame()))).await),
            }
            // To hang up while the peer still sends could destroy what it has not read yet, with our reason.
            while let Some(Ok(_)) = peer.next().await {}
        };
        // Who does not say goodbye in time is left without.
        let _ = timeout(http.patience.farewell, farewell).await;
    }

    /// Does all that can be done now, until everything waits for something.
    fn turn(&mut self, context: &mut Context<'_>) -> Result<(), End> {
        loop {
            // What the peer says comes first: it may end what would be sent.
            let mut progress = self.read(context)?;
            progress |= self.acknowledge(context)?;
            progress |= self.operations.start(context);
            progress |= self.write(context)?;
            progress |= self.tick(context)?;
            if !progress {
                return Ok(());
            }
        }
    }

    fn read(&mut self, context: &mut Context<'_>) -> Result<bool, End> {
        let mut progress = false;
        while self.replies.len() + self.pongs < MOST_OWED {
            let Poll::Ready(message) = self.peer.poll_next_unpin(context) else {
                self.bloated = self.peer.get_mut().frames().is_past(SMALL);
                self.wait_for_the_rest()?;
                break;
            };
            self.received = Instant::now();
            progress = true;
            match message {
                Some(Ok(message)) => {
                    if matches!(message, Message::Text(_) | Message::Binary(_)) {
                        self.unfinished = None;
                    }
                    self.receive(message)?;
                }
                Some(Err(error)) => return Err(broken(&error)),
                None => return Err(End::Gone),
            }
        }
        Ok(progress)
    }

    /// Whoever keeps back the end of a message has so much time, and of the room for large ones what has arrived.
    fn wait_for_the_rest(&mut self) -> Result<(), Close> {
        let arrived = self.peer.get_mut().frames().arrived();
        if arrived == 0 {
            self.unfinished = None;
            return Ok(());
        }
        let unfinished = self.unfinished.get_or_insert_with(|| Unfinished { since: Instant::now(), room: Room::default() });
        let arrived = usize::try_from(arrived).unwrap_or(usize::MAX);
        if arrived > SMALL && !matches!(self.stage, Stage::Acknowledged(_)) {
            return Err(Close::too_large());
        }
        if unfinished.room.holds(&self.http.room, arrived) { Ok(()) } else { Err(Close::unavailable()) }
    }

    /// Writes what there is, all of it with one write, and nothing more until the peer has taken it. Says whether there
    /// may be more to write at once.
    fn write(&mut self, context: &mut Context<'_>) -> Result<bool, End> {
        let (owed, running) = (self.replies.len() + self.pongs, self.operations.len());
        if self.pings > 0 || self.pongs > 0 {
            while self.pings > 0 {
                match self.peer.poll_ready_unpin(context) {
                    Poll::Ready(ready) => ready.map_err(|_| End::Gone)?,
                    Poll::Pending => break,
                }
                self.peer.start_send_unpin(Message::Ping(Bytes::new())).map_err(|_| End::Gone)?;
                self.pings -= 1;
            }
            if let Poll::Ready(flushed) = self.peer.poll_flush_unpin(context) {
                flushed.map_err(|_| End::Gone)?;
                self.pongs = 0;
            }
        }
        let (replies, operations) = (&mut self.replies, &mut self.operations);
        let next = |context: &mut Context<'_>| match replies.pop_front() {
            Some(reply) => {
                if replies.is_empty() {
                    // Most sockets have nothing to reply for hours.
                    *replies = VecDeque::new();
                }
                Some(reply.text)
            }
            None => match operations.poll_next(context) {
                Poll::Ready(text) => Some(text),
                Poll::Pending => None,
            },
        };
        let pipe = self.peer.get_mut();
        if let Poll::Ready(drained) = pipe.poll_drain(context) {
            drained.map_err(|_| End::Gone)?;
        }
        let sent = pipe.send(context, BATCH, next).map_err(|_| End::Gone)?;
        let (stopped, taken) = (pipe.is_stopped(), pipe.taken());
        // Whoever takes little at a time is slow, but not stuck.
        if !stopped {
            self.stuck = None;
        } else if self.stuck.is_none_or(|(_, before)| taken != before) {
            self.stuck = Some((Instant::now(), taken));
        }
        // What was held back because there was too much may go on now.
        let freed = owed >= MOST_OWED && self.replies.len() + self.pongs < MOST_OWED || self.operations.len() < running;
        Ok(sent == BATCH && !stopped || freed)
    }

    /// Looks at the time, and whether the service is to stop.
    fn tick(&mut self, context: &mut Context<'_>) -> Result<bool, End> {
        let patience = self.http.patience;
        if self.stop.is_none() && self.stopping.as_mut().poll(context).is_ready() {
            self.stop = Some(Instant::now() + patience.finish);
        }
        if self.stop.is_some() && self.operations.is_empty() && self.replies.is_empty() {
            return Err(Close::stopping().into());
        }
        let silent = self.received + patience.silence;
        let stuck = self.stuck.map(|(since, _)| since + patience.write);
        let late = matches!(self.stage, Stage::Opened).then_some(self.opened + patience.init);
        let slow = self.unfinished.as_ref().map(|unfinished| unfinished.since + self.http.body_timeout);
        let next = [stuck, late, slow, self.stop].into_iter().flatten().fold(silent.min(self.next_ping), Instant::min);
        if self.timer.deadline() != next {
            self.timer.as_mut().reset(next);
        }
        if self.timer.as_mut().poll(context).is_pending() {
            return Ok(false);
        }
        let now = Instant::now();
        let over = |instant: Option<Instant>| instant.is_some_and(|instant| instant <= now);
        if over(Some(silent)) {
            return Err(End::Gone);
        }
        if over(stuck) {
            return Err(End::Stuck);
        }
        if over(late) {
            return Err(Close::not_initialised().into());
        }
        if over(slow) {
            return Err(Close::too_slow().into());
        }
        if over(self.stop) {
            return Err(Close::stopping().into());
        }
        if over(Some(self.next_ping)) {
            self.next_ping = now + patience.ping;
            self.pings += 1;
        }
        Ok(true)
    }
}

/// A peer that broke off cannot be told anything, but one that sent too much, no frames or no text can.
fn broken(error: &tungstenite::Error) -> End {
    match error {
        tungstenite::Error::Capacity(_) => Close::too_large().into(),
        tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => End::Gone,
        tungstenite::Error::Protocol(_) => Close::broken().into(),
        tungstenite::Error::Utf8(_) => Close::malformed("a message is text in UTF-8").into(),
        _ => End::Gone,
    }
}
