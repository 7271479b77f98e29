//! The GraphQL service: everything that a transport needs to answer operations of any kind.

use std::{sync::Arc, time::Duration};

use async_graphql::{Request, parser, parser::types::OperationType};
use chrono::Utc;
use convene_application::{App, callers};
use convene_domain::access::Caller;
use futures::{FutureExt, future::BoxFuture};
use tokio::time::timeout;

use crate::{
    error::{Error, ErrorCode},
    follow::{self, Openings, SignIns, Started},
    guard::{Guard, Limits, Refusal},
    memory::{self, Memory, Reading},
    persisted::Persisted,
    request::{self, GraphqlRequest, Outcome},
    schema::{ConveneSchema, SchemaOptions, request_data, schema, trusting},
};

/// How often a query is executed whose records are removed while it reads them.
const ATTEMPTS: u32 = 4;

/// The GraphQL service. Clones share it.
#[derive(Clone)]
pub struct Service {
    pub(crate) app: App,
    pub(crate) schema: ConveneSchema,
    /// The same for documents that were found to be valid.
    trusting: ConveneSchema,
    pub(crate) guard: Arc<Guard>,
    pub(crate) deadline: Duration,
    pub(crate) openings: Arc<Openings>,
    pub(crate) sign_ins: SignIns,
    memory: Arc<Memory>,
    persisted: Arc<Persisted>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Service").field("guard", &self.guard).finish_non_exhaustive()
    }
}

impl Service {
    /// A service over an application. No operation, and no item of a subscription, takes longer than the deadline.
    ///
    /// # Errors
    ///
    /// Fails if our own schema cannot be read, which is a fault of ours.
    pub fn try_new(app: App, options: SchemaOptions, limits: Limits, deadline: Duration) -> Result<Self, parser::Error> {
        let (schema, trusting) = (schema(app.clone(), options), trusting(app.clone(), options));
        let guard = Arc::new(Guard::try_new(limits, &schema.sdl())?);
        Ok(Self {
            app,
            schema,
            trusting,
            guard,
            deadline,
            openings: Arc::default(),
            sign_ins: SignIns::default(),
            memory: Arc::default(),
            persisted: Arc::default(),
        })
    }

    /// Answers an operation with one answer. In a box, so that the executor is compiled here and not once more by whoever
    /// asks.
    pub fn execute(&self, caller: Caller, request: GraphqlRequest) -> BoxFuture<'_, Outcome> {
        self.answer(caller, request).boxed()
    }

    async fn answer(&self, caller: Caller, mut request: GraphqlRequest) -> Outcome {
        if let Err(refusal) = self.persisted.recover(&mut request) {
            return Outcome::refused(refusal);
        }
        let question = memory::question(&request, &caller.rights());
        if let Some(outcome) = self.memory.recall(&question) {
            self.persisted.remember(request.persisted, &request.query);
            return outcome;
        }
        // Lists and what their entries refer to are read one after the other, and others write meanwhile.
        for attempt in 1.. {
            let reading = Reading::new(&self.memory);
            let data = |request| self.data(request, caller.clone()).data(Arc::clone(&reading));
            let mut outcome =
                request::execute((&self.schema, &self.trusting), &self.guard, request.clone(), self.deadline, data).await;
            // It is asked again for our sake.
            request.charge = None;
            if attempt == ATTEMPTS || !outcome.was_overtaken() {
                self.memory.keep(question, &reading, &mut outcome);
                if outcome.failure.is_none() {
                    self.persisted.remember(request.persisted, &request.query);
                }
                return outcome;
            }
        }
        Outcome::internal()
    }

    /// Answers an operation that may go on.
    pub fn start(&self, caller: Caller, request: GraphqlRequest) -> BoxFuture<'_, Started> {
        self.begin(caller, request).boxed()
    }

    async fn begin(&self, caller: Caller, mut request: GraphqlRequest) -> Started {
        if let Err(refusal) = self.persisted.recover(&mut request) {
            return Started::Done(Box::new(Outcome::refused(refusal)));
        }
        // A connection is signed in once, and can be open for days.
        let renewed = timeout(self.deadline, callers::renew(&self.app, &caller, Utc::now())).await;
        let refusal = match renewed {
            Ok(Ok(Some(renewed))) => return self.go_on(renewed, request).await,
            Ok(Ok(None)) => Refusal::new(ErrorCode::Unauthenticated, "the token is no longer valid"),
            Ok(Err(error)) => return Started::Done(Box::new(Outcome::failed_with(Error::from(error)))),
            Err(_) => request::late(self.deadline),
        };
        Started::Done(Box::new(Outcome::refused(refusal)))
    }

    /// Begins what someone asks for who may ask now.
    async fn go_on(&self, caller: Caller, request: GraphqlRequest) -> Started {
        match request::check(&self.guard, &request) {
            Ok(checked) if checked.operation == OperationType::Subscription => {
                if let Err(refusal) = request.pay(checked.cost) {
                    return Started::Done(Box::new(Outcome::refused(refusal)));
                }
                let named = request.persisted.map(|hash| (hash, request.query.clone()));
                let started = follow::start(self.clone(), caller, request, checked).await;
                if let (Started::Following(_), Some((hash, query))) = (&started, named) {
                    self.persisted.remember(Some(hash), &query);
                }
                started
            }
            // Whoever executes it finds what is wrong with it again, at the cost of a look-up.
            _ => Started::Done(Box::new(self.execute(caller, request).await)),
        }
    }

    pub(crate) fn data(&self, request: Request, caller: Caller) -> Request {
        request_data(request, &self.app, caller).data(self.sign_ins.clone())
    }
}

#[cfg(test)]
mod tests;
