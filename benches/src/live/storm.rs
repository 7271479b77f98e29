//! Thousands of clients that were cut off, and all come back at once.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::Result;

use super::{
    Bench,
    fanout::AT_ONCE,
    measure::{Cost, Meter, milliseconds, one_by_one, write_many},
};
use crate::{
    crowd::Crowd,
    median::median,
    process::Server,
    table::{Figure, Goal},
    world::{FOLLOW, World},
};

const FOLLOWERS: usize = 5_000;
/// How many events they missed.
const MISSED: usize = 200;
const ROUNDS: usize = 3;
/// Has the service log the text of each statement. That costs it a little, and is all that tells what it asked.
const STATEMENTS: [&str; 2] = ["--log", "info,convene::statements=trace"];
/// What statements that read the log have in their text.
const LOG: [&str; 2] = ["\"changes\"", "\"change_scopes\""];
/// What those have that read how far it goes.
const HEADS: &str = "\"network_heads\"";
/// How often the service reads the heads anyway.
const POLLED: Duration = Duration::from_millis(400);

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    let followers = if bench.quick { FOLLOWERS / 5 } else { FOLLOWERS };
    let mut storms = Vec::new();
    for round in 0..if bench.quick { 1 } else { ROUNDS } {
        eprintln!("storm: round {}", round + 1);
        storms.push(storm(&bench.world, followers)?);
    }
    let of = |get: fn(&Storm) -> f64| median(&storms.iter().map(get).collect::<Vec<_>>());
    let figures = [
        Figure::new("until all were caught up and live", "ms", of(|storm| storm.caught_up)).goal(Goal::AtMost(3_000.0)),
        Figure::new("until all had subscribed", "ms", of(|storm| storm.begun)),
        Figure::new("statements that read the log, polls aside", "", of(Storm::of_log)).goal(Goal::AtMost(10.0)),
        Figure::new("statements in all", "", of(|storm| storm.statements.values().sum::<usize>() as f64)),
        Figure::new("server's CPU", "ms", of(|storm| storm.cost.server.as_secs_f64() * 1e3)),
        Figure::new("client's own CPU", "ms", of(|storm| storm.cost.client.as_secs_f64() * 1e3)),
    ];
    bench.table.show(&format!("{followers} clients come back at once, each {MISSED} events behind"), &figures)?;
    // Which ones there are so many of.
    for (text, count) in storms.iter().flat_map(|storm| &storm.statements).filter(|(_, count)| **count >= MISSED) {
        eprintln!("storm: {count} times {}", text.chars().take(160).collect::<String>());
    }
    Ok(())
}

struct Storm {
    /// Milliseconds until the last one had its first answer.
    begun: f64,
    /// Milliseconds until the last one had heard of all that it missed.
    caught_up: f64,
    cost: Cost,
    /// How often each statement ran.
    statements: BTreeMap<String, usize>,
}

impl Storm {
    /// How many statements read the log, and its head more often than it is looked at anyway.
    fn of_log(&self) -> f64 {
        let reads_log = |text: &str| LOG.iter().any(|table| text.contains(table));
        let count = |wanted: &dyn Fn(&str) -> bool| -> usize {
            self.statements.iter().filter(|(text, _)| wanted(text)).map(|(_, count)| count).sum()
        };
        let heads = count(&|text| text.contains(HEADS) && !reads_log(text));
        let polls = (self.caught_up / (POLLED.as_secs_f64() * 1e3)).ceil() as usize;
        (count(&reads_log) + heads.saturating_sub(polls)) as f64
    }
}

fn storm(world: &World, followers: usize) -> Result<Storm> {
    let server = world.serve(&STATEMENTS)?;
    let mut crowd = Crowd::new()?;
    crowd.join(server.address, world.followers(followers), AT_ONCE)?;
    let cursors: Vec<String> = crowd.cursors().map(ToOwned::to_owned).collect();
    drop(crowd);
    write_many(world, server.address, MISSED, Duration::ZERO)?;

    let mut crowd = Crowd::new()?;
    let talks = cursors.iter().enumerate().map(|(n, cursor)| world.follower(n, FOLLOW, Some(cursor))).collect();
    let meter = Meter::start(&mut crowd, &server)?;
    let before = statements(&server)?;
    crowd.leisurely(true);
    let (begin, mut heard) = (Instant::now(), 0);
    crowd.join_hearing(server.address, talks, followers, |_| heard += 1)?;
    let begun = milliseconds(Instant::now(), begin);
    crowd.hear((followers * MISSED).saturating_sub(heard), |_| {})?;
    let caught_up = milliseconds(Instant::now(), begin);
    crowd.leisurely(false);
    let cost = meter.stop(&server, followers * MISSED)?;
    let mut ran = statements(&server)?;
    for (text, count) in before {
        *ran.entry(text).or_default() -= count;
    }
    // They are live when they hear of what happens from now on, each of it once.
    let mut writer = world.writer(server.address)?;
    one_by_one(&mut crowd, (&server, followers), 1, &mut || writer.amend(world.report(0)))?;
    Ok(Storm { begun, caught_up, cost, statements: ran })
}

/// How often each statement ran so far, as the service logged it.
fn statements(server: &Server) -> Result<BTreeMap<String, usize>> {
    let mut count = BTreeMap::new();
    for line in server.said()?.lines().filter(|line| line.contains("convene::statements")) {
        let line: serde_json::Value = serde_json::from_str(line)?;
        let text = line["fields"]["sql"].as_str().or(line["sql"].as_str()).unwrap_or_default();
        *count.entry(text.to_owned()).or_default() += 1;
    }
    Ok(count)
}
