//! What use cases fail with, in the words of the API.

use std::sync::Arc;

use convene_application::Error as Failure;

use super::{Error, ErrorCode};

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Arc::new(failure).into()
    }
}

/// A loader's failure is shared by all who asked.
impl From<Arc<Failure>> for Error {
    fn from(failure: Arc<Failure>) -> Self {
        match &*failure {
            Failure::Invalid { .. } => Self::bad_user_input(failure.to_string()),
            Failure::TooMany { limit, actual, .. } => Self::too_many(failure.to_string(), *limit, *actual),
            Failure::NoSuchPlace(_) => Self::client(ErrorCode::NotFound, format!("within {failure}")),
            Failure::ForeignCursor(_) => Self::client(ErrorCode::BadCursor, failure.to_string()),
            Failure::CursorExpired => Self::client(ErrorCode::CursorExpired, failure.to_string()),
            Failure::ScopeChanged => Self::client(ErrorCode::ScopeChanged, failure.to_string()),
            Failure::Forbidden(..) => Self::client(ErrorCode::Forbidden, failure.to_string()),
            Failure::NotSignedIn(_) => Self::client(ErrorCode::Unauthenticated, failure.to_string()),
            Failure::Stopped(_) => Self::client(ErrorCode::DeadlineExceeded, "stopped: a statement took too long"),
            Failure::Busy | Failure::Unreadable(_) | Failure::Unavailable(_) => Self::unavailable(failure),
            Failure::Lost(_) | Failure::Storage(_) => Self::internal(failure),
        }
    }
}
