//! The change log: every write of a network, in the order in which it was committed.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    id::{ChangeId, NetworkId},
    record::Revision,
    words::words,
};

/// A place in a network's log: 1, 2, 3, ... without gaps, in the order of the commits.
pub type Position = i64;

words! {
    /// What kind of record changed.
    EntityType, "type of entity" {
        /// A network.
        Network = "NETWORK",
        /// A term of a network's vocabulary.
        Term = "TERM",
        /// A community.
        Community = "COMMUNITY",
        /// A gathering.
        Gathering = "GATHERING",
        /// A gathering report with its parts.
        GatheringReport = "GATHERING_REPORT",
    }
}

words! {
    /// What happened to the record.
    ChangeKind, "kind of change" {
        /// It was written for the first time.
        Created = "CREATED",
        /// Its content changed.
        Updated = "UPDATED",
        /// A community got another parent.
        Moved = "MOVED",
    }
}

words! {
    /// What a change means to those who look at one scope.
    Effect, "effect" {
        /// The record came into the scope.
        Entered = "ENTERED",
        /// It was in the scope and still is.
        Changed = "CHANGED",
        /// It is no longer in the scope.
        Left = "LEFT",
    }
}

/// A change that is about to be sealed: what was written, without its place in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChange {
    /// What happened.
    pub kind: ChangeKind,
    /// What kind of record.
    pub entity_type: EntityType,
    /// The record's identity.
    pub entity: Uuid,
    /// The record's revision after the change.
    pub revision: Revision,
    /// When it happened, as told; `None` when only we know, and then it is the time of recording.
    pub occurred_at: Option<DateTime<Utc>>,
}

/// A change as it stands in the log. Never altered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The network whose log it is.
    pub network: NetworkId,
    /// Its place in the log.
    pub position: Position,
    /// Random; a cursor names it.
    pub id: ChangeId,
    /// What happened.
    pub kind: ChangeKind,
    /// What kind of record.
    pub entity_type: EntityType,
    /// The record's identity.
    pub entity: Uuid,
    /// The record's revision after the change.
    pub revision: Revision,
    /// What it means to the scope it was read in.
    pub effect: Effect,
    /// When it happened, as told.
    pub occurred_at: DateTime<Utc>,
    /// When it was recorded here.
    pub recorded_at: DateTime<Utc>,
}

/// The newest change of a network's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The network.
    pub network: NetworkId,
    /// Its place in the log; 0 when nothing was written yet.
    pub position: Position,
    /// The change at that place.
    pub change: ChangeId,
}
