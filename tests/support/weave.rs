//! A small network in which much is reported.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::{
    live::text,
    program::{Service, succeed},
};

/// A nation with two regions of two cities each, and so many gatherings in turn in each city; as files, for speed.
pub fn import(address: &str, gatherings: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).expect("writes");
    write("networks.csv", "slug,name\nweave,Weave\n".to_owned());
    let mut communities = "network_slug,slug,name,level,parent_slug,audience\nweave,kenya,Kenya,NATIONAL,,PUBLIC\n".to_owned();
    for region in ["rift", "coast"] {
        communities += &format!("weave,{region},{region},REGIONAL,kenya,PUBLIC\n");
        for city in 0..2 {
            communities += &format!("weave,{region}-{city},{region} {city},CITY,{region},PUBLIC\n");
        }
    }
    write("communities.csv", communities);
    let mut rows = "external_id,community_slug,title,starts_at,status\n".to_owned();
    for n in 0..gatherings {
        let city = ["rift-0", "rift-1", "coast-0", "coast-1"][n % 4];
        rows += &format!("g-{n:04},{city},Circle {n},2026-05-{:02}T18:00:00+03:00,HELD\n", n % 28 + 1);
    }
    write("gatherings.csv", rows);
    succeed(address, &["import", folder.path().to_str().expect("a path")]);
}

/// The ids of the places of [`import`], and of the gatherings by external id.
pub struct Places {
    by_slug: HashMap<String, String>,
    pub gatherings: HashMap<String, String>,
}

impl Places {
    pub async fn find(service: &Service) -> Self {
        let network = service.network("weave").await;
        let mut by_slug = HashMap::from([("weave".to_owned(), network.clone())]);
        let query = "query ($within: ID!) { communities(within: $within, first: 100) { nodes { id slug } } }";
        let data = service.ask(query, json!({ "within": network })).await;
        for node in data["communities"]["nodes"].as_array().expect("communities") {
            by_slug.insert(text(&node["slug"]), text(&node["id"]));
        }
        let (mut gatherings, mut after) = (HashMap::new(), Value::Null);
        loop {
            let query = "query ($within: ID!, $after: String) { gatherings(within: $within, first: 100, after: $after) { \
                         nodes { id externalId } pageInfo { hasNextPage endCursor } } }";
            let mut data = service.ask(query, json!({ "within": network, "after": after })).await;
            for node in data["gatherings"]["nodes"].as_array().expect("gatherings") {
                gatherings.insert(text(&node["externalId"]), text(&node["id"]));
            }
            after = data["gatherings"]["pageInfo"]["endCursor"].take();
            if data["gatherings"]["pageInfo"]["hasNextPage"] == false {
                return Self { by_slug, gatherings };
            }
        }
    }

    pub fn id(&self, slug: &str) -> &str {
        &self.by_slug[slug]
    }
}
