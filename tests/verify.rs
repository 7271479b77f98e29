//! `convene verify` names what was altered, and says so by its exit code.

use crate::{
    databases::execute,
    on_both,
    program::{project, run, succeed},
};

async fn what_was_altered_is_named(address: String) {
    succeed(&address, &["import", project("samples").to_str().expect("a path")]);
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
    let alterations = [
        ("UPDATE community_months SET held = held + 1 WHERE month = 202510", "community_months: scope "),
        (
            "DELETE FROM gathering_scopes WHERE scope_id IN (SELECT id FROM communities WHERE slug = 'kenya')",
            "gathering_scopes: scope ",
        ),
        ("DELETE FROM changes WHERE position = 100", "log gap: net_"),
        ("UPDATE gathering_reports SET revision = 2", ", revision 2 should not be there"),
    ];
    let mut found = String::new();
    for (alteration, named) in alterations {
        execute(&address, alteration).await;
        let output = run(&address, &["verify"]);
        assert_eq!(output.status.code(), Some(1), "{alteration}");
        let said = String::from_utf8(output.stdout).expect("text");
        assert!(said.contains(named) && !found.contains(named), "{alteration}: {said}");
        found = said;
    }
}
on_both!(what_was_altered_is_named);

#[test]
fn a_database_that_was_not_migrated_is_no_database_of_ours() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = run(&format!("sqlite://{}", folder.path().join("new.db").display()), &["verify"]);
    assert_eq!(output.status.code(), Some(1));
}
