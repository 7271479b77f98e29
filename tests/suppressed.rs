//! How many people came is told to those who may not read the reports only of so many together that nobody is singled out,
//! whatever they ask and however they put it together.

use std::collections::HashMap;

use convene_domain::{
    access::{Rights, Role, RoleAt},
    id::{CommunityId, NetworkId, Within},
    metric::{ActivityFilter, Bucket, Measure, Span},
};
use convene_persistence::{
    Database,
    metrics::{self as counted, Counted, Months, People, Places},
};
use serde_json::{Value, json};

use crate::{
    heard::Numbers,
    live::{Writer, text, token, until},
    on_both,
    program::{Service, succeed},
    secrets::{COMMUNITIES, Equations, FEWEST, MONTHS, Solved, Told, World, level, parent, path, stands},
};

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

/// Compares an answer with what it is to be, number by number, and adds what it tells of hidden reports.
fn check(world: &World, question: &Question, found: &Value, equations: &mut Equations) {
    let by_days_or_formats = matches!(question.group_by, Some("WEEKDAY" | "FORMAT"));
    let filters = ["weekdays", "statuses"].iter().any(|name| question.filter.get(name).is_some());
    let whole = question.until.1 == 1 && !filters && !by_days_or_formats;
    let waiting = world.waiting();
    let is_left_out = |at: usize| if whole { waiting.contains(&at) } else { world.told[at].is_hidden() };
    // Shares of those who had wanted to come are of what may be read.
    let is_hidden = |at: usize| world.told[at].is_hidden();
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
            for (metric, all, is_left_out) in [(0, &all, &is_left_out as &dyn Fn(usize) -> bool), (1, &with_rsvps, &is_hidden)] {
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

/// The sums that nobody may learn, and those that they may: of hidden reports of what a place held in a month or a quarter,
/// the former if they tell of fewer than five people. So does many a report by itself.
fn secrets(world: &World, is_hidden: impl Fn(&Told) -> bool) -> (Equations, Equations) {
    let hidden: Vec<usize> = (0..world.told.len()).filter(|at| is_hidden(&world.told[*at])).collect();
    let people = |set: &[usize]| set.iter().map(|at| world.told[*at].attendance).sum::<i64>();
    let mut all = Equations::new();
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
    let (mut few, enough): (Equations, Equations) = all.into_iter().partition(|set| people(set) < FEWEST);
    few.extend(hidden.into_iter().map(|at| vec![at]).filter(|set| people(set) < FEWEST));
    (few, enough)
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
        let ((secrets, enough), solved) = (secrets(world, Told::is_hidden), Solved::new(&equations, unknowns));
        assert!(secrets.len() > 30, "there is something to hide: {}", secrets.len());
        for secret in &secrets {
            assert!(!solved.determines(secret, unknowns), "{secret:?} is known");
        }
        // It is not for want of equations: what is not hidden by them is found out, and without the rule much would be.
        let told: Equations = equations.iter().filter(|set| !set.is_empty()).cloned().collect();
        assert!(told.len() > 40 && told.iter().all(|set| solved.determines(set, unknowns)), "{}", told.len());
        // Had only the sums themselves been hidden that tell of few, others would have given some of them away.
        let naive = Solved::new(&enough, unknowns);
        assert!(secrets.iter().any(|secret| naive.determines(secret, unknowns)));

        for member in [3, 7, 12] {
            check_member(&address, world, &ids, (member, &equations)).await;
        }

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

/// A member of a community reads more, and may put it together with what strangers are told.
async fn check_member(address: &str, world: &World, ids: &Ids, (member, strangers): (usize, &Equations)) {
    let database = Database::open(address, 2).await.expect("opens");
    let network: NetworkId = ids.network.parse().expect("an id");
    let community = |at: usize| ids.of(Some(at)).parse::<CommunityId>().expect("an id");
    let rights = Rights::of([RoleAt::at(network, community(member), Role::Member)].iter());
    let is_hidden = |told: &Told| told.audience == "MEMBERS" && !told.hosts.iter().any(|host| stands(*host, Some(member)));
    let waiting = world.waiting();
    let places: Vec<Option<usize>> = (0..COMMUNITIES).map(Some).chain([None]).collect();
    let id = |place: Option<usize>| place.map_or(network.uuid(), |place| community(place).uuid());
    let scopes: Vec<_> = places.iter().map(|place| id(*place)).collect();
    let measures = [Measure::Attendance, Measure::ReportsWithAttendance];
    let asked = Months {
        months: (202_601, 202_605),
        bucket: Bucket::Month,
        measures: &measures,
        people: People::of(&rights, true),
        network,
        within: Within::Network(network),
    };
    let mut sums: HashMap<_, Vec<i64>> = HashMap::new();
    for row in counted::sums_of_months(database.reader(), &scopes, None, asked).await.expect("counts") {
        let all = sums.entry((row.scope.expect("a scope"), row.part)).or_insert_with(|| vec![0; measures.len()]);
        all.iter_mut().zip(&row.sums).for_each(|(sum, more)| *sum += more);
    }
    let people = |all: &[usize]| all.iter().map(|at| world.told[*at].attendance).sum::<i64>();
    // What is known needs no finding out.
    let unread = |all: &[usize]| all.iter().copied().filter(|at| is_hidden(&world.told[*at])).collect::<Vec<_>>();
    let mut equations: Equations = strangers.iter().map(|set| unread(set)).collect();
    for place in &places {
        for month in 1..=MONTHS {
            let counts = |at: &usize| {
                let told = &world.told[*at];
                let left_out = is_hidden(told) && waiting.contains(at);
                told.month == month && told.hosts.iter().any(|host| stands(*host, *place)) && !left_out
            };
            let all: Vec<usize> = (0..world.told.len()).filter(counts).collect();
            let expected = vec![people(&all), i64::try_from(all.len()).expect("few")];
            let part = 202_600 + i32::try_from(month).expect("small");
            let found = sums.remove(&(id(*place), part)).unwrap_or_else(|| vec![0; measures.len()]);
            assert_eq!(found, expected, "{member}: {place:?} in {month}");
            equations.insert(unread(&all));
        }
    }
    let unknowns = world.told.len();
    let ((secrets, _), solved) = (secrets(world, is_hidden), Solved::new(&equations, unknowns));
    assert!(secrets.len() > 10, "there is something to hide: {}", secrets.len());
    for secret in &secrets {
        assert!(!solved.determines(secret, unknowns), "{secret:?} is known to a member of {member}");
    }
    // Where months are cut, members are told of what they may read.
    let date = |text: &str| text.parse().expect("a date");
    let (readable, filter) = (People::of(&rights, false), ActivityFilter::default());
    let span = Span { from: date("2026-01-01"), to: date("2026-04-15") };
    let (places, bucket) = (Places::One(Within::Network(network)), Bucket::Whole);
    let asked = Counted { places, span, bucket, dimensions: &[], filter: &filter, people: readable, network };
    let found = counted::sums(database.reader(), &asked, &measures, 10).await.expect("counts");
    let in_time = |told: &Told| told.month < 4 || told.day < 15;
    let all: Vec<usize> = (0..unknowns).filter(|at| in_time(&world.told[*at]) && !is_hidden(&world.told[*at])).collect();
    assert_eq!(found[0].counted.0[..2], [people(&all), i64::try_from(all.len()).expect("few")]);
    database.close().await.expect("closes");
}

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

/// What is told later comes later, whatever it says of when it was: wishes to come, how many came, and files with older reports.
async fn nothing_that_is_told_later_comes_between(address: String) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("writes");
    write("networks.csv", "slug,name\nlate,Late\n");
    write("communities.csv", "network_slug,slug,name,level\nlate,mombasa,Mombasa,CITY\n");
    let gatherings = (1..=6).map(|day| format!("g-{day},mombasa,Circle,2026-05-{day:02},HELD\n"));
    write("gatherings.csv", &format!("external_id,community_slug,title,starts_at,status\n{}", gatherings.collect::<String>()));
    let import = || succeed(&address, &["import", folder.path().to_str().expect("a path")]);
    import();
    let service = Service::start(&address);
    let writer = Writer::new(&service, &token(&address));
    let network = service.network("late").await;
    let query = "query ($within: ID!) { gatherings(within: $within, first: 100) { nodes { id externalId } } }";
    let found = service.ask(query, json!({ "within": network })).await;
    let nodes = found["gatherings"]["nodes"].as_array().expect("gatherings");
    let by_id: HashMap<String, String> = nodes.iter().map(|node| (text(&node["externalId"]), text(&node["id"]))).collect();
    let told_in = async |from: &str, to: &str| {
        let query = "query ($within: ID!, $window: Window!) { activity(within: $within, window: $window, \
                     metrics: [ATTENDANCE]) { total { metrics { values denominators suppressed } } } }";
        let variables = json!({ "within": network, "window": { "from": from, "to": to } });
        service.ask(query, variables).await["activity"]["total"]["metrics"][0].take()
    };
    let told = async || told_in("2026-05-01", "2026-06-01").await;
    let is = |value: i64, reports: i64, suppressed: bool| json!({ "values": [value], "denominators": [reports], "suppressed": [suppressed] });
    let report = async |day: usize, attendance: Value| {
        let input = json!({ "gathering": by_id[&format!("g-{day}")], "attendance": attendance, "audience": "MEMBERS" });
        writer.make("submitGatheringReport", input, "report").await
    };
    let (silent, revision) = report(1, Value::Null).await;
    report(2, json!(3)).await;
    report(3, json!(40)).await;
    assert_eq!(told().await, is(43, 2, false));

    for (gathering, yes) in [(3, 30), (2, 4)] {
        let input = json!({ "gathering": by_id[&format!("g-{gathering}")], "yes": yes, "observedAt": "2026-05-01T10:00:00Z" });
        writer.done("recordRsvps", input, "gathering { id }").await;
        assert_eq!(told().await, is(43, 2, false), "who wanted to come parts nobody");
    }
    let amended = json!({ "report": silent, "expectedRevision": revision, "attendance": 2 });
    writer.done("amendGatheringReport", amended, "report { id }").await;
    assert_eq!(told().await, is(43, 2, true), "it waits, though it was handed in first");
    write(
        "reports.csv",
        "gathering_external_id,submitted_at,attendance,audience\ng-4,2026-05-02T00:00:00Z,1,MEMBERS\ng-5,,1,MEMBERS\n",
    );
    import();
    assert_eq!(told().await, is(43, 2, true), "files come when they come");
    report(6, json!(1)).await;
    assert_eq!(told().await, is(48, 6, false));
    succeed(&address, &["verify"]);

    // A gathering that files tell of may have a report before it is held: it counts from when it is.
    write(
        "gatherings.csv",
        "external_id,community_slug,title,starts_at,status\nj-1,mombasa,Circle,2026-07-01,PLANNED\nj-2,mombasa,Circle,2026-07-02,HELD\n\
         j-3,mombasa,Circle,2026-07-03,HELD\n",
    );
    for (gathering, people) in [("j-1", 2), ("j-2", 3), ("j-3", 40)] {
        write("reports.csv", &format!("gathering_external_id,attendance,audience\n{gathering},{people},MEMBERS\n"));
        import();
    }
    assert_eq!(told_in("2026-07-01", "2026-08-01").await, is(43, 2, false));
    write("gatherings.csv", "external_id,community_slug,title,starts_at,status\nj-1,mombasa,Circle,2026-07-01,HELD\n");
    import();
    let before = is(43, 2, false);
    until("it is told that it was held", async || told_in("2026-07-01", "2026-08-01").await != before).await;
    assert_eq!(told_in("2026-07-01", "2026-08-01").await, is(43, 2, true), "it waits: two came");
    succeed(&address, &["verify"]);
}
on_both!(nothing_that_is_told_later_comes_between);
