//! Running other programs so that none of them outlives us when we are told to stop.

use std::env;
use std::fmt;
use std::fs::File;
use std::io::{IsTerminal, Read, Seek, stdin};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Long enough to cost no processor time, short enough that nobody notices it.
const POLL: Duration = Duration::from_millis(20);

/// A signal asked us to stop. As an error it unwinds every guard on its way out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Interrupted(i32);

impl Interrupted {
    pub(crate) fn exit_code(self) -> ExitCode {
        ExitCode::from(u8::try_from(128 + self.0).unwrap_or(1))
    }
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stopped by signal {}", self.0)
    }
}

impl std::error::Error for Interrupted {}

/// Starts programs at the workspace's root, and hands them the signals that we get meanwhile.
#[derive(Debug)]
pub(crate) struct Runner {
    root: PathBuf,
    signals: Signals,
    interrupted: Option<Interrupted>,
}

impl Runner {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            root: workspace_root()?,
            signals: Signals::new([SIGHUP, SIGINT, SIGTERM]).context("cannot listen for signals")?,
            interrupted: None,
        })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// The cargo that started us, with these arguments.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let mut command = self.command(&cargo);
        command.args(arguments);
        command
    }

    /// Runs a command to its end, whatever that is.
    pub(crate) fn status(&mut self, command: &mut Command) -> Result<ExitStatus> {
        self.finish(command, None)
    }

    /// Runs a command which has to succeed.
    pub(crate) fn succeed(&mut self, command: &mut Command) -> Result<()> {
        let status = self.status(command)?;
        if !status.success() {
            bail!("`{}` ended with {status}", shown(command));
        }
        Ok(())
    }

    /// Runs a command which has to succeed, and returns what it printed.
    pub(crate) fn output(&mut self, command: &mut Command) -> Result<String> {
        // A file takes any amount of output while we wait; a pipe would fill and stall both sides.
        let mut file = tempfile::tempfile().context("cannot make a temporary file")?;
        command.stdout(file.try_clone()?);
        self.succeed(command)?;
        read_all(&mut file)
    }

    /// Whether a command succeeds in silence and in time: "is this tool here, and does it work?"
    pub(crate) fn works(&mut self, command: &mut Command, patience: Duration) -> Result<bool> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        match self.finish(command, Some(Instant::now() + patience)) {
            Ok(status) => Ok(status.success()),
            Err(error) if error.is::<Interrupted>() => Err(error),
            Err(_) => Ok(false),
        }
    }

    /// Waits a moment between two looks at something; fails when we were told to stop.
    pub(crate) fn pause(&mut self) -> Result<()> {
        self.heed(None)?;
        thread::sleep(POLL);
        Ok(())
    }

    fn finish(&mut self, command: &mut Command, deadline: Option<Instant>) -> Result<ExitStatus> {
        self.heed(None)?;
        // At a terminal the program stays in our process group: it may read what is typed, and the
        // terminal's own Ctrl-C reaches it. Elsewhere a group of its own lets a signal reach its
        // children too; a bare `cargo test` would leave them running.
        let own_group = !stdin().is_terminal();
        if own_group {
            command.process_group(0);
        }
        let mut child = command.spawn().with_context(|| format!("cannot start `{}`", shown(command)))?;
        let target = Target { pid: child.id(), own_group };
        loop {
            let heeded = self.heed(Some(target));
            if let Some(status) = child.try_wait().context("cannot wait for a program")? {
                return heeded.map(|()| status);
            }
            if deadline.is_some_and(|deadline| Instant::now() > deadline) {
                kill(&mut child)?;
                bail!("`{}` does not answer", shown(command));
            }
            thread::sleep(POLL);
        }
    }

    /// Takes note of pending signals and passes them on.
    fn heed(&mut self, target: Option<Target>) -> Result<()> {
        for signal in self.signals.pending() {
            self.interrupted = Some(Interrupted(signal));
            if let Some(target) = target {
                target.pass_on(signal)?;
            }
        }
        match self.interrupted {
            Some(interrupted) => Err(interrupted.into()),
            None => Ok(()),
        }
    }
}

#[derive(Clone, Copy)]
struct Target {
    pid: u32,
    own_group: bool,
}

impl Target {
    fn pass_on(self, signal: i32) -> Result<()> {
        // A terminal has already sent the others to its whole foreground group, and a second
        // request would make the test runner give up at once.
        if !self.own_group && signal != SIGTERM {
            return Ok(());
        }
        let group = if self.own_group { "-" } else { "" };
        // TERM whatever came to us: shells let their background commands ignore an interrupt.
        // The shell's own `kill`, because slim images have no program of that name.
        Command::new("sh")
            .args(["-c", r#"kill -s TERM -- "$1""#, "sh", &format!("{group}{}", self.pid)])
            .status()
            .context("cannot pass a signal on")?;
        Ok(())
    }
}

/// The exit code that a shell would report.
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// Everything in a file that other processes have written to.
pub(crate) fn read_all(file: &mut File) -> Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes).context("cannot read what a program printed")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn kill(child: &mut Child) -> Result<()> {
    child.kill().context("cannot end a program that does not answer")?;
    child.wait().context("cannot wait for a program")?;
    Ok(())
}

fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy()];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy()));
    words.join(" ")
}

/// Asked at run time, not when compiling: checkouts may share one target folder.
fn workspace_root() -> Result<PathBuf> {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    match manifest.as_deref().and_then(|folder| folder.ancestors().nth(2)) {
        Some(root) => Ok(root.to_path_buf()),
        None => env::current_dir().context("cannot tell the working directory"),
    }
}
