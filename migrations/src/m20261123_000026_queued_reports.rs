//! In which order reports were first told of that say how many came. Who may not read them is told of them in batches, and what joins
//! a batch later than others must not come before them: neither for the time at which it says that it was handed in, nor because
//! it said only later how many came.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    // The place in the log of the change with which people could first be counted; null until then.
    "ALTER TABLE gathering_reports ADD COLUMN counted_from bigint",
    // Of those that are there nobody has kept it. They come first, as they were handed in.
    "UPDATE gathering_reports SET counted_from = 0 WHERE attendance IS NOT NULL AND status IN ('SUBMITTED', 'REVIEWED')",
];

const NOTE: &str = "UPDATE gathering_reports SET counted_from = NEW.position
     WHERE id = NEW.entity_id AND counted_from IS NULL AND attendance IS NOT NULL AND status IN ('SUBMITTED', 'REVIEWED');";

fn on_postgres() -> [String; 2] {
    [
        format!(
            "CREATE FUNCTION note_counted_from() RETURNS trigger LANGUAGE plpgsql AS
             $note$ BEGIN {NOTE} RETURN NULL; END $note$"
        ),
        "CREATE TRIGGER changes_counted_from AFTER UPDATE OF position ON changes FOR EACH ROW
         WHEN (NEW.entity_type = 'GATHERING_REPORT' AND OLD.position IS NULL) EXECUTE FUNCTION note_counted_from()"
            .to_owned(),
    ]
}

fn on_sqlite() -> String {
    format!(
        "CREATE TRIGGER changes_counted_from AFTER UPDATE OF position ON changes
         WHEN NEW.entity_type = 'GATHERING_REPORT' AND OLD.position IS NULL BEGIN {NOTE} END"
    )
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, UP).await?;
        ddl::run_on(manager, DbBackend::Postgres, &on_postgres().each_ref().map(String::as_str)).await?;
        ddl::run_on(manager, DbBackend::Sqlite, &[&on_sqlite()]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let on_postgres = ["DROP TRIGGER changes_counted_from ON changes", "DROP FUNCTION note_counted_from()"];
        ddl::run_on(manager, DbBackend::Postgres, &on_postgres).await?;
        ddl::run_on(manager, DbBackend::Sqlite, &["DROP TRIGGER changes_counted_from"]).await?;
        ddl::run(manager, &["ALTER TABLE gathering_reports DROP COLUMN counted_from"]).await
    }
}
