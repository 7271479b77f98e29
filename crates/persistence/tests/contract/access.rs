//! Whoever has a role reads what it lets them read, in lists, counts and one by one, and nothing else.

use std::collections::BTreeSet;

use convene_domain::{
    access::{Audience, Caller, Role, RoleAt, Sight, Verb, Visibility, Who},
    change::{ChangeKind, EntityType, NewChange},
    gathering::GatheringOrder,
    id::{AccountId, CommunityId, NetworkId, ReportId, Within},
    page::PageRequest,
    report::{ReportFilter, ReportStatus},
};
use convene_persistence::{Database, Write, gatherings, reports};
use uuid::Uuid;

use crate::{
    lists::fill,
    network::{Tree, plant},
    on_both,
};

/// The places that a city stands under, itself and the network included.
fn above(tree: &Tree, city: CommunityId) -> Vec<Uuid> {
    let at = tree.cities.iter().position(|id| *id == city).expect("a city of the tree");
    vec![tree.network.uuid(), tree.nations[at / 4].uuid(), tree.regions[at / 2].uuid(), city.uuid()]
}

fn holder(roles: Vec<RoleAt>) -> Caller {
    Caller::signed_in(Who::Account(AccountId::from_uuid(Uuid::now_v7())), roles, Verb::ALL.to_vec(), None)
}

async fn give_audience(database: &Database, id: ReportId, audience: Audience) {
    let mut write = Write::begin(database, chrono::Utc::now()).await.expect("begins");
    let mut report = reports::lock(&write, id).await.expect("reads").expect("is there");
    report.content.audience = audience;
    report.revision += 1;
    reports::update_record(&write, &report).await.expect("writes");
    let (entity, revision) = (id.uuid(), report.revision);
    let kind = ChangeKind::Updated;
    write.record(
        report.network,
        NewChange { kind, entity_type: EntityType::GatheringReport, entity, revision, occurred_at: None },
    );
    write.seal().await.expect("seals");
}

async fn a_role_shows_what_it_lets_its_holder_read(address: String) {
    let database = Database::open(&address, 4).await.expect("opens");
    let tree = plant(&database).await;
    let all = fill(&database, &tree).await;
    for (number, (_, id)) in all.iter().enumerate() {
        give_audience(&database, *id, Audience::ALL[number % 3]).await;
    }
    let connection = database.reader();
    let (n, elsewhere) = (tree.network, NetworkId::from_uuid(Uuid::now_v7()));
    let places = [n.uuid(), tree.nations[0].uuid(), tree.regions[1].uuid(), tree.cities[2].uuid(), tree.cities[7].uuid()];
    let mut holders = vec![Caller::Anonymous, Caller::Operator, holder(vec![RoleAt::in_network(elsewhere, Role::Admin)])];
    for role in Role::ALL {
        let at = |id: CommunityId| RoleAt::at(n, id, *role);
        holders.push(holder(vec![RoleAt::in_network(n, *role)]));
        holders.extend([tree.nations[1], tree.regions[1], tree.cities[2]].map(|id| holder(vec![at(id)])));
        // A lesser role in a wider place beside it.
        holders.push(holder(vec![at(tree.cities[0]), RoleAt::at(n, tree.nations[0], Role::Member)]));
    }
    let ids: Vec<ReportId> = all.iter().map(|(_, id)| *id).collect();
    let found = reports::load_many(connection, &Caller::Operator.rights(), &ids).await.expect("reads");
    let (mut shown, mut hidden) = (0, 0);
    for holder in &holders {
        let rights = holder.rights();
        let mut expected = BTreeSet::new();
        for (gathering, id) in &all {
            let hosts = gatherings::load_hosts(connection, &[*gathering]).await.expect("reads").remove(gathering).expect("hosts");
            let scopes: BTreeSet<Uuid> = hosts.iter().flat_map(|host| above(&tree, *host)).collect();
            let report = &found[id];
            if rights.at(scopes.iter().copied()).sees(Visibility::of_report(report.audience, report.status)) {
                expected.insert((*id, scopes));
            }
        }
        (shown, hidden) = (shown + expected.len(), hidden + all.len() - expected.len());
        let by_id = reports::load_many(connection, &rights, &ids).await.expect("reads");
        assert_eq!(by_id.into_keys().collect::<BTreeSet<_>>(), expected.iter().map(|(id, _)| *id).collect(), "{holder:?}");
        for (_, id) in &all {
            let around = reports::load_surrounded(connection, &rights, *id).await.expect("reads");
            assert_eq!(around.is_some(), expected.iter().any(|(it, _)| it == id), "{holder:?}");
        }
        let page = PageRequest::try_new(Some(100), None, None, None).expect("legal");
        for place in places {
            let within = if place == n.uuid() { Within::Network(n) } else { Within::Community(CommunityId::from_uuid(place)) };
            let city = tree.cities.iter().find(|city| above(&tree, **city).contains(&place)).expect("a city");
            let mut over = above(&tree, *city);
            over.truncate(over.iter().position(|id| *id == place).expect("is above it") + 1);
            // With what is known of the place, and without.
            for rights in [rights.clone(), rights.from(rights.at(over.iter().copied()))] {
                let filter = ReportFilter::default();
                let list = reports::list(connection, &rights, &[within], &filter, GatheringOrder::NewestFirst, &page).await;
                let list = list.expect("reads").remove(&place).map(|page| page.entries).unwrap_or_default();
                let listed: BTreeSet<ReportId> = list.iter().map(|(_, report)| report.id).collect();
                let here = expected.iter().filter(|(_, scopes)| scopes.contains(&place)).map(|(id, _)| *id);
                assert_eq!(listed, here.collect(), "{holder:?} in {within:?}");
                let drafts = ReportFilter { statuses: vec![ReportStatus::Draft], ..ReportFilter::default() };
                let list = reports::list(connection, &rights, &[within], &drafts, GatheringOrder::NewestFirst, &page).await;
                let list = list.expect("reads").remove(&place).map(|page| page.entries).unwrap_or_default();
                let of_those = listed.iter().filter(|id| found[id].status == ReportStatus::Draft).count();
                assert_eq!(list.len(), of_those, "a filter takes away and adds nothing: {holder:?} in {within:?}");
                let count = reports::count(connection, &rights, &[within], &filter).await.expect("counts");
                assert_eq!(count.get(&place).copied().unwrap_or_default(), listed.len() as u64, "{holder:?} in {within:?}");
            }
        }
    }
    assert!(shown > 100 && hidden > 100, "{shown} shown, {hidden} hidden");
    assert_eq!(Caller::Operator.rights().everywhere(), Sight::Everything);
}

on_both!(a_role_shows_what_it_lets_its_holder_read);
