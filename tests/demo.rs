//! The demo, as a new user runs it.

use crate::program::{Running, Service, convene};

#[tokio::test]
async fn the_printed_query_answers_and_the_demo_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = convene("sqlite://unused.db", &["demo", "--listen", "127.0.0.1:0"]);
    command.env("TMPDIR", folder.path());
    let mut service = Service::follow(Running::start(command));
    let pasted = service.program.line("curl");
    let from = pasted.find("{\"query\"").expect("a query");
    let body = pasted[from..].trim_end_matches('\'').to_owned();
    let request =
        reqwest::Client::new().post(format!("{}/graphql", service.url)).header("content-type", "application/json").body(body);
    let answer: serde_json::Value = request.send().await.expect("answers").json().await.expect("JSON");
    let nations = answer["data"]["networks"]["nodes"][0]["communities"]["nodes"].as_array().expect("nations");
    assert_eq!(nations.len(), 4, "{answer}");
    assert!(
        nations.iter().all(|nation| nation["gatheringReports"]["nodes"].as_array().is_some_and(|reports| !reports.is_empty()))
    );
    service.program.signal("INT");
    assert_eq!(service.program.end(), Some(0));
    assert_eq!(std::fs::read_dir(folder.path()).expect("reads").count(), 0);
}
