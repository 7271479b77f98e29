//! Writes no longer lock the row of their network. That the network is there is found out by the seal, for it has a head; and
//! a report is of the network of its gathering. On Postgres each gathering and report that was entered locked that one row, as
//! everybody else's did at the same time: a tenth of a millisecond for each submission, and more the more wrote at once.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLES: [&str; 2] = ["gatherings", "gathering_reports"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            let drop = format!("ALTER TABLE {table} DROP CONSTRAINT {table}_network_id_fkey");
            ddl::run_on(manager, DbBackend::Postgres, &[&drop]).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            let add = format!(
                "ALTER TABLE {table} ADD CONSTRAINT {table}_network_id_fkey FOREIGN KEY (network_id) REFERENCES networks (id)"
            );
            ddl::run_on(manager, DbBackend::Postgres, &[&add]).await?;
        }
        Ok(())
    }
}
