//! One event to many subscribers, half of them in a region and half in its nation.

use std::{
    env,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use super::{
    Bench,
    measure::{Events, median, one_by_one, quantile},
};
use crate::{
    crowd::{Crowd, Talk},
    http::Http,
    process::Server,
    table::{Figure, Goal},
    writer::Written,
};

/// How many sockets are opened at a time.
pub(super) const AT_ONCE: usize = 64;

/// How many subscribers, and how many events they are told in each round.
const SIZES: [(usize, usize); 4] = [(100, 30), (1_000, 30), (5_000, 15), (10_000, 10)];
const ROUNDS: usize = 3;

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    let sizes = if bench.quick { &SIZES[..2] } else { &SIZES[..] };
    let rounds = if bench.quick { 1 } else { ROUNDS };
    for &(followers, events) in sizes {
        let (mut ours, mut limit, mut memory, mut joining) = (Events::default(), Events::default(), vec![], vec![]);
        for _ in 0..rounds {
            let round = convene(bench, followers, events)?;
            limit.add(bare(followers, events, round.events.length)?);
            ours.add(round.events);
            memory.push(round.memory);
            joining.push(round.joining);
        }
        let title =
            format!("one event to {followers} subscribers ({} events, messages of {} bytes)", rounds * events, ours.length);
        let mut figures = figures(followers, &ours, &limit);
        figures.push(Figure::new("memory of a subscriber that waits", "kB", median(&memory)).goal(Goal::AtMost(6.0)));
        figures.push(Figure::new("all have connected and subscribed after", "ms", median(&joining)));
        bench.table.show(&title, &figures)?;
    }
    Ok(())
}

fn figures(followers: usize, ours: &Events, limit: &Events) -> Vec<Figure> {
    let rate = |events: &Events| followers as f64 * 1e3 / median(&events.last);
    let rate_goal = match followers {
        1_000 => Some(150_000.0),
        10_000 => Some(90_000.0),
        _ => None,
    };
    let mut served = Figure::new("answer to last subscriber, median", "ms", median(&ours.last)).limit(median(&limit.last));
    let mut cost = Figure::new("server's CPU a delivery, the write included", "us", ours.cost.of_server());
    if followers >= 1_000 {
        served = served.goal(Goal::TimesLimit(1.8));
        cost = cost.goal(Goal::AtMost(6.0));
    }
    let deliveries = Figure::new("deliveries a second, of one event", "/s", rate(ours)).limit(rate(limit));
    let both = |name: &str, of: fn(&Events) -> f64| Figure::new(name, "ms", of(ours)).limit(of(limit));
    vec![
        served,
        both("answer to last subscriber, p99", |it| quantile(&it.last, 0.99)),
        both("sending to last subscriber, median", |it| median(&it.last_from_sent)),
        both("answer to each subscriber, median", |it| median(&it.each)),
        both("answer to each subscriber, p99", |it| quantile(&it.each, 0.99)),
        match rate_goal {
            Some(goal) => deliveries.goal(Goal::AtLeast(goal)),
            None => deliveries,
        },
        both("sending to answer, median", |it| median(&it.answer)).goal(Goal::AtMost(5.0)),
        both("sending to answer, longest", |it| quantile(&it.answer, 1.0)),
        cost.limit(limit.cost.of_server()),
        Figure::new("client's own CPU a delivery", "us", ours.cost.of_client()).limit(limit.cost.of_client()),
    ]
}

struct Round {
    events: Events,
    /// Kilobytes of a subscriber that waits.
    memory: f64,
    /// Milliseconds until all had subscribed.
    joining: f64,
}

fn convene(bench: &mut Bench, followers: usize, events: usize) -> Result<Round> {
    let server = bench.world.serve(&[])?;
    let mut writer = bench.world.writer(server.address)?;
    let mut reports = bench.world.reports(0, 1);
    let mut turn = 0;
    let mut cause = || {
        turn += 1;
        let at = turn % reports.len();
        writer.amend(&mut reports[at])
    };
    // What the first requests make it hold is no subscriber's.
    let mut few = Crowd::new()?;
    few.join(server.address, bench.world.followers(20), AT_ONCE)?;
    one_by_one(&mut few, (&server, 20), 3, &mut cause)?;
    drop(few);
    let mut crowd = Crowd::new()?;
    crowd.pause(Duration::from_millis(500))?;
    let before = server.memory()?;
    let start = Instant::now();
    crowd.join(server.address, bench.world.followers(followers), AT_ONCE)?;
    let joining = start.elapsed().as_secs_f64() * 1e3;
    crowd.pause(Duration::from_millis(500))?;
    let memory = (server.memory()? as f64 - before as f64) / 1e3 / followers as f64;
    let events = one_by_one(&mut crowd, (&server, followers), events, &mut cause)?;
    bench.world.keep(&reports);
    Ok(Round { events, memory, joining })
}

/// The same with frames that are ready, of the same length.
fn bare(followers: usize, events: usize, length: usize) -> Result<Events> {
    let server = serve_bare()?;
    let mut crowd = Crowd::new()?;
    crowd.join(server.address, vec![Talk::Bare; followers], AT_ONCE)?;
    let (mut http, frame) = (Http::connect(server.address)?, "x".repeat(length));
    one_by_one(&mut crowd, (&server, followers), events, &mut || send(&mut http, &frame))
}

pub(super) fn serve_bare() -> Result<Server> {
    Server::start(Command::new(env::current_exe().context("cannot tell where this program is")?).arg("bare"))
}

pub(super) fn send(http: &mut Http, frame: &str) -> Result<Written> {
    let sent = Instant::now();
    http.post("/frames", "content-type: text/plain\r\n", frame)?;
    Ok(Written { sent, answered: Instant::now() })
}
