//! How events are caused, and what is noted of them.

use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail};

use crate::{
    crowd::Crowd,
    process::{Server, own_cpu},
    world::World,
    writer::Written,
};

/// Long enough for a server to come to rest after an event.
const REST: Duration = Duration::from_millis(100);
/// How many write at once.
const WRITERS: usize = 4;
/// How long a server is watched to see what it costs when nothing happens.
const IDLE: Duration = Duration::from_secs(1);

/// What was noted of some events, one after the other. Times are in milliseconds.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// From sending what causes the event to its answer.
    pub(super) answer: Vec<f64>,
    /// From the answer until the last subscriber has it.
    pub(super) last: Vec<f64>,
    /// From sending until then.
    pub(super) last_from_sent: Vec<f64>,
    /// From the answer until each subscriber has it.
    pub(super) each: Vec<f64>,
    pub(super) cost: Cost,
    /// The bytes of a message.
    pub(super) length: usize,
}

/// What deliveries cost.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Cost {
    /// Processor time of the server, without what it uses when nothing happens.
    pub(super) server: Duration,
    /// Processor time of this program.
    pub(super) client: Duration,
    pub(super) deliveries: usize,
}

impl Cost {
    /// Microseconds of the server for each delivery.
    pub(super) fn of_server(&self) -> f64 {
        self.server.as_secs_f64() * 1e6 / self.deliveries as f64
    }

    /// Microseconds of this program for each delivery.
    pub(super) fn of_client(&self) -> f64 {
        self.client.as_secs_f64() * 1e6 / self.deliveries as f64
    }
}

impl Events {
    /// Adds those of another round.
    pub(super) fn add(&mut self, other: Self) {
        self.answer.extend(other.answer);
        self.last.extend(other.last);
        self.last_from_sent.extend(other.last_from_sent);
        self.each.extend(other.each);
        self.cost.server += other.cost.server;
        self.cost.client += other.cost.client;
        self.cost.deliveries += other.cost.deliveries;
        self.length = other.length;
    }
}

/// Causes so many events, each once everyone has heard of the one before.
pub(super) fn one_by_one(
    crowd: &mut Crowd,
    (server, followers): (&Server, usize),
    count: usize,
    cause: &mut (impl FnMut() -> Result<Written> + Send),
) -> Result<Events> {
    let mut events = Events::default();
    // The first ones find nothing prepared, and are no measure.
    for _ in 0..3 {
        tell_all(crowd, followers, cause)?;
    }
    let meter = Meter::start(crowd, server)?;
    for _ in 0..count {
        let told = tell_all(crowd, followers, cause)?;
        let last = told.heard.iter().max().copied().context("nobody follows")?;
        events.answer.push(milliseconds(told.written.answered, told.written.sent));
        events.last.push(milliseconds(last, told.written.answered));
        events.last_from_sent.push(milliseconds(last, told.written.sent));
        events.each.extend(told.heard.iter().map(|at| milliseconds(*at, told.written.answered)));
        events.length = told.length;
    }
    events.cost = meter.stop(server, count * followers)?;
    Ok(events)
}

/// An event that everyone has heard of.
pub(super) struct Event {
    written: Written,
    heard: Vec<Instant>,
    length: usize,
}

/// Causes an event, and listens until everyone has heard of it.
pub(super) fn tell_all(
    crowd: &mut Crowd,
    followers: usize,
    cause: &mut (impl FnMut() -> Result<Written> + Send),
) -> Result<Event> {
    let (mut heard, mut length) = (Vec::with_capacity(followers), 0);
    let written = thread::scope(|scope| {
        let writing = scope.spawn(cause);
        let hearing = crowd.hear(followers, |it| {
            heard.push(it.at);
            length = it.text.len();
        });
        let written = writing.join().map_err(|_| anyhow!("the writer died"))?;
        hearing.and(written)
    })?;
    let more = crowd.pause(REST)?;
    if more > 0 || heard.len() != followers {
        bail!("{} deliveries of one event to {followers} subscribers", heard.len() + more);
    }
    Ok(Event { written, heard, length })
}

/// Amends reports with several writers, as fast as they can or one an interval, and gives what was written.
pub(super) fn write_many(world: &World, address: SocketAddr, count: usize, interval: Duration) -> Result<Vec<Written>> {
    let begin = Instant::now();
    let write = |first: usize| {
        let mut writer = world.writer(address)?;
        let turns = (first..count).step_by(WRITERS).map(|n| {
            let due = begin + interval.mul_f64(n as f64);
            thread::sleep(due.saturating_duration_since(Instant::now()));
            writer.amend(world.report(n))
        });
        turns.collect::<Result<Vec<_>>>()
    };
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS).map(|first| scope.spawn(move || write(first))).collect();
        let mut written = Vec::with_capacity(count);
        for writer in writers {
            written.extend(writer.join().map_err(|_| anyhow!("a writer died"))??);
        }
        Ok(written)
    })
}

/// What came of events that were caused together.
pub(super) struct Burst {
    /// Milliseconds from the first thing that was sent until everyone had heard of everything.
    pub(super) took: f64,
    /// Milliseconds from the first delivery to the last.
    pub(super) spread: f64,
    pub(super) cost: Cost,
}

/// Has so many events caused together, and listens until everyone has heard of all of them.
pub(super) fn together<C>(crowd: &mut Crowd, (server, followers): (&Server, usize), count: usize, cause: C) -> Result<Burst>
where
    C: FnOnce() -> Result<()> + Send,
{
    let meter = Meter::start(crowd, server)?;
    crowd.leisurely(true);
    let (begin, mut heard) = (Instant::now(), None);
    thread::scope(|scope| {
        let causing = scope.spawn(cause);
        let hearing = crowd.hear(count * followers, |it| {
            let (first, _) = *heard.get_or_insert((it.at, it.at));
            heard = Some((first, it.at));
        });
        causing.join().map_err(|_| anyhow!("a writer died"))??;
        hearing
    })?;
    crowd.leisurely(false);
    let more = crowd.pause(REST)?;
    if more > 0 {
        bail!("{more} deliveries too many of {count} events to {followers} subscribers");
    }
    let (first, last) = heard.context("nobody follows")?;
    let cost = meter.stop(server, count * followers)?;
    Ok(Burst { took: milliseconds(last, begin), spread: milliseconds(last, first), cost })
}

/// What a server and this program cost while something is done.
pub(super) struct Meter {
    /// What the server uses when nothing happens: seconds a second.
    idle: f64,
    since: Instant,
    server: Duration,
    client: Duration,
}

impl Meter {
    /// Watches the server while nothing happens, and begins.
    pub(super) fn start(crowd: &mut Crowd, server: &Server) -> Result<Self> {
        let (since, before) = (Instant::now(), server.cpu()?);
        crowd.pause(IDLE)?;
        let idle = (server.cpu()? - before).as_secs_f64() / since.elapsed().as_secs_f64();
        Ok(Self { idle, since: Instant::now(), server: server.cpu()?, client: own_cpu()? })
    }

    pub(super) fn stop(self, server: &Server, deliveries: usize) -> Result<Cost> {
        let idle = self.since.elapsed().mul_f64(self.idle);
        Ok(Cost { server: (server.cpu()? - self.server).saturating_sub(idle), client: own_cpu()? - self.client, deliveries })
    }
}

/// A moment, seen from another: it may have been before.
pub(super) fn milliseconds(instant: Instant, from: Instant) -> f64 {
    match instant.checked_duration_since(from) {
        Some(after) => after.as_secs_f64() * 1e3,
        None => -from.duration_since(instant).as_secs_f64() * 1e3,
    }
}
