//! Whatever breaks, every subscriber gets every change of its scope once and in order, and what was acknowledged is kept once.

use std::time::{Duration, Instant};

use crate::{
    cluster::{Cluster, broken_for},
    crew::{Crew, Outcome},
    databases::{Kind, execute, migrate, with_database},
    proxy::Mode,
    servers::Server,
    weave::{Places, import},
};

/// How soon everything goes on once it can: two seconds, and as much again for a debug build that starts while other
/// tests run. To this and the next is added what the slowest delivery took while all was well, for then only the machine
/// was in its way.
const RECOVERY: Duration = Duration::from_secs(4);
/// How late a change may be without Redis: a second, and half of one for a debug build.
const WITHOUT_REDIS: Duration = Duration::from_millis(1_500);
/// How much is written between two faults.
const CALM: usize = 25;

/// A network with so many gatherings that each writer has some.
async fn begin(address: &str, nodes: usize, redis: Option<&str>) -> (Cluster, Crew) {
    import(address, 24);
    let cluster = Cluster::start(address, nodes, redis).await;
    let places = Places::find(cluster.nodes[0].service()).await;
    let crew = Crew::start(&cluster, &places).await;
    crew.write_on(CALM).await;
    (cluster, crew)
}

async fn end(cluster: &Cluster, crew: Crew) -> Outcome {
    crew.write_on(CALM).await;
    let mut outcome = crew.finish(cluster).await;
    outcome.tell();
    outcome.findings.assert_none();
    let most = RECOVERY + outcome.calm.quantile(1_000);
    for (phase, _) in &outcome.broken {
        assert!(phase.recovery < most, "{}: back after {:?}", phase.name, phase.recovery);
    }
    outcome
}

/// Checks that no change was much later than it is when the heads are read.
fn assert_late_at_most(outcome: &mut Outcome) {
    let most = WITHOUT_REDIS + outcome.calm.quantile(1_000);
    for (phase, late) in &mut outcome.broken {
        assert!(late.quantile(1_000) < most, "{}: {}", phase.name, late.told());
    }
}

/// Breaks something, mends it, and waits until everything goes on.
macro_rules! fault {
    ($crew:ident, $name:literal, $seconds:literal, $break:expr, $mend:expr) => {
        let from = Instant::now();
        $break;
        broken_for($seconds).await;
        let () = $mend;
        $crew.healed($name, from).await;
        $crew.write_on(CALM).await;
    };
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn redis_goes_away() {
    with_database(Kind::Postgres, async |address| {
        let mut redis = Server::redis().await;
        let (cluster, mut crew) = begin(&address, 2, Some(&redis.address())).await;
        fault!(crew, "Redis killed", 1.5, redis.kill(), redis.revive().await);
        fault!(crew, "Redis frozen", 1.5, redis.freeze(true), redis.freeze(false));
        let roads = |mode| cluster.nodes.iter().for_each(|node| node.redis.as_ref().expect("a road").set(mode));
        fault!(crew, "Redis out of reach", 1.5, roads(Mode::Cut), roads(Mode::Pass));
        fault!(crew, "Redis in a black hole", 1.5, roads(Mode::Swallow), roads(Mode::Pass));
        let mut outcome = end(&cluster, crew).await;
        assert_late_at_most(&mut outcome);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn redis_says_what_is_not_so() {
    with_database(Kind::Postgres, async |address| {
        let redis = Server::redis().await;
        let (cluster, mut crew) = begin(&address, 2, Some(&redis.address())).await;
        let roads = |mode| cluster.nodes.iter().for_each(|node| node.redis.as_ref().expect("a road").set(mode));
        fault!(crew, "messages lost, doubled, out of order", 1.5, roads(Mode::Garble), roads(Mode::Pass));
        fault!(crew, "Redis flushed, its clients thrown out", 0.5, redis.flush().await, ());
        let client = redis::Client::open(format!("redis://{}", redis.address())).expect("an address");
        let mut direct = client.get_multiplexed_async_connection().await.expect("connects");
        let network = cluster.nodes[0].service().network("weave").await;
        let lies = async {
            let said = [
                String::new(),
                "garbage".to_owned(),
                format!("{network} 1 chg_00000000000070008000000000000000"),
                format!("{network} -5 chg_0"),
                format!("{network} 99999999999999999999 chg_0"),
                format!("{network} 5000000 chg_00000000000070008000000000000000"),
                "net_00000000000070008000000000000000 7 chg_0".to_owned(),
                "x".repeat(100_000),
            ];
            for text in said.iter().cycle().take(160) {
                redis::cmd("PUBLISH").arg("convene:heads").arg(text).query_async::<()>(&mut direct).await.expect("says so");
            }
        };
        fault!(crew, "messages of what never was", 1.0, lies.await, ());
        let mut outcome = end(&cluster, crew).await;
        assert_late_at_most(&mut outcome);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres_goes_away() {
    let (mut postgres, redis) = (Server::postgres().await, Server::redis().await);
    migrate(&postgres.database()).await;
    let (cluster, mut crew) = begin(&postgres.database(), 2, Some(&redis.address())).await;
    fault!(crew, "Postgres killed", 1.0, postgres.kill(), postgres.revive().await);
    let terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";
    fault!(crew, "all connections terminated", 0.2, execute(&postgres.database(), terminate).await, ());
    let roads = |mode| cluster.nodes.iter().for_each(|node| node.database.as_ref().expect("a road").set(mode));
    fault!(crew, "Postgres out of reach", 1.0, roads(Mode::Cut), roads(Mode::Pass));
    fault!(crew, "Postgres stalled", 2.0, roads(Mode::Hold), roads(Mode::Pass));
    fault!(crew, "Postgres slow", 1.5, roads(Mode::Slow(Duration::from_millis(20))), roads(Mode::Pass));
    end(&cluster, crew).await;
}

/// Connections on which nothing arrives any more, and nobody says so, are given up in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres_falls_silent() {
    with_database(Kind::Postgres, async |address| {
        let redis = Server::redis().await;
        let (cluster, mut crew) = begin(&address, 2, Some(&redis.address())).await;
        let roads = |mode| cluster.nodes.iter().for_each(|node| node.database.as_ref().expect("a road").set(mode));
        fault!(crew, "Postgres half closed", 1.0, roads(Mode::HalfOpen), roads(Mode::Pass));
        fault!(crew, "Postgres in a black hole", 2.0, roads(Mode::Swallow), roads(Mode::Pass));
        end(&cluster, crew).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_go_away() {
    with_database(Kind::Postgres, async |address| {
        let redis = Server::redis().await;
        let (mut cluster, mut crew) = begin(&address, 2, Some(&redis.address())).await;
        // Frozen, Redis keeps the node from saying what it has committed.
        redis.freeze(true);
        crew.write_on(1).await;
        fault!(crew, "a node killed between commit and wake-up", 0.5, cluster.nodes[0].kill(), cluster.nodes[0].revive());
        redis.freeze(false);
        for _ in 0..3 {
            fault!(crew, "a node killed", 0.0, cluster.nodes[1].kill(), cluster.nodes[1].revive());
        }
        fault!(crew, "a node frozen", 3.0, cluster.nodes[0].freeze(true), cluster.nodes[0].freeze(false));
        let from = Instant::now();
        for node in &mut cluster.nodes {
            node.terminate();
            node.revive();
        }
        crew.healed("both nodes replaced, one after the other", from).await;
        let outcome = end(&cluster, crew).await;
        assert!(outcome.ends.get("SHUTTING_DOWN").is_some_and(|count| *count >= 4), "who stops says so: {:?}", outcome.ends);
        // The frozen one may hold a lock for as long as an idle transaction is borne.
        let pause = outcome.longest_pause(1, "a node frozen");
        eprintln!("while a node is frozen, the other acknowledges nothing for at most {pause:?}");
        assert!(pause < Duration::from_millis(2_500), "{pause:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn clients_lose_their_connections() {
    with_database(Kind::Postgres, async |address| {
        let redis = Server::redis().await;
        let (cluster, mut crew) = begin(&address, 2, Some(&redis.address())).await;
        let roads = |mode| cluster.nodes.iter().for_each(|node| node.front.set(mode));
        fault!(crew, "clients cut off", 0.5, roads(Mode::Cut), roads(Mode::Pass));
        fault!(crew, "clients in a black hole", 1.0, roads(Mode::Swallow), roads(Mode::Pass));
        fault!(crew, "clients half closed", 0.5, roads(Mode::HalfOpen), roads(Mode::Pass));
        fault!(crew, "clients stalled", 1.5, roads(Mode::Hold), roads(Mode::Pass));
        fault!(crew, "clients far away", 1.5, roads(Mode::Slow(Duration::from_millis(50))), roads(Mode::Pass));
        end(&cluster, crew).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_node_on_a_file_goes_away() {
    with_database(Kind::Sqlite, async |address| {
        let (mut cluster, mut crew) = begin(&address, 1, None).await;
        for _ in 0..2 {
            fault!(crew, "the node killed", 0.0, cluster.nodes[0].kill(), cluster.nodes[0].revive());
        }
        fault!(crew, "the node replaced", 0.0, cluster.nodes[0].terminate(), cluster.nodes[0].revive());
        fault!(crew, "the node frozen", 1.5, cluster.nodes[0].freeze(true), cluster.nodes[0].freeze(false));
        let front = |cluster: &Cluster, mode| cluster.nodes[0].front.set(mode);
        fault!(crew, "clients cut off", 0.5, front(&cluster, Mode::Cut), front(&cluster, Mode::Pass));
        fault!(crew, "clients in a black hole", 1.0, front(&cluster, Mode::Swallow), front(&cluster, Mode::Pass));
        end(&cluster, crew).await;
    })
    .await;
}
