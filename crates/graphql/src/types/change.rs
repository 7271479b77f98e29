//! Changes: what was written, in the order in which it was written.

use async_graphql::{Enum, ID, Object};
use convene_application::changes::Seen;
use convene_domain::change;

use crate::scalars::{DateTime, int};

/// What kind of record changed.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "change::EntityType")]
pub(crate) enum EntityType {
    /// A network.
    Network,
    /// A term of a network's vocabulary.
    Term,
    /// A community.
    Community,
    /// A gathering.
    Gathering,
    /// A gathering report with its parts.
    GatheringReport,
    /// A role that was given, offered or taken back. Only the audit trail tells of it.
    Grant,
    /// A work site with its assessments. The audit trail has its changes; nobody who follows is told of them.
    WorkSite,
}

/// What happened to a record.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "change::ChangeKind")]
pub(crate) enum ChangeKind {
    /// It was written for the first time.
    Created,
    /// Its content changed, in a way that no other word names.
    Updated,
    /// A community got another parent, a gathering, with its report, other hosts, or a work site another community.
    Moved,
    /// A community got another slug; the one before leads to it still.
    Renamed,
    /// A community opened, or opened again.
    Opened,
    /// A community rests.
    Paused,
    /// A community ended.
    Closed,
    /// A gathering got another time.
    Rescheduled,
    /// A gathering took place.
    Held,
    /// A gathering was called off.
    Cancelled,
    /// People were counted who said they would come to a gathering.
    RsvpsRecorded,
    /// A report was handed in.
    Submitted,
    /// A report that had been handed in was changed, or something was added to it.
    Amended,
    /// A report was read and accepted.
    Reviewed,
    /// A report was taken back.
    Withdrawn,
    /// The name of a person was taken out of a report: take it out of what you keep, too.
    Erased,
    /// The record was put together with another one, and is no more.
    Merged,
    /// The record is no more.
    Removed,
    /// Nothing happened: the record is told as it is to someone who begins to follow (`changes` without `after`).
    Snapshot,
}

/// What a change means to the place that is followed, for you.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "change::Effect")]
pub(crate) enum Effect {
    /// The record came into the place, or into your sight.
    Entered,
    /// It was there and still is.
    Changed,
    /// It is no longer there, or no longer for you: forget it. Where a community left, so did all under it that nobody else hosts
    /// here.
    Left,
}

/// A change of a record, as it stands in the network's log. It is the same whenever it is read, and never altered.
#[derive(Debug)]
pub(crate) struct Change(pub(crate) Seen);

/// A change of a record, as it stands in the network's log. It is the same whenever it is read, and never altered.
#[Object]
impl Change {
    /// What happened.
    async fn kind(&self) -> ChangeKind {
        self.0.change.kind.into()
    }

    /// What it means to the place that is followed, as it was then.
    async fn effect(&self) -> Effect {
        self.0.effect.into()
    }

    /// What kind of record changed.
    async fn entity_type(&self) -> EntityType {
        self.0.change.entity_type.into()
    }

    /// The record's id, which `node` finds unless the record is gone or hidden.
    async fn entity_id(&self) -> ID {
        self.0.change.entity_type.node(self.0.change.entity).to_string().into()
    }

    /// The record's revision after the change, from 1.
    async fn revision(&self) -> i32 {
        int(self.0.change.revision)
    }

    /// When it happened, as told by whoever wrote it; when nobody told, the time of recording.
    async fn occurred_at(&self) -> DateTime {
        self.0.change.occurred_at.into()
    }

    /// When it was recorded here.
    async fn recorded_at(&self) -> DateTime {
        self.0.change.recorded_at.into()
    }
}
