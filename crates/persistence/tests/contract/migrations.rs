//! Steps go up, down and up again, and two processes may take them at once.

use convene_persistence::{Database, verify};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::{
    network::{add_gathering, change_gathering, plant},
    on_both,
};

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

/// What a step fills, and what the seal that it puts in place then counts, come to the same.
async fn a_database_that_has_records_is_filled(address: String) {
    let database = Database::open(&address, 4).await.expect("opens");
    let tree = plant(&database).await;
    let (_, id) = add_gathering(&database, &tree, &tree.cities[..2], 3).await.expect("writes");
    let connection = Database::connect_once(&address).await.expect("connects");
    let all = convene_migrations::status(&connection).await.expect("lists");
    let after = all.iter().position(|step| step.name.ends_with("_measures")).expect("the step of the measures");
    let steps = u32::try_from(all.len() - after).expect("few");
    convene_migrations::down(&connection, Some(steps)).await.expect("goes down");
    convene_migrations::up(&connection).await.expect("goes up");
    drop(database);
    let database = Database::open(&address, 4).await.expect("opens");
    assert_eq!(verify::run(&database, |_| {}).await.expect("verifies"), Vec::new());
    change_gathering(&database, &tree, id, &tree.cities[..2], 30).await.expect("writes");
    assert_eq!(verify::run(&database, |_| {}).await.expect("verifies"), Vec::new());
}
on_both!(a_database_that_has_records_is_filled);

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
