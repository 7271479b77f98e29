//! What the peer says, and what it is told.

use std::task::{Context, Poll};

use convene_domain::access::Caller;
use convene_graphql::{error::ErrorCode, guard::Refusal, request::GraphqlRequest};
use tokio_tungstenite::tungstenite::Message;

use super::{
    connection::{End, Reply, Socket, Stage},
    pipe::Text,
    protocol::{self, Authorization, Close, IdJson, Received},
};
use crate::http::{
    caller,
    rates::{EACH, WRONG_TOKEN},
    room::SMALL,
};

impl Socket {
    /// Takes in a message.
    pub(super) fn receive(&mut self, message: Message) -> Result<(), End> {
        if !self.allowance.take() {
            return Err(Close::too_many("messages").into());
        }
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => return Err(Close::malformed("a message is text").into()),
            Message::Ping(_) => {
                self.pongs += 1;
                return Ok(());
            }
            Message::Pong(_) | Message::Frame(_) => return Ok(()),
            Message::Close(_) => return Err(End::Left),
        };
        if text.len() > SMALL && !matches!(self.stage, Stage::Acknowledged(_)) {
            return Err(Close::too_large().into());
        }
        match protocol::read(&text)? {
            Received::Init(authorization) => self.initialise(authorization)?,
            Received::Subscribe(id, request) => self.subscribe(id, request)?,
            Received::Complete(id) => {
                self.operations.complete(&id);
                self.replies.retain(|reply| reply.id.as_ref() != Some(&id));
            }
            Received::Ping(payload) => self.reply(None, protocol::pong(payload)),
            Received::Pong => {}
        }
        Ok(())
    }

    fn initialise(&mut self, authorization: Authorization) -> Result<(), Close> {
        if !matches!(self.stage, Stage::Opened) {
            return Err(Close::initialised_twice());
        }
        let token = match authorization {
            Authorization::None => {
                self.admit(Caller::Anonymous);
                return Ok(());
            }
            Authorization::Text(text) => caller::bearer(&text).map(str::to_owned),
            Authorization::Unclear => None,
        };
        let token = token.ok_or_else(|| Close::forbidden("authorization must be one text: Bearer and a token"))?;
        self.stage = Stage::Authenticating((self.http.authenticate)(token));
        Ok(())
    }

    /// Goes on with finding out who the caller is, and says whether something came of it.
    pub(super) fn acknowledge(&mut self, context: &mut Context<'_>) -> Result<bool, Close> {
        let Stage::Authenticating(authenticating) = &mut self.stage else { return Ok(false) };
        match authenticating.as_mut().poll(context) {
            Poll::Pending => return Ok(false),
            Poll::Ready(Ok(caller)) => self.admit(caller),
            Poll::Ready(Err(refusal)) if refusal.code == ErrorCode::Unauthenticated => {
                let charge = self.http.rates.charge(self.from, &Caller::Anonymous);
                let paid = charge.map_or(Ok(()), |charge| charge(WRONG_TOKEN));
                return Err(paid.map_or_else(|_| Close::too_many("wrong tokens"), |()| Close::forbidden(refusal.message)));
            }
            Poll::Ready(Err(_)) => return Err(Close::unavailable()),
        }
        Ok(true)
    }

    fn admit(&mut self, caller: Caller) {
        self.charge = self.http.rates.charge(self.from, &caller);
        self.stage = Stage::Acknowledged(caller);
        self.reply(None, protocol::connection_ack());
    }

    fn subscribe(&mut self, id: String, request: &str) -> Result<(), Close> {
        let Stage::Acknowledged(caller) = &self.stage else { return Err(Close::not_acknowledged()) };
        if self.operations.contains(&id) {
            return Err(Close::running(&id));
        }
        if self.operations.len() >= self.http.sockets.operations {
            return Err(Close::too_many("operations"));
        }
        let request = if self.http.stopping.is_cancelled() {
            Err(Refusal::new(ErrorCode::ShuttingDown, "the service is about to stop"))
        } else {
            let paid = self.charge.as_ref().map_or(Ok(()), |charge| charge(EACH));
            paid.and_then(|()| GraphqlRequest::from_json(request.as_bytes()))
        };
        match request {
            Ok(request) => {
                let request = GraphqlRequest { charge: self.charge.clone(), ..request };
                self.operations.add(id, (self.http.start)(caller.clone(), request));
            }
            // The protocol knows no such message.
            Err(refusal) if refusal.code == ErrorCode::MalformedRequest => {
                return Err(Close::malformed("the payload of subscribe is no GraphQL request"));
            }
            Err(refusal) => {
                let error = IdJson::new(&id).error(protocol::list(&[refusal.into_server_error()]));
                self.reply(Some(id), error);
            }
        }
        Ok(())
    }

    fn reply(&mut self, id: Option<String>, text: Text) {
        self.replies.push_back(Reply { id, text });
    }
}
