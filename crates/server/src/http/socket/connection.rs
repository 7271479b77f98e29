//! The task of a socket: what it reads and writes, and for what it waits.

use std::{
    collections::VecDeque,
    future::{self, Future},
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::Bytes,
    extract::ws::{Message, WebSocket},
};
use convene_domain::access::Caller;
use convene_graphql::guard::Refusal;
use futures::{SinkExt, StreamExt, future::BoxFuture};
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite;
use tokio_util::sync::WaitForCancellationFutureOwned;
use tracing::debug;

use super::{allowance::Allowance, operations::Operations, protocol::Close};
use crate::http::Http;

/// How many replies a peer may be owed before nothing more is read from it. Otherwise one that sends pings, and reads no pongs, could
/// make us keep as many as it likes.
const MOST_OWED: usize = 16;

/// How many messages are written before it is looked again what the peer says.
const BATCH: usize = 64;

/// A socket and all that goes on there.
pub(super) struct Socket {
    pub(super) http: Http,
    peer: WebSocket,
    pub(super) stage: Stage,
    pub(super) allowance: Allowance,
    pub(super) operations: Operations,
    /// What is sent before anything that the operations say.
    pub(super) replies: VecDeque<Reply>,
    /// How many pongs were left to the WebSocket to send.
    pub(super) pongs: usize,
    /// Since when something waits to be taken by the peer.
    unflushed: Option<Instant>,
    opened: Instant,
    received: Instant,
    next_ping: Instant,
    stopping: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Until when operations may end, once the service is told to stop.
    stop: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

pub(super) enum Stage {
    Opened,
    Authenticating(BoxFuture<'static, Result<Caller, Refusal>>),
    Acknowledged(Caller),
}

pub(super) struct Reply {
    /// The operation it is about, if it is about one.
    pub(super) id: Option<String>,
    pub(super) message: Message,
}

/// How a socket ends.
pub(super) enum End {
    /// The peer cannot be reached any more.
    Gone,
    /// The peer said goodbye.
    Left,
    /// We do.
    Closed(Close),
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Closed(close)
    }
}

impl Socket {
    pub(super) fn new(http: Http, peer: WebSocket) -> Self {
        let now = Instant::now();
        Self {
            peer,
            stage: Stage::Opened,
            allowance: Allowance::new(http.sockets.rate),
            operations: Operations::default(),
            replies: VecDeque::new(),
            pongs: 0,
            unflushed: None,
            opened: now,
            received: now,
            next_ping: now + http.patience.ping,
            stopping: Box::pin(http.stopping.clone().cancelled_owned()),
            stop: None,
            timer: Box::pin(sleep_until(now)),
            http,
        }
    }

    /// Serves the socket to its end.
    pub(super) async fn serve(mut self) {
        let end = future::poll_fn(|context| match self.turn(context) {
            Ok(()) => Poll::Pending,
            Err(end) => Poll::Ready(end),
        })
        .await;
        let Self { mut peer, operations, http, .. } = self;
        let code = if let End::Closed(close) = &end { Some(close.code) } else { None };
        debug!(operations = operations.seen, code, "a socket ended");
        // Nobody is going to hear of them any more.
        drop(operations);
        let farewell = async move {
            match end {
                End::Gone => return,
                End::Left => {}
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
            let Poll::Ready(message) = self.peer.poll_next_unpin(context) else { break };
            self.received = Instant::now();
            progress = true;
            match message {
                Some(Ok(message)) => self.receive(message)?,
                Some(Err(error)) => return Err(broken(error)),
                None => return Err(End::Gone),
            }
        }
        Ok(progress)
    }

    /// Writes what there is, all of it before the peer is made to take it, and nothing more until it has.
    fn write(&mut self, context: &mut Context<'_>) -> Result<bool, End> {
        let mut written = 0;
        while self.unflushed.is_none() && written < BATCH {
            match self.peer.poll_ready_unpin(context) {
                Poll::Ready(ready) => ready.map_err(|_| End::Gone)?,
                Poll::Pending => break,
            }
            let Some(message) = self.next(context) else { break };
            self.peer.start_send_unpin(message).map_err(|_| End::Gone)?;
            written += 1;
        }
        if written == 0 && self.pongs == 0 && self.unflushed.is_none() {
            return Ok(false);
        }
        match self.peer.poll_flush_unpin(context) {
            Poll::Ready(flushed) => {
                flushed.map_err(|_| End::Gone)?;
                self.pongs = 0;
                self.unflushed = None;
                Ok(true)
            }
            Poll::Pending => {
                self.unflushed.get_or_insert_with(Instant::now);
                Ok(written > 0)
            }
        }
    }

    fn next(&mut self, context: &mut Context<'_>) -> Option<Message> {
        if let Some(reply) = self.replies.pop_front() {
            return Some(reply.message);
        }
        match self.operations.poll_next(context) {
            Poll::Ready(text) => Some(Message::Text(text)),
            Poll::Pending => None,
        }
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
        let stuck = self.unflushed.map(|since| since + patience.write);
        let late = matches!(self.stage, Stage::Opened).then_some(self.opened + patience.init);
        let next = [stuck, late, self.stop].into_iter().flatten().fold(silent.min(self.next_ping), Instant::min);
        if self.timer.deadline() != next {
            self.timer.as_mut().reset(next);
        }
        if self.timer.as_mut().poll(context).is_pending() {
            return Ok(false);
        }
        let now = Instant::now();
        let over = |instant: Option<Instant>| instant.is_some_and(|instant| instant <= now);
        if over(Some(silent)) || over(stuck) {
            return Err(End::Gone);
        }
        if over(late) {
            return Err(Close::not_initialised().into());
        }
        if over(self.stop) {
            return Err(Close::stopping().into());
        }
        if over(Some(self.next_ping)) {
            self.next_ping = now + patience.ping;
            self.replies.push_back(Reply { id: None, message: Message::Ping(Bytes::new()) });
        }
        Ok(true)
    }
}

/// A peer that broke off cannot be told anything, but one that sent too much, or no text, can.
fn broken(error: axum::Error) -> End {
    match error.into_inner().downcast_ref() {
        Some(tungstenite::Error::Capacity(_)) => Close::too_large().into(),
        Some(tungstenite::Error::Utf8(_)) => Close::malformed("a message is text in UTF-8").into(),
        _ => End::Gone,
    }
}
