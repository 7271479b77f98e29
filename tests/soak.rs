//! Everything that can break breaks, one thing or two at a time, again and again, in an order that a seed decides.
//!
//! A few rounds run with the other tests; `cargo xtask soak` goes on for as long as it is told.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use crate::{
    checker::Durations,
    cluster::{Cluster, broken_for},
    crew::Crew,
    databases::{execute, migrate},
    proxy::Mode,
    servers::Server,
    weave::{Places, import},
};

/// How soon everything has to go on, for a debug build on a busy machine.
const RECOVERY: Duration = Duration::from_secs(6);
/// How late a change may be with nothing away but Redis: a second, and half of one for the same reason.
const WITHOUT_REDIS: Duration = Duration::from_millis(1_500);
/// How many descriptors a node may have more in the end: connections come and go at any moment.
const DESCRIPTORS: usize = 40;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    PostgresKilled,
    PostgresTerminated,
    PostgresOutOfReach,
    PostgresStalled,
    PostgresSlow,
    RedisKilled,
    RedisFrozen,
    RedisOutOfReach,
    RedisInABlackHole,
    RedisGarbled,
    RedisFlushed,
    NodeKilled,
    NodeFrozen,
    NodeReplaced,
    ClientsCut,
    ClientsInABlackHole,
    ClientsHalfClosed,
    ClientsFarAway,
}

use Fault::*;

/// The parts of which one thing breaks at a time, in the order in which they are mended: a node needs its database.
const PARTS: [&[Fault]; 4] = [
    &[PostgresKilled, PostgresTerminated, PostgresOutOfReach, PostgresStalled, PostgresSlow],
    &[RedisKilled, RedisFrozen, RedisOutOfReach, RedisInABlackHole, RedisGarbled, RedisFlushed],
    &[NodeKilled, NodeFrozen, NodeReplaced],
    &[ClientsCut, ClientsInABlackHole, ClientsHalfClosed, ClientsFarAway],
];

/// Those in which a change is late by no more than what reading the heads takes.
const REDIS_AWAY: [Fault; 4] = [RedisKilled, RedisFrozen, RedisOutOfReach, RedisInABlackHole];

struct Stage {
    postgres: Server,
    redis: Server,
    cluster: Cluster,
    /// The node that breaks next, if one does.
    node: usize,
}

impl Stage {
    async fn breaks(&mut self, fault: Fault) {
        let node = self.node;
        match fault {
            PostgresKilled => self.postgres.kill(),
            PostgresTerminated => {
                let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
                execute(&self.postgres.database(), sql).await;
            }
            PostgresOutOfReach => self.database(Mode::Cut),
            PostgresStalled => self.database(Mode::Hold),
            PostgresSlow => self.database(Mode::Slow(Duration::from_millis(15))),
            RedisKilled => self.redis.kill(),
            RedisFrozen => self.redis.freeze(true),
            RedisOutOfReach => self.wake_ups(Mode::Cut),
            RedisInABlackHole => self.wake_ups(Mode::Swallow),
            RedisGarbled => self.wake_ups(Mode::Garble),
            RedisFlushed => self.redis.flush().await,
            NodeKilled => self.cluster.nodes[node].kill(),
            NodeFrozen => self.cluster.nodes[node].freeze(true),
            NodeReplaced => self.cluster.nodes[node].terminate(),
            ClientsCut => self.fronts(Mode::Cut),
            ClientsInABlackHole => self.fronts(Mode::Swallow),
            ClientsHalfClosed => self.fronts(Mode::HalfOpen),
            ClientsFarAway => self.fronts(Mode::Slow(Duration::from_millis(40))),
        }
    }

    async fn is_mended(&mut self, fault: Fault) {
        let node = self.node;
        match fault {
            PostgresKilled => self.postgres.revive().await,
            PostgresTerminated | RedisFlushed => {}
            PostgresOutOfReach | PostgresStalled | PostgresSlow => self.database(Mode::Pass),
            RedisKilled => self.redis.revive().await,
            RedisFrozen => self.redis.freeze(false),
            RedisOutOfReach | RedisInABlackHole | RedisGarbled => self.wake_ups(Mode::Pass),
            NodeKilled | NodeReplaced => self.cluster.nodes[node].revive(),
            NodeFrozen => self.cluster.nodes[node].freeze(false),
            ClientsCut | ClientsInABlackHole | ClientsHalfClosed | ClientsFarAway => self.fronts(Mode::Pass),
        }
    }

    fn database(&self, mode: Mode) {
        self.cluster.nodes.iter().filter_map(|node| node.database.as_ref()).for_each(|road| road.set(mode));
    }

    fn wake_ups(&self, mode: Mode) {
        self.cluster.nodes.iter().filter_map(|node| node.redis.as_ref()).for_each(|road| road.set(mode));
    }

    fn fronts(&self, mode: Mode) {
        self.cluster.nodes.iter().for_each(|node| node.front.set(mode));
    }

    fn sizes(&self) -> Vec<(usize, usize)> {
        self.cluster.nodes.iter().filter_map(crate::cluster::Node::size).collect()
    }
}

/// One thing, or two of different parts.
fn choose(dice: &mut StdRng) -> Vec<Fault> {
    let mut chosen: Vec<(usize, Fault)> = Vec::new();
    for _ in 0..dice.random_range(1..=2) {
        let part = dice.random_range(0..PARTS.len());
        if chosen.iter().all(|(other, _)| *other != part) {
            chosen.extend(PARTS[part].choose(dice).map(|fault| (part, *fault)));
        }
    }
    chosen.sort_by_key(|(part, _)| *part);
    chosen.into_iter().map(|(_, fault)| fault).collect()
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_whatever_breaks_and_in_whatever_order() {
    let (seconds, seed) = (number("CONVENE_SOAK_SECONDS", 15), number("CONVENE_SOAK_SEED", 1));
    // One a round is all that a short run has time for.
    let calm = Duration::from_secs(if seconds < 60 { 1 } else { 7 });
    let (postgres, redis) = (Server::postgres().await, Server::redis().await);
    migrate(&postgres.database()).await;
    import(&postgres.database(), 48);
    let cluster = Cluster::start(&postgres.database(), 2, Some(&redis.address())).await;
    let places = Places::find(cluster.nodes[0].service()).await;
    let mut crew = Crew::start(&cluster, &places).await;
    let mut stage = Stage { postgres, redis, cluster, node: 0 };
    crew.write_on(100).await;
    let (began, first, mut dice) = (Instant::now(), stage.sizes(), StdRng::seed_from_u64(seed));
    let mut largest = first.clone();
    while began.elapsed() < Duration::from_secs(seconds) {
        let faults = choose(&mut dice);
        stage.node = dice.random_range(0..stage.cluster.nodes.len());
        let name = format!("{faults:?}");
        let from = Instant::now();
        // Those who are mended last break first: a node can stop in good order only while it has a database.
        for fault in faults.iter().rev() {
            stage.breaks(*fault).await;
        }
        broken_for(dice.random_range(0.2..2.0)).await;
        for fault in &faults {
            stage.is_mended(*fault).await;
        }
        let recovery = crew.healed(&name, from).await;
        for (largest, now) in largest.iter_mut().zip(stage.sizes()) {
            *largest = (largest.0.max(now.0), largest.1.max(now.1));
        }
        eprintln!("{:>5.0?} {name} at {}: back after {recovery:.2?}, {:?}", began.elapsed(), stage.node, stage.sizes());
        broken_for(calm.as_secs_f64() * dice.random_range(0.8..1.2)).await;
    }
    let last = stage.sizes();
    let mut outcome = crew.finish(&stage.cluster).await;
    eprintln!("seed {seed}, {:.0?}", began.elapsed());
    outcome.tell();
    let (mut away, mut slowest) = (Durations::default(), BTreeMap::new());
    for (phase, late) in std::mem::take(&mut outcome.broken) {
        if REDIS_AWAY.iter().any(|fault| phase.name == format!("[{fault:?}]")) {
            away.join(late);
        }
        slowest.insert(phase.recovery, phase.name);
    }
    eprintln!("with nothing away but Redis: {}", away.told());
    eprintln!("slowest recoveries: {:?}", slowest.iter().rev().take(5).collect::<Vec<_>>());
    eprintln!("KiB and descriptors of each node, at first {first:?}, at most {largest:?}, in the end {last:?}");
    eprintln!("faults: {:?}", outcome.findings.counts());
    outcome.findings.assert_none();
    // What the slowest delivery took while all was well was the machine's doing.
    let busy = outcome.calm.quantile(1_000);
    assert!(slowest.keys().all(|recovery| *recovery < RECOVERY + busy), "{slowest:?}");
    assert!(away.quantile(990) < WITHOUT_REDIS + busy, "{}", away.told());
    assert!(first.iter().zip(&last).all(|(first, last)| last.1 <= first.1 + DESCRIPTORS), "{first:?} {last:?}");
}
