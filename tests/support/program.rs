//! The built program: one command, or a service that is asked over HTTP.

use std::{
    cell::RefCell,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    time::Duration,
};

use serde_json::{Value, json};

use crate::planted;

/// How long to wait for anything. Long, because it is only reached when something is broken.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// A command of the program on a database, without what the environment says.
pub fn convene(address: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_convene"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CONVENE_")) {
        command.env_remove(name);
    }
    // A folder without a convene.toml.
    command.current_dir(std::env::temp_dir()).env("DATABASE_URL", address).env_remove("REDIS_URL").args(arguments);
    command
}

/// The host and port of the Redis that the test command found.
pub fn redis_address() -> String {
    let url =
        std::env::var("CONVENE_TEST_REDIS_URL").expect("CONVENE_TEST_REDIS_URL is set: run the tests with `cargo xtask test`");
    url.trim_start_matches("redis://").split('/').next().expect("an address").to_owned()
}

/// Runs a command to its end.
pub fn run(address: &str, arguments: &[&str]) -> Output {
    convene(address, arguments).output().expect("runs")
}

/// Runs a command that has to succeed and gives what it printed.
pub fn succeed(address: &str, arguments: &[&str]) -> String {
    let output = run(address, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// A folder of the project.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// A copy of a folder of the project, with the npm packages that its lock file names.
pub fn installed(folder: &str, files: &[&str]) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a folder");
    for name in [".npmrc", "package.json", "package-lock.json"].iter().chain(files) {
        std::fs::copy(project(folder).join(name), copy.path().join(name)).expect("copies");
    }
    let output = Command::new("npm").arg("ci").current_dir(&copy).output();
    let output = output.expect("Node is here: run the tests with `cargo xtask test`");
    assert!(output.status.success(), "{output:?}");
    copy
}

/// A running program that is killed when the test ends, and whose lines can be waited for.
pub struct Running {
    pub child: Child,
    lines: mpsc::Receiver<String>,
    /// What was read while another line was waited for: the two outputs come in no order.
    seen: RefCell<Vec<String>>,
}

impl Running {
    /// Starts a command. Lines of both outputs can be waited for.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        let (send, lines) = mpsc::channel();
        let outputs: [Box<dyn std::io::Read + Send>; 2] =
            [Box::new(child.stdout.take().expect("an output")), Box::new(child.stderr.take().expect("an output"))];
        for output in outputs {
            let send = send.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    // The test has seen enough when nobody receives any more.
                    let _ = send.send(line);
                }
            });
        }
        Self { child, lines, seen: RefCell::default() }
    }

    /// Waits for a line that contains the text, or finds it among those that were read before.
    pub fn line(&self, text: &str) -> String {
        if let Some(line) = self.seen.borrow().iter().find(|line| line.contains(text)) {
            return line.clone();
        }
        loop {
            let line = self.lines.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("the program never said {text:?}"));
            self.seen.borrow_mut().push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    /// How many lines there were so far that contain the text.
    pub fn count(&self, text: &str) -> usize {
        self.lines_with(text).len()
    }

    /// The lines so far that contain the text.
    pub fn lines_with(&self, text: &str) -> Vec<String> {
        let mut seen = self.seen.borrow_mut();
        seen.extend(self.lines.try_iter());
        seen.iter().filter(|line| line.contains(text)).cloned().collect()
    }

    /// Looks whether words that this test wrote are among all that the program has said. It must have ended.
    pub fn check_words(&mut self) {
        let mut seen = self.seen.borrow_mut();
        // Those who read the outputs end with them.
        while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(5)) {
            seen.push(line);
        }
        for line in &*seen {
            assert_eq!(planted::found_in(line), None, "a line of the log says what someone wrote: {line}");
        }
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        assert!(signal(name, &self.child.id().to_string()));
    }

    /// Waits for the end and gives the exit code; none when a signal ended it.
    pub fn end(&mut self) -> Option<i32> {
        self.child.wait().expect("ends").code()
    }
}

/// Sends a signal by its name to a process, and says whether there was one.
pub fn signal(name: &str, process: &str) -> bool {
    let status = Command::new("kill").args([&format!("-{name}"), process]).stderr(Stdio::null()).status();
    status.expect("runs").success()
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            self.check_words();
        }
    }
}

/// A service on a free port.
pub struct Service {
    pub program: Running,
    pub url: String,
    client: reqwest::Client,
}

impl Service {
    /// Starts the service on a database.
    pub fn start(address: &str) -> Self {
        Self::follow(Running::start(convene(address, &["--listen", "127.0.0.1:0"])))
    }

    /// Starts the service on a database, with settings of its own.
    pub fn start_with(address: &str, settings: &[&str]) -> Self {
        Self::follow(Running::start(convene(address, &[&["--listen", "127.0.0.1:0"], settings].concat())))
    }

    /// Takes a program that is about to serve.
    pub fn follow(program: Running) -> Self {
        let line = program.line("serving http://");
        let from = line.find("http://").expect("an address");
        let url = line[from..].split("/graphql").next().expect("an address").to_owned();
        Self { program, url, client: reqwest::Client::new() }
    }

    /// Asks a query and gives the whole answer.
    pub async fn answer(&self, query: &str, variables: Value) -> Value {
        let request = self.client.post(format!("{}/graphql", self.url)).json(&json!({ "query": query, "variables": variables }));
        request.send().await.expect("answers").json().await.expect("JSON")
    }

    /// Asks with a token what has to succeed, and gives its data.
    pub async fn ask_as(&self, token: &str, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables });
        let request = self.client.post(format!("{}/graphql", self.url)).bearer_auth(token).json(&body);
        let mut answer: Value = request.send().await.expect("answers").json().await.expect("JSON");
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
        answer["data"].take()
    }

    /// Asks a query that has to succeed and gives its data.
    pub async fn ask(&self, query: &str, variables: Value) -> Value {
        let mut answer = self.answer(query, variables).await;
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
        answer["data"].take()
    }

    /// The identity of the network with this slug.
    pub async fn network(&self, slug: &str) -> String {
        let data = self.ask("query ($slug: String!) { networkBySlug(slug: $slug) { id } }", json!({ "slug": slug })).await;
        data["networkBySlug"]["id"].as_str().expect("an id").to_owned()
    }

    /// How many entries a list has under a network or community.
    pub async fn count(&self, list: &str, filter_type: &str, within: &str, filter: Value) -> u64 {
        let query = format!(
            "query ($within: ID!, $filter: {filter_type}) {{ list: {list}(within: $within, filter: $filter) {{ totalCount }} }}"
        );
        let data = self.ask(&query, json!({ "within": within, "filter": filter })).await;
        data["list"]["totalCount"].as_u64().expect("a count")
    }

    /// How many gatherings pass a filter.
    pub async fn gatherings(&self, within: &str, filter: Value) -> u64 {
        self.count("gatherings", "GatheringFilter", within, filter).await
    }

    /// How many communities pass a filter.
    pub async fn communities(&self, within: &str, filter: Value) -> u64 {
        self.count("communities", "CommunityFilter", within, filter).await
    }
}
