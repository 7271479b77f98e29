//! What every stored record has besides its content.

use std::ops::Deref;

use crate::id::InstanceId;

/// How many times a record was written, from 1. A change names the revision it was made from.
pub type Revision = i64;

/// A record as stored: its identity, its revision, the instance it was born at, and its content.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded<I, T> {
    /// Made where the record was born, the same on every instance that holds a copy.
    pub id: I,
    /// The number of the last change, from 1.
    pub revision: Revision,
    /// The instance whose word on this record counts.
    pub origin: InstanceId,
    /// The content.
    pub content: T,
}

impl<I, T> Recorded<I, T> {
    /// A record that is being written for the first time.
    pub fn first(id: I, origin: InstanceId, content: T) -> Self {
        Self { id, revision: 1, origin, content }
    }
}

impl<I, T> Deref for Recorded<I, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.content
    }
}
