//! The communities of a network and how they stand.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use convene_domain::{
    community::{CommunityFilter, CommunityOrder, Level},
    id::CommunityId,
    page::{Direction, Page, PageRequest, Place},
};

use crate::communities::CommunityRecord;

type Shared = Arc<CommunityRecord>;

/// The communities of a network and how they stand.
#[derive(Debug)]
pub(crate) struct Tree {
    by_id: HashMap<CommunityId, Shared>,
    by_slug: HashMap<String, Shared>,
    /// Those right beneath each, by name.
    children: HashMap<CommunityId, Vec<Shared>>,
    /// What the regions are called, by their codes.
    regions: HashMap<String, String>,
}

impl Tree {
    /// The tree of all communities of a network.
    pub(crate) fn new(records: Vec<CommunityRecord>) -> Self {
        Self::of(records.into_iter().map(Arc::new).map(|record| (record.id, record)).collect())
    }

    /// The tree after some of its communities were read again: of those that are missing, nothing is left.
    pub(crate) fn with(&self, ids: &[CommunityId], mut records: HashMap<CommunityId, CommunityRecord>) -> Self {
        let mut by_id = self.by_id.clone();
        for id in ids {
            match records.remove(id) {
                Some(record) => by_id.insert(*id, Arc::new(record)),
                None => by_id.remove(id),
            };
        }
        Self::of(by_id)
    }

    fn of(by_id: HashMap<CommunityId, Shared>) -> Self {
        let mut children: HashMap<_, Vec<Shared>> = HashMap::new();
        let (mut by_slug, mut regions) = (HashMap::with_capacity(by_id.len()), HashMap::<String, String>::new());
        for record in by_id.values() {
            if let Some(parent) = record.parent {
                children.entry(parent).or_default().push(Arc::clone(record));
            }
            by_slug.insert(record.slug.to_string(), Arc::clone(record));
            let home = &record.home;
            if let (Some(code), Some(name)) = (&home.region_code, &home.region_name) {
                // Of several names the first is taken, in the order of the database.
                let known = regions.entry(code.to_string()).or_insert_with(|| name.to_string());
                if **name < **known {
                    *known = name.to_string();
                }
            }
        }
        for beneath in children.values_mut() {
            beneath.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        }
        Self { by_id, by_slug, children, regions }
    }

    /// How many communities there are.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// All communities, in no order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Shared> {
        self.by_id.values()
    }

    /// The community with this identity.
    pub(crate) fn get(&self, id: CommunityId) -> Option<&Shared> {
        self.by_id.get(&id)
    }

    /// The community with this slug. One that had it before is not found.
    pub(crate) fn get_by_slug(&self, slug: &str) -> Option<&Shared> {
        self.by_slug.get(slug)
    }

    /// What the regions are called, by their codes.
    pub(crate) fn regions(&self) -> &HashMap<String, String> {
        &self.regions
    }

    /// The communities that one stands under, the widest first, without itself; `None` when not all of them are here.
    pub(crate) fn ancestors(&self, id: CommunityId) -> Option<Vec<Shared>> {
        let (mut path, mut above) = (Vec::new(), self.get(id)?.parent);
        while let Some(id) = above {
            // While several are being moved, not all of them may have been read as they are afterwards.
            let record = self.get(id).filter(|_| path.len() < Level::ALL.len())?;
            above = record.parent;
            path.push(Arc::clone(record));
        }
        path.reverse();
        Some(path)
    }

    /// The communities right beneath one, by name.
    pub(crate) fn children(&self, parent: CommunityId) -> &[Shared] {
        self.children.get(&parent).map_or(&[], Vec::as_slice)
    }

    /// Those right beneath one that pass a filter which is about nothing that only the database can search for, by name.
    pub(crate) fn filtered(&self, parent: CommunityId, filter: &CommunityFilter) -> Option<impl Iterator<Item = &Shared>> {
        let simple = filter.children && filter.text.is_none() && filter.area.is_none();
        simple.then(|| self.children(parent).iter().filter(|record| passes(record, filter)))
    }

    /// A page of those right beneath one that pass such a filter.
    pub(crate) fn page(
        &self,
        parent: CommunityId,
        filter: &CommunityFilter,
        order: CommunityOrder,
        request: &PageRequest,
    ) -> Option<Page<Shared>> {
        let list = format!("communities.{order}");
        let text = |record: &Shared| match order {
            CommunityOrder::Name => record.name.to_string(),
            CommunityOrder::Slug => record.slug.to_string(),
        };
        // Texts are compared by code point here as there, and ids by their bytes.
        let key = |record: &Shared| (text(record), record.id.uuid());
        let beyond = |place: &Place| (place.text.clone(), place.id);
        let (after, before) = (request.after().map(beyond), request.before().map(beyond));
        let sorted: BTreeMap<_, _> = self.filtered(parent, filter)?.map(|record| (key(record), record)).collect();
        let within = sorted.into_iter().filter(|(key, _)| {
            after.as_ref().is_none_or(|after| key > after) && before.as_ref().is_none_or(|before| key < before)
        });
        let entry = |((text, id), record): (_, &Shared)| (Place { list: list.clone(), instant: 0, text, id }, Arc::clone(record));
        let read = usize::try_from(request.limit()).unwrap_or(usize::MAX).saturating_add(1);
        Some(Page::from_read(
            request,
            match request.direction() {
                Direction::Forward => within.take(read).map(entry).collect(),
                Direction::Backward => within.rev().take(read).map(entry).collect(),
            },
        ))
    }
}

fn passes(record: &CommunityRecord, filter: &CommunityFilter) -> bool {
    fn is_one<T: PartialEq>(wanted: &[T], value: Option<&T>) -> bool {
        wanted.is_empty() || value.is_some_and(|value| wanted.contains(value))
    }
    use chrono::Datelike;
    is_one(&filter.levels, Some(&record.level))
        && is_one(&filter.statuses, Some(&record.status))
        && is_one(&filter.countries, record.home.country.as_ref())
        && is_one(&filter.region_codes, record.home.region_code.as_ref())
        && is_one(&filter.founded_years, record.founded_on.map(|day| day.year()).as_ref())
        && filter.parent.is_none_or(|parent| record.parent == Some(parent))
        && !(filter.top && record.parent.is_some())
}

#[cfg(test)]
mod tests {
    use convene_domain::{
        community::{Community, CommunityStatus, Profile},
        id::{InstanceId, NetworkId},
        place::Home,
        record::Recorded,
    };
    use uuid::Uuid;

    use super::*;

    fn id(n: u128) -> CommunityId {
        CommunityId::from_uuid(Uuid::from_u128(n))
    }

    fn community(n: u128, name: &str, level: Level, parent: Option<u128>) -> CommunityRecord {
        let home = Home {
            region_code: (level == Level::Regional).then(|| "KE-30".parse().unwrap()),
            region_name: (level == Level::Regional).then(|| name.parse().unwrap()),
            ..Home::default()
        };
        let content = Community {
            network: NetworkId::from_uuid(Uuid::nil()),
            slug: format!("slug-{n}").parse().unwrap(),
            name: name.parse().unwrap(),
            level,
            parent: parent.map(id),
            home,
            time_zone: None,
            founded_on: None,
            joined_network_on: None,
            status: CommunityStatus::Open,
            source_status: None,
            members: None,
            default_audience: None,
            cadence: None,
            report_due_days: None,
            provenance: None,
            region_method: None,
            source_id: None,
            source_url: None,
            profile: Profile::default(),
        };
        Recorded::first(id(n), InstanceId::from_uuid(Uuid::nil()), content)
    }

    fn tree() -> Tree {
        Tree::new(vec![
            community(1, "Kenya", Level::National, None),
            community(2, "Rift Valley", Level::Regional, Some(1)),
            community(3, "Coast", Level::Regional, Some(1)),
            community(4, "Nakuru", Level::City, Some(2)),
            community(5, "Eldoret", Level::City, Some(2)),
            community(6, "Malindi", Level::City, Some(3)),
        ])
    }

    fn ids(records: &[Shared]) -> Vec<CommunityId> {
        records.iter().map(|record| record.id).collect()
    }

    #[test]
    fn a_path_leads_from_the_widest_down_and_children_come_by_name() {
        let tree = tree();
        assert_eq!(tree.ancestors(id(4)).map(|path| ids(&path)), Some(vec![id(1), id(2)]));
        assert_eq!(tree.ancestors(id(1)).map(|path| ids(&path)), Some(vec![]));
        assert!(tree.ancestors(id(9)).is_none());
        assert_eq!([1, 2, 6].map(|n| ids(tree.children(id(n)))), [vec![id(3), id(2)], vec![id(5), id(4)], vec![]]);
        assert_eq!(tree.regions()["KE-30"], "Coast", "the first by code point, as in the database");
    }

    #[test]
    fn what_was_read_again_replaces_what_was_there() {
        let moved = community(4, "Nakuru City", Level::City, Some(3));
        // One was moved, one is no more, and one is new.
        let new = community(7, "Lamu", Level::City, Some(3));
        let tree = tree().with(&[id(4), id(5), id(7)], HashMap::from([(id(4), moved), (id(7), new)]));
        assert_eq!((tree.len(), ids(tree.children(id(2)))), (6, vec![]));
        assert_eq!(ids(tree.children(id(3))), [id(7), id(6), id(4)]);
        assert!(tree.get(id(5)).is_none() && tree.get_by_slug("slug-5").is_none());
        assert_eq!(tree.get_by_slug("slug-4").map(|record| &*record.name), Some("Nakuru City"));
    }

    #[test]
    fn a_path_that_is_not_whole_is_none() {
        let above = HashMap::from([(id(2), community(2, "Rift Valley", Level::Regional, Some(8)))]);
        assert!(tree().with(&[id(2)], above).ancestors(id(4)).is_none(), "what it stands under was not read yet");
        let crossed = [(1, community(1, "Kenya", Level::National, Some(2)))];
        let crossed = tree().with(&[id(1)], crossed.map(|(n, record)| (id(n), record)).into());
        assert!(crossed.ancestors(id(4)).is_none(), "it leads nowhere");
    }
}
