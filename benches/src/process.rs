//! The servers that are measured: how they are started, and what they cost.

use std::{
    env, fs,
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use nix::{
    sys::{
        resource::{Resource, getrlimit, setrlimit},
        time::TimeValLike,
    },
    time::{ClockId, clock_getcpuclockid, clock_gettime},
    unistd::Pid,
};
use tempfile::NamedTempFile;

const START_PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(5);

/// Lets this process, and those it starts, open as many files as the system allows.
pub(crate) fn open_many_files() -> Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most).context("cannot raise the limit of open files")
}

/// How many programs wanted to run at once in the last minute.
pub(crate) fn load() -> Result<f64> {
    let text = fs::read_to_string("/proc/loadavg").context("cannot tell the load")?;
    text.split(' ').next().unwrap_or_default().parse().context("the load is no number")
}

/// The `convene` that was built beside this program.
pub(crate) fn convene() -> Result<PathBuf> {
    let ours = env::current_exe().context("cannot tell where this program is")?;
    let path = ours.with_file_name("convene");
    if !path.is_file() {
        bail!("{} is not there: `cargo xtask bench` builds it", path.display());
    }
    Ok(path)
}

/// A server that is killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    log: NamedTempFile,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts a server and waits until it says where it serves.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let log = NamedTempFile::new().context("cannot make a temporary file")?;
        // A file takes any amount of output, and costs the server the same whether we read it or not.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log.reopen()?);
        let child = command.spawn().context("cannot start a server")?;
        let mut server = Self { child, log, address: SocketAddr::from(([0; 4], 0)) };
        let deadline = Instant::now() + START_PATIENCE;
        loop {
            let said = server.said()?;
            if let Some((_, rest)) = said.split_once("serving http://") {
                let address = rest.split('/').next().unwrap_or_default();
                server.address = address.parse().with_context(|| format!("{address:?} is no address"))?;
                return Ok(server);
            }
            if server.child.try_wait()?.is_some() || Instant::now() > deadline {
                bail!("a server did not start; it said:\n{said}");
            }
            thread::sleep(POLL);
        }
    }

    /// All that it has logged.
    pub(crate) fn said(&self) -> Result<String> {
        fs::read_to_string(self.log.path()).context("cannot read what a server said")
    }

    /// The processor time that it has used.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        cpu_of(i32::try_from(self.child.id())?)
    }

    /// The most memory that it has held so far, in bytes.
    pub(crate) fn most_memory(&self) -> Result<u64> {
        self.kilobytes("status", "VmHWM:").map(|kilobytes| kilobytes * 1_024)
    }

    /// The memory that it holds, in bytes.
    pub(crate) fn memory(&self) -> Result<u64> {
        self.kilobytes("smaps_rollup", "Rss:").map(|kilobytes| kilobytes * 1_024)
    }

    fn kilobytes(&self, file: &str, name: &str) -> Result<u64> {
        let path = format!("/proc/{}/{file}", self.child.id());
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let found = text.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB")?.parse().ok());
        found.with_context(|| format!("{path} says nothing of {name}"))
    }

    /// How many files and sockets it has open.
    pub(crate) fn files(&self) -> Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.child.id())).context("cannot list open files")?.count())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, and nothing of it is needed any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The processor time that a process has used.
pub(crate) fn cpu_of(process: i32) -> Result<Duration> {
    read(clock_getcpuclockid(Pid::from_raw(process))?)
}

/// The processor time that this program has used itself.
pub(crate) fn own_cpu() -> Result<Duration> {
    read(ClockId::CLOCK_PROCESS_CPUTIME_ID)
}

fn read(clock: ClockId) -> Result<Duration> {
    let time = clock_gettime(clock).context("cannot tell the processor time")?;
    Ok(Duration::from_nanos(u64::try_from(time.num_nanoseconds())?))
}
