//! What was acknowledged and what was received, compared with the log as everyone can read it afterwards.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    time::{Duration, Instant},
};

/// How much of a cursor says where it stands in the log. The rest says under which rights it was given.
const PLACE: usize = 70;
/// How many faults are told in full.
const EXAMPLES: usize = 10;

/// A write that was acknowledged.
#[derive(Debug, Clone)]
pub struct Write {
    pub key: String,
    /// The record and its revision after the write.
    pub record: (String, i64),
    pub cursor: String,
    pub acknowledged: Instant,
    /// Which node acknowledged it.
    pub node: usize,
    /// How often it was sent.
    pub sent: usize,
}

/// A change as it was told: in the log, or to a subscriber.
#[derive(Debug, Clone)]
pub struct Told {
    pub cursor: String,
    /// The change, as it was written in the message.
    pub change: String,
    pub record: (String, i64),
    /// The record beside it, as it was written in the message.
    pub entity: Option<String>,
    /// The revision of that record.
    pub shown: Option<i64>,
    pub at: Instant,
}

/// What is wrong, by kind.
#[derive(Debug, Default)]
pub struct Findings {
    counts: BTreeMap<&'static str, usize>,
    examples: Vec<String>,
}

impl Findings {
    /// Notes a fault.
    pub fn add(&mut self, kind: &'static str, what: impl fmt::Display) {
        *self.counts.entry(kind).or_default() += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(format!("{kind}: {what}"));
        }
    }

    /// Takes over what was found elsewhere, with where that was.
    pub fn take(&mut self, place: &str, other: Self) {
        for (kind, count) in other.counts {
            *self.counts.entry(kind).or_default() += count;
        }
        self.examples.extend(other.examples.into_iter().map(|example| format!("{place}: {example}")));
        self.examples.truncate(EXAMPLES);
    }

    /// How many faults there are, by kind.
    pub fn counts(&self) -> &BTreeMap<&'static str, usize> {
        &self.counts
    }

    /// Fails unless nothing is wrong.
    pub fn assert_none(&self) {
        assert!(self.counts.is_empty(), "{:?}\n{}", self.counts, self.examples.join("\n"));
    }
}

/// Compares what was acknowledged with the log: each is there once, and nothing else is.
pub fn compare_writes(writes: &[Write], log: &[Told]) -> Findings {
    let mut findings = Findings::default();
    let mut places: HashMap<&(String, i64), Vec<&Told>> = HashMap::new();
    for entry in log {
        places.entry(&entry.record).or_default().push(entry);
    }
    let mut asked = HashMap::new();
    for write in writes {
        match places.get(&write.record).map(Vec::as_slice) {
            None => findings.add("lost", format!("{write:?}")),
            Some([entry]) if place(&entry.cursor) == place(&write.cursor) => {}
            Some([entry]) => findings.add("misplaced", format!("{write:?} is {entry:?}")),
            Some(_) => findings.add("stored twice", format!("{write:?}")),
        }
        if let Some(other) = asked.insert(&write.record, &write.key) {
            findings.add("two in one", format!("{other} and {}", write.key));
        }
    }
    // A write that was done again, because it was sent again, made a change that nobody was told of.
    for entry in log.iter().filter(|entry| !asked.contains_key(&entry.record)) {
        findings.add("unasked", &entry.change);
    }
    findings
}

/// Compares what a subscriber received with the log of its scope: each change, once, in order, as it stands there.
pub fn compare_told(log: &[Told], received: &[Told]) -> Findings {
    let mut findings = Findings::default();
    let places: HashMap<&str, usize> = log.iter().enumerate().map(|(n, entry)| (entry.cursor.as_str(), n)).collect();
    let (mut seen, mut furthest) = (HashSet::new(), None);
    for told in received {
        let Some(&place) = places.get(told.cursor.as_str()) else {
            findings.add("ghosts", &told.change);
            continue;
        };
        if !seen.insert(place) {
            findings.add("doubled", &told.change);
        } else if furthest.is_some_and(|furthest| place < furthest) {
            findings.add("inversions", &told.change);
        }
        furthest = furthest.max(Some(place));
        let entry = &log[place];
        if told.change != entry.change {
            findings.add("altered", format!("{} instead of {}", told.change, entry.change));
        }
        if told.shown.is_some_and(|shown| shown < told.record.1) {
            findings.add("stale", format!("{} beside {:?}", told.change, told.entity));
        }
        // The record can have changed between the two readings; while it has not, all of it is the same.
        let comparable = told.shown == entry.shown || told.shown.is_none();
        if comparable && told.entity != entry.entity {
            findings.add("another record", format!("{:?} instead of {:?}", told.entity, entry.entity));
        }
    }
    for (n, entry) in log.iter().enumerate() {
        if !seen.contains(&n) {
            findings.add("missing", &entry.change);
        }
    }
    findings
}

/// The part of a cursor that is the same whoever reads.
fn place(cursor: &str) -> &str {
    cursor.get(..PLACE).unwrap_or(cursor)
}

/// How long something took, many times.
#[derive(Debug, Default)]
pub struct Durations(Vec<Duration>);

impl Durations {
    pub fn add(&mut self, duration: Duration) {
        self.0.push(duration);
    }

    /// Takes over others.
    pub fn join(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// The one that so many of a thousand do not exceed.
    pub fn quantile(&mut self, thousandths: usize) -> Duration {
        self.0.sort_unstable();
        let last = self.0.len().saturating_sub(1);
        self.0.get((last * thousandths).div_ceil(1_000)).copied().unwrap_or_default()
    }

    /// How many there are, and what they say.
    pub fn told(&mut self) -> String {
        let [p50, p99, max] = [500, 990, 1_000].map(|thousandths| self.quantile(thousandths).as_millis());
        format!("{} deliveries, p50 {p50} ms, p99 {p99} ms, max {max} ms", self.0.len())
    }
}

/// A time in which something was broken.
#[derive(Debug, Clone)]
pub struct Phase {
    pub name: String,
    pub from: Instant,
    pub to: Instant,
    /// How long it took after the end until everything went on.
    pub recovery: Duration,
}

/// How long deliveries took from their acknowledgement on: while all was well, and in each phase.
pub fn lateness(writes: &[Write], received: &[Told], phases: &[Phase]) -> (Durations, Vec<Durations>) {
    let acknowledged: HashMap<&(String, i64), Instant> = writes.iter().map(|write| (&write.record, write.acknowledged)).collect();
    let (mut calm, mut broken): (_, Vec<Durations>) =
        (Durations::default(), phases.iter().map(|_| Durations::default()).collect());
    for told in received {
        let Some(&from) = acknowledged.get(&told.record) else { continue };
        // A subscriber can be faster than the answer.
        let late = told.at.saturating_duration_since(from);
        let touches = |phase: &Phase| from < phase.to + phase.recovery && told.at > phase.from;
        match phases.iter().position(touches) {
            None => calm.add(late),
            // What was acknowledged before or after it says nothing of it.
            Some(n) if (phases[n].from..phases[n].to).contains(&from) => broken[n].add(late),
            Some(_) => {}
        }
    }
    (calm, broken)
}

mod tests {
    use super::*;

    fn told(n: i64) -> Told {
        let record = (format!("gat_{}", n % 3), n);
        let change = format!("change {n}");
        let entity = Some(format!("gathering {n}"));
        Told { cursor: format!("{n:0PLACE$}x"), change, record, entity, shown: Some(n), at: Instant::now() }
    }

    fn log() -> Vec<Told> {
        (1..=20).map(told).collect()
    }

    fn write(entry: &Told) -> Write {
        Write {
            key: format!("key of {}", entry.change),
            record: entry.record.clone(),
            cursor: format!("{}y", place(&entry.cursor)),
            acknowledged: entry.at,
            node: 0,
            sent: 1,
        }
    }

    fn kinds(findings: &Findings) -> Vec<(&'static str, usize)> {
        findings.counts.iter().map(|(kind, count)| (*kind, *count)).collect()
    }

    #[test]
    fn what_is_as_it_should_be_is_not_blamed() {
        let writes: Vec<Write> = log().iter().map(write).collect();
        compare_writes(&writes, &log()).assert_none();
        compare_told(&log(), &log()).assert_none();
    }

    #[test]
    fn each_fault_of_a_delivery_is_noticed() {
        let spoilt = |spoil: fn(&mut Vec<Told>)| {
            let mut received = log();
            spoil(&mut received);
            kinds(&compare_told(&log(), &received))
        };
        assert_eq!(spoilt(|received| drop(received.remove(7))), [("missing", 1)]);
        assert_eq!(spoilt(|received| drop(received.pop())), [("missing", 1)]);
        assert_eq!(spoilt(|received| received.insert(3, told(3))), [("doubled", 1)]);
        assert_eq!(spoilt(|received| received.push(told(3))), [("doubled", 1)]);
        assert_eq!(spoilt(|received| received.swap(4, 5)), [("inversions", 1)]);
        assert_eq!(spoilt(|received| received.push(told(99))), [("ghosts", 1)]);
        assert_eq!(spoilt(|received| received[2].change.push(' ')), [("altered", 1)]);
        assert_eq!(spoilt(|received| received[2].entity = Some("else".to_owned())), [("another record", 1)]);
        assert_eq!(spoilt(|received| (received[2].entity, received[2].shown) = (None, None)), [("another record", 1)]);
        assert_eq!(spoilt(|received| received[2].shown = Some(1)), [("stale", 1)]);
        // A later state of the record is as good.
        assert_eq!(spoilt(|received| (received[2].entity, received[2].shown) = (Some("later".to_owned()), Some(9))), []);
    }

    #[test]
    fn each_fault_of_a_write_is_noticed() {
        let spoilt = |spoil: fn(&mut Vec<Write>, &mut Vec<Told>)| {
            let (mut writes, mut log): (Vec<Write>, _) = (log().iter().map(write).collect(), log());
            spoil(&mut writes, &mut log);
            kinds(&compare_writes(&writes, &log))
        };
        assert_eq!(spoilt(|_, log| drop(log.remove(7))), [("lost", 1)]);
        assert_eq!(spoilt(|_, log| log.push(told(21))), [("unasked", 1)]);
        assert_eq!(spoilt(|_, log| log.push(told(20))), [("stored twice", 1)]);
        assert_eq!(spoilt(|writes, _| writes[1].cursor = writes[2].cursor.clone()), [("misplaced", 1)]);
        assert_eq!(
            spoilt(|writes, _| writes.push(Write { key: "another".to_owned(), ..writes[0].clone() })),
            [("two in one", 1)]
        );
    }

    #[test]
    fn a_delivery_counts_for_the_time_in_which_it_was_acknowledged() {
        let began = Instant::now();
        let at = |millis| began + Duration::from_millis(millis);
        let log: Vec<Told> =
            [(1, 150), (2, 2_900), (3, 9_040), (4, 5_100)].map(|(n, got)| Told { at: at(got), ..told(n) }).into();
        let acknowledged = [100, 2_000, 9_000, 5_000];
        let writes: Vec<Write> =
            log.iter().zip(acknowledged).map(|(told, when)| Write { acknowledged: at(when), ..write(told) }).collect();
        let phase = Phase { name: "broken".to_owned(), from: at(1_000), to: at(4_000), recovery: Duration::from_millis(1_500) };
        let (mut calm, mut broken) = lateness(&writes, &log, &[phase]);
        assert_eq!(calm.told(), "2 deliveries, p50 50 ms, p99 50 ms, max 50 ms");
        assert_eq!(broken[0].told(), "1 deliveries, p50 900 ms, p99 900 ms, max 900 ms");
    }
}
