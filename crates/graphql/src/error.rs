//! The errors of the API: one closed list of codes, and one way for each to reach a client.
//!
//! What went wrong on the client's side is told in full. What went wrong on ours is logged once, at the boundary, and the client
//! reads a fixed sentence. [`Error`] deliberately is no `Display`: async-graphql turns anything that is one into a GraphQL error
//! without a code, and would send our internal text along.

mod code;
mod use_case;

use std::sync::Arc;

use async_graphql::{Context, ErrorExtensionValues, ServerError, Value};

pub use self::code::ErrorCode;
use crate::guard::Refusal;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What a resolver fails with.
#[derive(Debug)]
pub enum Error {
    /// The client can do something about it: the text is for its developer.
    Client {
        /// What the client's code acts on.
        code: ErrorCode,
        /// What its developer reads.
        message: String,
    },
    /// The client passed a limit.
    Refused(Box<Refusal>),
    /// Something we depend on is out of reach; the cause is for our log only.
    Unavailable(Cause),
    /// A fault of ours; the cause is for our log only.
    Internal(Cause),
}

/// The cause of an error, carried beside it to the boundary, where it is logged.
struct Hidden(Cause);

impl Error {
    /// The client's fault.
    pub fn client(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Client { code, message: message.into() }
    }

    /// An argument has a value that it cannot have.
    pub fn bad_user_input(message: impl Into<String>) -> Self {
        Self::client(ErrorCode::BadUserInput, message)
    }

    /// An argument has more values than it may have.
    pub fn too_many(message: impl Into<String>, limit: usize, actual: usize) -> Self {
        let (limit, actual) = (u64::try_from(limit).ok(), u64::try_from(actual).ok());
        Self::Refused(Box::new(Refusal { limit, actual, ..Refusal::new(ErrorCode::BadUserInput, message) }))
    }

    /// Our fault.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    /// The fault of something we depend on, which may be over soon.
    pub fn unavailable(cause: impl Into<Cause>) -> Self {
        Self::Unavailable(cause.into())
    }
}

impl From<Error> for async_graphql::Error {
    fn from(error: Error) -> Self {
        if let Error::Refused(refusal) = error {
            let ServerError { message, extensions, .. } = refusal.into_server_error();
            return Self { message, source: None, extensions };
        }
        let (code, message, cause) = match error {
            Error::Client { code, message } => (code, message, None),
            Error::Refused(refusal) => (refusal.code, refusal.message, None),
            Error::Unavailable(cause) => (ErrorCode::Unavailable, UNAVAILABLE.to_owned(), Some(cause)),
            Error::Internal(cause) => (ErrorCode::InternalServerError, INTERNAL.to_owned(), Some(cause)),
        };
        let mut extensions = coded(code);
        if cause.is_none() {
            extensions.set("classification", BAD_REQUEST);
        }
        let mut error = Self::new(message);
        error.extensions = Some(extensions);
        error.source = cause.map(|cause| Arc::new(Hidden(cause)) as _);
        error
    }
}

/// How a field says, in words that tools know which do not know our codes, that it failed for what was asked and not for us.
const BAD_REQUEST: &str = "BAD_REQUEST";
/// What was read was removed while it was being read.
pub(crate) const OVERTAKEN: &str = "something was removed while it was read: ask again";
/// All that a client reads of a fault of ours.
pub(crate) const INTERNAL: &str = "internal error";
const UNAVAILABLE: &str = "temporarily unavailable: try again later";

fn coded(code: ErrorCode) -> ErrorExtensionValues {
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", code.as_str());
    extensions
}

/// The value of a nullable field, with its error, if there is one, reported beside the data.
///
/// async-graphql answers null for the *parent* of a nullable field that returns `Err`. Fields that may be null therefore never
/// return `Err`, but pass their result through here: the siblings survive, as the specification has it.
pub fn nullable<T>(context: &Context<'_>, result: Result<Option<T>, Error>) -> Option<T> {
    result.unwrap_or_else(|error| {
        let error = async_graphql::Error::from(error).into_server_error(context.item.pos);
        context.add_error(context.set_error_path(error));
        None
    })
}

/// All that a client reads of a document that does not fit the schema, where the schema is not told: whatever else it read
/// would say which names there are.
const UNFIT: &str = "the document does not fit the schema; a service whose CONVENE_PROFILE is development says where and why";

/// Puts one error in place of those that validation found, which says nothing of the schema.
pub(crate) fn veil(errors: &mut Vec<ServerError>) {
    let mut unfit = ServerError::new(UNFIT, None);
    unfit.extensions = Some(coded(ErrorCode::GraphqlValidationFailed));
    *errors = vec![unfit];
}

/// Leaves out of the executor's own errors about values which types of the schema these were read as.
pub(crate) fn veil_types(errors: &mut [ServerError]) {
    for error in errors {
        if let Some(told) = without_types(&error.message) {
            error.message = told;
        }
    }
}

/// What the executor says of a value, without the type of the schema that it was read as; `None` when it says none.
pub(crate) fn without_types(message: &str) -> Option<String> {
    let Some((_, told)) = message.strip_prefix("Failed to parse \"").and_then(|rest| rest.split_once("\": ")) else {
        return message.starts_with(WRONG_TYPE).then(|| "a value is of a type that cannot stand here".to_owned());
    };
    let told = told.split(" (occurred while parsing").next().unwrap_or_default();
    Some(format!("a value cannot stand here: {told}"))
}

/// How many errors of one answer are sent. Validation can find thousands in one small document.
const MOST_ERRORS: usize = 20;

/// Makes the errors of an answer fit to send: logs the causes of ours, and gives a code to those that have none.
pub(crate) fn finish(errors: &mut Vec<ServerError>) {
    for error in errors.iter_mut() {
        log(error);
        if error.extensions.as_ref().and_then(|extensions| extensions.get("code")).is_some() {
            continue;
        }
        let code = code_of_uncoded(error);
        if code == ErrorCode::InternalServerError {
            tracing::error!(cause = error.message, path = path(error), "a resolver failed without a code");
            INTERNAL.clone_into(&mut error.message);
        }
        error.extensions.get_or_insert_default().set("code", code.as_str());
    }
    errors.truncate(MOST_ERRORS);
}

fn log(error: &ServerError) {
    let Some(Hidden(cause)) = error.source::<Hidden>() else { return };
    let cause = chain(cause.as_ref());
    if error.extensions.as_ref().and_then(|it| it.get("code")) == Some(&Value::from(ErrorCode::Unavailable.as_str())) {
        tracing::warn!(cause, path = path(error), "a field is unavailable");
    } else {
        tracing::error!(cause, path = path(error), "a field failed");
    }
}

/// How the executor begins to say that a value is of another type.
const WRONG_TYPE: &str = "Expected input type";

/// The executor's own errors say nothing but their text. Without a path nothing was executed, so the document is at fault;
/// with one, either a scalar did not parse, or a resolver used `?` past [`Error`], which must not blame the client.
fn code_of_uncoded(error: &ServerError) -> ErrorCode {
    const INPUT: [&str; 3] = ["Failed to parse", WRONG_TYPE, "Invalid value for argument"];
    if error.path.is_empty() {
        ErrorCode::GraphqlValidationFailed
    } else if error.source.is_none() && INPUT.iter().any(|start| error.message.starts_with(start)) {
        ErrorCode::BadUserInput
    } else {
        ErrorCode::InternalServerError
    }
}

/// An error and what caused it, on one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The path of field names; positions in lists are left out.
fn path(error: &ServerError) -> String {
    let fields = error.path.iter().filter_map(|segment| match segment {
        async_graphql::PathSegment::Field(name) => Some(name.as_str()),
        async_graphql::PathSegment::Index(_) => None,
    });
    fields.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests;
