//! A small network to write to: two nations, four regions, eight cities.

use chrono::{DateTime, Utc};
use convene_domain::{
    change::{ChangeKind, EntityType, Head, NewChange},
    community::{Community, CommunityStatus, Level, Profile},
    gathering::{Format, Gathering, GatheringParts, GatheringStatus, Hosts, Rsvps},
    id::{CommunityId, GatheringId, NetworkId},
    network::Network,
    occurrence::{Moment, Occurrence},
    place::{Home, Venue},
    record::Recorded,
    text::{HeadCount, Slug, Text},
};
use convene_persistence::{Database, Result, Write, communities, gatherings, log, networks};
use uuid::Uuid;

pub struct Tree {
    pub network: NetworkId,
    pub nations: Vec<CommunityId>,
    pub regions: Vec<CommunityId>,
    pub cities: Vec<CommunityId>,
}

pub fn change(kind: ChangeKind, entity_type: EntityType, entity: Uuid, revision: i64) -> NewChange {
    NewChange { kind, entity_type, entity, revision, occurred_at: None }
}

fn community(
    write: &Write,
    network: NetworkId,
    level: Level,
    parent: Option<CommunityId>,
    slug: &str,
) -> Recorded<CommunityId, Community> {
    let content = Community {
        network,
        slug: Slug::try_new(slug).expect("legal"),
        name: Text::try_new(slug).expect("legal"),
        level,
        parent,
        home: Home::default(),
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
    Recorded::first(CommunityId::from_uuid(Uuid::now_v7()), write.instance(), content)
}

/// Writes the network, each region under a nation and each city under a region.
pub async fn plant(database: &Database) -> Tree {
    let mut write = Write::begin(database, Utc::now()).await.expect("begins");
    let network = NetworkId::from_uuid(Uuid::now_v7());
    let content = Network {
        slug: Slug::try_new("care").expect("legal"),
        name: Text::try_new("Care network").expect("legal"),
        source_url: None,
        languages: Vec::new(),
    };
    networks::add_many(&write, &[Recorded::first(network, write.instance(), content)]).await.expect("adds");
    write.record(network, change(ChangeKind::Created, EntityType::Network, network.uuid(), 1));
    let mut records = Vec::new();
    let mut grow = |level, parents: &[CommunityId], each: usize, name: &str| -> Vec<CommunityId> {
        let parents: Vec<Option<CommunityId>> =
            if parents.is_empty() { vec![None] } else { parents.iter().copied().map(Some).collect() };
        let mut grown = Vec::new();
        for parent in parents {
            for _ in 0..each {
                let record = community(&write, network, level, parent, &format!("{name}-{}", grown.len()));
                grown.push(record.id);
                records.push(record);
            }
        }
        grown
    };
    let nations = grow(Level::National, &[], 2, "nation");
    let regions = grow(Level::Regional, &nations, 2, "region");
    let cities = grow(Level::City, &regions, 2, "city");
    communities::add_many(&write, &records).await.expect("adds");
    for record in &records {
        write.record(network, change(ChangeKind::Created, EntityType::Community, record.id.uuid(), 1));
    }
    write.seal().await.expect("seals");
    Tree { network, nations, regions, cities }
}

pub fn gathering(network: NetworkId, write: &Write, month: u32) -> Recorded<GatheringId, Gathering> {
    let at: DateTime<chrono::FixedOffset> =
        DateTime::parse_from_rfc3339(&format!("2026-{:02}-10T18:00:00+03:00", month % 12 + 1)).expect("a time");
    let occurrence =
        Occurrence::try_new(Moment::Hour(at), Some(Moment::Hour(at + chrono::TimeDelta::hours(2))), None).expect("legal");
    let content = Gathering {
        network,
        external_id: None,
        title: Text::try_new("Care for the caregiver").expect("legal"),
        occurrence,
        format: Format::InPerson,
        venue: Venue::default(),
        status: GatheringStatus::Held,
        announced_at: None,
        source_url: None,
        rsvps: Rsvps { yes: HeadCount::try_new(7).ok(), waitlist: None, observed_at: None },
    };
    Recorded::first(GatheringId::from_uuid(Uuid::now_v7()), write.instance(), content)
}

pub fn parts(hosts: &[CommunityId]) -> GatheringParts {
    GatheringParts { hosts: Hosts::try_new(hosts.to_vec()).expect("legal"), agenda: Vec::new(), invitations: Vec::new() }
}

/// Writes a gathering without sealing it.
pub async fn begin_gathering(
    database: &Database,
    tree: &Tree,
    hosts: &[CommunityId],
    month: u32,
) -> Result<(Write, GatheringId)> {
    let mut write = Write::begin(database, Utc::now()).await?;
    let record = gathering(tree.network, &write, month);
    gatherings::add_many(&write, &[(record.clone(), parts(hosts))]).await?;
    write.record(tree.network, change(ChangeKind::Created, EntityType::Gathering, record.id.uuid(), 1));
    Ok((write, record.id))
}

/// Writes a gathering.
pub async fn add_gathering(database: &Database, tree: &Tree, hosts: &[CommunityId], month: u32) -> Result<(Head, GatheringId)> {
    let (write, id) = begin_gathering(database, tree, hosts, month).await?;
    Ok((write.seal().await?[0], id))
}

/// Counts more people in, so that the sums move.
pub async fn change_gathering(
    database: &Database,
    tree: &Tree,
    id: GatheringId,
    hosts: &[CommunityId],
    yes: i64,
) -> Result<Head> {
    let mut write = Write::begin(database, Utc::now()).await?;
    let mut record = gatherings::load_many(write.transaction(), &[id]).await?.remove(&id).expect("is there");
    record.revision += 1;
    record.content.rsvps.yes = HeadCount::try_new(yes).ok();
    assert!(!gatherings::update(&write, &record, &parts(hosts)).await?, "the same hosts");
    write.record(tree.network, change(ChangeKind::Updated, EntityType::Gathering, id.uuid(), record.revision));
    Ok(write.seal().await?[0])
}

/// Puts a community under another parent.
pub async fn move_community(database: &Database, tree: &Tree, id: CommunityId, parent: CommunityId) -> Result<Head> {
    let mut write = Write::begin(database, Utc::now()).await?;
    let mut record = communities::load_many(write.transaction(), &[id]).await?.remove(&id).expect("is there");
    record.revision += 1;
    record.content.parent = Some(parent);
    communities::update(&write, &record).await?;
    write.record(tree.network, change(ChangeKind::Moved, EntityType::Community, id.uuid(), record.revision));
    Ok(write.seal().await?[0])
}

/// Where the log ends.
pub async fn position(database: &Database, network: NetworkId) -> i64 {
    let heads = log::load_heads(database.reader(), database.instance(), &[network]).await.expect("reads");
    heads.get(&network).expect("a head").position
}
