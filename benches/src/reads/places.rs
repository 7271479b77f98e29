//! What there is to ask for: found through the service itself, as clients find it.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    http::Http,
    network::{NATIONS, NETWORK, nation_slug, region_slug},
};

/// Asks the service for what is public.
#[derive(Debug)]
pub(super) struct Guide {
    http: Http,
    headers: String,
}

impl Guide {
    pub(super) fn meet(address: SocketAddr, token: Option<&str>) -> Result<Self> {
        let token = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        Ok(Self { http: Http::connect(address)?, headers: format!("content-type: application/json\r\n{token}") })
    }

    pub(super) fn ask(&mut self, query: &str, variables: &Value) -> Result<Value> {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let mut answer: Value = serde_json::from_str(&self.http.post("/graphql", &self.headers, &body)?).context("no JSON")?;
        if answer.get("errors").is_some() {
            bail!("refused: {answer}");
        }
        Ok(answer["data"].take())
    }
}

/// A place in the list of reports of a community, after which a page is read.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    pub(super) within: String,
    pub(super) cursor: Option<String>,
}

/// Communities and reports.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) network: String,
    pub(super) nations: Vec<String>,
    /// The lively ones, one a nation.
    pub(super) regions: Vec<String>,
    /// Some cities of those.
    pub(super) cities: Vec<String>,
    /// Public reports from everywhere.
    pub(super) reports: Vec<String>,
}

impl Places {
    pub(super) fn find(guide: &mut Guide) -> Result<Self> {
        let mut network =
            guide.ask("query ($slug: String!) { networkBySlug(slug: $slug) { id } }", &json!({ "slug": NETWORK }))?;
        let network = text(&network["networkBySlug"]["id"].take())?;
        let mut found = Self { network, nations: vec![], regions: vec![], cities: vec![], reports: vec![] };
        for nation in 0..NATIONS {
            found.nations.push(found.community(guide, &nation_slug(nation))?);
            found.regions.push(found.community(guide, &region_slug(nation, 0))?);
        }
        for region in &found.regions {
            let query =
                "query ($id: ID!) { community(id: $id) { children(first: 2, filter: { statuses: [OPEN] }) { nodes { id } } } }";
            let data = guide.ask(query, &json!({ "id": region }))?;
            found.cities.extend(ids(&data["community"]["children"])?);
        }
        let query = "query ($id: ID!, $after: String) { gatheringReports(within: $id, first: 25, after: $after) { nodes { id } pageInfo { endCursor } } }";
        for within in found.nations.iter().chain(&found.regions) {
            let mut after = Value::Null;
            for _ in 0..4 {
                let mut data = guide.ask(query, &json!({ "id": within, "after": after }))?;
                found.reports.extend(ids(&data["gatheringReports"])?);
                after = data["gatheringReports"]["pageInfo"]["endCursor"].take();
            }
        }
        Ok(found)
    }

    fn community(&self, guide: &mut Guide, slug: &str) -> Result<String> {
        let query = "query ($network: ID!, $slug: String!) { communityBySlug(network: $network, slug: $slug) { id } }";
        let data = guide.ask(query, &json!({ "network": self.network, "slug": slug }))?;
        text(&data["communityBySlug"]["id"])
    }
}

/// Where the first page of the newest reports of each place ends, perhaps only of those before a day.
pub(super) fn marks(guide: &mut Guide, places: &[String], before: Option<&str>) -> Result<Vec<Mark>> {
    let window = before.map(|to| json!({ "from": "2000-01-01", "to": to }));
    let query = "query ($id: ID!, $filter: GatheringReportFilter) { gatheringReports(within: $id, first: 50, filter: $filter) { pageInfo { endCursor } } }";
    let mut marks = Vec::new();
    for within in places {
        let filter = window.as_ref().map(|window| json!({ "window": window }));
        let data = guide.ask(query, &json!({ "id": within, "filter": filter }))?;
        let cursor = text(&data["gatheringReports"]["pageInfo"]["endCursor"]);
        marks.extend(cursor.ok().map(|cursor| Mark { within: within.clone(), cursor: Some(cursor) }));
    }
    Ok(marks)
}

fn ids(connection: &Value) -> Result<Vec<String>> {
    connection["nodes"].as_array().context("no nodes")?.iter().map(|node| text(&node["id"])).collect()
}

pub(super) fn text(value: &Value) -> Result<String> {
    value.as_str().map(ToOwned::to_owned).with_context(|| format!("{value} is no text"))
}

/// The identity as it is stored.
pub(super) fn stored(id: &str) -> Result<Uuid> {
    let (_, digits) = id.split_once('_').context("no prefix")?;
    digits.parse().with_context(|| format!("{id} is no id"))
}
