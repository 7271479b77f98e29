//! What was imported comes out again.

use std::{fs, path::Path};

use crate::{
    databases::{Kind, migrate, with_database},
    on_both,
    program::{project, run, succeed},
};

/// The CSV files of a folder by name.
pub fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("reads").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<(String, Vec<u8>)> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "csv"))
        .map(|path| (path.file_name().expect("a name").to_string_lossy().into_owned(), fs::read(&path).expect("reads")))
        .collect();
    files.sort();
    files
}

/// Exports a database into a new folder.
pub fn export(address: &str) -> Vec<(String, Vec<u8>)> {
    let folder = tempfile::tempdir().expect("a folder");
    succeed(address, &["export", folder.path().to_str().expect("a path")]);
    files(folder.path())
}

/// The sample is written as an export would write it, so it comes out exactly as it went in.
async fn the_sample_comes_out_as_it_went_in(address: String) {
    succeed(&address, &["import", project("samples").to_str().expect("a path")]);
    let (out, sample) = (export(&address), files(&project("samples")));
    assert_eq!(out.iter().map(|(name, _)| name).collect::<Vec<_>>(), sample.iter().map(|(name, _)| name).collect::<Vec<_>>());
    for ((name, out), (_, sample)) in out.iter().zip(&sample) {
        assert!(out == sample, "{name} differs");
    }
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
}
on_both!(the_sample_comes_out_as_it_went_in);

async fn exported_imported_elsewhere_and_exported_again_is_the_same(address: String, other: String) {
    let real = std::env::var("CONVENE_TEST_DATA").unwrap_or_else(|_| project("samples").display().to_string());
    succeed(&address, &["import", &real, "--audience", "NETWORK"]);
    let first = tempfile::tempdir().expect("a folder");
    succeed(&address, &["export", first.path().to_str().expect("a path")]);
    migrate(&other).await;
    succeed(&other, &["import", first.path().to_str().expect("a path")]);
    assert!(export(&other) == files(first.path()), "the second export differs from the first");
    // What was exported from here says nothing new here.
    let summary = succeed(&address, &["import", first.path().to_str().expect("a path")]);
    assert!(!summary.contains("now at") && summary.contains(", 0 updated"), "{summary}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_moves_a_network_to_the_other_kind_of_database() {
    with_database(Kind::Postgres, |postgres| async {
        with_database(Kind::Sqlite, |sqlite| exported_imported_elsewhere_and_exported_again_is_the_same(postgres, sqlite)).await;
    })
    .await;
}

/// Files have no column that tells two networks apart where they use the same names.
async fn two_networks_with_the_same_names_are_exported_one_by_one(address: String) {
    for network in ["north", "south"] {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("networks.csv"), format!("slug,name\n{network},The {network}\n")).expect("writes");
        let communities = format!("slug,name,level,network_slug\nharbour,Harbour of the {network},CITY,{network}\n");
        fs::write(folder.path().join("communities.csv"), communities).expect("writes");
        succeed(&address, &["import", folder.path().to_str().expect("a path")]);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("a path");
    let refused = run(&address, &["export", path]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("\"harbour\" is used in more than one network"));
    assert!(files(folder.path()).is_empty());
    succeed(&address, &["export", path, "--network", "south"]);
    let communities = fs::read_to_string(folder.path().join("communities.csv")).expect("reads");
    assert!(communities.contains("Harbour of the south") && !communities.contains("north"));
}
on_both!(two_networks_with_the_same_names_are_exported_one_by_one);
