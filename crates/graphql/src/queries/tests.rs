use convene_domain::{
    access::{Audience, Caller},
    community::Level,
    id::{CommunityId, GatheringId},
    report::ReportStatus,
};
use serde_json::{Value as Json, json};

use crate::fixture::{Told, World};

const MORNING: &str = "2026-05-01T09:00:00+03:00";

fn public(gathering: GatheringId) -> Told<'static> {
    Told { gathering, audience: Audience::Public, status: ReportStatus::Submitted, challenges: &["Wells are dry"] }
}

#[tokio::test]
async fn one_query_leads_through_the_whole_network() {
    let world = World::new().await;
    let nation = world.communities(Level::National, None, ["kenya"]).await;
    let region = world.communities(Level::Regional, Some(nation[0]), ["coast"]).await;
    let cities = world.communities(Level::City, Some(region[0]), ["mombasa", "malindi"]).await;
    let held = world.gatherings(&[(&[cities[0], region[0]], "Spring", MORNING)]).await;
    world.reports(&[public(held[0])]).await;
    let query = r#"{
      networks(first: 2) { totalCount nodes { slug languages communities(first: 2, filter: { top: true }) { nodes {
        slug parent { slug } level timeZone foundedOn
        children(first: 2) { totalCount nodes { slug children(first: 2, orderBy: SLUG) { nodes {
          slug parent { slug } ancestors { slug } network { slug }
          gatherings(first: 2) { totalCount nodes {
            title startDate startsAt endDate days weekday hosts { slug } agenda { title minutes }
            invitations { group { code term { id } } }
            report {
              status attendance attendanceParts { role { code term { label retired } } people }
              items { kind text severity theme { code term { label } } nextStepState report { attendance } }
              outcomes { code } functions { code } gathering { title }
            }
          } }
        } } } }
        communities { totalCount }
        gatheringReports { totalCount }
      } } } }
    }"#;
    let data = world.data(query).await;
    let network = &data["networks"]["nodes"][0];
    assert_eq!((&network["slug"], &network["languages"]), (&json!("relief"), &json!(["en"])));
    let kenya = &network["communities"]["nodes"][0];
    assert_eq!((&kenya["slug"], &kenya["parent"], &kenya["foundedOn"]), (&json!("kenya"), &Json::Null, &json!("2019-05-01")));
    assert_eq!(kenya["communities"]["totalCount"], 4);
    assert_eq!(kenya["gatheringReports"]["totalCount"], 1);
    assert_eq!(kenya["children"]["totalCount"], 1);
    let cities = kenya["children"]["nodes"][0]["children"]["nodes"].as_array().unwrap();
    assert_eq!(cities.iter().map(|city| &city["slug"]).collect::<Vec<_>>(), ["malindi", "mombasa"]);
    assert_eq!(cities[0]["gatherings"], json!({ "totalCount": 0, "nodes": [] }));
    let mombasa = &cities[1];
    assert_eq!(mombasa["ancestors"], json!([{ "slug": "kenya" }, { "slug": "coast" }]));
    assert_eq!((&mombasa["parent"]["slug"], &mombasa["network"]["slug"]), (&json!("coast"), &json!("relief")));
    let expected = json!({
        "title": "Spring",
        "startDate": "2026-05-01",
        "startsAt": MORNING,
        "endDate": null,
        "days": 1,
        "weekday": "FRIDAY",
        "hosts": [{ "slug": "mombasa" }, { "slug": "coast" }],
        "agenda": [{ "title": "Welcome", "minutes": 20 }],
        "invitations": [{ "group": { "code": "CHURCHES", "term": null } }],
        "report": {
            "status": "SUBMITTED",
            "attendance": 12,
            "attendanceParts": [{ "role": { "code": "LEADERS", "term": { "label": "leaders", "retired": true } }, "people": 12 }],
            "items": [{
                "kind": "CHALLENGE",
                "text": "Wells are dry",
                "severity": "HIGH",
                "theme": { "code": "WATER", "term": { "label": "water" } },
                "nextStepState": null,
                "report": { "attendance": 12 },
            }],
            "outcomes": [{ "code": "HOPE" }],
            "functions": [],
            "gathering": { "title": "Spring" },
        },
    });
    assert_eq!(mombasa["gatherings"]["nodes"][0], expected);
}

#[tokio::test]
async fn the_vocabulary_shows_what_is_offered_unless_asked_for_all() {
    let world = World::new().await;
    let data = world
        .data(
            r#"{ networkBySlug(slug: "relief") {
              offered: vocabulary { code }
              all: vocabulary(includeRetired: true) { kind code order retired }
              roles: vocabulary(kinds: [PARTICIPANT_ROLE], includeRetired: true) { code }
            } }"#,
        )
        .await;
    let network = &data["networkBySlug"];
    assert_eq!(network["offered"], json!([{ "code": "WATER" }]));
    assert_eq!(network["all"].as_array().unwrap().len(), 2);
    assert_eq!(network["roles"], json!([{ "code": "LEADERS" }]));
}

#[tokio::test]
async fn a_community_is_found_by_its_old_slug_too() {
    let world = World::new().await;
    let nation = world.communities(Level::National, None, ["kenya"]).await;
    world.former_slug(nation[0], "british-east-africa").await;
    for network in ["relief", &world.network.to_string()] {
        for slug in ["kenya", "british-east-africa"] {
            let query = format!(r#"{{ communityBySlug(network: "{network}", slug: "{slug}") {{ id slug formerSlugs }} }}"#);
            let expected = json!({ "id": nation[0].to_string(), "slug": "kenya", "formerSlugs": ["british-east-africa"] });
            assert_eq!(world.data(query).await["communityBySlug"], expected);
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_null_or_named() {
    let world = World::new().await;
    let nobody = "01900000000070008000000000000001";
    let query = format!(
        r#"{{
          network(id: "net_{nobody}") {{ id }} community(id: "com_{nobody}") {{ id }} gathering(id: "gat_{nobody}") {{ id }}
          gatheringReport(id: "rep_{nobody}") {{ id }} node(id: "itm_{nobody}") {{ id }} nodes(ids: ["voc_{nobody}"]) {{ id }}
          networkBySlug(slug: "no such") {{ id }} a: communityBySlug(network: "relief", slug: "\u0000") {{ id }}
          b: communityBySlug(network: "nobody", slug: "kenya") {{ id }}
        }}"#
    );
    let data = world.data(query).await;
    assert!(data.as_object().unwrap().values().all(|value| *value == Json::Null || *value == json!([null])), "{data:#}");
    for list in ["communities", "gatherings", "gatheringReports"] {
        let error = world.error(format!(r#"{{ {list}(within: "com_{nobody}") {{ nodes {{ id }} }} }}"#)).await;
        assert_eq!(error, ("NOT_FOUND".to_owned(), format!("within com_{nobody} does not exist")));
        let empty = world.data(format!(r#"{{ {list}(within: "{}") {{ totalCount nodes {{ id }} }} }}"#, world.network)).await;
        assert_eq!(empty[list], json!({ "totalCount": 0, "nodes": [] }));
    }
}

#[tokio::test]
async fn wrong_input_is_refused_by_name() {
    let world = World::new().await;
    let within = world.network;
    let many = format!("{:?}", vec![format!("{within}"); 101]);
    for (query, message) in [
        (r#"{ community(id: "gat_1") { id } }"#.to_owned(), "id is not an id of the form com_"),
        (r#"{ node(id: "1") { id } }"#.to_owned(), "id is not an id"),
        (format!("{{ nodes(ids: {many}) {{ id }} }}"), "ids has 101 values, more than 100"),
        (r#"{ gatherings(within: "gat_1") { nodes { id } } }"#.to_owned(), "within is not the id of a network"),
        (
            format!(
                r#"{{ gatherings(within: "{within}", filter: {{ window: {{ from: "2026-05-01", to: "2026-05-01" }} }}) {{ nodes {{ id }} }} }}"#
            ),
            "filter.window is empty",
        ),
        (
            format!(
                r#"{{ gatherings(within: "{within}", filter: {{ window: {{ from: "2026-05-01", to: "+10000-01-01" }} }}) {{ nodes {{ id }} }} }}"#
            ),
            "a value cannot stand here: not a date",
        ),
        (
            format!(r#"{{ communities(within: "{within}", filter: {{ countries: ["Kenya"] }}) {{ nodes {{ id }} }} }}"#),
            "filter.countries is not",
        ),
        (
            format!(
                r#"{{ communities(within: "{within}", filter: {{ area: {{ south: 1, west: 0, north: 0, east: 1 }} }}) {{ nodes {{ id }} }} }}"#
            ),
            "filter.area has its south edge",
        ),
        (
            format!(r#"{{ communities(within: "{within}", first: 0) {{ nodes {{ id }} }} }}"#),
            "a page has 1 to 100 entries, not 0",
        ),
        (format!(r#"{{ communities(within: "{within}", first: 1, last: 1) {{ nodes {{ id }} }} }}"#), "`first` and `last`"),
    ] {
        let (code, told) = world.error(&query).await;
        assert_eq!(code, "BAD_USER_INPUT", "{query}");
        assert!(told.starts_with(message), "{told}");
    }
    let siblings = world.ask(r#"{ community(id: "1") { id } networks { totalCount } }"#).await;
    assert_eq!(siblings["data"], json!({ "community": null, "networks": { "totalCount": 1 } }));
}

/// Reads a list page by page to its end, one way and the other.
async fn pages(world: &World, field: &str, entry: &str, forward: bool) -> Vec<Json> {
    let (size, from, cursor, more) = if forward {
        ("first: 3", "after", "endCursor", "hasNextPage")
    } else {
        ("last: 3", "before", "startCursor", "hasPreviousPage")
    };
    let (mut read, mut place) = (Vec::new(), String::new());
    loop {
        let query = format!("{{ {field}, {size} {place}) {{ nodes {{ {entry} }} pageInfo {{ {cursor} {more} }} }} }}");
        let data = world.data(query).await;
        let page = data.as_object().unwrap().values().next().unwrap();
        let mut nodes: Vec<Json> = page["nodes"].as_array().unwrap().iter().map(|node| node[entry].clone()).collect();
        if forward {
            read.append(&mut nodes);
        } else {
            nodes.append(&mut read);
            read = nodes;
        }
        if page["pageInfo"][more] == json!(false) {
            return read;
        }
        place = format!(r#"{from}: {}"#, page["pageInfo"][cursor]);
    }
}

#[tokio::test]
async fn pages_lose_and_repeat_nothing_where_keys_are_equal() {
    let world = World::new().await;
    let nation = world.communities(Level::National, None, ["kenya"]).await;
    let hosts: &[CommunityId] = &nation;
    let days = ["2026-05-02", MORNING, MORNING, MORNING, MORNING, MORNING, MORNING, "2026-04-01"];
    let held: Vec<_> = days.into_iter().map(|day| (hosts, "Weekly", day)).collect();
    let ids = world.gatherings(&held).await;
    world.reports(&ids.iter().map(|id| public(*id)).collect::<Vec<_>>()).await;
    for field in ["gatherings", "gatheringReports"] {
        for order in ["NEWEST_FIRST", "OLDEST_FIRST"] {
            let field = format!(r#"{field}(within: "{}", orderBy: {order}"#, nation[0]);
            let forward = pages(&world, &field, "id", true).await;
            assert_eq!(forward, pages(&world, &field, "id", false).await, "{field}");
            let distinct: std::collections::HashSet<String> = forward.iter().map(ToString::to_string).collect();
            assert_eq!((forward.len(), distinct.len()), (8, 8), "{field}");
        }
    }
    world.communities(Level::City, Some(nation[0]), ["c", "a", "d", "b"]).await;
    let field = format!(r#"communities(within: "{}""#, world.network);
    let sorted = ["a", "b", "c", "d", "kenya"];
    assert_eq!(pages(&world, &field, "slug", true).await, sorted);
    assert_eq!(pages(&world, &field, "slug", false).await, sorted);
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_list_and_order() {
    let world = World::new().await;
    let nation = world.communities(Level::National, None, ["kenya", "ghana"]).await;
    let query = format!(r#"{{ communities(within: "{}", first: 1) {{ edges {{ cursor node {{ slug }} }} }} }}"#, world.network);
    let cursor = world.data(query).await["communities"]["edges"][0]["cursor"].to_string();
    for field in [
        format!(r#"communities(within: "{}", orderBy: SLUG, after: {cursor})"#, world.network),
        format!(r#"gatherings(within: "{}", after: {cursor})"#, world.network),
        format!(r#"communities(within: "{}", before: "made-up")"#, world.network),
        format!(r#"networks(after: {cursor})"#),
    ] {
        let (code, _) = world.error(format!("{{ {field} {{ nodes {{ id }} }} }}")).await;
        assert_eq!(code, "BAD_CURSOR", "{field}");
    }
    let nested = format!(r#"{{ community(id: "{}") {{ children(after: {cursor}) {{ nodes {{ id }} }} }} }}"#, nation[0]);
    assert_eq!(world.data(nested).await["community"]["children"]["nodes"], json!([]));
}

#[tokio::test]
async fn what_a_stranger_may_not_read_reads_as_not_there() {
    let world = World::new().await;
    let nation = world.communities(Level::National, None, ["kenya"]).await;
    let hosts: &[CommunityId] = &nation;
    let held = world.gatherings(&[(hosts, "A", "2026-05-01"), (hosts, "B", "2026-05-02"), (hosts, "C", "2026-05-03")]).await;
    let report = |gathering, audience, status, challenges| Told { gathering, audience, status, challenges };
    let told = [
        report(held[0], Audience::Public, ReportStatus::Submitted, &["Wells are dry", "Names of informants!"][..]),
        report(held[1], Audience::Members, ReportStatus::Submitted, &["Internal quarrel"][..]),
        report(held[2], Audience::Public, ReportStatus::Draft, &["Unfinished"][..]),
    ];
    let reports = world.reports(&told).await;
    let nodes = reports.iter().map(ToString::to_string).collect::<Vec<_>>();
    let query = format!(
        r#"{{
          gatheringReports(within: "{0}") {{ totalCount nodes {{ items {{ id text confidential }} }} }}
          secret: gatheringReports(within: "{0}", filter: {{ itemText: "informants" }}) {{ totalCount nodes {{ id }} }}
          drafts: gatheringReports(within: "{0}", filter: {{ statuses: [DRAFT] }}) {{ totalCount }}
          gatherings(within: "{0}", orderBy: OLDEST_FIRST) {{ nodes {{ report {{ id }} }} }}
          nodes(ids: {nodes:?}) {{ id }}
          hidden: gatheringReport(id: "{1}") {{ id }}
        }}"#,
        nation[0], reports[1],
    );
    let data = world.data(query).await;
    assert_eq!(data["gatheringReports"]["totalCount"], 1);
    let items = &data["gatheringReports"]["nodes"][0]["items"];
    assert_eq!(items.as_array().unwrap().iter().map(|item| &item["text"]).collect::<Vec<_>>(), ["Wells are dry"]);
    assert_eq!(data["secret"], json!({ "totalCount": 0, "nodes": [] }));
    assert_eq!(data["drafts"]["totalCount"], 0);
    assert_eq!(
        data["gatherings"]["nodes"],
        json!([{ "report": { "id": reports[0].to_string() } }, { "report": null }, { "report": null }])
    );
    assert_eq!(data["nodes"], json!([{ "id": reports[0].to_string() }, null, null]));
    assert_eq!(data["hidden"], Json::Null);
    let item =
        world.data(format!("{{ node(id: {}) {{ id ... on ReportItem {{ text report {{ id }} }} }} }}", items[0]["id"])).await;
    assert_eq!(item["node"]["report"]["id"], reports[0].to_string());
}

/// A document is validated once; what it is asked with is looked at each time.
#[tokio::test]
async fn what_was_valid_once_is_still_asked_with_sound_variables() {
    let world = World::new().await;
    let slug = world.data("{ networks(first: 1) { nodes { slug } } }").await["networks"]["nodes"][0]["slug"].clone();
    let query = "query ($first: Int, $levels: [Level!], $slug: String!) { networks(first: $first) { nodes { \
        communities(filter: { levels: $levels }) { totalCount } } } networkBySlug(slug: $slug) { slug } }";
    for turn in 0..3 {
        let sound = world.send(Caller::Anonymous, query, json!({ "first": 1, "levels": ["CITY"], "slug": slug })).await;
        assert_eq!(sound["data"]["networkBySlug"]["slug"], slug, "{turn}: {sound}");
        for (variables, code) in [
            (json!({ "first": 1, "levels": ["TOWN"], "slug": slug }), "BAD_USER_INPUT"),
            (json!({ "first": "one", "slug": slug }), "BAD_USER_INPUT"),
            (json!({ "first": 1, "slug": null }), "BAD_USER_INPUT"),
            (json!({ "first": 1 }), "BAD_USER_INPUT"),
            (json!({ "first": 0, "slug": slug }), "BAD_USER_INPUT"),
        ] {
            let refused = world.send(Caller::Anonymous, query, variables.clone()).await;
            assert_eq!(refused["errors"][0]["extensions"]["code"], code, "{turn}, {variables}: {refused}");
        }
        // What was never valid does not become so.
        let invalid = world.ask("{ networks(first: 1) { nodes { slug nonsense } } }").await;
        assert_eq!(invalid["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{turn}: {invalid}");
    }
}
