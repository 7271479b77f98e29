//! What is pruned is gone, what is needed is kept, and nobody reads past what is missing.

use chrono::{DateTime, TimeDelta, Utc};
use convene_domain::{
    change::{ChangeKind, EntityType},
    id::{GatheringId, NetworkId, Within},
};
use convene_persistence::{
    Database, Write, gatherings,
    keys::{self, Key},
    log,
    prune::{self, Keep},
    verify,
};
use sea_orm::{ConnectionTrait, Statement};
use uuid::Uuid;

use crate::{
    databases::execute,
    network::{Tree, add_gathering, change, change_gathering, parts, plant, position},
    on_both,
};

/// Everything that was recorded so far is old.
fn old(changes: i64) -> Keep {
    Keep { since: Utc::now() + TimeDelta::minutes(1), changes }
}

async fn floor(database: &Database, network: NetworkId) -> i64 {
    log::load_extent(database.reader(), database.instance(), network).await.expect("reads").expect("is there").pruned_to
}

async fn count(database: &Database, table: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) AS rows FROM {table}");
    let statement = Statement::from_string(database.reader().get_database_backend(), sql);
    let row = database.reader().query_one_raw(statement).await.expect("reads").expect("a row");
    row.try_get("", "rows").expect("a number")
}

async fn differences(database: &Database) -> Vec<verify::Difference> {
    verify::run(database, |_| {}).await.expect("verifies")
}

/// Counts people in under a key.
async fn change_with_key(database: &Database, tree: &Tree, id: GatheringId, now: DateTime<Utc>) -> (Uuid, i64) {
    let mut write = Write::begin(database, now).await.expect("begins");
    let mut record = gatherings::load_many(write.transaction(), &[id]).await.expect("reads").remove(&id).expect("is there");
    record.revision += 1;
    let _ = gatherings::update(&write, &record, &parts(&tree.cities[..1])).await.expect("updates");
    write.record(tree.network, change(ChangeKind::Updated, EntityType::Gathering, id.uuid(), record.revision));
    let caller = Uuid::nil();
    let (key, body) = (Uuid::new_v4().to_string(), "body".to_owned());
    write.keep(Key { caller, operation: "test", key: key.clone(), body, entity: id.uuid(), revision: record.revision });
    let end = write.seal().await.expect("seals")[0].position;
    (keys::find(database.reader(), caller, "test", &key).await.expect("reads").expect("is there").change_set, end)
}

async fn only_what_is_old_and_far_back_is_pruned(address: String) {
    let database = Database::open(&address, 4).await.expect("opens");
    let tree = plant(&database).await;
    let (_, id) = add_gathering(&database, &tree, &tree.cities[..1], 1).await.expect("writes");
    for yes in 1..=20 {
        change_gathering(&database, &tree, id, &tree.cities[..1], yes).await.expect("writes");
    }
    let end = position(&database, tree.network).await;
    let young = Keep { since: Utc::now() - TimeDelta::minutes(1), changes: 0 };
    assert_eq!(prune::run(&database, young).await.expect("prunes"), 0, "far back, but not old");
    assert_eq!(prune::run(&database, old(end)).await.expect("prunes"), 0, "old, but not far back");
    assert_eq!(floor(&database, tree.network).await, 0);

    assert_eq!(prune::run(&database, old(5)).await.expect("prunes"), u64::try_from(end - 5).expect("a number"));
    assert_eq!(floor(&database, tree.network).await, end - 5);
    let positions: Vec<i64> = log::list(database.reader(), tree.network, 0, 1_000)
        .await
        .expect("reads")
        .iter()
        .map(|entry| entry.change.position)
        .collect();
    assert_eq!(positions, (end - 5..=end).collect::<Vec<_>>(), "what is left is whole");
    let within = Within::Community(tree.cities[0]);
    assert_eq!(log::list_within(database.reader(), tree.network, within, 0, 1_000).await.expect("reads").len(), 6);
    // Every record's last change is still there: a snapshot shows it.
    let communities = [&tree.nations[..], &tree.regions, &tree.cities].concat();
    let mut records: Vec<(Uuid, i64)> = communities.iter().map(|id| (id.uuid(), 1)).collect();
    records.extend([(tree.network.uuid(), 1), (id.uuid(), 21)]);
    assert_eq!(log::load_by_revision(database.reader(), &records).await.expect("reads").len(), records.len());
    // And so is the one that the first of what is left replaced: it goes with the next.
    let kept = 6 + 1 + i64::try_from(communities.len() + 1).expect("a number");
    assert_eq!(count(&database, "changes").await, kept);
    assert_eq!(count(&database, "change_sets").await, 1 + 1 + 6, "that of the tree, and those of what is left");
    assert_eq!(differences(&database).await, Vec::new());
    assert_eq!(verify::pruned(&database).await.expect("reads"), [(tree.network, end - 5)]);

    // One change more moves the floor by one, and takes one change away.
    change_gathering(&database, &tree, id, &tree.cities[..1], 30).await.expect("writes");
    assert_eq!(prune::run(&database, old(5)).await.expect("prunes"), 1);
    assert_eq!(count(&database, "changes").await, kept);
    assert_eq!(differences(&database).await, Vec::new());
    execute(&address, &format!("DELETE FROM changes WHERE position = {}", end - 1)).await;
    assert!(differences(&database).await.iter().any(|it| it.subject == "log gap"), "a gap above the floor is a gap");
}
on_both!(only_what_is_old_and_far_back_is_pruned);

async fn what_a_key_refers_to_is_kept_until_the_key_is_forgotten(address: String) {
    let database = Database::open(&address, 4).await.expect("opens");
    let tree = plant(&database).await;
    let (_, id) = add_gathering(&database, &tree, &tree.cities[..1], 1).await.expect("writes");
    let (long_ago, now) = (Utc::now() - TimeDelta::days(100), Utc::now());
    let (before, at) = change_with_key(&database, &tree, id, long_ago).await;
    let (after, _) = change_with_key(&database, &tree, id, now).await;
    for yes in 1..=5 {
        change_gathering(&database, &tree, id, &tree.cities[..1], yes).await.expect("writes");
    }
    // A record that is no more leaves nothing behind but what its key keeps.
    let (_, removed) = add_gathering(&database, &tree, &tree.cities[..1], 2).await.expect("writes");
    let mut write = Write::begin(&database, now).await.expect("begins");
    gatherings::remove(&write, removed).await.expect("removes");
    write.record(tree.network, change(ChangeKind::Removed, EntityType::Gathering, removed.uuid(), 2));
    write.seal().await.expect("seals");
    let (_, last) = add_gathering(&database, &tree, &tree.cities[..1], 3).await.expect("writes");
    prune::run(&database, old(0)).await.expect("prunes");

    let find = async |set| log::find_end(database.reader(), database.instance(), set).await.expect("reads");
    assert_eq!(find(before).await.map(|head| head.position), Some(at));
    assert!(find(after).await.is_some());
    let left = |id: GatheringId| format!("changes WHERE entity_id = {}", literal(&database, id.uuid()));
    assert_eq!(count(&database, &left(id)).await, 3, "two with keys and the last");
    assert_eq!(count(&database, &left(removed)).await, 0);
    assert_eq!(count(&database, &left(last)).await, 1);
    assert_eq!(differences(&database).await, Vec::new());

    assert_eq!(keys::forget(&database, now - TimeDelta::days(90)).await.expect("forgets"), 1);
    assert_eq!((find(before).await, find(after).await.is_some()), (None, true));
    assert_eq!(keys::forget(&database, now + TimeDelta::days(1)).await.expect("forgets"), 1);
    assert_eq!(find(after).await, None);
    assert_eq!(count(&database, &left(id)).await, 1, "the last");
    assert_eq!(differences(&database).await, Vec::new());
}
on_both!(what_a_key_refers_to_is_kept_until_the_key_is_forgotten);

fn literal(database: &Database, id: Uuid) -> String {
    match database.reader().get_database_backend() {
        sea_orm::DbBackend::Postgres => format!("'{id}'"),
        _ => format!("X'{}'", id.simple()),
    }
}

/// The floor was raised by one that died then: whoever comes next does the rest, several at once too, while others write.
async fn an_interrupted_pruning_is_finished_while_others_write(address: String) {
    let database = Database::open(&address, 12).await.expect("opens");
    let tree = plant(&database).await;
    let (_, id) = add_gathering(&database, &tree, &tree.cities[..1], 1).await.expect("writes");
    for yes in 1..=30 {
        change_gathering(&database, &tree, id, &tree.cities[..1], yes).await.expect("writes");
    }
    execute(&address, "UPDATE network_heads SET pruned_to = 25").await;
    assert_eq!(differences(&database).await, Vec::new(), "nothing of that is wrong");
    let pruners = (0..4).map(|_| {
        let database = database.clone();
        tokio::spawn(async move {
            for _ in 0..10 {
                prune::run(&database, old(10)).await.expect("prunes");
            }
        })
    });
    let pruners: Vec<_> = pruners.collect();
    for month in 0..30 {
        add_gathering(&database, &tree, &tree.cities[..1], month).await.expect("writes");
    }
    for pruner in pruners {
        pruner.await.expect("ends");
    }
    prune::run(&database, old(10)).await.expect("prunes");
    let end = position(&database, tree.network).await;
    assert_eq!(floor(&database, tree.network).await, end - 10);
    let lowest = format!("change_scopes WHERE position < {}", end - 10);
    assert_eq!(count(&database, &lowest).await, 0);
    assert_eq!(log::list(database.reader(), tree.network, end - 10, 100).await.expect("reads").len(), 10);
    assert_eq!(differences(&database).await, Vec::new());
}
on_both!(an_interrupted_pruning_is_finished_while_others_write);
