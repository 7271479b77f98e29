//! A database that fails in every way that a network and a machine have: what is written is written once, whoever follows
//! hears of it once, and soon after the fault is over everybody is served again.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

use crate::{
    databases::{Kind, execute, with_database},
    live::{Follower, REPORTS, Writer, text, token, until},
    program::{Running, Service, convene, succeed},
    weave::{Places, import},
};

/// How soon after a fault everything has to be as before: two seconds, and one more for a busy machine.
const SOON: Duration = Duration::from_secs(3);
/// How many write at once.
const WRITERS: usize = 4;

/// What a proxy does with the bytes between a service and its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Open,
    /// They vanish, and nothing is closed.
    Void,
    /// They wait, as with a machine that is frozen.
    Held,
    /// They take a while.
    Slow,
    /// There is nobody, as after a crash.
    Closed,
}

/// A road to a database that has faults.
struct Proxy {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    serving: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Proxy {
    async fn open(to: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let address = listener.local_addr().expect("an address");
        let mode = watch::Sender::new(Mode::Open);
        Self { address, serving: tokio::spawn(serve(listener, to, mode.clone())), mode }
    }

    fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

async fn serve(listener: TcpListener, to: String, mode: watch::Sender<Mode>) {
    let address = listener.local_addr().expect("an address");
    let (mut listener, mut changed) = (Some(listener), mode.subscribe());
    loop {
        if *changed.borrow_and_update() == Mode::Closed {
            listener = None;
            changed.wait_for(|mode| *mode != Mode::Closed).await.expect("is there");
        }
        if listener.is_none() {
            listener = Some(TcpListener::bind(address).await.expect("the port is still ours"));
        }
        let Some(open) = &listener else { continue };
        tokio::select! {
            accepted = open.accept() => {
                let (near, _) = accepted.expect("accepts");
                let (to, mode) = (to.clone(), mode.clone());
                tokio::spawn(async move {
                    let Ok(far) = TcpStream::connect(&to).await else { return };
                    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                    // When one direction ends, both do.
                    tokio::select! {
                        () = pass(near_in, far_out, mode.subscribe()) => {}
                        () = pass(far_in, near_out, mode.subscribe()) => {}
                    }
                });
            }
            _ = changed.changed() => {}
        }
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut mode: watch::Receiver<Mode>) {
    let mut bytes = vec![0; 1 << 16];
    loop {
        let mut closed = mode.clone();
        let read = tokio::select! {
            read = from.read(&mut bytes) => read,
            _ = closed.wait_for(|mode| *mode == Mode::Closed) => return,
        };
        let Ok(1..) = read else { return };
        let length = read.unwrap_or_default();
        let now = *mode.borrow();
        match now {
            Mode::Void => continue,
            Mode::Slow => tokio::time::sleep(Duration::from_millis(60)).await,
            Mode::Held => drop(mode.wait_for(|mode| *mode != Mode::Held).await),
            Mode::Open | Mode::Closed => {}
        }
        if to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}

/// The database behind a proxy.
async fn behind(address: &str) -> (Proxy, String) {
    let at = address.find('@').expect("a host") + 1;
    let host = address[at..].split('/').next().expect("a host").to_owned();
    let proxy = Proxy::open(host.clone()).await;
    let through = address.replace(&host, &proxy.address.to_string());
    (proxy, through)
}

fn input(places: &Places, n: usize) -> Value {
    json!({ "idempotencyKey": format!("report-{n}"), "gathering": places.gatherings[&format!("g-{n:04}")], "attendance": n })
}

/// Sends the same mutation until it is answered, and gives the report.
async fn persist(writer: &Writer, input: &Value) -> String {
    loop {
        let Some(answer) = writer.send("submitGatheringReport", input, "report { id revision }").await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let payload = &answer["data"]["submitGatheringReport"];
        if payload.is_null() {
            assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{answer}");
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        }
        assert_eq!(payload["userErrors"], json!([]), "{answer}");
        assert_eq!(payload["report"]["revision"], 1, "{answer}");
        return text(&payload["report"]["id"]);
    }
}

/// Writers who never give up, and what they were told.
struct Writers {
    written: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    running: Vec<JoinHandle<BTreeMap<usize, String>>>,
}

impl Writers {
    fn start(writer: &Writer, places: &Arc<Places>, count: usize) -> Self {
        let (written, stop): (Arc<AtomicUsize>, Arc<AtomicBool>) = (Arc::default(), Arc::default());
        let running = (0..WRITERS).map(|offset| {
            let (writer, places) = (writer.clone(), Arc::clone(places));
            let (written, stop) = (Arc::clone(&written), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut mine = BTreeMap::new();
                for n in (offset..count).step_by(WRITERS) {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    mine.insert(n, persist(&writer, &input(&places, n)).await);
                    written.fetch_add(1, Ordering::Relaxed);
                    // Room for all faults within what there is to write.
                    tokio::time::sleep(Duration::from_millis(25)).await;
                }
                mine
            })
        });
        Self { written, stop, running: running.collect() }
    }

    /// Waits until each writer was answered since, and so nobody hangs on what was lost.
    async fn all_go_on(&self) {
        let enough = self.written.load(Ordering::Relaxed) + 3 * WRITERS;
        until("everyone goes on writing", async || self.written.load(Ordering::Relaxed) >= enough).await;
    }

    async fn end(self) -> BTreeMap<usize, String> {
        self.stop.store(true, Ordering::Relaxed);
        let mut told = BTreeMap::new();
        for writer in self.running {
            told.extend(writer.await.expect("writes"));
        }
        told
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_the_database_it_is_over_when_it_is_over() {
    const COUNT: usize = 2_000;
    with_database(Kind::Postgres, async |address| {
        import(&address, COUNT);
        let secret = token(&address);
        let (proxy, through) = behind(&address).await;
        let service = Service::start(&through);
        let places = Arc::new(Places::find(&service).await);
        let mut follower = Follower::start(&service, Some(&secret), REPORTS, places.id("weave"), None).await;
        let writers = Writers::start(&Writer::new(&service, &secret), &places, COUNT);
        writers.all_go_on().await;

        let ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let faults = [
            ("black hole", Mode::Void, 2_000),
            ("short black hole", Mode::Void, 400),
            ("frozen", Mode::Held, 2_500),
            ("crashed", Mode::Closed, 1_500),
            ("terminated", Mode::Open, 0),
            ("slow", Mode::Slow, 1_500),
            ("black hole again", Mode::Void, 1_300),
        ];
        for (name, mode, lasting) in faults {
            proxy.set(mode);
            if name == "terminated" {
                execute(&address, ended).await;
            }
            tokio::time::sleep(Duration::from_millis(lasting)).await;
            proxy.set(Mode::Open);
            let healed = Instant::now();
            // Who asks now, and who asked while it lasted.
            until("a query is answered", async || service.answer("{ networks { totalCount } }", json!({})).await.get("errors").is_none()).await;
            let asked = healed.elapsed();
            writers.all_go_on().await;
            let back = healed.elapsed();
            eprintln!("{name}: a query was answered after {asked:?}, everyone wrote again after {back:?}");
            assert!(asked < SOON && back < SOON, "{name}: {asked:?} {back:?}");
        }
        let told = writers.end().await;
        // Each report once, in the order of the log, although the way there was lost again and again.
        let received = follower.changes(told.len()).await;
        let mut reports: Vec<String> = received.iter().map(|(_, item)| text(&item["change"]["entityId"])).collect();
        let mut expected: Vec<String> = told.into_values().collect();
        reports.sort();
        expected.sort();
        assert_eq!(reports, expected);
        assert!(succeed(&address, &["verify"]).contains("nothing differs"));
    })
    .await;
}

/// A process that is frozen in the middle of its writes again and again holds up another for no longer than its
/// transactions may wait, and goes on when it is thawed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_process_does_not_stop_the_writes_of_another() {
    const COUNT: usize = 3_000;
    with_database(Kind::Postgres, async |address| {
        import(&address, COUNT * 2);
        let secret = token(&address);
        let (frozen, other) = (Service::start(&address), Service::start(&address));
        let places = Arc::new(Places::find(&other).await);
        let writer = Writer::new(&frozen, &secret);
        // Many at once, so that each time some are caught in the middle.
        let stop = Arc::new(AtomicBool::new(false));
        let caught: Vec<_> = (0..24)
            .map(|offset| {
                let (writer, places, stop) = (writer.clone(), Arc::clone(&places), Arc::clone(&stop));
                tokio::spawn(async move {
                    let mut written = 0;
                    for n in (offset..COUNT).step_by(24) {
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                        persist(&writer, &input(&places, n)).await;
                        written += 1;
                    }
                    written
                })
            })
            .collect();
        let beside = Writer::new(&other, &secret);
        let (mut next, mut worst) = (COUNT, Duration::ZERO);
        for _ in 0..6 {
            frozen.program.signal("STOP");
            let since = Instant::now();
            while since.elapsed() < Duration::from_millis(700) {
                let began = Instant::now();
                persist(&beside, &input(&places, next)).await;
                worst = worst.max(began.elapsed());
                next += 1;
            }
            frozen.program.signal("CONT");
            let began = Instant::now();
            persist(&beside, &input(&places, next)).await;
            worst = worst.max(began.elapsed());
            next += 1;
        }
        stop.store(true, Ordering::Relaxed);
        let mut written = next - COUNT;
        for writer in caught {
            written += writer.await.expect("writes");
        }
        eprintln!("{written} writes, {} of them beside the frozen one; the longest took {worst:?}", next - COUNT);
        assert!(next - COUNT > 30, "the other one went on writing");
        assert!(worst < Duration::from_millis(900), "{worst:?}");
        let query = "query ($within: ID!) { gatheringReports(within: $within) { totalCount } }";
        let data = other.ask_as(&secret, query, json!({ "within": places.id("weave") })).await;
        assert_eq!(data["gatheringReports"]["totalCount"], written);
        assert!(succeed(&address, &["verify"]).contains("nothing differs"));
    })
    .await;
}

/// A mutation that was cut off, by the time limit or with its connection, says so, and the same one asked again is done
/// once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mutation_that_was_cut_off_is_done_once() {
    with_database(Kind::Postgres, async |address| {
        import(&address, 8);
        let secret = token(&address);
        let (proxy, through) = behind(&address).await;
        let service = Service::follow(Running::start(convene(&through, &["--listen", "127.0.0.1:0", "--request-timeout", "1"])));
        let places = Places::find(&service).await;
        let writer = Writer::new(&service, &secret);
        for (n, mode) in [Mode::Held, Mode::Void, Mode::Closed].into_iter().enumerate() {
            let (sent, mutation) = (input(&places, n), "submitGatheringReport");
            let cut = async {
                proxy.set(mode);
                writer.send(mutation, &sent, "report { id }").await.expect("answers")
            };
            let answer = cut.await;
            let code = text(&answer["errors"][0]["extensions"]["code"]);
            assert!(["DEADLINE_EXCEEDED", "UNAVAILABLE"].contains(&code.as_str()), "{mode:?}: {answer}");
            proxy.set(Mode::Open);
            let first = persist(&writer, &sent).await;
            assert_eq!(persist(&writer, &sent).await, first, "{mode:?}");
        }
        let query = "query ($within: ID!) { gatheringReports(within: $within) { totalCount } }";
        let data = service.ask_as(&secret, query, json!({ "within": places.id("weave") })).await;
        assert_eq!(data["gatheringReports"]["totalCount"], 3);
        assert!(succeed(&address, &["verify"]).contains("nothing differs"));
    })
    .await;
}
