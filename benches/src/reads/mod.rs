//! Reads, and the writes beside them: what a request costs, on a network as large as the largest that we mean to serve.

mod cursor;
mod limit;
mod load;
mod places;
mod works;

use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;

use self::{
    load::{Cpu, Load},
    places::{Guide, Places},
    works::Work,
};
use crate::{
    kept::{self, Kept, Kind},
    median::median,
    network::{LONG, SHORT},
    process::{Server, load as load_of_machine},
    table::{Figure, Goal, Table},
};

const CONNECTIONS: usize = 16;
const CLIENTS: [usize; 2] = [16, 64];
/// The load of a machine that does nothing else, as the system tells it.
const QUIET: f64 = 0.5;
const MOST_MEMORY: f64 = 64.0;
/// By how much a figure may grow when there is ten times the history.
const GROWTH: f64 = 1.2;

/// What `convene-bench reads` is told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Take little time
    #[arg(long)]
    quick: bool,
    /// Measure only works whose name contains this; can be given several times
    #[arg(long)]
    only: Vec<String>,
    /// Measure on this database only
    #[arg(long, value_enum)]
    database: Option<Kind>,
    /// Leave out the history of half a year
    #[arg(long)]
    no_growth: bool,
    /// Forget the databases that were kept, and fill new ones
    #[arg(long)]
    fresh: bool,
    /// Fill the databases and measure nothing
    #[arg(long)]
    fill: bool,
}

impl Options {
    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part.as_str()))
    }

    fn rounds(&self) -> usize {
        if self.quick { 1 } else { 5 }
    }

    fn duration(&self) -> Duration {
        Duration::from_millis(if self.quick { 700 } else { 1_000 })
    }
}

/// Measures, and shows what came of it.
pub(crate) fn run(options: &Options) -> Result<()> {
    let kept = Kept::open(options.fresh)?;
    let kinds = [Kind::Postgres, Kind::Sqlite].into_iter().filter(|kind| options.database.is_none_or(|only| only == *kind));
    let kinds: Vec<Kind> = kinds.collect();
    for kind in &kinds {
        kept.database(*kind, LONG)?;
        if !options.no_growth {
            kept.database(*kind, SHORT)?;
        }
    }
    if options.fill {
        return Ok(());
    }
    let load = load_of_machine()?;
    if load > QUIET {
        eprintln!("the machine is busy (load {load:.1}): times and costs will be higher than they are");
    }
    let mut table = Table::default();
    for kind in kinds {
        measure(options, &kept, kind, &mut table)?;
    }
    table.close()
}

/// A server on one of the databases.
struct Bench<'a> {
    kept: &'a Kept,
    kind: Kind,
    url: String,
    server: Server,
}

impl<'a> Bench<'a> {
    fn start(kept: &'a Kept, kind: Kind, url: String, arguments: &[&str]) -> Result<Self> {
        let mut command = kept::command(&url)?;
        command.args(["--listen", "127.0.0.1:0", "--shutdown-grace", "2", "--database-connections"]).arg(CONNECTIONS.to_string());
        Ok(Self { kept, kind, server: Server::start(command.args(arguments))?, url })
    }

    /// What the service and its database use for each request.
    fn load(&self, work: &Work, clients: usize, duration: Duration) -> Result<Load> {
        let start = || {
            let database = if self.kind == Kind::Postgres { self.kept.postgres.cpu()? } else { Default::default() };
            Ok((self.server.cpu()?, database))
        };
        let stop = |(server, database): (Duration, _)| {
            let asking = self.server.cpu()? - server;
            let is_apart = self.kind == Kind::Postgres;
            Ok(Cpu { asking, database: if is_apart { self.kept.postgres.cpu_since(&database)? } else { Duration::ZERO } })
        };
        load::run(self.server.address, &work.asked, clients, duration, (start, stop))
            .with_context(|| format!("{} with {clients} clients", work.name))
    }
}

fn measure(options: &Options, kept: &Kept, kind: Kind, table: &mut Table) -> Result<()> {
    let url = kept.database(kind, LONG)?;
    let bench = Bench::start(kept, kind, url, &[])?;
    let mut guide = Guide::meet(bench.server.address, None)?;
    let places = Places::find(&mut guide)?;
    let mut works = works::reads(&mut guide, &places)?;
    // Half a year is there to be compared with the history of half a year.
    works.retain(|work| options.wants(&work.name) && !work.name.ends_with("6 months"));
    let mut figures = Vec::new();
    for work in &works {
        eprintln!("{kind:?}: {}", work.name);
        figures.extend(cost(options, &bench, work)?);
        if work.name.starts_with("report by id") {
            figures.push(alone(options, &bench, work)?);
        }
    }
    let memory = bench.server.most_memory()? as f64 / f64::from(1 << 20);
    if options.wants("submit") {
        figures.extend(writes(options, &bench, &places)?);
    }
    figures.push(Figure::new("peak memory of the service, reads", "MB", memory).goal(Goal::AtMost(MOST_MEMORY)));
    let memory = bench.server.most_memory()? as f64 / f64::from(1 << 20);
    figures.push(Figure::new("peak memory of the service, over all", "MB", memory).goal(Goal::AtMost(MOST_MEMORY)));
    let address = bench.url.clone();
    drop(bench);
    figures.extend(statements(kept, kind, address, &works)?);
    table.show(&format!("On {kind:?}: processor time of service and database for a request"), &figures)?;
    if !options.no_growth {
        let grown = growth(options, kept, kind)?;
        table.show(&format!("On {kind:?}: five years of history beside half a year (the limit)"), &grown)?;
    }
    Ok(())
}

/// A work with as many clients as the issue says, with the limit of the same moment beside it.
fn cost(options: &Options, bench: &Bench<'_>, work: &Work) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for clients in CLIENTS {
        let (mut ours, mut limits, mut rates, mut databases) = (vec![], vec![], vec![], vec![]);
        for _ in 0..options.rounds() {
            let load = bench.load(work, clients, options.duration())?;
            ours.push(load.each());
            databases.push(load.each_of_database());
            rates.push(load.requests as f64 / load.elapsed.as_secs_f64());
            if let Some(limit) = work.limit.as_ref().filter(|_| bench.kind == Kind::Postgres) {
                let half = options.duration() / 2;
                limits.push(limit::run(&bench.kept.postgres, &bench.url, limit, CONNECTIONS, half)?.each());
            }
        }
        let (all, database, rate) = (median(&ours), median(&databases), median(&rates));
        let limit = (!limits.is_empty()).then(|| median(&limits));
        let beside = limit.map(|limit| format!(", limit {limit:.0} us")).unwrap_or_default();
        eprintln!("  {clients} clients: {all:.0} us, {database:.0} of them in the database{beside}, {rate:.0} a second");
        figures.push(work.figure(clients, all, limit));
    }
    Ok(figures)
}

/// How long one client waits that is alone.
fn alone(options: &Options, bench: &Bench<'_>, work: &Work) -> Result<Figure> {
    let count = if options.quick { 500 } else { 3_000 };
    let times = load::one_by_one(bench.server.address, &work.asked, count)?;
    Ok(Figure::new(format!("{}, one client, p50", work.name), "ms", median(&times)).goal(Goal::AtMost(0.25)))
}

fn writes(options: &Options, bench: &Bench<'_>, places: &Places) -> Result<Vec<Figure>> {
    let token = kept::run(kept::command(&bench.url)?.args(["token", "create", "--name", "bench"]))?.trim().to_owned();
    let mut guide = Guide::meet(bench.server.address, Some(&token))?;
    if bench.kind == Kind::Postgres {
        kept::run_sql(&bench.url, &works::limit_tables())?;
    }
    let mut figures = Vec::new();
    for clients in CLIENTS {
        let (mut ours, mut databases, mut limits, mut last) = (vec![], vec![], vec![], None);
        for _ in 0..options.rounds().div_ceil(2) {
            let work = works::submissions(&mut guide, places, &token, works::most_submissions(bench.kind, options.quick))?;
            let load = bench.load(&work, clients, options.duration())?;
            ours.push(load.each());
            databases.push(load.each_of_database());
            if let Some(limit) = work.limit.as_ref().filter(|_| bench.kind == Kind::Postgres) {
                limits.push(limit::run(&bench.kept.postgres, &bench.url, limit, CONNECTIONS, options.duration() / 2)?.each());
            }
            last = Some(work);
        }
        let Some(work) = last else { continue };
        let (all, database, limit) = (median(&ours), median(&databases), (!limits.is_empty()).then(|| median(&limits)));
        eprintln!("{:?}: {}, {clients} clients: {all:.0} us, {database:.0} of them in the database", bench.kind, work.name);
        figures.push(work.figure(clients, all, limit));
    }
    Ok(figures)
}

/// How many statements a request runs, as the service's own log tells.
fn statements(kept: &Kept, kind: Kind, url: String, works: &[Work]) -> Result<Vec<Figure>> {
    const ASKED: usize = 10;
    let bench = Bench::start(kept, kind, url, &["--log", "info,sea_orm_migration=warn,sqlx=warn,convene::statements=trace"])?;
    let count =
        || -> Result<usize> { Ok(bench.server.said()?.lines().filter(|line| line.contains("convene::statements")).count()) };
    let mut figures = Vec::new();
    for work in works {
        let before = count()?;
        let mut http = crate::http::Http::connect(bench.server.address)?;
        for body in work.asked.bodies.iter().cycle().take(ASKED) {
            http.post("/graphql", &work.asked.headers, body)?;
        }
        let each = (count()? - before) as f64 / ASKED as f64;
        let figure = Figure::new(format!("statements: {}", work.name), "", each);
        figures.push(if work.name.starts_with("region") { figure.goal(Goal::AtMost(5.0)) } else { figure });
    }
    Ok(figures)
}

/// The same works where there is a tenth of the history, in turns with the whole of it.
fn growth(options: &Options, kept: &Kept, kind: Kind) -> Result<Vec<Figure>> {
    let mut both = Vec::new();
    for history in [LONG, SHORT] {
        let bench = Bench::start(kept, kind, kept.database(kind, history)?, &[])?;
        let mut guide = Guide::meet(bench.server.address, None)?;
        let places = Places::find(&mut guide)?;
        let mut works = works::reads(&mut guide, &places)?;
        works.retain(|work| options.wants(&work.name) && !work.name.ends_with("12 months"));
        both.push((bench, works));
    }
    let [(long, works), (short, others)] = both.as_slice() else { return Ok(Vec::new()) };
    let mut figures = Vec::new();
    for work in works {
        let Some(other) = others.iter().find(|other| other.name == work.name) else { continue };
        let (mut ours, mut limits) = (vec![], vec![]);
        for _ in 0..options.rounds() {
            ours.push(long.load(work, CLIENTS[0], options.duration())?.each());
            limits.push(short.load(other, CLIENTS[0], options.duration())?.each());
        }
        eprintln!("{kind:?}: {}: {:.0} us, of half a year {:.0} us", work.name, median(&ours), median(&limits));
        figures.push(Figure::new(work.name.clone(), "us", median(&ours)).limit(median(&limits)).goal(Goal::TimesLimit(GROWTH)));
    }
    Ok(figures)
}
