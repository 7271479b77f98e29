//! A community that moves changes what others may read deep under it: in answers that are kept, for those who follow, and for
//! those who read on.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    handmade::Handmade,
    live::{EVERYTHING, Follower, REPORTS, Writer, text, until},
    on_both,
    program::{Service, succeed},
};

/// What is told of in reports for members only: with a table, a list, and people who are too few to be told of to others.
const ASKED: &str = "query ($within: ID!, $atLeast: String) { \
    themes(within: $within, atLeast: $atLeast, window: { from: \"2026-05-01\", to: \"2026-06-01\" }) { nodes { theme { code } } } \
    activity(within: $within, atLeast: $atLeast, window: { from: \"2026-05-01\", to: \"2026-06-01\" }, metrics: [ATTENDANCE]) { \
        total { metrics { values } } } }";

const NUMBERS: &str = "subscription ($within: ID!) { activityChanged(within: $within, everySeconds: 1, \
    window: { from: \"2026-05-01\", to: \"2026-06-01\" }, metrics: [ATTENDANCE]) { activity { total { metrics { values } } } } }";

const PAGE: &str = "query ($within: ID!, $after: String, $first: Int) { changes(within: $within, after: $after, first: $first) { \
    items { change { entityId } } cursor hasMore } }";

/// How long a change may take to be seen by another process, with time to spare on a busy machine.
const SOON: Duration = Duration::from_secs(5);

/// Two nations, each with a region in which there is a city. The city of the first has a report for members and a public one.
struct World {
    hand: Handmade,
    /// Another process on the same database.
    there: Service,
    nation: String,
    other_nation: String,
    region: String,
    other_region: String,
    city: String,
    other_city: String,
    for_members: String,
    public: String,
}

impl World {
    async fn new(address: &str) -> Self {
        let hand = Handmade::new(address).await;
        let nation = hand.community("nation", "NATIONAL", None, json!({})).await;
        let other_nation = hand.community("other-nation", "NATIONAL", None, json!({})).await;
        let region = hand.community("region", "REGIONAL", Some(&nation), json!({})).await;
        let other_region = hand.community("other-region", "REGIONAL", Some(&other_nation), json!({})).await;
        let city = hand.community("city", "CITY", Some(&region), json!({})).await;
        let other_city = hand.community("other-city", "CITY", Some(&other_region), json!({})).await;
        let input = json!({ "network": hand.network, "kind": "THEME", "code": "MONEY", "label": "Money" });
        hand.done("addVocabularyTerm", input, "__typename").await;
        let world = Self {
            there: Service::start(address),
            for_members: Self::report(&hand, &[&city], "MEMBERS").await,
            public: Self::report(&hand, &[&city], "PUBLIC").await,
            hand,
            nation,
            other_nation,
            region,
            other_region,
            city,
            other_city,
        };
        assert_eq!(world.hand.revision(&world.city).await, 1);
        world
    }

    /// A report with a theme, if it is for members, and three people.
    async fn report(hand: &Handmade, hosts: &[&str], audience: &str) -> String {
        let gathering = hand.held(hosts, "2026-05-10", json!({ "endDate": "2026-05-10" })).await;
        let theme = (audience == "MEMBERS").then_some("MONEY");
        let items = json!([{ "kind": "CHALLENGE", "text": "Told here", "theme": theme }]);
        let attendance = if audience == "MEMBERS" { 3 } else { 7 };
        hand.report(&gathering, json!({ "audience": audience, "attendance": attendance, "items": items })).await
    }

    /// Someone who looks after a place.
    fn coordinator(address: &str, at: &str) -> String {
        succeed(address, &["token", "create", "--name", "Kim", "--within", at, "--role", "COORDINATOR"]).trim().to_owned()
    }

    /// Puts a community under another one, and gives the cursor of that.
    async fn put(&self, community: &str, parent: &str) -> String {
        let revision = self.hand.revision(community).await;
        let input = json!({ "community": community, "expectedRevision": revision, "parent": parent });
        text(&self.hand.done("moveCommunity", input, "cursor").await["cursor"])
    }

    async fn append(&self, report: &str) {
        let input = json!({ "report": report, "items": [{ "kind": "NEED", "text": "More" }] });
        self.hand.done("appendToGatheringReport", input, "__typename").await;
    }
}

/// What the questions are answered: how many themes, and how many people.
async fn ask(service: &Service, token: &str, variables: Value) -> (usize, Value) {
    let data = service.ask_as(token, ASKED, variables).await;
    let themes = data["themes"]["nodes"].as_array().expect("themes").len();
    (themes, data["activity"]["total"]["metrics"][0]["values"][0].clone())
}

async fn remembered(service: &Service) -> u64 {
    let text = reqwest::get(format!("{}/metrics", service.url)).await.expect("answers").text().await.expect("text");
    let line = text.lines().find_map(|line| line.strip_prefix("convene_answers_from_memory_total "));
    line.map_or(0, |count| count.parse().expect("a number"))
}

/// Asks until the answer comes from memory.
async fn warm(service: &Service, token: &str, within: &str) -> (usize, Value) {
    until("it is answered from memory", async || {
        let before = remembered(service).await;
        ask(service, token, json!({ "within": within })).await;
        remembered(service).await > before
    })
    .await;
    ask(service, token, json!({ "within": within })).await
}

/// Has answers kept in both processes, does something in one of them, and looks whether both answer by that, and how.
async fn answers_follow(world: &World, token: &str, act: impl AsyncFnOnce() -> String) -> [(usize, Value); 2] {
    let services = [&world.hand.service, &world.there];
    let before = warm(services[0], token, &world.city).await;
    assert_eq!(warm(services[1], token, &world.city).await, before);
    let cursor = act().await;
    let after = ask(services[0], token, json!({ "within": world.city })).await;
    assert_ne!(after, before, "where it was done it is known at once");
    // The cursor was given for all rights, and this is asked with others.
    let told = ask(services[1], token, json!({ "within": world.city, "atLeast": cursor })).await;
    assert_eq!(told, after, "whoever names the cursor knows it at once");
    let done = Instant::now();
    while ask(services[1], token, json!({ "within": world.city })).await != after {
        assert!(done.elapsed() < SOON, "an old answer is given again and again");
    }
    [before, after]
}

async fn answers_are_not_kept_longer_than_rights(address: String) {
    let world = World::new(&address).await;
    let kim = World::coordinator(&address, &world.nation);
    let [before, after] = answers_follow(&world, &kim, async || world.put(&world.region, &world.other_nation).await).await;
    assert_eq!((&before, after.0), (&(1, json!(10)), 0), "{before:?}, then {after:?}");
    assert_ne!(after.1, json!(10), "three people are too few to be told of to others");
    let [_, again] = answers_follow(&world, &kim, async || world.put(&world.region, &world.nation).await).await;
    assert_eq!(again, before);
}
on_both!(answers_are_not_kept_longer_than_rights);

async fn answers_are_not_kept_when_communities_are_merged(address: String) {
    let world = World::new(&address).await;
    let kim = World::coordinator(&address, &world.other_nation);
    // The city is carried over with the region that it stands under.
    let [before, after] = answers_follow(&world, &kim, async || {
        let hand = &world.hand;
        let input = json!({ "community": world.other_nation, "expectedRevision": hand.revision(&world.other_nation).await,
            "merged": world.nation, "expectedMergedRevision": hand.revision(&world.nation).await });
        text(&hand.done("mergeCommunities", input, "cursor").await["cursor"])
    })
    .await;
    assert_eq!((before.0, after), (0, (1, json!(10))));
}
on_both!(answers_are_not_kept_when_communities_are_merged);

async fn answers_are_not_kept_when_a_joint_host_moves(address: String) {
    let world = World::new(&address).await;
    World::report(&world.hand, &[&world.city, &world.other_city], "MEMBERS").await;
    let kim = World::coordinator(&address, &world.other_region);
    let [before, after] = answers_follow(&world, &kim, async || world.put(&world.other_city, &world.region).await).await;
    assert_eq!((before.0, after.0), (1, 0), "{before:?}, then {after:?}");
}
on_both!(answers_are_not_kept_when_a_joint_host_moves);

/// The code that an operation ends with. Until then nothing is told of this report.
async fn end(follower: &mut Follower, hidden: &str) -> String {
    loop {
        let message = follower.message().await;
        let told: Value = serde_json::from_str(&message).expect("JSON");
        if told["type"] == "error" {
            return text(&told["payload"][0]["extensions"]["code"]);
        }
        assert!(!message.contains(hidden), "nothing is told past the move: {message}");
    }
}

/// The code that reading on from a cursor is refused with, once everything before was read.
async fn refusal(service: &Service, token: &str, within: &str, after: &str) -> (Vec<String>, String) {
    let reader = Writer::new(service, token);
    let (mut told, mut after) = (Vec::new(), after.to_owned());
    loop {
        let answer = reader.query(PAGE, json!({ "within": within, "after": after, "first": 1 })).await;
        if answer["data"].is_null() {
            return (told, text(&answer["errors"][0]["extensions"]["code"]));
        }
        let page = &answer["data"]["changes"];
        told.extend(page["items"].as_array().expect("items").iter().map(|item| text(&item["change"]["entityId"])));
        if page["hasMore"] == false {
            return (told, "none".to_owned());
        }
        after = text(&page["cursor"]);
    }
}

async fn who_follows_is_told_of_a_move_above(address: String) {
    let world = World::new(&address).await;
    let (here, city) = (&world.hand.service, &world.city);
    let [kim, lee] = [&world.nation, city].map(|at| World::coordinator(&address, at));
    let mut ending = Vec::new();
    for service in [here, &world.there] {
        for query in [REPORTS, EVERYTHING] {
            ending.push(Follower::start(service, Some(&kim), query, city, None).await);
        }
    }
    // Those who may read the same as before are told on.
    let mut staying = vec![Follower::start(here, Some(&lee), REPORTS, city, None).await];
    staying.push(Follower::start(&world.there, None, REPORTS, city, None).await);
    staying.push(Follower::start(&world.there, Some(&world.hand.token), REPORTS, city, None).await);
    let early = ending[0].cursor.clone();
    world.append(&world.for_members).await;
    for follower in &mut ending {
        assert_eq!(follower.change().await.1["change"]["entityId"], json!(world.for_members));
    }
    let late = ending[0].cursor.clone();
    world.put(&world.region, &world.other_nation).await;
    world.append(&world.for_members).await;
    world.append(&world.public).await;
    for follower in &mut ending {
        assert_eq!(end(follower, &world.for_members).await, "SCOPE_CHANGED");
    }
    for follower in &mut staying {
        while follower.change().await.1["change"]["entityId"] != json!(world.public) {}
    }

    // Who comes back is told what was before, and then the same, from memory or, after a restart, from the database; also when
    // everything is again where it was.
    world.put(&world.region, &world.nation).await;
    let restarted = Service::start(&address);
    for service in [here, &world.there, &restarted] {
        assert_eq!(refusal(service, &kim, city, &late).await, (Vec::new(), "SCOPE_CHANGED".to_owned()));
        let told = vec![world.for_members.clone()];
        assert_eq!(refusal(service, &kim, city, &early).await, (told, "SCOPE_CHANGED".to_owned()));
        let mut follower = Follower::start(service, Some(&kim), REPORTS, city, Some(&early)).await;
        assert_eq!(follower.change().await.1["change"]["entityId"], json!(world.for_members));
        assert_eq!(end(&mut follower, &world.for_members).await, "SCOPE_CHANGED");
        let mut follower = Follower::start(service, Some(&kim), EVERYTHING, city, Some(&late)).await;
        assert_eq!(end(&mut follower, &world.for_members).await, "SCOPE_CHANGED");
        // Cursors that name other rights are those of others.
        let mut stranger = Follower::start(service, None, REPORTS, city, Some(&staying[1].cursor)).await;
        world.append(&world.public).await;
        assert_eq!(stranger.change().await.1["change"]["entityId"], json!(world.public));
    }
    // Whoever begins now goes on.
    let mut follower = Follower::start(&world.there, Some(&kim), REPORTS, city, None).await;
    world.append(&world.for_members).await;
    assert_eq!(follower.change().await.1["change"]["entityId"], json!(world.for_members));
    let (told, code) = refusal(here, &kim, city, &follower.cursor).await;
    assert_eq!((told, code.as_str()), (Vec::new(), "none"));
}
on_both!(who_follows_is_told_of_a_move_above);

async fn who_follows_is_told_when_a_joint_host_moves(address: String) {
    let world = World::new(&address).await;
    let joint = World::report(&world.hand, &[&world.city, &world.other_city], "MEMBERS").await;
    let kim = World::coordinator(&address, &world.other_region);
    let mut follower = Follower::start(&world.there, Some(&kim), REPORTS, &world.city, None).await;
    let cursor = follower.cursor.clone();
    world.put(&world.other_city, &world.region).await;
    world.append(&joint).await;
    assert_eq!(end(&mut follower, &joint).await, "SCOPE_CHANGED");
    assert_eq!(refusal(&world.there, &kim, &world.city, &cursor).await, (Vec::new(), "SCOPE_CHANGED".to_owned()));
}
on_both!(who_follows_is_told_when_a_joint_host_moves);

async fn numbers_are_told_anew_after_a_move_above(address: String) {
    let world = World::new(&address).await;
    let kim = World::coordinator(&address, &world.nation);
    for service in [&world.hand.service, &world.there] {
        let (mut follower, first) = Follower::open(service, Some(&kim), NUMBERS, json!({ "within": world.city })).await;
        assert!(first.contains("[10.0]") || first.contains("[10]"), "{first}");
        world.put(&world.region, &world.other_nation).await;
        let moved = Instant::now();
        let message = follower.message().await;
        assert!(message.contains("\"next\"") && !message.contains("[10.0]") && !message.contains("[10]"), "{message}");
        assert!(moved.elapsed() < SOON, "sooner than what is told when nothing happens");
        world.put(&world.region, &world.nation).await;
        let message = follower.message().await;
        assert!(message.contains("[10.0]") || message.contains("[10]"), "{message}");
    }
}
on_both!(numbers_are_told_anew_after_a_move_above);
