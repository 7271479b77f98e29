//! Whatever is altered behind the service's back is named.

use convene_persistence::{Database, verify};

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
