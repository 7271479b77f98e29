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
            Failure::NoSuchPlace(_) => Self::client(ErrorCode::NotFound, format!("within {failure}")),
            Failure::Unavailable(_) => Self::unavailable(failure),
            Failure::Storage(_) => Self::internal(failure),
        }
    }
}
