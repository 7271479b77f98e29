//! Files that know nothing of what was removed and merged here: an import brings nothing of it back.

use std::fs;

use serde_json::json;

use crate::{
    live::{Writer, text, token},
    on_both,
    program::{Service, succeed},
};

/// Two cities that turn out to be one, with a gathering each and one that is to go.
fn files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("writes");
    write("networks.csv", "slug,name\ncare,Care\n");
    write(
        "communities.csv",
        "network_slug,slug,name,level,audience\ncare,nakuru,Nakuru,CITY,PUBLIC\ncare,nakuru-town,Nakuru Town,CITY,PUBLIC\n",
    );
    write("community_profiles.csv", "community_slug,purpose\nnakuru-town,A town of its own\n");
    write("aliases.csv", "community_slug,alias\nnakuru-town,old-town\n");
    write(
        "gatherings.csv",
        "external_id,community_slug,title,starts_at,status\n\
         g-1,nakuru,First,2026-03-01,HELD\ng-2,nakuru-town,Second,2026-03-02,HELD\ng-3,nakuru,Twice,2026-03-03,HELD\n\
         g-4,nakuru;nakuru-town,Together,2026-03-04,HELD\n",
    );
    write("reports.csv", "gathering_external_id,attendance,rsvp_yes,audience\ng-1,5,7,PUBLIC\ng-2,6,8,PUBLIC\ng-3,7,9,PUBLIC\n");
    folder
}

async fn what_was_removed_or_merged_does_not_come_back(address: String) {
    let folder = files();
    let path = folder.path().to_str().expect("a path");
    succeed(&address, &["import", path]);
    let service = Service::start(&address);
    let writer = Writer::new(&service, &token(&address));
    let network = service.network("care").await;
    let query = "query ($within: ID!) { communities(within: $within) { nodes { id slug revision formerSlugs } } \
                 gatherings(within: $within) { nodes { id externalId revision hosts { slug } } } gatheringReports(within: $within) { totalCount } }";
    let data = service.ask(query, json!({ "within": network })).await;
    let of = |list: &str, key: &str, value: &str| {
        let nodes = data[list]["nodes"].as_array().expect("nodes");
        let node = nodes.iter().find(|node| node[key] == value).unwrap_or_else(|| panic!("no {value}"));
        (text(&node["id"]), node["revision"].clone())
    };
    let (stays, goes) = (of("communities", "slug", "nakuru"), of("communities", "slug", "nakuru-town"));
    let input = json!({ "community": stays.0, "expectedRevision": stays.1, "merged": goes.0, "expectedMergedRevision": goes.1 });
    writer.done("mergeCommunities", input, "community { id }").await;
    let twice = of("gatherings", "externalId", "g-3");
    writer.done("removeGathering", json!({ "gathering": twice.0, "expectedRevision": twice.1 }), "removed").await;

    let of_city = "query ($id: ID!) { community(id: $id) { revision } }";
    let revision = service.ask(of_city, json!({ "id": stays.0 })).await["community"]["revision"].clone();
    let renamed = json!({ "community": stays.0, "expectedRevision": revision, "slug": "nakuru-city", "name": "Nakuru City" });
    writer.done("renameCommunity", renamed, "community { id }").await;

    let after = service.ask(query, json!({ "within": network })).await;
    assert_eq!(after["communities"]["nodes"][0]["formerSlugs"], json!(["nakuru", "nakuru-town", "old-town"]));
    for _ in 0..2 {
        let said = succeed(&address, &["import", path]);
        assert!(said.contains("left alone: ") && said.contains("gathering g-3 (removed here)"), "{said}");
        assert!(said.contains("community nakuru-town (merged into another here)"), "{said}");
        assert!(!said.contains("conflict:"), "the files say what they said before: {said}");
        assert_eq!(service.ask(query, json!({ "within": network })).await, after, "nothing came back");
        assert!(succeed(&address, &["verify"]).contains("nothing differs"));
    }
    // Unless the files are to win: the gathering is one of the city that is left, with its report.
    succeed(&address, &["import", "--overwrite", path]);
    let data = service.ask(query, json!({ "within": network })).await;
    assert_eq!(data["gatherings"]["nodes"].as_array().map(Vec::len), Some(4));
    assert_eq!(data["gatheringReports"]["totalCount"], 3);
    assert_eq!(data["communities"]["nodes"].as_array().map(Vec::len), Some(1), "what was merged stays merged");
    let said = succeed(&address, &["import", path]);
    assert!(!said.contains("(removed here)"), "it is there again: {said}");
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
}
on_both!(what_was_removed_or_merged_does_not_come_back);
