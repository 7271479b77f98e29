//! What a use case fails with.

use convene_domain::{
    Invalid,
    access::{NotSignedIn, Role},
    id::Within,
};

/// The result of every use case.
pub type Result<T> = std::result::Result<T, Error>;

/// What a use case fails with. That something looked up is not there is no error but `None`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller gave a value that cannot be.
    #[error("{argument} {reason}")]
    Invalid {
        /// Which value.
        argument: &'static str,
        /// What is wrong with it, in words that follow its name.
        reason: Invalid,
    },
    /// The caller named too many things at once.
    #[error("{argument} names {actual} things, more than {limit}")]
    TooMany {
        /// Which argument.
        argument: &'static str,
        /// How many it may name.
        limit: usize,
        /// How many it named.
        actual: usize,
    },
    /// The caller asked within a place that does not exist.
    #[error("{0} does not exist")]
    NoSuchPlace(Within),
    /// A cursor of a log is of another network, or was not read to its end.
    #[error("after {0}")]
    ForeignCursor(&'static str),
    /// A cursor leads to a change that is not, or no longer, in this log.
    #[error("after leads to a change that is not in this log")]
    CursorExpired,
    /// A cursor was read under other rights than the caller has.
    #[error("after was read under other rights than you have now")]
    ScopeChanged,
    /// The caller has to sign in for this.
    #[error(transparent)]
    NotSignedIn(#[from] NotSignedIn),
    /// It takes a role that the caller has not.
    #[error("this needs the role {0} at {1} or above it")]
    Forbidden(Role, Within),
    /// Others were in the way of a write again and again.
    #[error("others keep writing the same records")]
    Busy,
    /// Something that has to be there is not.
    #[error("{0} are not there")]
    Lost(&'static str),
    /// A log cannot be read, which may be over soon.
    #[error("a log cannot be read")]
    Unreadable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Storage cannot be reached, which may be over soon.
    #[error("storage is out of reach")]
    Unavailable(#[source] convene_persistence::Error),
    /// Storage took longer than it may.
    #[error("storage took too long")]
    Stopped(#[source] convene_persistence::Error),
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[source] convene_persistence::Error),
}

impl From<convene_persistence::Error> for Error {
    fn from(error: convene_persistence::Error) -> Self {
        match error {
            error if error.is_unavailable() => Self::Unavailable(error),
            error if error.is_stopped() => Self::Stopped(error),
            error => Self::Storage(error),
        }
    }
}
