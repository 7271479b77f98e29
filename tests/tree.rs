//! The tree of communities that a node keeps in memory says what the database says: at once at the node that writes, soon at
//! every other.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    live::{Writer, text, token, until},
    on_both,
    program::{Running, Service, convene, project, succeed},
    weave::{Places, import},
};

/// What is read of communities in many ways, none of which only the database knows.
const AROUND: &str = "query ($report: ID!, $community: ID!, $network: ID!, $compared: [ID!]!) { \
    gatheringReport(id: $report) { gathering { hosts { ...Near ancestors { slug name } parent { slug parent { slug } } } } } \
    community(id: $community) { ...Near ancestors { slug } children(first: 20) { totalCount nodes { ...Near } } } \
    communityBySlug(network: $network, slug: \"coast\") { id slug } \
    activity(within: $community, groupBy: [CHILD], metrics: [GATHERINGS_HELD]) { series { key { code label } metrics { values } } } \
    comparison(communities: $compared, metrics: [GATHERINGS_HELD]) { compared { code label } metrics { values peerMedians } } } \
    fragment Near on Community { id slug name level status revision regionName cadence }";

const CHILDREN: &str = "query ($community: ID!) { activity(within: $community, groupBy: [CHILD], metrics: [GATHERINGS_HELD]) { \
    series { key { code label } } } }";

fn serve(address: &str) -> Service {
    let log = "info,sqlx=warn,convene::statements=trace";
    Service::follow(Running::start(convene(address, &["--listen", "127.0.0.1:0", "--log", log])))
}

/// How many statements that read communities a query runs.
async fn statements(service: &Service, query: &str, variables: &Value) -> usize {
    let so_far = async || {
        let marks = || service.program.count(r#"FROM \"networks\""#);
        let before = marks();
        service.ask("{ networks(first: 1) { nodes { id } } }", json!({})).await;
        until("the log is written", async || marks() > before).await;
        service.program.count(r#"\"communities\""#) + service.program.count(" communities ")
    };
    let before = so_far().await;
    service.ask(query, variables.clone()).await;
    so_far().await - before
}

/// Asks until that runs no statement which reads communities: the service has to get to know the log, and their tree.
async fn warm(service: &Service, query: &str, variables: &Value) {
    until("communities are in memory", async || statements(service, query, variables).await == 0).await;
}

async fn revision(service: &Service, id: &str) -> Value {
    let data = service.ask("query ($id: ID!) { community(id: $id) { revision } }", json!({ "id": id })).await;
    data["community"]["revision"].clone()
}

async fn what_is_written_is_shown_at_once_here_and_soon_elsewhere(address: String) {
    import(&address, 8);
    let token = token(&address);
    let [here, there] = [serve(&address), serve(&address)];
    let places = Places::find(&here).await;
    let writer = Writer::new(&here, &token);
    let input = json!({ "gathering": places.gatherings["g-0000"], "attendance": 3 });
    let report = text(&writer.done("submitGatheringReport", input, "report { id }").await["report"]["id"]);
    let [network, nation, rift, coast, stays, goes] =
        ["weave", "kenya", "rift", "coast", "rift-1", "rift-0"].map(|slug| places.id(slug).to_owned());
    let around = json!({ "report": report, "community": rift, "network": network, "compared": [rift, coast] });
    warm(&here, AROUND, &around).await;
    let mut from_memory = 0;
    for n in 1..8 {
        let input = json!({ "gathering": places.gatherings[&format!("g-000{n}")], "attendance": 3 });
        writer.done("submitGatheringReport", input, "cursor").await;
        from_memory += usize::from(statements(&here, AROUND, &around).await == 0);
    }
    // On a machine that is too busy to look at the log for a second it may be asked of the database.
    assert!(from_memory > 4, "a report says nothing of communities: {from_memory} of 7");
    let new = json!({ "network": network, "slug": "nakuru", "name": "Nakuru", "level": "CITY", "parent": rift });
    let mut before = here.ask(AROUND, around.clone()).await;
    for (mutation, mut input) in [
        ("renameCommunity", json!({ "community": goes, "slug": "naivasha", "name": "Naivasha" })),
        ("moveCommunity", json!({ "community": stays, "parent": coast })),
        ("pauseCommunity", json!({ "community": goes })),
        ("createCommunity", new),
        ("changeCommunity", json!({ "community": nation, "name": "Kenia" })),
        ("mergeCommunities", json!({ "community": stays, "merged": goes })),
    ] {
        warm(&here, AROUND, &around).await;
        warm(&there, AROUND, &around).await;
        for (id, name) in [("community", "expectedRevision"), ("merged", "expectedMergedRevision")] {
            if let Some(id) = input.get(id).and_then(Value::as_str) {
                input[name] = revision(&here, id).await;
            }
        }
        writer.done(mutation, input, "cursor").await;
        let written = Instant::now();
        let now = here.ask(AROUND, around.clone()).await;
        assert_ne!(now, before, "{mutation} is seen at once");
        while there.ask(AROUND, around.clone()).await != now {
            assert!(written.elapsed() < Duration::from_secs(2), "{mutation} is not seen elsewhere");
        }
        // Who has just begun has nothing in memory.
        assert_eq!(Service::start(&address).ask(AROUND, around.clone()).await, now, "{mutation}");
        before = now;
    }
    let host = &before["gatheringReport"]["gathering"]["hosts"][0];
    assert_eq!((&host["slug"], &host["parent"]["slug"]), (&json!("rift-1"), &json!("coast")));
    assert_eq!(before["community"]["children"]["nodes"][0]["slug"], json!("nakuru"));
    for slug in ["rift-0", "naivasha", "rift-1"] {
        let query = "query ($network: ID!, $slug: String!) { communityBySlug(network: $network, slug: $slug) { id } }";
        let data = there.ask(query, json!({ "network": network, "slug": slug })).await;
        assert_eq!(data["communityBySlug"]["id"], json!(stays), "{slug} leads to what it is part of now");
    }
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
}
on_both!(what_is_written_is_shown_at_once_here_and_soon_elsewhere);

/// Who has written elsewhere says so, and sees it at once.
async fn a_name_is_read_as_it_was_written_elsewhere(address: String) {
    import(&address, 8);
    let token = token(&address);
    let [here, there] = [serve(&address), serve(&address)];
    let places = Places::find(&here).await;
    let (writer, city) = (Writer::new(&there, &token), places.id("rift-0"));
    let query = "query ($community: ID!, $atLeast: String) { activity(within: $community, atLeast: $atLeast, groupBy: [CHILD], \
                 metrics: [GATHERINGS_HELD]) { series { key { label } } } }";
    for n in 0..4 {
        warm(&here, CHILDREN, &json!({ "community": places.id("rift") })).await;
        let input = json!({ "community": city, "expectedRevision": revision(&there, city).await, "name": format!("Town {n}") });
        let cursor = writer.done("changeCommunity", input, "community { id }").await["cursor"].clone();
        let told = here.ask(query, json!({ "community": places.id("rift"), "atLeast": cursor })).await.to_string();
        assert!(told.contains(&format!("Town {n}")), "{told}");
    }
}
on_both!(a_name_is_read_as_it_was_written_elsewhere);

/// A list that is read from the tree is the one that the database would give.
async fn lists_are_the_same_from_memory(address: String) {
    succeed(&address, &["import", project("samples").to_str().expect("a path")]);
    let service = serve(&address);
    let fields = "{ totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } nodes { id slug } }";
    let arguments = "$filter: CommunityFilter, $first: Int, $last: Int, $after: String, $before: String, $order: CommunityOrder";
    let paging = "first: $first, last: $last, after: $after, before: $before, orderBy: $order";
    let of_tree = format!(
        "query ($id: ID!, {arguments}) {{ community(id: $id) {{ list: children(filter: $filter, {paging}) {fields} }} }}"
    );
    let of_database =
        format!("query ($id: ID!, {arguments}) {{ list: communities(within: $id, filter: $filter, {paging}) {fields} }}");
    let data = service.ask("{ networks(first: 1) { nodes { id communities(first: 100) { nodes { id } } } } }", json!({})).await;
    let mut parents = Vec::new();
    for community in data["networks"]["nodes"][0]["communities"]["nodes"].as_array().expect("communities") {
        let list = service.ask(&of_tree, json!({ "id": community["id"] })).await["community"]["list"].take();
        if list["totalCount"].as_u64() > Some(1) || parents.is_empty() {
            parents.push(community["id"].clone());
        }
    }
    warm(&service, &of_tree, &json!({ "id": parents[0] })).await;
    let (mut seen, mut compared) = (0, 0);
    for id in &parents {
        for filter in [
            json!({}),
            json!({ "levels": ["CITY"] }),
            json!({ "statuses": ["OPEN", "FORMING"] }),
            json!({ "countries": ["KE", "GB"], "foundedYears": [2018, 2019, 2020] }),
            json!({ "regionCodes": ["GB-ENG", "ID-ST", "GB-HLD"] }),
            json!({ "top": true }),
            json!({ "text": "a" }),
        ] {
            for order in ["NAME", "SLUG"] {
                let mut page = json!({ "id": id, "filter": filter, "order": order, "first": 2 });
                for turn in 0..4 {
                    let told = service.ask(&of_tree, page.clone()).await["community"]["list"].take();
                    let mut asked = page.clone();
                    asked["filter"]["parent"] = id.clone();
                    let truth = service.ask(&of_database, asked).await["list"].take();
                    assert_eq!(told, truth, "{page}");
                    seen += told["nodes"].as_array().expect("nodes").len();
                    compared += 1;
                    let cursors = &told["pageInfo"];
                    page = match turn {
                        0 => json!({ "id": id, "filter": filter, "order": order, "first": 1, "after": cursors["endCursor"] }),
                        1 => json!({ "id": id, "filter": filter, "order": order, "last": 2, "before": cursors["endCursor"] }),
                        _ => json!({ "id": id, "filter": filter, "order": order, "last": 1 }),
                    };
                }
            }
        }
    }
    assert!(seen > 200, "{seen} entries on {compared} pages");
    let regions = "query ($id: ID!) { activity(within: $id, groupBy: [REGION], metrics: [GATHERINGS_HELD]) { \
                   series { key { code label } metrics { values } } } }";
    let network = json!({ "id": data["networks"]["nodes"][0]["id"] });
    let told = service.ask(regions, network.clone()).await;
    assert_eq!(told, Service::start(&address).ask(regions, network).await);
    assert!(told.to_string().contains("Sulawesi Tengah"), "{told}");
}
on_both!(lists_are_the_same_from_memory);
