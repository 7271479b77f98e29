//! Many events to many subscribers at once: what is queued for a socket is written together.

use std::time::Duration;

use anyhow::Result;

use super::{
    Bench,
    fanout::{AT_ONCE, send, serve_bare},
    measure::{Burst, Meter, one_by_one, together, write_many},
};
use crate::{
    crowd::{Crowd, Talk},
    http::Http,
    median::median,
    table::{Figure, Goal},
    world::IMPORTED,
};

const FOLLOWERS: usize = 1_000;
/// As many as an import has.
const EVENTS: usize = IMPORTED;
const ROUNDS: usize = 5;

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    let rounds = if bench.quick { 2 } else { ROUNDS };
    let world = &bench.world;
    let server = world.serve(&[])?;
    let write = || write_many(world, server.address, EVENTS, Duration::ZERO).map(drop);
    let mut crowd = Crowd::new()?;
    // The second time it is as it will be.
    write()?;
    let mut writes = vec![];
    for _ in 0..rounds {
        let meter = Meter::start(&mut crowd, &server)?;
        write()?;
        writes.push(meter.stop(&server, EVENTS)?.of_server());
    }
    crowd.join(server.address, world.followers(FOLLOWERS), AT_ONCE)?;
    let all = (&server, FOLLOWERS);
    let (mut written, mut imported) = (vec![], vec![]);
    for round in 0..rounds {
        eprintln!("burst: round {}", round + 1);
        written.push(together(&mut crowd, all, EVENTS, write)?);
        bench.imports += 1;
        let attendance = 100 + bench.imports;
        imported.push(together(&mut crowd, all, EVENTS, || world.import(attendance))?);
    }
    let mut writer = world.writer(server.address)?;
    let length = one_by_one(&mut crowd, all, 1, &mut || writer.amend(world.report(0)))?.length;
    drop(crowd);
    let limit = bare(rounds, length)?;

    let of = |bursts: &[Burst], get: fn(&Burst) -> f64| median(&bursts.iter().map(get).collect::<Vec<_>>());
    let cpu = |bursts: &[Burst]| of(bursts, |burst| burst.cost.of_server());
    let client = |bursts: &[Burst]| of(bursts, |burst| burst.cost.of_client());
    let took = |bursts: &[Burst]| of(bursts, |burst| burst.took);
    let spread = |bursts: &[Burst]| of(bursts, |burst| burst.spread);
    let of_writes = median(&writes) / FOLLOWERS as f64;
    let figures = [
        Figure::new("by mutations: server's CPU a delivery", "us", cpu(&written) - of_writes)
            .limit(cpu(&limit))
            .goal(Goal::AtMost(2.0)),
        Figure::new("by mutations: the same, the writes included", "us", cpu(&written)).limit(cpu(&limit)),
        Figure::new("by mutations: first sent to last delivered", "ms", took(&written)).limit(took(&limit)),
        Figure::new("by one import: server's CPU a delivery", "us", cpu(&imported)).limit(cpu(&limit)).goal(Goal::AtMost(2.0)),
        Figure::new("by one import: first to last delivered", "ms", spread(&imported)).limit(spread(&limit)),
        Figure::new("a mutation's CPU, nobody following", "us", median(&writes)),
        Figure::new("client's own CPU a delivery", "us", client(&written)).limit(client(&limit)),
    ];
    bench.table.show(&format!("{EVENTS} events at once to {FOLLOWERS} subscribers ({rounds} rounds)"), &figures)
}

fn bare(rounds: usize, length: usize) -> Result<Vec<Burst>> {
    let server = serve_bare()?;
    let mut crowd = Crowd::new()?;
    crowd.join(server.address, vec![Talk::Bare; FOLLOWERS], AT_ONCE)?;
    let (mut http, frame) = (Http::connect(server.address)?, "x".repeat(length));
    let mut round =
        || together(&mut crowd, (&server, FOLLOWERS), EVENTS, || (0..EVENTS).try_for_each(|_| send(&mut http, &frame).map(drop)));
    (0..rounds).map(|_| round()).collect()
}
