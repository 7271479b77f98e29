//! Many clients who ask, and what their answers cost.

use std::{
    net::SocketAddr,
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail};

use crate::http::Http;

/// Long enough to fill whatever is prepared on the first request.
const WARM_UP: Duration = Duration::from_millis(400);

/// How many answers there are at least in a measurement, and how long it takes at most for them.
const FEWEST: u64 = 200;
const LONGEST: Duration = Duration::from_secs(20);

/// What is asked, again and again.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) headers: String,
    /// Each request sends the next one.
    pub(super) bodies: Vec<String>,
    /// Whether no body may be sent twice, as with what writes. When there is none left, the clients stop.
    pub(super) once: bool,
}

/// Processor time of those who ask the database, and of the database itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cpu {
    pub(super) asking: Duration,
    pub(super) database: Duration,
}

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    pub(super) requests: u64,
    pub(super) cpu: Cpu,
    pub(super) elapsed: Duration,
}

impl Load {
    /// Microseconds of processor time for each.
    pub(super) fn each(&self) -> f64 {
        (self.cpu.asking + self.cpu.database).as_secs_f64() * 1e6 / self.requests as f64
    }

    /// Those of the database alone.
    pub(super) fn each_of_database(&self) -> f64 {
        self.cpu.database.as_secs_f64() * 1e6 / self.requests as f64
    }
}

/// Lets clients ask as fast as they can, and sees what it costs others.
pub(super) fn run<M>(
    address: SocketAddr,
    asked: &Asked,
    clients: usize,
    duration: Duration,
    (start, stop): (impl Fn() -> Result<M>, impl Fn(M) -> Result<Cpu>),
) -> Result<Load> {
    let (next, answered, over) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let ready = Barrier::new(clients + 1);
    let client = || {
        let http = Http::connect(address);
        ready.wait();
        let mut http = http?;
        while !over.load(Ordering::Relaxed) {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            if asked.once && turn >= asked.bodies.len() {
                break;
            }
            check(&http.post("/graphql", &asked.headers, &asked.bodies[turn % asked.bodies.len()])?)?;
            answered.fetch_add(1, Ordering::Relaxed);
        }
        Result::<()>::Ok(())
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..clients).map(|_| scope.spawn(client)).collect();
        ready.wait();
        thread::sleep(WARM_UP);
        let (before, begun, meter) = (answered.load(Ordering::Relaxed), Instant::now(), start());
        let answers = || answered.load(Ordering::Relaxed) - before;
        // What can be sent only once may come to its end before; and of what takes long, some have to come to theirs.
        let over_by_now = |elapsed| elapsed >= duration && (answers() >= FEWEST || elapsed > LONGEST);
        while !(over_by_now(begun.elapsed()) || asked.once && next.load(Ordering::Relaxed) >= asked.bodies.len()) {
            thread::sleep(Duration::from_millis(2));
        }
        let requests = answers();
        let elapsed = begun.elapsed();
        let cpu = meter.and_then(&stop);
        over.store(true, Ordering::Relaxed);
        clients.into_iter().try_for_each(|client| client.join().map_err(|_| anyhow!("a client died"))?)?;
        if requests == 0 {
            bail!("nothing was answered in time");
        }
        Ok(Load { requests, cpu: cpu?, elapsed })
    })
}

/// Asks one by one, and gives how long each answer took, in milliseconds.
pub(super) fn one_by_one(address: SocketAddr, asked: &Asked, count: usize) -> Result<Vec<f64>> {
    let mut http = Http::connect(address)?;
    let mut ask = |body: &String| {
        let begun = Instant::now();
        let answer = http.post("/graphql", &asked.headers, body)?;
        let took = begun.elapsed();
        check(&answer)?;
        Ok(took.as_secs_f64() * 1e3)
    };
    let mut bodies = asked.bodies.iter().cycle();
    for body in bodies.by_ref().take(count / 5 + 10) {
        ask(body)?;
    }
    bodies.take(count).map(&mut ask).collect()
}

/// An answer without data, or with errors of either kind, would be cheap and worth nothing.
fn check(answer: &str) -> Result<()> {
    let is_sound = !answer.contains("\"errors\":[{") && !answer.contains("\"userErrors\":[{") && answer.contains("\"data\":{");
    if !is_sound {
        let shown: String = answer.chars().take(500).collect();
        bail!("not answered: {shown}");
    }
    let nothing = answer.split_once("\"data\":").context("no data")?.1;
    if ["gatheringReport", "community", "activity", "comparison"]
        .iter()
        .any(|field| nothing.starts_with(&format!("{{\"{field}\":null")))
    {
        bail!("what was asked for is not there");
    }
    Ok(())
}
