//! The example client in TypeScript, built as its README says, while the service is killed and started again.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    databases::{Kind, with_database},
    program::{DEADLINE, Running, Service, convene, project, succeed},
};

/// A token with which reports can be handed in.
fn token(address: &str) -> String {
    let said = succeed(address, &["token", "create", "--name", "facilitator"]);
    said.split_whitespace().find(|word| word.starts_with("cvn_")).expect("a token").to_owned()
}

/// Hands in the report of a gathering and gives the cursor of that change.
async fn submit_report(service: &Service, token: &str, gathering: &str) -> String {
    let query = "mutation ($input: SubmitGatheringReportInput!) {
        submitGatheringReport(input: $input) { cursor userErrors { code message field } }
    }";
    let input = json!({ "idempotencyKey": gathering, "gathering": gathering, "attendance": 12 });
    let request = reqwest::Client::new().post(format!("{}/graphql", service.url)).bearer_auth(token);
    let request = request.json(&json!({ "query": query, "variables": { "input": input } }));
    let answer: Value = request.send().await.expect("answers").json().await.expect("JSON");
    let payload = &answer["data"]["submitGatheringReport"];
    assert_eq!(payload["userErrors"], json!([]), "{answer}");
    payload["cursor"].as_str().expect("a cursor").to_owned()
}

/// A network whose gatherings were held and wait for their reports.
fn import_gatherings(address: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).expect("writes");
    write("networks.csv", "slug,name\ncare,Care\n".to_owned());
    write("communities.csv", "slug,name,level,network_slug\nharbour,Harbour,CITY,care\n".to_owned());
    let gatherings: String = (1..=6).map(|n| format!("g{n},harbour,Gathering {n},2026-03-0{n},HELD\n")).collect();
    write("gatherings.csv", format!("external_id,community_slug,title,starts_at,status\n{gatherings}"));
    succeed(address, &["import", folder.path().to_str().expect("a path")]);
}

/// The ids of the gatherings, by their titles.
async fn gatherings(service: &Service, within: &str) -> Vec<String> {
    let query = "query ($within: ID!) { gatherings(within: $within) { nodes { id title } } }";
    let data = service.ask(query, json!({ "within": within })).await;
    let nodes = data["gatherings"]["nodes"].as_array().expect("a list");
    let by_title: BTreeMap<_, _> = nodes.iter().map(|node| (node["title"].as_str(), node["id"].as_str())).collect();
    by_title.into_values().map(|id| id.expect("an id").to_owned()).collect()
}

/// Builds a copy of the example and gives the folder.
fn build() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in [".npmrc", "package.json", "package-lock.json", "tsconfig.json", "follow.ts"] {
        fs::copy(project("examples/typescript").join(name), folder.path().join(name)).expect("copies");
    }
    for words in [["npm", "ci"], ["npx", "tsc"]] {
        let output = Command::new(words[0]).arg(words[1]).current_dir(&folder).output();
        let output = output.expect("Node is here: run the tests with `cargo xtask test`");
        assert!(output.status.success(), "{words:?}: {output:?}");
    }
    folder
}

/// The built client, whose lines go to a file.
struct Client {
    program: Running,
    lines: PathBuf,
}

impl Client {
    /// Follows as the holder of the token: a cursor is good for the rights that it was read under.
    fn start(folder: &Path, service: &Service, token: &str, within: &str, after: &str) -> Self {
        let lines = folder.join("lines");
        let mut command = Command::new("sh");
        command.args(["-c", r#"exec node dist/follow.js "$@" >lines"#, "sh"]).current_dir(folder).env("CONVENE_TOKEN", token);
        command.args([&format!("{}/graphql", service.url.replace("http:", "ws:")), within, after]);
        Self { program: Running::start(command), lines }
    }

    fn said(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.lines).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    async fn wait_for(&self, title: &str) {
        let began = Instant::now();
        while !self.said().iter().any(|line| line["title"] == title) {
            assert!(began.elapsed() < DEADLINE, "the client never said {title}: {:?}", self.said());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_client_loses_nothing_and_repeats_nothing_when_the_service_is_killed() {
    with_database(Kind::Sqlite, |address| async move {
        import_gatherings(&address);
        let (folder, token) = (build(), token(&address));
        let mut service = Service::start(&address);
        let within = service.network("care").await;
        let gatherings = gatherings(&service, &within).await;
        let before = submit_report(&service, &token, &gatherings[0]).await;
        let mut client = Client::start(folder.path(), &service, &token, &within, &before);
        for gathering in &gatherings[1..3] {
            submit_report(&service, &token, gathering).await;
        }
        client.wait_for("Gathering 3").await;

        service.program.signal("KILL");
        service.program.end();
        let listen = service.url.trim_start_matches("http://").to_owned();
        let service = Service::follow(Running::start(convene(&address, &["--listen", &listen])));
        for gathering in &gatherings[3..] {
            submit_report(&service, &token, gathering).await;
        }
        client.wait_for("Gathering 6").await;

        client.program.signal("TERM");
        assert_eq!(client.program.end(), Some(0));
        let mut said = client.said();
        let last = said.pop().expect("a last line");
        assert!(last["cursor"].is_string(), "{last}");
        let titles: Vec<&str> = said.iter().map(|line| line["title"].as_str().unwrap_or("none")).collect();
        assert_eq!(titles, ["Gathering 2", "Gathering 3", "Gathering 4", "Gathering 5", "Gathering 6"]);
    })
    .await;
}
