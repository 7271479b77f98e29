//! The change log: every write of a network, in the order in which it was committed.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    access::{Rights, RightsMark, Sight, Visibility},
    id::{ChangeId, CommunityId, GatheringId, GrantId, InstanceId, NetworkId, NodeId, ReportId, TermId, Within, WorkSiteId},
    page::Place,
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
        /// What someone may do. It has a place in the log, so that whoever follows it learns that rights may have changed;
        /// nobody is told of it.
        Grant = "GRANT",
        /// A work site with its assessments. It stands in the log for those who look after its place; nobody who follows is told
        /// of it.
        WorkSite = "WORK_SITE",
    }
}

impl EntityType {
    /// The identity of a record of this type.
    pub fn node(self, id: Uuid) -> NodeId {
        match self {
            Self::Network => NodeId::Network(NetworkId::from_uuid(id)),
            Self::Term => NodeId::Term(TermId::from_uuid(id)),
            Self::Community => NodeId::Community(CommunityId::from_uuid(id)),
            Self::Gathering => NodeId::Gathering(GatheringId::from_uuid(id)),
            Self::GatheringReport => NodeId::Report(ReportId::from_uuid(id)),
            Self::Grant => NodeId::Grant(GrantId::from_uuid(id)),
            Self::WorkSite => NodeId::WorkSite(WorkSiteId::from_uuid(id)),
        }
    }
}

words! {
    /// What happened to the record.
    ChangeKind, "kind of change" {
        /// It was written for the first time.
        Created = "CREATED",
        /// Its content changed, in a way that no other word names.
        Updated = "UPDATED",
        /// A community got another parent, a gathering, with its report, other hosts, or a work site another community.
        Moved = "MOVED",
        /// A community got another slug; the one before leads to it still.
        Renamed = "RENAMED",
        /// A community opened, or opened again.
        Opened = "OPENED",
        /// A community rests.
        Paused = "PAUSED",
        /// A community ended.
        Closed = "CLOSED",
        /// A gathering got another time.
        Rescheduled = "RESCHEDULED",
        /// A gathering took place.
        Held = "HELD",
        /// A gathering was called off.
        Cancelled = "CANCELLED",
        /// People were counted who said they would come to a gathering.
        RsvpsRecorded = "RSVPS_RECORDED",
        /// A report was handed in.
        Submitted = "SUBMITTED",
        /// A report that had been handed in was changed, or something was added to it.
        Amended = "AMENDED",
        /// A report was read and accepted.
        Reviewed = "REVIEWED",
        /// A report was taken back.
        Withdrawn = "WITHDRAWN",
        /// The name of a person was taken out of a report.
        Erased = "ERASED",
        /// The record was put together with another one, and is no more.
        Merged = "MERGED",
        /// The record is no more.
        Removed = "REMOVED",
        /// Nothing happened: the record is read as it is by someone who begins to follow. Never part of a log.
        Snapshot = "SNAPSHOT",
    }
}

impl ChangeKind {
    /// Whether the record is gone after such a change.
    pub fn ends(self) -> bool {
        matches!(self, Self::Merged | Self::Removed)
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

impl Effect {
    /// What a change with this effect in the tree means to a reader who had this much sight of the record before, and has
    /// after; `None` when it is nothing to them. A report that is narrowed to members leaves the sight of everyone else,
    /// wherever it stands in the tree.
    pub fn seen(self, change: &Change, (before, after): (Sight, Sight)) -> Option<Self> {
        if matches!(change.entity_type, EntityType::Grant | EntityType::WorkSite) {
            return None;
        }
        let sees = |sight: Sight, visibility: Option<Visibility>| visibility.is_none_or(|it| sight.sees(it));
        let before = self != Self::Entered && sees(before, change.was_visible_to);
        let after = self != Self::Left && sees(after, change.visible_to);
        match (before, after) {
            (false, false) => None,
            (false, true) => Some(Self::Entered),
            (true, true) => Some(Self::Changed),
            (true, false) => Some(Self::Left),
        }
    }
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
    /// When it happened, as told.
    pub occurred_at: DateTime<Utc>,
    /// When it was recorded here.
    pub recorded_at: DateTime<Utc>,
    /// Who could read the record before; `None` for everyone.
    pub was_visible_to: Option<Visibility>,
    /// Who can read it after; `None` for everyone.
    pub visible_to: Option<Visibility>,
}

impl Change {
    /// Whether something may be hidden by it that could be read before: a report narrowed or taken back, an item made
    /// confidential, a name taken out, a host less, a record removed, a community moved away from those who could read what is
    /// under it. What was made of earlier changes must not be shown any more then. Of drafts as well: others than before may
    /// read them, or less of them. Only one that is new, or is handed in, hides nothing.
    pub fn hides(&self) -> bool {
        let is_handed_in = self.was_visible_to == Some(Visibility::Authors) && self.visible_to > Some(Visibility::Authors);
        self.kind.ends() || self.moves_community() || (self.was_visible_to.is_some() && !is_handed_in)
    }

    /// Whether a community stands somewhere else after it, with everything that is under it and has no changes of its own.
    pub fn moves_community(&self) -> bool {
        self.entity_type == EntityType::Community && self.kind == ChangeKind::Moved
    }
}

/// A change with what it means to the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The change.
    pub change: Change,
    /// What it means to each scope that it touches: networks and communities.
    pub effects: Vec<(Uuid, Effect)>,
}

impl Entry {
    /// What the change means to a reader of a place; `None` when it is nothing to them.
    pub fn seen(&self, within: Within, rights: &Rights) -> Option<Effect> {
        let scope = within.uuid();
        let (_, effect) = self.effects.iter().find(|(id, _)| *id == scope)?;
        effect.seen(&self.change, sights(rights, &self.effects))
    }

    /// Whether the places of these rights cover something else after the change: a community came under one of them, or
    /// left it, with everything that stands under it and has no changes of its own. That may be anywhere in what is followed,
    /// also where the change itself does not touch it: deep under what moved, or hosted jointly with someone there.
    pub fn reshapes(&self, rights: &Rights) -> bool {
        let covers = |id: Uuid| rights.places().iter().any(|(place, _)| *place == id);
        self.change.moves_community() && self.effects.iter().any(|(id, effect)| *effect != Effect::Changed && covers(*id))
    }
}

/// How much of a record can be seen before and after a change, given what the change means to each place of the reader's:
/// where the record stood, and where it stands.
pub fn sights(rights: &Rights, effects: &[(Uuid, Effect)]) -> (Sight, Sight) {
    let but = |not: Effect| rights.at(effects.iter().filter(|(_, effect)| *effect != not).map(|(id, _)| *id));
    (but(Effect::Entered), but(Effect::Left))
}

/// The newest change of a network's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The log.
    pub log: LogId,
    /// Its place in the log; 0 when nothing was written yet.
    pub position: Position,
    /// The change at that place; nil when nothing was written yet.
    pub change: ChangeId,
}

impl Head {
    /// The cursor of everything that was written up to here.
    pub fn cursor(self, rights: &Rights) -> LogCursor {
        LogCursor::at(self.log, self.position, self.change, rights.mark())
    }
}

/// Which log a cursor is of: that of one network as one instance keeps it. The epoch grows when an instance begins a
/// network's log anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogId {
    /// The instance that keeps the log.
    pub instance: InstanceId,
    /// The network.
    pub network: NetworkId,
    /// How often the log was begun.
    pub epoch: u32,
}

/// A place in a log, for those who read on from it. It names the change at that place, so that it can be told whether
/// the log is still the one that it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogCursor {
    /// Which log.
    pub log: LogId,
    /// Everything up to here was read.
    pub position: Position,
    /// The beginning of the id of the change at the position; zero at 0.
    pub mark: u64,
    /// The rights it was read under.
    pub rights: RightsMark,
}

/// A place for those who read a log from its beginning on: first all records as they are, then what was written since
/// the reading began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadingCursor {
    /// Where the log ended when the reading began, or how far it was read since.
    pub log: LogCursor,
    /// How far the records were read; `None` when all of them were.
    pub snapshot: Option<SnapshotPlace>,
}

/// How far records were read as they are: types of records come one after the other.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SnapshotPlace {
    /// Which type is being read, by its place in [`EntityType::ALL`].
    pub entity_type: usize,
    /// After which record; `None` before the first.
    pub after: Option<Place>,
}

impl SnapshotPlace {
    /// The place before the first record of a type, which is named by its place in [`EntityType::ALL`].
    pub fn start_of(entity_type: usize) -> Self {
        Self { entity_type, after: None }
    }
}

impl LogCursor {
    /// How many bytes a cursor is.
    pub const BYTES: usize = 1 + 16 + 16 + 4 + 8 + 8 + 8;
    /// The form that cursors are written in.
    const VERSION: u8 = 2;
    /// The form in which they said of the rights only whether they were all, and how many bytes they were.
    const OLDER: (u8, usize) = (1, 1 + 16 + 16 + 4 + 8 + 8 + 1);

    /// How many bytes the cursor is that these begin with.
    pub fn length(bytes: &[u8]) -> usize {
        if bytes.first() == Some(&Self::OLDER.0) { Self::OLDER.1 } else { Self::BYTES }
    }

    /// The part of a change's id that a cursor keeps.
    pub fn mark(change: ChangeId) -> u64 {
        change.uuid().as_u64_pair().0
    }

    /// The cursor of a place in a log.
    pub fn at(log: LogId, position: Position, change: ChangeId, rights: RightsMark) -> Self {
        Self { log, position, mark: if position == 0 { 0 } else { Self::mark(change) }, rights }
    }

    /// The cursor as bytes.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let (instance, network) = (self.log.instance.uuid(), self.log.network.uuid());
        let fields: [&[u8]; 7] = [
            &[Self::VERSION],
            instance.as_bytes(),
            network.as_bytes(),
            &self.log.epoch.to_be_bytes(),
            &self.position.to_be_bytes(),
            &self.mark.to_be_bytes(),
            &self.rights.number().to_be_bytes(),
        ];
        let mut at = 0;
        for field in fields {
            bytes[at..at + field.len()].copy_from_slice(field);
            at += field.len();
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote; `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let is_older = (*version, bytes.len()) == Self::OLDER;
        (is_older || *version == Self::VERSION).then_some(())?;
        let (instance, rest) = rest.split_first_chunk::<16>()?;
        let (network, rest) = rest.split_first_chunk::<16>()?;
        let (epoch, rest) = rest.split_first_chunk::<4>()?;
        let (position, rest) = rest.split_first_chunk::<8>()?;
        let (mark, rest) = rest.split_first_chunk::<8>()?;
        let rights = match rest {
            [rights @ (0 | 1)] if is_older => u64::from(*rights),
            rest => u64::from_be_bytes(rest.try_into().ok()?),
        };
        let position = i64::from_be_bytes(*position);
        let log = LogId {
            instance: InstanceId::from_uuid(Uuid::from_bytes(*instance)),
            network: NetworkId::from_uuid(Uuid::from_bytes(*network)),
            epoch: u32::from_be_bytes(*epoch),
        };
        (position >= 0).then_some(())?;
        Some(Self { log, position, mark: u64::from_be_bytes(*mark), rights: RightsMark::from_number(rights) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: (Sight, Sight) = (Sight::Public, Sight::Public);
    const ALL: (Sight, Sight) = (Sight::Confidential, Sight::Confidential);

    fn change(was_visible_to: Option<Visibility>, visible_to: Option<Visibility>) -> Change {
        Change {
            network: NetworkId::from_uuid(Uuid::from_u128(1)),
            position: 7,
            id: ChangeId::from_uuid(Uuid::from_u128(2)),
            kind: ChangeKind::Amended,
            entity_type: EntityType::GatheringReport,
            entity: Uuid::from_u128(3),
            revision: 2,
            occurred_at: DateTime::UNIX_EPOCH,
            recorded_at: DateTime::UNIX_EPOCH,
            was_visible_to,
            visible_to,
        }
    }

    #[test]
    fn what_is_narrowed_leaves_the_sight_of_strangers_only() {
        let narrowed = change(Some(Visibility::Public), Some(Visibility::Members));
        assert_eq!(Effect::Changed.seen(&narrowed, PUBLIC), Some(Effect::Left));
        assert_eq!(Effect::Changed.seen(&narrowed, ALL), Some(Effect::Changed));
        let widened = change(Some(Visibility::Authors), Some(Visibility::Public));
        assert_eq!(Effect::Changed.seen(&widened, PUBLIC), Some(Effect::Entered));
        let hidden = change(Some(Visibility::Members), Some(Visibility::Authors));
        assert_eq!(Effect::Changed.seen(&hidden, PUBLIC), None);
    }

    #[test]
    fn whatever_is_done_to_a_report_may_hide_something_but_handing_it_in() {
        let [authors, members, public] = [Visibility::Authors, Visibility::Members, Visibility::Public].map(Some);
        for (was, is) in [(authors, authors), (members, authors), (public, members), (members, members), (members, public)] {
            assert!(change(was, is).hides(), "{was:?} to {is:?}");
        }
        for (was, is) in [(None, authors), (None, public), (authors, members), (authors, public), (None, None)] {
            assert!(!change(was, is).hides(), "{was:?} to {is:?}");
        }
        // Merged away it can be read by nobody.
        assert!(Change { kind: ChangeKind::Merged, ..change(authors, None) }.hides());
    }

    #[test]
    fn tree_and_audience_count_together() {
        // It came into the scope, and strangers may not see it.
        assert_eq!(Effect::Entered.seen(&change(Some(Visibility::Public), Some(Visibility::Members)), PUBLIC), None);
        // It left the scope and was narrowed at once: it is gone all the same.
        let left = change(Some(Visibility::Public), Some(Visibility::Members));
        assert_eq!(Effect::Left.seen(&left, PUBLIC), Some(Effect::Left));
        assert_eq!(Effect::Left.seen(&change(None, None), PUBLIC), Some(Effect::Left));
    }

    #[test]
    fn a_cursor_reads_back_and_nothing_else_does() {
        let log = LogId {
            instance: InstanceId::from_uuid(Uuid::from_u128(5)),
            network: NetworkId::from_uuid(Uuid::from_u128(6)),
            epoch: 1,
        };
        let cursor = LogCursor::at(log, 42, ChangeId::from_uuid(Uuid::from_u128(u128::MAX - 9)), RightsMark::ALL);
        assert_eq!(LogCursor::from_bytes(&cursor.to_bytes()), Some(cursor));
        assert_eq!(LogCursor::from_bytes(&cursor.to_bytes()[1..]), None);
        assert_eq!(LogCursor::from_bytes(&[0xff; LogCursor::BYTES]), None);
        // As it was written before there were roles.
        let mut older = cursor.to_bytes()[..LogCursor::BYTES - 7].to_vec();
        (older[0], *older.last_mut().unwrap()) = (1, 1);
        assert_eq!(LogCursor::from_bytes(&older), Some(cursor));
    }
}
