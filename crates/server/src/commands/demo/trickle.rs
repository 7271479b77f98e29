//! What happens in the demo: one city after the other meets and reports, through the same API as everyone.

use std::time::Duration;

use anyhow::Context;
use chrono::{SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::Client;

/// How long nothing happens between two things.
const PAUSE: Duration = Duration::from_secs(2);

/// What the reports say in turn: a kind of item, its theme, and words that someone could have said.
const SAID: [(&str, &str, &str); 6] = [
    ("NEED", "GRIEF", "Someone to sit with families in the weeks after a burial"),
    ("SUCCESS", "HOME_VIOLENCE", "Two women who met here now open their homes to others"),
    ("CHALLENGE", "DISPLACEMENT", "New arrivals speak none of the languages that our materials are in"),
    ("REQUEST", "DISASTER", "Who has cared for helpers after a flood, and can tell us how"),
    ("RESOURCE", "COMMUNITY_VIOLENCE", "A story in Swahili that opens the talk about revenge"),
    ("NEXT_STEP", "GRIEF", "Ask three teachers to join the next round"),
];

/// The sample network.
pub(super) struct Network {
    cities: Vec<(String, String)>,
}

impl Network {
    /// Finds the cities of a network.
    pub(super) async fn find(client: &mut Client, slug: &str) -> anyhow::Result<Self> {
        let query = "query ($slug: String!) { networkBySlug(slug: $slug) { communities(first: 100, \
                     filter: { levels: [CITY], statuses: [OPEN] }) { nodes { id name } } } }";
        let data = client.ask(query, json!({ "slug": slug })).await?;
        let nodes = data["networkBySlug"]["communities"]["nodes"].as_array().context("the network has no communities")?;
        let city = |node: &Value| Some((node["id"].as_str()?.to_owned(), node["name"].as_str()?.to_owned()));
        Ok(Self { cities: nodes.iter().filter_map(city).collect() })
    }

    /// A gathering of the first city that has just been held and that nobody has reported.
    pub(super) async fn held(&self, client: &mut Client, title: &str) -> anyhow::Result<String> {
        let (city, _) = self.cities.first().context("the network has no cities")?;
        let (gathering, revision) = plan(client, city, title).await?;
        client.change("holdGathering", "gathering", json!({ "gathering": gathering, "expectedRevision": revision })).await?;
        Ok(gathering)
    }

    /// Lets one city after the other meet and report for ever.
    pub(super) async fn live(&self, client: &mut Client) {
        let meetings = self.cities.iter().cycle().zip(SAID.iter().cycle());
        for (attendance, (city, said)) in (7..30).cycle().zip(meetings) {
            if let Err(error) = meet(client, city, attendance, said).await {
                // Someone may just have closed that city.
                tracing::info!(error = format!("{error:#}"), "a city of the demo did not report");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// A city meets, reports, and adds to its report.
async fn meet(
    client: &mut Client,
    (city, name): &(String, String),
    attendance: u32,
    (kind, theme, text): &(&str, &str, &str),
) -> anyhow::Result<()> {
    tokio::time::sleep(PAUSE).await;
    let (gathering, _) = plan(client, city, &format!("Evening circle, {name}")).await?;
    tokio::time::sleep(PAUSE).await;
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let counted = json!({ "gathering": gathering, "yes": attendance + 3, "observedAt": now });
    client.change("recordRsvps", "gathering", counted).await?;
    tokio::time::sleep(PAUSE).await;
    let item = json!({ "kind": kind, "theme": theme, "text": text });
    let report = json!({ "gathering": gathering, "audience": "PUBLIC", "attendance": attendance, "items": [item] });
    let (report, _) = client.change("submitGatheringReport", "report", report).await?;
    tokio::time::sleep(PAUSE).await;
    let item = json!({ "kind": "ACTIVITY", "activityKind": "SEEKING_EXPERIENCE", "text": "Has anyone else been facing this?" });
    client.change("appendToGatheringReport", "report", json!({ "report": report, "items": [item] })).await?;
    Ok(())
}

async fn plan(client: &mut Client, host: &str, title: &str) -> anyhow::Result<(String, i64)> {
    // It is just over.
    let end = Utc::now();
    let [start, end] = [end - TimeDelta::hours(2), end].map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
    let input = json!({ "hosts": [host], "title": title, "startsAt": start, "endsAt": end, "format": "IN_PERSON" });
    client.change("planGathering", "gathering", input).await
}
