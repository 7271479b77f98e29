//! Who may write what: every field at the root of the schema that writes, by someone of every role.

use serde_json::{Value, json};

use crate::{
    handmade::Handmade,
    live::{Writer, text},
    memberships::{sign_in, viewer},
    on_both,
    program::succeed,
    roles::{CALLERS, World, assert_all_named, code},
};

/// Every field that writes: whom it takes, and an input that is refused for another reason, where there is one. What is about
/// the report or the site for members is not there for those who may not read it.
const MUTATIONS: &[(&str, usize, &str)] = &[
    ("acceptInvitation", 6, r#"{ "secret": "$secret" }"#),
    ("addActivityPolicy", 5, r#"{ "network": "$network", "code": "OURS", "name": "Ours", "rules": [{ "days": 30 }] }"#),
    ("addWorkSite", 3, r#"{ "community": "$city", "name": "Clinic" }"#),
    ("assessWorkSite", 3, r#"{ "workSite": "$siteForMembers", "assessedOn": "2026-05-01", "source": "Survey" }"#),
    ("addVocabularyTerm", 5, r#"{ "network": "$network", "kind": "FUNCTION", "code": "MEND", "label": "Mend" }"#),
    ("amendGatheringReport", 3, r#"{ "report": "$forMembers", "expectedRevision": 99, "audience": "PUBLIC" }"#),
    ("appendToGatheringReport", 3, r#"{ "report": "$forMembers", "outcomes": ["NOBODYS"] }"#),
    ("becomeAdministrator", 6, r#"{ "secret": "cva_0" }"#),
    ("cancelGathering", 3, r#"{ "gathering": "$membersGathering", "expectedRevision": 99 }"#),
    ("changeActivityPolicy", 5, r#"{ "network": "$network", "expectedRevision": 99, "code": "OURS", "name": "Ours" }"#),
    ("changeCommunity", 4, r#"{ "community": "$city", "expectedRevision": 99, "name": "City" }"#),
    ("changeGathering", 3, r#"{ "gathering": "$membersGathering", "expectedRevision": 99, "title": "Circle" }"#),
    ("changeNetwork", 5, r#"{ "network": "$network", "expectedRevision": 99, "name": "Relief" }"#),
    ("changeVocabularyTerm", 5, r#"{ "term": "$term", "expectedRevision": 99, "label": "Mend" }"#),
    ("changeWorkSite", 3, r#"{ "workSite": "$siteForMembers", "expectedRevision": 99, "name": "Clinic" }"#),
    ("chooseCommunityActivityPolicy", 4, r#"{ "community": "$city", "expectedRevision": 99, "policy": null }"#),
    ("chooseNetworkActivityPolicy", 5, r#"{ "network": "$network", "expectedRevision": 99, "policy": null }"#),
    ("closeCommunity", 4, r#"{ "community": "$city", "expectedRevision": 99 }"#),
    ("createApiToken", 6, r#"{ "name": "Dashboard" }"#),
    ("createCommunity", 5, r#"{ "network": "$network", "parent": "$other", "slug": "$key", "name": "New", "level": "CITY" }"#),
    ("createNetwork", 6, r#"{ "slug": "$key", "name": "New" }"#),
    ("draftGatheringReport", 3, r#"{ "gathering": "$membersGathering" }"#),
    ("eraseAccount", 6, r#"{ "account": "$account" }"#),
    ("erasePerson", 5, r#"{ "network": "$network", "name": "Nobody" }"#),
    ("grantRole", 5, r#"{ "account": "$account", "at": "$city", "role": "FACILITATOR" }"#),
    ("holdGathering", 3, r#"{ "gathering": "$membersGathering", "expectedRevision": 99 }"#),
    ("inviteMember", 4, r#"{ "at": "$city", "role": "COORDINATOR" }"#),
    (
        "mergeCommunities",
        5,
        r#"{ "community": "$city", "expectedRevision": 99, "merged": "$other", "expectedMergedRevision": 99 }"#,
    ),
    (
        "mergeGatherings",
        4,
        r#"{ "gathering": "$membersGathering", "expectedRevision": 99, "merged": "$draftGathering", "expectedMergedRevision": 99 }"#,
    ),
    ("moveCommunity", 5, r#"{ "community": "$city", "expectedRevision": 99, "parent": null }"#),
    ("openCommunity", 4, r#"{ "community": "$city", "expectedRevision": 99 }"#),
    ("pauseCommunity", 4, r#"{ "community": "$city", "expectedRevision": 99 }"#),
    ("planGathering", 3, r#"{ "hosts": ["$city"], "title": "Plan", "startDate": "2026-09-01" }"#),
    ("recordRsvps", 3, r#"{ "gathering": "$membersGathering", "yes": 3, "observedAt": "2026-05-01T10:00:00Z" }"#),
    (
        "removeAssessment",
        3,
        r#"{ "workSite": "$siteForMembers", "expectedRevision": 99, "assessment": "asm_00000000000000000000000000000001" }"#,
    ),
    ("removeWorkSite", 3, r#"{ "workSite": "$siteForMembers", "expectedRevision": 99 }"#),
    ("removeGathering", 4, r#"{ "gathering": "$membersGathering", "expectedRevision": 99 }"#),
    ("renameCommunity", 4, r#"{ "community": "$city", "expectedRevision": 99, "slug": "other-slug" }"#),
    ("reopenCommunity", 4, r#"{ "community": "$city", "expectedRevision": 99 }"#),
    ("rescheduleGathering", 3, r#"{ "gathering": "$membersGathering", "expectedRevision": 99, "startDate": "2026-05-02" }"#),
    ("reviewGatheringReport", 4, r#"{ "report": "$forMembers", "expectedRevision": 99 }"#),
    ("revokeApiToken", 5, r#"{ "token": "$apiToken" }"#),
    ("revokeInvitation", 4, r#"{ "invitation": "$invitation" }"#),
    ("revokeRole", 4, r#"{ "grant": "$grant" }"#),
    ("submitGatheringReport", 3, r#"{ "gathering": "$membersGathering", "expectedRevision": 99 }"#),
    ("withdrawGatheringReport", 3, r#"{ "report": "$forMembers", "expectedRevision": 99 }"#),
];

/// How others are refused than by FORBIDDEN: what belongs to someone is not there for those who do not look after it, and some
/// things people do for themselves, whatever a token's role.
const REFUSED: &[(&str, &str)] = &[
    ("acceptInvitation", "NOT_ALLOWED"),
    ("becomeAdministrator", "NOT_ALLOWED"),
    ("createApiToken", "NOT_ALLOWED"),
    ("eraseAccount", "NOT_FOUND"),
    ("revokeApiToken", "NOT_FOUND"),
    ("revokeInvitation", "NOT_FOUND"),
    ("revokeRole", "NOT_FOUND"),
];

/// Makes anew what a field takes away: the next one who asks is to be refused for what they are, not for what others did.
async fn renew(world: &mut World, name: &str, address: &str) {
    let (hand, city) = (&world.hand, world.names["city"].clone());
    let made = match name {
        "acceptInvitation" | "revokeInvitation" => {
            let made = hand.done("inviteMember", json!({ "at": city, "role": "MEMBER" }), "invitation secret").await;
            vec![("invitation", text(&made["invitation"])), ("secret", text(&made["secret"]))]
        }
        "revokeApiToken" => {
            let label = uuid::Uuid::new_v4().simple().to_string();
            succeed(address, &["token", "create", "--name", &label, "--within", &city, "--role", "MEMBER"]);
            let listed = succeed(address, &["token", "list"]);
            let line = listed.lines().find(|line| line.contains(&label)).expect("it is listed");
            let id = line.split_whitespace().find(|word| word.starts_with("tok_")).expect("an id");
            vec![("apiToken", id.to_owned())]
        }
        "revokeRole" => {
            let input = json!({ "account": world.names["account"], "at": city, "role": "MEMBER" });
            let made = hand.send("grantRole", input, "grant { id }").await;
            // When it was not taken back it is there still.
            made["grant"]["id"].as_str().map(|id| ("grant", id.to_owned())).into_iter().collect()
        }
        _ => Vec::new(),
    };
    world.names.extend(made);
}

async fn mutations_take_the_role_that_they_say(address: String) {
    let (issuer, hand) = Handmade::with_issuer(&address).await;
    let ana = viewer(&hand.service, &sign_in(&issuer, "ana").await).await;
    let mut world = World::around(hand, &address).await;
    world.names.insert("account", text(&ana["account"]["id"]));
    assert_all_named(&succeed(&address, &["schema"]), "Mutation", MUTATIONS.iter().map(|(name, ..)| *name));
    for (name, first, input) in MUTATIONS {
        // The highest first: what some of them do leaves less for others to do.
        for (caller, role) in CALLERS.iter().enumerate().rev() {
            renew(&mut world, name, &address).await;
            let mut input: Value = serde_json::from_str(&world.fill(input)).expect("JSON");
            input["idempotencyKey"] = uuid::Uuid::new_v4().to_string().into();
            let kind = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
            let query = format!(
                "mutation ($input: {kind}!) {{ {name}(input: $input) {{ userErrors {{ code message neededRole neededAt }} }} }}"
            );
            let variables = json!({ "input": input });
            let answer = match &world.tokens[caller] {
                None => world.hand.service.answer(&query, variables).await,
                Some(token) => Writer::new(&world.hand.service, token).query(&query, variables).await,
            };
            if caller == 0 {
                assert_eq!(code(&answer), "UNAUTHENTICATED", "{role} asks {name}: {answer}");
                continue;
            }
            assert!(answer.get("errors").is_none(), "{role} asks {name}: {answer}");
            let refusal = &answer["data"][*name]["userErrors"][0];
            let is = |field: &str, name: &str| input[field].as_str() == world.names.get(name).map(String::as_str);
            let about_members = is("report", "forMembers") || is("workSite", "siteForMembers");
            let expected = match caller {
                1 if about_members => "NOT_FOUND",
                caller if caller < *first => REFUSED.iter().find(|(of, _)| of == name).map_or("FORBIDDEN", |(_, code)| *code),
                _ => {
                    let is_there = REFUSED.iter().any(|(of, _)| of == name);
                    assert!(!is_there || refusal.is_null(), "{role} asks {name}: {answer}");
                    assert!(refusal["code"] != "FORBIDDEN", "{role} asks {name}: {answer}");
                    assert!(!about_members || refusal["code"] != "NOT_FOUND", "{role} asks {name}: {answer}");
                    continue;
                }
            };
            assert_eq!(refusal["code"], expected, "{role} asks {name}: {answer}");
            if expected == "FORBIDDEN" {
                let whole = *name == "createNetwork";
                assert!(refusal["neededRole"].is_string() && refusal["neededAt"].is_string() != whole, "{role}: {answer}");
            }
        }
    }
}
on_both!(mutations_take_the_role_that_they_say);
