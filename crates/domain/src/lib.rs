//! The words and rules of Convene: communities of practice, their gatherings and the reports of them.
//!
//! Pure: no async, no driver and no clock. Whoever needs the time or a new identity passes it in. A value that
//! exists here is legal; what cannot be legal cannot be built (`try_new`, `FromStr`).

#![warn(missing_docs)]

pub mod access;
pub mod attention;
pub mod change;
pub mod community;
pub mod gathering;
pub mod id;
pub mod lifecycle;
pub mod metric;
pub mod network;
pub mod occurrence;
pub mod page;
pub mod place;
pub mod record;
pub mod report;
pub mod text;
pub mod theme;
pub mod words;
pub mod work_site;

/// Why a value is refused, in words that can follow the name of the field that held it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(String);

impl Invalid {
    /// States the reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}
