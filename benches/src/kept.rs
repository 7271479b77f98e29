//! The databases that hold the synthetic network: filled once, and kept for the next runs.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context, Result, bail};
use sea_orm::sqlx::{AssertSqlSafe, Connection, Executor, postgres::PgConnection};
use tokio::runtime::Runtime;

use crate::{
    network::{self, History},
    postgres::Postgres,
    process::convene,
};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    Postgres,
    Sqlite,
}

/// The databases, and the server of those that have one.
#[derive(Debug)]
pub(crate) struct Kept {
    folder: PathBuf,
    pub(crate) postgres: Postgres,
}

impl Kept {
    /// Finds what was kept beside the programs, and starts the server.
    pub(crate) fn open(fresh: bool) -> Result<Self> {
        let program = env::current_exe().context("cannot tell where this program is")?;
        let target = program.parent().and_then(Path::parent).context("this program is nowhere")?;
        let folder = target.join("bench-network");
        if fresh && folder.exists() {
            fs::remove_dir_all(&folder).context("cannot remove what was kept")?;
        }
        Ok(Self { postgres: Postgres::start(&folder.join("postgres"))?, folder })
    }

    /// The address of a database, which is filled if it is not yet.
    pub(crate) fn database(&self, kind: Kind, history: History) -> Result<String> {
        let mark = self.folder.join(format!("{kind:?}-{}-edition-{}", history.name, network::EDITION).to_lowercase());
        let url = match kind {
            Kind::Postgres => self.postgres.url(history.name),
            Kind::Sqlite => format!("sqlite://{}", self.folder.join(format!("{}.db", history.name)).display()),
        };
        if !mark.exists() {
            self.fill(kind, history, &url)?;
            fs::write(&mark, "").context("cannot note what was filled")?;
        }
        // Steps that have come since it was filled take longer than a server is given to start.
        run(command(&url)?.args(["migrate", "up"]))?;
        Ok(url)
    }

    fn fill(&self, kind: Kind, history: History, url: &str) -> Result<()> {
        let begun = Instant::now();
        let files = self.folder.join(format!("files-{}", history.name));
        network::write(&files, history)?;
        eprintln!("{} history on {kind:?}: files written after {:.0?}", history.name, begun.elapsed());
        match kind {
            Kind::Postgres => {
                let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", history.name);
                let create = format!("CREATE DATABASE {}", history.name);
                run_sql(&self.postgres.url("postgres"), &[drop, create])?;
            }
            Kind::Sqlite => {
                for end in ["", "-wal", "-shm"] {
                    let path = self.folder.join(format!("{}.db{end}", history.name));
                    if path.exists() {
                        fs::remove_file(path).context("cannot remove a database")?;
                    }
                }
            }
        }
        run(command(url)?.arg("import").arg(&files))?;
        eprintln!("{} history on {kind:?}: imported after {:.0?}", history.name, begun.elapsed());
        fs::remove_dir_all(files).context("cannot remove the files")?;
        if kind == Kind::Postgres {
            run_sql(url, &["VACUUM (ANALYZE)".to_owned(), "CHECKPOINT".to_owned()])?;
            eprintln!("{} history on {kind:?}: vacuumed after {:.0?}", history.name, begun.elapsed());
        }
        Ok(())
    }
}

/// Runs statements one by one.
pub(crate) fn run_sql(url: &str, statements: &[String]) -> Result<()> {
    Runtime::new()?.block_on(async {
        let mut connection = PgConnection::connect(url).await.context("cannot connect to Postgres")?;
        for statement in statements {
            connection.execute(AssertSqlSafe(statement.clone())).await.with_context(|| statement.clone())?;
        }
        Ok(connection.close().await?)
    })
}

/// A command of the service on a database, without what the environment says and without a settings file.
pub(crate) fn command(url: &str) -> Result<Command> {
    let mut command = Command::new(convene()?);
    for (name, _) in env::vars().filter(|(name, _)| name.starts_with("CONVENE_")) {
        command.env_remove(name);
    }
    command.env("DATABASE_URL", url).env_remove("REDIS_URL").current_dir(env::temp_dir());
    Ok(command)
}

/// Runs a command to its end and gives what it printed.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let output = command.output().context("cannot run a command")?;
    if !output.status.success() {
        bail!("{:?} ended with {}: {}", command.get_args(), output.status, String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8(output.stdout).context("what a command printed is no text")
}
