//! The seal against numbers worked out by hand: two hosts under one region, another region of the same nation, and a
//! nation of its own.
//!
//! `verify` shares the seal's way of reckoning, so it would share a mistake. These numbers come from nowhere but here.

use std::collections::BTreeMap;

use convene_domain::{
    access::Audience,
    change::{ChangeKind, EntityType},
    gathering::GatheringStatus,
    id::{CommunityId, GatheringId, ReportId},
    record::Recorded,
    report::{Attendance, GatheringReport, ReportParts, ReportStatus, Tags},
    text::HeadCount,
};
use convene_persistence::{Database, Write, gatherings, reports, verify};
use sea_orm::{ConnectionTrait, Statement};
use uuid::Uuid;

use crate::{
    network::{Tree, add_gathering, change, move_community, parts, plant},
    on_both,
};

/// Held, cancelled, RSVPs, reports and attendance of a community in April 2026; `None` when nothing is counted.
async fn sums(database: &Database, community: CommunityId) -> Option<[i64; 5]> {
    let sql = format!(
        "SELECT CAST(held AS bigint), CAST(cancelled AS bigint), rsvp_yes, CAST(reports AS bigint), attendance FROM community_months WHERE month = 202604 AND scope_id = {}",
        literal(database, community.uuid())
    );
    let row = database
        .reader()
        .query_one_raw(Statement::from_string(database.reader().get_database_backend(), sql))
        .await
        .expect("reads")?;
    Some([0, 1, 2, 3, 4].map(|column| row.try_get_by_index(column).expect("a number")))
}

/// Under which communities a report stands, as what.
async fn standing(database: &Database, report: ReportId) -> BTreeMap<Uuid, String> {
    let sql =
        format!("SELECT scope_id, audience, status FROM report_scopes WHERE report_id = {}", literal(database, report.uuid()));
    let rows = database
        .reader()
        .query_all_raw(Statement::from_string(database.reader().get_database_backend(), sql))
        .await
        .expect("reads");
    rows.iter()
        .map(|row| {
            let word = |column| row.try_get_by_index::<String>(column).expect("a word");
            (row.try_get_by_index(0).expect("a scope"), format!("{} {}", word(1), word(2)))
        })
        .collect()
}

fn literal(database: &Database, id: Uuid) -> String {
    match database.reader().get_database_backend() {
        sea_orm::DbBackend::Postgres => format!("'{id}'"),
        _ => format!("X'{}'", id.simple()),
    }
}

pub async fn report(
    database: &Database,
    tree: &Tree,
    of: GatheringId,
    id: ReportId,
    revision: i64,
    status: ReportStatus,
    people: i64,
) {
    let mut write = Write::begin(database, chrono::Utc::now()).await.expect("begins");
    let attendance = Attendance::try_new(HeadCount::try_new(people).ok(), Vec::new()).expect("legal");
    let content = GatheringReport {
        network: tree.network,
        gathering: of,
        external_id: None,
        status,
        audience: Audience::Public,
        submitted_at: None,
        attendance: attendance.total(),
    };
    let record = Recorded { id, revision, origin: write.instance(), content };
    let parts = ReportParts { attendance, items: Vec::new(), tags: Tags::default() };
    let kind = if revision == 1 {
        reports::add_many(&write, &[(record, parts)]).await.expect("adds");
        ChangeKind::Created
    } else {
        reports::update(&write, &record, &parts).await.expect("updates");
        ChangeKind::Updated
    };
    write.record(tree.network, change(kind, EntityType::GatheringReport, id.uuid(), revision));
    write.seal().await.expect("seals");
}

async fn rewrite(database: &Database, tree: &Tree, id: GatheringId, status: GatheringStatus, hosts: &[CommunityId]) {
    let mut write = Write::begin(database, chrono::Utc::now()).await.expect("begins");
    let mut record = gatherings::load_many(write.transaction(), &[id]).await.expect("reads").remove(&id).expect("is there");
    record.revision += 1;
    record.content.status = status;
    if gatherings::update(&write, &record, &parts(hosts)).await.expect("updates") {
        reports::follow_hosts(&mut write, id).await.expect("updates");
    }
    write.record(tree.network, change(ChangeKind::Updated, EntityType::Gathering, id.uuid(), record.revision));
    write.seal().await.expect("seals");
}

async fn every_kind_of_write_moves_the_sums_as_it_should(address: String) {
    let database = Database::open(&address, 4).await.expect("opens");
    let tree = plant(&database).await;
    // Nation 0 has regions 0 and 1; region 0 has cities 0 and 1, region 1 has city 2. Nation 1 has region 2 with city 4.
    let (nation, other_nation) = (tree.nations[0], tree.nations[1]);
    let (region, next_region, far_region) = (tree.regions[0], tree.regions[1], tree.regions[2]);
    let [host, second, next, far] = [0, 1, 2, 4].map(|city| tree.cities[city]);

    // One gathering of two cities of one region, with 7 RSVPs: once for each city, once for the region and the nation.
    let (_, id) = add_gathering(&database, &tree, &[host, second], 3).await.expect("writes");
    for community in [host, second, region, nation] {
        assert_eq!(sums(&database, community).await, Some([1, 0, 7, 0, 0]));
    }
    assert_eq!(sums(&database, next_region).await, None);

    // A draft does not count; handed in it does; amended it counts anew; taken back it counts no more.
    let its = ReportId::from_uuid(Uuid::now_v7());
    report(&database, &tree, id, its, 1, ReportStatus::Draft, 20).await;
    assert_eq!(sums(&database, nation).await, Some([1, 0, 7, 0, 0]));
    report(&database, &tree, id, its, 2, ReportStatus::Submitted, 20).await;
    assert_eq!(sums(&database, nation).await, Some([1, 0, 7, 1, 20]));
    report(&database, &tree, id, its, 3, ReportStatus::Reviewed, 25).await;
    assert_eq!(sums(&database, second).await, Some([1, 0, 7, 1, 25]));
    let stands = standing(&database, its).await;
    assert_eq!(stands.len(), 5, "two cities, a region, a nation and the network");
    assert!(stands.values().all(|as_what| as_what == "PUBLIC REVIEWED"));

    // Another host in another region: the nation still counts it once.
    rewrite(&database, &tree, id, GatheringStatus::Held, &[host, next]).await;
    assert_eq!(sums(&database, second).await, None);
    for community in [host, next, region, next_region, nation] {
        assert_eq!(sums(&database, community).await, Some([1, 0, 7, 1, 25]));
    }
    assert!(standing(&database, its).await.contains_key(&next_region.uuid()));

    // The second region moves to the other nation with its city: both nations count it now.
    move_community(&database, &tree, next_region, other_nation).await.expect("moves");
    assert_eq!(sums(&database, other_nation).await, Some([1, 0, 7, 1, 25]));
    assert_eq!(sums(&database, nation).await, Some([1, 0, 7, 1, 25]));
    assert!(standing(&database, its).await.contains_key(&other_nation.uuid()));

    // The first city moves there too: the first nation and region have nothing left, the other nation has it once.
    move_community(&database, &tree, host, far_region).await.expect("moves");
    for community in [region, nation] {
        assert_eq!(sums(&database, community).await, None);
    }
    for community in [host, far_region, other_nation] {
        assert_eq!(sums(&database, community).await, Some([1, 0, 7, 1, 25]));
    }
    assert_eq!(sums(&database, far).await, None);

    // Called off, with the report taken back: how many would have come is no sum of what was held.
    report(&database, &tree, id, its, 5, ReportStatus::Withdrawn, 25).await;
    rewrite(&database, &tree, id, GatheringStatus::Cancelled, &[host]).await;
    assert_eq!(sums(&database, other_nation).await, Some([0, 1, 0, 0, 0]));
    assert_eq!(sums(&database, next).await, None);
    assert_eq!(verify::run(&database, |_| {}).await.expect("verifies"), Vec::new());
}
on_both!(every_kind_of_write_moves_the_sums_as_it_should);
