//! The demo, as a new user runs it.

use serde_json::Value;

use crate::program::{Running, Service, convene};

/// Sends what the demo printed after `--data`, with the header that it printed, as the shell would.
async fn paste(service: &Service, command: &str) -> Value {
    let between = |from: &str, to: &str| command.split(from).nth(1).and_then(|rest| rest.split(to).next());
    let body = between("--data '", "'").expect("a body").to_owned();
    let mut request = reqwest::Client::new().post(format!("{}/graphql", service.url)).header("content-type", "application/json");
    if let Some(token) = between("authorization: Bearer ", "'") {
        request = request.bearer_auth(token);
    }
    request.body(body).send().await.expect("answers").json().await.expect("JSON")
}

#[tokio::test]
async fn what_is_printed_works_when_it_is_pasted_and_the_demo_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = convene("sqlite://unused.db", &["demo", "--listen", "127.0.0.1:0"]);
    command.env("TMPDIR", folder.path());
    let mut service = Service::follow(Running::start(command));
    service.program.line("Ctrl-C ends the demo");

    let answer = paste(&service, &service.program.line("curl")).await;
    let nations = answer["data"]["networks"]["nodes"][0]["communities"]["nodes"].as_array().expect("nations");
    assert_eq!(nations.len(), 4, "{answer}");
    assert!(
        nations.iter().all(|nation| nation["gatheringReports"]["nodes"].as_array().is_some_and(|reports| !reports.is_empty()))
    );

    // The printed command follows; the printed mutation arrives there, and so does what happens by itself.
    let follow = service.program.line(" subscribe ");
    let arguments: Vec<&str> = follow.split(" subscribe ").nth(1).expect("arguments").split(' ').collect();
    let terminal = Running::start(convene("sqlite://unused.db", &[&["subscribe"], arguments.as_slice()].concat()));
    terminal.line("following Mending Table");
    let answer = paste(&service, &service.program.line("submitGatheringReport")).await;
    let payload = &answer["data"]["submitGatheringReport"];
    assert_eq!(
        (payload["report"]["status"].as_str(), &payload["userErrors"]),
        (Some("SUBMITTED"), &serde_json::json!([])),
        "{answer}"
    );
    terminal.line("Evening circle: yours to report");
    terminal.line("AMENDED");
    let again = paste(&service, &service.program.line("submitGatheringReport")).await;
    assert_eq!(again["data"]["submitGatheringReport"]["report"]["id"], payload["report"]["id"], "the same key, the same report");

    let page = reqwest::get(format!("{}/graphiql", service.url)).await.expect("answers");
    assert_eq!(page.status(), 200);

    service.program.signal("INT");
    assert_eq!(service.program.end(), Some(0));
    assert_eq!(std::fs::read_dir(folder.path()).expect("reads").count(), 0);
}
