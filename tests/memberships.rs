//! Roles that accounts are given, take on and lose, and what becomes of what they follow.

use serde_json::{Value, json};

use crate::{
    handmade::Handmade,
    issuer::Issuer,
    live::{EVERYTHING, Follower, Writer, text},
    on_both,
    program::{Service, succeed},
};

/// A token of the issuer for someone.
pub async fn sign_in(issuer: &Issuer, subject: &str) -> String {
    let now = chrono::Utc::now().timestamp();
    let claims = json!({ "iss": issuer.url, "sub": subject, "aud": "convene", "iat": now, "exp": now + 600, "name": subject });
    issuer.sign("ES256", json!({}), &claims).await
}

pub async fn viewer(service: &Service, token: &str) -> Value {
    let query = "{ viewer { account { id name } grants { id role community { slug } network { slug } } } }";
    service.ask_as(token, query, json!({})).await["viewer"].take()
}

async fn count(service: &Service, token: &str, within: &str) -> u64 {
    let query = "query ($within: ID!) { gatheringReports(within: $within) { totalCount } }";
    service.ask_as(token, query, json!({ "within": within })).await["gatheringReports"]["totalCount"].as_u64().expect("a count")
}

async fn ends_with(follower: &mut Follower, hidden: &str) -> String {
    loop {
        let message = follower.message().await;
        if message.contains("\"errors\"") || message.contains("\"type\":\"error\"") {
            return message;
        }
        assert!(!message.contains(hidden), "nothing that is hidden is told before the end: {message}");
    }
}

async fn roles_come_and_go(address: String) {
    let (issuer, hand) = Handmade::with_issuer(&address).await;
    let service = &hand.service;
    let city = hand.community("city", "CITY", None, json!({})).await;
    let gathering = hand.held(&[&city], "2026-05-01", json!({})).await;
    let report = hand.report(&gathering, json!({ "audience": "MEMBERS" })).await;
    let more = async || {
        let input = json!({ "report": report, "items": [{ "kind": "NEED", "text": "more" }] });
        hand.done("appendToGatheringReport", input, "__typename").await
    };
    let (ana, ben) = (sign_in(&issuer, "ana").await, sign_in(&issuer, "ben").await);
    let seen = viewer(service, &ana).await;
    let account = text(&seen["account"]["id"]);
    assert_eq!((&seen["account"]["name"], &seen["grants"]), (&json!("ana"), &json!([])));
    assert_eq!(count(service, &ana, &hand.network).await, 0);

    // Rights that grow end what was followed with fewer, and a cursor of then does not resume.
    let mut follower = Follower::start(service, Some(&ana), EVERYTHING, &hand.network, None).await;
    let before = follower.cursor.clone();
    let input = json!({ "account": account, "at": city, "role": "MEMBER" });
    let granted = hand.done("grantRole", input.clone(), "grant { id role account { name } }").await;
    assert_eq!(hand.refused("grantRole", input).await, ("TAKEN".to_owned(), "role".to_owned()));
    let end = ends_with(&mut follower, &report).await;
    assert!(end.contains("SCOPE_CHANGED") && end.contains("\"cursor\""), "{end}");
    let variables = json!({ "within": hand.network, "after": before });
    let (_, refused) = Follower::open(service, Some(&ana), EVERYTHING, variables).await;
    assert!(refused.contains("SCOPE_CHANGED"), "{refused}");
    assert_eq!(count(service, &ana, &hand.network).await, 1);
    assert_eq!(viewer(service, &ana).await["grants"][0]["community"]["slug"], "city");

    // So do rights that shrink, and nothing is told past that. Someone else who was followed with is told on.
    let mut follower = Follower::start(service, Some(&ana), EVERYTHING, &hand.network, None).await;
    let mut other = Follower::start(service, Some(&hand.token), EVERYTHING, &hand.network, None).await;
    more().await;
    let (_, item) = follower.change().await;
    assert_eq!(item["entity"]["id"], json!(report));
    hand.done("revokeRole", json!({ "grant": granted["grant"]["id"] }), "revoked").await;
    more().await;
    let end = ends_with(&mut follower, &report).await;
    assert!(end.contains("SCOPE_CHANGED"), "{end}");
    assert_eq!(other.changes(2).await.len(), 2);
    assert_eq!(count(service, &ana, &hand.network).await, 0);

    // Whoever has the secret of an invitation takes the role on, once.
    let input = json!({ "at": city, "role": "COORDINATOR", "idempotencyKey": "invited" });
    let admin = Writer::new(service, &hand.token);
    let invited = admin.done("inviteMember", input.clone(), "invitation secret").await;
    assert_eq!(admin.done("inviteMember", input, "secret").await["secret"], Value::Null, "it is told once");
    let accept = json!({ "secret": invited["secret"] });
    let with_token = admin.ask("acceptInvitation", accept.clone(), "grant { id }").await;
    assert_eq!(with_token["userErrors"][0]["code"], "NOT_ALLOWED", "{with_token}");
    let (ana, ben) = (Writer::new(service, &ana), Writer::new(service, &ben));
    let accepted = ben.done("acceptInvitation", accept.clone(), "grant { role community { slug } }").await;
    assert_eq!(accepted["grant"], json!({ "role": "COORDINATOR", "community": { "slug": "city" } }));
    let late = ana.ask("acceptInvitation", accept, "grant { id }").await;
    assert_eq!(late["userErrors"][0]["code"], "NOT_FOUND", "{late}");

    // A coordinator invites, lists who belongs to the community and takes roles back; others do not.
    let members =
        format!("{{ community(id: \"{city}\") {{ memberships {{ totalCount nodes {{ role account {{ name }} }} }} }} }}");
    let listed = ben.query(&members, json!({})).await;
    let memberships = &listed["data"]["community"]["memberships"];
    assert_eq!(memberships["nodes"], json!([{ "role": "COORDINATOR", "account": { "name": "ben" } }]), "{listed}");
    let refused = ana.query(&members, json!({})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
    let invited = ben.done("inviteMember", json!({ "at": city, "role": "MEMBER" }), "invitation secret").await;
    ben.done("revokeInvitation", json!({ "invitation": invited["invitation"] }), "revoked").await;
    let late = ana.ask("acceptInvitation", json!({ "secret": invited["secret"] }), "grant { id }").await;
    assert_eq!(late["userErrors"][0]["code"], "NOT_FOUND", "{late}");
    let above = ben.ask("inviteMember", json!({ "at": hand.network, "role": "ADMIN" }), "secret").await;
    assert_eq!(above["userErrors"][0]["code"], "FORBIDDEN", "{above}");

    // All of it is in the trail of whoever looks after the place, and of nobody else.
    let trail = "query ($within: ID!, $record: ID, $first: Int, $after: String) { \
        auditTrail(within: $within, record: $record, first: $first, after: $after) { hasMore items { cursor kind entityType entityId \
        by { kind name } grant { id role account { name } community { slug } } } } }";
    let of_roles = async |variables: Value| {
        let page = ben.query(trail, variables).await;
        let items = page["data"]["auditTrail"]["items"].as_array().expect("entries").clone();
        items.into_iter().filter(|item| item["entityType"] == "GRANT").collect::<Vec<_>>()
    };
    let told = of_roles(json!({ "within": city, "first": 100 })).await;
    let lines: Vec<String> = told
        .iter()
        .map(|item| {
            let who = item["by"]["name"].as_str().map_or_else(|| text(&item["by"]["kind"]), str::to_owned);
            let whose = item["grant"]["account"]["name"].as_str().unwrap_or("whoever comes");
            assert_eq!(item["grant"]["community"]["slug"], "city", "{item}");
            format!("{} {} of {whose} by {who}", text(&item["kind"]), text(&item["grant"]["role"]))
        })
        .collect();
    let admin = "Test";
    assert_eq!(
        lines,
        [
            "REMOVED MEMBER of whoever comes by ben".to_owned(),
            "CREATED MEMBER of whoever comes by ben".to_owned(),
            "CREATED COORDINATOR of ben by ben".to_owned(),
            format!("CREATED COORDINATOR of whoever comes by {admin}"),
            format!("REMOVED MEMBER of ana by {admin}"),
            format!("CREATED MEMBER of ana by {admin}"),
        ]
    );
    assert_eq!(told[0]["entityId"], invited["invitation"]);
    assert_eq!(told[4]["entityId"], granted["grant"]["id"]);
    for item in [&told[0], &told[4]] {
        assert_eq!(of_roles(json!({ "within": city, "record": item["entityId"] })).await.len(), 2);
    }
    let (mut paged, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = ben.query(trail, json!({ "within": city, "first": 2, "after": after })).await["data"]["auditTrail"].take();
        paged.extend(page["items"].as_array().expect("entries").clone());
        after = paged.last().expect("an entry")["cursor"].clone();
        if page["hasMore"] == false {
            break;
        }
    }
    paged.retain(|item| item["entityType"] == "GRANT");
    assert_eq!(paged, told);
    let other = hand.community("other", "CITY", None, json!({})).await;
    let elsewhere = service.ask_as(&hand.token, trail, json!({ "within": other, "first": 100 })).await;
    assert!(!elsewhere.to_string().contains("GRANT"), "{elsewhere}");
    let whole = service.ask_as(&hand.token, trail, json!({ "within": hand.network, "first": 100 })).await;
    assert_eq!(whole.to_string().matches("\"GRANT\"").count(), told.len(), "{whole}");
    assert_eq!(ana.query(trail, json!({ "within": city })).await["errors"][0]["extensions"]["code"], "FORBIDDEN");
    let verified = crate::program::succeed(&address, &["verify"]);
    assert!(!verified.is_empty());
}
on_both!(roles_come_and_go);

async fn an_account_is_erased_with_all_that_says_whose_it_was(address: String) {
    let (issuer, hand) = Handmade::with_issuer(&address).await;
    let service = &hand.service;
    let city = hand.community("city", "CITY", None, json!({})).await;
    let gathering = hand.held(&[&city], "2026-05-01", json!({})).await;
    let (ana, ben) = (sign_in(&issuer, "Ana Wanjiru").await, sign_in(&issuer, "Ben Otieno").await);
    let [account, other] = [&ana, &ben].map(async |token| text(&viewer(service, token).await["account"]["id"]));
    let (account, other) = (account.await, other.await);
    for id in [&account, &other] {
        hand.done("grantRole", json!({ "account": id, "at": city, "role": "FACILITATOR" }), "grant { id }").await;
    }
    let (first, second) = (Writer::new(service, &ana), Writer::new(service, &ben));
    let report = json!({ "gathering": gathering, "attendance": 9, "audience": "PUBLIC" });
    first.done("submitGatheringReport", report, "report { id }").await;
    let made = first
        .done("createApiToken", json!({ "name": "Ana's phone", "within": city, "role": "FACILITATOR" }), "apiToken { id } secret")
        .await;
    let phone = text(&made["secret"]);

    // What they wrote people may know, and nobody else who looks after nothing.
    let trail = "query ($within: ID!, $by: ID) { auditTrail(within: $within, by: $by) { items { kind by { kind id name } } } }";
    let of = |by: &str| json!({ "within": city, "by": by });
    let written = first.query(trail, of(&account)).await;
    let entries = written["data"]["auditTrail"]["items"].as_array().expect("entries").clone();
    assert_eq!(entries, [json!({ "kind": "SUBMITTED", "by": { "kind": "ACCOUNT", "id": account, "name": "Ana Wanjiru" } })]);
    assert_eq!(first.query(trail, of(&other)).await["errors"][0]["extensions"]["code"], "FORBIDDEN");

    // Others cannot, and are not told whether there is such an account.
    for id in [account.as_str(), "acc_00000000000000000000000000000001"] {
        let refused = second.ask("eraseAccount", json!({ "account": id }), "erased").await;
        assert_eq!((&refused["erased"], &refused["userErrors"][0]["code"]), (&Value::Null, &json!("NOT_FOUND")), "{refused}");
    }
    let mut follower = Follower::start(service, Some(&ana), EVERYTHING, &hand.network, None).await;
    let done = first.done("eraseAccount", json!({ "account": account }), "erased").await;
    assert_eq!(done["erased"], json!(account));
    let end = ends_with(&mut follower, "nothing that is hidden").await;
    assert!(end.contains("UNAUTHENTICATED") || end.contains("SCOPE_CHANGED"), "{end}");

    // Their tokens are worth nothing, what they wrote is by nobody who can be named, and coming back is coming for the first time.
    let refused = Writer::new(service, &phone).query("{ viewer { verbs } }", json!({})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{refused}");
    let told = service.ask_as(&hand.token, trail, of(&account)).await;
    let by = json!({ "kind": "ACCOUNT", "id": account, "name": null });
    assert_eq!(told["auditTrail"]["items"], json!([{ "kind": "REMOVED", "by": by }, { "kind": "SUBMITTED", "by": by }]));
    let again = viewer(service, &ana).await;
    assert_ne!(again["account"]["id"], json!(account), "{again}");
    assert_eq!(again["grants"], json!([]));
    // Sent once more by an administrator it says the same.
    let done = hand.done("eraseAccount", json!({ "account": account }), "erased").await;
    assert_eq!(done["erased"], json!(account));
    assert!(!crate::program::succeed(&address, &["token", "list"]).contains("Ana"));
    crate::program::succeed(&address, &["verify"]);
}
on_both!(an_account_is_erased_with_all_that_says_whose_it_was);

/// Nobody keeps a way back in: an invitation is worth what whoever made it could still hand on, and those who look after a place see
/// all of them.
async fn an_invitation_is_worth_what_its_maker_is(address: String) {
    let (issuer, hand) = Handmade::with_issuer(&address).await;
    let service = &hand.service;
    let region = hand.community("region", "REGIONAL", None, json!({})).await;
    let city = hand.community("city", "CITY", Some(&region), json!({})).await;
    let [ana, ben, cyd] = ["ana", "ben", "cyd"].map(async |name| {
        let token = sign_in(&issuer, name).await;
        (text(&viewer(service, &token).await["account"]["id"]), Writer::new(service, &token), token)
    });
    let (ana, ben, cyd) = (ana.await, ben.await, cyd.await);
    let grant = async |account: &str, role: &str, at: &str| {
        let input = json!({ "account": account, "at": at, "role": role });
        text(&hand.done("grantRole", input, "grant { id }").await["grant"]["id"])
    };
    let held = grant(&ana.0, "COORDINATOR", &city).await;
    grant(&ben.0, "COORDINATOR", &region).await;
    let invite = async |who: &Writer, role: &str, note: &str| {
        let input = json!({ "at": city, "role": role, "note": note });
        let invited = who.done("inviteMember", input, "invitation secret").await;
        (text(&invited["invitation"]), text(&invited["secret"]))
    };
    let accept = async |who: &Writer, secret: &str| {
        let answer = who.ask("acceptInvitation", json!({ "secret": secret }), "__typename").await;
        answer["userErrors"][0]["code"].as_str().unwrap_or_default().to_owned()
    };
    let open = async |who: &Writer, at: &str| {
        let query = "query ($id: ID!) { node(id: $id) { \
            ... on Community { membershipInvitations { id role note expiresAt invitedBy { kind id name } } } \
            ... on Network { membershipInvitations { id role note expiresAt invitedBy { kind id name } } } } }";
        who.query(query, json!({ "id": at })).await
    };
    let ids = |answer: &Value| -> Vec<String> {
        let listed = answer["data"]["node"]["membershipInvitations"].as_array().unwrap_or_else(|| panic!("{answer}"));
        listed.iter().map(|invitation| text(&invitation["id"])).collect()
    };

    // Those who look after the place see what is open, and by whom it was made.
    let own = invite(&ana.1, "COORDINATOR", "for myself").await;
    let later = invite(&ana.1, "MEMBER", "for a friend").await;
    let listed = open(&ben.1, &city).await;
    assert_eq!(ids(&listed), [own.0.clone(), later.0.clone()]);
    let first = &listed["data"]["node"]["membershipInvitations"][0];
    assert_eq!((&first["role"], &first["note"]), (&json!("COORDINATOR"), &json!("for myself")));
    assert_eq!(first["invitedBy"], json!({ "kind": "ACCOUNT", "id": ana.0, "name": "ana" }));
    assert!(first["expiresAt"].is_string());
    let refused = open(&cyd.1, &city).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
    assert!(refused["data"]["node"].is_object(), "the rest is told: {refused}");

    // What was taken back from someone they cannot hand on, nor to themselves; given back, they can.
    ben.1.done("revokeRole", json!({ "grant": held }), "revoked").await;
    assert_eq!((accept(&ana.1, &own.1).await, accept(&cyd.1, &later.1).await), ("NOT_FOUND".to_owned(), "NOT_FOUND".to_owned()));
    assert_eq!(viewer(service, &ana.2).await["grants"], json!([]));
    assert_eq!(ids(&open(&ben.1, &city).await).len(), 2);
    ben.1.done("revokeInvitation", json!({ "invitation": own.0 }), "revoked").await;
    assert_eq!(ids(&open(&ben.1, &city).await), std::slice::from_ref(&later.0));
    grant(&ana.0, "COORDINATOR", &city).await;
    assert_eq!((accept(&cyd.1, &own.1).await, accept(&cyd.1, &later.1).await), ("NOT_FOUND".to_owned(), String::new()));
    assert_eq!(ids(&open(&ben.1, &city).await), Vec::<String>::new());

    // So it is with tokens: one that is revoked, and one whose maker may no more.
    let by_operator =
        crate::program::succeed(&address, &["token", "create", "--name", "desk", "--within", &city, "--role", "COORDINATOR"]);
    let desk = invite(&Writer::new(service, by_operator.trim()), "FACILITATOR", "at the desk").await;
    let made = ana.1.done("createApiToken", json!({ "name": "phone", "within": city }), "secret apiToken { id }").await;
    let phone = invite(&Writer::new(service, &text(&made["secret"])), "FACILITATOR", "by phone").await;
    let listed = open(&ben.1, &city).await;
    assert_eq!(ids(&listed), [desk.0, phone.0]);
    assert_eq!(listed["data"]["node"]["membershipInvitations"][1]["invitedBy"]["name"], "phone");
    ana.1.done("revokeApiToken", json!({ "token": made["apiToken"]["id"] }), "revoked").await;
    assert_eq!((accept(&cyd.1, &phone.1).await, accept(&cyd.1, &desk.1).await), ("NOT_FOUND".to_owned(), String::new()));

    // Whoever erases their account leaves no invitation behind.
    let left = invite(&ana.1, "COORDINATOR", "for whoever I am then").await;
    ana.1.done("eraseAccount", json!({ "account": ana.0 }), "erased").await;
    assert_eq!(accept(&cyd.1, &left.1).await, "NOT_FOUND");
    assert!(!ids(&open(&ben.1, &city).await).contains(&left.0));

    // Administrators see who else is one, and who was asked to be.
    let invited = hand.done("inviteMember", json!({ "at": hand.network, "role": "ADMIN" }), "invitation secret").await;
    let operator = Writer::new(service, &hand.token);
    assert_eq!(ids(&open(&operator, &hand.network).await), [text(&invited["invitation"])]);
    assert_eq!(open(&ben.1, &hand.network).await["errors"][0]["extensions"]["code"], "FORBIDDEN");
    assert_eq!(accept(&cyd.1, &text(&invited["secret"])).await, "");
    let query = "query ($id: ID!) { network(id: $id) { memberships { totalCount nodes { id role account { name } } } } }";
    let listed = cyd.1.query(query, json!({ "id": hand.network })).await;
    let memberships = &listed["data"]["network"]["memberships"];
    assert_eq!((&memberships["totalCount"], &memberships["nodes"][0]["account"]["name"]), (&json!(1), &json!("cyd")), "{listed}");
    let refused = ben.1.query(query, json!({ "id": hand.network })).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
    hand.done("revokeRole", json!({ "grant": memberships["nodes"][0]["id"] }), "revoked").await;

    // There is an end to it, at each place by itself.
    let so_far = ids(&open(&ben.1, &city).await).len();
    for _ in so_far..100 {
        invite(&ben.1, "MEMBER", "one of many").await;
    }
    assert_eq!(ids(&open(&ben.1, &city).await).len(), 100);
    let refused = ben.1.ask("inviteMember", json!({ "at": city, "role": "MEMBER" }), "__typename").await;
    assert_eq!(refused["userErrors"][0]["code"], "NOT_ALLOWED", "{refused}");
    ben.1.done("inviteMember", json!({ "at": region, "role": "MEMBER" }), "__typename").await;
}
on_both!(an_invitation_is_worth_what_its_maker_is);

/// Everyone may give up what is theirs; who has which role is hidden from others; and a merger leaves each role once, and no token out.
async fn roles_are_given_up_hidden_and_merged(address: String) {
    let (issuer, hand) = Handmade::with_issuer(&address).await;
    let service = &hand.service;
    let [stays, goes] = ["stays", "goes"].map(async |slug| hand.community(slug, "CITY", None, json!({})).await);
    let (stays, goes) = (stays.await, goes.await);
    let [ana, ben] = ["ana", "ben"].map(async |name| {
        let token = sign_in(&issuer, name).await;
        (text(&viewer(service, &token).await["account"]["id"]), Writer::new(service, &token), token)
    });
    let (ana, ben) = (ana.await, ben.await);
    let grant = async |account: &str, role: &str, at: &str| {
        let input = json!({ "account": account, "at": at, "role": role });
        text(&hand.done("grantRole", input, "grant { id }").await["grant"]["id"])
    };
    let refusal = async |who: &Writer, mutation: &str, input: Value| {
        let mut answer = who.ask(mutation, input, "userErrors { neededRole neededAt }").await;
        let mut error = answer["userErrors"][0].take();
        error["field"].take();
        error
    };

    // Whoever may not see it is told the same of what is there and of what is not.
    let invited = hand.done("inviteMember", json!({ "at": stays, "role": "MEMBER" }), "invitation").await["invitation"].take();
    let coordinates = grant(&ben.0, "COORDINATOR", &stays).await;
    let member = grant(&ana.0, "MEMBER", &stays).await;
    let nothing = "00000000000000000000000000000001";
    let unknown = refusal(&ana.1, "revokeRole", json!({ "grant": format!("gra_{nothing}") })).await;
    assert_eq!((&unknown["code"], &unknown["neededAt"]), (&json!("NOT_FOUND"), &Value::Null));
    assert_eq!(refusal(&ana.1, "revokeRole", json!({ "grant": coordinates })).await, unknown);
    let unknown = refusal(&ana.1, "revokeInvitation", json!({ "invitation": format!("inv_{nothing}") })).await;
    assert_eq!(unknown["code"], "NOT_FOUND");
    assert_eq!(refusal(&ana.1, "revokeInvitation", json!({ "invitation": invited })).await, unknown);
    let reader = ["token", "create", "--name", "reader", "--within", &stays, "--role", "COORDINATOR", "--verbs", "READ"];
    let reader = Writer::new(service, crate::program::succeed(&address, &reader).trim());
    let refused = refusal(&reader, "revokeRole", json!({ "grant": coordinates })).await;
    assert_eq!((&refused["code"], &refused["neededAt"]), (&json!("FORBIDDEN"), &json!(stays)), "it sees who has it");

    // What is theirs they give up.
    ana.1.done("revokeRole", json!({ "grant": member }), "revoked").await;
    assert_eq!(viewer(service, &ana.2).await["grants"], json!([]));

    // The same role at both is one afterwards, and another role is carried over.
    grant(&ben.0, "COORDINATOR", &goes).await;
    grant(&ben.0, "MEMBER", &goes).await;
    let desk = ["token", "create", "--name", "desk", "--within", &goes, "--role", "FACILITATOR"];
    let desk = crate::program::succeed(&address, &desk).trim().to_owned();
    let mut input = json!({ "community": stays, "expectedRevision": hand.revision(&stays).await, "merged": goes });
    input["expectedMergedRevision"] = hand.revision(&goes).await.into();
    hand.done("mergeCommunities", input, "__typename").await;
    let held = viewer(service, &ben.2).await["grants"].take();
    let held: Vec<_> =
        held.as_array().expect("grants").iter().map(|it| (text(&it["role"]), text(&it["community"]["slug"]))).collect();
    let each = |role: &str| (role.to_owned(), "stays".to_owned());
    assert_eq!(held, [each("COORDINATOR"), each("MEMBER")]);
    let seen = viewer(service, &desk).await["grants"].take();
    assert_eq!((&seen[0]["role"], &seen[0]["community"]["slug"]), (&json!("FACILITATOR"), &json!("stays")));
    let plan = json!({ "hosts": [stays], "title": "Circle", "startDate": "2026-05-01" });
    Writer::new(service, &desk).done("planGathering", plan, "__typename").await;
    hand.done("revokeRole", json!({ "grant": coordinates }), "revoked").await;
    let held = viewer(service, &ben.2).await["grants"].take();
    assert_eq!((held.as_array().map(Vec::len), &held[0]["role"]), (Some(1), &json!("MEMBER")), "{held}");
    crate::program::succeed(&address, &["verify"]);
}
on_both!(roles_are_given_up_hidden_and_merged);

/// Who follows the same and may read the same shares what is told: an administrator and a coordinator of a network do not.
async fn who_belongs_to_a_place_is_told_to_those_who_look_after_it(address: String) {
    let (issuer, hand) = Handmade::with_issuer(&address).await;
    let service = &hand.service;
    let (city, other) =
        (hand.community("city", "CITY", None, json!({})).await, hand.community("other", "CITY", None, json!({})).await);
    let ben = sign_in(&issuer, "ben").await;
    let account = text(&viewer(service, &ben).await["account"]["id"]);

    // Whoever asks of all communities at once is refused where they look after nothing, and there only.
    hand.done("grantRole", json!({ "account": account, "at": city, "role": "COORDINATOR" }), "grant { id }").await;
    let query = "query ($within: ID!) { communities(within: $within) { nodes { slug memberships { totalCount } } } }";
    let answer = Writer::new(service, &ben).query(query, json!({ "within": hand.network })).await;
    let expected = json!([{ "slug": "city", "memberships": { "totalCount": 1 } }, { "slug": "other", "memberships": null }]);
    assert_eq!(answer["data"]["communities"]["nodes"], expected, "{answer}");
    let errors = answer["errors"].as_array().expect("errors");
    assert_eq!((errors.len(), &errors[0]["extensions"]["code"]), (1, &json!("FORBIDDEN")), "{answer}");
    assert!(errors[0]["message"].as_str().is_some_and(|message| message.contains(&other)), "{answer}");

    let token = |role: &str| {
        let made = succeed(&address, &["token", "create", "--name", role, "--within", &hand.network, "--role", role]);
        made.trim().to_owned()
    };
    let (admin, coordinator) = (token("ADMIN"), token("COORDINATOR"));
    let rename = async |name: &str| {
        let input = json!({ "network": hand.network, "expectedRevision": hand.revision(&hand.network).await, "name": name });
        hand.done("changeNetwork", input, "__typename").await;
    };
    for (at, order) in [[&admin, &coordinator], [&coordinator, &admin]].into_iter().enumerate() {
        // Each time others begin to follow.
        let query = format!(
            "subscription ($within: ID!) {{ changed(within: $within) {{ change {{ kind }} entity {{ \
             ... on Network {{ name memberships {{ round{at}: totalCount }} }} }} }} }}"
        );
        let mut followers = Vec::new();
        for token in order {
            let (follower, _) = Follower::open(service, Some(token), &query, json!({ "within": hand.network })).await;
            followers.push((*token == admin, follower));
        }
        rename(&format!("Round {at}")).await;
        for (is_admin, follower) in &mut followers {
            let message = loop {
                let message = follower.message().await;
                if message.contains("UPDATED") {
                    break message;
                }
            };
            assert_eq!(message.contains("\"memberships\":{"), *is_admin, "{message}");
            assert_eq!(message.contains("FORBIDDEN"), !*is_admin, "{message}");
        }
    }
}
on_both!(who_belongs_to_a_place_is_told_to_those_who_look_after_it);
