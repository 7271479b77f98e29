//! The application: what every use case works on.

use convene_live::WakeUps;
use convene_persistence::{Database, Reads};

use crate::Result;

/// The open application. Clones share its connections.
#[derive(Debug, Clone)]
pub struct App {
    database: Database,
    wake_ups: WakeUps,
}

impl App {
    /// Opens the application on a database that has been migrated.
    pub async fn open(database_url: &str, connections: u32, wake_ups: WakeUps) -> Result<Self> {
        Ok(Self { database: Database::open(database_url, connections).await?, wake_ups })
    }

    /// Asks everything that the application depends on for a sign of life.
    pub async fn ping(&self) -> Result<()> {
        Ok(self.database.ping().await?)
    }

    /// Closes all connections.
    pub async fn close(self) -> Result<()> {
        Ok(self.database.close().await?)
    }

    /// The database, for commands of the operator that are more than one use case.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Where a use case says that it has written.
    pub(crate) fn wake_ups(&self) -> &WakeUps {
        &self.wake_ups
    }

    /// Where use cases read from.
    pub(crate) fn reader(&self) -> &impl Reads {
        self.database.reader()
    }
}
