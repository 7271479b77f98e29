//! What a use case fails with.

use convene_domain::{Invalid, id::Within};

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
    /// The caller asked within a place that does not exist.
    #[error("{} does not exist", name(*.0))]
    NoSuchPlace(Within),
    /// Storage cannot be reached, which may be over soon.
    #[error("storage is out of reach")]
    Unavailable(#[source] convene_persistence::Error),
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[source] convene_persistence::Error),
}

fn name(place: Within) -> String {
    match place {
        Within::Network(id) => id.to_string(),
        Within::Community(id) => id.to_string(),
    }
}

impl From<convene_persistence::Error> for Error {
    fn from(error: convene_persistence::Error) -> Self {
        if error.is_unavailable() { Self::Unavailable(error) } else { Self::Storage(error) }
    }
}
