//! Small networks of which little is told to strangers, and what can be found out from sums.

use std::collections::{BTreeMap, BTreeSet};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use crate::program::succeed;

pub const FEWEST: i64 = 5;
pub const MONTHS: usize = 4;

/// A gathering and its report.
#[derive(Debug, Clone)]
pub struct Told {
    pub hosts: BTreeSet<usize>,
    pub month: usize,
    pub day: usize,
    pub attendance: i64,
    pub rsvps: Option<i64>,
    pub audience: &'static str,
}

impl Told {
    pub fn is_hidden(&self) -> bool {
        self.audience != "PUBLIC"
    }
}

/// A small network of which little is told to strangers. Communities are numbered from the top: each but the first two
/// stands under an earlier one.
pub struct World {
    pub slug: String,
    pub told: Vec<Told>,
}

pub const COMMUNITIES: usize = 14;

pub fn parent(community: usize) -> Option<usize> {
    (community > 1).then(|| community / 2 - 1)
}

pub fn level(community: usize) -> &'static str {
    ["NATIONAL", "REGIONAL", "CITY"][usize::from(community > 1) + usize::from(community > 5)]
}

pub fn path(community: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(community), |at| parent(*at))
}

/// Whether a community stands in a place: `None` is the network.
pub fn stands(community: usize, place: Option<usize>) -> bool {
    place.is_none_or(|place| path(community).any(|at| at == place))
}

impl World {
    pub fn random(slug: &str, seed: u64) -> Self {
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

    pub fn import(&self, address: &str) {
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
    pub fn waiting(&self) -> BTreeSet<usize> {
        let mut queues: BTreeMap<_, (i64, Vec<usize>)> = BTreeMap::new();
        for (at, told) in self.told.iter().enumerate().filter(|(_, told)| told.is_hidden()) {
            let queue = queues.entry((&told.hosts, told.month, told.audience)).or_default();
            queue.0 += told.attendance;
            queue.1.push(at);
            if queue.0 >= FEWEST {
                *queue = (0, Vec::new());
            }
        }
        queues.into_values().flat_map(|(_, waiting)| waiting).collect()
    }
}

/// What each number is made of: sets of hidden reports, as a stranger who knows everything but the numbers in them sees it.
pub type Equations = BTreeSet<Vec<usize>>;

/// Solves equations whose sums are known: which sums of unknowns they determine. Exact: reckoned modulo a prime, far
/// greater than any determinant of so few zeros and ones that could come to nothing by it.
pub struct Solved(Vec<(usize, Vec<u128>)>);

const PRIME: u128 = (1 << 61) - 1;

impl Solved {
    pub fn new(equations: &Equations, unknowns: usize) -> Self {
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

    pub fn determines(&self, set: &[usize], unknowns: usize) -> bool {
        self.reduced(set, unknowns).iter().all(|number| *number == 0)
    }
}
