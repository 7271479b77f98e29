//! From a mutation at one node to subscribers of another, over Redis.

use std::{collections::HashMap, thread, time::Duration};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;

use super::{
    Bench,
    measure::{milliseconds, write_many},
};
use crate::{
    crowd::Crowd,
    median::quantile,
    table::{Figure, Goal},
    writer::Report,
};

/// A hundred a second.
const INTERVAL: Duration = Duration::from_millis(10);
const EVENTS: usize = 2_000;
const FOLLOWERS: usize = 10;

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    let events = if bench.quick { EVENTS / 4 } else { EVENTS };
    let world = &bench.world;
    let (written_at, followed_at) = (world.serve(&[])?, world.serve(&[])?);
    let mut crowd = Crowd::new()?;
    crowd.join(followed_at.address, world.followers(FOLLOWERS), FOLLOWERS)?;
    eprintln!("nodes: {events} events");
    let mut heard = Vec::with_capacity(events * FOLLOWERS);
    let written = thread::scope(|scope| {
        let writing = scope.spawn(|| write_many(world, written_at.address, events, INTERVAL));
        // Understood later: it takes time that others need now.
        let hearing = crowd.hear(events * FOLLOWERS, |it| heard.push((it.at, it.text.to_vec())));
        let written = writing.join().map_err(|_| anyhow!("a writer died"))?;
        hearing.and(written)
    })?;
    let by_report: HashMap<&Report, _> = written.iter().map(|written| (&written.report, written)).collect();
    let (mut from_answer, mut from_sent) = (vec![], vec![]);
    for (at, text) in &heard {
        let report = named(text)?;
        let Some(written) = by_report.get(&report) else { bail!("told of {report:?}, which nobody wrote") };
        from_answer.push(milliseconds(*at, written.answered));
        from_sent.push(milliseconds(*at, written.sent));
    }
    let sent = || written.iter().map(|written| written.sent);
    let (first, last) = sent().min().zip(sent().max()).context("nothing was written")?;
    let figures = [
        Figure::new("answer to subscriber, p50", "ms", quantile(&from_answer, 0.5)).goal(Goal::AtMost(5.0)),
        Figure::new("answer to subscriber, p99", "ms", quantile(&from_answer, 0.99)).goal(Goal::AtMost(25.0)),
        Figure::new("answer to subscriber, longest", "ms", quantile(&from_answer, 1.0)),
        Figure::new("sending to subscriber, p50", "ms", quantile(&from_sent, 0.5)),
        Figure::new("sending to subscriber, p99", "ms", quantile(&from_sent, 0.99)),
        // Fewer than were meant when the machine cannot take as many.
        Figure::new("written a second", "/s", events as f64 * 1e3 / milliseconds(last, first)),
    ];
    bench.table.show(&format!("{events} events, 100 a second, to {FOLLOWERS} subscribers of another node"), &figures)
}

/// The report that a message tells of, as it was then.
fn named(text: &[u8]) -> Result<Report> {
    let message: Value = serde_json::from_slice(text).context("no JSON")?;
    let change = &message["payload"]["data"]["gatheringReportChanged"]["change"];
    let (id, revision) = (change["entityId"].as_str(), change["revision"].as_i64());
    let (id, revision) = id.zip(revision).with_context(|| format!("told {message}"))?;
    Ok(Report { id: id.to_owned(), revision })
}
