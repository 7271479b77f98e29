//! A real OIDC issuer, whose keys can change, and which signs what no issuer would.

use std::{fs, process::Command, sync::Arc};

use serde_json::{Value, json};

use crate::program::{Running, project};

/// The issuer in a folder of its own.
pub struct Issuer {
    pub program: Running,
    pub url: String,
    folder: Arc<tempfile::TempDir>,
}

impl Issuer {
    /// Starts an issuer on a free port.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in [".npmrc", "package.json", "package-lock.json", "provider.js"] {
            fs::copy(project("tests/oidc").join(name), folder.path().join(name)).expect("copies");
        }
        let output = Command::new("npm").arg("ci").current_dir(&folder).output();
        let output = output.expect("Node is here: run the tests with `cargo xtask test`");
        assert!(output.status.success(), "{output:?}");
        let folder = Arc::new(folder);
        let (program, url) = run(&folder, "0");
        Self { program, url, folder }
    }

    /// Starts another one, with keys of its own.
    pub fn another(&self) -> Self {
        let (program, url) = run(&self.folder, "0");
        Self { program, url, folder: Arc::clone(&self.folder) }
    }

    /// Starts it again where it was. Its keys are new.
    pub fn again(&mut self) {
        let port = self.url.rsplit(':').next().expect("a port").to_owned();
        (self.program, self.url) = run(&self.folder, &port);
    }

    /// Ends it.
    pub fn stop(&mut self) {
        self.program.signal("KILL");
        self.program.end();
    }

    /// A token as the issuer gives it.
    pub async fn token(&self, audience: &str, algorithm: &str, seconds: u64) -> String {
        let resource = format!("urn:{audience}:{algorithm}:{seconds}");
        let body = format!("grant_type=client_credentials&resource={resource}");
        let request = reqwest::Client::new().post(format!("{}/token", self.url)).basic_auth("field-team", Some("secret"));
        let answer = request.header("content-type", "application/x-www-form-urlencoded").body(body).send().await;
        let answer: Value = answer.expect("answers").json().await.expect("JSON");
        answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// A token as no issuer gives it, signed with the key for an algorithm; what the header does not say is right.
    pub async fn sign(&self, algorithm: &str, header: Value, claims: &Value) -> String {
        self.ask("sign", json!({ "alg": algorithm, "header": header, "claims": claims })).await
    }

    /// Changes all its keys.
    pub async fn rotate(&self) {
        self.ask("rotate", json!({})).await;
    }

    async fn ask(&self, what: &str, body: Value) -> String {
        let request = reqwest::Client::new().post(format!("{}/-/{what}", self.url)).json(&body);
        request.send().await.expect("answers").text().await.expect("text")
    }
}

fn run(folder: &tempfile::TempDir, port: &str) -> (Running, String) {
    let mut command = Command::new("node");
    command.args(["provider.js", port]).current_dir(folder.path());
    let program = Running::start(command);
    let url = program.line("issuer http://").trim_start_matches("issuer ").to_owned();
    (program, url)
}
