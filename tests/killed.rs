//! A process that dies in the middle of an import leaves nothing behind.

use std::fs;

use crate::{
    databases::Kind,
    databases::with_database,
    export::export,
    program::{Running, convene, succeed},
};

/// A network with so many gatherings that nobody writes them before a signal arrives.
fn large() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).expect("writes");
    write("networks.csv", "slug,name\ncare,Care\n".to_owned());
    write("communities.csv", "slug,name,level,network_slug\nharbour,Harbour,CITY,care\n".to_owned());
    let gatherings: String = (0..6_000).map(|n| format!("g{n},harbour,Gathering {n},2026-03-01,HELD\n")).collect();
    write("gatherings.csv", format!("external_id,community_slug,title,starts_at,status\n{gatherings}"));
    let reports: String = (0..6_000).map(|n| format!("g{n},5\n")).collect();
    write("reports.csv", format!("gathering_external_id,attendance\n{reports}"));
    folder
}

async fn killed_in_the_middle(address: String) {
    let folder = large();
    let real = folder.path().to_str().expect("a path").to_owned();
    let before = export(&address);
    // Each of these lines is printed inside the transaction.
    for written in ["communities ", "gatherings "] {
        let mut import = Running::start(convene(&address, &["import", &real]));
        import.line(written);
        import.signal("KILL");
        assert_eq!(import.end(), None, "it was killed before it had finished");
        assert!(export(&address) == before, "nothing is left of it");
        assert!(succeed(&address, &["verify"]).contains("nothing differs"));
    }
    let summary = succeed(&address, &["import", &real]);
    assert!(summary.contains("communities: ") && summary.contains("now at"), "{summary}");
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_is_killed_leaves_nothing_on_sqlite() {
    with_database(Kind::Sqlite, killed_in_the_middle).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_is_killed_leaves_nothing_on_postgres() {
    with_database(Kind::Postgres, killed_in_the_middle).await;
}
