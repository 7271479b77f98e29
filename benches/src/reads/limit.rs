//! The limit to compare with: one prepared statement over the best tables, run by this program over as many connections.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use futures::future::try_join_all;
use sea_orm::sqlx::{AssertSqlSafe, Connection, postgres::PgConnection, query};
use tokio::runtime::Builder;
use uuid::Uuid;

use super::load::{Cpu, Load};
use crate::{postgres::Postgres, process::own_cpu};

const WARM_UP: Duration = Duration::from_millis(200);

/// A value of a statement.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Id(Uuid),
    Ids(Vec<Uuid>),
    Number(i64),
    Month(i32),
    Text(String),
    /// An id that nobody has yet.
    New,
}

/// A statement, and the values it is run with in turn.
#[derive(Debug, Clone)]
pub(super) struct Limit {
    pub(super) sql: String,
    pub(super) values: Vec<Vec<Value>>,
}

/// Runs the statement as fast as it goes.
pub(super) fn run(postgres: &Postgres, url: &str, limit: &Limit, connections: usize, duration: Duration) -> Result<Load> {
    let runtime = Builder::new_current_thread().enable_all().build().context("cannot start the runtime")?;
    runtime.block_on(async {
        let connecting = (0..connections).map(|_| PgConnection::connect(url));
        let mut open = try_join_all(connecting).await.context("cannot connect to Postgres")?;
        let (turn, done, measured) = (Cell::new(0_usize), Cell::new(0_u64), Cell::new(None));
        let begun = Instant::now();
        let (before, own) = (Cell::new(None), Cell::new(Duration::ZERO));
        let each = open.iter_mut().map(async |connection| {
            while begun.elapsed() < WARM_UP + duration {
                let values = &limit.values[turn.replace(turn.get() + 1) % limit.values.len()];
                let mut statement = query(AssertSqlSafe(limit.sql.clone()));
                for value in values {
                    statement = match value {
                        Value::Id(id) => statement.bind(id),
                        Value::Ids(ids) => statement.bind(ids),
                        Value::Number(number) => statement.bind(number),
                        Value::Month(month) => statement.bind(month),
                        Value::Text(text) => statement.bind(text),
                        Value::New => statement.bind(Uuid::now_v7()),
                    };
                }
                statement.fetch_all(&mut *connection).await.with_context(|| limit.sql.clone())?;
                done.set(done.get() + 1);
                if measured.get().is_none() && begun.elapsed() > WARM_UP {
                    before.set(Some(postgres.cpu()?));
                    own.set(own_cpu()?);
                    measured.set(Some((done.get(), Instant::now())));
                }
            }
            Result::<()>::Ok(())
        });
        try_join_all(each).await?;
        let Some((first, since)) = measured.get() else { bail!("the limit's statement takes too long") };
        let (requests, elapsed) = (done.get() - first, since.elapsed());
        let cpu = Cpu { asking: own_cpu()? - own.get(), database: postgres.cpu_since(&before.take().unwrap_or_default())? };
        for connection in open {
            connection.close().await?;
        }
        Ok(Load { requests, cpu, elapsed })
    })
}
