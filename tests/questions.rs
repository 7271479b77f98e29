//! Filters, subtrees, pages and nested fields, asked of the sample network. `golden/questions.json` holds the answers,
//! computed from the files by another program.

use std::{collections::HashMap, fs};

use serde_json::{Value, json};

use crate::{
    on_both,
    program::{Service, project, succeed},
};

async fn sample(address: &str) -> (Service, String) {
    succeed(address, &["import", project("samples").to_str().expect("a path")]);
    let service = Service::start(address);
    let network = service.network("mending-table").await;
    (service, network)
}

/// The identities of all communities by slug.
async fn identities(service: &Service, network: &str) -> HashMap<String, String> {
    let query = "query ($within: ID!) { communities(within: $within, first: 100) { nodes { id slug } } }";
    let data = service.ask(query, json!({ "within": network })).await;
    let communities = data["communities"]["nodes"].as_array().expect("communities");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    communities.iter().map(|community| (text(&community["slug"]), text(&community["id"]))).collect()
}

async fn every_question_has_its_answer(address: String) {
    let (service, network) = sample(&address).await;
    let ids = identities(&service, &network).await;
    let questions = fs::read_to_string(project("tests/golden/questions.json")).expect("reads");
    let questions: Vec<Value> = serde_json::from_str(&questions).expect("JSON");
    assert!(questions.len() > 40);
    for question in questions {
        let list = question["list"].as_str().expect("a list");
        let (filter_type, key, order) = match list {
            "communities" => ("CommunityFilter", "slug", "SLUG"),
            "gatherings" => ("GatheringFilter", "externalId", "NEWEST_FIRST"),
            _ => ("GatheringReportFilter", "externalId", "NEWEST_FIRST"),
        };
        let within = question["within"].as_str().map_or(&network, |slug| &ids[slug]);
        let mut filter = question["filter"].clone();
        if let Some(hosts) = filter.get_mut("hosts") {
            *hosts = hosts.as_array().expect("hosts").iter().map(|slug| json!(ids[slug.as_str().expect("a slug")])).collect();
        }
        if let Some(parent) = filter.get_mut("parent") {
            *parent = json!(ids[parent.as_str().expect("a slug")]);
        }
        let expected = question["keys"].as_array().expect("keys");
        // Pages of seven forward, and the same list backward.
        for (size, cursor, edge, more) in
            [("first", "after", "endCursor", "hasNextPage"), ("last", "before", "startCursor", "hasPreviousPage")]
        {
            let query = format!(
                "query ($within: ID!, $filter: {filter_type}, $cursor: String) {{ \
                 list: {list}(within: $within, filter: $filter, orderBy: {order}, {size}: 7, {cursor}: $cursor) {{ \
                 totalCount edges {{ cursor node {{ {key} }} }} pageInfo {{ {more} {edge} }} }} }}"
            );
            let (mut read, mut at): (Vec<Value>, Value) = (Vec::new(), Value::Null);
            loop {
                let mut data = service.ask(&query, json!({ "within": within, "filter": filter, "cursor": at })).await;
                let page = &mut data["list"];
                assert_eq!(page["totalCount"], expected.len(), "{question}");
                let keys = page["edges"].as_array().expect("edges").iter().map(|entry| entry["node"][key].clone());
                if size == "first" {
                    read.extend(keys);
                } else {
                    read.splice(0..0, keys.collect::<Vec<_>>()).for_each(drop);
                }
                at = page["pageInfo"][edge].take();
                if page["pageInfo"][more] == false {
                    break;
                }
            }
            assert_eq!(&read, expected, "{size}: {question}");
        }
    }
}
on_both!(every_question_has_its_answer);

/// One community with everything around it: tree, names, gatherings, reports and their parts.
async fn a_record_is_served_whole(address: String) {
    let (service, network) = sample(&address).await;
    let query = "query ($network: ID!, $slug: String!) { communityBySlug(network: $network, slug: $slug) { \
        id slug formerSlugs name level purpose country regionName city timeZone languages format cadence reportDueDays defaultAudience members \
        foundedOn sourceStatus location { latitude longitude } network { slug } parent { slug } ancestors { slug level } \
        children { totalCount } communities { totalCount } gatherings { totalCount } } }";
    let old = service.ask(query, json!({ "network": network, "slug": "humber" })).await;
    let new = service.ask(query, json!({ "network": "mending-table", "slug": "kingston-upon-hull" })).await;
    assert_eq!(old, new, "an old slug finds the same community, and a network is named by id or slug");
    let hull = &new["communityBySlug"];
    assert_eq!(hull["formerSlugs"], json!(["humber"]));
    assert_eq!(
        hull["ancestors"],
        json!([{ "slug": "united-kingdom", "level": "NATIONAL" }, { "slug": "england", "level": "REGIONAL" }])
    );
    assert_eq!((&hull["parent"]["slug"], &hull["network"]["slug"]), (&json!("england"), &json!("mending-table")));
    assert_eq!(
        (&hull["timeZone"], &hull["reportDueDays"], &hull["cadence"]),
        (&json!("Europe/London"), &json!(7), &json!("FREQ=MONTHLY;INTERVAL=3;BYDAY=2TH"))
    );
    assert_eq!(hull["location"], json!({ "latitude": 53.7443, "longitude": -0.3325 }));
    assert_eq!((&hull["children"]["totalCount"], &hull["communities"]["totalCount"]), (&json!(0), &json!(1)));

    // The children in many places at once: one nation by one, and the communities without a parent under the network.
    let children = "query ($network: ID!) { network(id: $network) { communities(filter: { top: true }, orderBy: SLUG) { nodes { slug \
        children(orderBy: SLUG, first: 2) { totalCount nodes { slug parent { slug } } pageInfo { hasNextPage } } } } } }";
    let data = service.ask(children, json!({ "network": network })).await;
    let nations = data["network"]["communities"]["nodes"].as_array().expect("nations");
    assert_eq!(
        nations.iter().map(|nation| nation["slug"].as_str()).collect::<Vec<_>>(),
        [Some("brazil"), Some("indonesia"), Some("kenya"), Some("united-kingdom")]
    );
    let kenya = json!({
        "totalCount": 3, "pageInfo": { "hasNextPage": true },
        "nodes": [{ "slug": "nairobi", "parent": { "slug": "kenya" } }, { "slug": "nakuru-county", "parent": { "slug": "kenya" } }]
    });
    assert_eq!(nations[2]["children"], kenya);

    let node = "query ($id: ID!) { node(id: $id) { id __typename } }";
    let data = service.ask(node, json!({ "id": hull["id"] })).await;
    assert_eq!(data["node"], json!({ "id": hull["id"], "__typename": "Community" }));
    let nodes = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let unknown = "gat_00000000000070008000000000000000";
    let data = service.ask(nodes, json!({ "ids": [network, unknown, hull["id"]] })).await;
    assert_eq!(data["nodes"], json!([{ "id": network }, null, { "id": hull["id"] }]));
}
on_both!(a_record_is_served_whole);

/// A stranger reads public reports, and of those no confidential item.
async fn what_is_not_public_reads_as_not_there(address: String) {
    let (service, network) = sample(&address).await;
    let query = "query ($within: ID!, $after: String) { gatherings(within: $within, first: 100, after: $after) { \
        nodes { externalId report { id externalId audience items { id text confidential } } } pageInfo { hasNextPage endCursor } } }";
    let (mut reports, mut after) = (Vec::new(), Value::Null);
    loop {
        let mut data = service.ask(query, json!({ "within": network, "after": after })).await;
        let page = &mut data["gatherings"];
        reports.extend(
            page["nodes"]
                .as_array()
                .expect("gatherings")
                .iter()
                .map(|node| node["report"].clone())
                .filter(|report| !report.is_null()),
        );
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].take();
    }
    assert!(reports.iter().all(|report| report["audience"] == "PUBLIC"));
    let read = |file: &str| {
        csv::Reader::from_path(project("samples").join(file))
            .expect("reads")
            .into_records()
            .map(|row| row.expect("a row"))
            .collect::<Vec<_>>()
    };
    let public: Vec<String> = read("reports.csv").iter().filter(|row| &row[6] == "PUBLIC").map(|row| row[0].to_owned()).collect();
    assert_eq!(reports.len(), public.len());
    let open = read("items.csv").iter().filter(|row| public.contains(&row[0].to_owned()) && &row[12] == "false").count();
    let hidden = read("items.csv").iter().filter(|row| public.contains(&row[0].to_owned()) && &row[12] == "true").count();
    assert!(hidden > 0, "the sample has something to hide");
    let shown: usize = reports.iter().map(|report| report["items"].as_array().expect("items").len()).sum();
    assert_eq!(shown, open);
    // By identity, from the outside, hidden things are not there either.
    let database = convene_persistence::Database::open(&address, 2).await.expect("opens");
    let home = convene_persistence::networks::all(database.reader()).await.expect("reads").remove(0).id;
    let hidden = convene_persistence::reports::all(database.reader(), home).await.expect("reads");
    let hidden = hidden.iter().find(|report| report.audience == convene_domain::access::Audience::Members).expect("there is one");
    let data = service
        .ask("query ($id: ID!) { node(id: $id) { id } gatheringReport(id: $id) { id } }", json!({ "id": hidden.id.to_string() }))
        .await;
    assert_eq!(data, json!({ "node": null, "gatheringReport": null }));
}
on_both!(what_is_not_public_reads_as_not_there);

/// A network with the fewest columns: other line ends, days without hours, a gathering of two communities.
async fn a_sparse_network_is_served_too(address: String) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("writes");
    write("networks.csv", "name,slug\nCarers,carers\n");
    write(
        "communities.csv",
        "network_slug,level,name,slug,parent_slug,timezone\ncarers,CITY,Lodwar,lodwar,north,Africa/Nairobi\ncarers,REGIONAL,North,north,,\ncarers,CITY,Apia,apia,,Pacific/Apia\n",
    );
    write(
        "gatherings.csv",
        "external_id,community_slug,title,starts_at,status\n\
         b,lodwar;apia,Both,2026-03-01,HELD\na,lodwar,At the hour,2026-03-01T00:00,HELD\nc,apia,Planned,2026-02-28T23:30:00+13:00,PLANNED\n",
    );
    succeed(&address, &["import", folder.path().to_str().expect("a path"), "--audience", "PUBLIC"]);
    let service = Service::start(&address);
    let network = service.network("carers").await;
    let query = "query ($within: ID!) { gatherings(within: $within) { nodes { externalId startDate startsAt weekday format endsAt minutes days \
                 rsvpYes location { latitude } hosts { slug } report { id } } } }";
    let data = service.ask(query, json!({ "within": network })).await;
    let nodes = &data["gatherings"]["nodes"];
    // Both begin at midnight in Lodwar, and `a` sorts before `b`.
    assert_eq!(nodes[0]["externalId"], "a");
    assert_eq!(nodes[0]["startsAt"], "2026-03-01T00:00:00+03:00");
    let both = json!({
        "externalId": "b", "startDate": "2026-03-01", "startsAt": null, "weekday": "SUNDAY", "format": "UNKNOWN", "endsAt": null, "minutes": null,
        "days": 1, "rsvpYes": null, "location": null, "hosts": [{ "slug": "lodwar" }, { "slug": "apia" }], "report": null
    });
    assert_eq!(nodes[1], both);
    assert_eq!((&nodes[2]["startsAt"], &nodes[2]["startDate"]), (&json!("2026-02-28T23:30:00+13:00"), &json!("2026-02-28")));
    // The joint gathering counts once in the network and once for each host.
    assert_eq!(service.gatherings(&network, json!({ "statuses": ["HELD"] })).await, 2);
    let ids = identities(&service, &network).await;
    assert_eq!(service.gatherings(&ids["apia"], json!({ "statuses": ["HELD"] })).await, 1);
    assert_eq!(service.gatherings(&ids["north"], json!({ "statuses": ["HELD"] })).await, 2);
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
}
on_both!(a_sparse_network_is_served_too);
