//! Subscribers that come and go: what they took has to come back.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::{
    Bench,
    fanout::AT_ONCE,
    measure::{one_by_one, tell_all},
};
use crate::{
    crowd::Crowd,
    table::{Figure, Goal},
};

const FOLLOWERS: usize = 2_000;
/// How many go and come between two events.
const CHANGED: usize = 100;
/// How much of the time passes before the first look: memory that is held for reuse has to come about first.
const SETTLING: f64 = 0.2;
/// How often the memory is shown.
const SHOWN: Duration = Duration::from_secs(10);
/// Files that the service opens for itself while it runs, such as connections to its database.
const FILES: f64 = 16.0;

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    let followers = if bench.quick { FOLLOWERS / 4 } else { FOLLOWERS };
    let duration = Duration::from_secs(if bench.quick { bench.churn.min(15) } else { bench.churn });
    let world = &bench.world;
    let server = world.serve(&[])?;
    let files = server.files()?;
    let mut crowd = Crowd::new()?;
    crowd.join(server.address, world.followers(followers), AT_ONCE)?;
    let mut writer = world.writer(server.address)?;
    let mut turn = 0;
    let mut cause = || {
        turn += 1;
        writer.amend(world.report(turn))
    };
    one_by_one(&mut crowd, (&server, followers), 3, &mut cause)?;
    let (begin, mut shown) = (Instant::now(), Instant::now());
    let (mut settled, mut most, mut changed, mut first) = (None, 0, 0, 0);
    while begin.elapsed() < duration {
        let leaving: Vec<usize> = (first..first + CHANGED).map(|n| n % followers).collect();
        first = (first + CHANGED) % followers;
        crowd.replace(server.address, &leaving, |n| world.follower(n, crate::world::FOLLOW, None))?;
        changed += CHANGED;
        tell_all(&mut crowd, followers, &mut cause)?;
        if begin.elapsed() < duration.mul_f64(SETTLING) {
            continue;
        }
        let memory = server.memory()?;
        settled.get_or_insert(memory);
        most = most.max(memory);
        if shown.elapsed() > SHOWN {
            shown = Instant::now();
            eprintln!("churn: {} s, {changed} came and went, {:.1} MB", begin.elapsed().as_secs(), memory as f64 / 1e6);
        }
    }
    let end = server.memory()? as f64;
    let settled = settled.map_or(end, |memory| memory as f64);
    drop(crowd);
    Crowd::new()?.pause(Duration::from_secs(1))?;
    let left = server.files()? as f64 - files as f64;
    let figures = [
        Figure::new("memory once it had settled", "MB", settled / 1e6),
        Figure::new("memory at the end", "MB", end / 1e6),
        Figure::new("most memory between", "MB", most as f64 / 1e6),
        Figure::new("growth between", "%", (end - settled) / settled * 100.0).goal(Goal::AtMost(5.0)),
        Figure::new("files that stayed open when all had gone", "", left).goal(Goal::AtMost(FILES)),
        Figure::new("subscribers that came and went", "", changed as f64),
    ];
    bench.table.show(&format!("{followers} subscribers come and go for {} s", duration.as_secs()), &figures)
}
