//! Whoever may see a work site is told where it is as precisely as they may know, in lists, counts and one by one; and its
//! newest assessment is that of the day that is asked for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{NaiveDate, Utc};
use convene_domain::{
    access::{Audience, Caller, Rights, Role, RoleAt, Sight, Verb, Who},
    change::{ChangeKind, EntityType},
    id::{AccountId, AssessmentId, CommunityId, TokenId, Within, WorkSiteId},
    page::PageRequest,
    place::Coordinates,
    record::Recorded,
    text::Text,
    work_site::{Assessed, Assessment, Need, Precision, SeenSite, Strength, WorkSite, WorkSiteFilter},
};
use convene_persistence::{
    Database, Write,
    audit::{self, Trail},
    communities, verify, work_sites,
};
use uuid::Uuid;

use crate::{
    network::{Tree, change, move_community, plant},
    on_both,
};

type Record = Recorded<WorkSiteId, WorkSite>;

fn text(text: &str) -> Text {
    Text::try_new(text).expect("legal")
}

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 5, day).expect("a day")
}

fn site(write: &Write, tree: &Tree, community: CommunityId, name: &str) -> Record {
    let content = WorkSite {
        network: tree.network,
        community,
        name: text(name),
        country: "KE".parse().ok(),
        region: Some(text("Rift Valley")),
        coordinates: Coordinates::try_new(-1.2921, 36.8219).ok(),
        precision: Precision::Near,
        audience: Audience::Public,
    };
    Recorded::first(WorkSiteId::from_uuid(Uuid::now_v7()), write.instance(), content)
}

/// Adds sites, each as it is made different.
async fn add(
    database: &Database,
    tree: &Tree,
    sites: &[(CommunityId, &str)],
    differ: impl Fn(usize, &mut WorkSite),
) -> Vec<Record> {
    let mut write = Write::begin(database, Utc::now()).await.expect("begins");
    let mut added = Vec::new();
    for (number, (community, name)) in sites.iter().enumerate() {
        let mut site = site(&write, tree, *community, name);
        differ(number, &mut site.content);
        work_sites::add(&write, &site).await.expect("adds");
        write.record(tree.network, change(ChangeKind::Created, EntityType::WorkSite, site.id.uuid(), 1));
        added.push(site);
    }
    write.seal().await.expect("seals");
    added
}

fn above(tree: &Tree, city: CommunityId) -> [Uuid; 4] {
    let at = tree.cities.iter().position(|id| *id == city).expect("a city of the tree");
    [tree.network.uuid(), tree.nations[at / 4].uuid(), tree.regions[at / 2].uuid(), city.uuid()]
}

fn holder(roles: Vec<RoleAt>) -> Rights {
    Caller::signed_in(Who::Account(AccountId::from_uuid(Uuid::now_v7())), roles, Verb::ALL.to_vec(), None).rights()
}

fn page(first: i64) -> PageRequest {
    PageRequest::try_new(Some(first), None, None, None).expect("legal")
}

/// What is shown, by site.
fn points<'s>(seen: impl IntoIterator<Item = &'s SeenSite>) -> BTreeMap<WorkSiteId, Option<[String; 2]>> {
    let point = |point: Coordinates| [point.latitude(), point.longitude()].map(|degrees| degrees.to_string());
    seen.into_iter().map(|it| (it.site.id, it.site.coordinates.map(point))).collect()
}

async fn a_site_is_shown_as_precisely_as_it_says(address: String) {
    let database = Database::open(&address, 4).await.expect("opens");
    let tree = plant(&database).await;
    let of: Vec<_> = tree.cities.iter().flat_map(|city| std::iter::repeat_n((*city, "Clinic"), 9)).collect();
    let sites = add(&database, &tree, &of, |number, site| {
        (site.audience, site.precision) = (Audience::ALL[number % 3], Precision::ALL[number / 3 % 3]);
    })
    .await;
    let mut holders = vec![Rights::public(), Rights::all()];
    for role in Role::ALL {
        let at = |id: CommunityId| RoleAt::at(tree.network, id, *role);
        holders.push(holder(vec![RoleAt::in_network(tree.network, *role)]));
        holders.extend([tree.nations[1], tree.regions[1], tree.cities[2]].map(|id| holder(vec![at(id)])));
        holders.push(holder(vec![at(tree.cities[0]), RoleAt::at(tree.network, tree.nations[0], Role::Member)]));
    }
    let connection = database.reader();
    let ids: Vec<WorkSiteId> = sites.iter().map(|site| site.id).collect();
    let (exact, near) = (["-1.2921", "36.8219"].map(str::to_owned), ["-1.25", "36.85"].map(str::to_owned));
    let (mut hidden, mut shown) = (0, [0; 3]);
    for rights in &holders {
        let mut expected = BTreeMap::new();
        for site in &sites {
            let sight = rights.at(above(&tree, site.community));
            if !sight.audiences().contains(&site.audience) {
                hidden += 1;
                continue;
            }
            let point = match site.precision {
                _ if sight >= Sight::Drafts => Some(exact.clone()),
                Precision::Exact => Some(exact.clone()),
                Precision::Near => Some(near.clone()),
                Precision::Region => None,
            };
            shown[point.as_ref().map_or(2, |point| usize::from(*point == near))] += 1;
            expected.insert(site.id, point);
        }
        let by_id = work_sites::load_many(connection, rights, &ids).await.expect("reads");
        assert_eq!(points(by_id.values()), expected, "{rights:?}");
        for seen in by_id.values() {
            let point = expected[&seen.site.id].as_ref();
            assert_eq!(seen.is_exact, point == Some(&exact), "{rights:?}");
        }
        let filter = WorkSiteFilter::default();
        for (place, at) in [(Within::Network(tree.network), 0), (Within::Community(tree.regions[1]), 2)] {
            let listed = work_sites::list(connection, rights, place, &filter, &page(100)).await.expect("reads");
            let listed = listed.map(|page| page.entries).unwrap_or_default();
            let here: BTreeSet<_> =
                sites.iter().filter(|site| above(&tree, site.community)[at] == place.uuid()).map(|site| site.id).collect();
            let expected: BTreeMap<_, _> =
                expected.iter().filter(|(id, _)| here.contains(id)).map(|(id, point)| (*id, point.clone())).collect();
            assert_eq!(points(listed.iter().map(|(_, seen)| seen)), expected, "{rights:?} in {place:?}");
            let count = work_sites::count(connection, rights, place, &filter).await.expect("counts");
            assert_eq!(count, expected.len() as u64, "{rights:?} in {place:?}");
        }
        // Of several communities at once, each has its own page.
        let asked = [tree.cities[2], tree.cities[7], tree.regions[0]];
        let own = work_sites::list_own(connection, rights, &asked, &filter, &page(4)).await.expect("reads");
        let totals = work_sites::count_own(connection, rights, &asked, &filter).await.expect("counts");
        for city in &asked {
            let all: BTreeMap<_, _> = sites
                .iter()
                .filter(|site| site.community == *city)
                .filter_map(|site| Some((site.id, expected.get(&site.id)?.clone())))
                .collect();
            let listed = own.get(city).map(|page| page.entries.as_slice()).unwrap_or_default();
            // All are called the same, so they come in the order of their ids.
            assert_eq!(
                points(listed.iter().map(|(_, seen)| seen)),
                all.iter().take(4).map(|(id, it)| (*id, it.clone())).collect()
            );
            assert_eq!(own.get(city).is_some_and(|page| page.has_next), all.len() > 4, "{rights:?}");
            assert_eq!(totals.get(city).copied().unwrap_or_default(), all.len() as u64, "{rights:?}");
        }
    }
    assert!(hidden > 100 && shown.iter().all(|number| *number > 100), "{hidden} hidden, {shown:?} shown");
}
on_both!(a_site_is_shown_as_precisely_as_it_says);

fn assessment(on: NaiveDate, strength: Option<Strength>, need: Option<Need>) -> Assessment {
    Assessment {
        id: AssessmentId::from_uuid(Uuid::now_v7()),
        assessed_on: on,
        strength,
        need,
        source: text("Survey"),
        note: None,
    }
}

async fn assess(database: &Database, site: WorkSiteId, assessment: &Assessment) {
    let mut write = Write::begin(database, Utc::now()).await.expect("begins");
    let mut record = work_sites::lock(&write, site).await.expect("reads").expect("is there");
    work_sites::add_assessment(&write, site, assessment).await.expect("adds");
    record.revision += 1;
    work_sites::update(&write, &record).await.expect("writes");
    write.record(record.network, change(ChangeKind::Updated, EntityType::WorkSite, site.uuid(), record.revision));
    write.seal().await.expect("seals");
}

async fn the_newest_assessment_is_that_of_the_day(address: String) {
    let database = Database::open(&address, 4).await.expect("opens");
    let tree = plant(&database).await;
    let city = tree.cities[0];
    let sites = add(&database, &tree, &[(city, "A"), (city, "B"), (city, "C")], |_, _| {}).await;
    let [a, b, c] = [0, 1, 2].map(|at| sites[at].id);
    let weak = assessment(day(3), Some(Strength::Weak), Some(Need::Urgent));
    let strong = assessment(day(10), Some(Strength::Strong), None);
    // Of one day the one that was written later.
    let growing = assessment(day(10), Some(Strength::Growing), Some(Need::Low));
    let of_b = assessment(day(5), None, Some(Need::Urgent));
    // Written in another order than that of the days.
    for (site, it) in [(a, &strong), (a, &weak), (a, &growing), (b, &of_b)] {
        assess(&database, site, it).await;
    }
    let connection = database.reader();
    for (on, expected) in [
        (day(2), HashMap::new()),
        (day(3), HashMap::from([(a, weak.id)])),
        (day(9), HashMap::from([(a, weak.id), (b, of_b.id)])),
        (day(10), HashMap::from([(a, growing.id), (b, of_b.id)])),
    ] {
        let newest = work_sites::load_newest_assessments(connection, &[a, b, c], on).await.expect("reads");
        assert_eq!(newest.iter().map(|(site, it)| (*site, it.id)).collect::<HashMap<_, _>>(), expected, "{on}");
    }
    let all = work_sites::load_assessments(connection, &[a, c], day(31)).await.expect("reads");
    assert_eq!(all, HashMap::from([(a, vec![growing.clone(), strong.clone(), weak.clone()])]));
    let early = work_sites::load_assessments(connection, &[a], day(9)).await.expect("reads");
    assert_eq!(early, HashMap::from([(a, vec![weak.clone()])]));

    let asked = |as_of: NaiveDate| Assessed { as_of, strengths: Vec::new(), needs: Vec::new(), before: None };
    for (assessed, expected) in [
        (Assessed { strengths: vec![Strength::Growing], ..asked(day(31)) }, "A"),
        (Assessed { strengths: vec![Strength::Strong, Strength::Weak], ..asked(day(31)) }, ""),
        (Assessed { strengths: vec![Strength::Weak], ..asked(day(9)) }, "A"),
        (Assessed { needs: vec![Need::Urgent], ..asked(day(9)) }, "AB"),
        (Assessed { needs: vec![Need::Urgent], ..asked(day(31)) }, "B"),
        (Assessed { strengths: vec![Strength::Weak], needs: vec![Need::Urgent], ..asked(day(9)) }, "A"),
        (Assessed { before: Some(day(10)), ..asked(day(31)) }, "BC"),
        (Assessed { before: Some(day(11)), ..asked(day(31)) }, "ABC"),
        (Assessed { before: Some(day(10)), ..asked(day(9)) }, "ABC"),
        (Assessed { needs: vec![Need::Urgent], before: Some(day(5)), ..asked(day(9)) }, "A"),
    ] {
        let filter = WorkSiteFilter { countries: Vec::new(), assessed: Some(assessed) };
        let place = Within::Network(tree.network);
        let listed = work_sites::list(connection, &Rights::public(), place, &filter, &page(100)).await.expect("reads");
        let listed = listed.map(|page| page.entries).unwrap_or_default();
        assert_eq!(listed.iter().map(|(_, seen)| seen.site.name.to_string()).collect::<String>(), expected, "{filter:?}");
        let count = work_sites::count(connection, &Rights::public(), place, &filter).await.expect("counts");
        assert_eq!(count, expected.len() as u64, "{filter:?}");
    }
    for (country, expected) in [("KE", 3), ("TZ", 0)] {
        let filter = WorkSiteFilter { countries: vec![country.parse().expect("legal")], assessed: None };
        let place = Within::Community(city);
        assert_eq!(work_sites::count(connection, &Rights::public(), place, &filter).await.expect("counts"), expected);
    }

    let mut write = Write::begin(&database, Utc::now()).await.expect("begins");
    assert!(!work_sites::remove_assessment(&write, b, growing.id).await.expect("reads"), "it is one of another site");
    assert!(work_sites::remove_assessment(&write, a, growing.id).await.expect("removes"));
    assert_eq!(work_sites::count_assessments(&write, a).await.expect("counts"), 2);
    let mut record = work_sites::lock(&write, a).await.expect("reads").expect("is there");
    record.revision += 1;
    work_sites::update(&write, &record).await.expect("writes");
    write.record(tree.network, change(ChangeKind::Updated, EntityType::WorkSite, a.uuid(), record.revision));
    write.seal().await.expect("seals");
    let newest = work_sites::load_newest_assessments(connection, &[a], day(31)).await.expect("reads");
    assert_eq!(newest, HashMap::from([(a, strong)]));
    assert_eq!(verify::run(&database, |_| {}).await.expect("verifies"), Vec::new());
}
on_both!(the_newest_assessment_is_that_of_the_day);

/// The kinds of the changes of a site that a place's trail has, the newest first.
async fn trail(database: &Database, tree: &Tree, within: Within, site: WorkSiteId) -> Vec<ChangeKind> {
    let asked = Trail { network: tree.network, within, record: Some(site.uuid()), by: None, before: None };
    let found = audit::list(database.reader(), &asked, 100).await.expect("reads");
    found.into_iter().map(|signed| signed.change.kind).collect()
}

async fn sites_stand_where_their_community_stands(address: String) {
    let database = Database::open(&address, 4).await.expect("opens");
    let tree = plant(&database).await;
    let (from, to) = (tree.cities[0], tree.cities[7]);
    let sites = add(&database, &tree, &[(from, "Stays"), (from, "Goes")], |_, _| {}).await;
    let (stays, goes) = (sites[0].id, sites[1].id);
    assess(&database, goes, &assessment(day(3), Some(Strength::Weak), None)).await;

    let mut write = Write::begin(&database, Utc::now()).await.expect("begins");
    write.signed(Some(Who::Token(TokenId::from_uuid(Uuid::now_v7()))));
    let mut gone = work_sites::lock(&write, goes).await.expect("reads").expect("is there");
    gone.revision += 1;
    work_sites::remove(&write, &gone).await.expect("removes");
    write.record(tree.network, change(ChangeKind::Removed, EntityType::WorkSite, goes.uuid(), gone.revision));
    write.seal().await.expect("seals");
    let write = Write::begin(&database, Utc::now()).await.expect("begins");
    assert_eq!(work_sites::lock(&write, goes).await.expect("reads"), None);
    assert_eq!(work_sites::count_assessments(&write, goes).await.expect("counts"), 0);
    drop(write);
    let connection = database.reader();
    let left = work_sites::load_many(connection, &Rights::all(), &[stays, goes]).await.expect("reads");
    assert_eq!(left.into_keys().collect::<Vec<_>>(), [stays]);
    use ChangeKind::{Created, Moved, Removed, Updated};
    for within in [Within::Community(from), Within::Community(tree.nations[0]), Within::Network(tree.network)] {
        assert_eq!(trail(&database, &tree, within, goes).await, [Removed, Updated, Created], "{within:?}");
    }
    assert_eq!(trail(&database, &tree, Within::Community(to), goes).await, []);
    assert_eq!(verify::run(&database, |_| {}).await.expect("verifies"), Vec::new());

    // A community that moves takes its sites along, and they are no others.
    move_community(&database, &tree, tree.regions[0], tree.nations[1]).await.expect("moves");
    let filter = WorkSiteFilter::default();
    for (place, expected) in [(tree.nations[0], 0), (tree.nations[1], 1)] {
        let place = Within::Community(place);
        assert_eq!(work_sites::count(connection, &Rights::public(), place, &filter).await.expect("counts"), expected);
    }
    assert_eq!(verify::run(&database, |_| {}).await.expect("verifies"), Vec::new());

    // One that becomes part of another one gives its sites to that one.
    let mut write = Write::begin(&database, Utc::now()).await.expect("begins");
    assert_eq!(work_sites::rehost(&write, from, to).await.expect("moves"), [(stays, 2)]);
    write.record(tree.network, change(Moved, EntityType::WorkSite, stays.uuid(), 2));
    let mut community = communities::lock(&write, to).await.expect("reads").expect("is there");
    community.revision += 1;
    communities::update(&write, &community).await.expect("writes");
    write.record(tree.network, change(Updated, EntityType::Community, to.uuid(), community.revision));
    write.seal().await.expect("seals");
    let own = work_sites::count_own(connection, &Rights::public(), &[from, to], &filter).await.expect("counts");
    assert_eq!(own, HashMap::from([(to, 1)]));
    assert_eq!(trail(&database, &tree, Within::Community(to), stays).await, [Moved]);
    assert_eq!(verify::run(&database, |_| {}).await.expect("verifies"), Vec::new());
}
on_both!(sites_stand_where_their_community_stands);
