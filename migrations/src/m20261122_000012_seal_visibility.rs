//! The seal also notes who could read a report before a change and who can after it, and keeps the scopes of a change
//! under its network and position. Everything else is the seal of step 8.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::{ddl, m20261122_000008_seal as seal};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The scope rows of reports still say what stood before the change. Every report has one for its network.
const VISIBLE_BEFORE: &str = "UPDATE changes SET was_visible_to =
         (SELECT CASE WHEN s.status IN ('SUBMITTED', 'REVIEWED') THEN s.audience ELSE 'AUTHORS' END
          FROM report_scopes s WHERE s.report_id = changes.entity_id AND s.scope_id = NEW.network_id)
     WHERE change_set_id = NEW.id AND entity_type = 'GATHERING_REPORT'";

const LOG: &[&str] = &[
    "UPDATE changes
     SET position = ordinal + (SELECT h.position FROM network_heads h WHERE h.network_id = NEW.network_id),
         visible_to = (SELECT CASE WHEN r.status IN ('SUBMITTED', 'REVIEWED') THEN r.audience ELSE 'AUTHORS' END
                       FROM gathering_reports r WHERE r.id = changes.entity_id)
     WHERE change_set_id = NEW.id",
    "INSERT INTO change_scopes (scope_id, position, effect, network_id)
     SELECT x.scope_id, c.position, CASE WHEN x.was_in = x.is_in THEN 'CHANGED' WHEN x.is_in = 1 THEN 'ENTERED' ELSE 'LEFT' END,
         c.network_id
     FROM changes c JOIN seal_scopes x ON x.change_set_id = c.change_set_id AND x.entity_id = c.entity_id
     WHERE c.change_set_id = NEW.id",
    "INSERT INTO change_scopes (scope_id, position, effect, network_id)
     SELECT c.network_id, c.position, CASE WHEN c.kind = 'CREATED' THEN 'ENTERED' ELSE 'CHANGED' END, c.network_id
     FROM changes c WHERE c.change_set_id = NEW.id AND c.entity_type IN ('NETWORK', 'TERM')",
];

/// For a database that has a log. Who could read a report at a revision of the past is not known: as now, then; and one
/// that is no more, only those who wrote it.
const FILL: &[&str] = &[
    "UPDATE change_scopes SET network_id = COALESCE(
         (SELECT c.network_id FROM communities c WHERE c.id = change_scopes.scope_id),
         (SELECT n.id FROM networks n WHERE n.id = change_scopes.scope_id),
         (SELECT r.network_id FROM removals r WHERE r.entity_id = change_scopes.scope_id))
     WHERE network_id IS NULL",
    "UPDATE changes SET visible_to = COALESCE(
         (SELECT CASE WHEN r.status IN ('SUBMITTED', 'REVIEWED') THEN r.audience ELSE 'AUTHORS' END
          FROM gathering_reports r WHERE r.id = changes.entity_id), 'AUTHORS')
     WHERE entity_type = 'GATHERING_REPORT' AND visible_to IS NULL AND kind NOT IN ('REMOVED', 'MERGED')",
    "UPDATE changes SET was_visible_to = COALESCE(visible_to, 'AUTHORS')
     WHERE entity_type = 'GATHERING_REPORT' AND was_visible_to IS NULL AND revision > 1",
];

fn replace(statements: &str) -> Vec<String> {
    vec![
        "DROP TRIGGER change_sets_seal".to_owned(),
        format!("CREATE TRIGGER change_sets_seal AFTER INSERT ON change_sets BEGIN\n{statements}END"),
    ]
}

async fn install(manager: &SchemaManager<'_>, statements: &str) -> Result<(), DbErr> {
    let on_postgres = [
        seal::function(statements).replacen("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1),
        // Replacing a function takes its settings away.
        seal::FRESH_PLANS.to_owned(),
    ];
    ddl::run_on(manager, DbBackend::Postgres, &on_postgres.each_ref().map(String::as_str)).await?;
    let on_sqlite = replace(statements);
    ddl::run_on(manager, DbBackend::Sqlite, &on_sqlite.iter().map(String::as_str).collect::<Vec<_>>()).await
}

/// Puts this step's seal in the place of whichever there is.
pub(crate) async fn install_seal(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    install(manager, &seal::statements(&[VISIBLE_BEFORE], &[LOG, seal::HEAD].concat())).await
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, FILL).await?;
        install_seal(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        install(manager, &seal::seal()).await
    }
}
