use convene_domain::{
    access::{Audience, Caller},
    community::Level,
    id::CommunityId,
    report::ReportStatus,
};
use serde_json::{Value as Json, json};

use crate::fixture::{Told, World, statements};

const QUERY: &str = "query ($of: [_Any!]!) { _entities(representations: $of) { __typename ... on Network { name } \
    ... on Community { slug } ... on Gathering { title } ... on GatheringReport { attendance } } }";
const NOBODY: &str = "01900000000070008000000000000001";

/// A nation whose cities held one gathering each and reported it to the public.
async fn nation(cities: usize) -> (World, Vec<Json>) {
    let world = World::new().await;
    let nation = world.communities(Level::National, None, ["kenya"]).await;
    let names = (0..cities).map(|n| format!("city-{n:02}"));
    let cities = world.communities(Level::City, Some(nation[0]), names).await;
    let hosts: Vec<[CommunityId; 1]> = cities.iter().map(|city| [*city]).collect();
    let held: Vec<_> = hosts.iter().map(|host| (host.as_slice(), "Monthly", "2026-05-01")).collect();
    let held = world.gatherings(&held).await;
    let (audience, status) = (Audience::Public, ReportStatus::Submitted);
    let told: Vec<_> = held.iter().map(|gathering| Told { gathering: *gathering, audience, status, challenges: &[] }).collect();
    let reports = world.reports(&told).await;
    let mut all = vec![of("Network", &world.network)];
    for ((city, gathering), report) in cities.iter().zip(&held).zip(&reports) {
        all.extend([of("GatheringReport", report), of("Community", city), of("Gathering", gathering)]);
    }
    (world, all)
}

fn of(kind: &str, id: &impl ToString) -> Json {
    json!({ "__typename": kind, "id": id.to_string() })
}

async fn ask(world: &World, representations: &[Json]) -> Json {
    world.send(Caller::Anonymous, QUERY, json!({ "of": representations })).await
}

#[tokio::test]
async fn each_kind_is_one_statement_whatever_the_number_of_entities() {
    for cities in [2, 50] {
        let (world, mut all) = nation(cities).await;
        // Each twice, and none that is there: routers do not see to it.
        all.extend(all.clone());
        all.push(of("GatheringReport", &format!("rep_{NOBODY}")));
        let (answer, statements) = statements(ask(&world, &all)).await;
        let found = answer["data"]["_entities"].as_array().unwrap();
        assert_eq!((found.len(), answer.get("errors")), (6 * cities + 3, None));
        assert_eq!(found[0], json!({ "__typename": "Network", "name": "Relief" }));
        assert_eq!(found[1], json!({ "__typename": "GatheringReport", "attendance": 12 }));
        assert_eq!(found[2], json!({ "__typename": "Community", "slug": "city-00" }));
        assert_eq!(found[3], json!({ "__typename": "Gathering", "title": "Monthly" }));
        assert_eq!(found[6 * cities + 1], json!({ "__typename": "Gathering", "title": "Monthly" }));
        assert_eq!(found[6 * cities + 2], Json::Null);
        assert_eq!(statements.len(), 4, "{statements:#?}");
    }
}

#[tokio::test]
async fn what_is_not_there_or_hidden_is_null() {
    let world = World::new().await;
    let nation = world.communities(Level::National, None, ["kenya"]).await;
    let hosts: &[CommunityId] = &nation;
    let held = world.gatherings(&[(hosts, "A", "2026-05-01"), (hosts, "B", "2026-05-02")]).await;
    let report =
        |gathering, audience| Told { gathering, audience, status: ReportStatus::Submitted, challenges: &["Internal quarrel"] };
    let reports = world.reports(&[report(held[0], Audience::Members), report(held[1], Audience::Public)]).await;
    let asked = [
        of("GatheringReport", &reports[0]),
        of("GatheringReport", &reports[1]),
        of("Community", &format!("com_{NOBODY}")),
        of("Gathering", &format!("gat_{NOBODY}")),
        of("Network", &format!("net_{NOBODY}")),
    ];
    let answer = ask(&world, &asked).await;
    assert_eq!(answer.get("errors"), None, "{answer}");
    let public = json!({ "__typename": "GatheringReport", "attendance": 12 });
    assert_eq!(answer["data"]["_entities"], json!([null, public, null, null, null]));
}

#[tokio::test]
async fn one_that_is_malformed_is_named_and_the_others_are_answered() {
    let world = World::new().await;
    let network = of("Network", &world.network);
    for (malformed, reason) in [
        (json!("net_1"), " is not an object"),
        (json!(null), " is not an object"),
        (json!({ "id": world.network.to_string() }), ".__typename is not a text"),
        (json!({ "__typename": "Network" }), ".id is not a text"),
        (json!({ "__typename": "Network", "id": 7 }), ".id is not a text"),
        (of("Network", &"net_1"), ".id is not an id of the form net_"),
        (of("Community", &world.network), ".id is not an id of the form com_"),
        (of("ReportItem", &world.network), ".__typename is not Network, Community, Gathering or GatheringReport"),
    ] {
        let answer = ask(&world, &[network.clone(), malformed.clone(), network.clone()]).await;
        if malformed.is_null() {
            // The type of the argument forbids it.
            assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{answer}");
            continue;
        }
        let found = json!({ "__typename": "Network", "name": "Relief" });
        assert_eq!(answer["data"]["_entities"], json!([found, null, found]), "{answer}");
        assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1), "{answer}");
        let error = &answer["errors"][0];
        assert_eq!((&error["extensions"]["code"], &error["path"]), (&json!("BAD_USER_INPUT"), &json!(["_entities", 1])));
        let message = error["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("representations[1]{reason}")), "{message}");
    }
}

#[tokio::test]
async fn an_error_inside_an_entity_says_which_one() {
    let (world, all) = nation(2).await;
    let query = "query ($of: [_Any!]!) { _entities(representations: $of) { \
        ... on Community { slug children(first: 0) { totalCount } } } }";
    let answer = world.send(Caller::Anonymous, query, json!({ "of": [all[0], all[2]] })).await;
    assert_eq!(answer["errors"][0]["path"], json!(["_entities", 1, "children"]), "{answer}");
    assert_eq!(answer["data"]["_entities"][0], json!({}));
}

#[tokio::test]
async fn there_are_as_many_as_their_number_and_their_cost_allow() {
    let (world, all) = nation(2).await;
    let many = |count: usize| all.iter().cycle().take(count).cloned().collect::<Vec<_>>();
    let answer = ask(&world, &many(1_000)).await;
    assert_eq!(answer["data"]["_entities"].as_array().map(Vec::len), Some(1_000), "{answer}");
    let error = |answer: Json| (answer["errors"][0]["extensions"]["code"].clone(), answer["errors"][0]["message"].clone());
    let (code, message) = error(ask(&world, &many(1_001)).await);
    assert_eq!((code, message), (json!("BAD_USER_INPUT"), json!("representations has 1001 values, more than 1000")));
    let wide = "query ($of: [_Any!]!) { _entities(representations: $of) { ... on Community { slug children(first: 20) { \
        nodes { id slug name } } } } }";
    let asked = |count| world.send(Caller::Anonymous, wide, json!({ "of": many(count) }));
    assert_eq!(asked(100).await.get("errors"), None);
    assert_eq!(error(asked(1_000).await).0, "TOO_COMPLEX");
}
