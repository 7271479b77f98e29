//! How many people came is told to those who may not read the reports only of so many together that nobody is singled out,
//! whatever they ask and however they put it together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};

use crate::{
    heard::Numbers,
    live::{Writer, text, token, until},
    on_both,
    program::{Service, succeed},
};

const FEWEST: i64 = 5;
const MONTHS: usize = 4;

/// A gathering and its report.
#[derive(Debug, Clone)]
struct Told {
    hosts: BTreeSet<usize>,
    month: usize,
    day: usize,
    attendance: i64,
    rsvps: Option<i64>,
    audience: &'static str,
}

impl Told {
    fn is_hidden(&self) -> bool {
        self.audience != "PUBLIC"
    }
}

/// A small network of which little is told to strangers. Communities are numbered from the top: each but the first two
/// stands under an earlier one.
struct World {
    slug: String,
    told: Vec<Told>,
}

const COMMUNITIES: usize = 14;

fn parent(community: usize) -> Option<usize> {
    (community > 1).then(|| community / 2 - 1)
}

fn level(community: usize) -> &'static str {
    ["NATIONAL", "REGIONAL", "CITY"][usize::from(community > 1) + usize::from(community > 5)]
}

fn path(community: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(community), |at| parent(*at))
}

/// Whether a community stands in a place: `None` is the network.
fn stands(community: usize, place: Option<usize>) -> bool {
    place.is_none_or(|place| path(community).any(|at| at == place))
}

impl World {
    fn random(slug: &str, seed: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        // Few communities host, so that they meet in the same months.
        let some: Vec<usize> = (0..COMMUNITIES).filter(|_| dice.random_bool(0.6)).collect();
        let audiences = ["MEMBERS", "MEMBERS", "NETWORK", "PUBLIC"];
        let told = |_| Told {
            hosts: (0..[1, 1, 1, 2, 3][dice.random_range(0..5)]).map(|_| *some.choose(&mut dice).expect("some")).collect(),
            month: dice.random_range(1..=MONTHS),
            day: dice.random_range(1..=28),
            attendance: dice.random_range(0..7),
            rsvps: dice.random_bool(0.5).then(|| dice.random_range(1..20)),
            audience: audiences.choose(&mut dice).expect("some"),
        };
        Self { slug: slug.to_owned(), told: (0..70).map(told).collect() }
    }

    fn import(&self, address: &str) {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).expect("writes");
        let slug = &self.slug;
        write("networks.csv", format!("slug,name\n{slug},{slug}\n"));
        let mut rows = "network_slug,slug,name,level,parent_slug\n".to_owned();
        for community in 0..COMMUNITIES {
            let above = parent(community).map(|above| format!("{slug}-{above}")).unwrap_or_default();
            rows += &format!("{slug},{slug}-{community},{community},{},{above}\n", level(community));
        }
        write("communities.csv", rows);
        let mut gatherings = "external_id,community_slug,title,starts_at,status\n".to_owned();
        let mut reports = "gathering_external_id,submitted_at,attendance,rsvp_yes,audience\n".to_owned();
        for (at, told) in self.told.iter().enumerate() {
            let hosts: Vec<String> = told.hosts.iter().map(|host| format!("{slug}-{host}")).collect();
            let (month, day, audience) = (told.month, told.day, told.audience);
            gatherings += &format!("{slug}-{at},{},Circle {at},2026-{month:02}-{day:02},HELD\n", hosts.join(";"));
            let rsvps = told.rsvps.map(|people| people.to_string()).unwrap_or_default();
            let submitted = format!("2026-06-01T{:02}:{:02}:00Z", at / 60, at % 60);
            reports += &format!("{slug}-{at},{submitted},{},{rsvps},{audience}\n", told.attendance);
        }
        write("gatherings.csv", gatherings);
        write("reports.csv", reports);
        succeed(address, &["import", folder.path().to_str().expect("a path")]);
    }

    /// The reports that wait until there are more people to be told of together, by the plainest reckoning.
    fn waiting(&self) -> BTreeSet<usize> {
        let mut queues: BTreeMap<_, (i64, Vec<usize>)> = BTreeMap::new();
        for (at, told) in self.told.iter().enumerate().filter(|(_, told)| told.is_hidden()) {
            let queue = queues.entry((&told.hosts, told.month, told.audience, told.rsvps.is_some())).or_default();
            queue.0 += told.attendance;
            queue.1.push(at);
            if queue.0 >= FEWEST {
                *queue = (0, Vec::new());
            }
        }
        queues.into_values().flat_map(|(_, waiting)| waiting).collect()
    }
}

/// What a stranger asks.
#[derive(Debug, Clone)]
struct Question {
    place: Option<usize>,
    bucket: &'static str,
    group_by: Option<&'static str>,
    filter: Value,
    until: (usize, usize),
}

impl Question {
    fn of(place: Option<usize>, bucket: &'static str, group_by: Option<&'static str>) -> Self {
        Self { place, bucket, group_by, filter: json!({}), until: (MONTHS + 1, 1) }
    }

    /// Whatever is made of whole months of whole communities.
    fn whole() -> Vec<Self> {
        let places = || (0..COMMUNITIES).map(Some).chain([None]);
        let mut all = Vec::new();
        for place in places() {
            for bucket in ["MONTH", "QUARTER", "WHOLE"] {
                for group_by in [None, Some("CHILD"), Some("COMMUNITY"), Some("LEVEL")] {
                    all.push(Self::of(place, bucket, group_by));
                }
            }
        }
        for host in 0..COMMUNITIES {
            let filter = json!({ "hosts": [host, (host * 5 + 3) % COMMUNITIES] });
            all.push(Self { filter, ..Self::of(None, "MONTH", Some("LEVEL")) });
        }
        all.push(Self { filter: json!({ "levels": ["CITY", "NATIONAL"] }), ..Self::of(None, "MONTH", Some("CHILD")) });
        all
    }

    /// Whatever cuts through the months of communities.
    fn cutting() -> Vec<Self> {
        let of = |group_by| Self::of(None, "MONTH", group_by);
        let all_days = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];
        vec![
            of(Some("WEEKDAY")),
            of(Some("FORMAT")),
            Self { filter: json!({ "weekdays": all_days }), ..of(None) },
            Self { filter: json!({ "statuses": ["HELD"] }), ..of(Some("COMMUNITY")) },
            Self { until: (MONTHS, 15), ..of(None) },
            Self { until: (2, 3), ..Self::of(Some(1), "WHOLE", Some("CHILD")) },
        ]
    }

    async fn ask(&self, service: &Service, ids: &Ids) -> Value {
        const QUERY: &str = "query ($within: ID!, $window: Window!, $bucket: Bucket!, $groupBy: [Dimension!], \
            $filter: ActivityFilter) { activity(within: $within, window: $window, bucket: $bucket, groupBy: $groupBy, \
            filter: $filter, metrics: [ATTENDANCE, SHOW_UP_RATE, ATTENDANCE_MEAN, ATTENDANCE_MEDIAN]) { total { ...all } \
            series { key { code } ...all } } } \
            fragment all on ActivitySeries { metrics { values numerators denominators bases suppressed } }";
        let mut filter = self.filter.clone();
        if let Some(hosts) = filter.get_mut("hosts") {
            let hosts_of = |hosts: &Value| -> Vec<Value> {
                let hosts = hosts.as_array().expect("hosts").iter();
                hosts.map(|host| json!(ids.of(Some(usize::try_from(host.as_u64().expect("a number")).expect("small"))))).collect()
            };
            *hosts = json!(hosts_of(hosts));
        }
        let until = format!("2026-{:02}-{:02}", self.until.0, self.until.1);
        let variables = json!({
            "within": ids.of(self.place), "window": { "from": "2026-01-01", "to": until }, "bucket": self.bucket,
            "groupBy": self.group_by.map(|dimension| vec![dimension]), "filter": filter,
        });
        service.ask(QUERY, variables).await["activity"].take()
    }

    /// The parts, each with its months.
    fn parts(&self) -> Vec<Vec<usize>> {
        let months: Vec<usize> = (1..=if self.until.1 > 1 { self.until.0 } else { self.until.0 - 1 }).collect();
        match self.bucket {
            "MONTH" => months.into_iter().map(|month| vec![month]).collect(),
            "QUARTER" => months.chunks(3).map(<[usize]>::to_vec).collect(),
            _ => vec![months],
        }
    }

    /// Whether a gathering counts in a group; `None` is everything.
    fn counts(&self, slug: &str, told: &Told, group: Option<&str>) -> bool {
        let hosts = self.filter["hosts"].as_array();
        let levels = self.filter["levels"].as_array();
        told.hosts.iter().any(|host| {
            let passes = stands(*host, self.place)
                && hosts.is_none_or(|hosts| hosts.contains(&json!(host)))
                && levels.is_none_or(|levels| levels.contains(&json!(level(*host))));
            passes
                && group.is_none_or(|group| match self.group_by {
                    Some("LEVEL") => level(*host) == group,
                    Some("COMMUNITY") => format!("{slug}-{host}") == group,
                    // The child that the host is or stands under, or the place itself.
                    Some("CHILD") => {
                        let child = path(*host).find(|at| parent(*at) == self.place).unwrap_or(*host);
                        format!("{slug}-{child}") == group
                    }
                    _ => false,
                })
        })
    }
}

/// The identities of a network and its communities.
struct Ids {
    network: String,
    communities: HashMap<String, String>,
    slug: String,
}

impl Ids {
    async fn find(service: &Service, slug: &str) -> Self {
        let network = service.network(slug).await;
        let communities = crate::metrics::identities(service, &network).await;
        Self { network, communities, slug: slug.to_owned() }
    }

    fn of(&self, place: Option<usize>) -> &str {
        place.map_or(&self.network, |place| &self.communities[&format!("{}-{place}", self.slug)])
    }
}

/// What each number is made of: sets of hidden reports, as a stranger who knows everything but the numbers in them sees it.
type Equations = BTreeSet<Vec<usize>>;

/// Compares an answer with what it is to be, number by number, and adds what it tells of hidden reports.
fn check(world: &World, question: &Question, found: &Value, equations: &mut Equations) {
    let by_days_or_formats = matches!(question.group_by, Some("WEEKDAY" | "FORMAT"));
    let filters = ["weekdays", "statuses"].iter().any(|name| question.filter.get(name).is_some());
    let whole = question.until.1 == 1 && !filters && !by_days_or_formats;
    let waiting = world.waiting();
    let is_left_out = |at: usize| if whole { waiting.contains(&at) } else { world.told[at].is_hidden() };
    // What is told by weekday or format is compared in sum alone.
    let series = found["series"].as_array().expect("series").iter().filter(|_| !by_days_or_formats);
    let groups = series.map(|series| (series["key"][0]["code"].as_str(), series)).chain([(None, &found["total"])]);
    for (group, series) in groups {
        for (part, months) in question.parts().iter().enumerate() {
            let in_time =
                |told: &Told| months.contains(&told.month) && (told.month < question.until.0 || told.day < question.until.1);
            let all: Vec<usize> = (0..world.told.len())
                .filter(|at| in_time(&world.told[*at]) && question.counts(&world.slug, &world.told[*at], group))
                .collect();
            let with_rsvps: Vec<usize> = all.iter().copied().filter(|at| world.told[*at].rsvps.is_some()).collect();
            for (metric, all) in [(0, &all), (1, &with_rsvps)] {
                let counted: Vec<usize> = all.iter().copied().filter(|at| !is_left_out(*at)).collect();
                let people: i64 = counted.iter().map(|at| world.told[*at].attendance).sum();
                let numbers = &series["metrics"][metric];
                assert_eq!(numbers["numerators"][part], people, "{question:?} {group:?} {months:?}: {found}");
                assert_eq!(numbers["bases"][part], counted.len(), "{question:?} {group:?} {months:?}: {found}");
                assert_eq!(numbers["suppressed"][part], counted.len() < all.len(), "{question:?} {group:?} {months:?}");
                equations.insert(counted.into_iter().filter(|at| world.told[*at].is_hidden()).collect());
            }
            let mut readable: Vec<i64> = Vec::new();
            readable.extend(all.iter().filter(|at| !world.told[**at].is_hidden()).map(|at| world.told[*at].attendance));
            readable.sort_unstable();
            let median = &series["metrics"][3];
            assert_eq!(median["denominators"][part], readable.len(), "{question:?} {group:?} {months:?}: {found}");
            assert_eq!(median["suppressed"][part], readable.len() < all.len(), "{question:?} {group:?} {months:?}");
            if let Some(low) = readable.get(readable.len().wrapping_sub(1) / 2) {
                let twice = low + readable[readable.len() / 2];
                let found = median["values"][part].as_f64().map(|middle| (middle * 2.0).to_string());
                assert_eq!(found, Some(twice.to_string()), "{question:?} {group:?} {months:?}");
            }
        }
    }
}

/// Solves equations whose sums are known: which sums of unknowns they determine. Exact: reckoned modulo a prime, far
/// greater than any determinant of so few zeros and ones that could come to nothing by it.
struct Solved(Vec<(usize, Vec<u128>)>);

const PRIME: u128 = (1 << 61) - 1;

impl Solved {
    fn new(equations: &Equations, unknowns: usize) -> Self {
        let mut solved = Self(Vec::new());
        for equation in equations {
            let row = solved.reduced(equation, unknowns);
            let Some(lead) = row.iter().position(|number| *number != 0) else { continue };
            let inverse = (0..61).rev().fold(1, |power, bit| {
                let squared = power * power % PRIME;
                if (PRIME - 2) >> bit & 1 == 1 { squared * row[lead] % PRIME } else { squared }
            });
            solved.0.push((lead, row.iter().map(|number| number * inverse % PRIME).collect()));
        }
        solved
    }

    fn reduced(&self, set: &[usize], unknowns: usize) -> Vec<u128> {
        let mut row: Vec<u128> = (0..unknowns).map(|at| set.contains(&at).into()).collect();
        for (lead, known) in &self.0 {
            let times = row[*lead];
            for (number, of) in row.iter_mut().zip(known) {
                *number = (*number + (PRIME - times) * of) % PRIME;
            }
        }
        row
    }

    fn determines(&self, set: &[usize], unknowns: usize) -> bool {
        self.reduced(set, unknowns).iter().all(|number| *number == 0)
    }
}

/// The sums that nobody may learn: of hidden reports by themselves, and of what a place held in a month or a quarter, as
/// far as they tell of fewer than five people.
fn secrets(world: &World) -> BTreeSet<Vec<usize>> {
    let hidden: Vec<usize> = (0..world.told.len()).filter(|at| world.told[*at].is_hidden()).collect();
    let mut all: BTreeSet<Vec<usize>> = hidden.iter().map(|at| vec![*at]).collect();
    for place in (0..COMMUNITIES).map(Some).chain([None]) {
        for months in [&[1][..], &[2], &[3], &[4], &[1, 2, 3], &[1, 2, 3, 4]] {
            for alone in [false, true] {
                for rsvps in [None, Some(true), Some(false)] {
                    let is_there = |host: &usize| if alone { Some(*host) == place } else { stands(*host, place) };
                    let counts = |told: &Told| {
                        months.contains(&told.month)
                            && told.hosts.iter().any(is_there)
                            && rsvps.is_none_or(|rsvps| told.rsvps.is_some() == rsvps)
                    };
                    all.insert(hidden.iter().copied().filter(|at| counts(&world.told[*at])).collect());
                }
            }
        }
    }
    all.remove(&Vec::new());
    all.retain(|set| set.iter().map(|at| world.told[*at].attendance).sum::<i64>() < FEWEST);
    all
}

async fn no_few_people_can_be_told_from_all_that_is_answered(address: String) {
    let mut worlds: Vec<World> = (0..2).map(|seed| World::random(&format!("small{seed}"), seed)).collect();
    worlds.iter().for_each(|world| world.import(&address));
    let token = token(&address);
    let service = Service::start(&address);
    let writer = Writer::new(&service, &token);
    for world in &mut worlds {
        let ids = Ids::find(&service, &world.slug).await;
        let questions: Vec<Question> = Question::whole().into_iter().chain(Question::cutting()).collect();
        let (mut equations, mut answers) = (Equations::new(), Vec::new());
        for question in &questions {
            let found = question.ask(&service, &ids).await;
            check(world, question, &found, &mut equations);
            answers.push(found);
        }
        let unknowns = world.told.len();
        let (secrets, solved) = (secrets(world), Solved::new(&equations, unknowns));
        assert!(secrets.len() > 30, "there is something to hide: {}", secrets.len());
        for secret in &secrets {
            assert!(!solved.determines(secret, unknowns), "{secret:?} is known");
        }
        // It is not for want of equations: what is not hidden by them is found out, and without the rule much would be.
        let told: Equations = equations.iter().filter(|set| !set.is_empty()).cloned().collect();
        assert!(told.len() > 40 && told.iter().all(|set| solved.determines(set, unknowns)), "{}", told.len());
        let naive: Equations = (1..=MONTHS)
            .flat_map(|month| (0..COMMUNITIES).map(move |host| (month, host)))
            .map(|(month, host)| {
                (0..unknowns)
                    .filter(|at| {
                        world.told[*at].is_hidden() && world.told[*at].month == month && world.told[*at].hosts.contains(&host)
                    })
                    .collect()
            })
            .collect();
        let naive = Solved::new(&naive, unknowns);
        assert!(secrets.iter().filter(|secret| naive.determines(secret, unknowns)).count() > 10);

        // Whatever those who wait tell of, as long as they are few: every answer is the same.
        let before = world.waiting();
        assert!(before.len() > 5, "{before:?}");
        for at in before.iter().filter(|at| world.told[**at].attendance > 0).copied().collect::<Vec<_>>() {
            world.told[at].attendance -= 1;
            amend(&writer, &ids, at, json!({ "attendance": world.told[at].attendance })).await;
        }
        assert_eq!(world.waiting(), before);
        for (question, answer) in questions.iter().zip(&answers) {
            assert_eq!(&question.ask(&service, &ids).await, answer, "{question:?}");
        }
        // Who may read them is told of all.
        let query = "query ($within: ID!) { activity(within: $within, metrics: [ATTENDANCE]) { total { metrics { values suppressed } } } }";
        let all: i64 = world.told.iter().map(|told| told.attendance).sum();
        let found = service.ask_as(&token, query, json!({ "within": ids.network })).await;
        assert_eq!(found["activity"]["total"]["metrics"][0], json!({ "values": [all], "suppressed": [false] }));
    }
}
on_both!(no_few_people_can_be_told_from_all_that_is_answered);

async fn amend(writer: &Writer, ids: &Ids, at: usize, change: Value) {
    let query = "query ($network: ID!, $externalId: String!) { gatherings(within: $network, filter: { externalIds: [$externalId] }, first: 1) \
                 { nodes { report { id revision } } } }";
    let variables = json!({ "network": ids.network, "externalId": format!("{}-{at}", ids.slug) });
    let answer = writer.query(query, variables).await;
    let report = &answer["data"]["gatherings"]["nodes"][0]["report"];
    let mut input = json!({ "report": report["id"], "expectedRevision": report["revision"] });
    input.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
    writer.done("amendGatheringReport", input, "report { id }").await;
}

/// Who looks again after each report learns of none that tells of few people, live or not.
async fn numbers_move_by_nothing_or_by_five_people_at_least(address: String) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("writes");
    write("networks.csv", "slug,name\nquiet,Quiet\n");
    write("communities.csv", "network_slug,slug,name,level\nquiet,mombasa,Mombasa,CITY\n");
    let gatherings = (1..=12).map(|day| format!("g-{day},mombasa,Circle,2026-05-{day:02},HELD\n"));
    write("gatherings.csv", &format!("external_id,community_slug,title,starts_at,status\n{}", gatherings.collect::<String>()));
    succeed(&address, &["import", folder.path().to_str().expect("a path")]);
    let token = token(&address);
    let service = Service::start(&address);
    let writer = Writer::new(&service, &token);
    let network = service.network("quiet").await;
    let live = Numbers::start(vec![service.url.clone()], network.clone());
    until("it is told how things are", async || live.heard().items > 0).await;
    let query = "query ($within: ID!) { gatherings(within: $within, first: 100) { nodes { id externalId } } }";
    let found = service.ask(query, json!({ "within": network })).await;
    let nodes = found["gatherings"]["nodes"].as_array().expect("gatherings");
    let by_id: HashMap<String, String> = nodes.iter().map(|node| (text(&node["externalId"]), text(&node["id"]))).collect();
    let query = "query ($within: ID!) { activity(within: $within, window: { from: \"2026-05-01\", to: \"2026-06-01\" }, \
                 metrics: [ATTENDANCE]) { total { metrics { values denominators suppressed } } } }";
    let (mut known, mut waiting) = ((0, 0), (0, 0));
    for (at, people) in [3, 12, 2, 4, 4, 0, 1, 1, 9, 5, 3, 1].into_iter().enumerate() {
        let input = json!({ "gathering": by_id[&format!("g-{}", at + 1)], "attendance": people, "audience": "MEMBERS" });
        writer.done("submitGatheringReport", input, "report { id }").await;
        waiting = (waiting.0 + people, waiting.1 + 1);
        if waiting.0 >= FEWEST {
            known = (known.0 + waiting.0, known.1 + waiting.1);
            waiting = (0, 0);
        }
        let found = service.ask(query, json!({ "within": network })).await;
        let value = if known.1 > 0 { json!([known.0]) } else { json!([null]) };
        let expected = json!({ "values": value, "denominators": [known.1], "suppressed": [waiting.1 > 0] });
        assert_eq!(found["activity"]["total"]["metrics"][0], expected, "after {} reports", at + 1);
        let heard = || live.heard().numbers["total"]["metrics"].clone();
        until("it is told live", async || heard()[3]["values"] == json!([at + 1])).await;
        assert_eq!(heard()[4]["values"], value, "{}", heard());
    }
    let table = reqwest::get(format!("{}/export/activity.csv?within={network}&metrics=ATTENDANCE", service.url)).await;
    let table = table.expect("answers").text().await.expect("text");
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    let column = rows[0].iter().position(|name| *name == "suppressed").expect("a column");
    assert_eq!(rows[1][column], "true", "{table}");
    assert_eq!(rows[1][4], known.0.to_string(), "{table}");
}
on_both!(numbers_move_by_nothing_or_by_five_people_at_least);
