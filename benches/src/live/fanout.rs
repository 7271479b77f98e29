//! One event to many subscribers, half of them in a region and half in its nation.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use anyhow::Result;

use super::{
    Bench,
    measure::{Burst, Events, Meter, milliseconds, one_by_one, together, write_many},
};
use crate::{
    crowd::{Crowd, Talk},
    http::Http,
    median::{median, quantile},
    process::Server,
    table::{Figure, Goal},
    world::World,
    writer::{Report, Written},
};

/// How many sockets are opened at a time.
pub(super) const AT_ONCE: usize = 64;

/// How many subscribers, and how many events they are told in each round.
const SIZES: [(usize, usize); 4] = [(100, 30), (1_000, 30), (5_000, 15), (10_000, 10)];
const ROUNDS: usize = 3;
/// How many mutations are measured while nobody follows.
const WRITES: usize = 30;
/// How many events are caused at once.
const BURST: usize = 100;
/// Long enough for a server to come to rest.
const REST: Duration = Duration::from_millis(500);

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    let sizes = if bench.quick { &SIZES[..2] } else { &SIZES[..] };
    for &(followers, events) in sizes {
        let (mut rounds, mut ours, mut limit) = (Vec::new(), Side::default(), Side::default());
        for round in 0..if bench.quick { 1 } else { ROUNDS } {
            eprintln!("fanout: {followers} subscribers, round {}", round + 1);
            let (told, round) = convene(&bench.world, followers, events)?;
            limit.add(bare(followers, events, told.events.length)?);
            ours.add(told);
            rounds.push(round);
        }
        let (told, length) = (ours.events.last.len(), ours.events.length);
        let title = format!("one event to {followers} subscribers ({told} events, messages of {length} bytes)");
        let mut figures = deliveries(followers, &ours, &limit);
        figures.extend(surroundings(followers, &ours, &rounds));
        bench.table.show(&title, &figures)?;
    }
    Ok(())
}

/// What was told to the followers of the service, or of the limit, in one round.
struct Told {
    events: Events,
    burst: Burst,
}

/// The same, in all rounds.
#[derive(Default)]
struct Side {
    events: Events,
    /// Deliveries a second in bursts.
    rates: Vec<f64>,
}

impl Side {
    fn add(&mut self, told: Told) {
        self.rates.push(told.burst.cost.deliveries as f64 * 1e3 / told.burst.took);
        self.events.add(told.events);
    }
}

fn deliveries(followers: usize, ours: &Side, limit: &Side) -> Vec<Figure> {
    let sustained =
        Figure::new("deliveries a second, of 100 events at once", "/s", median(&ours.rates)).limit(median(&limit.rates));
    let sustained = match followers {
        1_000 => sustained.goal(Goal::AtLeast(150_000.0)),
        10_000 => sustained.goal(Goal::AtLeast(90_000.0)),
        _ => sustained,
    };
    let (ours, limit) = (&ours.events, &limit.events);
    let mut served = Figure::new("answer to last subscriber, median", "ms", median(&ours.last)).limit(median(&limit.last));
    let mut cost = Figure::new("server's CPU a delivery, the write included", "us", ours.cost.of_server());
    if followers >= 1_000 {
        served = served.goal(Goal::TimesLimit(1.8));
        cost = cost.goal(Goal::AtMost(6.0));
    }
    let rate = |events: &Events| followers as f64 * 1e3 / median(&events.last);
    let both = |name: &str, of: fn(&Events) -> f64| Figure::new(name, "ms", of(ours)).limit(of(limit));
    vec![
        served,
        both("answer to last subscriber, p99", |it| quantile(&it.last, 0.99)),
        both("sending to last subscriber, median", |it| median(&it.last_from_sent)),
        both("answer to each subscriber, median", |it| median(&it.each)),
        both("answer to each subscriber, p99", |it| quantile(&it.each, 0.99)),
        both("sending to answer, median", |it| median(&it.answer)).goal(Goal::AtMost(5.0)),
        both("sending to answer, longest", |it| quantile(&it.answer, 1.0)),
        Figure::new("deliveries a second, of one event", "/s", rate(ours)).limit(rate(limit)),
        sustained,
        cost.limit(limit.cost.of_server()),
        Figure::new("client's own CPU a delivery", "us", ours.cost.of_client()).limit(limit.cost.of_client()),
    ]
}

fn surroundings(followers: usize, ours: &Side, rounds: &[Round]) -> Vec<Figure> {
    let of = |get: fn(&Round) -> f64| median(&rounds.iter().map(get).collect::<Vec<_>>());
    let write = of(|round| round.write);
    let mut waiting = Figure::new("memory of a subscriber that waits", "kB", of(|round| round.memory));
    // Of a hundred the service's own share would be most of it.
    if followers >= 1_000 {
        waiting = waiting.goal(Goal::AtMost(6.0));
    }
    let mut after = Figure::new("memory of the service after all this", "MB", of(|round| round.memory_after));
    if followers == 10_000 {
        after = after.goal(Goal::AtMost(100.0));
    }
    let alone = ours.events.cost.of_server() - write / followers as f64;
    vec![
        Figure::new("server's CPU a delivery, without the write", "us", alone),
        Figure::new("server's CPU of a mutation that nobody follows", "us", write),
        waiting,
        after,
        Figure::new("until all had connected and subscribed", "ms", of(|round| round.joining)),
    ]
}

/// What else was measured of a service that was started for one round.
struct Round {
    /// Microseconds of the service for a mutation that nobody follows.
    write: f64,
    /// Kilobytes of a subscriber that waits.
    memory: f64,
    /// Milliseconds until all had subscribed.
    joining: f64,
    /// Megabytes of the service in the end.
    memory_after: f64,
}

fn convene(world: &World, followers: usize, events: usize) -> Result<(Told, Round)> {
    let server = world.serve(&[])?;
    let mut writer = world.writer(server.address)?;
    let mut turn = 0;
    let mut cause = || {
        turn += 1;
        writer.amend(world.report(turn))
    };
    // What the first requests make it hold is no subscriber's.
    let mut few = Crowd::new()?;
    few.join(server.address, world.followers(20), AT_ONCE)?;
    one_by_one(&mut few, (&server, 20), 3, &mut cause)?;
    drop(few);
    let meter = Meter::start(&mut Crowd::new()?, &server)?;
    for _ in 0..WRITES {
        cause()?;
    }
    let write = meter.stop(&server, WRITES)?.of_server();
    let mut crowd = Crowd::new()?;
    crowd.pause(REST)?;
    let before = server.memory()?;
    let start = Instant::now();
    crowd.join(server.address, world.followers(followers), AT_ONCE)?;
    let joining = milliseconds(Instant::now(), start);
    crowd.pause(REST)?;
    let memory = (server.memory()? as f64 - before as f64) / 1e3 / followers as f64;
    let events = one_by_one(&mut crowd, (&server, followers), events, &mut cause)?;
    let burst =
        together(&mut crowd, (&server, followers), BURST, || write_many(world, server.address, BURST, Duration::ZERO).map(drop))?;
    crowd.pause(REST)?;
    let round = Round { write, memory, joining, memory_after: server.memory()? as f64 / 1e6 };
    Ok((Told { events, burst }, round))
}

/// The same with frames that are ready, of the same length.
fn bare(followers: usize, events: usize, length: usize) -> Result<Told> {
    let server = serve_bare()?;
    let mut crowd = Crowd::new()?;
    crowd.join(server.address, vec![Talk::Bare; followers], AT_ONCE)?;
    let (mut http, frame) = (Http::connect(server.address)?, "x".repeat(length));
    let events = one_by_one(&mut crowd, (&server, followers), events, &mut || send(&mut http, &frame))?;
    let burst =
        together(&mut crowd, (&server, followers), BURST, || (0..BURST).try_for_each(|_| send(&mut http, &frame).map(drop)))?;
    Ok(Told { events, burst })
}

pub(super) fn serve_bare() -> Result<Server> {
    // Not by its name: that may be another program by now, if someone builds it again meanwhile.
    Server::start(Command::new("/proc/self/exe").arg("bare"))
}

pub(super) fn send(http: &mut Http, frame: &str) -> Result<Written> {
    let sent = Instant::now();
    http.post("/frames", "content-type: text/plain\r\n", frame)?;
    Ok(Written { sent, answered: Instant::now(), report: Report::default() })
}
