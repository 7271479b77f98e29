//! Reading all records of a place as they are, for those who begin to follow it.
//!
//! The log's head is noted first and the cursor carries it. Whatever is written while the records are read stands
//! behind that head in the log, so it is read afterwards and nothing is missed, in whatever order records change.

use std::collections::HashMap;

use convene_domain::{
    access::Caller,
    change::{Change, ChangeKind, Effect, EntityType, ReadingCursor, SnapshotPlace},
    community::{CommunityFilter, CommunityOrder},
    gathering::{GatheringFilter, GatheringOrder},
    id::Within,
    page::{Page, PageRequest, Place},
    report::ReportFilter,
};
use convene_persistence::{communities, gatherings, log, networks, reports, terms};
use uuid::Uuid;

use super::{ChangeFilter, ChangePage, Reader, Seen};
use crate::{App, Error, Result, access};

/// A record that was read: where it stands in its list, its identity and its revision.
type Found = (Place, Uuid, i64);

/// Reads the next records of a place, at most `first`.
pub async fn snapshot(
    app: &App,
    caller: &Caller,
    reader: &Reader,
    filter: &ChangeFilter,
    (from, first): (SnapshotPlace, usize),
) -> Result<ChangePage> {
    let first = i64::try_from(first).unwrap_or(i64::MAX);
    let (mut place, mut items) = (Some(from), Vec::new());
    while let Some(now) = place.clone().filter(|_| items.is_empty()) {
        let Some(entity_type) = EntityType::ALL.get(now.entity_type).copied() else { break };
        let wanted = filter.entity_types.is_empty() || filter.entity_types.contains(&entity_type);
        let request = PageRequest::try_new(Some(first), None, now.after.clone(), None)
            .map_err(|reason| Error::Invalid { argument: "first", reason })?;
        let page = if wanted { read(app, caller, reader.within, entity_type, &request).await? } else { Page::empty() };
        let ids: Vec<(Uuid, i64)> = page.entries.iter().map(|(_, (_, id, revision))| (*id, *revision)).collect();
        let changes = if ids.is_empty() { HashMap::new() } else { log::load_by_revision(app.reader(), &ids).await? };
        // Records are shown at these revisions, or later ones.
        if let Some(last) = changes.values().map(|change| change.position).max() {
            app.heed(reader.here.log.network, last);
        }
        for (after, (_, id, _)) in &page.entries {
            let change = changes.get(id).ok_or(Error::Lost("the changes that records were brought to their revisions by"))?;
            let at = SnapshotPlace { entity_type: now.entity_type, after: Some(after.clone()) };
            let change = Change { kind: ChangeKind::Snapshot, was_visible_to: None, visible_to: None, ..change.clone() };
            items.push((ReadingCursor { log: reader.cursor(), snapshot: Some(at) }, Seen { change, effect: Effect::Entered }));
        }
        let last = page.entries.last().map(|(after, _)| after.clone());
        place = match (page.has_next, last) {
            (true, after @ Some(_)) => Some(SnapshotPlace { entity_type: now.entity_type, after }),
            _ => Some(now.entity_type + 1).filter(|next| *next < EntityType::ALL.len()).map(SnapshotPlace::start_of),
        };
    }
    // When all records were read, there is the log to go on with.
    Ok(ChangePage { items, end: ReadingCursor { log: reader.cursor(), snapshot: place }, has_more: true })
}

async fn read(app: &App, caller: &Caller, within: Within, entity_type: EntityType, request: &PageRequest) -> Result<Page<Found>> {
    let connection = app.reader();
    Ok(match entity_type {
        EntityType::Network => match within {
            Within::Network(id) => {
                let network = networks::load_many(connection, &[id]).await?.remove(&id);
                in_memory(network.map(|network| (network.id.uuid(), network.revision)).into_iter().collect(), request)
            }
            Within::Community(_) => Page::empty(),
        },
        EntityType::Term => match within {
            Within::Network(id) => {
                let terms = terms::load_by_network(connection, &[id]).await?.remove(&id).unwrap_or_default();
                in_memory(terms.iter().map(|term| (term.id.uuid(), term.revision)).collect(), request)
            }
            Within::Community(_) => Page::empty(),
        },
        EntityType::Community => {
            let pages =
                communities::list(connection, &[within], &CommunityFilter::default(), CommunityOrder::Slug, request).await?;
            brief(pages, |record| (record.id.uuid(), record.revision))
        }
        EntityType::Gathering => {
            let filter = GatheringFilter::default();
            let pages = gatherings::list(connection, &[within], &filter, GatheringOrder::OldestFirst, request).await?;
            brief(pages, |record| (record.id.uuid(), record.revision))
        }
        EntityType::GatheringReport => {
            let (rights, filter) = (access::rights_within(app, caller, &[within]).await?, ReportFilter::default());
            let pages = reports::list(connection, &rights, &[within], &filter, GatheringOrder::OldestFirst, request).await?;
            brief(pages, |record| (record.id.uuid(), record.revision))
        }
        EntityType::Grant | EntityType::WorkSite => Page::empty(),
    })
}

fn brief<T>(pages: HashMap<Uuid, Page<T>>, of: impl Fn(&T) -> (Uuid, i64)) -> Page<Found> {
    let page = pages.into_values().next().unwrap_or_else(Page::empty);
    let entries = page.entries.into_iter().map(|(place, record)| {
        let (id, revision) = of(&record);
        (place.clone(), (place, id, revision))
    });
    Page { entries: entries.collect(), has_previous: page.has_previous, has_next: page.has_next }
}

/// A page of records of which there are few, by identity.
fn in_memory(mut records: Vec<(Uuid, i64)>, request: &PageRequest) -> Page<Found> {
    records.sort_unstable();
    let after = request.after().map(|place| place.id);
    let rest = records.into_iter().filter(|(id, _)| after.is_none_or(|after| *id > after));
    let read = rest.map(|(id, revision)| {
        let place = Place { list: "snapshot".to_owned(), instant: 0, text: String::new(), id };
        (place.clone(), (place, id, revision))
    });
    Page::from_read(request, read.take(usize::try_from(request.limit()).unwrap_or(usize::MAX) + 1).collect())
}
