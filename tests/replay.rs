//! A real history, written through the API while others follow: what they received counts to the golden answer.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    checker::{Told, compare_told},
    databases::{Kind, with_database},
    live::{Writer, text, token, until},
    program::{Service, succeed},
    subscriber::{Subscriber, Wanted, read_log},
};

/// Who follows: everything, a nation, the region of one city, and the city where a gathering was removed.
const SCOPES: [&str; 4] = ["rladies", "rladies-country-us", "rladies-region-it-62", "rladies-vienna"];

/// A line of the history.
#[derive(serde::Deserialize, Clone)]
struct Line {
    observed_at: String,
    gathering_external_id: String,
    community_slug: String,
    change: String,
    status: String,
    starts_at: String,
    rsvp_yes: String,
    rsvp_waitlist: String,
}

/// Imports the communities of a network, without its gatherings.
fn import_communities(address: &str, data: &Path) {
    let folder = tempfile::tempdir().expect("a folder");
    for file in ["networks.csv", "communities.csv"] {
        fs::copy(data.join(file), folder.path().join(file)).expect("copies");
    }
    succeed(address, &["import", folder.path().to_str().expect("a path"), "--audience", "PUBLIC"]);
}

/// The ids of the communities by slug, with the network's.
async fn places(service: &Service) -> HashMap<String, String> {
    let network = service.network("rladies").await;
    let (mut ids, mut after) = (HashMap::from([("rladies".to_owned(), network.clone())]), Value::Null);
    loop {
        let query = "query ($within: ID!, $after: String) { communities(within: $within, first: 100, after: $after) \
                     { nodes { id slug } pageInfo { hasNextPage endCursor } } }";
        let mut data = service.ask(query, json!({ "within": network, "after": after })).await;
        let page = &mut data["communities"];
        ids.extend(page["nodes"].as_array().expect("nodes").iter().map(|node| (text(&node["slug"]), text(&node["id"]))));
        if page["pageInfo"]["hasNextPage"] == false {
            return ids;
        }
        after = page["pageInfo"]["endCursor"].take();
    }
}

/// A gathering as the last line left it.
struct Known {
    id: String,
    revision: i64,
    line: Line,
}

/// Someone who writes what the history says.
struct Replay<'a> {
    writer: Writer,
    places: &'a HashMap<String, String>,
    titles: HashMap<String, String>,
    known: HashMap<String, Known>,
}

impl Replay<'_> {
    async fn write(&mut self, line: &Line) {
        let external = &line.gathering_external_id;
        let id = match self.known.remove(external) {
            Some(Known { id, revision, line: before }) => {
                self.change(&id, revision, (&before, line)).await;
                id
            }
            None => {
                let title = self.titles.get(external).map_or("Meetup", String::as_str);
                let input = json!({ "hosts": [self.places[&line.community_slug]], "title": title, "externalId": external,
                    "startsAt": line.starts_at, "announcedAt": line.observed_at });
                self.writer.make("planGathering", input, "gathering").await.0
            }
        };
        if line.change == "REMOVED" {
            return;
        }
        // Each line is a count that was taken then, whether or not it is another one than before.
        let count = |text: &str| text.parse::<i64>().expect("a count");
        let input = json!({ "gathering": id, "yes": count(&line.rsvp_yes), "waitlist": count(&line.rsvp_waitlist),
            "observedAt": line.observed_at });
        let (id, revision) = self.writer.make("recordRsvps", input, "gathering").await;
        self.known.insert(external.clone(), Known { id, revision, line: line.clone() });
    }

    /// Writes what became of a gathering besides its counts.
    async fn change(&self, id: &str, revision: i64, (before, now): (&Line, &Line)) {
        let mut input = json!({ "gathering": id, "expectedRevision": revision });
        if now.change == "REMOVED" {
            self.writer.done("removeGathering", input, "removed").await;
        } else if now.starts_at != before.starts_at {
            assert_eq!(now.status, before.status, "both at once would need the new revision");
            input["startsAt"] = json!(now.starts_at);
            self.writer.done("rescheduleGathering", input, "gathering { id }").await;
        } else if now.status != before.status {
            let mutation = if now.status == "HELD" { "holdGathering" } else { "cancelGathering" };
            self.writer.done(mutation, input, "gathering { id }").await;
        }
    }
}

/// Counts the lines of the history from what a follower received: nothing but its changes and the records beside them.
fn count(told: &[Told]) -> Value {
    let mut rows: BTreeMap<&str, u64> = BTreeMap::new();
    let mut months: BTreeMap<String, u64> = BTreeMap::new();
    let mut last: HashMap<&str, (Value, u64)> = HashMap::new();
    let (mut month, mut seen) = (String::new(), HashMap::<&str, u64>::new());
    for told in told {
        let change: Value = serde_json::from_str(&told.change).expect("JSON");
        let id = told.record.0.as_str();
        match change["kind"].as_str().expect("a kind") {
            "RSVPS_RECORDED" => {
                text(&change["occurredAt"])[..7].clone_into(&mut month);
                let counts = seen.entry(id).or_default();
                *counts += 1;
                *rows.entry(if *counts == 1 { "ADDED" } else { "CHANGED" }).or_default() += 1;
                *months.entry(month.clone()).or_default() += 1;
            }
            "REMOVED" => {
                // Nobody says when a record was removed but the clock of the service. In the history it was at about the
                // time of the count that was written last.
                *rows.entry("REMOVED").or_default() += 1;
                *months.entry(month.clone()).or_default() += 1;
                last.remove(id);
            }
            _ => {}
        }
        // Beside each change is the record as it was when it was told; the last one says how all ended.
        if let Some(entity) = &told.entity {
            let entity: Value = serde_json::from_str(entity).expect("JSON");
            let yes = entity["rsvpYes"].as_u64().unwrap_or_default();
            last.insert(id, (entity["status"].clone(), yes));
        }
    }
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    for (status, yes) in last.into_values() {
        *sums.entry(text(&status)).or_default() += yes;
    }
    json!({ "final_rsvp_by_status": sums, "rows": rows, "rows_by_month": months })
}

/// The same answer for a part of the lines, out of the file.
fn counted_by_hand<'a>(lines: impl Iterator<Item = &'a Line>) -> Value {
    let (mut rows, mut months, mut last) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for line in lines {
        *rows.entry(&line.change).or_insert(0_u64) += 1;
        *months.entry(line.observed_at[..7].to_owned()).or_insert(0_u64) += 1;
        last.insert(&line.gathering_external_id, line);
    }
    let mut sums: BTreeMap<&String, u64> = BTreeMap::new();
    for line in last.values().filter(|line| line.change != "REMOVED") {
        *sums.entry(&line.status).or_default() += line.rsvp_yes.parse::<u64>().expect("a count");
    }
    json!({ "final_rsvp_by_status": sums, "rows": rows, "rows_by_month": months })
}

/// Whether a community is another, or under it; all are under the network.
fn is_under(parents: &HashMap<String, String>, slug: &str, top: &str) -> bool {
    slug == top || top == SCOPES[0] || parents.get(slug).is_some_and(|parent| is_under(parents, parent, top))
}

fn read_csv<T: serde::de::DeserializeOwned>(file: &Path) -> Vec<T> {
    let mut reader = csv::Reader::from_path(file).expect("opens");
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

async fn what_followers_received_is_the_golden_answer(address: String) {
    let Some(data) = std::env::var_os("CONVENE_TEST_DATA").map(PathBuf::from) else {
        eprintln!("CONVENE_TEST_DATA is not set: there is no real history to replay");
        return;
    };
    import_communities(&address, &data);
    let (service, secret) = (Service::start(&address), token(&address));
    let places = places(&service).await;
    let lines: Vec<Line> = read_csv(&data.join("rsvp_history.csv"));
    let titles = read_csv::<HashMap<String, String>>(&data.join("gatherings.csv"));
    let titles = titles.into_iter().map(|mut row| (row.remove("external_id"), row.remove("title")));
    let titles = titles.filter_map(|(id, title)| Some((id?, title.filter(|title| !title.trim().is_empty())?))).collect();

    let mut followers = Vec::new();
    for slug in SCOPES {
        let (within, urls) = (places[slug].clone(), vec![service.url.clone()]);
        followers.push(Subscriber::start(Wanted {
            name: slug.to_owned(),
            within,
            resumes: true,
            token: None,
            after: None,
            urls,
        }));
    }
    until("all follow", async || followers.iter().all(|follower| follower.received().connections > 0)).await;
    let mut replay = Replay { writer: Writer::new(&service, &secret), places: &places, titles, known: HashMap::new() };
    for line in &lines {
        replay.write(line).await;
    }

    let golden: Value = serde_json::from_str(&fs::read_to_string(data.join("golden.json")).expect("reads")).expect("JSON");
    let golden = golden["answers"].as_array().expect("answers").iter().find(|answer| answer["id"] == "G31").expect("G31");
    let parents: HashMap<String, String> = read_csv::<HashMap<String, String>>(&data.join("communities.csv"))
        .into_iter()
        .filter_map(|mut row| Some((row.remove("slug")?, row.remove("parent_slug")?)))
        .collect();
    for (follower, slug) in followers.iter_mut().zip(SCOPES) {
        let start = follower.received().sessions[0].start.clone();
        let log = read_log(&service.url, None, &follower.within, (&start, None)).await;
        let last = log.last().expect("something happened").cursor.clone();
        until("all was received", async || follower.has(|told| told.cursor == last)).await;
        follower.stop().await;
        let told = follower.received().sessions[0].told.clone();
        compare_told(&log, &told).assert_none();
        let expected = counted_by_hand(lines.iter().filter(|line| is_under(&parents, &line.community_slug, slug)));
        assert_eq!(count(&told), expected, "{slug}");
        if slug == "rladies" {
            assert_eq!(expected, golden["answer"], "{}", golden["question"]);
        }
        eprintln!("{slug}: {} changes", told.len());
    }
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_history_on_sqlite() {
    with_database(Kind::Sqlite, what_followers_received_is_the_golden_answer).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_history_on_postgres() {
    with_database(Kind::Postgres, what_followers_received_is_the_golden_answer).await;
}
