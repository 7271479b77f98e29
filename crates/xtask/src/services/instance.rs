//! One private server, and the guard that ends it.

use std::env;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use uuid::Uuid;

use super::catalogue::Kind;
use super::find::Source;
use crate::machine::id;
use crate::runner::{Runner, read_all};

const START_PATIENCE: Duration = Duration::from_secs(90);
/// More than the guard takes until it uses force.
const STOP_PATIENCE: Duration = Duration::from_secs(60);
const PROBE_PATIENCE: Duration = Duration::from_secs(1);
/// A free port may be taken between our look at it and the server's start.
const ATTEMPTS: usize = 3;

/// A shell that starts the server and waits for our end of its input to close. That happens when
/// we drop it, and just as well when we are killed: there is one way to clean up, not two.
/// Stopping repeats, because a server that is only just starting may miss the first request; but
/// not for ever, because a container engine may have died.
const GUARD: &str = r#"
exec 3<&0 </dev/null
DIR=$(mktemp -d "$TEMPLATE") || exit
( exec 3<&-
  cd "$DIR" || exit
  {start} ) &
service=$!
( read -r line <&3
  tries=0
  while [ "$tries" -lt 300 ] && kill -s 0 "$service"; do
    {stop}
    tries=$((tries + 1))
    sleep 0.1
  done
  [ "$tries" -lt 300 ] || kill -s KILL "$service" ) >/dev/null 2>&1 &
watch=$!
exec 3<&-
wait "$service"
kill "$watch" 2>/dev/null
rm -rf -- "$DIR"
"#;
const PREFIX: &str = "convene-test-";
const STOP_CONTAINER: &str = r#""$ENGINE" rm --force --volumes "$NAME""#;

#[derive(Debug)]
pub(crate) struct Instance {
    guard: Child,
    log: File,
    port: u16,
    url: String,
}

impl Instance {
    /// Starts a server and waits until it takes commands.
    pub(crate) fn start(kind: &Kind, source: &Source, runner: &mut Runner) -> Result<Self> {
        let mut attempt = 1;
        loop {
            let mut instance = Self::launch(kind, source, runner)?;
            if instance.wait_until_ready(kind, runner)? {
                return Ok(instance);
            }
            let log = read_all(&mut instance.log)?;
            let port_taken = log.contains("already in use") || log.contains("already allocated");
            if !port_taken || attempt == ATTEMPTS {
                bail!("it said:\n{log}");
            }
            attempt += 1;
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn launch(kind: &Kind, source: &Source, runner: &mut Runner) -> Result<Self> {
        let log = tempfile::tempfile()?;
        let port = free_port()?;
        let password = Uuid::new_v4().simple().to_string();
        let mut guard = Command::new("sh");
        match source {
            Source::Given => bail!("a given server is not ours to start"),
            Source::Container(engine) => {
                let name = format!("{PREFIX}{}", Uuid::new_v4().simple());
                guard.arg("-c").arg(script(kind.in_container, STOP_CONTAINER));
                guard.env("ENGINE", engine).env("NAME", name);
            }
            Source::Local(programs) => {
                guard.arg("-c").arg(script(kind.local, kind.stop)).env("BIN", programs);
                give_up_root(&mut guard, kind.user, runner)?;
            }
        }
        guard
            .env("TEMPLATE", env::temp_dir().join(format!("{PREFIX}XXXXXX")))
            .env("PORT", port.to_string())
            .env("PASSWORD", &password)
            // Ours may be closed to the user that the server runs as.
            .current_dir("/")
            // Ctrl-C is for us alone: we end the servers after the tests, not with them.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?);
        let guard = guard.spawn().context("cannot start a shell")?;
        let url = kind.url.replace("{password}", &password).replace("{port}", &port.to_string());
        Ok(Self { guard, log, port, url })
    }

    /// False when the server ended instead.
    fn wait_until_ready(&mut self, kind: &Kind, runner: &mut Runner) -> Result<bool> {
        let deadline = Instant::now() + START_PATIENCE;
        while Instant::now() < deadline {
            if self.guard.try_wait()?.is_some() {
                return Ok(false);
            }
            if answers(self.port, kind).unwrap_or(false) {
                return Ok(true);
            }
            runner.pause()?;
        }
        bail!("not ready after {START_PATIENCE:?}; it said:\n{}", read_all(&mut self.log)?)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let deadline = Instant::now() + STOP_PATIENCE;
        while !matches!(self.guard.try_wait(), Ok(Some(_)) | Err(_)) {
            if Instant::now() > deadline {
                eprintln!("the server on port {} does not stop", self.port);
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn script(start: &str, stop: &str) -> String {
    GUARD.replace("{start}", start).replace("{stop}", stop)
}

/// Postgres refuses to run as root, and no server needs to.
fn give_up_root(guard: &mut Command, user: &str, runner: &mut Runner) -> Result<()> {
    if id(&["-u"], runner)? != 0 {
        return Ok(());
    }
    // Whoever brought the programs without a package has not made the package's user either.
    let known = |user, runner: &mut Runner| {
        let mut command = runner.command("id");
        runner.works(command.arg(user), Duration::from_secs(5))
    };
    let user = if known(user, runner)? { user } else { "nobody" };
    let (uid, gid) = (id(&["-u", user], runner)?, id(&["-g", user], runner)?);
    guard.uid(uid).gid(gid);
    Ok(())
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

fn answers(port: u16, kind: &Kind) -> std::io::Result<bool> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, PROBE_PATIENCE)?;
    stream.set_read_timeout(Some(PROBE_PATIENCE))?;
    stream.write_all(kind.probe)?;
    let mut answer = [0];
    stream.read_exact(&mut answer)?;
    Ok(answer == [kind.answer])
}
