//! In which order reports were first told of that say how many came, as in step 26; but a report counts from when its gathering
//! was held: people at a gathering that is planned still are counted nowhere. One that was handed in before, as files can
//! have it, must not come before those that were told of meanwhile. What was noted before stays: nobody knows any more in which
//! order that was told of.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// When the report is written, and when its gathering is: each by its own index, whatever is known of the tables meanwhile.
fn note(column: &str) -> String {
    format!(
        "UPDATE gathering_reports SET counted_from = NEW.position
         WHERE {column} = NEW.entity_id
           AND counted_from IS NULL AND attendance IS NOT NULL AND status IN ('SUBMITTED', 'REVIEWED')
           AND (SELECT g.status FROM gatherings g WHERE g.id = gathering_reports.gathering_id) = 'HELD';"
    )
}

const NOTED: &str = "NEW.entity_type IN ('GATHERING', 'GATHERING_REPORT') AND OLD.position IS NULL";

/// The same as step 26 has it.
const NOTE_BEFORE: &str = "UPDATE gathering_reports SET counted_from = NEW.position
     WHERE id = NEW.entity_id AND counted_from IS NULL AND attendance IS NOT NULL AND status IN ('SUBMITTED', 'REVIEWED');";
const NOTED_BEFORE: &str = "NEW.entity_type = 'GATHERING_REPORT' AND OLD.position IS NULL";

/// Puts a trigger in the place of the one that there is.
async fn replace(manager: &SchemaManager<'_>, on_postgres: &str, on_sqlite: &str, noted: &str) -> Result<(), DbErr> {
    let function = format!(
        "CREATE OR REPLACE FUNCTION note_counted_from() RETURNS trigger LANGUAGE plpgsql AS
         $note$ BEGIN {on_postgres} RETURN NULL; END $note$"
    );
    let set_off = format!(
        "CREATE TRIGGER changes_counted_from AFTER UPDATE OF position ON changes FOR EACH ROW
         WHEN ({noted}) EXECUTE FUNCTION note_counted_from()"
    );
    let on_sqlite =
        format!("CREATE TRIGGER changes_counted_from AFTER UPDATE OF position ON changes WHEN {noted} BEGIN {on_sqlite} END");
    let drop = "DROP TRIGGER changes_counted_from ON changes";
    ddl::run_on(manager, DbBackend::Postgres, &[drop, &function, &set_off]).await?;
    ddl::run_on(manager, DbBackend::Sqlite, &["DROP TRIGGER changes_counted_from", &on_sqlite]).await
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (of_report, of_gathering) = (note("id"), note("gathering_id"));
        let on_postgres = format!("IF NEW.entity_type = 'GATHERING' THEN {of_gathering} ELSE {of_report} END IF;");
        // No two records have the same id.
        replace(manager, &on_postgres, &format!("{of_report} {of_gathering}"), NOTED).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, NOTE_BEFORE, NOTE_BEFORE, NOTED_BEFORE).await
    }
}
