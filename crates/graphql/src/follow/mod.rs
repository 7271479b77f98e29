//! Operations that may go on: what a transport starts, and reads until it ends.

mod asked;
mod counted;
mod group;
mod merged;
mod run;
mod signed;
mod start;

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use convene_domain::change::LogCursor;
use futures::{Stream, StreamExt, stream::BoxStream};
use serde_json::json;

use self::counted::Counted;
pub(crate) use self::{
    signed::SignIns,
    start::{Openings, start},
};
use crate::{cursor, error::ErrorCode, request::Outcome};

/// What became of an operation.
#[derive(Debug)]
pub enum Started {
    /// It is answered, or was refused.
    Done(Box<Outcome>),
    /// It goes on.
    Following(Following),
}

/// What a transport sends of an operation that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The next answer.
    Next(Item),
    /// The operation has ended because of these errors, as a JSON list of GraphQL errors. Nothing comes after it.
    Errors(Bytes),
}

/// An answer of an operation that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The JSON of its body. The bytes are shared by all who follow the same.
    pub body: Bytes,
    cursor: Option<LogCursor>,
}

impl Item {
    /// An answer, after which its follower is at this place in the log; `None` when it follows none.
    pub fn new(body: Bytes, cursor: Option<LogCursor>) -> Self {
        Self { body, cursor }
    }

    /// The cursor to go on with after this answer, for transports that have a place of their own for it.
    pub fn cursor(&self) -> Option<String> {
        self.cursor.map(cursor::encode_log)
    }
}

/// A subscription that was started: its events until it ends. Dropping it ends it.
pub struct Following {
    events: BoxStream<'static, Event>,
    /// Where it is.
    cursor: Option<LogCursor>,
    /// The name of the operation, if it has one: for logs.
    pub operation_name: Option<String>,
    /// What the operation counted for: for logs.
    pub cost: u64,
    counted: Counted,
}

impl Following {
    /// A subscription with these events.
    pub fn new(events: impl Stream<Item = Event> + Send + 'static, operation_name: Option<String>, cost: u64) -> Self {
        Self { events: events.boxed(), cursor: None, operation_name, cost, counted: Counted::open() }
    }

    /// What it is told when it is ended because its events are not taken: the errors, with the cursor to go on with.
    pub fn lagged(&mut self) -> Bytes {
        self.counted.lag();
        errors(ErrorCode::Lagged, "messages were not read in time", self.cursor)
    }
}

/// The errors that end an operation, with the cursor to go on with.
fn errors(code: ErrorCode, message: &str, cursor: Option<LogCursor>) -> Bytes {
    let cursor = cursor.map(cursor::encode_log);
    json!([{ "message": message, "extensions": { "code": code.as_str(), "cursor": cursor } }]).to_string().into()
}

impl std::fmt::Debug for Following {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Following").field("operation_name", &self.operation_name).finish_non_exhaustive()
    }
}

impl Stream for Following {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        let polled = self.events.poll_next_unpin(context);
        if let Poll::Ready(Some(Event::Next(item))) = &polled {
            self.cursor = item.cursor;
        }
        if let Poll::Ready(event) = &polled {
            self.counted.see(event.as_ref());
        }
        polled
    }
}
