//! Steps go up, down and up again, and two processes may take them at once.

use convene_persistence::Database;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::on_both;

async fn tables(address: &str) -> Vec<String> {
    let connection = Database::connect_once(address).await.expect("connects");
    let sql = match connection.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
        }
        _ => "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY 1",
    };
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await.expect("reads");
    rows.iter().map(|row| row.try_get("", "name").expect("a name")).collect()
}

async fn every_step_goes_up_down_and_up_again(address: String) {
    let all = tables(&address).await;
    assert!(all.contains(&"community_months".to_owned()), "{all:?}");
    let connection = Database::connect_once(&address).await.expect("connects");
    let steps = convene_migrations::status(&connection).await.expect("lists");
    assert!(steps.iter().all(|step| step.applied));
    for taken in (0..steps.len()).rev() {
        convene_migrations::down(&connection, Some(1)).await.expect("goes down");
        let left = convene_migrations::status(&connection).await.expect("lists");
        assert_eq!(left.iter().filter(|step| step.applied).count(), taken);
    }
    assert_eq!(tables(&address).await, ["seaql_migrations"]);
    convene_migrations::up(&connection).await.expect("goes up");
    assert_eq!(tables(&address).await, all);
}
on_both!(every_step_goes_up_down_and_up_again);

async fn two_processes_may_start_at_once(address: String) {
    let connection = Database::connect_once(&address).await.expect("connects");
    convene_migrations::down(&connection, None).await.expect("goes down");
    let starts = (0..4).map(|_| {
        let address = address.clone();
        tokio::spawn(async move {
            let connection = Database::connect_once(&address).await.expect("connects");
            convene_migrations::up(&connection).await
        })
    });
    for start in starts.collect::<Vec<_>>() {
        start.await.expect("runs").expect("migrates");
    }
    assert!(convene_migrations::status(&connection).await.expect("lists").iter().all(|step| step.applied));
    Database::open(&address, 2).await.expect("has one instance");
}
on_both!(two_processes_may_start_at_once);
