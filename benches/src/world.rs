//! What is written to and followed: a small network in a database that is made for it.

use std::{fs, net::SocketAddr, ops::Range, path::Path, process::Command, sync::Mutex};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::{
    crowd::Talk,
    process::{Server, convene},
    writer::{Report, Writer},
};

/// The operation that everyone follows with, as in `schema/operations/follow-reports.graphql`.
pub(crate) const FOLLOW: &str = "subscription FollowReports($within: ID!, $after: String) { \
    gatheringReportChanged(within: $within, after: $after) { cursor \
    change { kind effect entityType entityId revision recordedAt } \
    report { id status attendance gathering { title startDate hosts { name } } items { kind text } } \
    community { id name } } }";

/// What the items of each report say: about as much as facilitators write.
const ITEMS: [(&str, &str); 5] = [
    ("SUCCESS", "Two groups now meet without us, and one of them has begun a third."),
    ("CHALLENGE", "The road was closed; half of those who had said yes could not come, and rang in instead."),
    ("NEED", "A second room, so that children have one of their own while their parents talk."),
    ("RESOURCE", "Shelter handbook, second edition: roles, rotas, rest, and a page for new volunteers."),
    ("NEXT_STEP", "Ask the clinic whether its waiting room is free on Thursday evenings."),
];

/// How many reports are amended in turn.
const AMENDED: usize = 300;
/// How many reports more are there to be imported again. What is imported must not be amended as well.
pub(crate) const IMPORTED: usize = 100;
/// How many communities there are in each region, in which they take turns.
const CITIES: usize = 8;

/// A network in a database.
#[derive(Debug)]
pub(crate) struct World {
    database: String,
    redis: Option<String>,
    token: String,
    nation: String,
    region: String,
    reports: Vec<Mutex<Report>>,
}

impl World {
    /// Fills the database, which has to be empty.
    pub(crate) fn make(database: &str, redis: Option<&str>) -> Result<Self> {
        let mut world = Self {
            database: database.to_owned(),
            redis: redis.map(ToOwned::to_owned),
            token: String::new(),
            nation: String::new(),
            region: String::new(),
            reports: Vec::new(),
        };
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        write_files(folder.path())?;
        run(world.command()?.arg("import").arg(folder.path()))?;
        world.token = run(world.command()?.args(["token", "create", "--name", "bench"]))?.trim().to_owned();
        let server = world.serve(&[])?;
        world.find(&mut world.writer(server.address)?)?;
        Ok(world)
    }

    /// Starts the service as it is in production, but for these arguments.
    pub(crate) fn serve(&self, arguments: &[&str]) -> Result<Server> {
        Server::start(self.command()?.args(["--listen", "127.0.0.1:0", "--shutdown-grace", "2"]).args(arguments))
    }

    pub(crate) fn writer(&self, address: SocketAddr) -> Result<Writer> {
        Writer::connect(address, &self.token)
    }

    /// The report that is amended in this turn.
    pub(crate) fn report(&self, turn: usize) -> &Mutex<Report> {
        &self.reports[turn % AMENDED]
    }

    /// Imports new figures for all reports that are never amended: one change set with a change of each.
    pub(crate) fn import(&self, attendance: usize) -> Result<()> {
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        fs::write(folder.path().join("reports.csv"), reports_file(AMENDED..AMENDED + IMPORTED, attendance))?;
        run(self.command()?.arg("import").arg(folder.path())).map(drop)
    }

    /// So many who follow the same, half of them in the region and half in the nation.
    pub(crate) fn followers(&self, count: usize) -> Vec<Talk> {
        (0..count).map(|n| self.follower(n, FOLLOW, None)).collect()
    }

    /// One who follows with an operation, perhaps from a cursor on.
    pub(crate) fn follower(&self, n: usize, query: &str, after: Option<&str>) -> Talk {
        let within = if n.is_multiple_of(2) { &self.region } else { &self.nation };
        Talk::Subscribe(json!({ "query": query, "variables": { "within": within, "after": after } }).to_string())
    }

    /// A command on the database, without what the environment says and without a settings file.
    fn command(&self) -> Result<Command> {
        let mut command = Command::new(convene()?);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CONVENE_")) {
            command.env_remove(name);
        }
        command.env("DATABASE_URL", &self.database).env_remove("REDIS_URL").current_dir(std::env::temp_dir());
        if let Some(redis) = &self.redis {
            command.env("REDIS_URL", redis);
        }
        Ok(command)
    }

    fn find(&mut self, writer: &mut Writer) -> Result<()> {
        let place = |data: &Value| data["communityBySlug"]["id"].as_str().map(ToOwned::to_owned);
        let network = "query { networkBySlug(slug: \"bench\") { id } }";
        let network = writer.ask(network, &json!({}))?["networkBySlug"]["id"].take();
        for (slug, found) in [("nation", &mut self.nation), ("region-0", &mut self.region)] {
            let query = "query ($network: ID!, $slug: String!) { communityBySlug(network: $network, slug: $slug) { id } }";
            let data = writer.ask(query, &json!({ "network": network, "slug": slug }))?;
            *found = place(&data).with_context(|| format!("no community {slug}"))?;
        }
        let mut after = Value::Null;
        while self.reports.len() < AMENDED {
            let query = "query ($within: ID!, $after: String) { gatheringReports(within: $within, first: 100, after: $after) { \
                         nodes { id externalId revision } pageInfo { endCursor } } }";
            let mut data = writer.ask(query, &json!({ "within": self.region, "after": after }))?;
            let nodes = data["gatheringReports"]["nodes"].as_array().filter(|nodes| !nodes.is_empty());
            for node in nodes.context("a report is missing")? {
                let key = node["externalId"].as_str().and_then(|key| key.strip_prefix('r')?.parse::<usize>().ok());
                let (id, revision) = node["id"].as_str().zip(node["revision"].as_i64()).context("a report without an id")?;
                let report = Mutex::new(Report { id: id.to_owned(), revision });
                self.reports.extend(key.is_some_and(|key| key < AMENDED).then_some(report));
            }
            after = data["gatheringReports"]["pageInfo"]["endCursor"].take();
        }
        Ok(())
    }
}

/// Two regions of a nation, and reports in all cities of the first.
fn write_files(folder: &Path) -> Result<()> {
    let write = |name: &str, text: String| fs::write(folder.join(name), text).with_context(|| format!("cannot write {name}"));
    let mut communities = "network_slug,slug,name,level,parent_slug,audience\nbench,nation,Nation,NATIONAL,,PUBLIC\n".to_owned();
    for region in 0..2 {
        communities += &format!("bench,region-{region},Region {region},REGIONAL,nation,PUBLIC\n");
        for city in 0..CITIES {
            communities += &format!("bench,city-{region}-{city},City {city} of region {region},CITY,region-{region},PUBLIC\n");
        }
    }
    let mut gatherings = "external_id,community_slug,title,starts_at,status\n".to_owned();
    let mut items = "report_external_id,order,kind,text\n".to_owned();
    for n in 0..AMENDED + IMPORTED {
        let (city, day) = (n % CITIES, n % 28 + 1);
        gatherings +=
            &format!("g{n},city-0-{city},Circle {n} of those who care for others,2026-05-{day:02}T18:00:00+03:00,HELD\n");
        for (order, (kind, text)) in ITEMS.iter().enumerate() {
            items += &format!("r{n},{},{kind},\"{text}\"\n", order + 1);
        }
    }
    write("networks.csv", "slug,name\nbench,Bench\n".to_owned())?;
    write("communities.csv", communities)?;
    write("gatherings.csv", gatherings)?;
    write("reports.csv", reports_file(0..AMENDED + IMPORTED, 100))?;
    write("items.csv", items)
}

fn reports_file(range: Range<usize>, attendance: usize) -> String {
    let header = "external_id,gathering_external_id,attendance,audience\n".to_owned();
    range.fold(header, |file, n| file + &format!("r{n},g{n},{attendance},PUBLIC\n"))
}

/// Runs a command to its end and gives what it printed.
fn run(command: &mut Command) -> Result<String> {
    let output = command.output().context("cannot run a command")?;
    if !output.status.success() {
        bail!("{:?} ended with {}: {}", command.get_args(), output.status, String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8(output.stdout).context("what a command printed is no text")
}
