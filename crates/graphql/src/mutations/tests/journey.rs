use convene_domain::access::Caller;
use serde_json::{Value as Json, json};

use super::{Place, at, done, done_by, facilitator, with};
use crate::fixture::World;

/// From an empty database to a network whose report is reviewed, by nothing but mutations.
#[tokio::test]
async fn an_empty_database_becomes_a_network_in_use() {
    let world = World::empty().await;
    let input = json!({ "slug": "relief", "name": "Relief", "sourceUrl": "https://relief.example", "languages": ["en"] });
    let network = done(&world, "createNetwork", input, "network { id slug name sourceUrl languages revision }").await;
    let network = &network["network"];
    assert_eq!(
        (&network["sourceUrl"], &network["languages"], &network["revision"]),
        (&json!("https://relief.example"), &json!(["en"]), &json!(1))
    );
    let id = &network["id"];
    let input = with(at("network", id, 1), json!({ "sourceUrl": null, "languages": ["en", "sw"] }));
    let network = done(&world, "changeNetwork", input, "network { name sourceUrl languages revision }").await;
    assert_eq!(network["network"], json!({ "name": "Relief", "sourceUrl": null, "languages": ["en", "sw"], "revision": 2 }));

    let term = |code| json!({ "network": id, "kind": "THEME", "code": code, "label": code });
    let fields = "term { id kind code label order retired revision }";
    done(&world, "addVocabularyTerm", term("WATER"), fields).await;
    let added = done(&world, "addVocabularyTerm", term("SHELTER"), fields).await;
    assert_eq!(added["term"]["order"], 2);
    let input = with(at("term", &added["term"]["id"], 1), json!({ "label": "Roofs", "order": 7, "retired": true }));
    let changed = done(&world, "changeVocabularyTerm", input, fields).await["term"].take();
    assert_eq!((&changed["label"], &changed["order"], &changed["retired"]), (&json!("Roofs"), &json!(7), &json!(true)));

    let details = json!({
        "network": id, "slug": "kenya", "name": "Kenya", "level": "NATIONAL", "forming": true,
        "purpose": "Clean water", "country": "KE", "regionCode": "KE-28", "regionName": "Coast", "city": "Mombasa",
        "location": { "latitude": -4.05, "longitude": 39.67 }, "timeZone": "Africa/Nairobi", "languages": ["sw"],
        "format": "HYBRID", "cadence": "FREQ=MONTHLY;INTERVAL=2", "reportDueDays": 14, "defaultAudience": "PUBLIC",
        "members": 40, "foundedOn": "2019-05-01", "joinedNetworkOn": "2020-01-01", "sourceUrl": "https://kenya.example",
    });
    let fields =
        "community { id slug name level status purpose country regionCode regionName city location { latitude longitude }
      timeZone languages format cadence reportDueDays defaultAudience members foundedOn joinedNetworkOn sourceUrl revision
      parent { slug } network { slug } }";
    let community = done(&world, "createCommunity", details.clone(), fields).await["community"].take();
    for (name, value) in details.as_object().unwrap() {
        if !["network", "forming"].contains(&name.as_str()) {
            assert_eq!(&community[name], value, "{name}");
        }
    }
    assert_eq!((&community["status"], &community["parent"]), (&json!("FORMING"), &Json::Null));
    let cleared = json!({
        "purpose": null, "country": null, "regionCode": null, "regionName": null, "city": null, "location": null,
        "timeZone": null, "format": null, "cadence": null, "reportDueDays": null, "defaultAudience": null, "members": null,
        "foundedOn": null, "joinedNetworkOn": null, "sourceUrl": null,
    });
    let input = with(at("community", &community["id"], 1), with(cleared.clone(), json!({ "name": "Kenia" })));
    let changed = done(&world, "changeCommunity", input, fields).await["community"].take();
    assert!(cleared.as_object().unwrap().keys().all(|name| changed[name] == Json::Null), "{changed:#}");
    // What was left out stays.
    assert_eq!((&changed["name"], &changed["slug"], &changed["languages"]), (&json!("Kenia"), &json!("kenya"), &json!(["sw"])));
}

#[tokio::test]
async fn a_community_lives_through_its_steps() {
    let place = Place::new().await;
    let input = json!({ "network": place.network, "slug": "ghana", "name": "Ghana", "level": "NATIONAL", "forming": true });
    let ghana = done(&place.world, "createCommunity", input, "community { id }").await["community"]["id"].take();
    let steps = [("open", "OPEN"), ("pause", "PAUSED"), ("reopen", "OPEN"), ("close", "CLOSED"), ("reopen", "OPEN")];
    for (revision, (step, status)) in (1..).zip(steps) {
        let input = at("community", &ghana, revision);
        let payload = done(&place.world, &format!("{step}Community"), input, "community { status revision }").await;
        assert_eq!(payload["community"], json!({ "status": status, "revision": revision + 1 }), "{step}");
    }
}

#[tokio::test]
async fn a_community_moves_with_its_history_and_old_slugs_lead_to_it() {
    let place = Place::new().await;
    let world = &place.world;
    let input = with(at("community", &place.city, 1), json!({ "slug": "mvita", "name": "Mvita" }));
    let fields = "community { slug name formerSlugs revision }";
    let renamed = done(world, "renameCommunity", input, fields).await;
    assert_eq!(renamed["community"], json!({ "slug": "mvita", "name": "Mvita", "formerSlugs": ["mombasa"], "revision": 2 }));
    let found = place.read(r#"{ communityBySlug(network: "relief", slug: "mombasa") { slug } }"#).await;
    assert_eq!(found["communityBySlug"]["slug"], "mvita");
    // Back to the first one: that slug is its own.
    let back = done(world, "renameCommunity", with(at("community", &place.city, 2), json!({ "slug": "mombasa" })), fields).await;
    assert_eq!(back["community"], json!({ "slug": "mombasa", "name": "Mvita", "formerSlugs": ["mvita"], "revision": 3 }));

    let input = with(at("community", &place.city, 3), json!({ "parent": place.nation }));
    let moved = done(world, "moveCommunity", input, "community { parent { slug } ancestors { slug } }").await;
    assert_eq!(moved["community"], json!({ "parent": { "slug": "kenya" }, "ancestors": [{ "slug": "kenya" }] }));
    let query = format!(r#"{{ gatherings(within: {}) {{ totalCount }} }}"#, place.region);
    assert_eq!(place.read(query).await["gatherings"]["totalCount"], 0);
    let top = done(
        world,
        "moveCommunity",
        with(at("community", &place.city, 4), json!({ "parent": null })),
        "community { ancestors { id } }",
    );
    assert_eq!(top.await["community"]["ancestors"], json!([]));
}

#[tokio::test]
async fn two_communities_become_one() {
    let place = Place::new().await;
    let world = &place.world;
    let double = Place::community(world, &place.network, "REGIONAL", "pwani", &place.nation).await;
    let town = Place::community(world, &place.network, "CITY", "malindi", &double).await;
    let gathering = Place::gathering(world, &double, "Autumn").await;
    let input = json!({ "community": place.region, "expectedRevision": 1, "merged": double, "expectedMergedRevision": 1 });
    let fields = "community { slug formerSlugs children { nodes { slug } } gatherings { totalCount } revision }";
    let merged = done(world, "mergeCommunities", input, fields).await;
    let children = json!({ "nodes": [{ "slug": "malindi" }, { "slug": "mombasa" }] });
    assert_eq!(
        merged["community"],
        json!({ "slug": "coast", "formerSlugs": ["pwani"], "children": children, "gatherings": { "totalCount": 2 }, "revision": 2 })
    );
    let query = format!(
        r#"{{ gone: community(id: {double}) {{ id }} community(id: {town}) {{ parent {{ slug }} }}
          gathering(id: {gathering}) {{ hosts {{ slug }} }} communityBySlug(network: "relief", slug: "pwani") {{ slug }} }}"#
    );
    let expected = json!({
        "gone": null,
        "community": { "parent": { "slug": "coast" } },
        "gathering": { "hosts": [{ "slug": "coast" }] },
        "communityBySlug": { "slug": "coast" },
    });
    assert_eq!(place.read(query).await, expected);
}

const GATHERING: &str = "gathering { id title startsAt startDate endsAt endDate format status venueCity venueCountry
  location { latitude longitude } externalId sourceUrl announcedAt hosts { slug } agenda { title kind { code } minutes presenter }
  invitations { group { code } invited } rsvpYes rsvpWaitlist rsvpsObservedAt revision }";

#[tokio::test]
async fn a_gathering_is_planned_changed_moved_in_time_and_called_off() {
    let place = Place::new().await;
    let world = &place.world;
    let input = json!({
        "hosts": [place.city, place.region], "title": "Autumn", "startsAt": "2026-09-01T18:30:00+03:00",
        "endsAt": "2026-09-01T20:00:00+03:00", "format": "IN_PERSON", "externalId": "ext-1",
        "venue": { "city": "Mombasa", "country": "KE", "latitude": -4.0, "longitude": 39.5 },
        "sourceUrl": "https://autumn.example", "announcedAt": "2026-08-01T10:00:00+03:00",
        "agenda": [{ "title": "Welcome", "kind": "CARE", "minutes": 20, "presenter": "Asha" }, { "title": "Talk" }],
        "invitations": [{ "group": "CHURCHES", "invited": 12 }],
    });
    let gathering = done(world, "planGathering", input, GATHERING).await["gathering"].take();
    let id = gathering["id"].clone();
    assert_eq!(
        gathering,
        json!({
            "id": id, "title": "Autumn", "startsAt": "2026-09-01T18:30:00+03:00", "startDate": "2026-09-01",
            "endsAt": "2026-09-01T20:00:00+03:00", "endDate": "2026-09-01", "format": "IN_PERSON", "status": "PLANNED",
            "venueCity": "Mombasa", "venueCountry": "KE", "location": { "latitude": -4.0, "longitude": 39.5 },
            "externalId": "ext-1", "sourceUrl": "https://autumn.example", "announcedAt": "2026-08-01T07:00:00Z",
            "hosts": [{ "slug": "mombasa" }, { "slug": "coast" }],
            "agenda": [
                { "title": "Welcome", "kind": { "code": "CARE" }, "minutes": 20, "presenter": "Asha" },
                { "title": "Talk", "kind": null, "minutes": null, "presenter": null },
            ],
            "invitations": [{ "group": { "code": "CHURCHES" }, "invited": 12 }],
            "rsvpYes": null, "rsvpWaitlist": null, "rsvpsObservedAt": null, "revision": 1,
        })
    );
    let input = with(
        at("gathering", &id, 1),
        json!({ "title": "Harvest", "venue": { "city": "Kilifi" }, "hosts": [place.nation], "agenda": null, "sourceUrl": null }),
    );
    let changed = done(world, "changeGathering", input, GATHERING).await["gathering"].take();
    assert_eq!((&changed["title"], &changed["format"]), (&json!("Harvest"), &json!("IN_PERSON")));
    assert_eq!(
        (&changed["venueCity"], &changed["venueCountry"], &changed["location"]),
        (&json!("Kilifi"), &Json::Null, &Json::Null)
    );
    assert_eq!((&changed["hosts"], &changed["agenda"]), (&json!([{ "slug": "kenya" }]), &json!([])));
    assert_eq!((&changed["sourceUrl"], &changed["invitations"]), (&Json::Null, &gathering["invitations"]));

    let input = with(at("gathering", &id, 2), json!({ "startDate": "2026-10-01", "endDate": "2026-10-03" }));
    let moved = done(world, "rescheduleGathering", input, GATHERING).await["gathering"].take();
    assert_eq!(
        (&moved["startsAt"], &moved["startDate"], &moved["endDate"]),
        (&Json::Null, &json!("2026-10-01"), &json!("2026-10-03"))
    );

    let counted = json!({ "gathering": id, "yes": 14, "waitlist": 3, "observedAt": "2026-09-20T12:00:00+03:00" });
    let counted = done(world, "recordRsvps", counted, GATHERING).await["gathering"].take();
    assert_eq!(
        (&counted["rsvpYes"], &counted["rsvpWaitlist"], &counted["rsvpsObservedAt"]),
        (&json!(14), &json!(3), &json!("2026-09-20T09:00:00Z"))
    );
    let cancelled = done(world, "cancelGathering", at("gathering", &id, 4), "gathering { status revision }").await;
    assert_eq!(cancelled["gathering"], json!({ "status": "CANCELLED", "revision": 5 }));
    let held = done(world, "holdGathering", at("gathering", &place.gathering, 1), "gathering { status }").await;
    assert_eq!(held["gathering"]["status"], "HELD");
}

#[tokio::test]
async fn two_gatherings_become_one_and_one_is_taken_out() {
    let place = Place::new().await;
    let world = &place.world;
    let double = Place::gathering(world, &place.region, "Spring!").await;
    let draft = json!({ "gathering": double, "items": [{ "kind": "SUCCESS", "text": "Rain" }] });
    let report = done(world, "draftGatheringReport", draft, "report { id }").await["report"]["id"].take();
    let input = json!({ "gathering": place.gathering, "expectedRevision": 1, "merged": double, "expectedMergedRevision": 1 });
    let merged = done(world, "mergeGatherings", input, "gathering { title hosts { slug } report { id } revision }").await;
    assert_eq!(
        merged["gathering"],
        json!({ "title": "Spring", "hosts": [{ "slug": "mombasa" }, { "slug": "coast" }], "report": { "id": report }, "revision": 2 })
    );
    let removed = done(world, "removeGathering", at("gathering", &place.gathering, 2), "removed").await;
    assert_eq!(removed["removed"], place.gathering);
    let query = format!(
        "{{ one: gathering(id: {double}) {{ id }} two: gathering(id: {}) {{ id }} report: gatheringReport(id: {report}) {{ id }} }}",
        place.gathering
    );
    assert_eq!(place.read(query).await, json!({ "one": null, "two": null, "report": null }));
}

#[tokio::test]
async fn a_later_mutation_of_a_request_shows_what_it_changed() {
    let place = Place::new().await;
    let query = r#"mutation($id: ID!) {
      one: changeCommunity(input: { community: $id, expectedRevision: 1, name: "One", idempotencyKey: "a" }) { ...C }
      two: changeCommunity(input: { community: $id, expectedRevision: 2, name: "Two", idempotencyKey: "b" }) { ...C }
      one_again: changeCommunity(input: { community: $id, expectedRevision: 1, name: "One", idempotencyKey: "a" }) { cursor community { name } }
    } fragment C on ChangeCommunityPayload { community { name revision children { nodes { parent { name } } } } userErrors { code } }"#;
    let answer = place.world.send(facilitator(1), query, json!({ "id": place.region })).await;
    let (one, two) = (&answer["data"]["one"], &answer["data"]["two"]);
    assert_eq!((&one["community"]["name"], &one["community"]["revision"]), (&json!("One"), &json!(2)), "{answer:#}");
    assert_eq!((&two["community"]["name"], &two["community"]["revision"]), (&json!("Two"), &json!(3)));
    assert_eq!(two["community"]["children"]["nodes"], json!([{ "parent": { "name": "Two" } }]));
    // What is answered again is the first outcome; the record is shown as it is.
    assert_eq!(answer["data"]["one_again"]["community"]["name"], "Two");
}

#[tokio::test]
async fn a_stranger_writes_nothing_and_learns_nothing() {
    let place = Place::new().await;
    for input in [json!({ "slug": "other", "name": "Other" }), json!({ "slug": " ", "name": "" })] {
        let answer = super::send(&place.world, Caller::Anonymous, "createNetwork", input, "network { id }").await;
        assert_eq!(answer["data"], Json::Null, "{answer:#}");
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
        assert_eq!(answer["errors"].as_array().unwrap().len(), 1);
    }
    let networks = place.read("{ networks { totalCount } }").await;
    assert_eq!(networks["networks"]["totalCount"], 1);
    let input = json!({ "slug": "other", "name": "Other" });
    done_by(&place.world, facilitator(1), "createNetwork", input, "network { id }").await;
}
