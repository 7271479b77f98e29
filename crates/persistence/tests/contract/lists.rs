//! Lists under many scopes at once are the lists under each, and a report with what stands around it is what is loaded piece by
//! piece: each is read by a statement of its own.

use std::collections::HashMap;

use convene_domain::{
    access::Caller,
    gathering::{GatheringFilter, GatheringOrder, GatheringStatus},
    id::{GatheringId, NetworkId, ReportId, TokenId, Within},
    page::{Page, PageRequest, Place},
    report::{ReportFilter, ReportStatus},
};
use convene_persistence::{Database, communities, gatherings, reports};
use uuid::Uuid;

use crate::{
    network::{Tree, add_gathering, plant},
    on_both,
    sums::report,
};

const ORDERS: [GatheringOrder; 2] = [GatheringOrder::NewestFirst, GatheringOrder::OldestFirst];

/// Gatherings of all cities, several at the same time, some of two cities; each with a report, of which some are drafts.
pub async fn fill(database: &Database, tree: &Tree) -> Vec<(GatheringId, ReportId)> {
    let mut all = Vec::new();
    for number in 0..30 {
        let hosts = [tree.cities[number % tree.cities.len()], tree.cities[(number + number % 3) % tree.cities.len()]];
        let hosts = if hosts[0] == hosts[1] { &hosts[..1] } else { &hosts[..] };
        let (_, gathering) = add_gathering(database, tree, hosts, number as u32 % 4).await.expect("writes");
        let id = ReportId::from_uuid(Uuid::now_v7());
        let status = if number % 5 == 0 { ReportStatus::Draft } else { ReportStatus::Submitted };
        report(database, tree, gathering, id, 1, status, 9).await;
        all.push((gathering, id));
    }
    all
}

/// Places of all levels, and one where nothing is.
fn places(tree: &Tree) -> Vec<Within> {
    let communities = tree.nations.iter().chain(&tree.regions).chain(&tree.cities).map(|id| Within::Community(*id));
    let nowhere = Within::Community(convene_domain::id::CommunityId::from_uuid(Uuid::now_v7()));
    [Within::Network(tree.network), nowhere].into_iter().chain(communities).collect()
}

fn page(number: i64, forward: bool, place: Option<&Place>) -> PageRequest {
    let (first, last) = if forward { (Some(number), None) } else { (None, Some(number)) };
    let (after, before) = if forward { (place.cloned(), None) } else { (None, place.cloned()) };
    PageRequest::try_new(first, last, after, before).expect("legal")
}

/// What is on the pages, with their places, and whether there is more.
fn shown<T>(pages: &HashMap<Uuid, Page<T>>, within: Within) -> Option<(Vec<Place>, bool, bool)> {
    let page = pages.get(&within.uuid())?;
    Some((page.entries.iter().map(|(place, _)| place.clone()).collect(), page.has_previous, page.has_next))
}

async fn lists_under_many_scopes_are_those_under_each(address: String) {
    let database = Database::open(&address, 4).await.expect("opens");
    let tree = plant(&database).await;
    fill(&database, &tree).await;
    let (connection, places) = (database.reader(), places(&tree));
    let filters = [
        GatheringFilter::default(),
        GatheringFilter { statuses: vec![GatheringStatus::Held], hosts: tree.cities[..3].to_vec(), ..GatheringFilter::default() },
    ];
    let callers = [Caller::Anonymous, Caller::token(TokenId::from_uuid(Uuid::now_v7()))];
    let mut seen = 0;
    for (order, number, forward) in ORDERS.iter().flat_map(|order| [(*order, 3, true), (*order, 3, false), (*order, 100, true)]) {
        let whole = gatherings::list(connection, &places[..1], &filters[0], order, &page(100, true, None)).await.expect("reads");
        let middle = whole[&places[0].uuid()].entries[14].0.clone();
        for request in [page(number, forward, None), page(number, forward, Some(&middle))] {
            for filter in &filters {
                let many = gatherings::list(connection, &places, filter, order, &request).await.expect("reads");
                for place in &places {
                    let one = gatherings::list(connection, &[*place], filter, order, &request).await.expect("reads");
                    assert_eq!(shown(&many, *place), shown(&one, *place), "{order} {request:?} {filter:?}");
                    seen += one.values().map(|page| page.entries.len()).sum::<usize>();
                }
            }
        }
        let middle = Place { list: format!("reports.{order}"), ..middle };
        for (caller, request) in callers
            .iter()
            .flat_map(|caller| [(caller, page(number, forward, None)), (caller, page(number, forward, Some(&middle)))])
        {
            let (rights, filter) = (caller.rights(), ReportFilter::default());
            let many = reports::list(connection, &rights, &places, &filter, order, &request).await.expect("reads");
            for place in &places {
                let one = reports::list(connection, &rights, &[*place], &filter, order, &request).await.expect("reads");
                assert_eq!(shown(&many, *place), shown(&one, *place), "{order} {request:?} {caller:?}");
                let drafts =
                    one.values().flat_map(|page| &page.entries).filter(|(_, report)| report.status == ReportStatus::Draft);
                assert!(*caller != Caller::Anonymous || drafts.count() == 0);
            }
        }
    }
    assert!(seen > 500, "{seen} entries");
}

async fn a_report_is_read_with_what_stands_around_it(address: String) {
    let database = Database::open(&address, 4).await.expect("opens");
    let tree = plant(&database).await;
    let all = fill(&database, &tree).await;
    let connection = database.reader();
    for (number, (gathering, id)) in all.iter().enumerate() {
        let everything = Caller::Operator.rights();
        let found = reports::load_surrounded(connection, &everything, *id).await.expect("reads").expect("is there");
        assert_eq!(Some(&found.report), reports::load_many(connection, &everything, &[*id]).await.expect("reads").get(id));
        assert_eq!(Some(&found.gathering), gatherings::load_many(connection, &[*gathering]).await.expect("reads").get(gathering));
        let hosts = gatherings::load_hosts(connection, &[*gathering]).await.expect("reads");
        assert_eq!(Some(&found.hosts), hosts.get(gathering));
        let stranger = reports::load_surrounded(connection, &Caller::Anonymous.rights(), *id).await.expect("reads");
        assert_eq!(stranger.is_some(), number % 5 != 0, "drafts are for those who write them");
    }
    let nobody = ReportId::from_uuid(Uuid::now_v7());
    let found = reports::load_surrounded(connection, &Caller::Operator.rights(), nobody).await.expect("reads");
    assert!(found.is_none());
}

async fn a_whole_network_is_read_unless_it_is_too_large(address: String) {
    let database = Database::open(&address, 4).await.expect("opens");
    let tree = plant(&database).await;
    let connection = database.reader();
    let wanted: Vec<_> = tree.nations.iter().chain(&tree.regions).chain(&tree.cities).copied().collect();
    let records = communities::load_many(connection, &wanted).await.expect("reads");
    let found = communities::all_up_to(connection, tree.network, wanted.len()).await.expect("reads").expect("not too many");
    assert_eq!(found.len(), wanted.len());
    assert!(found.iter().all(|record| records.get(&record.id) == Some(record)));
    assert_eq!(communities::all_up_to(connection, tree.network, wanted.len() - 1).await.expect("reads"), None);
    let nowhere = NetworkId::from_uuid(Uuid::now_v7());
    assert_eq!(communities::all_up_to(connection, nowhere, 0).await.expect("reads"), Some(Vec::new()));
}

on_both!(a_whole_network_is_read_unless_it_is_too_large);
on_both!(lists_under_many_scopes_are_those_under_each);
on_both!(a_report_is_read_with_what_stands_around_it);
