//! The GraphQL service: everything that a transport needs to answer operations of any kind.

use std::{sync::Arc, time::Duration};

use async_graphql::{Request, parser, parser::types::OperationType};
use chrono::Utc;
use convene_application::{App, tokens};
use convene_domain::access::Caller;

use crate::{
    error::{Error, ErrorCode},
    follow::{self, Openings, SignIns, Started},
    guard::{Guard, Limits, Refusal},
    request::{self, GraphqlRequest, Outcome},
    schema::{ConveneSchema, SchemaOptions, request_data, schema},
};

/// How often a query is executed whose records are removed while it reads them.
const ATTEMPTS: u32 = 4;

/// The GraphQL service. Clones share it.
#[derive(Clone)]
pub struct Service {
    pub(crate) app: App,
    pub(crate) schema: ConveneSchema,
    pub(crate) guard: Arc<Guard>,
    pub(crate) deadline: Duration,
    pub(crate) openings: Arc<Openings>,
    pub(crate) sign_ins: SignIns,
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
        let schema = schema(app.clone(), options);
        let guard = Arc::new(Guard::try_new(limits, &schema.sdl())?);
        Ok(Self { app, schema, guard, deadline, openings: Arc::default(), sign_ins: SignIns::default() })
    }

    /// Answers an operation with one answer.
    pub async fn execute(&self, caller: Caller, request: GraphqlRequest) -> Outcome {
        let run = |request| {
            let data = |request| self.data(request, caller);
            request::execute(&self.schema, &self.guard, request, self.deadline, data)
        };
        // Lists and what their entries refer to are read one after the other, and others write meanwhile.
        for _ in 1..ATTEMPTS {
            let outcome = run(request.clone()).await;
            if !outcome.was_overtaken() {
                return outcome;
            }
        }
        run(request).await
    }

    /// Answers an operation that may go on.
    pub async fn start(&self, caller: Caller, request: GraphqlRequest) -> Started {
        // A connection is signed in once, and can be open for days.
        match tokens::is_valid(&self.app, caller, Utc::now()).await {
            Ok(true) => {}
            Ok(false) => {
                let refusal = Refusal::new(ErrorCode::Unauthenticated, "the token is no longer valid");
                return Started::Done(Box::new(Outcome::refused(refusal)));
            }
            Err(error) => return Started::Done(Box::new(Outcome::failed_with(Error::from(error)))),
        }
        match request::check(&self.guard, &request) {
            Ok(checked) if checked.operation == OperationType::Subscription => {
                follow::start(self.clone(), caller, request, checked).await
            }
            // Whoever executes it finds what is wrong with it again, at the cost of a look-up.
            _ => Started::Done(Box::new(Box::pin(self.execute(caller, request)).await)),
        }
    }

    pub(crate) fn data(&self, request: Request, caller: Caller) -> Request {
        request_data(request, &self.app, caller)
    }
}
