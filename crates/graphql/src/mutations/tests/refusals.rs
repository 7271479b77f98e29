use convene_domain::access::Caller;
use serde_json::{Value as Json, json};

use super::{Place, at, done, pair, reason, refused, send, with};

const NOBODY: &str = "01900000000070008000000000000001";

fn nobody(prefix: &str) -> Json {
    json!(format!("{prefix}_{NOBODY}"))
}

#[tokio::test]
async fn values_that_do_not_read_are_named_all_at_once() {
    let place = Place::new().await;
    let network = &place.network;
    let cases = [
        (
            "createNetwork",
            json!({ "slug": "two words", "name": " ", "sourceUrl": "", "languages": ["en", "english please"] }),
            vec!["slug", "name", "sourceUrl", "languages.1"],
        ),
        (
            "changeNetwork",
            with(at("network", &nobody("com"), 1), json!({ "name": null, "sourceUrl": " " })),
            vec!["network", "name", "sourceUrl"],
        ),
        (
            "addVocabularyTerm",
            json!({ "network": "relief", "kind": "THEME", "code": "water", "label": "", "order": 0 }),
            vec!["network", "code", "label", "order"],
        ),
        (
            "changeVocabularyTerm",
            with(at("term", &nobody("net"), 1), json!({ "label": null, "order": null, "retired": null })),
            vec!["term", "label", "order", "retired"],
        ),
        (
            "createCommunity",
            json!({
                "network": network, "slug": "", "name": "", "level": "CITY", "parent": NOBODY, "forming": null, "country": "Kenya",
                "location": { "latitude": 91, "longitude": 181 }, "timeZone": "Nairobi", "cadence": "monthly",
                "reportDueDays": -1, "members": -1, "purpose": "",
            }),
            vec![
                "slug",
                "name",
                "parent",
                "forming",
                "purpose",
                "country",
                "location.latitude",
                "location.longitude",
                "timeZone",
                "cadence",
                "reportDueDays",
                "members",
            ],
        ),
        (
            "renameCommunity",
            with(at("community", &json!("mombasa"), 1), json!({ "slug": "a/b", "name": null })),
            vec!["community", "slug", "name"],
        ),
        ("moveCommunity", at("community", &nobody("gat"), 1), vec!["community", "parent"]),
        (
            "mergeCommunities",
            with(at("community", &json!(1), 1), json!({ "merged": "", "expectedMergedRevision": 1 })),
            vec!["community", "merged"],
        ),
        (
            "planGathering",
            json!({
                "hosts": [], "title": "", "format": null, "startsAt": "1816-01-01T00:00:00Z",
                "announcedAt": "9999-01-01T00:00:00Z", "venue": { "city": "", "country": "ke", "longitude": 1 },
                "agenda": [{ "title": "", "minutes": -1 }], "invitations": [{ "group": "", "invited": -1 }],
            }),
            vec![
                "hosts",
                "title",
                "startsAt",
                "format",
                "venue.city",
                "venue.country",
                "venue.latitude",
                "announcedAt",
                "agenda.0.title",
                "agenda.0.minutes",
                "invitations.0.group",
                "invitations.0.invited",
            ],
        ),
        (
            "changeGathering",
            with(at("gathering", &nobody("gat"), 1), json!({ "title": null, "format": null, "hosts": null })),
            vec!["title", "format", "hosts"],
        ),
        (
            "recordRsvps",
            json!({ "gathering": nobody("rep"), "yes": -1, "waitlist": 10_000_001, "observedAt": "2016-12-31T23:59:60Z" }),
            vec!["gathering", "yes", "waitlist", "observedAt"],
        ),
        ("pauseCommunity", at("community", &nobody("gat"), 1), vec!["community"]),
    ];
    for (mutation, input, expected) in cases {
        let told = refused(&place.world, mutation, input).await;
        let fields: Vec<_> = told.iter().map(|(_, field, _)| field.as_str()).collect();
        assert_eq!(fields, expected, "{mutation}: {told:?}");
        assert!(told.iter().all(|(code, ..)| code == "INVALID"), "{mutation}: {told:?}");
    }
}

#[tokio::test]
async fn a_gathering_has_one_beginning_and_at_most_one_end_after_it() {
    let place = Place::new().await;
    let hour = |hour: u32| format!("2026-05-01T{hour:02}:00:00+03:00");
    for (timing, expected) in [
        (json!({}), "startsAt"),
        (json!({ "startsAt": null, "startDate": null }), "startsAt"),
        (json!({ "startsAt": hour(10), "startDate": "2026-05-01" }), "startDate"),
        (json!({ "startsAt": hour(10), "endsAt": hour(12), "endDate": "2026-05-01" }), "endDate"),
        (json!({ "startsAt": hour(10), "endsAt": hour(9) }), "endsAt"),
        (json!({ "startDate": "2026-05-02", "endDate": "2026-05-01" }), "endDate"),
        (json!({ "startDate": "2026-05-02", "endsAt": hour(9) }), "endsAt"),
    ] {
        let input = with(at("gathering", &place.gathering, 1), timing.clone());
        assert_eq!(reason(&place.world, "rescheduleGathering", input).await, pair("INVALID", expected), "{timing}");
        let input = with(json!({ "hosts": [place.city], "title": "Autumn" }), timing.clone());
        assert_eq!(reason(&place.world, "planGathering", input).await, pair("INVALID", expected), "{timing}");
    }
}

#[tokio::test]
async fn what_is_named_has_to_be_there() {
    let place = Place::new().await;
    let world = &place.world;
    for (mutation, record, prefix, more) in [
        ("changeNetwork", "network", "net", json!({ "name": "A" })),
        ("changeVocabularyTerm", "term", "voc", json!({ "label": "A" })),
        ("changeCommunity", "community", "com", json!({ "name": "A" })),
        ("renameCommunity", "community", "com", json!({ "slug": "a" })),
        ("moveCommunity", "community", "com", json!({ "parent": null })),
        ("openCommunity", "community", "com", json!({})),
        ("changeGathering", "gathering", "gat", json!({ "title": "A" })),
        ("rescheduleGathering", "gathering", "gat", json!({ "startDate": "2026-05-01" })),
        ("holdGathering", "gathering", "gat", json!({})),
        ("cancelGathering", "gathering", "gat", json!({})),
        ("removeGathering", "gathering", "gat", json!({})),
        ("amendGatheringReport", "report", "rep", json!({ "audience": "PUBLIC" })),
        ("reviewGatheringReport", "report", "rep", json!({})),
        ("withdrawGatheringReport", "report", "rep", json!({})),
    ] {
        let input = with(at(record, &nobody(prefix), 1), more);
        assert_eq!(reason(world, mutation, input).await, pair("NOT_FOUND", record), "{mutation}");
    }
    let term = json!({ "network": nobody("net"), "kind": "THEME", "code": "FIRE", "label": "Fire" });
    assert_eq!(reason(world, "addVocabularyTerm", term).await, pair("NOT_FOUND", "network"));
    let city = json!({ "network": place.network, "slug": "a", "name": "A", "level": "CITY", "parent": nobody("com") });
    assert_eq!(reason(world, "createCommunity", city).await, pair("NOT_FOUND", "parent"));
    let plan = json!({ "hosts": [place.city, nobody("com")], "title": "A", "startDate": "2026-05-01" });
    assert_eq!(reason(world, "planGathering", plan).await, pair("NOT_FOUND", "hosts.1"));
    let merge = json!({ "community": place.city, "expectedRevision": 1, "merged": nobody("com"), "expectedMergedRevision": 1 });
    assert_eq!(reason(world, "mergeCommunities", merge).await, pair("NOT_FOUND", "merged"));
    let rsvps = json!({ "gathering": nobody("gat"), "yes": 1, "observedAt": "2026-05-01T00:00:00Z" });
    assert_eq!(reason(world, "recordRsvps", rsvps).await, pair("NOT_FOUND", "gathering"));
    let append = json!({ "report": nobody("rep"), "outcomes": ["HOPE"] });
    assert_eq!(reason(world, "appendToGatheringReport", append).await, pair("NOT_FOUND", "report"));
}

/// No field is at fault: any of them would do.
#[tokio::test]
async fn a_change_names_something_that_is_to_change() {
    let place = Place::new().await;
    let world = &place.world;
    let term = json!({ "network": place.network, "kind": "THEME", "code": "FIRE", "label": "Fire" });
    let term = done(world, "addVocabularyTerm", term, "term { id }").await["term"]["id"].take();
    let draft = json!({ "gathering": place.gathering, "items": [{ "kind": "SUCCESS", "text": "Rain" }] });
    let report = done(world, "draftGatheringReport", draft, "report { id }").await["report"]["id"].take();
    let empty = json!({ "changeItems": [], "removeItems": [], "addItems": null });
    for (mutation, input) in [
        ("changeNetwork", at("network", &place.network, 1)),
        ("changeVocabularyTerm", at("term", &term, 1)),
        ("changeCommunity", at("community", &place.city, 1)),
        ("changeGathering", at("gathering", &place.gathering, 1)),
        ("amendGatheringReport", at("report", &report, 1)),
        ("amendGatheringReport", with(at("report", &report, 1), empty)),
    ] {
        let told = refused(world, mutation, input).await;
        let expected = ("INVALID".to_owned(), String::new(), "nothing is named that is to change".to_owned());
        assert_eq!(told, [expected], "{mutation}");
    }
    // To say that there is none is something.
    for (mutation, input) in [
        ("changeNetwork", with(at("network", &place.network, 1), json!({ "languages": null }))),
        ("changeCommunity", with(at("community", &place.city, 1), json!({ "purpose": null }))),
        ("changeGathering", with(at("gathering", &place.gathering, 1), json!({ "venue": null }))),
        ("amendGatheringReport", with(at("report", &report, 1), json!({ "outcomes": null }))),
    ] {
        done(world, mutation, input, "__typename").await;
    }
}

#[tokio::test]
async fn a_source_is_an_address_of_the_web() {
    let place = Place::new().await;
    let world = &place.world;
    let inputs = [
        ("createNetwork", json!({ "slug": "other", "name": "Other" })),
        ("changeNetwork", at("network", &place.network, 1)),
        ("createCommunity", json!({ "network": place.network, "slug": "ghana", "name": "Ghana", "level": "NATIONAL" })),
        ("changeCommunity", at("community", &place.city, 1)),
        ("planGathering", json!({ "hosts": [place.city], "title": "Autumn", "startDate": "2026-09-01" })),
        ("changeGathering", at("gathering", &place.gathering, 1)),
    ];
    let longest = format!("HTTPS://relief.example/{}", "x".repeat(1_977));
    for (mutation, input) in inputs {
        for address in ["relief.example", "ftp://relief.example", "javascript:alert(1)", "https://", &format!("{longest}x")] {
            let input = with(input.clone(), json!({ "sourceUrl": address }));
            assert_eq!(reason(world, mutation, input).await, pair("INVALID", "sourceUrl"), "{mutation}: {address}");
        }
        done(world, mutation, with(input, json!({ "sourceUrl": longest })), "__typename").await;
    }
    let query = format!("{{ gathering(id: {}) {{ sourceUrl }} }}", place.gathering);
    assert_eq!(place.read(query).await["gathering"]["sourceUrl"], longest);
}

#[tokio::test]
async fn names_and_keys_are_taken_once() {
    let place = Place::new().await;
    let (world, network) = (&place.world, &place.network);
    assert_eq!(reason(world, "createNetwork", json!({ "slug": "relief", "name": "B" })).await, pair("TAKEN", "slug"));
    let term = json!({ "network": network, "kind": "THEME", "code": "WATER", "label": "B" });
    assert_eq!(reason(world, "addVocabularyTerm", term).await, pair("TAKEN", "code"));
    let rename = with(at("community", &place.city, 1), json!({ "slug": "mvita" }));
    done(world, "renameCommunity", rename, "community { id }").await;
    // A slug of the past is taken as well.
    for slug in ["mvita", "mombasa"] {
        let community = json!({ "network": network, "slug": slug, "name": "B", "level": "CITY" });
        assert_eq!(reason(world, "createCommunity", community).await, pair("TAKEN", "slug"));
        let rename = with(at("community", &place.region, 1), json!({ "slug": slug }));
        assert_eq!(reason(world, "renameCommunity", rename).await, pair("TAKEN", "slug"));
    }
    let plan = || json!({ "hosts": [place.city], "title": "A", "startDate": "2026-05-01", "externalId": "ext-1" });
    done(world, "planGathering", plan(), "gathering { id }").await;
    assert_eq!(reason(world, "planGathering", plan()).await, pair("TAKEN", "externalId"));
}

#[tokio::test]
async fn a_change_from_an_old_revision_is_told_the_current_one() {
    let place = Place::new().await;
    let change = |revision, name: &str| with(at("community", &place.city, revision), json!({ "name": name }));
    done(&place.world, "changeCommunity", change(1, "One"), "community { id }").await;
    let answer = send(&place.world, Caller::Operator, "changeCommunity", change(1, "Two"), "community { id }").await;
    let payload = &answer["data"]["changeCommunity"];
    let expected = json!([{
        "code": "CONFLICT",
        "message": "is 1, but the record is at revision 2",
        "field": ["input", "expectedRevision"],
        "currentRevision": 2,
    }]);
    assert_eq!(payload, &json!({ "community": null, "cursor": null, "userErrors": expected }));
    for revision in [-1, 0, 3] {
        assert_eq!(reason(&place.world, "changeCommunity", change(revision, "Two")).await, pair("CONFLICT", "expectedRevision"));
    }
    let merge = json!({ "community": place.nation, "expectedRevision": 1, "merged": place.city, "expectedMergedRevision": 1 });
    assert_eq!(reason(&place.world, "mergeCommunities", merge).await, pair("CONFLICT", "expectedMergedRevision"));
    let counted = |observed: &str| json!({ "gathering": place.gathering, "yes": 3, "observedAt": observed });
    done(&place.world, "recordRsvps", counted("2026-04-02T00:00:00Z"), "gathering { id }").await;
    let older = counted("2026-04-01T00:00:00Z");
    assert_eq!(reason(&place.world, "recordRsvps", older).await, pair("CONFLICT", "observedAt"));
}

#[tokio::test]
async fn at_most_a_hundred_reasons_are_told() {
    let place = Place::new().await;
    let items = vec![json!({ "kind": "SUCCESS", "text": " ", "severity": "LOW" }); 500];
    let told = refused(&place.world, "draftGatheringReport", json!({ "gathering": place.gathering, "items": items })).await;
    assert_eq!((told.len(), told[99].1.as_str()), (100, "items.49.severity"));
}
