//! Nothing is missed, nothing is out of order, and every change has the scope it had when it was committed.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use convene_domain::{
    change::{Change, Effect, Entry, Position},
    id::{CommunityId, GatheringId, Within},
};
use convene_persistence::{Database, Error, log, verify};
use rand::{Rng, SeedableRng, rngs::StdRng};
use sea_orm::{ConnectionTrait, Statement};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::{
    databases::{Kind, execute, with_database},
    network::{Tree, add_gathering, begin_gathering, change_gathering, move_community, plant, position},
    on_both,
};

const WRITERS: usize = 8;
const WRITES: usize = 25;

/// What a writer was told it had done.
#[derive(Debug, Clone)]
enum Done {
    Added(GatheringId, Vec<CommunityId>),
    Changed(GatheringId),
    Moved(CommunityId, CommunityId),
}

type Acknowledged = BTreeMap<Position, Done>;

async fn write(database: Database, tree: Arc<Tree>, writer: usize, written: Arc<AtomicUsize>) -> Result<Acknowledged, Error> {
    let mut random = StdRng::seed_from_u64(writer as u64);
    let mut own: Vec<(GatheringId, Vec<CommunityId>)> = Vec::new();
    let mut acknowledged = BTreeMap::new();
    for _ in 0..WRITES {
        let (head, done) = match random.random_range(0..4) {
            // Each writer moves a city of its own, so that no two make the same revision.
            0 => {
                let (city, region) = (tree.cities[writer], tree.regions[random.random_range(0..4)]);
                (move_community(&database, &tree, city, region).await?, Done::Moved(city, region))
            }
            1 if !own.is_empty() => {
                let (id, hosts) = own[random.random_range(0..own.len())].clone();
                (change_gathering(&database, &tree, id, &hosts, random.random_range(0..50)).await?, Done::Changed(id))
            }
            _ => {
                let mut hosts = vec![tree.cities[random.random_range(0..8)]];
                let other = tree.cities[random.random_range(0..8)];
                if other != hosts[0] {
                    hosts.push(other);
                }
                let (head, id) = add_gathering(&database, &tree, &hosts, random.random_range(0..12)).await?;
                own.push((id, hosts.clone()));
                (head, Done::Added(id, hosts))
            }
        };
        acknowledged.insert(head.position, done);
        written.fetch_add(1, Ordering::Relaxed);
    }
    Ok(acknowledged)
}

/// Polls a scope from a cursor until told to stop, then once more.
fn follow(database: Database, tree: Arc<Tree>, within: Within, stop: Arc<AtomicBool>) -> JoinHandle<Vec<(Change, Effect)>> {
    tokio::spawn(async move {
        let mut seen: Vec<(Change, Effect)> = Vec::new();
        loop {
            let last = stop.load(Ordering::Acquire);
            let after = seen.last().map_or(0, |(change, _)| change.position);
            let page = log::list_within(database.reader(), tree.network, within, after, 7).await.expect("reads");
            if last && page.is_empty() {
                return seen;
            }
            seen.extend(page);
            tokio::task::yield_now().await;
        }
    })
}

/// The paths of the tree at some position of the log.
struct Model {
    parents: HashMap<CommunityId, CommunityId>,
    network: Uuid,
    hosts: HashMap<GatheringId, Vec<CommunityId>>,
}

impl Model {
    fn new(tree: &Tree) -> Self {
        let mut parents = HashMap::new();
        for (index, region) in tree.regions.iter().enumerate() {
            parents.insert(*region, tree.nations[index / 2]);
        }
        for (index, city) in tree.cities.iter().enumerate() {
            parents.insert(*city, tree.regions[index / 2]);
        }
        Self { parents, network: tree.network.uuid(), hosts: HashMap::new() }
    }

    fn path(&self, community: CommunityId) -> BTreeSet<Uuid> {
        let mut path = BTreeSet::from([self.network, community.uuid()]);
        let mut at = community;
        while let Some(parent) = self.parents.get(&at) {
            path.insert(parent.uuid());
            at = *parent;
        }
        path
    }

    fn paths(&self, gathering: GatheringId) -> BTreeSet<Uuid> {
        // Without the lock two writes are told the same place, and one of them is missing here.
        self.hosts.get(&gathering).into_iter().flatten().flat_map(|host| self.path(*host)).collect()
    }

    /// What the change means to each scope, by the plainest reckoning there is.
    fn apply(&mut self, done: &Done) -> BTreeMap<Uuid, Effect> {
        let (before, after) = match done {
            Done::Added(id, hosts) => {
                self.hosts.insert(*id, hosts.clone());
                (BTreeSet::new(), self.paths(*id))
            }
            Done::Changed(id) => (self.paths(*id), self.paths(*id)),
            Done::Moved(city, region) => {
                let before = self.path(*city);
                self.parents.insert(*city, *region);
                (before, self.path(*city))
            }
        };
        before
            .union(&after)
            .map(|scope| match (before.contains(scope), after.contains(scope)) {
                (true, true) => (*scope, Effect::Changed),
                (false, _) => (*scope, Effect::Entered),
                _ => (*scope, Effect::Left),
            })
            .collect()
    }
}

fn scopes(tree: &Tree) -> Vec<Within> {
    let communities = tree.nations.iter().chain(&tree.regions).chain(&tree.cities);
    std::iter::once(Within::Network(tree.network)).chain(communities.map(|id| Within::Community(*id))).collect()
}

/// Runs the writers and readers with one transaction held open meanwhile, and says what is wrong with the log.
async fn faults_of_a_busy_log(address: String, hold: bool) -> Vec<String> {
    let database = Database::open(&address, 24).await.expect("opens");
    let tree = Arc::new(plant(&database).await);
    let planted = position(&database, tree.network).await;
    let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let readers: Vec<_> = scopes(&tree)
        .into_iter()
        .take(6)
        .map(|within| (within, follow(database.clone(), tree.clone(), within, stop.clone())))
        .collect();

    let hosts = vec![tree.cities[0], tree.cities[7]];
    let held = if hold { Some(begin_gathering(&database, &tree, &hosts, 5).await.expect("begins")) } else { None };
    let writers: Vec<_> =
        (0..WRITERS).map(|writer| tokio::spawn(write(database.clone(), tree.clone(), writer, written.clone()))).collect();
    let (mut acknowledged, mut faults) = (Acknowledged::new(), Vec::new());
    if let Some((write, id)) = held {
        while written.load(Ordering::Relaxed) < WRITERS * WRITES / 2 && writers.iter().any(|writer| !writer.is_finished()) {
            // Kept alive: a client that says nothing for a second is cut off, which is another test's subject.
            write.transaction().execute_unprepared("SELECT 1").await.expect("is alive");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        match write.seal().await {
            Ok(heads) => drop(acknowledged.insert(heads[0].position, Done::Added(id, hosts))),
            Err(error) => faults.push(format!("the write that was held open failed: {error:?}")),
        }
    }
    for writer in writers {
        match writer.await.expect("runs") {
            Ok(done) => acknowledged.extend(done),
            Err(error) => faults.push(format!("a writer failed: {error:?}")),
        }
    }
    stop.store(true, Ordering::Release);

    let mut by_scope: HashMap<Uuid, Vec<(Change, Effect)>> = HashMap::new();
    for within in scopes(&tree) {
        by_scope
            .insert(within.uuid(), log::list_within(database.reader(), tree.network, within, 0, 100_000).await.expect("reads"));
    }
    for (within, reader) in readers {
        if reader.await.expect("reads") != by_scope[&within.uuid()] {
            faults.push(format!("a reader of {within:?} missed a change or saw one out of order"));
        }
    }
    let positions: Vec<Position> = by_scope[&tree.network.uuid()].iter().map(|(change, _)| change.position).collect();
    if positions != (1..=positions.len() as Position).collect::<Vec<_>>() {
        faults.push("the log has a gap, or a place twice".to_owned());
    }
    let expected: Vec<Position> = (1..=planted).chain(acknowledged.keys().copied()).collect();
    if positions != expected {
        faults.push(format!("{} writes were acknowledged, the log has {} places", acknowledged.len(), positions.len()));
    }
    // The log as a whole says of each scope what the log of the scope says.
    let whole = log::list(database.reader(), tree.network, 0, 100_000).await.expect("reads");
    for (scope, changes) in &by_scope {
        let effect = |entry: &Entry| entry.effects.iter().find(|(id, _)| id == scope).map(|(_, effect)| *effect);
        let seen: Vec<_> = whole.iter().filter_map(|entry| Some((entry.change.clone(), effect(entry)?))).collect();
        if seen != *changes {
            faults.push(format!("scope {scope} is not what the whole log says of it"));
        }
    }
    let mut model = Model::new(&tree);
    for (position, done) in &acknowledged {
        let meant = model.apply(done);
        for (scope, changes) in &by_scope {
            let seen = changes.iter().find(|(change, _)| change.position == *position).map(|(_, effect)| *effect);
            if seen != meant.get(scope).copied() {
                faults.push(format!("position {position}, {done:?}: scope {scope} saw {seen:?}, not {:?}", meant.get(scope)));
            }
        }
    }
    let differences = verify::run(&database, |_| {}).await.expect("verifies");
    faults.extend(differences.into_iter().map(|difference| format!("{}: {}", difference.subject, difference.detail)));
    faults
}

/// SQLite has one writer at a time: a transaction held open there makes the others wait, so none is held.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_log_misses_nothing_on_sqlite() {
    with_database(Kind::Sqlite, |address| async { assert_eq!(faults_of_a_busy_log(address, false).await, Vec::<String>::new()) })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_log_misses_nothing_on_postgres_while_a_transaction_is_held_open() {
    with_database(Kind::Postgres, |address| async {
        assert_eq!(faults_of_a_busy_log(address, true).await, Vec::<String>::new());
    })
    .await;
}

/// The same run with the lock of the head taken out: the checks above are able to fail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_lock_of_the_head_the_same_run_finds_faults() {
    with_database(Kind::Postgres, |address| async move {
        let connection = Database::connect_once(&address).await.expect("connects");
        let row = connection
            .query_one_raw(Statement::from_string(
                connection.get_database_backend(),
                "SELECT pg_get_functiondef(oid) AS body FROM pg_proc WHERE proname = 'seal_change_set'",
            ))
            .await
            .expect("reads")
            .expect("the seal");
        let sealed: String = row.try_get("", "body").expect("a text");
        let lines = sealed.lines().filter(|line| !line.trim_start().starts_with("PERFORM pg_advisory"));
        let unlocked = lines.collect::<Vec<_>>().join("\n").replace("NEW.network_id FOR UPDATE", "NEW.network_id");
        assert!(unlocked.len() < sealed.len() - 40, "both locks were taken out");
        execute(&address, &unlocked).await;
        // The index would turn the race into refused writes, and hide what readers would see.
        execute(&address, "DROP INDEX changes_network_id_position_idx").await;
        execute(&address, "ALTER TABLE change_scopes DROP CONSTRAINT change_scopes_pkey").await;
        let faults = faults_of_a_busy_log(address, true).await;
        eprintln!("{} faults, such as {:#?}", faults.len(), &faults[..faults.len().min(4)]);
        let seen = |text: &str| faults.iter().any(|fault| fault.contains(text));
        assert!(seen("missed a change or saw one out of order") && seen("the log has a gap, or a place twice"));
    })
    .await;
}

/// A write that recorded nothing leaves nothing; one that failed in the middle leaves nothing either.
async fn what_was_not_sealed_never_happened(address: String) {
    let database = Database::open(&address, 4).await.expect("opens");
    let tree = plant(&database).await;
    let before = position(&database, tree.network).await;
    let (write, id) = begin_gathering(&database, &tree, &tree.cities[..1], 1).await.expect("begins");
    drop(write);
    let found = convene_persistence::gatherings::load_many(database.reader(), &[id]).await.expect("reads");
    assert!(found.is_empty());
    let stale = async {
        let (_, id) = add_gathering(&database, &tree, &tree.cities[..1], 1).await?;
        let mut write = convene_persistence::Write::begin(&database, chrono::Utc::now()).await?;
        let mut record =
            convene_persistence::gatherings::load_many(write.transaction(), &[id]).await?.remove(&id).expect("is there");
        record.revision += 2;
        let _ = convene_persistence::gatherings::update(&write, &record, &crate::network::parts(&tree.cities[..1])).await?;
        write.record(
            tree.network,
            crate::network::change(
                convene_domain::change::ChangeKind::Updated,
                convene_domain::change::EntityType::Gathering,
                id.uuid(),
                record.revision,
            ),
        );
        write.seal().await
    };
    assert!(matches!(stale.await, Err(Error::Stale { expected: 2, .. })));
    let after = position(&database, tree.network).await;
    assert_eq!(after, before + 1);
    assert_eq!(verify::run(&database, |_| {}).await.expect("verifies"), Vec::new());
}
on_both!(what_was_not_sealed_never_happened);

/// How many scopes the changes of a second revision have, and how many rows of communities this connection has read.
async fn counts(write: &convene_persistence::Write) -> (i64, i64) {
    let sql = "SELECT (SELECT count(*) FROM change_scopes s JOIN changes c
            ON c.position = s.position AND c.network_id = s.network_id WHERE c.revision = 2) AS scopes,
        COALESCE((SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'communities'), 0) AS read";
    let statement = Statement::from_string(write.transaction().get_database_backend(), sql);
    let row = write.transaction().query_one_raw(statement).await.expect("reads").expect("a row");
    (row.try_get("", "scopes").expect("a number"), row.try_get("", "read").expect("a number"))
}

/// What a write of a gathering reads is the scope rows of its hosts. The communities themselves, of which there may be
/// thousands, are none of its business.
#[tokio::test]
async fn a_gathering_is_sealed_without_a_look_at_the_tree() {
    with_database(Kind::Postgres, |address| async move {
        let database = Database::open(&address, 2).await.expect("opens");
        let tree = plant(&database).await;
        let (_, id) = add_gathering(&database, &tree, &tree.cities[..2], 1).await.expect("writes");
        // Where it stays in its month, and where it does not: the short way, and the long one.
        for month in ["month", "month + 1"] {
            let write = convene_persistence::Write::begin(&database, chrono::Utc::now()).await.expect("begins");
            let (network, set) = (tree.network.uuid(), Uuid::now_v7());
            let written = format!(
                "UPDATE gatherings SET month = {month} WHERE id = '{id}';
                 INSERT INTO changes (id, network_id, change_set_id, ordinal, kind, entity_type, entity_id, revision, occurred_at,
                     recorded_at) VALUES ('{set}', '{network}', '{set}', 1, 'UPDATED', 'GATHERING', '{id}', 2, now(), now());
                 INSERT INTO change_sets (id, network_id, recorded_at) VALUES ('{set}', '{network}', now());
                 SET CONSTRAINTS ALL IMMEDIATE",
                id = id.uuid()
            );
            let before = counts(&write).await;
            write.transaction().execute_unprepared(&written).await.expect("seals");
            let after = counts(&write).await;
            let counted = (after.0 - before.0, after.1 - before.1);
            assert_eq!(counted, (5, 0), "{month}: the network, a nation, a region, two cities");
        }
    })
    .await;
}
