//! Whatever is altered behind the service's back is named.

use convene_domain::metric::Measure;
use convene_persistence::{Database, verify};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::{
    databases::execute,
    network::{add_gathering, change_gathering, plant},
    on_both,
};

async fn every_alteration_is_named(address: String) {
    let database = Database::open(&address, 4).await.expect("opens");
    let tree = plant(&database).await;
    let (_, id) = add_gathering(&database, &tree, &[tree.cities[0], tree.cities[5]], 3).await.expect("writes");
    change_gathering(&database, &tree, id, &[tree.cities[0], tree.cities[5]], 12).await.expect("writes");
    assert_eq!(verify::run(&database, |_| {}).await.expect("verifies"), Vec::new());

    let alterations = [
        (
            "UPDATE community_months SET rsvp_yes = rsvp_yes + 1",
            "UPDATE community_months SET rsvp_yes = rsvp_yes - 1",
            "community_months",
        ),
        (
            "UPDATE gathering_scopes SET sort_at = sort_at + 1",
            "UPDATE gathering_scopes SET sort_at = sort_at - 1",
            "gathering_scopes",
        ),
        (
            "UPDATE gathering_measures SET minutes = minutes + 1",
            "UPDATE gathering_measures SET minutes = minutes - 1",
            "gathering_measures",
        ),
        (
            "UPDATE changes SET revision = 1 WHERE revision = 2",
            "UPDATE changes SET revision = 2 WHERE position = 17",
            "revisions in the log",
        ),
        ("UPDATE gatherings SET revision = revision * 2", "UPDATE gatherings SET revision = revision / 2", "revisions"),
        (
            "UPDATE change_scopes SET effect = 'LEFT' WHERE position = 17",
            "UPDATE change_scopes SET effect = 'CHANGED' WHERE position = 17",
            "change_scopes",
        ),
        (
            "UPDATE change_scopes SET effect = 'CHANGED' WHERE position = 5",
            "UPDATE change_scopes SET effect = 'ENTERED' WHERE position = 5",
            "effects",
        ),
        ("UPDATE changes SET revision = 7 WHERE position = 5", "UPDATE changes SET revision = 1 WHERE position = 5", "revisions"),
        ("UPDATE gatherings SET weekday = 8 - weekday", "UPDATE gatherings SET weekday = 8 - weekday", "gatherings"),
        (
            "UPDATE communities SET search_text = 'x' || search_text",
            "UPDATE communities SET search_text = substr(search_text, 2)",
            "communities",
        ),
        ("UPDATE network_heads SET position = position + 1", "UPDATE network_heads SET position = position - 1", "log"),
        (
            "UPDATE changes SET position = 1000 WHERE position = 17",
            "UPDATE changes SET position = 17 WHERE position = 1000",
            "log gap",
        ),
    ];
    for (alter, mend, subject) in alterations {
        execute(&address, alter).await;
        let subjects: Vec<_> =
            verify::run(&database, |_| {}).await.expect("verifies").iter().map(|found| found.subject).collect();
        assert!(subjects.contains(&subject), "{alter}: {subjects:?}");
        execute(&address, mend).await;
        assert_eq!(verify::run(&database, |_| {}).await.expect("verifies"), Vec::new(), "{mend}");
    }
    for (alter, subject) in [
        ("DELETE FROM community_scopes WHERE scope_id = community_id", "community_scopes"),
        ("DELETE FROM change_scopes WHERE position = 17", "change_scopes"),
        ("DELETE FROM changes WHERE position = 9", "log gap"),
    ] {
        execute(&address, alter).await;
        let subjects: Vec<_> =
            verify::run(&database, |_| {}).await.expect("verifies").iter().map(|found| found.subject).collect();
        assert!(subjects.contains(&subject), "{alter}: {subjects:?}");
    }
}
on_both!(every_alteration_is_named);

/// Each measure has its column, and there is no column of which nobody knows what it counts.
async fn measures_are_the_columns_of_their_tables(address: String) {
    let database = Database::open(&address, 2).await.expect("opens");
    let backend = database.reader().get_database_backend();
    for (table, others) in [
        ("gathering_measures", &["gathering_id", "month", "due_on"][..]),
        ("community_months", &["scope_id", "month", "gatherings"]),
    ] {
        let sql = match backend {
            DbBackend::Postgres => format!(
                "SELECT column_name AS name FROM information_schema.columns WHERE table_name = '{table}' ORDER BY ordinal_position"
            ),
            _ => format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"),
        };
        let rows = database.reader().query_all_raw(Statement::from_string(backend, sql)).await.expect("reads");
        let columns: Vec<String> = rows.iter().map(|row| row.try_get("", "name").expect("a name")).collect();
        let expected: Vec<&str> = others.iter().copied().chain(Measure::ALL.iter().map(|measure| measure.as_str())).collect();
        assert_eq!(columns, expected, "{table}");
    }
}
on_both!(measures_are_the_columns_of_their_tables);

/// A difference in any of the columns is found, in the measures of gatherings and in the sums.
async fn a_difference_in_any_measure_is_named(address: String) {
    let database = Database::open(&address, 4).await.expect("opens");
    let tree = plant(&database).await;
    add_gathering(&database, &tree, &[tree.cities[0], tree.cities[5]], 3).await.expect("writes");
    let tables = ["gathering_measures", "community_months"];
    let columns = Measure::ALL.iter().map(|measure| measure.as_str()).chain(["month"]);
    for column in columns {
        for table in tables {
            execute(&address, &format!("UPDATE {table} SET {column} = {column} + 1")).await;
        }
        let found = verify::run(&database, |_| {}).await.expect("verifies");
        for table in tables {
            let named = found.iter().filter(|difference| difference.subject == table);
            assert!(named.clone().any(|difference| difference.detail.contains(column)), "{column} of {table}: {found:?}");
        }
        for table in tables {
            execute(&address, &format!("UPDATE {table} SET {column} = {column} - 1")).await;
        }
    }
    assert_eq!(verify::run(&database, |_| {}).await.expect("verifies"), Vec::new());
    for (alter, subject) in [
        ("UPDATE gathering_measures SET due_on = '2026-04-11'", "gathering_measures"),
        ("UPDATE community_months SET gatherings = gatherings + 1", "community_months"),
        ("UPDATE report_deadlines SET days = 3", "report_deadlines"),
        ("DELETE FROM report_deadlines", "report_deadlines"),
    ] {
        execute(&address, alter).await;
        let found = verify::run(&database, |_| {}).await.expect("verifies");
        assert!(found.iter().any(|difference| difference.subject == subject), "{alter}: {found:?}");
    }
}
on_both!(a_difference_in_any_measure_is_named);
