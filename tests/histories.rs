//! Whatever is written, in whatever order, the sums are those of the records that are there in the end.
//!
//! A history of random writes goes through the service, as clients send them. What the database then keeps is compared
//! with what the records come to by the plainest reckoning.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use chrono::{Days, NaiveDate, Utc};
use convene_domain::{
    id::{CommunityId, GatheringId, NetworkId},
    metric::Measure,
};
use convene_persistence::{Database, verify};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};

use crate::{
    databases::{Kind, with_database},
    every_metric,
    live::{Writer, text, token},
    program::{Service, succeed},
    reckoning::{Records, stored_due, stored_months},
};

/// How many writes are tried in one history. Some are refused, as they should be.
const WRITES: usize = 200;

const LEVELS: [&str; 3] = ["NATIONAL", "REGIONAL", "CITY"];
const OFFSETS: [&str; 4] = ["+03:00", "-08:00", "+05:45", "+00:00"];
const FORMATS: [&str; 4] = ["IN_PERSON", "ONLINE", "HYBRID", "UNKNOWN"];
const KINDS: [&str; 11] = [
    "PROBLEM_SOLVING",
    "REQUESTS_FOR_INFORMATION",
    "SEEKING_EXPERIENCE",
    "REUSING_ASSETS",
    "COORDINATION_AND_STRATEGY",
    "BUILDING_AN_ARGUMENT",
    "GROWING_CONFIDENCE",
    "DISCUSSING_DEVELOPMENTS",
    "DOCUMENTING_PROJECTS",
    "VISITS",
    "MAPPING_KNOWLEDGE",
];

fn pick(random: &mut StdRng, words: &[&'static str]) -> &'static str {
    words.choose(random).expect("some")
}

/// What has to be done at least once in a history.
const MUTATIONS: [&str; 19] = [
    "createCommunity",
    "changeCommunity",
    "moveCommunity",
    "closeCommunity",
    "mergeCommunities",
    "planGathering",
    "holdGathering",
    "cancelGathering",
    "rescheduleGathering",
    "changeGathering",
    "recordRsvps",
    "mergeGatherings",
    "removeGathering",
    "draftGatheringReport",
    "submitGatheringReport",
    "amendGatheringReport",
    "appendToGatheringReport",
    "reviewGatheringReport",
    "withdrawGatheringReport",
];

/// A network in which anything may happen next.
struct History {
    writer: Writer,
    database: Database,
    address: String,
    network: NetworkId,
    random: StdRng,
    today: NaiveDate,
    made: usize,
    /// What was said last of the deadline of each community, and whether it was ever changed.
    deadlines: BTreeMap<CommunityId, (Option<i64>, bool)>,
    done: BTreeSet<&'static str>,
    counted: BTreeSet<&'static str>,
}

/// Records with their revisions, of which the next write takes some.
struct Choice {
    communities: Vec<(CommunityId, i64, &'static str)>,
    gatherings: Vec<(GatheringId, i64)>,
    reports: Vec<(String, i64, GatheringId, Vec<String>)>,
}

impl History {
    async fn begin(address: String, service: &Service, seed: u64) -> Self {
        let writer = Writer::new(service, &token(&address));
        let (network, _) = writer.make("createNetwork", json!({ "slug": "care", "name": "Care" }), "network").await;
        let network = network.parse().expect("an id");
        let database = Database::open(&address, 2).await.expect("opens");
        let (random, today) = (StdRng::seed_from_u64(seed), Utc::now().date_naive());
        let (deadlines, done, counted) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        Self { writer, database, address, network, random, today, made: 0, deadlines, done, counted }
    }

    async fn choice(&self) -> Choice {
        let connection = self.database.reader();
        let mut communities = convene_persistence::communities::all(connection, self.network).await.expect("reads");
        let mut gatherings = convene_persistence::gatherings::all(connection, self.network).await.expect("reads");
        let mut reports = convene_persistence::reports::all(connection, self.network).await.expect("reads");
        // In the order in which they were made, so that a seed makes the same history each time.
        communities.sort_by_key(|it| it.id);
        gatherings.sort_by_key(|it| it.id);
        reports.sort_by_key(|it| it.id);
        let ids: Vec<_> = reports.iter().map(|report| report.id).collect();
        let rights = convene_domain::access::Caller::Operator.rights();
        let mut items =
            convene_persistence::reports::load_items(connection, &rights, &Default::default(), &ids).await.expect("reads");
        Choice {
            communities: communities.iter().map(|it| (it.id, it.revision, it.level.as_str())).collect(),
            gatherings: gatherings.iter().map(|it| (it.id, it.revision)).collect(),
            reports: reports
                .iter()
                .map(|it| {
                    let items = items.remove(&it.id).unwrap_or_default().into_iter().map(|(id, _)| id.to_string());
                    (it.id.to_string(), it.revision, it.gathering, items.collect())
                })
                .collect(),
        }
    }

    /// Writes something, or tries to.
    async fn step(&mut self) {
        let choice = self.choice().await;
        match self.random.random_range(0..100) {
            _ if choice.communities.len() < 6 => self.create(&choice).await,
            _ if choice.gatherings.len() < 6 => self.plan(&choice).await,
            0..5 => self.create(&choice).await,
            5..15 => self.change_communities(&choice).await,
            15..35 => self.plan(&choice).await,
            35..62 => self.change_gatherings(&choice).await,
            _ => self.report(&choice).await,
        }
    }

    async fn send(&mut self, mutation: &'static str, input: Value, select: &str) -> Option<Value> {
        let payload = self.writer.ask(mutation, input, select).await;
        let done = payload["userErrors"] == json!([]);
        if done {
            self.done.insert(mutation);
        }
        done.then_some(payload)
    }

    async fn create(&mut self, choice: &Choice) {
        let level = self.random.random_range(0..3);
        let above: Vec<_> = choice.communities.iter().filter(|(_, _, of)| LEVELS[..level].contains(of)).collect();
        let parent = above.choose(&mut self.random).map(|(id, ..)| id.to_string());
        let days = self.days();
        self.made += 1;
        let (name, zone) = (format!("place-{}", self.made), ["Africa/Nairobi", "America/Havana"].choose(&mut self.random));
        let input = json!({ "network": self.network.to_string(), "slug": name, "name": name, "level": LEVELS[level],
            "parent": parent, "reportDueDays": days, "timeZone": zone });
        if let Some(payload) = self.send("createCommunity", input, "community { id }").await {
            let id = text(&payload["community"]["id"]).parse().expect("an id");
            self.deadlines.insert(id, (days, false));
        }
    }

    fn days(&mut self) -> Option<i64> {
        let days = self.random.random_range(0..12);
        (days < 9).then_some(days)
    }

    async fn change_communities(&mut self, choice: &Choice) {
        let (id, revision, _) = *choice.communities.choose(&mut self.random).expect("a community");
        let (other, of_other, level) = *choice.communities.choose(&mut self.random).expect("a community");
        let name = id.to_string();
        match self.random.random_range(0..6) {
            0 | 1 => {
                let days = self.days();
                let input = json!({ "community": name, "expectedRevision": revision, "reportDueDays": days });
                if self.send("changeCommunity", input, "community { id }").await.is_some() {
                    let deadline = self.deadlines.get_mut(&id).expect("was created");
                    *deadline = (days, deadline.1 || deadline.0 != days);
                }
            }
            2 | 3 => {
                let parent = (level != "CITY").then(|| other.to_string());
                let input = json!({ "community": name, "expectedRevision": revision, "parent": parent });
                self.send("moveCommunity", input, "community { id }").await;
            }
            4 => {
                let step = pick(&mut self.random, &["closeCommunity", "reopenCommunity", "pauseCommunity"]);
                self.send(step, json!({ "community": name, "expectedRevision": revision }), "community { id }").await;
            }
            _ => {
                let input = json!({ "community": name, "expectedRevision": revision, "merged": other.to_string(),
                    "expectedMergedRevision": of_other });
                if self.send("mergeCommunities", input, "community { id }").await.is_some() {
                    self.deadlines.remove(&other);
                }
            }
        }
    }

    /// A time of a few days or months back, or of the days to come: a day only, or hours that end in all sorts of ways.
    fn time(&mut self) -> Value {
        let back = if self.random.random_bool(0.6) { 12 } else { 120 };
        let first = self.today + Days::new(2) - Days::new(self.random.random_range(0..back));
        let last = first + Days::new(*[0, 0, 0, 1, 2].choose(&mut self.random).expect("some"));
        let offset = OFFSETS.choose(&mut self.random).expect("an offset");
        let from = ["09:00:00", "23:30:00", "00:00:00"].choose(&mut self.random).expect("an hour");
        let to = ["00:00:00", "23:59:59.999900", "00:00:00.000400", "11:30:30"].choose(&mut self.random).expect("an hour");
        match self.random.random_range(0..5) {
            0 => json!({ "startDate": first }),
            1 => json!({ "startDate": first, "endDate": last }),
            2 => json!({ "startsAt": format!("{first}T{from}{offset}") }),
            _ => json!({ "startsAt": format!("{first}T{from}{offset}"), "endsAt": format!("{last}T{to}{offset}") }),
        }
    }

    fn hosts(&mut self, choice: &Choice) -> Value {
        let count = *[1, 1, 1, 2, 3].choose(&mut self.random).expect("some");
        choice.communities.choose_multiple(&mut self.random, count).map(|(id, ..)| json!(id.to_string())).collect()
    }

    async fn plan(&mut self, choice: &Choice) {
        let mut input = self.time();
        input["hosts"] = self.hosts(choice);
        input["title"] = json!("Circle");
        input["format"] = json!(pick(&mut self.random, &FORMATS));
        let Some(payload) = self.send("planGathering", input, "gathering { id revision }").await else { return };
        if self.random.random_bool(0.5) {
            let held = &payload["gathering"];
            let input = json!({ "gathering": held["id"], "expectedRevision": held["revision"] });
            self.send("holdGathering", input, "gathering { id }").await;
        }
    }

    async fn change_gatherings(&mut self, choice: &Choice) {
        let (id, revision) = *choice.gatherings.choose(&mut self.random).expect("a gathering");
        let (other, of_other) = *choice.gatherings.choose(&mut self.random).expect("a gathering");
        let mut input = json!({ "gathering": id.to_string(), "expectedRevision": revision });
        let (mutation, select) = match self.random.random_range(0..10) {
            0 => ("holdGathering", "gathering { id }"),
            1 | 8 => ("cancelGathering", "gathering { id }"),
            2 => {
                input = self.time();
                input["gathering"] = json!(id.to_string());
                input["expectedRevision"] = json!(revision);
                ("rescheduleGathering", "gathering { id }")
            }
            3 | 4 => {
                input["hosts"] = self.hosts(choice);
                ("changeGathering", "gathering { id }")
            }
            5 => {
                input["format"] = json!(pick(&mut self.random, &FORMATS));
                ("changeGathering", "gathering { id }")
            }
            6 => {
                let waitlist = self.random.random_bool(0.5).then_some(3);
                input = json!({ "gathering": id.to_string(), "yes": self.random.random_range(0..40), "waitlist": waitlist,
                    "observedAt": Utc::now() });
                ("recordRsvps", "gathering { id }")
            }
            7 => {
                input["merged"] = json!(other.to_string());
                input["expectedMergedRevision"] = json!(of_other);
                ("mergeGatherings", "gathering { id }")
            }
            _ if self.random.random_bool(0.5) => ("removeGathering", "removed"),
            _ => ("holdGathering", "gathering { id }"),
        };
        self.send(mutation, input, select).await;
    }

    fn items(&mut self) -> Value {
        let item = |random: &mut StdRng| match random.random_range(0..3) {
            0 => json!({ "kind": "ACTIVITY", "text": "done", "activityKind": pick(random, &KINDS) }),
            1 => json!({ "kind": "NEXT_STEP", "text": "to do", "state": pick(random, &["OPEN", "DONE", "DROPPED"]) }),
            _ => json!({ "kind": pick(random, &["CHALLENGE", "SUCCESS", "NEED", "REQUEST", "RESOURCE"]), "text": "said",
                "confidential": random.random_bool(0.2) }),
        };
        (0..self.random.random_range(0..10)).map(|_| item(&mut self.random)).collect()
    }

    async fn report(&mut self, choice: &Choice) {
        let at = self.random.random_range(0..100);
        if at < 45 || choice.reports.is_empty() {
            let (id, _) = *choice.gatherings.choose(&mut self.random).expect("a gathering");
            let revision = choice.reports.iter().find(|(_, _, of, _)| *of == id).map(|(_, revision, ..)| revision);
            let mut input = json!({ "gathering": id.to_string(), "items": self.items(), "audience": "PUBLIC" });
            if self.random.random_bool(0.6) {
                input["attendance"] = json!(self.random.random_range(0..60));
            }
            let mutation = if at < 35 { "submitGatheringReport" } else { "draftGatheringReport" };
            if let Some(revision) = revision.filter(|_| at < 35) {
                input["expectedRevision"] = json!(revision);
            }
            self.send(mutation, input, "report { id }").await;
            return;
        }
        let (id, revision, _, items) = choice.reports.choose(&mut self.random).expect("a report");
        let mut input = json!({ "report": id, "expectedRevision": revision });
        let mutation = match at {
            45..55 => "reviewGatheringReport",
            55..65 => "withdrawGatheringReport",
            65..75 => {
                input = json!({ "report": id, "items": self.items(),
                    "attendanceParts": [{ "organisation": "Clinic", "people": self.random.random_range(1..9) }] });
                "appendToGatheringReport"
            }
            _ => {
                input["addItems"] = self.items();
                input["attendance"] = self.random.random_bool(0.7).then(|| self.random.random_range(20..90)).into();
                input["removeItems"] = items.choose_multiple(&mut self.random, 1).cloned().collect();
                "amendGatheringReport"
            }
        };
        self.send(mutation, input, "report { id }").await;
    }

    /// Files of gatherings and reports, with when each was handed in; the second time some are others.
    fn import(&mut self, round: u64) {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: String| fs::write(folder.path().join(name), text).expect("writes");
        let mut gatherings = "external_id,community_slug,title,starts_at,ends_at,format,status\n".to_owned();
        let mut reports = "gathering_external_id,submitted_at,attendance,rsvp_yes\n".to_owned();
        let mut items = "report_external_id,order,kind,activity_kind,state,text\n".to_owned();
        for n in 0..12 {
            let first = self.today - Days::new(20 + n);
            gatherings += &format!("g-{n},filed,Circle,{first}T18:00:00-08:00,{first}T20:30:00-08:00,ONLINE,HELD\n");
            // Around the end of the last day on which it is in time, where it took place.
            let due = first + Days::new(7 + u64::from(n % 3 == round));
            let clock = ["07:59:59.999900", "08:00:00", "06:59:00"][usize::try_from(n % 3).expect("few")];
            let next = due + Days::new(1);
            let attendance = if n % 4 == 0 { String::new() } else { (n + round).to_string() };
            reports += &format!("g-{n},{next}T{clock}Z,{attendance},{}\n", 9 + round);
            items += &format!("g-{n}-report,1,ACTIVITY,VISITS,,Seen\ng-{n}-report,2,NEXT_STEP,,OPEN,Ask\n");
        }
        write("networks.csv", "slug,name\nfiled,Filed\n".to_owned());
        let days = if round == 0 { "7" } else { "8" };
        write(
            "communities.csv",
            format!("network_slug,slug,name,level,report_due_days,audience\nfiled,filed,Filed,CITY,{days},PUBLIC\n"),
        );
        write("gatherings.csv", gatherings);
        write("reports.csv", reports);
        write("items.csv", items);
        succeed(&self.address, &["import", folder.path().to_str().expect("a path")]);
    }

    /// The kinds of writes that were not done yet, and the measures that counted nothing yet.
    fn missing(&self) -> Vec<&'static str> {
        let measures = Measure::ALL.iter().map(|measure| measure.as_str()).filter(|it| !self.counted.contains(it));
        MUTATIONS.iter().copied().filter(|it| !self.done.contains(it)).chain(measures).collect()
    }

    /// Themes are words of a network, of which the history has none.
    async fn tell_of_a_theme(&mut self) {
        let network = self.network.to_string();
        let term = json!({ "network": network, "kind": "THEME", "code": "SLEEP", "label": "Sleep" });
        self.writer.done("addVocabularyTerm", term, "term { id }").await;
        let city = json!({ "network": network, "slug": "told", "name": "Told", "level": "CITY", "regionCode": "KE-30", "foundedOn": "2020-02-29" });
        let (city, _) = self.writer.make("createCommunity", city, "community").await;
        let beside = json!({ "network": network, "slug": "beside", "name": "Beside", "level": "REGIONAL" });
        let (beside, _) = self.writer.make("createCommunity", beside, "community").await;
        let plan = json!({ "hosts": [city, beside], "title": "Sleep", "startDate": "2024-02-29" });
        let (gathering, _) = self.writer.make("planGathering", plan, "gathering").await;
        let items = json!([{ "kind": "CHALLENGE", "text": "Nights", "theme": "SLEEP", "severity": "HIGH" },
            { "kind": "SUCCESS", "text": "Walks", "theme": "SLEEP" },
            { "kind": "NEXT_STEP", "text": "Lamps", "theme": "SLEEP", "dueOn": "2024-03-01" }]);
        self.writer.done("submitGatheringReport", json!({ "gathering": gathering, "items": items }), "report { id }").await;
    }

    /// Compares everything that is kept with what the records come to.
    async fn check(&mut self, networks: &[NetworkId]) {
        let (mut months, mut due) = (BTreeMap::new(), BTreeMap::new());
        for network in networks {
            let records = Records::load(&self.database, *network).await;
            months.extend(records.months());
            due.extend(records.gatherings.iter().map(|(id, (it, hosts))| (*id, records.due_on(it, hosts))));
            for community in records.due_days.keys() {
                let rows = &records.deadlines[community];
                // What was imported is not known here.
                let Some((days, changed)) = self.deadlines.get(community) else { continue };
                assert_eq!(rows.last().map(|(_, days)| *days), Some(*days), "{community}: what holds from now on");
                assert_eq!(records.due_days[community], *days);
                assert_eq!(rows.first().map(|(from, _)| from.to_string()).as_deref(), Some("0001-01-01"));
                assert_eq!(rows.len() > 1, *changed, "{community}: {rows:?}");
                assert!(rows[1..].iter().all(|(from, _)| *from >= self.today), "{community}: the past stays as it was");
            }
        }
        let stored = stored_months(&self.database).await;
        self.counted.extend(stored.values().flat_map(|(_, sums)| sums.keys().copied()));
        for key in months.keys().chain(stored.keys()) {
            assert_eq!(stored.get(key), months.get(key), "{key:?}: what is kept, and what the records come to");
        }
        assert_eq!(stored_due(&self.database).await.into_iter().collect::<BTreeMap<_, _>>(), due);
        assert_eq!(verify::run(&self.database, |_| {}).await.expect("verifies"), Vec::new());
    }
}

async fn random_history(address: String, seed: u64) {
    let service = Service::start(&address);
    let mut history = History::begin(address, &service, seed).await;
    let mut writes = 0;
    while writes < WRITES || (writes < 3 * WRITES && !history.missing().is_empty()) {
        history.step().await;
        writes += 1;
        if writes % 25 == 0 {
            history.check(&[history.network]).await;
        }
    }
    assert_eq!(history.missing(), Vec::<&str>::new(), "never done, or never counted");
    history.tell_of_a_theme().await;
    let records = Records::load(&history.database, history.network).await;
    every_metric::check(&history.writer, history.network, &records).await;
    history.import(0);
    let filed = service.network("filed").await.parse().expect("an id");
    history.check(&[history.network, filed]).await;
    history.import(1);
    history.check(&[history.network, filed]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sums_follow_from_the_records_on_sqlite() {
    with_database(Kind::Sqlite, |address| random_history(address, 1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sums_follow_from_the_records_on_postgres() {
    with_database(Kind::Postgres, |address| random_history(address, 2)).await;
}
