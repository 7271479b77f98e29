//! Postgres and Redis of one test alone, which it may kill, freeze and start again.

use std::{
    fs,
    net::TcpListener,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use convene_persistence::Database;

use crate::{live::until, program::signal};

/// A server of a test. It ends with it.
pub struct Server {
    kind: &'static Kind,
    programs: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
    child: Child,
}

/// What has to be known of a server.
struct Kind {
    program: &'static str,
    /// Who runs it when we are root.
    user: &'static str,
    arguments: fn(port: u16) -> Vec<String>,
}

const POSTGRES: Kind = Kind {
    program: "postgres",
    user: "postgres",
    arguments: |port| {
        let settings = [
            "-D".to_owned(),
            "data".to_owned(),
            format!("-cport={port}"),
            "-clisten_addresses=127.0.0.1".to_owned(),
            "-cunix_socket_directories=".to_owned(),
        ];
        settings.into()
    },
};

const REDIS: Kind = Kind {
    program: "redis-server",
    user: "redis",
    arguments: |port| format!("--bind 127.0.0.1 --port {port} --save --appendonly no").split(' ').map(str::to_owned).collect(),
};

impl Server {
    /// A new Postgres with an empty database.
    pub async fn postgres() -> Self {
        let (programs, folder) = (programs(&POSTGRES), home(&POSTGRES));
        let mut making = command(&POSTGRES, &programs.join("initdb"), folder.path());
        making.args("--pgdata=data --username=postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync".split(' '));
        assert!(making.status().expect("runs").success(), "initdb");
        let server = Self::start(&POSTGRES, programs, folder);
        server.ready().await;
        server
    }

    /// A new Redis.
    pub async fn redis() -> Self {
        let server = Self::start(&REDIS, programs(&REDIS), home(&REDIS));
        server.ready().await;
        server
    }

    fn start(kind: &'static Kind, programs: PathBuf, folder: tempfile::TempDir) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
        let child = launch(kind, &programs, folder.path(), port);
        Self { kind, programs, folder, port, child }
    }

    /// Its host and port.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its database.
    pub fn database(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.address())
    }

    /// Kills it with all that it has started.
    pub fn kill(&mut self) {
        let pid = self.child.id();
        // Some systems do not tell; then its children notice by themselves.
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        signal("KILL", &pid.to_string());
        for child in children.split_whitespace() {
            signal("KILL", child);
        }
        self.child.wait().expect("ends");
    }

    /// Starts it again, after it was killed.
    pub async fn revive(&mut self) {
        self.child = launch(self.kind, &self.programs, self.folder.path(), self.port);
        self.ready().await;
    }

    /// Stops it from doing anything, and lets it go on.
    pub fn freeze(&self, frozen: bool) {
        signal(if frozen { "STOP" } else { "CONT" }, &self.child.id().to_string());
    }

    /// Makes a Redis forget everything, and throws all out who use it.
    pub async fn flush(&self) {
        let client = redis::Client::open(format!("redis://{}", self.address())).expect("an address");
        let mut direct = client.get_multiplexed_async_connection().await.expect("connects");
        redis::cmd("FLUSHALL").query_async::<()>(&mut direct).await.expect("flushes");
        for kind in ["pubsub", "normal"] {
            let mut kill = redis::cmd("CLIENT");
            kill.arg("KILL").arg("TYPE").arg(kind).arg("SKIPME").arg("yes");
            kill.query_async::<()>(&mut direct).await.expect("throws out");
        }
    }

    async fn ready(&self) {
        let database = self.database();
        until("the server is ready", async || {
            if self.kind.program == REDIS.program {
                let client = redis::Client::open(format!("redis://{}", self.address())).expect("an address");
                return client.get_multiplexed_async_connection().await.is_ok();
            }
            match tokio::time::timeout(Duration::from_secs(2), Database::connect_once(&database)).await {
                Ok(Ok(connection)) => connection.close().await.is_ok(),
                _ => false,
            }
        })
        .await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.freeze(false);
        // Postgres takes its children with it.
        signal(if self.kind.program == POSTGRES.program { "QUIT" } else { "KILL" }, &self.child.id().to_string());
        let _ = self.child.wait();
    }
}

fn launch(kind: &Kind, programs: &Path, folder: &Path, port: u16) -> Child {
    command(kind, &programs.join(kind.program), folder).args((kind.arguments)(port)).spawn().expect("starts")
}

fn command(kind: &Kind, program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Postgres refuses to run as root, and no server needs to.
    if let Some((user, group)) = user(kind) {
        command.uid(user).gid(group);
    }
    command
}

/// A folder in which the server can write.
fn home(kind: &Kind) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    if let Some((user, group)) = user(kind) {
        chown(folder.path(), Some(user), Some(group)).expect("is given away");
    }
    folder
}

/// Who is to run a server; nobody else when we are not root.
fn user(kind: &Kind) -> Option<(u32, u32)> {
    let id = |words: &[&str]| -> Option<u32> {
        let output = Command::new("id").args(words).stderr(Stdio::null()).output().expect("runs");
        String::from_utf8(output.stdout).expect("text").trim().parse().ok()
    };
    if id(&["-u"]) != Some(0) {
        return None;
    }
    // Whoever brought the programs without a package has not made the package's user either.
    [kind.user, "nobody"].iter().find_map(|user| Some((id(&["-u", user])?, id(&["-g", user])?)))
}

/// The folder of the programs: in PATH, or where Debian keeps those of Postgres.
fn programs(kind: &Kind) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let found = std::env::split_paths(&path).chain(versions).find(|folder| folder.join(kind.program).is_file());
    found.unwrap_or_else(|| {
        panic!("no {} to test with: install it, on Debian the packages postgresql and redis-server", kind.program)
    })
}
