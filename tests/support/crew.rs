//! Writers and subscribers who go on whatever happens, and what is to be said of it in the end.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::Utc;
use serde_json::{Value, json};
use tokio::{task::JoinHandle, time::timeout};

use crate::{
    checker::{Durations, Findings, Phase, Told, Write, compare_told, compare_writes, lateness},
    cluster::Cluster,
    heard::{self, Numbers},
    live::{Writer, text, until},
    program::succeed,
    subscriber::{Session, Subscriber, Wanted, read_log},
    weave::Places,
};

/// How long a writer waits for an answer before it asks again, elsewhere.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often a writer writes, if it is answered at once.
const PACE: Duration = Duration::from_millis(25);
/// How many write at each node.
const WRITERS: usize = 2;
/// Who sent something again is told so while something is broken. All else is a fault.
const EXPECTED: [&str; 3] = ["UNAVAILABLE", "SHUTTING_DOWN", "DEADLINE_EXCEEDED"];
/// How the streams of subscribers may end: by a connection that breaks, and in words.
const ENDS: [&str; 9] =
    ["closed", "no connection", "silence", "1001", "1012", "1013", "SHUTTING_DOWN", "UNAVAILABLE", "DEADLINE_EXCEEDED"];

#[derive(Default)]
struct Shared {
    stopped: AtomicBool,
    writes: Mutex<Vec<Write>>,
    inputs: Mutex<Vec<(&'static str, Value)>>,
    odd: Mutex<Vec<String>>,
}

/// All who write and follow at a cluster.
pub struct Crew {
    shared: Arc<Shared>,
    writers: Vec<JoinHandle<()>>,
    subscribers: Vec<Subscriber>,
    numbers: Vec<Numbers>,
    pub phases: Vec<Phase>,
    network: String,
    start: String,
}

/// What is to be said in the end.
pub struct Outcome {
    pub findings: Findings,
    pub acknowledged: usize,
    pub delivered: usize,
    /// How often something was sent again.
    pub repeated: usize,
    /// How streams ended, and how often.
    pub ends: BTreeMap<String, usize>,
    pub calm: Durations,
    /// Of each phase, with its name.
    pub broken: Vec<(Phase, Durations)>,
    writes: Vec<Write>,
}

impl Crew {
    /// Begins to write and to follow, at every node.
    pub async fn start(cluster: &Cluster, places: &Places) -> Self {
        let (urls, network) = (cluster.urls(), places.id("weave").to_owned());
        let mut subscribers = Vec::new();
        for (n, _) in urls.iter().enumerate() {
            let mut urls = urls.clone();
            urls.rotate_left(n);
            let wanted = |name: &str, slug: &str, resumes: bool, token: Option<&String>| {
                let name = format!("{name} at {n}");
                Wanted {
                    name,
                    within: places.id(slug).to_owned(),
                    resumes,
                    token: token.cloned(),
                    after: None,
                    urls: urls.clone(),
                }
            };
            subscribers.extend([
                wanted("network", "weave", true, None),
                wanted("nation, where it is told", "kenya", true, None),
                wanted("region with a token", "rift", true, Some(&cluster.secret)),
                wanted("city", "coast-1", true, None),
            ]);
            if n + 1 == cluster.nodes.len() {
                subscribers.push(wanted("plain", "weave", false, None));
            }
        }
        let subscribers: Vec<Subscriber> = subscribers.into_iter().map(Subscriber::start).collect();
        until("all follow", async || subscribers.iter().all(|subscriber| subscriber.received().connections > 0)).await;
        // Nobody has written anything yet.
        let start = subscribers[0].received().sessions[0].start.clone();
        let shared = Arc::<Shared>::default();
        let mut writers = Vec::new();
        for n in 0..WRITERS * urls.len() {
            let (writers_of_all, mut urls) = (WRITERS * urls.len(), urls.clone());
            let home = n % urls.len();
            urls.rotate_left(home);
            let gatherings = (n..places.gatherings.len()).step_by(writers_of_all);
            let hosts = ["rift-0", "rift-1", "coast-0", "coast-1"].map(|slug| places.id(slug).to_owned());
            let busy = Busy {
                name: format!("writer-{n}"),
                home,
                writers: urls.iter().map(|url| Writer::at(url, &cluster.secret)).collect(),
                gatherings: gatherings.map(|n| places.gatherings[&format!("g-{n:04}")].clone()).collect(),
                hosts: hosts.into(),
            };
            writers.push(tokio::spawn(busy.run(Arc::clone(&shared))));
        }
        let numbers = |slug: &str| Numbers::start(urls.clone(), places.id(slug).to_owned());
        let numbers = vec![numbers("weave"), numbers("rift")];
        Self { shared, writers, subscribers, numbers, phases: Vec::new(), network, start }
    }

    /// How many writes were acknowledged so far.
    pub fn acknowledged(&self) -> usize {
        self.shared.writes.lock().expect("is whole").len()
    }

    /// Waits until so many more were acknowledged.
    pub async fn write_on(&self, count: usize) {
        let enough = self.acknowledged() + count;
        until("enough is acknowledged", async || self.acknowledged() >= enough).await;
    }

    /// Notes that something was broken from then until now, and waits until everything goes on: each node acknowledges
    /// what it is asked from now on, and each subscriber is told of such.
    pub async fn healed(&mut self, name: &str, from: Instant) -> Duration {
        let (to, nodes) = (Instant::now(), self.writers.len() / WRITERS);
        until("everything goes on", async || {
            let writes = self.shared.writes.lock().expect("is whole");
            let fresh = || writes.iter().rev().take_while(|write| write.acknowledged > to);
            let records: HashSet<&(String, i64)> = fresh().map(|write| &write.record).collect();
            let answers = (0..nodes).all(|node| fresh().any(|write| write.node == node));
            let moves = self.numbers.iter().all(|numbers| numbers.heard().at.is_some_and(|at| at > to));
            answers && moves && self.subscribers.iter().all(|subscriber| subscriber.has(|told| records.contains(&told.record)))
        })
        .await;
        let recovery = to.elapsed();
        self.phases.push(Phase { name: name.to_owned(), from, to, recovery });
        recovery
    }

    /// Ends all of it, once everyone has been told everything, and compares.
    pub async fn finish(mut self, cluster: &Cluster) -> Outcome {
        self.shared.stopped.store(true, Ordering::Relaxed);
        for writer in &mut self.writers {
            timeout(crate::program::DEADLINE, writer).await.expect("in time").expect("writes");
        }
        let (url, mut findings) = (cluster.nodes[0].url(), Findings::default());
        findings.take("writers", self.write_again(cluster).await);
        for odd in self.shared.odd.lock().expect("is whole").drain(..) {
            findings.add("odd answers", odd);
        }
        let writes = std::mem::take(&mut *self.shared.writes.lock().expect("is whole"));
        let log = read_log(&url, None, &self.network, (&self.start, None)).await;
        findings.take("log", compare_writes(&writes, &log));
        let (mut calm, mut broken, mut delivered, mut ends) = (Durations::default(), Vec::new(), 0, BTreeMap::new());
        broken.resize_with(self.phases.len(), Durations::default);
        for subscriber in &mut self.subscribers {
            let sessions = caught_up(subscriber, &url).await;
            for (session, log) in sessions {
                findings.take(&subscriber.name, compare_told(&log, &session.told));
                delivered += session.told.len();
                if subscriber.resumes {
                    findings.take("again", follow_again(subscriber, &session.told, &url).await);
                    let (calmly, brokenly) = lateness(&writes, &session.told, &self.phases);
                    calm.join(calmly);
                    broken.iter_mut().zip(brokenly).for_each(|(all, mine)| all.join(mine));
                }
            }
            subscriber.stop().await;
            for (end, count) in &subscriber.received().ends {
                *ends.entry(end.clone()).or_default() += count;
                if !ENDS.contains(&end.as_str()) {
                    findings.add("odd ends", format!("{}: {count} x {end}", subscriber.name));
                }
            }
        }
        for numbers in &self.numbers {
            let truth = heard::ask(&url, &numbers.within).await;
            let settled = async {
                while numbers.heard().numbers != truth {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            if timeout(Duration::from_secs(5), settled).await.is_err() {
                findings.add("wrong numbers", format!("{} instead of {truth}", numbers.heard().numbers));
            }
        }
        let repeated = writes.iter().map(|write| write.sent - 1).sum();
        let broken = self.phases.into_iter().zip(broken).collect();
        assert!(succeed(&cluster.address, &["verify"]).contains("nothing differs"));
        Outcome { findings, acknowledged: writes.len(), delivered, repeated, ends, calm, broken, writes }
    }

    /// Sends again what was acknowledged, some of it: it must be answered as it was.
    async fn write_again(&self, cluster: &Cluster) -> Findings {
        let mut findings = Findings::default();
        let writes = self.shared.writes.lock().expect("is whole").clone();
        let inputs = self.shared.inputs.lock().expect("is whole").clone();
        for (n, write) in writes.iter().enumerate().step_by(writes.len() / 20 + 1) {
            let (mutation, input) =
                inputs.iter().find(|(_, input)| input["idempotencyKey"] == write.key.as_str()).expect("its input");
            let writer = Writer::at(&cluster.nodes[n % cluster.nodes.len()].url(), &cluster.secret);
            let answer = writer.send(mutation, input, "gathering { id }").await;
            let payload = answer.as_ref().map(|answer| &answer["data"][mutation]);
            if payload.is_none_or(|payload| {
                payload["gathering"]["id"] != write.record.0.as_str() || payload["cursor"] != write.cursor.as_str()
            }) {
                findings.add("another answer", format!("{write:?}: {answer:?}"));
            }
        }
        findings
    }
}

/// Waits until a subscriber was told all that there is, and gives what it received beside what it should have.
async fn caught_up(subscriber: &Subscriber, url: &str) -> Vec<(Session, Vec<Told>)> {
    let token = subscriber.token.as_deref();
    let sessions = subscriber.received().sessions.clone();
    let mut compared = Vec::new();
    for (n, mut session) in sessions.iter().cloned().enumerate() {
        let is_last = n + 1 == sessions.len();
        let last = session.told.last().filter(|_| !is_last).map(|told| told.cursor.clone());
        if !is_last && last.is_none() {
            continue;
        }
        let mut log = read_log(url, token, &subscriber.within, (&session.start, last.as_deref())).await;
        if let Some(last) = last {
            // It was cut off there; up to there nothing may be missing.
            let seen = log.iter().position(|entry| entry.cursor == last);
            log.truncate(seen.map_or(log.len(), |seen| seen + 1));
        } else if let Some(last) = log.last() {
            let all = async {
                while !subscriber.has(|told| told.cursor == last.cursor) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            // Whoever never gets there is told of as missing something.
            let _ = timeout(Duration::from_secs(20), all).await;
            session.told.clone_from(&subscriber.received().sessions[n].told);
        }
        compared.push((session, log));
    }
    compared
}

/// How much is followed again.
const AGAIN: usize = 100;

/// Follows again from an old cursor, and compares with what was received live.
async fn follow_again(subscriber: &Subscriber, live: &[Told], url: &str) -> Findings {
    let mut findings = Findings::default();
    let from = (live.len() / 2).max(live.len().saturating_sub(AGAIN));
    let (Some(before), Some(last)) = (from.checked_sub(1).and_then(|before| live.get(before)), live.last()) else {
        return findings;
    };
    let (name, within, token) = (subscriber.name.clone(), subscriber.within.clone(), subscriber.token.clone());
    let urls = vec![url.to_owned()];
    let mut again = Subscriber::start(Wanted { name, within, resumes: true, token, after: Some(before.cursor.clone()), urls });
    let all = async {
        while !again.has(|told| told.cursor == last.cursor) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let _ = timeout(Duration::from_secs(20), all).await;
    again.stop().await;
    let told = again.received().sessions.first().map(|session| session.told.clone()).unwrap_or_default();
    findings.take(&subscriber.name, compare_told(&live[from..], &told));
    findings
}

/// Someone who writes all the time.
struct Busy {
    name: String,
    home: usize,
    /// At each node, the one at home first.
    writers: Vec<Writer>,
    /// What nobody else writes.
    gatherings: Vec<String>,
    hosts: Vec<String>,
}

impl Busy {
    async fn run(self, shared: Arc<Shared>) {
        for n in 0.. {
            if shared.stopped.load(Ordering::Relaxed) {
                return;
            }
            let key = format!("{}-{n}", self.name);
            let (mutation, input) = if n % 6 == 5 {
                let host = &self.hosts[n % self.hosts.len()];
                ("planGathering", json!({ "idempotencyKey": key, "hosts": [host], "title": key, "startDate": "2026-05-01" }))
            } else {
                let gathering = &self.gatherings[n % self.gatherings.len()];
                let observed = Utc::now().to_rfc3339();
                (
                    "recordRsvps",
                    json!({ "idempotencyKey": key, "gathering": gathering, "yes": n % 1_000, "observedAt": observed }),
                )
            };
            shared.inputs.lock().expect("is whole").push((mutation, input.clone()));
            let write = self.persist(mutation, &input, &shared).await;
            shared.writes.lock().expect("is whole").push(write);
            tokio::time::sleep(PACE).await;
        }
    }

    /// Sends the same until it is acknowledged.
    async fn persist(&self, mutation: &'static str, input: &Value, shared: &Shared) -> Write {
        for sent in 1.. {
            let at = (sent - 1) % self.writers.len();
            // At home first, then elsewhere, and so on.
            let sending = self.writers[at].send(mutation, input, "gathering { id revision }");
            let answer = timeout(PATIENCE, sending).await.ok().flatten();
            let payload = answer.as_ref().map(|answer| &answer["data"][mutation]);
            if let (Some(answer), Some(payload)) = (&answer, payload) {
                if payload["gathering"].is_object() {
                    let record = &payload["gathering"];
                    return Write {
                        key: text(&input["idempotencyKey"]),
                        record: (text(&record["id"]), record["revision"].as_i64().expect("a revision")),
                        cursor: text(&payload["cursor"]),
                        acknowledged: Instant::now(),
                        node: (self.home + at) % self.writers.len(),
                        sent,
                    };
                }
                if !answer["errors"][0]["extensions"]["code"].as_str().is_some_and(|code| EXPECTED.contains(&code)) {
                    shared.odd.lock().expect("is whole").push(format!("{input}: {answer}"));
                }
            }
            tokio::time::sleep(PACE).await;
        }
        unreachable!("it is tried for ever")
    }
}

impl Outcome {
    /// Says what was measured.
    pub fn tell(&mut self) {
        eprintln!("acknowledged {}, delivered {}, sent again {}", self.acknowledged, self.delivered, self.repeated);
        eprintln!("streams ended by {:?}", self.ends);
        eprintln!("calm: {}", self.calm.told());
        for (phase, durations) in &mut self.broken {
            let (lasted, recovery) = (phase.to - phase.from, phase.recovery);
            eprintln!("{} for {lasted:.1?}: {}; back after {recovery:.2?}", phase.name, durations.told());
        }
    }

    /// The longest time in a phase in which a node acknowledged nothing.
    pub fn longest_pause(&self, node: usize, name: &str) -> Duration {
        let phase = &self.broken.iter().find(|(phase, _)| phase.name == name).expect("a phase").0;
        let of_node = self.writes.iter().filter(|write| write.node == node).map(|write| write.acknowledged);
        let mut times: Vec<Instant> = of_node.filter(|at| (phase.from..phase.to).contains(at)).collect();
        times.extend([phase.from, phase.to]);
        times.sort_unstable();
        times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
    }
}
