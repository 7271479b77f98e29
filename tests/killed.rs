//! A process that dies in the middle of an import leaves nothing behind.

use crate::{
    databases::Kind,
    databases::with_database,
    export::export,
    program::{Running, convene, project, succeed},
};

async fn killed_in_the_middle(address: String) {
    let real = std::env::var("CONVENE_TEST_DATA").unwrap_or_else(|_| project("samples").display().to_string());
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
