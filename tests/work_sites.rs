//! Work sites over HTTP: who sees them, and how precisely they are told where they are; how strong and how needed the practice is
//! there, and how old that is.

use serde_json::{Value, json};

use crate::{
    handmade::Handmade,
    live::{EVERYTHING, Follower, Writer, text},
    on_both,
    program::succeed,
};

/// Those who ask, in the order of their rights at the city.
const CALLERS: [&str; 5] = ["stranger", "member elsewhere", "member", "facilitator", "administrator"];

const SITES: &str = "query ($within: ID!) { workSites(within: $within, first: 100) { totalCount nodes { \
    id name country region isExact precision audience location { latitude longitude } } } }";

struct World {
    hand: Handmade,
    city: String,
    nation: String,
    tokens: [Option<String>; 5],
}

impl World {
    async fn new(address: &str) -> Self {
        let hand = Handmade::new(address).await;
        let nation = hand.community("nation", "NATIONAL", None, json!({})).await;
        let city = hand.community("city", "CITY", Some(&nation), json!({})).await;
        let other = hand.community("other", "NATIONAL", None, json!({})).await;
        let token = |within: &str, role: &str| {
            let made = succeed(address, &["token", "create", "--name", role, "--within", within, "--role", role]);
            Some(made.trim().to_owned())
        };
        let tokens = [
            None,
            token(&other, "FACILITATOR"),
            token(&city, "MEMBER"),
            token(&city, "FACILITATOR"),
            token(&hand.network, "ADMIN"),
        ];
        Self { hand, city, nation, tokens }
    }

    async fn ask(&self, caller: usize, query: &str, variables: Value) -> Value {
        let mut answer = match &self.tokens[caller] {
            None => self.hand.service.answer(query, variables).await,
            Some(token) => self.writer(token).query(query, variables).await,
        };
        assert!(answer.get("errors").is_none(), "{} asks {query}: {answer}", CALLERS[caller]);
        answer["data"].take()
    }

    fn writer(&self, token: &str) -> Writer {
        Writer::new(&self.hand.service, token)
    }

    /// Someone who may write at the city.
    fn facilitator(&self) -> Writer {
        self.writer(self.tokens[3].as_deref().expect("a token"))
    }

    async fn add(&self, name: &str, more: Value) -> String {
        let mut input = json!({ "community": self.city, "name": name, "country": "KE", "region": "Nairobi",
            "location": { "latitude": -1.2921, "longitude": 36.8219 } });
        input.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        text(&self.facilitator().done("addWorkSite", input, "workSite { id }").await["workSite"]["id"])
    }
}

async fn a_site_is_shown_as_precisely_as_it_says(address: String) {
    let world = World::new(&address).await;
    for audience in ["PUBLIC", "NETWORK", "MEMBERS"] {
        for precision in ["EXACT", "NEAR", "REGION"] {
            world.add(&format!("{audience} {precision}"), json!({ "audience": audience, "precision": precision })).await;
        }
    }
    // Whoever says nothing tells the least, to the fewest.
    world.add("UNSAID", json!({})).await;
    let (exact, near) = (json!({ "latitude": -1.2921, "longitude": 36.8219 }), json!({ "latitude": -1.25, "longitude": 36.85 }));
    let seen = [vec!["PUBLIC"], vec!["NETWORK", "PUBLIC"], vec!["MEMBERS", "NETWORK", "PUBLIC"]];
    for (caller, who) in CALLERS.iter().enumerate() {
        for within in [&world.hand.network, &world.nation, &world.city] {
            let answer = world.ask(caller, SITES, json!({ "within": within })).await;
            let nodes = answer["workSites"]["nodes"].as_array().expect("nodes");
            let seen = &seen[caller.min(2)];
            let expected = seen.len() * 3 + usize::from(caller >= 2);
            assert_eq!((nodes.len(), &answer["workSites"]["totalCount"]), (expected, &json!(expected)), "{who}: {answer}");
            for node in nodes {
                let (audience, precision) = (text(&node["audience"]), text(&node["precision"]));
                let shown = match precision.as_str() {
                    _ if caller >= 3 => &exact,
                    "EXACT" => &exact,
                    "NEAR" => &near,
                    _ => &Value::Null,
                };
                assert!(seen.contains(&audience.as_str()), "{who}: {node}");
                assert_eq!((&node["location"], &node["isExact"]), (shown, &json!(*shown == exact)), "{who}: {node}");
                assert_eq!((&node["country"], &node["region"]), (&json!("KE"), &json!("Nairobi")), "{who}: {node}");
                // The same one by one, and in the list of the community.
                let query = "query ($id: ID!) { node(id: $id) { ... on WorkSite { location { latitude longitude } isExact } } }";
                let one = world.ask(caller, query, json!({ "id": node["id"] })).await;
                assert_eq!((&one["node"]["location"], &one["node"]["isExact"]), (shown, &node["isExact"]), "{who}: {node}");
            }
        }
        let query = "query ($id: ID!) { community(id: $id) { workSites(first: 100) { totalCount nodes { name location { latitude longitude } } } } }";
        let own = world.ask(caller, query, json!({ "id": world.city })).await;
        let of_network = world.ask(caller, SITES, json!({ "within": world.hand.network })).await;
        let short = |list: &Value| -> Vec<(Value, Value)> {
            let nodes = list["nodes"].as_array().expect("nodes");
            nodes.iter().map(|node| (node["name"].clone(), node["location"].clone())).collect()
        };
        assert_eq!(short(&own["community"]["workSites"]), short(&of_network["workSites"]), "{who}");
    }
    // What is hidden cannot be found by its id, and what is not there is no place to look in.
    let hidden = world.add("Hidden", json!({ "audience": "MEMBERS" })).await;
    let query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    assert_eq!(world.ask(1, query, json!({ "ids": [hidden] })).await, json!({ "nodes": [null] }));
    let nowhere = world.hand.service.answer(SITES, json!({ "within": format!("com_{}", "0".repeat(32)) })).await;
    assert_eq!(nowhere["errors"][0]["extensions"]["code"], "NOT_FOUND", "{nowhere}");
}
on_both!(a_site_is_shown_as_precisely_as_it_says);

async fn sites_are_written_by_those_who_work_there(address: String) {
    let world = World::new(&address).await;
    let site = world.add("Clinic", json!({ "audience": "NETWORK", "precision": "NEAR" })).await;
    let hidden = world.add("Shelter", json!({})).await;
    let refusal = async |caller: usize, mutation: &str, input: Value| {
        let writer = world.writer(world.tokens[caller].as_deref().expect("a token"));
        let payload = writer.ask(mutation, input, "__typename").await;
        let error = &payload["userErrors"][0];
        (error["code"].as_str().unwrap_or_default().to_owned(), error["field"].as_array().and_then(|path| path.last()).cloned())
    };
    let at = |field: &str| Some(json!(field));
    for (caller, of_hidden) in [(1, "NOT_FOUND"), (2, "FORBIDDEN")] {
        for (site, expected) in [(&site, "FORBIDDEN"), (&hidden, of_hidden)] {
            for (mutation, input) in [
                ("changeWorkSite", json!({ "workSite": site, "expectedRevision": 1, "precision": "EXACT" })),
                ("removeWorkSite", json!({ "workSite": site, "expectedRevision": 1 })),
                (
                    "assessWorkSite",
                    json!({ "workSite": site, "assessedOn": "2026-05-01", "strength": "WEAK", "source": "Survey" }),
                ),
            ] {
                assert_eq!(refusal(caller, mutation, input).await, (expected.to_owned(), at("workSite")), "{mutation}");
            }
        }
        let input = json!({ "community": world.city, "name": "Mine" });
        assert_eq!(refusal(caller, "addWorkSite", input).await, ("FORBIDDEN".to_owned(), at("community")));
    }
    let nobodys = json!({ "workSite": format!("wsi_{}", "0".repeat(32)), "expectedRevision": 1, "name": "X" });
    assert_eq!(refusal(3, "changeWorkSite", nobodys).await, ("NOT_FOUND".to_owned(), at("workSite")));
    for (input, field) in [
        (json!({ "location": { "latitude": 91, "longitude": 0 } }), "latitude"),
        (json!({ "name": "x".repeat(201) }), "name"),
        (json!({ "name": null }), "name"),
        (json!({ "precision": null }), "precision"),
        (json!({ "country": "Kenya" }), "country"),
    ] {
        let mut change = json!({ "workSite": site, "expectedRevision": 1 });
        change.as_object_mut().expect("an object").extend(input.as_object().expect("an object").clone());
        assert_eq!(refusal(3, "changeWorkSite", change).await, ("INVALID".to_owned(), at(field)));
    }
    let nothing = json!({ "workSite": site, "expectedRevision": 1 });
    assert_eq!(refusal(3, "changeWorkSite", nothing).await, ("INVALID".to_owned(), None));

    // Followers are told of nothing, and whoever looks after the place finds who changed what; where it is, nobody is told.
    let mut follower =
        Follower::start(&world.hand.service, world.tokens[4].as_deref(), EVERYTHING, &world.hand.network, None).await;
    let shown = "workSite { revision precision location { latitude longitude } isExact country }";
    let change = json!({ "workSite": site, "expectedRevision": 1, "location": { "latitude": -1.3, "longitude": 36.8 }, "country": null, "idempotencyKey": "once" });
    let changed = world.facilitator().done("changeWorkSite", change.clone(), shown).await;
    let expected = json!({ "revision": 2, "precision": "NEAR", "location": { "latitude": -1.3, "longitude": 36.8 }, "isExact": true, "country": null });
    assert_eq!(changed["workSite"], expected);
    assert_eq!(world.facilitator().done("changeWorkSite", change, shown).await, changed, "the same key does it once");
    let stale = json!({ "workSite": site, "expectedRevision": 1, "name": "Other" });
    assert_eq!(refusal(3, "changeWorkSite", stale).await, ("CONFLICT".to_owned(), at("expectedRevision")));
    assert_eq!(refusal(3, "removeWorkSite", json!({ "workSite": site, "expectedRevision": 1 })).await.0, "CONFLICT");
    // What others are told changes with the precision at once.
    let query = "query ($id: ID!) { node(id: $id) { ... on WorkSite { location { latitude longitude } } } }";
    let told = async |id: &str| world.ask(2, query, json!({ "id": id })).await["node"].take();
    assert_eq!(told(&site).await["location"], json!({ "latitude": -1.25, "longitude": 36.85 }));
    // An answer that may be kept in memory is no exception.
    let query = "query ($id: ID!) { community(id: $id) { workSites { nodes { name location { latitude } } } } }";
    let listed = async || {
        let found = world.ask(2, query, json!({ "id": world.city })).await;
        let nodes = found["community"]["workSites"]["nodes"].as_array().expect("nodes").clone();
        nodes.iter().find(|node| node["name"] == "Clinic").map(|node| node["location"]["latitude"].clone())
    };
    for _ in 0..3 {
        assert_eq!(listed().await, Some(json!(-1.25)));
    }
    let narrow = json!({ "workSite": site, "expectedRevision": 2, "precision": "REGION" });
    world.facilitator().done("changeWorkSite", narrow, "__typename").await;
    assert_eq!((told(&site).await["location"].take(), listed().await), (Value::Null, Some(Value::Null)));
    let removed = world.facilitator().done("removeWorkSite", json!({ "workSite": site, "expectedRevision": 3 }), "removed").await;
    assert_eq!(removed["removed"], json!(site));
    assert_eq!((told(&site).await, listed().await), (Value::Null, None));
    let trail = "query ($within: ID!, $record: ID) { auditTrail(within: $within, record: $record) { items { kind entityType entityId revision } } }";
    let trail = world.ask(4, trail, json!({ "within": world.city, "record": site })).await;
    let entry =
        |kind: &str, revision: i32| json!({ "kind": kind, "entityType": "WORK_SITE", "entityId": site, "revision": revision });
    let expected = [entry("REMOVED", 4), entry("UPDATED", 3), entry("UPDATED", 2), entry("CREATED", 1)];
    assert_eq!(trail["auditTrail"]["items"], json!(expected));
    world
        .hand
        .done("changeCommunity", json!({ "community": world.city, "expectedRevision": 1, "name": "City" }), "__typename")
        .await;
    let (_, item) = follower.change().await;
    assert_eq!(item["change"]["entityId"], json!(world.city), "nothing was told before: {item}");
    let log = "query ($within: ID!, $first: Int) { changes(within: $within, first: $first, entityTypes: [WORK_SITE]) { items { cursor } } }";
    assert_eq!(world.ask(4, log, json!({ "within": world.hand.network })).await["changes"]["items"], json!([]));

    // A community that ended gets no new ones, and one that becomes part of another gives it its own.
    world.hand.change("closeCommunity", &world.city, json!({})).await;
    let input = json!({ "community": world.city, "name": "Late" });
    assert_eq!(refusal(3, "addWorkSite", input).await, ("NOT_ALLOWED".to_owned(), at("community")));
    let stays = world.hand.community("stays", "CITY", Some(&world.nation), json!({})).await;
    let merged = json!({ "merged": world.city, "expectedMergedRevision": world.hand.revision(&world.city).await });
    world.hand.change("mergeCommunities", &stays, merged).await;
    let query = "query ($id: ID!) { node(id: $id) { ... on WorkSite { revision community { slug } } } }";
    let moved = world.ask(4, query, json!({ "id": hidden })).await;
    assert_eq!(moved["node"], json!({ "revision": 2, "community": { "slug": "stays" } }));
    succeed(&address, &["verify"]);
}
on_both!(sites_are_written_by_those_who_work_there);

async fn one_question_tells_where_the_practice_is_strong_or_needed_and_how_old_that_is(address: String) {
    let world = World::new(&address).await;
    let [a, b, c] = ["A", "B", "C"].map(|name| world.add(name, json!({ "audience": "PUBLIC" })));
    let (a, b, _) = (a.await, b.await, c.await);
    let assess = async |site: &str, on: &str, more: Value| {
        let mut input = json!({ "workSite": site, "assessedOn": on, "source": "Survey of the county" });
        input.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        world.facilitator().ask("assessWorkSite", input, "workSite { revision assessment { id } }").await
    };
    assess(&a, "2026-03-01", json!({ "strength": "WEAK", "need": "URGENT" })).await;
    let newest = assess(&a, "2026-05-01", json!({ "strength": "STRONG", "need": "LOW", "note": "Two new trainers" })).await;
    // Written later, of an earlier day.
    let revised = assess(&a, "2026-04-01", json!({ "strength": "GROWING" })).await;
    assert_eq!(revised["workSite"]["revision"], 4, "each is a change of the site");
    assert_eq!(revised["workSite"]["assessment"], newest["workSite"]["assessment"]);
    assess(&b, "2026-02-01", json!({ "need": "URGENT" })).await;
    let query = "query ($within: ID!, $asOf: Date, $filter: WorkSiteFilter) { workSites(within: $within, filter: $filter) { nodes { \
        name assessment(asOf: $asOf) { assessedOn ageDays strength need source note } } } }";
    let found = world.ask(0, query, json!({ "within": world.hand.network, "asOf": "2026-05-11" })).await;
    assert_eq!(
        found["workSites"]["nodes"],
        json!([
            { "name": "A", "assessment": { "assessedOn": "2026-05-01", "ageDays": 10, "strength": "STRONG", "need": "LOW", "source": "Survey of the county", "note": "Two new trainers" } },
            { "name": "B", "assessment": { "assessedOn": "2026-02-01", "ageDays": 99, "strength": null, "need": "URGENT", "source": "Survey of the county", "note": null } },
            { "name": "C", "assessment": null },
        ])
    );
    let names = async |filter: Value| -> String {
        let found = world.ask(0, query, json!({ "within": world.hand.network, "filter": filter })).await;
        found["workSites"]["nodes"].as_array().expect("nodes").iter().map(|node| text(&node["name"])).collect()
    };
    assert_eq!(names(json!({ "strengths": ["STRONG"] })).await, "A");
    assert_eq!(names(json!({ "needs": ["HIGH", "URGENT"] })).await, "B");
    assert_eq!(names(json!({ "needs": ["HIGH", "URGENT"], "asOf": "2026-03-15" })).await, "AB");
    assert_eq!(names(json!({ "assessedBefore": "2026-05-01" })).await, "BC");
    assert_eq!(names(json!({ "countries": ["TZ"] })).await, "");

    let all = "query ($id: ID!, $asOf: Date) { node(id: $id) { ... on WorkSite { revision assessments(asOf: $asOf) { id assessedOn ageDays } } } }";
    let listed = world.ask(0, all, json!({ "id": a, "asOf": "2026-04-11" })).await;
    let days: Vec<_> = listed["node"]["assessments"]
        .as_array()
        .expect("some")
        .iter()
        .map(|it| (text(&it["assessedOn"]), it["ageDays"].clone()))
        .collect();
    assert_eq!(days, [("2026-04-01".to_owned(), json!(10)), ("2026-03-01".to_owned(), json!(41))]);
    let remove = |revision: i64| json!({ "workSite": a, "assessment": newest["workSite"]["assessment"]["id"], "expectedRevision": revision });
    let stale = world.facilitator().ask("removeAssessment", remove(3), "__typename").await;
    assert_eq!(stale["userErrors"][0]["code"], "CONFLICT", "{stale}");
    let left = world.facilitator().done("removeAssessment", remove(4), "workSite { assessment { strength } }").await;
    assert_eq!(left["workSite"]["assessment"]["strength"], "GROWING");
    let again = world.facilitator().ask("removeAssessment", remove(5), "__typename").await;
    assert_eq!(
        (&again["userErrors"][0]["code"], &again["userErrors"][0]["field"]),
        (&json!("NOT_FOUND"), &json!(["input", "assessment"]))
    );

    for (on, more, field) in [
        ("2199-01-01", json!({ "strength": "WEAK" }), "assessedOn"),
        ("2026-05-01", json!({}), "strength"),
        ("2026-05-01", json!({ "strength": "WEAK", "source": " " }), "source"),
        ("2026-05-01", json!({ "strength": "WEAK", "note": "x".repeat(2_001) }), "note"),
    ] {
        let refused = assess(&a, on, more).await;
        assert_eq!(
            (&refused["userErrors"][0]["code"], &refused["userErrors"][0]["field"]),
            (&json!("INVALID"), &json!(["input", field]))
        );
    }
    succeed(&address, &["verify"]);
}
on_both!(one_question_tells_where_the_practice_is_strong_or_needed_and_how_old_that_is);
