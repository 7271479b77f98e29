//! Names that stand in more reports than one statement of SQLite can name.

use convene_domain::text::Text;
use convene_persistence::{Database, Write, persons};
use sea_orm::ConnectionTrait;

use crate::{
    databases::{Kind, with_database},
    network::plant,
};

/// A list of ids is filled up to the next power of two, and SQLite takes 32,766 values: no more than 16,384 ids.
const REPORTS: usize = 16_400;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_in_very_many_reports_is_taken_out_of_all() {
    with_database(Kind::Sqlite, |address| async move {
        let database = Database::open(&address, 2).await.expect("opens");
        let tree = plant(&database).await;
        let write = Write::begin(&database, chrono::Utc::now()).await.expect("begins");
        // Reports without gatherings, which are never committed.
        let network = tree.network.uuid().simple();
        let statements = [
            "PRAGMA defer_foreign_keys = ON".to_owned(),
            format!(
                "INSERT INTO gathering_reports (id, network_id, revision, origin, gathering_id, status, audience)
                 WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {REPORTS})
                 SELECT randomblob(16), X'{network}', 1, X'{network}', randomblob(16), 'SUBMITTED', 'MEMBERS' FROM n"
            ),
            "INSERT INTO report_items (id, report_id, ordinal, kind, body, search_text, contributor, confidential)
             SELECT randomblob(16), id, 0, 'NEED', 'Water', 'water', 'Ana Wanjiru', FALSE FROM gathering_reports"
                .to_owned(),
        ];
        for statement in statements {
            write.transaction().execute_unprepared(&statement).await.expect("inserts");
        }
        let name = Text::try_new("ana wanjiru").expect("legal");
        let erased = persons::erase(&write, tree.network, &name).await.expect("erases");
        assert_eq!(erased.len(), REPORTS);
        assert!(erased.iter().all(|(_, revision)| *revision == 2));
        assert_eq!(persons::list(write.transaction(), tree.network, &name, None, 1).await.expect("lists"), []);
        drop(write);
        database.close().await.expect("closes");
    })
    .await;
}
