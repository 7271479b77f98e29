//! The dates of each community's gatherings, side by side: where communities are in their life is found out from them, for
//! thousands of communities at a time, and the gatherings themselves lie scattered. The database keeps them by itself.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    "CREATE TABLE hosted_days (
        community_id {uuid} NOT NULL,
        start_date {date} NOT NULL,
        gathering_id {uuid} NOT NULL,
        status {text} NOT NULL,
        PRIMARY KEY (community_id, start_date, gathering_id, status)
    ) {clustered}",
    "INSERT INTO hosted_days (community_id, start_date, gathering_id, status)
        SELECT h.community_id, g.start_date, g.id, g.status FROM gathering_hosts h JOIN gatherings g ON g.id = h.gathering_id",
];

const ON_POSTGRES: &[&str] = &[
    "CREATE FUNCTION keep_hosted_days() RETURNS trigger LANGUAGE plpgsql AS $days$
     BEGIN
     IF TG_OP <> 'INSERT' THEN
         DELETE FROM hosted_days WHERE community_id = OLD.community_id AND gathering_id = OLD.gathering_id
         AND start_date = (SELECT g.start_date FROM gatherings g WHERE g.id = OLD.gathering_id);
     END IF;
     IF TG_OP <> 'DELETE' THEN
         INSERT INTO hosted_days (community_id, start_date, gathering_id, status)
         SELECT NEW.community_id, g.start_date, g.id, g.status FROM gatherings g WHERE g.id = NEW.gathering_id;
     END IF;
     RETURN NULL;
     END $days$",
    "CREATE TRIGGER gathering_hosts_days AFTER INSERT OR UPDATE OR DELETE ON gathering_hosts
     FOR EACH ROW EXECUTE FUNCTION keep_hosted_days()",
    "CREATE FUNCTION change_hosted_days() RETURNS trigger LANGUAGE plpgsql AS $days$
     BEGIN
     UPDATE hosted_days SET start_date = NEW.start_date, status = NEW.status
     WHERE gathering_id = NEW.id AND start_date = OLD.start_date
     AND community_id IN (SELECT h.community_id FROM gathering_hosts h WHERE h.gathering_id = NEW.id);
     RETURN NULL;
     END $days$",
    "CREATE TRIGGER gatherings_days AFTER UPDATE ON gatherings FOR EACH ROW
     WHEN (OLD.start_date <> NEW.start_date OR OLD.status <> NEW.status) EXECUTE FUNCTION change_hosted_days()",
];

const ON_SQLITE: &[&str] = &[
    "CREATE TRIGGER gathering_hosts_day_added AFTER INSERT ON gathering_hosts BEGIN
     INSERT INTO hosted_days (community_id, start_date, gathering_id, status)
     SELECT NEW.community_id, g.start_date, g.id, g.status FROM gatherings g WHERE g.id = NEW.gathering_id;
     END",
    "CREATE TRIGGER gathering_hosts_day_moved AFTER UPDATE ON gathering_hosts BEGIN
     DELETE FROM hosted_days WHERE community_id = OLD.community_id AND gathering_id = OLD.gathering_id
         AND start_date = (SELECT g.start_date FROM gatherings g WHERE g.id = OLD.gathering_id);
     INSERT INTO hosted_days (community_id, start_date, gathering_id, status)
     SELECT NEW.community_id, g.start_date, g.id, g.status FROM gatherings g WHERE g.id = NEW.gathering_id;
     END",
    "CREATE TRIGGER gathering_hosts_day_removed AFTER DELETE ON gathering_hosts BEGIN
     DELETE FROM hosted_days WHERE community_id = OLD.community_id AND gathering_id = OLD.gathering_id
         AND start_date = (SELECT g.start_date FROM gatherings g WHERE g.id = OLD.gathering_id);
     END",
    "CREATE TRIGGER gatherings_days AFTER UPDATE ON gatherings
     WHEN OLD.start_date <> NEW.start_date OR OLD.status <> NEW.status BEGIN
     UPDATE hosted_days SET start_date = NEW.start_date, status = NEW.status
     WHERE gathering_id = NEW.id AND start_date = OLD.start_date
     AND community_id IN (SELECT h.community_id FROM gathering_hosts h WHERE h.gathering_id = NEW.id);
     END",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, UP).await?;
        ddl::run_on(manager, DbBackend::Postgres, ON_POSTGRES).await?;
        ddl::run_on(manager, DbBackend::Sqlite, ON_SQLITE).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let on_postgres = [
            "DROP TRIGGER gatherings_days ON gatherings",
            "DROP FUNCTION change_hosted_days()",
            "DROP TRIGGER gathering_hosts_days ON gathering_hosts",
            "DROP FUNCTION keep_hosted_days()",
        ];
        let on_sqlite = [
            "DROP TRIGGER gatherings_days",
            "DROP TRIGGER gathering_hosts_day_removed",
            "DROP TRIGGER gathering_hosts_day_moved",
            "DROP TRIGGER gathering_hosts_day_added",
        ];
        ddl::run_on(manager, DbBackend::Postgres, &on_postgres).await?;
        ddl::run_on(manager, DbBackend::Sqlite, &on_sqlite).await?;
        ddl::run(manager, &["DROP TABLE hosted_days"]).await
    }
}
