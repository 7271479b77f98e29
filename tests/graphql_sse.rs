//! The reference client of graphql-sse against the service, which is stopped and killed meanwhile.

use std::process::Command;

use serde_json::{Value, json};

use crate::{
    databases::{Kind, with_database},
    live::{Writer, text, token, until},
    program::{Running, Service, convene, installed},
    weave::{Places, import},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reference_client_misses_nothing_when_the_service_stops_or_is_killed() {
    with_database(Kind::Sqlite, async |address| {
        import(&address, 6);
        let (folder, token) = (installed("tests/graphql-sse", &["follow.js"]), token(&address));
        let mut service = Service::start(&address);
        let (places, within) = (Places::find(&service).await, service.network("weave").await);
        let submit = async |service: &Service, n: usize| {
            let input = json!({ "gathering": places.gatherings[&format!("g-{n:04}")], "audience": "PUBLIC" });
            let payload = Writer::new(service, &token).done("submitGatheringReport", input, "report { id }").await;
            text(&payload["report"]["id"])
        };
        let mut command = Command::new("node");
        command.args(["follow.js", &format!("{}/graphql", service.url), &within, "6"]).current_dir(folder.path());
        let mut client = Running::start(command);
        client.line("checkpoint");
        let mut written = vec![submit(&service, 0).await, submit(&service, 1).await];
        client.line(&written[1]);

        let listen = service.url.trim_start_matches("http://").to_owned();
        for (signal, n) in [("KILL", 2), ("TERM", 4)] {
            service.program.signal(signal);
            service.program.end();
            service = Service::follow(Running::start(convene(&address, &["--listen", &listen])));
            written.push(submit(&service, n).await);
            client.line(&written[n]);
            written.push(submit(&service, n + 1).await);
            client.line(&written[n + 1]);
        }
        until("the client has ended", async || client.count("report") == written.len()).await;
        assert_eq!(client.end(), Some(0));
        let said: Vec<Value> =
            client.lines_with("{").iter().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
        assert_eq!(said[0], json!({ "networks": [{ "slug": "weave" }], "more": 0 }));
        assert_eq!(said[1], json!({ "refused": "GRAPHQL_VALIDATION_FAILED", "data": true }));
        let reports: Vec<&str> = said.iter().filter_map(|line| line["report"].as_str()).collect();
        assert_eq!(reports, written);
        let ended: Vec<&str> = said.iter().filter_map(|line| line["ended"].as_str()).collect();
        assert_eq!(ended, ["SHUTTING_DOWN"]);
    })
    .await;
}
