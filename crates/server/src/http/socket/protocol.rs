//! The messages of graphql-transport-ws, as text and as types: <https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>.

use std::borrow::Cow;

use axum::body::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use tokio_tungstenite::tungstenite::{Utf8Bytes, protocol::CloseFrame};

use super::pipe::Text;

/// The name under which clients ask for this protocol. The older `graphql-ws` has other messages.
pub(super) const SUBPROTOCOL: &str = "graphql-transport-ws";

/// Every message about an operation repeats its id, so that is kept short. Clients number their operations, or take UUIDs.
const LONGEST_ID: usize = 256;

/// What a close frame has room for.
const LONGEST_REASON: usize = 123;

/// A message of the client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received<'m> {
    /// The first one, perhaps with `authorization`.
    Init(Authorization),
    /// Starts the operation whose request is the JSON text.
    Subscribe(String, &'m str),
    /// Ends the operation with this id.
    Complete(String),
    /// Asks for a `pong` with the same payload.
    Ping(Option<&'m str>),
    /// A sign of life.
    Pong,
}

/// What the first message says of the caller.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Authorization {
    /// Nothing.
    None,
    /// What an HTTP request would have in its header.
    Text(String),
    /// Something that is no text, or several.
    Unclear,
}

/// Why a socket is closed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Close {
    pub(super) code: u16,
    reason: Cow<'static, str>,
}

impl Close {
    pub(super) fn malformed(reason: &'static str) -> Self {
        Self::new(4400, reason)
    }

    pub(super) fn not_acknowledged() -> Self {
        Self::new(4401, "Unauthorized")
    }

    pub(super) fn forbidden(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(4403, reason)
    }

    pub(super) fn not_initialised() -> Self {
        Self::new(4408, "Connection initialisation timeout")
    }

    pub(super) fn initialised_twice() -> Self {
        Self::new(4429, "Too many initialisation requests")
    }

    pub(super) fn too_many(what: &str) -> Self {
        Self::new(4429, format!("Too many {what}"))
    }

    pub(super) fn running(id: &str) -> Self {
        Self::new(4409, format!("Subscriber for {id} already exists"))
    }

    pub(super) fn stopping() -> Self {
        Self::new(1001, "service is stopping")
    }

    pub(super) fn broken() -> Self {
        Self::new(1002, "this is not how WebSockets speak")
    }

    pub(super) fn too_slow() -> Self {
        Self::new(1008, "message took too long to arrive")
    }

    pub(super) fn too_large() -> Self {
        Self::new(1009, "message is too large")
    }

    pub(super) fn unavailable() -> Self {
        Self::new(1013, "try again later")
    }

    fn new(code: u16, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { code, reason: reason.into() }
    }

    pub(super) fn lagging() -> Self {
        Self::new(1013, "messages were not read in time")
    }

    /// A longer reason would take the socket down without a frame.
    pub(super) fn frame(&self) -> CloseFrame {
        let end = self.reason.floor_char_boundary(LONGEST_REASON);
        CloseFrame { code: self.code.into(), reason: Utf8Bytes::from(&self.reason[..end]) }
    }
}

/// Reads a message.
pub(super) fn read(text: &str) -> Result<Received<'_>, Close> {
    #[derive(Deserialize)]
    struct Envelope<'m> {
        #[serde(borrow, rename = "type")]
        kind: Cow<'m, str>,
        id: Option<String>,
        #[serde(borrow)]
        payload: Option<&'m RawValue>,
    }
    let Envelope { kind, id, payload } =
        serde_json::from_str(text).map_err(|_| Close::malformed("a message is a JSON object with a type"))?;
    let payload = payload.map(RawValue::get);
    match kind.as_ref() {
        "connection_init" => Ok(Received::Init(authorization(payload)?)),
        // A missing payload is no request, like any other that is none.
        "subscribe" => Ok(Received::Subscribe(operation(id)?, payload.unwrap_or("null"))),
        "complete" => Ok(Received::Complete(operation(id)?)),
        "ping" => Ok(Received::Ping(payload)),
        "pong" => Ok(Received::Pong),
        _ => Err(Close::malformed("the type of the message is unknown")),
    }
}

fn operation(id: Option<String>) -> Result<String, Close> {
    match id {
        Some(id) if (1..=LONGEST_ID).contains(&id.len()) => Ok(id),
        _ => Err(Close::malformed("the id must be a text of 1 to 256 bytes")),
    }
}

fn authorization(payload: Option<&str>) -> Result<Authorization, Close> {
    let Some(payload) = payload else { return Ok(Authorization::None) };
    let Ok(Value::Object(payload)) = serde_json::from_str(payload) else {
        return Err(Close::malformed("the payload of connection_init must be an object"));
    };
    let mut named = payload.into_iter().filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    Ok(match (named.next(), named.next()) {
        // Clients without a token often have an empty place for it.
        (None | Some((_, Value::Null)), None) => Authorization::None,
        (Some((_, Value::String(text))), None) => Authorization::Text(text),
        _ => Authorization::Unclear,
    })
}

pub(super) fn connection_ack() -> Text {
    Text::whole(r#"{"type":"connection_ack"}"#)
}

pub(super) fn pong(payload: Option<&str>) -> Text {
    match payload {
        Some(payload) => Text::whole(format!(r#"{{"type":"pong","payload":{payload}}}"#)),
        None => Text::whole(r#"{"type":"pong"}"#),
    }
}

/// What stands before and behind the id in a message with an answer.
const BEFORE_ID: &str = r#"{"type":"next","id":"#;
const BEHIND_ID: &str = r#","payload":"#;

/// The id of an operation, with all that every answer to it begins with.
#[derive(Debug)]
pub(super) struct IdJson(Bytes);

impl IdJson {
    pub(super) fn new(id: &str) -> Self {
        Self(format!("{BEFORE_ID}{}{BEHIND_ID}", Value::from(id)).into())
    }

    /// An answer. `body` is put in as it is: it may be large, and others are sent the same.
    pub(super) fn next(&self, body: Bytes) -> Text {
        Text { head: self.0.clone(), body, tail: "}" }
    }

    /// The operation has ended with errors. `list` is put in as it is.
    pub(super) fn error(&self, list: impl Into<Bytes>) -> Text {
        let head = [br#"{"type":"error","id":"#, self.id(), BEHIND_ID.as_bytes()].concat();
        Text { head: head.into(), body: list.into(), tail: "}" }
    }

    /// The operation has ended.
    pub(super) fn complete(&self) -> Text {
        Text::whole([br#"{"type":"complete","id":"#, self.id(), b"}"].concat())
    }

    fn id(&self) -> &[u8] {
        &self.0[BEFORE_ID.len()..self.0.len() - BEHIND_ID.len()]
    }
}

/// GraphQL errors as the payload of `error`.
pub(super) fn list(errors: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(errors).unwrap_or_else(|error| {
        tracing::error!(%error, "errors cannot be written as JSON");
        br#"[{"message":"internal error","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]"#.to_vec()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn messages_are_read() {
        let init = |payload: Value| json!({ "type": "connection_init", "payload": payload }).to_string();
        let text = |text: &str| Ok(Received::Init(Authorization::Text(text.to_owned())));
        assert_eq!(read(r#"{"type":"connection_init"}"#), Ok(Received::Init(Authorization::None)));
        assert_eq!(read(&init(Value::Null)), Ok(Received::Init(Authorization::None)));
        assert_eq!(read(&init(json!({ "locale": "sw" }))), Ok(Received::Init(Authorization::None)));
        assert_eq!(read(&init(json!({ "authorization": null }))), Ok(Received::Init(Authorization::None)));
        assert_eq!(read(&init(json!({ "authorization": "Bearer a" }))), text("Bearer a"));
        assert_eq!(read(&init(json!({ "Authorization": "Bearer a" }))), text("Bearer a"));
        for unclear in [json!({ "authorization": 1 }), json!({ "authorization": "Bearer a", "Authorization": "Bearer b" })] {
            assert_eq!(read(&init(unclear)), Ok(Received::Init(Authorization::Unclear)));
        }
        let subscribe = r#" {"payload": {"query": "{ a }"}, "id": "\u00e4\"1", "type": "subscribe", "extra": 1}"#;
        assert_eq!(read(subscribe), Ok(Received::Subscribe("ä\"1".to_owned(), r#"{"query": "{ a }"}"#)));
        assert_eq!(read(r#"{"id":"1","type":"subscribe"}"#), Ok(Received::Subscribe("1".to_owned(), "null")));
        assert_eq!(read(r#"{"id":"1","type":"complete"}"#), Ok(Received::Complete("1".to_owned())));
        assert_eq!(read(r#"{"type":"ping"}"#), Ok(Received::Ping(None)));
        assert_eq!(read(r#"{"type":"p\u0069ng","payload":{"a": [1]}}"#), Ok(Received::Ping(Some(r#"{"a": [1]}"#))));
        assert_eq!(read(r#"{"type":"pong","payload":{}}"#), Ok(Received::Pong));
    }

    #[test]
    fn what_is_no_message_closes_the_socket() {
        let long = json!({ "type": "complete", "id": "i".repeat(257) }).to_string();
        for text in [
            "",
            "{",
            "[]",
            "null",
            r#""ping""#,
            "{}",
            r#"{"type":1}"#,
            r#"{"type":"ping","type":"ping"}"#,
            r#"{"type":"start","id":"1"}"#,
            r#"{"type":"next","id":"1"}"#,
            r#"{"type":"subscribe","payload":{"query":"{ a }"}}"#,
            r#"{"type":"subscribe","id":1,"payload":{"query":"{ a }"}}"#,
            r#"{"type":"subscribe","id":"","payload":{"query":"{ a }"}}"#,
            r#"{"type":"complete"}"#,
            r#"{"type":"connection_init","payload":"Bearer a"}"#,
            &long,
        ] {
            assert_eq!(read(text).map_err(|close| close.code), Err(4400), "{text}");
        }
    }

    fn as_text(Text { head, body, tail }: Text) -> String {
        String::from_utf8([&head, &body, tail.as_bytes()].concat()).unwrap()
    }

    #[test]
    fn messages_are_written_around_what_is_shared() {
        let id = IdJson::new("ä\"\n1");
        assert_eq!(
            as_text(id.next(Bytes::from_static(br#"{"data":{"a":1}}"#))),
            "{\"type\":\"next\",\"id\":\"ä\\\"\\n1\",\"payload\":{\"data\":{\"a\":1}}}"
        );
        assert_eq!(
            as_text(id.error(Bytes::from_static(br#"[{"message":"no"}]"#))),
            "{\"type\":\"error\",\"id\":\"ä\\\"\\n1\",\"payload\":[{\"message\":\"no\"}]}"
        );
        assert_eq!(as_text(id.complete()), "{\"type\":\"complete\",\"id\":\"ä\\\"\\n1\"}");
        assert_eq!(as_text(pong(Some("[1]"))), r#"{"type":"pong","payload":[1]}"#);
        assert_eq!(as_text(pong(None)), r#"{"type":"pong"}"#);
    }

    #[test]
    fn reasons_are_cut_where_a_character_ends() {
        let frame = Close::running(&"ä".repeat(100)).frame();
        assert_eq!(u16::from(frame.code), 4409);
        assert_eq!(frame.reason, format!("Subscriber for {}", "ä".repeat(54)));
        assert_eq!(Close::running("1").frame().reason, "Subscriber for 1 already exists");
    }
}
