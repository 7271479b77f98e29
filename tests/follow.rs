//! Following what is written, from other processes, live and again from a cursor.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use crate::{
    databases::{Kind, with_database},
    live::{EVERYTHING, Follower, REPORTS, Road, Writer, brief, text, token, until},
    on_both,
    program::{Running, Service, convene, succeed},
    weave::{Places, import},
};

/// How many write at once.
const WRITERS: usize = 16;

fn serve(address: &str, redis: Option<&str>) -> Service {
    let mut command = convene(address, &["--listen", "127.0.0.1:0"]);
    if let Some(redis) = redis {
        command.env("REDIS_URL", redis);
    }
    Service::follow(Running::start(command))
}

/// Submits reports of the gatherings in a range, by many writers at once; gives the cursor and the city by report.
async fn submit_all(writer: &Writer, places: &Places, range: std::ops::Range<usize>) -> HashMap<String, (String, usize)> {
    let (first, last) = (range.start, range.end);
    let writers = (0..WRITERS).map(|offset| {
        let (writer, gatherings) = (writer.clone(), places.gatherings.clone());
        tokio::spawn(async move {
            let mut done = Vec::new();
            for n in (first + offset..last).step_by(WRITERS) {
                let input = json!({ "gathering": gatherings[&format!("g-{n:04}")], "attendance": n,
                    "items": [{ "kind": "NEED", "text": format!("Need {n}") }] });
                let payload = writer.done("submitGatheringReport", input, "report { id }").await;
                done.push((text(&payload["report"]["id"]), (text(&payload["cursor"]), n % 4)));
            }
            done
        })
    });
    let mut written = HashMap::new();
    for writes in futures::future::join_all(writers.collect::<Vec<_>>()).await {
        written.extend(writes.expect("writes"));
    }
    assert_eq!(written.len(), last - first);
    written
}

/// The order of the log, as everyone can read it afterwards.
async fn log_of(service: &Service, within: &str, after: &str) -> Vec<String> {
    let (mut cursors, mut after) = (Vec::new(), after.to_owned());
    loop {
        let query = "query ($within: ID!, $after: String) { changes(within: $within, after: $after, first: 100, \
                     entityTypes: [GATHERING_REPORT]) { items { cursor } cursor hasMore } }";
        let data = service.ask(query, json!({ "within": within, "after": after })).await;
        cursors.extend(data["changes"]["items"].as_array().expect("items").iter().map(|item| text(&item["cursor"])));
        after = text(&data["changes"]["cursor"]);
        if data["changes"]["hasMore"] == false {
            return cursors;
        }
    }
}

/// Who tells the processes of each other's writes.
enum Redis {
    /// Nobody: they read the heads.
    Absent,
    /// Redis, all the time.
    Present,
    /// Redis, until a third of it is written.
    Stopped,
}

/// Reports are submitted at one process; followers of four places at another receive every one that is theirs, once
/// and in the order of the log, and the same bytes again from a cursor in the middle.
async fn every_report_is_received_once_and_in_order(address: &str, count: usize, redis: Redis) {
    import(address, count);
    let road = Road::open(crate::program::redis_address()).await;
    let url = (!matches!(redis, Redis::Absent)).then(|| format!("redis://{}", road.address));
    let (at, other) = (serve(address, url.as_deref()), serve(address, url.as_deref()));
    let (writer, places) = (Writer::new(&at, &token(address)), Places::find(&other).await);
    let mut followers = Vec::new();
    for (slug, cities) in [("weave", 0..4), ("kenya", 0..4), ("rift", 0..2), ("coast-1", 3..4)] {
        let mut follower = Follower::start(&other, None, REPORTS, places.id(slug), None).await;
        let (start, mine) = (follower.cursor.clone(), count / 4 * cities.len());
        followers.push((slug, cities, start, tokio::spawn(async move { follower.changes(mine).await })));
    }
    let mut written = submit_all(&writer, &places, 0..count / 3).await;
    if matches!(redis, Redis::Stopped) {
        road.close();
    }
    written.extend(submit_all(&writer, &places, count / 3..count).await);
    for (slug, cities, start, receiving) in followers {
        let received = receiving.await.expect("receives");
        let cursors: Vec<String> = received.iter().map(|(_, item)| text(&item["cursor"])).collect();
        assert_eq!(cursors, log_of(&other, places.id(slug), &start).await, "{slug}: not in the order of the log");
        let mine: HashMap<&String, &String> =
            written.iter().filter(|(_, (_, city))| cities.contains(city)).map(|(report, (cursor, _))| (report, cursor)).collect();
        assert_eq!(received.len(), mine.len(), "{slug}: a report came twice");
        for (_, item) in &received {
            // The writer was told of the same place in the log, under other rights, which the end of a cursor says.
            let told = mine[&text(&item["report"]["id"])];
            assert_eq!(told[..60], text(&item["cursor"])[..60], "{slug}");
        }
        let middle = cursors.len() / 2;
        let mut again = Follower::start(&other, None, REPORTS, places.id(slug), Some(&cursors[middle - 1])).await;
        assert!(again.changes(cursors.len() - middle).await == received[middle..], "{slug}: another answer again");
        // A process that nobody has followed anything at makes the same of the log, by itself.
        let late = cursors.len() - 40.min(middle);
        let mut elsewhere = Follower::start(&at, None, REPORTS, places.id(slug), Some(&cursors[late - 1])).await;
        assert!(elsewhere.changes(cursors.len() - late).await == received[late..], "{slug}: another answer elsewhere");
    }
    assert!(succeed(address, &["verify"]).contains("nothing differs"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_reports_cross_from_one_process_to_another() {
    with_database(Kind::Postgres, async |address| {
        every_report_is_received_once_and_in_order(&address, 1_000, Redis::Present).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_reports_cross_when_redis_is_stopped_among_them() {
    with_database(Kind::Postgres, async |address| {
        every_report_is_received_once_and_in_order(&address, 1_000, Redis::Stopped).await;
    })
    .await;
}

/// Two processes share a SQLite file too, if they are on one machine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_cross_between_processes_on_one_file() {
    with_database(Kind::Sqlite, async |address| every_report_is_received_once_and_in_order(&address, 120, Redis::Absent).await)
        .await;
}

/// Makes a network with two regions of one nation and a city in the first, through the API alone.
struct Tree {
    writer: Writer,
    network: String,
    nation: String,
    regions: [String; 2],
    city: (String, i64),
}

async fn plant(service: &Service, token: &str) -> Tree {
    let writer = Writer::new(service, token);
    let (network, _) = writer.make("createNetwork", json!({ "slug": "weave", "name": "Weave" }), "network").await;
    let community = async |slug: &str, level: &str, parent: Value| {
        let input = json!({ "network": network, "slug": slug, "name": slug, "level": level, "parent": parent, "defaultAudience": "PUBLIC" });
        writer.make("createCommunity", input, "community").await
    };
    let (nation, _) = community("kenya", "NATIONAL", Value::Null).await;
    let (rift, _) = community("rift", "REGIONAL", json!(nation)).await;
    let (coast, _) = community("coast", "REGIONAL", json!(nation)).await;
    let city = community("nakuru", "CITY", json!(rift)).await;
    Tree { network, nation, regions: [rift, coast], city, writer }
}

impl Tree {
    async fn plan(&self, host: &str, day: u32) -> (String, i64) {
        let input = json!({ "hosts": [host], "title": format!("Circle {day}"), "startDate": format!("2026-05-{day:02}") });
        self.writer.make("planGathering", input, "gathering").await
    }

    async fn submit(&self, gathering: &str) -> (String, i64) {
        self.writer.make("submitGatheringReport", json!({ "gathering": gathering, "attendance": 12 }), "report").await
    }
}

/// A community moved, a report narrowed, a gathering rehosted and one removed: those who follow each place are told
/// what it means there, and so are those who come back.
async fn whatever_leaves_or_enters_is_told_to_each_place(address: String) {
    let service = Service::start(&address);
    let token = token(&address);
    let tree = plant(&service, &token).await;
    let (city, city_revision) = tree.city.clone();
    let (gathering, _) = tree.plan(&city, 1).await;
    let (removed, _) = tree.plan(&city, 2).await;
    let (report, revision) = tree.submit(&gathering).await;
    let (of_removed, _) = tree.submit(&removed).await;
    let [rift, coast] = &tree.regions;

    let places = [("network", &tree.network), ("nation", &tree.nation), ("rift", rift), ("coast", coast), ("city", &city)];
    let mut strangers = Vec::new();
    for (_, place) in &places {
        strangers.push(Follower::start(&service, None, REPORTS, place, None).await);
    }
    let starts: Vec<String> = strangers.iter().map(|follower| follower.cursor.clone()).collect();
    let mut member = Follower::start(&service, Some(&token), REPORTS, coast, None).await;
    let mut everything = Follower::start(&service, None, EVERYTHING, rift, None).await;

    // The city goes to the other region with all its reports.
    tree.writer
        .done(
            "moveCommunity",
            json!({ "community": city, "expectedRevision": city_revision, "parent": coast }),
            "community { id }",
        )
        .await;
    // The report is narrowed to members.
    let amended = tree
        .writer
        .make("amendGatheringReport", json!({ "report": report, "expectedRevision": revision, "audience": "MEMBERS" }), "report")
        .await;
    // The other gathering is hosted by the first region itself, and then removed.
    let revision = async |id: &str| {
        let data = service.ask("query ($id: ID!) { gathering(id: $id) { revision } }", json!({ "id": id })).await;
        data["gathering"]["revision"].as_i64().expect("a revision")
    };
    let hosts = json!({ "gathering": removed, "expectedRevision": revision(&removed).await, "hosts": [rift] });
    tree.writer.done("changeGathering", hosts, "gathering { id }").await;
    let input = json!({ "gathering": removed, "expectedRevision": revision(&removed).await });
    assert_eq!(tree.writer.done("removeGathering", input, "removed").await["removed"], removed.as_str());

    let moved = |effect: &str| format!("MOVED {effect} {city}");
    let expected: [Vec<String>; 5] = [
        // In the network and the nation the city only moved about, which is nothing to those who follow reports.
        vec![format!("AMENDED LEFT {report}"), format!("MOVED CHANGED {of_removed}"), format!("REMOVED LEFT {of_removed}")],
        vec![format!("AMENDED LEFT {report}"), format!("MOVED CHANGED {of_removed}"), format!("REMOVED LEFT {of_removed}")],
        vec![moved("LEFT"), format!("MOVED ENTERED {of_removed}"), format!("REMOVED LEFT {of_removed}")],
        vec![moved("ENTERED"), format!("AMENDED LEFT {report}"), format!("MOVED LEFT {of_removed}")],
        vec![format!("AMENDED LEFT {report}"), format!("MOVED LEFT {of_removed}")],
    ];
    for (((name, place), follower), (start, expected)) in places.iter().zip(&mut strangers).zip(starts.iter().zip(&expected)) {
        let live = follower.changes(expected.len()).await;
        assert_eq!(live.iter().map(|(_, item)| brief(item)).collect::<Vec<_>>(), *expected, "{name}");
        for (_, item) in &live {
            let left = item["change"]["effect"] == "LEFT";
            assert!(!left || item["report"].is_null(), "{name}: what left is not shown: {item}");
            let of_community = text(&item["change"]["entityType"]) == "COMMUNITY";
            assert_eq!(item["community"]["slug"].as_str(), of_community.then_some("nakuru"), "{name}: {item}");
        }
        let mut again = Follower::start(&service, None, REPORTS, place, Some(start)).await;
        let again: Vec<Value> = again.changes(expected.len()).await.into_iter().map(|(_, item)| item["change"].clone()).collect();
        assert_eq!(again, live.iter().map(|(_, item)| item["change"].clone()).collect::<Vec<_>>(), "{name}");
    }
    // Someone with a token keeps the narrowed report in sight.
    let seen: Vec<String> = member.changes(3).await.iter().map(|(_, item)| brief(item)).collect();
    assert_eq!(seen, [moved("ENTERED"), format!("AMENDED CHANGED {}", amended.0), format!("MOVED LEFT {of_removed}")]);
    // Who follows everything is told of gatherings too.
    let seen: Vec<String> = everything.changes(5).await.iter().map(|(_, item)| brief(item)).collect();
    let entered = [format!("MOVED ENTERED {of_removed}"), format!("MOVED ENTERED {removed}")];
    let gone = [format!("REMOVED LEFT {of_removed}"), format!("REMOVED LEFT {removed}")];
    assert_eq!(seen[0], moved("LEFT"));
    assert_eq!(seen[1..3].iter().collect::<BTreeSet<_>>(), entered.iter().collect());
    assert_eq!(seen[3..], gone);
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
}
on_both!(whatever_leaves_or_enters_is_told_to_each_place);

/// A hub keeps a copy: a snapshot page by page while others write, then what was written since. In the end the copy
/// holds what the lists hold.
async fn a_copy_made_of_a_snapshot_and_the_log_is_complete(address: String) {
    import(&address, 60);
    let service = Service::start(&address);
    let (places, writer) = (Places::find(&service).await, Writer::new(&service, &token(&address)));
    let within = places.id("rift").to_owned();
    let (mut copy, mut after, mut pages) = (BTreeSet::new(), Value::Null, 0);
    loop {
        let query = "query ($within: ID!, $after: String) { changes(within: $within, after: $after, first: 7) {                      items { cursor change { kind effect entityType entityId revision } entity { id } } cursor hasMore } }";
        let mut data = service.ask(query, json!({ "within": within, "after": after })).await;
        for item in data["changes"]["items"].as_array().expect("items") {
            let id = text(&item["change"]["entityId"]);
            match text(&item["change"]["effect"]).as_str() {
                "LEFT" => assert!(copy.remove(&id), "{item}"),
                effect => {
                    // A record that is written between its reading and its change in the log is told twice, never missed.
                    assert!(copy.insert(id) || effect == "CHANGED" || item["change"]["kind"] == "SUBMITTED", "{item}");
                }
            }
        }
        after = data["changes"]["cursor"].take();
        // Others write meanwhile, into pages that were read and into pages that were not.
        if pages < 8 {
            submit_all(&writer, &places, pages * 7..pages * 7 + 7).await;
        }
        pages += 1;
        if data["changes"]["hasMore"] == false && pages >= 8 {
            break;
        }
    }
    let mut expected = BTreeSet::new();
    for list in ["communities", "gatherings", "gatheringReports"] {
        let query = format!("query ($within: ID!) {{ list: {list}(within: $within, first: 100) {{ nodes {{ id }} }} }}");
        let data = service.ask(&query, json!({ "within": within })).await;
        expected.extend(data["list"]["nodes"].as_array().expect("nodes").iter().map(|node| text(&node["id"])));
    }
    assert_eq!(expected.len(), 3 + 30 + 28);
    assert_eq!(copy, expected);
    // The log goes on where the pages end.
    let mut follower = Follower::start(&service, None, EVERYTHING, &within, Some(&text(&after))).await;
    submit_all(&writer, &places, 56..60).await;
    let changes = follower.changes(2).await;
    assert!(changes.iter().all(|(_, item)| item["change"]["kind"] == "SUBMITTED"), "{changes:?}");
}
on_both!(a_copy_made_of_a_snapshot_and_the_log_is_complete);

/// Cursors that cannot be read on from are refused, each in its own way.
async fn a_cursor_is_checked(address: String) {
    import(&address, 4);
    let service = Service::start(&address);
    let (places, token) = (Places::find(&service).await, token(&address));
    let network = places.id("weave").to_owned();
    let refused = async |token: Option<&str>, within: &str, after: Option<&str>| -> String {
        let variables = json!({ "within": within, "after": after });
        let (mut follower, mut message) = Follower::open(&service, token, REPORTS, variables).await;
        loop {
            let found: Value = serde_json::from_str(&message).expect("JSON");
            if found["type"] == "error" {
                return text(&found["payload"][0]["extensions"]["code"]);
            }
            // What is wrong with the log itself is noticed when it is looked at next.
            assert!(message.contains("\"change\":null"), "{message}");
            message = follower.message().await;
        }
    };
    let cursor = Follower::start(&service, None, REPORTS, &network, None).await.cursor;
    assert_eq!(refused(None, &network, Some("nonsense")).await, "BAD_CURSOR");
    assert_eq!(refused(None, "com_00000000000070008000000000000000", None).await, "NOT_FOUND");
    assert_eq!(refused(None, "rep_00000000000070008000000000000000", None).await, "BAD_USER_INPUT");
    assert_eq!(refused(Some(&token), &network, Some(&cursor)).await, "SCOPE_CHANGED");
    // The log of an older copy of the database, written on since, has another change at the same place.
    crate::databases::execute(&address, "DELETE FROM change_scopes WHERE position > 5").await;
    crate::databases::execute(&address, "DELETE FROM changes WHERE position > 5").await;
    crate::databases::execute(
        &address,
        "UPDATE network_heads SET position = 5, change_id = (SELECT id FROM changes WHERE position = 5)",
    )
    .await;
    assert_eq!(refused(None, &network, Some(&cursor)).await, "CURSOR_EXPIRED");
    // Other writes take the place: positions are there again, but they are not those that were read.
    let writer = Writer::new(&service, &token);
    let created: Vec<String> = (0..6).map(|n| format!("city-{n}")).collect();
    for slug in &created {
        let input = json!({ "network": network, "slug": slug, "name": slug, "level": "CITY" });
        writer.make("createCommunity", input, "community").await;
    }
    assert_eq!(refused(None, &network, Some(&cursor)).await, "CURSOR_EXPIRED");
}
on_both!(a_cursor_is_checked);

/// The service says that it stops, and where to go on; a terminal that follows goes on by itself when it is back.
async fn who_follows_goes_on_after_a_restart(address: String) {
    import(&address, 8);
    let mut service = Service::start(&address);
    let (places, secret) = (Places::find(&service).await, token(&address));
    let mut follower = Follower::start(&service, None, REPORTS, places.id("weave"), None).await;
    let port = service.url.rsplit(':').next().expect("a port").to_owned();
    let listen = format!("127.0.0.1:{port}");
    let url = format!("{}/graphql", service.url);
    let terminal = Running::start(convene(&address, &["subscribe", "weave", "--url", &url, "--json"]));
    terminal.line("\"change\":null");
    submit_all(&Writer::new(&service, &secret), &places, 0..3).await;
    follower.changes(3).await;
    service.program.signal("TERM");
    let end: Value = serde_json::from_str(&follower.message().await).expect("JSON");
    assert_eq!((end["type"].as_str(), end["payload"][0]["extensions"]["code"].as_str()), (Some("error"), Some("SHUTTING_DOWN")));
    assert_eq!(end["payload"][0]["extensions"]["cursor"], follower.cursor.as_str());
    assert_eq!(service.program.end(), Some(0));

    let again = Service::follow(Running::start(convene(&address, &["--listen", &listen])));
    submit_all(&Writer::new(&again, &secret), &places, 3..8).await;
    let mut resumed = Follower::start(&again, None, REPORTS, places.id("weave"), Some(&follower.cursor)).await;
    resumed.changes(5).await;
    until("the terminal has seen all", async || terminal.count("\"kind\":\"SUBMITTED\"") == 8).await;
    let mut seen: Vec<String> = terminal.lines_with("\"kind\":\"SUBMITTED\"");
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 8, "nothing twice");
}
on_both!(who_follows_goes_on_after_a_restart);

/// What a node has ready for those who follow is not shown any more once it was hidden, however lately it was made.
async fn what_was_hidden_since_is_not_shown_to_those_who_come_back(address: String) {
    let service = Service::start(&address);
    let tree = plant(&service, &token(&address)).await;
    let mut stranger = Follower::start(&service, None, REPORTS, &tree.network, None).await;
    let start = stranger.cursor.clone();
    let (gathering, _) = tree.plan(&tree.city.0, 1).await;
    let (report, revision) = tree.submit(&gathering).await;
    assert_eq!(stranger.change().await.1["report"]["attendance"], 12);
    let input = json!({ "report": report, "expectedRevision": revision, "audience": "MEMBERS" });
    tree.writer.make("amendGatheringReport", input, "report").await;
    assert_eq!(stranger.change().await.1["change"]["effect"], "LEFT");
    let mut again = Follower::start(&service, None, REPORTS, &tree.network, Some(&start)).await;
    let told = again.changes(2).await;
    assert_eq!(told.iter().map(|(_, item)| text(&item["change"]["kind"])).collect::<Vec<_>>(), ["SUBMITTED", "AMENDED"]);
    assert!(told.iter().all(|(_, item)| item["report"].is_null()), "{told:?}");
}
on_both!(what_was_hidden_since_is_not_shown_to_those_who_come_back);
