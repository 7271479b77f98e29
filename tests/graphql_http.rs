//! The audits of the reference implementation of GraphQL over HTTP, on the service as it is in production, but for queries with GET.

use std::process::Command;

use serde_json::Value;

use crate::{
    databases::{Kind, with_database},
    program::{Service, installed},
};

/// How many audits there are in the version that is pinned.
const AUDITS: usize = 61;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_audit_of_the_reference_implementation_passes() {
    with_database(Kind::Sqlite, async |address| {
        let service = Service::start_with(&address, &["--get-queries=true"]);
        let folder = installed("tests/graphql-http", &["audit.js"]);
        let url = format!("{}/graphql", service.url);
        let output = Command::new("node").args(["audit.js", &url]).current_dir(folder.path()).output().expect("runs");
        assert!(output.status.success(), "{output:?}");
        let lines = String::from_utf8(output.stdout).expect("text");
        let audits: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
        let failed: Vec<&Value> = audits.iter().filter(|audit| audit["status"] != "ok").collect();
        assert_eq!(failed, Vec::<&Value>::new());
        assert_eq!(audits.len(), AUDITS);
    })
    .await;
}
