//! The operations of one socket, and whose turn it is to say something.
//!
//! There is no queue: an event is only asked for when the socket can take it.

use std::task::{Context, Poll};

use convene_graphql::{
    error::ErrorCode,
    follow::{Event, Following, Item, Started},
    guard::Refusal,
    request::Outcome,
};
use futures::{
    StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use tracing::info;

use super::{
    super::observe::cut,
    pipe::Text,
    protocol::{IdJson, list},
};

/// The largest message that is sent. An answer is bounded by what it may cost, which is a few MiB; only the free texts of reports
/// could make it larger than this.
pub(super) const LARGEST_MESSAGE: usize = 32 << 20;

/// How many operations are started at once; more wait for their turn. Answers are kept until the socket takes them, so this bounds
/// what a peer that does not read can make us keep.
const STARTED_AT_ONCE: usize = 16;

/// How many events of one operation are sent before the others are asked. To ask each of them for every event would cost more than
/// to send it.
const EVENTS_IN_A_ROW: usize = 16;

/// The operations of one socket.
#[derive(Default)]
pub(super) struct Operations {
    /// In the order in which they came.
    running: Vec<Operation>,
    /// Whose turn it is.
    turn: usize,
    /// How many events that one has sent in its turn.
    in_a_row: usize,
    /// How many operations there ever were.
    pub(super) seen: usize,
}

struct Operation {
    id: String,
    id_json: IdJson,
    stage: Stage,
}

enum Stage {
    Starting(BoxFuture<'static, Started>),
    /// It has ended, but its answer is still to be sent.
    Answered(BoxStream<'static, Event>),
    Following(Following),
}

impl Operations {
    pub(super) fn len(&self) -> usize {
        self.running.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.position(id).is_some()
    }

    pub(super) fn add(&mut self, id: String, starting: BoxFuture<'static, Started>) {
        self.seen += 1;
        // Most sockets have one.
        self.running.reserve_exact(1);
        self.running.push(Operation { id_json: IdJson::new(&id), id, stage: Stage::Starting(starting) });
    }

    /// Ends an operation. There may be none: its end and the client's wish for it can pass each other.
    pub(super) fn complete(&mut self, id: &str) {
        if let Some(position) = self.position(id) {
            self.remove(position);
        }
    }

    /// Goes on with what is being started, and says whether something came of it.
    ///
    /// This does not wait for the socket, as events do: a query that is not polled may sit on a connection to the database.
    pub(super) fn start(&mut self, context: &mut Context<'_>) -> bool {
        let mut progress = false;
        let unanswered = self.running.iter_mut().filter(|it| !matches!(it.stage, Stage::Following(_)));
        for operation in unanswered.take(STARTED_AT_ONCE) {
            if let Stage::Starting(starting) = &mut operation.stage
                && let Poll::Ready(started) = starting.as_mut().poll(context)
            {
                operation.stage = Stage::of(started);
                progress = true;
            }
        }
        progress
    }

    /// Ends them all because the peer takes nothing. Answers what it is told if it ever does.
    pub(super) fn give_up(self) -> Vec<Text> {
        let following = self.running.into_iter().filter_map(|operation| match operation.stage {
            Stage::Following(mut following) => Some(operation.id_json.error(following.lagged())),
            Stage::Starting(_) | Stage::Answered(_) => None,
        });
        following.collect()
    }

    /// The next message of any operation.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Text> {
        let mut left = self.running.len();
        while left > 0 {
            let Some(operation) = self.running.get_mut(self.turn) else {
                self.turn = 0;
                continue;
            };
            if self.in_a_row < EVENTS_IN_A_ROW
                && let Poll::Ready((message, ended)) = operation.poll_message(context)
            {
                self.in_a_row += 1;
                if ended {
                    self.remove(self.turn);
                }
                return Poll::Ready(message);
            }
            // Whoever has used up its turn may have more to say, and comes again after the others.
            if self.in_a_row < EVENTS_IN_A_ROW {
                left -= 1;
            }
            self.turn += 1;
            self.in_a_row = 0;
        }
        Poll::Pending
    }

    fn position(&self, id: &str) -> Option<usize> {
        self.running.iter().position(|operation| operation.id == id)
    }

    fn remove(&mut self, position: usize) {
        self.running.remove(position);
        if position == self.turn {
            self.in_a_row = 0;
        } else if position < self.turn {
            self.turn -= 1;
        }
    }
}

impl Operation {
    /// The next message, and whether it is the last one.
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<(Text, bool)> {
        let polled = match &mut self.stage {
            Stage::Starting(_) => Poll::Pending,
            Stage::Answered(events) => events.poll_next_unpin(context),
            Stage::Following(events) => events.poll_next_unpin(context),
        };
        polled.map(|event| match event {
            Some(Event::Next(item)) if item.body.len() > LARGEST_MESSAGE => {
                (self.id_json.error(too_large(item.body.len())), true)
            }
            Some(Event::Next(item)) => (self.id_json.next(item.body), false),
            Some(Event::Errors(errors)) => (self.id_json.error(errors), true),
            None => (self.id_json.complete(), true),
        })
    }
}

impl Stage {
    /// Takes what became of an operation, and has the log say so as it does of requests.
    fn of(started: Started) -> Self {
        match started {
            Started::Done(outcome) => {
                let (operation, cost) = (outcome.operation.map(|it| it.to_string()), outcome.cost);
                let operation_name = outcome.operation_name.as_deref().map(cut);
                info!(operation, operation_name, cost, code = outcome.failure.map(ErrorCode::as_str), "answered");
                Self::Answered(stream::iter([answer(&outcome)]).boxed())
            }
            Started::Following(events) => {
                info!(operation_name = events.operation_name.as_deref().map(cut), cost = events.cost, "followed");
                Self::Following(events)
            }
        }
    }
}

/// All that is sent of an operation that ends with its answer.
fn answer(outcome: &Outcome) -> Event {
    if outcome.failure.is_some() {
        return Event::Errors(list(&outcome.response.errors).into());
    }
    match outcome.to_json() {
        Ok(body) => Event::Next(Item::new(body, None)),
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written as JSON");
            Event::Errors(list(&Outcome::internal().response.errors).into())
        }
    }
}

fn too_large(bytes: usize) -> Vec<u8> {
    let refusal = Refusal::over(ErrorCode::TooComplex, "bytes of the answer", LARGEST_MESSAGE as u64, bytes as u64);
    list(&[refusal.into_server_error()])
}
