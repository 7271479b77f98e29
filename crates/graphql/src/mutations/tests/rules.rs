use chrono::{SecondsFormat, TimeDelta, Utc};
use serde_json::{Value as Json, json};

use super::{Place, at, done, pair, reason, refused, with};

/// An instant so many hours from now.
fn ahead(hours: i64) -> String {
    (Utc::now() + TimeDelta::hours(hours)).to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[tokio::test]
async fn the_rules_of_the_tree_and_of_life_hold() {
    let place = Place::new().await;
    let world = &place.world;
    let other = done(world, "createNetwork", json!({ "slug": "other", "name": "Other" }), "network { id }").await;
    let abroad = Place::community(world, &other["network"]["id"], "NATIONAL", "abroad", &Json::Null).await;
    let to = |community: &Json, parent: &Json| with(at("community", community, 1), json!({ "parent": parent }));
    for (community, parent) in
        [(&place.nation, &place.city), (&place.city, &place.city), (&place.city, &abroad), (&place.city, &place.region)]
    {
        assert_eq!(reason(world, "moveCommunity", to(community, parent)).await, pair("NOT_ALLOWED", "parent"));
    }
    for step in ["open", "reopen"] {
        let input = at("community", &place.city, 1);
        assert_eq!(reason(world, &format!("{step}Community"), input).await, pair("NOT_ALLOWED", "community"));
    }
    let both = |community: &Json, merged: &Json| json!({ "community": community, "expectedRevision": 1, "merged": merged, "expectedMergedRevision": 1 });
    for merged in [&place.city, &abroad, &place.region] {
        assert_eq!(reason(world, "mergeCommunities", both(&place.city, merged)).await, pair("NOT_ALLOWED", "merged"));
    }
    let hosts = json!({ "hosts": [place.city, abroad], "title": "A", "startDate": "2026-05-01" });
    assert_eq!(reason(world, "planGathering", hosts).await, pair("NOT_ALLOWED", "hosts.1"));
    done(world, "closeCommunity", at("community", &abroad, 1), "community { id }").await;
    let hosts = json!({ "hosts": [abroad], "title": "A", "startDate": "2026-05-01" });
    assert_eq!(reason(world, "planGathering", hosts).await, pair("NOT_ALLOWED", "hosts.0"));
    let agenda = json!({
        "hosts": [place.city], "title": "A", "startDate": "2026-05-01", "agenda": [{ "title": "A" }, { "title": "B", "kind": "FUN" }],
        "invitations": [{ "group": "CLOWNS" }],
    });
    let told = refused(world, "planGathering", agenda).await;
    let fields: Vec<_> = told.iter().map(|(code, field, _)| (code.as_str(), field.as_str())).collect();
    assert_eq!(fields, [("INVALID", "agenda.1.kind"), ("INVALID", "invitations.0.group")]);
    done(world, "holdGathering", at("gathering", &place.gathering, 1), "gathering { id }").await;
    for step in ["hold", "cancel"] {
        let input = at("gathering", &place.gathering, 2);
        assert_eq!(reason(world, &format!("{step}Gathering"), input).await, pair("NOT_ALLOWED", "gathering"));
    }
    assert_eq!(
        reason(
            world,
            "mergeGatherings",
            with(at("gathering", &place.gathering, 2), json!({ "merged": place.gathering, "expectedMergedRevision": 2 }))
        )
        .await,
        pair("NOT_ALLOWED", "merged")
    );
}

#[tokio::test]
async fn the_slug_that_a_community_has_is_no_new_one() {
    let place = Place::new().await;
    let rename = |slug: &str| with(at("community", &place.city, 1), json!({ "slug": slug, "name": "Mvita" }));
    assert_eq!(reason(&place.world, "renameCommunity", rename("mombasa")).await, pair("NOT_ALLOWED", "slug"));
    done(&place.world, "renameCommunity", rename("mvita"), "community { id }").await;
}

#[tokio::test]
async fn a_closed_community_hosts_nothing_new_and_keeps_what_it_hosts() {
    let place = Place::new().await;
    let world = &place.world;
    for community in [&place.city, &place.nation] {
        done(world, "closeCommunity", at("community", community, 1), "community { id }").await;
    }
    let (city, region, nation) = (&place.city, &place.region, &place.nation);
    let hosted = |revision, hosts: &[&Json]| with(at("gathering", &place.gathering, revision), json!({ "hosts": hosts }));
    for (hosts, at_fault) in [(vec![city, region, nation], "hosts.2"), (vec![nation, city], "hosts.0")] {
        assert_eq!(reason(world, "changeGathering", hosted(1, &hosts)).await, pair("NOT_ALLOWED", at_fault));
    }
    let fields = "gathering { hosts { slug } }";
    let joined = done(world, "changeGathering", hosted(1, &[region, city]), fields).await;
    assert_eq!(joined["gathering"]["hosts"], json!([{ "slug": "coast" }, { "slug": "mombasa" }]));
    done(world, "changeGathering", hosted(2, &[region]), fields).await;
    assert_eq!(reason(world, "changeGathering", hosted(3, &[region, city])).await, pair("NOT_ALLOWED", "hosts.1"));
}

#[tokio::test]
async fn the_time_of_a_held_gathering_is_corrected_but_not_into_the_future() {
    let place = Place::new().await;
    let world = &place.world;
    done(world, "holdGathering", at("gathering", &place.gathering, 1), "gathering { id }").await;
    let to = |revision, timing: Json| with(at("gathering", &place.gathering, revision), timing);
    for timing in [json!({ "startsAt": ahead(25) }), json!({ "startDate": "2190-01-01" })] {
        assert_eq!(reason(world, "rescheduleGathering", to(2, timing)).await, pair("NOT_ALLOWED", "gathering"));
    }
    let fields = "gathering { startDate status revision }";
    let corrected = done(world, "rescheduleGathering", to(2, json!({ "startDate": "2026-04-30" })), fields).await;
    assert_eq!(corrected["gathering"], json!({ "startDate": "2026-04-30", "status": "HELD", "revision": 3 }));
    // Clocks of the field may be a little wrong.
    let corrected = done(world, "rescheduleGathering", to(3, json!({ "startsAt": ahead(23) })), fields).await;
    assert_eq!(corrected["gathering"]["status"], "HELD");
}

#[tokio::test]
async fn a_gathering_that_was_called_off_is_planned_again_for_another_time() {
    let place = Place::new().await;
    done(&place.world, "cancelGathering", at("gathering", &place.gathering, 1), "gathering { id }").await;
    let input = with(at("gathering", &place.gathering, 2), json!({ "startDate": "2190-01-01" }));
    let again = done(&place.world, "rescheduleGathering", input, "gathering { startDate status }").await;
    assert_eq!(again["gathering"], json!({ "startDate": "2190-01-01", "status": "PLANNED" }));
}

/// A gathering of the city in a status, and its revision.
async fn in_status(place: &Place, status: &str) -> (Json, i32) {
    let gathering = Place::gathering(&place.world, &place.city, status).await;
    let step = match status {
        "HELD" => "holdGathering",
        "CANCELLED" => "cancelGathering",
        _ => return (gathering, 1),
    };
    done(&place.world, step, at("gathering", &gathering, 1), "gathering { id }").await;
    (gathering, 2)
}

async fn merging(place: &Place, stays: &str, goes: &str) -> Json {
    let ((stays, revision), (goes, merged_revision)) = (in_status(place, stays).await, in_status(place, goes).await);
    with(at("gathering", &stays, revision), json!({ "merged": goes, "expectedMergedRevision": merged_revision }))
}

#[tokio::test]
async fn what_took_place_is_not_forgotten_when_two_gatherings_become_one() {
    let place = Place::new().await;
    for (stays, goes, expected) in [
        ("PLANNED", "HELD", "HELD"),
        ("PLANNED", "CANCELLED", "PLANNED"),
        ("HELD", "PLANNED", "HELD"),
        ("HELD", "CANCELLED", "HELD"),
        ("HELD", "HELD", "HELD"),
        ("CANCELLED", "PLANNED", "CANCELLED"),
        ("CANCELLED", "CANCELLED", "CANCELLED"),
    ] {
        let input = merging(&place, stays, goes).await;
        let merged = done(&place.world, "mergeGatherings", input, "gathering { status }").await;
        assert_eq!(merged["gathering"]["status"], expected, "{stays} and {goes}");
    }
    let input = merging(&place, "CANCELLED", "HELD").await;
    let query = format!(
        "{{ stays: gathering(id: {}) {{ status }} goes: gathering(id: {}) {{ status }} }}",
        input["gathering"], input["merged"]
    );
    assert_eq!(reason(&place.world, "mergeGatherings", input).await, pair("NOT_ALLOWED", "gathering"));
    assert_eq!(place.read(query).await, json!({ "stays": { "status": "CANCELLED" }, "goes": { "status": "HELD" } }));
}

#[tokio::test]
async fn nobody_counts_answers_of_the_future() {
    let place = Place::new().await;
    let counted = |observed: String| json!({ "gathering": place.gathering, "yes": 3, "observedAt": observed });
    for observed in [ahead(25), "2190-01-01T00:00:00Z".to_owned()] {
        assert_eq!(reason(&place.world, "recordRsvps", counted(observed)).await, pair("INVALID", "observedAt"));
    }
    // Clocks of the field may be a little wrong.
    let counted = done(&place.world, "recordRsvps", counted(ahead(23)), "gathering { rsvpYes }").await;
    assert_eq!(counted["gathering"]["rsvpYes"], 3);
}
