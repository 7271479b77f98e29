use convene_domain::access::Caller;
use serde_json::{Value as Json, json};

use super::{Place, at, done, done_by, facilitator, pair, reason, send, with};

const REPORT: &str = "report { id status audience attendance revision
  attendanceParts { role { code } organisation people }
  items { id kind text activityKind severity theme { code } contributor host { slug } owner dueOn nextStepState confidential }
  outcomes { code } functions { code } }";

/// Drafted by one, added to by two at once, handed in, amended, reviewed, taken back and handed in again.
#[tokio::test]
async fn a_report_is_written_by_several_people_and_handed_in() {
    let place = Place::new().await;
    let world = &place.world;
    let draft = json!({
        "gathering": place.gathering, "audience": "PUBLIC", "attendanceParts": [{ "role": "LEADERS", "people": 6 }],
        "items": [{ "kind": "CHALLENGE", "text": "Wells are dry", "severity": "HIGH", "theme": "WATER", "host": place.city }],
    });
    let report = done_by(world, facilitator(1), "draftGatheringReport", draft, REPORT).await["report"].take();
    assert_eq!((&report["status"], &report["attendance"], &report["revision"]), (&json!("DRAFT"), &json!(6), &json!(1)));
    assert_eq!((&report["items"][0]["host"]["slug"], &report["items"][0]["theme"]["code"]), (&json!("mombasa"), &json!("WATER")));
    let id = report["id"].clone();

    let asha = json!({
        "report": id, "attendanceParts": [{ "organisation": "Red Cross", "people": 2 }],
        "items": [{ "kind": "ACTIVITY", "text": "Saw a well", "activityKind": "VISITS", "contributor": "Asha" }],
    });
    let juma = json!({
        "report": id, "outcomes": ["HOPE"],
        "items": [{ "kind": "NEXT_STEP", "text": "Dig", "owner": "Juma", "dueOn": "2026-06-01", "confidential": true }],
    });
    let both = tokio::join!(
        done_by(world, facilitator(1), "appendToGatheringReport", asha, REPORT),
        done_by(world, facilitator(2), "appendToGatheringReport", juma, REPORT)
    );
    assert_ne!(both.0["cursor"], both.1["cursor"]);
    let query =
        format!("{{ gatheringReport(id: {id}) {{ revision attendance items {{ kind nextStepState }} outcomes {{ code }} }} }}");
    let now = place.read(query).await["gatheringReport"].take();
    assert_eq!((&now["revision"], &now["attendance"], &now["outcomes"]), (&json!(3), &json!(8), &json!([{ "code": "HOPE" }])));
    assert_eq!(now["items"].as_array().unwrap().len(), 3);

    // A gathering that was only planned has then been held.
    let submit = json!({ "gathering": place.gathering, "expectedRevision": 3, "attendance": 10, "functions": ["EDUCATE"] });
    let selected = format!("{REPORT} again: report {{ submittedAt gathering {{ status }} }}");
    let submitted = done(world, "submitGatheringReport", submit, &selected).await;
    assert_eq!((&submitted["report"]["status"], &submitted["report"]["attendance"]), (&json!("SUBMITTED"), &json!(10)));
    assert_eq!(submitted["again"]["gathering"]["status"], "HELD");
    assert!(submitted["again"]["submittedAt"].is_string());

    let items = submitted["report"]["items"].as_array().unwrap().clone();
    let item = |kind: &str| items.iter().find(|item| item["kind"] == kind).unwrap()["id"].clone();
    let amend = with(
        at("report", &id, 4),
        json!({
            "audience": "NETWORK", "attendance": null, "attendanceParts": [{ "role": "LEADERS", "people": 5 }], "outcomes": null,
            "changeItems": [
                { "id": item("CHALLENGE"), "text": "Wells were dry", "severity": null, "theme": null, "host": null },
                { "id": item("NEXT_STEP"), "state": "DONE", "owner": null, "dueOn": null, "confidential": false },
            ],
            "removeItems": [item("ACTIVITY")],
            "addItems": [{ "kind": "RESOURCE", "text": "A pump" }],
        }),
    );
    let amended = done(world, "amendGatheringReport", amend, REPORT).await["report"].take();
    assert_eq!((&amended["audience"], &amended["attendance"], &amended["revision"]), (&json!("NETWORK"), &json!(5), &json!(5)));
    assert_eq!((&amended["outcomes"], &amended["functions"]), (&json!([]), &json!([{ "code": "EDUCATE" }])));
    let told = |item: &Json| (item["kind"].clone(), item["text"].clone());
    let mut kinds: Vec<_> = amended["items"].as_array().unwrap().iter().map(told).collect();
    kinds.sort_by_key(|(kind, _)| kind.to_string());
    assert_eq!(
        kinds,
        [("CHALLENGE", "Wells were dry"), ("NEXT_STEP", "Dig"), ("RESOURCE", "A pump")]
            .map(|(kind, text)| (json!(kind), json!(text)))
    );
    let step = amended["items"].as_array().unwrap().iter().find(|item| item["kind"] == "NEXT_STEP").unwrap();
    assert_eq!(
        (&step["nextStepState"], &step["owner"], &step["dueOn"], &step["confidential"]),
        (&json!("DONE"), &Json::Null, &Json::Null, &json!(false))
    );

    let status = "report { status revision }";
    let reviewed = done(world, "reviewGatheringReport", at("report", &id, 5), status).await;
    assert_eq!(reviewed["report"], json!({ "status": "REVIEWED", "revision": 6 }));
    let withdrawn = done(world, "withdrawGatheringReport", at("report", &id, 6), status).await;
    assert_eq!(withdrawn["report"], json!({ "status": "WITHDRAWN", "revision": 7 }));
    let again = json!({ "gathering": place.gathering, "expectedRevision": 7 });
    let again = done(world, "submitGatheringReport", again, status).await;
    assert_eq!(again["report"], json!({ "status": "SUBMITTED", "revision": 8 }));
}

#[tokio::test]
async fn a_report_can_be_handed_in_at_once_with_what_its_host_says_of_readers() {
    let place = Place::new().await;
    let input = with(at("community", &place.city, 1), json!({ "defaultAudience": "PUBLIC" }));
    done(&place.world, "changeCommunity", input, "community { id }").await;
    let input = json!({ "gathering": place.gathering, "items": [{ "kind": "NEED", "text": "Pipes", "severity": "LOW" }] });
    let report = done(&place.world, "submitGatheringReport", input, REPORT).await["report"].take();
    assert_eq!(
        (&report["status"], &report["audience"], &report["attendance"]),
        (&json!("SUBMITTED"), &json!("PUBLIC"), &Json::Null)
    );
}

#[tokio::test]
async fn every_fault_of_a_report_is_told_at_once() {
    let place = Place::new().await;
    let id = |prefix: &str| format!("{prefix}_01900000000070008000000000000001");
    let input = json!({
        "gathering": id("rep"), "idempotencyKey": " ", "audience": null, "attendance": -1,
        "attendanceParts": [{ "people": 3 }, { "role": "no code", "people": 0 }, { "organisation": "Red Cross", "people": 0 }],
        "outcomes": ["HOPE", "hope"],
        "items": [
            { "kind": "CHALLENGE", "text": "Wells are dry" },
            { "kind": "SUCCESS", "text": " ", "severity": "HIGH", "confidential": null },
            { "kind": "ACTIVITY", "text": "A visit", "host": id("gat") },
            { "kind": "NEED", "text": "Pipes", "dueOn": "2026-06-01", "theme": "water" },
        ],
    });
    let told = super::refused(&place.world, "draftGatheringReport", input).await;
    assert!(told.iter().all(|(code, ..)| code == "INVALID"));
    let mut fields: Vec<_> = told.iter().map(|(_, field, _)| field.as_str()).collect();
    fields.sort_unstable();
    let expected = [
        "attendance",
        "attendanceParts.0",
        "attendanceParts.1.role",
        "attendanceParts.2",
        "audience",
        "gathering",
        "idempotencyKey",
        "items.1.confidential",
        "items.1.severity",
        "items.1.text",
        "items.2.activityKind",
        "items.2.host",
        "items.3.dueOn",
        "items.3.theme",
        "outcomes.1",
    ];
    assert_eq!(fields, expected);
    // Then what only the stored records tell, at once, too.
    let input = json!({
        "gathering": place.gathering, "attendanceParts": [{ "role": "CLOWNS", "people": 3 }], "functions": ["EDUCATE", "AMUSE"],
        "items": [{ "kind": "NEED", "text": "Pipes", "theme": "FIRE", "host": place.nation }],
    });
    let told = super::refused(&place.world, "draftGatheringReport", input).await;
    let fields: Vec<_> = told.iter().map(|(code, field, _)| (code.as_str(), field.as_str())).collect();
    assert_eq!(
        fields,
        ["attendanceParts.0.role", "functions.1", "items.0.theme", "items.0.host"].map(|field| ("INVALID", field))
    );
}

#[tokio::test]
async fn a_report_is_refused_what_its_state_does_not_allow() {
    let place = Place::new().await;
    let world = &place.world;
    let item = json!([{ "kind": "SUCCESS", "text": "Rain" }]);
    let of = |gathering: &Json| json!({ "gathering": gathering, "items": item });
    let report = done(world, "draftGatheringReport", of(&place.gathering), "report { id }").await["report"]["id"].take();
    // There is one report, whoever begins it.
    let answer = send(world, Caller::Operator, "draftGatheringReport", of(&place.gathering), "report { id }").await;
    let error = &answer["data"]["draftGatheringReport"]["userErrors"][0];
    assert_eq!((&error["code"], &error["currentRevision"]), (&json!("CONFLICT"), &json!(1)));
    assert_eq!(reason(world, "submitGatheringReport", of(&place.gathering)).await, pair("CONFLICT", "expectedRevision"));
    assert_eq!(reason(world, "reviewGatheringReport", at("report", &report, 1)).await, pair("NOT_ALLOWED", "report"));
    assert_eq!(reason(world, "withdrawGatheringReport", at("report", &report, 1)).await, pair("NOT_ALLOWED", "report"));
    assert_eq!(reason(world, "appendToGatheringReport", json!({ "report": report })).await, pair("INVALID", "items"));
    let unknown = json!("itm_01900000000070008000000000000001");
    for (fields, expected) in [
        (json!({ "changeItems": [{ "id": unknown, "text": "B" }] }), pair("NOT_FOUND", "changeItems.0.id")),
        (json!({ "removeItems": [unknown] }), pair("NOT_FOUND", "removeItems.0")),
        (json!({ "attendance": 1, "attendanceParts": [{ "role": "LEADERS", "people": 2 }] }), pair("INVALID", "attendanceParts")),
        (json!({ "addItems": [{ "kind": "SUCCESS", "text": "B", "theme": "FIRE" }] }), pair("INVALID", "addItems.0.theme")),
    ] {
        let input = with(at("report", &report, 1), fields);
        assert_eq!(reason(world, "amendGatheringReport", input).await, expected);
    }
    let query = format!("{{ gatheringReport(id: {report}) {{ revision items {{ id }} }} }}");
    let stored = place.read(query).await["gatheringReport"].take();
    assert_eq!(stored["revision"], 1);
    let change = json!([{ "id": stored["items"][0]["id"], "severity": "LOW" }]);
    let input = with(at("report", &report, 1), json!({ "changeItems": change }));
    assert_eq!(reason(world, "amendGatheringReport", input).await, pair("INVALID", "changeItems.0.severity"));

    let cancelled = Place::gathering(world, &place.city, "Never").await;
    done(world, "cancelGathering", at("gathering", &cancelled, 1), "gathering { id }").await;
    assert_eq!(reason(world, "draftGatheringReport", of(&cancelled)).await, pair("NOT_ALLOWED", "gathering"));
    let input = json!({ "hosts": [place.city], "title": "Far", "startDate": "2190-01-01" });
    let far = done(world, "planGathering", input, "gathering { id }").await["gathering"]["id"].take();
    assert_eq!(reason(world, "submitGatheringReport", of(&far)).await, pair("NOT_ALLOWED", "gathering"));
}

#[tokio::test]
async fn an_amendment_names_an_item_once() {
    let place = Place::new().await;
    let world = &place.world;
    let items = ["Rain", "A well"].map(|text| json!({ "kind": "SUCCESS", "text": text }));
    let draft = json!({ "gathering": place.gathering, "items": items });
    let report = done(world, "draftGatheringReport", draft, REPORT).await["report"].take();
    let item = |index: usize, text: &str| json!({ "id": report["items"][index]["id"], "text": text });
    let nobody = json!({ "id": "itm_01900000000070008000000000000001", "text": "Nobody's" });
    let amend = |changes: Json| with(at("report", &report["id"], 1), json!({ "changeItems": changes }));
    let twice = amend(json!([item(0, "More rain"), item(1, "Two wells"), item(0, "Less rain")]));
    assert_eq!(reason(world, "amendGatheringReport", twice).await, pair("INVALID", "changeItems.2.id"));
    let told = super::refused(world, "amendGatheringReport", amend(json!([nobody, nobody, item(1, "A"), item(1, "B")]))).await;
    let told: Vec<_> = told.iter().map(|(code, field, _)| (code.as_str(), field.as_str())).collect();
    let expected = [("NOT_FOUND", "changeItems.0.id"), ("INVALID", "changeItems.1.id"), ("INVALID", "changeItems.3.id")];
    assert_eq!(told, expected);
    let query = format!("{{ gatheringReport(id: {}) {{ revision items {{ text }} }} }}", report["id"]);
    let stored = place.read(query).await["gatheringReport"].take();
    assert_eq!(stored, json!({ "revision": 1, "items": [{ "text": "Rain" }, { "text": "A well" }] }));
    done(world, "amendGatheringReport", amend(json!([item(0, "More rain"), item(1, "Two wells")])), REPORT).await;
}

#[tokio::test]
async fn a_total_is_at_fault_when_it_alone_is_too_small_for_its_parts() {
    let place = Place::new().await;
    let world = &place.world;
    let parts = |people: i32| json!([{ "role": "LEADERS", "people": people }]);
    let draft = json!({ "gathering": place.gathering, "attendance": 10, "attendanceParts": parts(6) });
    let report = done(world, "draftGatheringReport", draft, REPORT).await["report"]["id"].take();
    for (counts, at_fault) in [
        (json!({ "attendance": 5 }), "attendance"),
        (json!({ "attendanceParts": parts(11) }), "attendanceParts"),
        (json!({ "attendance": 6, "attendanceParts": parts(7) }), "attendanceParts"),
    ] {
        let input = with(at("report", &report, 1), counts.clone());
        assert_eq!(reason(world, "amendGatheringReport", input).await, pair("INVALID", at_fault), "{counts}");
        let input = with(at("gathering", &place.gathering, 1), counts.clone());
        assert_eq!(reason(world, "submitGatheringReport", input).await, pair("INVALID", at_fault), "{counts}");
    }
    let amended = done(world, "amendGatheringReport", with(at("report", &report, 1), json!({ "attendance": 6 })), REPORT).await;
    assert_eq!(amended["report"]["attendance"], 6);
}

/// People of one organisation came through two doors, and each door counts; a total told before grows when it has to.
#[tokio::test]
async fn people_counted_at_two_doors_add_up() {
    let place = Place::new().await;
    let world = &place.world;
    let draft =
        json!({ "gathering": place.gathering, "attendance": 12, "attendanceParts": [{ "role": "LEADERS", "people": 6 }] });
    let report = done(world, "draftGatheringReport", draft, REPORT).await["report"]["id"].take();
    let door = |people: i32| json!({ "report": report, "attendanceParts": [{ "organisation": "Red Cross", "people": people }, { "role": "LEADERS", "people": 1 }] });
    let first = done(world, "appendToGatheringReport", door(3), REPORT).await["report"].take();
    assert_eq!((&first["attendance"], first["attendanceParts"].as_array().unwrap().len()), (&json!(12), 2));
    let second = done_by(world, facilitator(2), "appendToGatheringReport", door(4), REPORT).await["report"].take();
    let people: Vec<i64> =
        second["attendanceParts"].as_array().unwrap().iter().map(|part| part["people"].as_i64().unwrap()).collect();
    assert_eq!((&second["attendance"], people), (&json!(15), vec![8, 7]));
    // The place that is named is that of what was sent.
    let wrong = json!({ "report": report, "attendanceParts": [{ "role": "CLOWNS", "people": 1 }] });
    assert_eq!(reason(world, "appendToGatheringReport", wrong).await, pair("INVALID", "attendanceParts.0.role"));
}

/// A report goes along when two gatherings are one in truth, but not to one that was called off.
#[tokio::test]
async fn a_draft_is_not_carried_to_a_gathering_that_was_called_off() {
    let place = Place::new().await;
    let world = &place.world;
    let other = Place::gathering(world, &place.city, "Spring again").await;
    done(world, "draftGatheringReport", json!({ "gathering": place.gathering, "attendance": 3 }), REPORT).await;
    done(world, "cancelGathering", at("gathering", &other, 1), "gathering { id }").await;
    let input = json!({ "gathering": other, "expectedRevision": 2, "merged": place.gathering, "expectedMergedRevision": 1 });
    assert_eq!(reason(world, "mergeGatherings", input).await, pair("NOT_ALLOWED", "gathering"));
}
