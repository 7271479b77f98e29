//! Thousands of clients that were cut off, and all come back at once.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::Result;

use super::{
    Bench,
    fanout::AT_ONCE,
    measure::{Meter, median, milliseconds, one_by_one, write_many},
};
use crate::{
    crowd::Crowd,
    process::Server,
    table::{Figure, Goal},
    world::FOLLOW,
};

const FOLLOWERS: usize = 5_000;
/// How many events they missed.
const MISSED: usize = 200;
const ROUNDS: usize = 3;
/// Has the service log the text of each statement.
const STATEMENTS: [&str; 2] = ["--log", "info,convene::statements=trace"];
/// What statements that read the log have in their text.
const LOG: [&str; 3] = ["\"changes\"", "\"change_scopes\"", "\"network_heads\""];

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    let followers = if bench.quick { FOLLOWERS / 5 } else { FOLLOWERS };
    let (mut begun, mut caught_up, mut cpu, mut client, mut statements) = (vec![], vec![], vec![], vec![], vec![]);
    for round in 0..if bench.quick { 1 } else { ROUNDS } {
        eprintln!("storm: round {}", round + 1);
        let storm = storm(bench, followers)?;
        begun.push(storm.begun);
        caught_up.push(storm.caught_up);
        cpu.push(storm.cpu);
        client.push(storm.client);
        statements.push(storm.statements);
    }
    let last = statements.pop().unwrap_or_default();
    let in_all: usize = last.values().sum();
    let of_log: usize =
        last.iter().filter(|(text, _)| LOG.iter().any(|table| text.contains(table))).map(|(_, count)| count).sum();
    let figures = [
        Figure::new("until all were caught up and live", "ms", median(&caught_up)).goal(Goal::AtMost(3_000.0)),
        Figure::new("until all had subscribed", "ms", median(&begun)),
        Figure::new("statements that read the log", "", of_log as f64).goal(Goal::AtMost(10.0)),
        Figure::new("statements in all", "", in_all as f64),
        Figure::new("server's CPU", "ms", median(&cpu)),
        Figure::new("client's own CPU", "ms", median(&client)),
    ];
    bench.table.show(&format!("{followers} clients come back at once, each {MISSED} events behind"), &figures)?;
    for (text, count) in last.iter().filter(|(_, count)| **count > 1) {
        eprintln!("storm: {count} times {}", text.chars().take(160).collect::<String>());
    }
    Ok(())
}

struct Storm {
    /// Milliseconds until the last one had its first answer.
    begun: f64,
    /// Milliseconds until the last one had heard of all that it missed.
    caught_up: f64,
    cpu: f64,
    client: f64,
    /// How often each statement ran.
    statements: BTreeMap<String, usize>,
}

fn storm(bench: &Bench, followers: usize) -> Result<Storm> {
    let world = &bench.world;
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
    crowd.hear(followers * MISSED - heard, |_| {})?;
    let caught_up = milliseconds(Instant::now(), begin);
    crowd.leisurely(false);
    let mut ran = statements(&server)?;
    let cost = meter.stop(&server, followers * MISSED)?;
    for (text, count) in before {
        *ran.entry(text).or_default() -= count;
    }
    // They are live when they hear of what happens from now on, each of it once.
    let mut writer = world.writer(server.address)?;
    one_by_one(&mut crowd, (&server, followers), 1, &mut || writer.amend(world.report(0)))?;
    let [cpu, client] = [cost.server, cost.client].map(|time| time.as_secs_f64() * 1e3);
    Ok(Storm { begun, caught_up, cpu, client, statements: ran })
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
