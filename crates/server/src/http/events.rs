//! Server-sent events, by the protocol graphql-sse: one operation a connection
//! (<https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md>).
//!
//! There is no queue: an event is only asked for when the connection takes it.

#[cfg(test)]
mod tests;

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue},
    response::Response,
};
use convene_graphql::{
    follow::{Event, Following, Item},
    request::Outcome,
};
use futures::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use tokio::time::{Instant, Sleep, sleep};
use tracing::{Span, debug};

use super::answer::{self, Summary};
use crate::meters::{self, Open};

/// How long nothing may be said: proxies take a connection that is silent for longer, often a minute, for a dead one.
const QUIET: Duration = Duration::from_secs(12);

/// A line that tells nothing, and the empty line that ends a message.
const COMMENT: Bytes = Bytes::from_static(b":\n\n");

const COMPLETE: &[u8] = b"event: complete\ndata:\n\n";

/// Sends what became of an operation that is already answered, even if that is only what is wrong with it: a browser shows a page
/// nothing of an event stream that begins with an error of HTTP.
pub(super) fn answer(outcome: &Outcome) -> Response {
    let summary = Summary::of(outcome);
    let body = outcome.to_json().or_else(|error| {
        tracing::error!(%error, "an answer cannot be written as JSON");
        Outcome::internal().to_json()
    });
    let answer = Event::Next(Item::new(body.unwrap_or_default(), None));
    respond(stream::iter([answer]).boxed(), summary, QUIET)
}

/// Sends what an operation tells as it goes on.
pub(super) fn follow(following: Following) -> Response {
    let summary = Summary {
        operation: Some("subscription".to_owned()),
        operation_name: following.operation_name.clone(),
        cost: Some(following.cost),
        failure: None,
    };
    respond(following.boxed(), summary, QUIET)
}

fn respond(events: BoxStream<'static, Event>, summary: Summary, patience: Duration) -> Response {
    let quiet = Box::pin(sleep(patience));
    let body =
        EventStream { events, said: 0, over: false, patience, quiet, span: Span::current(), _open: Open::new(&meters::EVENTS) };
    let mut response = Response::new(Body::from_stream(body));
    answer::set_headers(&mut response, "text/event-stream; charset=utf-8");
    // Some proxies collect an answer before they pass it on, unless they are told.
    response.headers_mut().insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response.extensions_mut().insert(summary);
    response
}

/// The body of an answer. Dropping it, as when the client has left, ends the operation.
struct EventStream {
    events: BoxStream<'static, Event>,
    said: u64,
    over: bool,
    /// How long nothing may be said.
    patience: Duration,
    quiet: Pin<Box<Sleep>>,
    span: Span,
    _open: Open,
}

impl Stream for EventStream {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        let message = match self.events.poll_next_unpin(context) {
            Poll::Ready(event) => {
                self.said += 1;
                self.over = !matches!(event, Some(Event::Next(_)));
                message(event)
            }
            Poll::Pending if self.quiet.as_mut().poll(context).is_ready() => COMMENT,
            Poll::Pending => return Poll::Pending,
        };
        let next = Instant::now() + self.patience;
        self.quiet.as_mut().reset(next);
        Poll::Ready(Some(Ok(message)))
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.span.in_scope(|| debug!(said = self.said, completed = self.over, "an event stream ended"));
    }
}

/// An event as it is sent. A name is what the client says when it comes back.
fn message(event: Option<Event>) -> Bytes {
    let mut message = Vec::new();
    match event {
        Some(Event::Next(item)) => {
            message.reserve(item.body.len() + 160);
            if let Some(cursor) = item.cursor() {
                append(&mut message, &[b"id: ", cursor.as_bytes(), b"\n"]);
            }
            append(&mut message, &[b"event: next\ndata: ", &item.body, b"\n\n"]);
        }
        // The errors hold where to go on, and the name of the last item holds it as well.
        Some(Event::Errors(errors)) => {
            append(&mut message, &[b"event: next\ndata: {\"errors\":", &errors, b"}\n\n", COMPLETE]);
        }
        None => message.extend_from_slice(COMPLETE),
    }
    message.into()
}

fn append(message: &mut Vec<u8>, parts: &[&[u8]]) {
    for part in parts {
        message.extend_from_slice(part);
    }
}
