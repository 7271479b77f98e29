//! The second import of files that changed, did not change, or meet records that were edited here.

use std::{fs, path::Path};

use convene_domain::{
    change::{ChangeKind, EntityType, NewChange},
    text::Text,
};
use convene_persistence::{Database, Write, communities, log, networks};

use crate::{
    on_both,
    program::{convene, project, succeed},
};

struct Folder(tempfile::TempDir);

impl Folder {
    fn sample() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, bytes) in crate::export::files(&project("samples")) {
            fs::write(folder.path().join(name), bytes).expect("writes");
        }
        Self(folder)
    }

    fn path(&self) -> &str {
        self.0.path().to_str().expect("a path")
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = Path::new(self.path()).join(file);
        let text = fs::read_to_string(&path).expect("reads");
        assert!(text.contains(from), "{file} has {from:?}");
        fs::write(path, text.replacen(from, to, 1)).expect("writes");
    }

    fn remove(&self, file: &str) {
        fs::remove_file(Path::new(self.path()).join(file)).expect("removes");
    }
}

/// Gives a community another name, as a person would.
async fn rename(address: &str, slug: &str, name: &str) {
    let database = Database::open(address, 2).await.expect("opens");
    let network = networks::all(database.reader()).await.expect("reads").remove(0).id;
    let mut record = communities::find_by_slug(database.reader(), network, slug).await.expect("reads").expect("is there");
    let mut write = Write::begin(&database, chrono::Utc::now()).await.expect("begins");
    record.revision += 1;
    record.content.name = Text::try_new(name).expect("legal");
    communities::update(&write, &record).await.expect("writes");
    let change = NewChange {
        kind: ChangeKind::Updated,
        entity_type: EntityType::Community,
        entity: record.id.uuid(),
        revision: record.revision,
        occurred_at: None,
    };
    write.record(network, change);
    write.seal().await.expect("seals");
    database.close().await.expect("closes");
}

async fn head(address: &str) -> i64 {
    let database = Database::open(address, 2).await.expect("opens");
    let network = networks::all(database.reader()).await.expect("reads").remove(0).id;
    let heads = log::load_heads(database.reader(), database.instance(), &[network]).await.expect("reads");
    heads.get(&network).expect("a head").position
}

fn communities(address: &str) -> String {
    let files = crate::export::export(address);
    let (_, bytes) = files.into_iter().find(|(name, _)| name == "communities.csv").expect("is there");
    String::from_utf8(bytes).expect("text")
}

async fn files_that_did_not_change_write_nothing(address: String) {
    let folder = Folder::sample();
    succeed(&address, &["import", folder.path()]);
    let before = head(&address).await;
    let summary = succeed(&address, &["import", folder.path()]);
    assert!(summary.contains("gatherings: 0 imported, 0 updated, 201 unchanged, 0 conflicting"), "{summary}");
    assert_eq!(head(&address).await, before);
}
on_both!(files_that_did_not_change_write_nothing);

async fn a_record_edited_here_is_left_alone_unless_the_files_changed_too(address: String) {
    let folder = Folder::sample();
    succeed(&address, &["import", folder.path()]);
    rename(&address, "nakuru", "Nakuru and Rift Valley").await;
    let summary = succeed(&address, &["import", folder.path()]);
    assert!(summary.contains("communities: 0 imported, 0 updated, 36 unchanged, 0 conflicting"), "{summary}");
    assert!(communities(&address).contains("nakuru,Nakuru and Rift Valley,CITY"));

    folder.edit("communities.csv", "nakuru,Nakuru,CITY", "nakuru,Nakuru town,CITY");
    let summary = succeed(&address, &["import", folder.path()]);
    assert!(summary.contains("0 updated, 35 unchanged, 1 conflicting"), "{summary}");
    assert!(summary.contains("conflict: community nakuru "), "{summary}");
    assert!(communities(&address).contains("nakuru,Nakuru and Rift Valley,CITY"));

    let before = head(&address).await;
    let summary = succeed(&address, &["import", folder.path(), "--overwrite"]);
    assert!(summary.contains("1 updated, 35 unchanged, 0 conflicting"), "{summary}");
    assert!(communities(&address).contains("nakuru,Nakuru town,CITY"));
    assert_eq!(head(&address).await, before + 1);
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
}
on_both!(a_record_edited_here_is_left_alone_unless_the_files_changed_too);

/// Each change of the files is one change of the log, and what the files no longer speak of stays.
async fn changed_files_change_what_they_speak_of(address: String) {
    let folder = Folder::sample();
    succeed(&address, &["import", folder.path()]);
    let before = head(&address).await;
    folder.edit("communities.csv", "nairobi,Nairobi,CITY,kenya", "nairobi,Nairobi,CITY,nakuru-county");
    let summary = succeed(&address, &["import", folder.path(), "--dry-run"]);
    assert!(summary.contains("dry run") && summary.contains("1 updated, 35 unchanged"), "{summary}");
    assert_eq!(head(&address).await, before, "a dry run writes nothing");
    for file in ["agenda.csv", "items.csv", "vocabulary.csv", "invitations.csv", "report_tags.csv", "attendance.csv"] {
        folder.remove(file);
    }
    let summary = succeed(&address, &["import", folder.path()]);
    assert!(summary.contains("communities: 0 imported, 1 updated, 35 unchanged"), "{summary}");
    assert!(summary.contains("gatherings: 0 imported, 0 updated, 201 unchanged"), "{summary}");
    assert_eq!(head(&address).await, before + 1);
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
    let after = crate::export::export(&address);
    let sample = crate::export::files(&project("samples"));
    for ((name, after), (_, sample)) in after.iter().zip(&sample) {
        assert_eq!(after == sample, name != "communities.csv", "{name}");
    }
}
on_both!(changed_files_change_what_they_speak_of);

async fn rsvps_of_a_report_row_are_set_on_the_gathering(address: String) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("writes");
    let path = folder.path().to_str().expect("a path");
    write("networks.csv", "slug,name\ncare,Care\n");
    write("communities.csv", "slug,name,level,network_slug\nharbour,Harbour,CITY,care\n");
    write("gatherings.csv", "external_id,community_slug,title,starts_at,status\ng1,harbour,First,2026-03-01,HELD\n");
    write("reports.csv", "gathering_external_id,rsvp_yes,attendance\ng1,10,0\n");
    succeed(&address, &["import", path]);
    let before = head(&address).await;
    write("reports.csv", "gathering_external_id,rsvp_yes,attendance\ng1,12,0\n");
    fs::remove_file(folder.path().join("gatherings.csv")).expect("removes");
    let summary = succeed(&address, &["import", path]);
    assert!(summary.contains("RSVPs: 0 imported, 1 updated") && summary.contains("reports: 0 imported, 0 updated"), "{summary}");
    assert_eq!(head(&address).await, before + 1, "RSVPs are the gathering's: only it changed");
    // The gathering was not edited here: a new title in its file is no conflict.
    write("gatherings.csv", "external_id,community_slug,title,starts_at,status\ng1,harbour,The first,2026-03-01,HELD\n");
    let summary = succeed(&address, &["import", path]);
    assert!(summary.contains("gatherings: 0 imported, 1 updated, 0 unchanged, 0 conflicting"), "{summary}");
    let exported = crate::export::export(&address);
    let reports = exported.iter().find(|(name, _)| name == "reports.csv").expect("is there");
    assert!(String::from_utf8_lossy(&reports.1).contains("g1-report,g1,,0,12,,MEMBERS"), "{exported:?}");
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
}
on_both!(rsvps_of_a_report_row_are_set_on_the_gathering);

async fn two_imports_of_the_same_files_at_once_write_them_once(address: String) {
    let folder = Folder::sample();
    let mut imports: Vec<_> = (0..3).map(|_| convene(&address, &["import", folder.path()]).spawn().expect("starts")).collect();
    for import in &mut imports {
        assert!(import.wait().expect("ends").success());
    }
    assert_eq!(head(&address).await, 426);
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
}
on_both!(two_imports_of_the_same_files_at_once_write_them_once);

/// RSVPs counted here are not undone by a report's row that changed in another respect.
async fn rsvps_edited_here_are_kept_unless_the_row_says_something_new(address: String) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("writes");
    let path = folder.path().to_str().expect("a path");
    write("networks.csv", "slug,name\ncare,Care\n");
    write("communities.csv", "slug,name,level,network_slug\nharbour,Harbour,CITY,care\n");
    write("gatherings.csv", "external_id,community_slug,title,starts_at,status\ng1,harbour,First,2026-03-01,HELD\n");
    write("reports.csv", "gathering_external_id,rsvp_yes,attendance\ng1,10,8\n");
    succeed(&address, &["import", path, "--audience", "PUBLIC"]);
    let database = Database::open(&address, 2).await.expect("opens");
    let network = networks::all(database.reader()).await.expect("reads").remove(0).id;
    let mut record = convene_persistence::gatherings::all(database.reader(), network).await.expect("reads").remove(0);
    let mut edit = Write::begin(&database, chrono::Utc::now()).await.expect("begins");
    record.revision += 1;
    record.content.rsvps.yes = convene_domain::text::HeadCount::try_new(20).ok();
    convene_persistence::gatherings::update_record(&edit, &record).await.expect("writes");
    edit.record(
        network,
        NewChange {
            kind: ChangeKind::Updated,
            entity_type: EntityType::Gathering,
            entity: record.id.uuid(),
            revision: record.revision,
            occurred_at: None,
        },
    );
    edit.seal().await.expect("seals");
    let reports = || {
        let files = crate::export::export(&address);
        let (_, bytes) = files.into_iter().find(|(name, _)| name == "reports.csv").expect("is there");
        String::from_utf8(bytes).expect("text")
    };

    write("reports.csv", "gathering_external_id,rsvp_yes,attendance\ng1,10,9\n");
    let summary = succeed(&address, &["import", path]);
    assert!(summary.contains("RSVPs: 0 imported, 0 updated, 1 unchanged, 0 conflicting"), "{summary}");
    // Nobody said who may read it: it stays as it was.
    assert!(reports().contains("g1-report,g1,,9,20,,PUBLIC"), "{}", reports());

    write("reports.csv", "gathering_external_id,rsvp_yes,attendance\ng1,11,9\n");
    let summary = succeed(&address, &["import", path]);
    assert!(summary.contains("RSVPs: 0 imported, 0 updated, 0 unchanged, 1 conflicting"), "{summary}");
    assert!(summary.contains("conflict: RSVPs of gathering g1 "), "{summary}");
    assert!(reports().contains("g1-report,g1,,9,20,,PUBLIC"));
    succeed(&address, &["import", path, "--overwrite"]);
    assert!(reports().contains("g1-report,g1,,9,11,,PUBLIC"));
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
}
on_both!(rsvps_edited_here_are_kept_unless_the_row_says_something_new);

/// Rows stand in any order, so a stored community can move under one that is new.
async fn a_stored_community_moves_under_a_new_one(address: String) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("writes");
    let path = folder.path().to_str().expect("a path");
    write("networks.csv", "slug,name\ncare,Care\n");
    write(
        "communities.csv",
        "slug,name,level,network_slug,parent_slug\nland,Land,NATIONAL,care,\nharbour,Harbour,CITY,care,land\n",
    );
    succeed(&address, &["import", path]);
    fs::remove_file(folder.path().join("networks.csv")).expect("removes");
    write(
        "communities.csv",
        "slug,name,level,network_slug,parent_slug\nharbour,Harbour,CITY,care,coast\ncoast,Coast,REGIONAL,care,land\n",
    );
    let summary = succeed(&address, &["import", path]);
    assert!(summary.contains("communities: 1 imported, 1 updated, 0 unchanged"), "{summary}");
    assert!(communities(&address).contains("harbour,Harbour,CITY,coast,care"));
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
}
on_both!(a_stored_community_moves_under_a_new_one);

/// Steps that were taken back on a database with records fill what they bring again.
async fn a_database_that_went_down_and_up_again_is_whole(address: String) {
    succeed(&address, &["import", project("samples").to_str().expect("a path")]);
    for steps in 1..=4 {
        for _ in 0..steps {
            succeed(&address, &["migrate", "down"]);
        }
        succeed(&address, &["migrate", "up"]);
        assert!(succeed(&address, &["verify"]).contains("nothing differs"), "{steps} steps");
    }
}
on_both!(a_database_that_went_down_and_up_again_is_whole);

/// What is kept because it was edited here can have another level than the files were checked with.
async fn a_kept_community_is_not_given_children_that_it_cannot_have(address: String) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("writes");
    let path = folder.path().to_str().expect("a path");
    write("networks.csv", "slug,name\ncare,Care\n");
    write("communities.csv", "slug,name,level,network_slug,parent_slug\ncoast,Coast,CITY,care,\n");
    succeed(&address, &["import", path]);
    rename(&address, "coast", "The coast").await;
    let before = communities(&address);
    write(
        "communities.csv",
        "slug,name,level,network_slug,parent_slug\ncoast,Coast,REGIONAL,care,\nharbour,Harbour,CITY,care,coast\n",
    );
    for arguments in [&["import", path][..], &["import", path, "--dry-run"]] {
        let refused = crate::program::run(&address, arguments);
        assert_eq!(refused.status.code(), Some(1));
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains("harbour cannot stand under coast"), "{said}");
        assert_eq!(communities(&address), before);
    }
    succeed(&address, &["import", path, "--overwrite"]);
    assert!(communities(&address).contains("harbour,Harbour,CITY,coast,care"));
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
}
on_both!(a_kept_community_is_not_given_children_that_it_cannot_have);
