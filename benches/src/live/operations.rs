//! One event to subscribers who ask for it in many ways.

use anyhow::Result;

use super::{Bench, fanout::AT_ONCE, measure::one_by_one};
use crate::{
    crowd::Crowd,
    median::median,
    table::{Figure, Goal},
};

const FOLLOWERS: usize = 5_000;
const OPERATIONS: usize = 100;
const EVENTS: usize = 10;

/// What an operation may ask of a report, each of them or not.
const FIELDS: [&str; 6] =
    ["items { kind text }", "gathering { title startDate }", "audience", "submittedAt", "revision", "outcomes { code }"];

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    let (followers, rounds) = if bench.quick { (FOLLOWERS / 5, 1) } else { (FOLLOWERS, 3) };
    let world = &bench.world;
    let mut costs = vec![];
    let mut served = vec![];
    for round in 0..rounds {
        eprintln!("operations: round {}", round + 1);
        let server = world.serve(&[])?;
        let mut crowd = Crowd::new()?;
        // Who follows the region has an even number, so each operation is that of one place.
        let talks = (0..followers).map(|n| world.follower(n, &operation(n % OPERATIONS), None)).collect();
        crowd.join(server.address, talks, AT_ONCE)?;
        let (mut writer, mut turn) = (world.writer(server.address)?, 0);
        let events = one_by_one(&mut crowd, (&server, followers), EVENTS, &mut || {
            turn += 1;
            writer.amend(world.report(turn))
        })?;
        costs.push(events.cost.of_server());
        served.extend(events.last);
    }
    let figures = [
        Figure::new("server's CPU a delivery, the write included", "us", median(&costs)).goal(Goal::AtMost(8.0)),
        Figure::new("answer to last subscriber, median", "ms", median(&served)),
    ];
    bench.table.show(&format!("{OPERATIONS} different operations over {followers} subscribers"), &figures)
}

/// An operation that differs from all others by what it asks for, and by a name.
fn operation(number: usize) -> String {
    let wanted = FIELDS.iter().enumerate().filter(|(bit, _)| number >> bit & 1 == 1).map(|(_, field)| *field);
    let fields = wanted.collect::<Vec<_>>().join(" ");
    format!(
        "subscription Dashboard{number}($within: ID!, $after: String) {{ gatheringReportChanged(within: $within, after: $after) {{ \
         cursor change {{ kind effect entityId revision }} report {{ id people{number}: attendance {fields} }} }} }}"
    )
}
