//! The log of a network as its readers see it: page by page, or followed live. Both say the same.

mod snapshot;

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use convene_domain::{
    access::{Caller, Rights, RightsMark},
    change::{Change, ChangeKind, Effect, EntityType, Head, LogCursor, Position, ReadingCursor, sights},
    id::{NetworkId, Within},
};
use convene_persistence::{
    communities,
    log::{self, Extent},
    networks,
    prune::{self, Keep},
};
use uuid::Uuid;

pub use self::snapshot::snapshot;
use crate::{App, Error, Result, app::LOG_READS};
pub use convene_live::{
    CHECKPOINT, End, Follower, Group, Interest, Made, Making, Next, Rouse, TRIES, Told, Unmade, Waiting, Wakers,
};

/// How many changes are looked at for one page, at least and at most: not all of them mean something to the reader.
const SCAN: (u64, u64) = (100, 1_000);

/// What is kept of each log. A change is pruned only if it is both older and further back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// For how long.
    pub age: TimeDelta,
    /// How many changes.
    pub changes: u32,
}

/// Which changes a reader wants. An empty list means any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeFilter {
    /// Only changes of these types of records, and communities that come or go with everything under them.
    pub entity_types: Vec<EntityType>,
    /// Only these kinds, and whatever leaves the reader's sight or comes with a community.
    pub kinds: Vec<ChangeKind>,
}

impl ChangeFilter {
    /// Whether a change passes, given what it means to the reader.
    pub fn passes(&self, change: &Change, effect: Effect) -> bool {
        // Whoever keeps a record that left has to be told, whatever else they want to hear of.
        let typed = self.entity_types.is_empty() || self.entity_types.contains(&change.entity_type);
        let kind = self.kinds.is_empty() || effect == Effect::Left || self.kinds.contains(&change.kind);
        moves_subtree(change, effect) || typed && kind
    }
}

/// A change as a reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The change.
    pub change: Change,
    /// What it means to the reader.
    pub effect: Effect,
}

/// Where a reader is: in which place, with which rights, and how far in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// The place.
    pub within: Within,
    /// The rights.
    pub rights: Rights,
    /// Everything up to here was read.
    pub here: Head,
    /// Whether the place is no more: its log can be read to the end, and nobody begins to.
    pub is_gone: bool,
}

impl Reader {
    /// The cursor of where the reader is.
    pub fn cursor(&self) -> LogCursor {
        self.here.cursor(&self.rights)
    }

    /// Takes a reader past a change.
    pub fn pass(&mut self, change: &Change) {
        self.here.position = change.position;
        self.here.change = change.id;
    }

    /// The cursor that a reader has who has just read a change.
    pub fn cursor_of(&self, change: &Change) -> LogCursor {
        Head { position: change.position, change: change.id, ..self.here }.cursor(&self.rights)
    }
}

/// A page of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangePage {
    /// The changes, each with the place right after it.
    pub items: Vec<(ReadingCursor, Seen)>,
    /// Where to read on.
    pub end: ReadingCursor,
    /// Whether there is more to read now.
    pub has_more: bool,
}

/// Finds where a reader begins: at the cursor, or at the end of the log.
///
/// # Errors
///
/// Fails if the place does not exist, or if the cursor cannot be read on from.
pub async fn open(app: &App, caller: &Caller, within: Within, after: Option<LogCursor>) -> Result<Reader> {
    let (network, is_gone) = network_of(app, within, after.is_some()).await?.ok_or(Error::NoSuchPlace(within))?;
    let rights = caller.rights_in(network);
    let Some(cursor) = after else {
        let here = find_end(app, network).await?;
        return Ok(Reader { within, rights, here, is_gone });
    };
    if cursor.log.network != network {
        return Err(Error::ForeignCursor("is a cursor of another network"));
    }
    let here = resume(app, rights.mark(), cursor).await?;
    Ok(Reader { within, rights, here, is_gone })
}

/// Finds where the log of a network ends: whatever was written before this was asked is before that.
pub async fn find_end(app: &App, network: NetworkId) -> Result<Head> {
    match app.find_end(network).await? {
        Some(end) => Ok(end),
        None => Ok(extent_of(app, network).await?.head),
    }
}

/// Finds the place in a log that a cursor names. Nothing older is read from now on.
///
/// # Errors
///
/// Fails if the log cannot be read on from there with these rights.
pub async fn resume(app: &App, rights: RightsMark, cursor: LogCursor) -> Result<Head> {
    if cursor.rights != rights {
        return Err(Error::ScopeChanged);
    }
    let network = cursor.log.network;
    // Many who come back at once are found in memory.
    let here = match app.locate(network, cursor.position).await? {
        Some(here) => here,
        None => look_up(app, network, cursor.position).await?,
    };
    // The change that the cursor names has to be where it says: a log that was restored from a backup and written on
    // has another one there.
    if LogCursor::at(here.log, here.position, here.change, rights) != cursor {
        return Err(Error::CursorExpired);
    }
    app.heed(network, here.position);
    Ok(here)
}

/// Makes sure that a log reaches as far as a cursor says. Nothing older is read from now on.
///
/// # Errors
///
/// Fails if it does not, as after a backup was restored.
pub async fn reach(app: &App, cursor: LogCursor) -> Result<()> {
    resume(app, cursor.rights, cursor).await.map(drop)
}

/// Looks a position up in the log.
async fn look_up(app: &App, network: NetworkId, position: Position) -> Result<Head> {
    let extent = extent_of(app, network).await?;
    let head = extent.head;
    if position > head.position || !extent.reaches(position) {
        return Err(Error::CursorExpired);
    }
    let change = match position {
        0 => head.change,
        position => log::find_at(app.reader(), network, position).await?.ok_or(Error::CursorExpired)?,
    };
    Ok(Head { position, change, ..head })
}

/// Finds the network of a place, and whether the place is no more. It still has a log then, for those who were following
/// it.
pub(crate) async fn network_of(app: &App, within: Within, or_was: bool) -> Result<Option<(NetworkId, bool)>> {
    let found = match within {
        Within::Network(id) => networks::load_many(app.reader(), &[id]).await?.remove(&id).map(|network| network.id),
        Within::Community(id) => communities::load_many(app.reader(), &[id]).await?.remove(&id).map(|it| it.network),
    };
    match found {
        None if or_was => Ok(log::network_of(app.reader(), within).await?.map(|network| (network, true))),
        found => Ok(found.map(|network| (network, false))),
    }
}

/// Follows what a group is told of the log that a reader reads, and begins such a group if there is none.
pub async fn follow(app: &App, reader: &Reader, group: Group, interest: Interest) -> Result<Follower> {
    app.follow(reader.here.log.network, group, interest).await
}

async fn extent_of(app: &App, network: NetworkId) -> Result<Extent> {
    let found = log::load_extent(app.reader(), app.database().instance(), network).await?;
    found.ok_or(Error::Lost("the heads of a log"))
}

/// Prunes all logs, and says how many places in them were passed.
pub async fn prune(app: &App, retention: Retention, now: DateTime<Utc>) -> Result<u64> {
    let keep = Keep { since: now - retention.age, changes: i64::from(retention.changes) };
    Ok(prune::run(app.database(), keep).await?)
}

/// Reads on from the database: the next changes that mean something to the reader, at most `limit` of them. Takes the
/// reader past all that was looked at, and says whether that was all there is.
///
/// # Errors
///
/// Fails if the log was pruned past the reader, also while it was being read: then some of it may be missing.
pub async fn read_on(app: &App, reader: &mut Reader, limit: usize) -> Result<(Vec<Seen>, bool)> {
    let network = reader.here.log.network;
    // Noted before the changes are read, so that none of those up to here can be missing among them.
    let head = extent_of(app, network).await?.head;
    let scan = (limit as u64 * 4).clamp(SCAN.0, SCAN.1);
    LOG_READS.increment(1);
    let found = log::list_within(app.reader(), network, reader.within, reader.here.position, scan).await?;
    let places = places_of(&reader.rights);
    let moved = log::find_move(app.reader(), network, &places, reader.here.position).await?;
    // Looked at after the changes were read: whatever is deleted was below the floor before.
    if !extent_of(app, network).await?.reaches(reader.here.position) {
        return Err(Error::CursorExpired);
    }
    // Records are shown as they were after their changes, or later.
    if let Some((last, _)) = found.last() {
        app.heed(network, last.position);
    }
    let mut effects = match found.last() {
        Some((last, _)) => log::load_effects(app.reader(), network, &places, (reader.here.position, last.position)).await?,
        None => HashMap::new(),
    };
    let (mut seen, all) = (Vec::new(), (found.len() as u64) < scan);
    for (change, effect) in found {
        if seen.len() == limit {
            return Ok((seen, false));
        }
        if moved.is_some_and(|moved| moved <= change.position) {
            break;
        }
        let effects = effects.remove(&change.position).unwrap_or_default();
        reader.pass(&change);
        let sights = sights(&reader.rights, &effects);
        seen.extend(effect.seen(&change, sights).map(|effect| Seen { change, effect }));
    }
    // Whatever is under what moved came or went without a change of its own: it is read anew.
    if moved.is_some() {
        return if seen.is_empty() { Err(Error::ScopeChanged) } else { Ok((seen, false)) };
    }
    if all && head.position > reader.here.position {
        reader.here = head;
    }
    Ok((seen, all))
}

/// The places of which it matters to a reader with these rights what changes mean to them.
fn places_of(rights: &Rights) -> Vec<Uuid> {
    rights.places().iter().map(|(id, _)| *id).collect()
}

/// Reads a page of changes on from a reader's place.
pub async fn page(app: &App, mut reader: Reader, filter: &ChangeFilter, first: usize) -> Result<ChangePage> {
    let start = reader.clone();
    let (seen, all) = read_on(app, &mut reader, first).await?;
    let reading = |log| ReadingCursor { log, snapshot: None };
    let items = seen.into_iter().filter(|it| filter.passes(&it.change, it.effect));
    let items = items.map(|it| (reading(start.cursor_of(&it.change)), it)).collect();
    Ok(ChangePage { items, end: reading(reader.cursor()), has_more: !all })
}

/// Whether a change of a community is one of everything under it, which came or left with it and has no changes of its own.
pub fn moves_subtree(change: &Change, effect: Effect) -> bool {
    change.moves_community() && effect != Effect::Changed
}
