//! A Postgres of our own whose data are kept between runs, because filling it takes minutes.

use std::{
    collections::HashMap,
    env, fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::process::cpu_of;

const PATIENCE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(50);

/// A shell that ends the server once our end of its input is closed: when we drop it, and just as well when we are killed.
/// What is made half is not taken for a whole.
const GUARD: &str = r#"
cd "$DIR" || exit
if [ ! -d data ]; then
  rm -rf new
  "$BIN/initdb" --pgdata=new --username=postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-instructions || exit
  mv new data
fi
exec 3<&0
"$BIN/postgres" -D data -p "$PORT" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=100 \
  -c shared_buffers=1GB -c max_wal_size=4GB -c autovacuum=off 3<&- </dev/null &
server=$!
read -r line <&3
kill -s INT "$server"
wait "$server"
"#;

/// A running server. What nobody asked for does not run on it: tables are vacuumed once they are filled, and not while
/// something is measured.
#[derive(Debug)]
pub(crate) struct Postgres {
    guard: Child,
    folder: PathBuf,
    port: u16,
}

impl Postgres {
    /// Starts the server whose data are in a folder, which is made if it is not there.
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?.local_addr()?.port();
        let log = fs::File::create(folder.join("log")).context("cannot write a log")?;
        let mut guard = Command::new("sh");
        guard.args(["-c", GUARD]).env("BIN", programs()?).env("DIR", folder).env("PORT", port.to_string());
        guard.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log).process_group(0);
        give_up_root(&mut guard, folder)?;
        let server = Self { guard: guard.spawn().context("cannot start a shell")?, folder: folder.to_owned(), port };
        server.wait()?;
        Ok(server)
    }

    /// The address of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// The processor time that each of its processes has used.
    pub(crate) fn cpu(&self) -> Result<HashMap<i32, Duration>> {
        let pid = fs::read_to_string(self.folder.join("data/postmaster.pid")).context("Postgres is not running")?;
        let parent: i32 = pid.lines().next().unwrap_or_default().parse().context("no process id")?;
        let mut used = HashMap::from([(parent, cpu_of(parent)?)]);
        for entry in fs::read_dir("/proc").context("cannot list processes")?.flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            // Processes come and go while they are listed.
            let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
            let of = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<i32>().ok());
            if of == Some(parent)
                && let Ok(cpu) = cpu_of(pid)
            {
                used.insert(pid, cpu);
            }
        }
        Ok(used)
    }

    /// The processor time that all of its processes have used since then.
    pub(crate) fn cpu_since(&self, before: &HashMap<i32, Duration>) -> Result<Duration> {
        let now = self.cpu()?;
        Ok(now.iter().map(|(pid, cpu)| cpu.saturating_sub(before.get(pid).copied().unwrap_or_default())).sum())
    }

    fn wait(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        // Its process file has the port in the fourth line and says "ready" in the eighth.
        let is_ready = || {
            let text = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap_or_default();
            let mut lines = text.lines();
            lines.nth(3).is_some_and(|port| port == self.port.to_string())
                && lines.nth(3).is_some_and(|state| state.trim() == "ready")
                && TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok()
        };
        while !is_ready() {
            if Instant::now() > deadline {
                bail!("Postgres did not start: see {}", self.folder.join("log").display());
            }
            thread::sleep(POLL);
        }
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // It writes down what it has in memory first.
        let _ = self.guard.wait();
    }
}

/// Where the programs of the newest Postgres are. Debian keeps them out of PATH.
fn programs() -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = versions.map(|entry| entry.path()).collect();
    let number = |folder: &PathBuf| folder.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    versions.sort_by_key(number);
    let folders = env::split_paths(&path).chain(versions.iter().rev().map(|folder| folder.join("bin")));
    let mut found = folders.filter(|folder| ["initdb", "postgres"].iter().all(|program| folder.join(program).is_file()));
    found.next().context("reads are measured with a Postgres that is installed here: its initdb and postgres are not in PATH")
}

/// Postgres refuses to run as root.
fn give_up_root(guard: &mut Command, folder: &Path) -> Result<()> {
    let id = |words: &[&str]| {
        let output = Command::new("id").args(words).output().context("cannot run id")?;
        let text = String::from_utf8_lossy(&output.stdout).trim().parse::<u32>();
        text.with_context(|| format!("id {} says nothing", words.join(" ")))
    };
    if id(&["-u"])? != 0 {
        return Ok(());
    }
    let user = if id(&["-u", "postgres"]).is_ok() { "postgres" } else { "nobody" };
    let (uid, gid) = (id(&["-u", user])?, id(&["-g", user])?);
    std::os::unix::fs::chown(folder, Some(uid), Some(gid)).context("cannot give the folder away")?;
    guard.uid(uid).gid(gid);
    Ok(())
}
