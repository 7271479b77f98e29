//! One GraphQL request, from its bytes to its answer, the same for every transport.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_graphql::{
    ObjectType, Request, Response, Schema, ServerError, SubscriptionType, Value, Variables, parser::types::OperationType,
};
use bytes::Bytes;
use futures::FutureExt;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::{
    budget::Budget,
    error::{self, Error, ErrorCode},
    guard::{Checked, Guard, Refusal},
    json::{self, MOST_VALUES, Unread},
    loaders::Turns,
    memory::Ready,
    persisted,
};

/// Charges a cost to whoever asked, or answers why that is too much for now.
pub type Charge = Arc<dyn Fn(u64) -> Result<(), Refusal> + Send + Sync>;

/// A request as a transport received it.
///
/// It has no `Debug`, for neither queries nor variables may reach a log.
#[expect(missing_debug_implementations, reason = "query and variables stay out of logs")]
#[derive(Clone)]
pub struct GraphqlRequest {
    /// The document.
    pub query: String,
    /// Which of its operations to execute.
    pub operation_name: Option<String>,
    /// The variables of that operation.
    pub variables: Variables,
    /// Whatever else client and server agreed on.
    pub extensions: Map<String, Json>,
    /// The hash of the query, where it is sent instead of the text or is to stand for it from now on.
    pub persisted: Option<[u8; 32]>,
    /// Whether the transport may change nothing, as with GET.
    pub read_only: bool,
    /// The cursor of the last item that came over a connection that broke off, where the transport says it.
    pub last_event_id: Option<String>,
    /// Who pays for it, where that is counted.
    pub charge: Option<Charge>,
}

impl GraphqlRequest {
    /// Charges a cost to whoever asked.
    pub(crate) fn pay(&self, cost: u64) -> Result<(), Refusal> {
        self.charge.as_ref().map_or(Ok(()), |charge| charge(cost))
    }

    /// Whether the query is only named.
    #[must_use]
    pub fn is_named_only(&self) -> bool {
        self.query.is_empty() && self.persisted.is_some()
    }

    /// Reads the JSON body of a POST request.
    ///
    /// # Errors
    ///
    /// Refuses what the specification calls no well-formed request.
    pub fn from_json(body: &[u8]) -> Result<Self, Refusal> {
        match json::read(body) {
            Ok(Json::Object(object)) => Self::from_object(object, false),
            Ok(Json::Array(requests)) => Err(Refusal {
                limit: Some(1),
                actual: Some(requests.len() as u64),
                ..Refusal::new(ErrorCode::BatchNotSupported, "send requests one by one, not as a list")
            }),
            Ok(_) => Err(malformed("the body must be a JSON object")),
            Err(unread) => Err(unread_as("the body", unread)),
        }
    }

    /// Reads the query string of a GET request.
    ///
    /// # Errors
    ///
    /// Refuses what the specification calls no well-formed request.
    pub fn from_query_string(text: &str) -> Result<Self, Refusal> {
        let mut object = Map::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let value = match name.as_ref() {
                "query" | "operationName" => Json::String(value.into_owned()),
                "variables" | "extensions" => {
                    json::read(value.as_bytes()).map_err(|unread| unread_as(&format!("\"{name}\""), unread))?
                }
                _ => continue,
            };
            if object.insert(name.clone().into_owned(), value).is_some() {
                return Err(malformed(format!("\"{name}\" is given twice")));
            }
        }
        Self::from_object(object, true)
    }

    fn from_object(mut object: Map<String, Json>, read_only: bool) -> Result<Self, Refusal> {
        let extensions = optional_object(&mut object, "extensions")?;
        let persisted = hash(&extensions)?;
        Ok(Self {
            query: match object.remove("query") {
                Some(Json::String(query)) => query,
                None | Some(Json::Null) if persisted.is_some() => String::new(),
                Some(_) => return Err(malformed("\"query\" must be a string")),
                None => return Err(malformed("\"query\" is missing")),
            },
            operation_name: match object.remove("operationName") {
                Some(Json::String(name)) => Some(name),
                Some(Json::Null) | None => None,
                Some(_) => return Err(malformed("\"operationName\" must be a string or null")),
            },
            variables: Variables::from_json(Json::Object(optional_object(&mut object, "variables")?)),
            extensions,
            persisted,
            read_only,
            last_event_id: None,
            charge: None,
        })
    }
}

/// The hash that names the query, if there is one.
fn hash(extensions: &Map<String, Json>) -> Result<Option<[u8; 32]>, Refusal> {
    let Some(named) = extensions.get("persistedQuery").filter(|named| !named.is_null()) else { return Ok(None) };
    let known = named["version"] == 1;
    let hash = named["sha256Hash"].as_str().and_then(persisted::parse).filter(|_| known);
    hash.map(Some).ok_or_else(|| malformed("\"extensions.persistedQuery\" must have version 1 and a sha256Hash of 64 digits"))
}

fn optional_object(object: &mut Map<String, Json>, name: &str) -> Result<Map<String, Json>, Refusal> {
    match object.remove(name) {
        Some(Json::Object(inner)) => Ok(inner),
        Some(Json::Null) | None => Ok(Map::new()),
        Some(_) => Err(malformed(format!("\"{name}\" must be an object or null"))),
    }
}

/// Why something that had to be JSON was not read.
fn unread_as(what: &str, unread: Unread) -> Refusal {
    match unread {
        Unread::NoJson => malformed(format!("{what} is no valid JSON")),
        Unread::Twice => malformed(format!("a key is given twice in one object of {what}")),
        Unread::TooMany => {
            let most = MOST_VALUES as u64;
            Refusal::over(ErrorCode::TooComplex, &format!("values in {what}"), most, most + 1)
        }
    }
}

fn malformed(message: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::MalformedRequest, message)
}

/// What became of a request.
#[derive(Debug)]
pub struct Outcome {
    /// The answer. Its errors all have a code.
    pub response: Response,
    /// Why nothing was executed, if nothing was; the answer then has no `data` at all.
    pub failure: Option<ErrorCode>,
    /// The kind of the operation, once it is known.
    pub operation: Option<OperationType>,
    /// The name of the operation, once it is known and if it has one.
    pub operation_name: Option<String>,
    /// The cost of the operation, once it is known.
    pub cost: Option<u64>,
    /// The answer as it is sent, if it was written already.
    pub ready: Option<Bytes>,
}

impl Outcome {
    /// The outcome of a request that was turned away.
    #[must_use]
    pub fn refused(refusal: Refusal) -> Self {
        Self::failed(refusal.code, refusal.into_server_error())
    }

    /// The outcome of a request that came to nothing through our fault, which is logged by whoever noticed it.
    #[must_use]
    pub fn internal() -> Self {
        Self::refused(Refusal::new(ErrorCode::InternalServerError, error::INTERNAL))
    }

    fn failed(code: ErrorCode, error: ServerError) -> Self {
        let response = Response::from_errors(vec![error]);
        Self { response, failure: Some(code), operation: None, operation_name: None, cost: None, ready: None }
    }

    /// The outcome of a query that was answered before.
    pub(crate) fn ready(answer: Ready) -> Self {
        let Ready { body, operation_name, cost } = answer;
        let operation = Some(OperationType::Query);
        Self { response: Response::default(), failure: None, operation, operation_name, cost, ready: Some(body) }
    }

    fn with_operation(self, checked: &Checked) -> Self {
        Self {
            operation: Some(checked.operation),
            operation_name: checked.operation_name.clone(),
            cost: Some(checked.cost),
            ..self
        }
    }

    /// The outcome of a request that came to nothing because of this error.
    pub(crate) fn failed_with(error: Error) -> Self {
        let error = async_graphql::Error::from(error).into_server_error(async_graphql::Pos::default());
        let outcome = Self { failure: None, ..Self::failed(ErrorCode::InternalServerError, error) };
        outcome.into_failure()
    }

    /// The outcome, with its errors, as one of which there is no answer.
    pub(crate) fn into_failure(mut self) -> Self {
        error::finish(&mut self.response.errors);
        let code = self.codes().next().and_then(ErrorCode::find);
        Self { failure: Some(code.unwrap_or(ErrorCode::InternalServerError)), ..self }
    }

    /// Whether it is a query that read what was removed meanwhile, so that another answer is to be had.
    pub(crate) fn was_overtaken(&self) -> bool {
        self.operation == Some(OperationType::Query) && self.response.errors.iter().any(|error| error.message == error::OVERTAKEN)
    }

    /// In how many seconds to try again, where a refusal says so.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        match self.response.errors.first()?.extensions.as_ref()?.get("retryAfterSeconds")? {
            Value::Number(seconds) => seconds.as_u64(),
            _ => None,
        }
    }

    /// The codes of its errors.
    pub(crate) fn codes(&self) -> impl Iterator<Item = &str> {
        self.response.errors.iter().filter_map(|error| match error.extensions.as_ref()?.get("code")? {
            Value::String(code) => Some(code.as_str()),
            _ => None,
        })
    }

    /// One of many answers, as JSON: without what it cost, which would only repeat itself.
    pub(crate) fn item_json(&self) -> serde_json::Result<Vec<u8>> {
        #[derive(Serialize)]
        struct Item<'a> {
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            errors: &'a [ServerError],
            data: &'a Value,
        }
        serde_json::to_vec(&Item { errors: &self.response.errors, data: &self.response.data })
    }

    /// The answer as JSON. `data` is left out, not null, when nothing was executed.
    ///
    /// # Errors
    ///
    /// Fails only if a value of the answer cannot be written as JSON.
    pub fn to_json(&self) -> serde_json::Result<Bytes> {
        #[derive(Serialize)]
        struct Body<'a> {
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            errors: &'a [ServerError],
            #[serde(skip_serializing_if = "Option::is_none")]
            data: Option<&'a Value>,
            #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
            extensions: &'a std::collections::BTreeMap<String, Value>,
        }
        if let Some(body) = &self.ready {
            return Ok(body.clone());
        }
        let Response { errors, data, extensions, .. } = &self.response;
        Ok(serde_json::to_vec(&Body { errors, data: self.failure.is_none().then_some(data), extensions })?.into())
    }
}

/// Checks a request, and executes it if it may be executed.
///
/// Of the two schemas, which are alike, one validates a document first, and the other takes it for valid: that is found once,
/// for it depends on nothing that the guard does not look at each time. `data` adds what the resolvers need to the request,
/// such as loaders.
pub async fn execute<Q, M, S>(
    (validating, trusting): (&Schema<Q, M, S>, &Schema<Q, M, S>),
    guard: &Guard,
    request: GraphqlRequest,
    deadline: Duration,
    data: impl FnOnce(Request) -> Request,
) -> Outcome
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
{
    let checked = match check(guard, &request) {
        Ok(checked) => checked,
        Err(refusal) => return Outcome::refused(refusal),
    };
    if let Err(refusal) = transport_allows(checked.operation, request.read_only).and_then(|()| request.pay(checked.cost)) {
        return Outcome::refused(refusal).with_operation(&checked);
    }
    let schema = if checked.is_valid() { trusting } else { validating };
    let execute = async |prepared| {
        let _place = guard.enter(checked.cost).await;
        schema.execute(prepared).await
    };
    let outcome = carry_out(&checked, request.variables, deadline, data, execute).await;
    if outcome.failure.is_none() {
        checked.note_valid();
    }
    outcome
}

/// Checks a request.
pub(crate) fn check(guard: &Guard, request: &GraphqlRequest) -> Result<Checked, Refusal> {
    variables_fit(&request.variables, guard.limits().variables_bytes)?;
    guard.check(&request.query, request.operation_name.as_deref(), &request.variables)
}

/// Executes a request that was checked, within its budget and until the deadline.
pub(crate) async fn carry_out<E: Future<Output = Response>>(
    checked: &Checked,
    variables: Variables,
    deadline: Duration,
    data: impl FnOnce(Request) -> Request,
    execute: impl FnOnce(Request) -> E,
) -> Outcome {
    // The executor gets the document, never the text.
    let budget = Budget::new(checked.cost_limit);
    let mut prepared = data(Request::new("")).variables(variables).data(Arc::clone(&budget));
    prepared.operation_name.clone_from(&checked.operation_name);
    prepared.set_parsed_query(checked.document.as_ref().clone());
    let execution = budget.run(Turns::of(&prepared).run(async {
        match &checked.overlooked {
            Some(overlooked) => Response::from_errors(vec![ServerError::new(&overlooked.message, Some(overlooked.at))]),
            None => execute(prepared).await,
        }
    }));
    let execution = AssertUnwindSafe(execution).catch_unwind();
    let outcome = match tokio::time::timeout(deadline, execution).await {
        Ok(Ok(Ok(response))) => executed(response, checked.outspoken),
        Ok(Ok(Err(refusal))) => Outcome::refused(refusal),
        // The panic hook has logged it.
        Ok(Err(_)) => Outcome::internal(),
        Err(_) => Outcome::refused(late(deadline)),
    };
    let mut outcome = outcome.with_operation(checked);
    let cost = async_graphql::value!({ "cost": checked.cost, "limit": checked.cost_limit });
    outcome.response.extensions.insert("cost".to_owned(), cost);
    outcome
}

/// The refusal of what took longer than it may.
pub(crate) fn late(deadline: Duration) -> Refusal {
    let message = format!("stopped after {} s", deadline.as_secs());
    Refusal { limit: Some(deadline.as_secs()), ..Refusal::new(ErrorCode::DeadlineExceeded, message) }
}

fn executed(mut response: Response, outspoken: bool) -> Outcome {
    // The executor does not say whether it ever began; but errors of a field have a path, and those of the document do not.
    let began =
        response.errors.is_empty() || response.data != Value::Null || response.errors.iter().any(|it| !it.path.is_empty());
    error::finish(&mut response.errors);
    if !outspoken {
        if began { error::veil_types(&mut response.errors) } else { error::veil(&mut response.errors) }
    }
    let failure = (!began).then_some(ErrorCode::GraphqlValidationFailed);
    Outcome { response, failure, operation: None, operation_name: None, cost: None, ready: None }
}

fn variables_fit(variables: &Variables, limit: usize) -> Result<(), Refusal> {
    let size = serde_json::to_vec(variables).map_or(usize::MAX, |json| json.len());
    if size > limit {
        return Err(Refusal::over(ErrorCode::PayloadTooLarge, "bytes of the variables", limit as u64, size as u64));
    }
    Ok(())
}

fn transport_allows(operation: OperationType, read_only: bool) -> Result<(), Refusal> {
    match operation {
        OperationType::Subscription => Err(Refusal::new(
            ErrorCode::OperationNotSupported,
            "subscriptions are not one document: accept text/event-stream, or use a WebSocket",
        )),
        OperationType::Mutation if read_only => Err(Refusal::new(ErrorCode::MethodNotAllowed, "mutations need the method POST")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
