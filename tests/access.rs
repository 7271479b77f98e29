//! Who may do what: every field at the root of the schema, asked by someone of every role.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    handmade::Handmade,
    live::{EVERYTHING, Follower, REPORTS, Writer, text},
    on_both,
    program::succeed,
};

/// Those who ask: a stranger, a member of another community of the network, and those who have a role at the community that
/// everything is about, or, the last, in its network.
const CALLERS: [&str; 6] = ["ANONYMOUS", "ELSEWHERE", "MEMBER", "FACILITATOR", "COORDINATOR", "ADMIN"];

/// What each of them is answered.
enum Cell {
    /// Everyone the same, and no error.
    Everyone,
    /// So many of the four reports: one that is public, one for the network, one for members and a draft. Or of what else there
    /// is, counted the same way.
    Reports(&'static str, [u64; 6]),
    /// What only those from this one of the callers on may see; a stranger has to sign in, and others are refused.
    From(usize),
    /// The same of a part of what everyone sees: a stranger is refused like others, and the rest is told.
    Part(usize),
}

use Cell::{Everyone, From, Part, Reports};

/// How many of the four reports each may read.
const READ: [u64; 6] = [1, 2, 3, 4, 4, 4];
/// The same of what was handed in.
const HANDED_IN: [u64; 6] = [1, 2, 3, 3, 3, 3];
/// The themes that are told: one in the public report, one in a confidential item of it, and one in each other report that was
/// handed in.
const THEMES: [u64; 6] = [1, 2, 3, 3, 4, 4];

/// Every field that asks. A path leads to a number, or to a list whose entries that are there are counted.
const QUERIES: &[(&str, &str, Cell)] = &[
    ("activity", "activity(within: $city, metrics: [GATHERINGS]) { cursor }", Everyone),
    (
        "attention",
        "attention(within: $city, kinds: [DATA_MISSING], asOf: \"2026-07-01\", from: \"2026-01-01\") { entries(first: 100) { nodes { report { id } } } }",
        Reports("/entries/nodes/*/report", HANDED_IN),
    ),
    ("auditTrail", "auditTrail(within: $city) { __typename }", From(4)),
    (
        "changes",
        "changes(within: $city, first: 100, entityTypes: [GATHERING_REPORT]) { items { entity { id } } }",
        Reports("/items/*/entity", READ),
    ),
    (
        "communities",
        "communities(within: $network) { nodes { slug gatheringReports { totalCount } } }",
        Reports("/nodes/0/gatheringReports/totalCount", READ),
    ),
    (
        "community",
        "community(id: $city) { gatheringReports(first: 10) { nodes { id } } }",
        Reports("/gatheringReports/nodes/*", READ),
    ),
    ("community", "community(id: $city) { memberships { totalCount } membershipInvitations { id } }", Part(4)),
    (
        "communityBySlug",
        "communityBySlug(network: $network, slug: \"a-city\") { gatheringReports(first: 10, filter: { itemText: \"told\" }) { totalCount } }",
        Reports("/gatheringReports/totalCount", READ),
    ),
    ("comparison", "comparison(communities: [$city, $other], metrics: [GATHERINGS]) { cursor }", Everyone),
    ("funderPage", "funderPage(within: $network) { asOf }", Everyone),
    ("gathering", "gathering(id: $membersGathering) { report { id } }", Reports("/report", [0, 0, 1, 1, 1, 1])),
    ("gatheringReport", "gatheringReport(id: $public) { items { text } }", Reports("/items/*", [1, 1, 1, 1, 2, 2])),
    ("gatheringReports", "gatheringReports(within: $network) { totalCount }", Reports("/totalCount", READ)),
    ("gatherings", "gatherings(within: $network) { nodes { report { id } } }", Reports("/nodes/*/report", READ)),
    ("lifeCycle", "lifeCycle(within: $network) { asOf }", Everyone),
    ("metricDefinitions", "metricDefinitions(ids: [GATHERINGS]) { id }", Everyone),
    ("network", "network(id: $network) { gatheringReports { totalCount } }", Reports("/gatheringReports/totalCount", READ)),
    ("network", "network(id: $network) { memberships { totalCount } membershipInvitations { id } }", Part(5)),
    (
        "networkBySlug",
        "networkBySlug(slug: \"relief\") { gatherings { nodes { report { id } } } }",
        Reports("/gatherings/nodes/*/report", READ),
    ),
    ("networks", "networks { nodes { gatheringReports { totalCount } } }", Reports("/nodes/0/gatheringReports/totalCount", READ)),
    ("node", "node(id: $draft) { id }", Reports("", [0, 0, 0, 1, 1, 1])),
    ("nodes", "nodes(ids: [$public, $forNetwork, $forMembers, $draft]) { id }", Reports("/*", READ)),
    ("personTraces", "personTraces(network: $network, name: \"Ana\") { __typename }", From(5)),
    ("quietSpells", "quietSpells(within: $network) { asOf }", Everyone),
    (
        "themes",
        "themes(within: $city, window: { from: \"2026-01-01\", to: \"2026-07-01\" }, first: 100) { nodes { theme { code } } }",
        Reports("/nodes/*", THEMES),
    ),
    ("viewer", "viewer { grants { role } verbs }", Everyone),
    ("workSites", "workSites(within: $network) { nodes { isExact } }", Reports("/nodes/*", HANDED_IN)),
];

/// Every field that writes: whom it takes, and an input that is refused for another reason, where there is one. What is about
/// the report or the site for members is not there for those who may not read it.
const MUTATIONS: &[(&str, usize, &str)] = &[
    ("acceptInvitation", 1, r#"{ "secret": "cvi_0" }"#),
    ("addActivityPolicy", 5, r#"{ "network": "$network", "code": "OURS", "name": "Ours", "rules": [{ "days": 30 }] }"#),
    ("addWorkSite", 3, r#"{ "community": "$city", "name": "Clinic" }"#),
    ("assessWorkSite", 3, r#"{ "workSite": "$siteForMembers", "assessedOn": "2026-05-01", "source": "Survey" }"#),
    ("addVocabularyTerm", 5, r#"{ "network": "$network", "kind": "FUNCTION", "code": "MEND", "label": "Mend" }"#),
    ("amendGatheringReport", 3, r#"{ "report": "$forMembers", "expectedRevision": 99, "audience": "PUBLIC" }"#),
    ("appendToGatheringReport", 3, r#"{ "report": "$forMembers", "outcomes": ["NOBODYS"] }"#),
    ("becomeAdministrator", 1, r#"{ "secret": "cva_0" }"#),
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
    ("createApiToken", 1, r#"{ "name": "Dashboard" }"#),
    ("createCommunity", 5, r#"{ "network": "$network", "parent": "$other", "slug": "$key", "name": "New", "level": "CITY" }"#),
    ("createNetwork", 6, r#"{ "slug": "$key", "name": "New" }"#),
    ("draftGatheringReport", 3, r#"{ "gathering": "$membersGathering" }"#),
    ("eraseAccount", 1, r#"{ "account": "acc_00000000000000000000000000000001" }"#),
    ("erasePerson", 5, r#"{ "network": "$network", "name": "Nobody" }"#),
    ("grantRole", 5, r#"{ "account": "acc_00000000000000000000000000000001", "at": "$city", "role": "MEMBER" }"#),
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
    ("revokeApiToken", 1, r#"{ "token": "tok_00000000000000000000000000000001" }"#),
    ("revokeInvitation", 4, r#"{ "invitation": "$invitation" }"#),
    ("revokeRole", 1, r#"{ "grant": "gra_00000000000000000000000000000001" }"#),
    ("submitGatheringReport", 3, r#"{ "gathering": "$membersGathering", "expectedRevision": 99 }"#),
    ("withdrawGatheringReport", 3, r#"{ "report": "$forMembers", "expectedRevision": 99 }"#),
];

/// Every field that is followed, and of how many of the four reports each is told when something is added to them.
const SUBSCRIPTIONS: &[(&str, [u64; 6])] = &[("activityChanged", [1; 6]), ("changed", READ), ("gatheringReportChanged", READ)];

/// The fields of a root type in the schema that the program prints.
fn fields(sdl: &str, root: &str) -> BTreeSet<String> {
    let from = sdl.find(&format!("\ntype {root} {{")).expect("the type");
    let body = &sdl[from..from + sdl[from..].find("\n}").expect("its end")];
    let mut fields = BTreeSet::new();
    let (mut depth, mut told) = (0_usize, false);
    for line in body.lines().skip(2) {
        let text = line.trim();
        if text.starts_with("\"\"\"") {
            told = !(told || text.len() > 3 && text.ends_with("\"\"\""));
            continue;
        }
        let name: String = text.chars().take_while(char::is_ascii_alphanumeric).collect();
        if !told && depth == 0 && !name.is_empty() {
            fields.insert(name);
        }
        if !told {
            depth = depth + text.matches('(').count() - text.matches(')').count();
        }
    }
    fields
}

fn assert_all_named<'n>(sdl: &str, root: &str, named: impl Iterator<Item = &'n str>) {
    assert_eq!(fields(sdl, root), named.map(str::to_owned).collect(), "{root}: the table and the schema name the same fields");
}

/// The four reports and all around them.
struct World {
    hand: Handmade,
    names: BTreeMap<&'static str, String>,
    tokens: Vec<Option<String>>,
}

impl World {
    async fn new(address: &str) -> Self {
        let hand = Handmade::new(address).await;
        let mut names = BTreeMap::from([("network", hand.network.clone())]);
        let nation = hand.community("nation", "NATIONAL", None, json!({})).await;
        let city = hand.community("a-city", "CITY", Some(&nation), json!({})).await;
        let other = hand.community("other", "REGIONAL", None, json!({})).await;
        for (kind, code) in [("THEME", "ONE"), ("THEME", "TWO"), ("THEME", "THREE"), ("THEME", "FOUR"), ("FUNCTION", "WEAVE")] {
            let input = json!({ "network": hand.network, "kind": kind, "code": code, "label": code });
            let term = hand.done("addVocabularyTerm", input, "term { id }").await;
            names.insert("term", text(&term["term"]["id"]));
        }
        let item = |theme: &str, confidential: bool| json!({ "kind": "CHALLENGE", "text": "told here", "theme": theme, "confidential": confidential });
        for (name, gathering_name, audience, items) in [
            ("public", "publicGathering", "PUBLIC", json!([item("ONE", false), item("TWO", true)])),
            ("forNetwork", "networkGathering", "NETWORK", json!([item("THREE", false)])),
            ("forMembers", "membersGathering", "MEMBERS", json!([item("FOUR", false)])),
        ] {
            let gathering = hand.held(&[&city], "2026-05-01", json!({ "format": "ONLINE", "endDate": "2026-05-01" })).await;
            let report = hand.report(&gathering, json!({ "audience": audience, "items": items })).await;
            names.extend([(name, report), (gathering_name, gathering)]);
        }
        let gathering = hand.held(&[&city], "2026-05-01", json!({ "format": "ONLINE", "endDate": "2026-05-01" })).await;
        let input = json!({ "gathering": gathering, "audience": "PUBLIC", "items": [item("ONE", false)] });
        let draft = hand.done("draftGatheringReport", input, "report { id }").await;
        names.extend([("draft", text(&draft["report"]["id"])), ("draftGathering", gathering)]);
        let invited = hand.done("inviteMember", json!({ "at": city, "role": "MEMBER" }), "invitation").await;
        names.insert("invitation", text(&invited["invitation"]));
        for (name, audience) in [("publicSite", "PUBLIC"), ("siteForNetwork", "NETWORK"), ("siteForMembers", "MEMBERS")] {
            let site = json!({ "community": city, "name": name, "audience": audience });
            names.insert(name, text(&hand.done("addWorkSite", site, "workSite { id }").await["workSite"]["id"]));
        }
        let token = |within: &str, role: &str| {
            let made = succeed(address, &["token", "create", "--name", role, "--within", within, "--role", role]);
            Some(made.trim().to_owned())
        };
        let mut tokens = vec![None, token(&other, "MEMBER")];
        tokens.extend(["MEMBER", "FACILITATOR", "COORDINATOR"].map(|role| token(&city, role)));
        tokens.push(token(&hand.network, "ADMIN"));
        names.extend([("city", city), ("other", other)]);
        Self { hand, names, tokens }
    }

    /// Puts what names stand for in their place.
    fn fill(&self, text: &str) -> String {
        // The longest first: some begin like others.
        let mut names: Vec<_> = self.names.iter().collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        let key = uuid::Uuid::new_v4().simple().to_string();
        names.iter().fold(text.to_owned(), |text, (name, id)| text.replace(&format!("${name}"), id)).replace("$key", &key)
    }

    async fn ask(&self, caller: usize, query: &str) -> Value {
        match &self.tokens[caller] {
            None => self.hand.service.answer(query, json!({})).await,
            Some(token) => Writer::new(&self.hand.service, token).query(query, json!({})).await,
        }
    }
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

/// The number at a path, or how many are there; a `*` stands for each entry of a list.
fn count(value: &Value, path: &str) -> u64 {
    match path.split_once("/*") {
        Some((list, rest)) => {
            let entries = value.pointer(list).and_then(Value::as_array).unwrap_or_else(|| panic!("{value} has no list {list}"));
            entries.iter().map(|entry| count(entry, rest)).sum()
        }
        None => match value.pointer(path).unwrap_or(&Value::Null) {
            Value::Null => 0,
            Value::Number(number) => number.as_u64().expect("a count"),
            Value::Array(entries) => entries.len() as u64,
            _ => 1,
        },
    }
}

async fn queries_show_what_a_role_lets_its_holder_read(address: String) {
    let world = World::new(&address).await;
    assert_all_named(&succeed(&address, &["schema"]), "Query", QUERIES.iter().map(|(name, ..)| *name));
    for (name, query, cell) in QUERIES {
        let field = query.split(['(', ' ']).next().expect("a field");
        assert_eq!(field, *name);
        let query = world.fill(&quoted(&format!("{{ {query} }}")));
        let mut answers = Vec::new();
        for (caller, role) in CALLERS.iter().enumerate() {
            let answer = world.ask(caller, &query).await;
            match cell {
                Everyone => assert!(answer.get("errors").is_none(), "{role} asks {query}: {answer}"),
                Reports(path, expected) => {
                    assert!(answer.get("errors").is_none(), "{role} asks {query}: {answer}");
                    assert_eq!(count(&answer["data"][*name], path), expected[caller], "{role} asks {query}: {answer}");
                }
                From(first) => {
                    let expected = if caller == 0 { "UNAUTHENTICATED" } else { "FORBIDDEN" };
                    assert_eq!(code(&answer), if caller < *first { expected } else { "" }, "{role} asks {query}: {answer}");
                }
                Part(first) => {
                    assert_eq!(code(&answer), if caller < *first { "FORBIDDEN" } else { "" }, "{role} asks {query}: {answer}");
                    assert!(answer["data"][*name].is_object(), "{role} asks {query}: {answer}");
                }
            }
            answers.push(answer);
        }
        if matches!(cell, Everyone) && *name != "viewer" {
            assert!(answers.iter().all(|answer| answer == &answers[0] || name != &"metricDefinitions"), "{name}");
        }
    }
}
on_both!(queries_show_what_a_role_lets_its_holder_read);

/// Puts names that stand for ids in quotes.
fn quoted(query: &str) -> String {
    let mut text = String::new();
    for (index, part) in query.split('$').enumerate() {
        let end = part.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(part.len());
        text += &if index == 0 { part.to_owned() } else { format!("\"${}\"{}", &part[..end], &part[end..]) };
    }
    text
}

async fn mutations_take_the_role_that_they_say(address: String) {
    let world = World::new(&address).await;
    assert_all_named(&succeed(&address, &["schema"]), "Mutation", MUTATIONS.iter().map(|(name, ..)| *name));
    for (name, first, input) in MUTATIONS {
        // The highest first: what some of them do leaves less for others to do.
        for (caller, role) in CALLERS.iter().enumerate().rev() {
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
                caller if caller < *first && *name == "revokeInvitation" => "NOT_FOUND",
                caller if caller < *first => "FORBIDDEN",
                _ => {
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

async fn who_follows_is_told_what_a_role_lets_its_holder_read(address: String) {
    let world = World::new(&address).await;
    assert_all_named(&succeed(&address, &["schema"]), "Subscription", SUBSCRIPTIONS.iter().map(|(name, _)| *name));
    let service = &world.hand.service;
    let activity =
        "subscription ($within: ID!) { activityChanged(within: $within, metrics: [GATHERINGS], everySeconds: 1) { cursor } }";
    for (caller, role) in CALLERS.iter().enumerate() {
        let token = world.tokens[caller].as_deref();
        let (_, first) = Follower::open(service, token, activity, json!({ "within": world.names["city"] })).await;
        assert!(first.contains("\"next\"") && !first.contains("\"errors\""), "{role}: {first}");
    }
    for (name, query, expected) in [("changed", EVERYTHING, READ), ("gatheringReportChanged", REPORTS, READ)] {
        let mut followers = Vec::new();
        for caller in 0..CALLERS.len() {
            let token = world.tokens[caller].as_deref();
            followers.push(Follower::start(service, token, query, &world.names["city"], None).await);
        }
        // The one that all are told of comes last.
        let mut written = Vec::new();
        for report in ["draft", "forMembers", "forNetwork", "public"] {
            let input = json!({ "report": world.names[report], "items": [{ "kind": "NEED", "text": "more" }] });
            world.hand.done("appendToGatheringReport", input, "__typename").await;
            written.push(world.names[report].clone());
        }
        for (caller, follower) in followers.iter_mut().enumerate() {
            let mut told = Vec::new();
            while told.last() != written.last() {
                let (_, item) = follower.change().await;
                told.push(text(&item["change"]["entityId"]));
                assert!(item.get("entity").or(item.get("report")).is_some_and(|it| !it.is_null()), "{name}: {item}");
            }
            let from = written.len() - usize::try_from(expected[caller]).expect("small");
            assert_eq!(told, written[from..], "{} follows {name}", CALLERS[caller]);
        }
    }
    // A report that is narrowed leaves the sight of those who may not read it any more, and theirs only.
    let mut followers = Vec::new();
    for token in [None, world.tokens[1].as_deref(), world.tokens[2].as_deref()] {
        followers.push(Follower::start(service, token, EVERYTHING, &world.names["city"], None).await);
    }
    let asked = json!({ "id": world.names["public"] });
    let found = service.ask("query ($id: ID!) { gatheringReport(id: $id) { revision } }", asked).await;
    let revision = found["gatheringReport"]["revision"].as_i64().expect("a revision");
    for (at, audience) in [(0, "NETWORK"), (1, "MEMBERS"), (2, "PUBLIC")] {
        let input = json!({ "report": world.names["public"], "expectedRevision": revision + at, "audience": audience });
        world.hand.done("amendGatheringReport", input, "__typename").await;
    }
    let expected = [vec!["LEFT", "ENTERED"], vec!["CHANGED", "LEFT", "ENTERED"], vec!["CHANGED"; 3]];
    for (follower, expected) in followers.iter_mut().zip(expected) {
        let told = follower.changes(expected.len()).await;
        let effects: Vec<_> = told.iter().map(|(_, item)| text(&item["change"]["effect"])).collect();
        assert_eq!(effects, expected);
    }
}
on_both!(who_follows_is_told_what_a_role_lets_its_holder_read);

/// What is joined to another community, or moved away from it, changes what its members may read.
async fn who_hosts_and_where_they_stand_decides(address: String) {
    let world = World::new(&address).await;
    let (hand, names) = (&world.hand, &world.names);
    let sees = async |caller: usize| {
        let query =
            world.fill(&quoted("{ gatheringReport(id: $forMembers) { id } gatheringReports(within: $network) { totalCount } }"));
        let answer = world.ask(caller, &query).await;
        (!answer["data"]["gatheringReport"].is_null(), answer["data"]["gatheringReports"]["totalCount"].as_u64())
    };
    assert_eq!(sees(1).await, (false, Some(2)));
    // Jointly hosted, it is the other community's as well.
    let input =
        json!({ "gathering": names["membersGathering"], "expectedRevision": 2, "hosts": [names["city"], names["other"]] });
    hand.done("changeGathering", input, "__typename").await;
    assert_eq!((sees(1).await, sees(2).await), ((true, Some(3)), (true, Some(3))));
    let input = json!({ "gathering": names["membersGathering"], "expectedRevision": 3, "hosts": [names["city"]] });
    hand.done("changeGathering", input, "__typename").await;
    assert_eq!(sees(1).await, (false, Some(2)));
    // Under the other one, the whole city is.
    let service = &hand.service;
    let network = &names["network"];
    let mut elsewhere = Follower::start(service, world.tokens[1].as_deref(), REPORTS, network, None).await;
    let mut admin = Follower::start(service, world.tokens[5].as_deref(), REPORTS, network, None).await;
    let mut input = json!({ "community": names["city"], "expectedRevision": hand.revision(&names["city"]).await });
    input["parent"] = names["other"].clone().into();
    hand.done("moveCommunity", input, "__typename").await;
    assert_eq!(sees(1).await, (true, Some(3)));
    let input = json!({ "report": names["public"], "items": [{ "kind": "NEED", "text": "more" }] });
    hand.done("appendToGatheringReport", input, "__typename").await;
    loop {
        let message = elsewhere.message().await;
        if message.contains("SCOPE_CHANGED") {
            assert!(message.contains("\"cursor\""), "{message}");
            break;
        }
        assert!(!message.contains(&names["public"]), "nothing is told past the move: {message}");
    }
    loop {
        let (_, item) = admin.change().await;
        if item["change"]["entityId"] == json!(names["public"]) {
            break;
        }
    }
}
on_both!(who_hosts_and_where_they_stand_decides);

/// Whoever may not read a confidential item changes nothing of it.
async fn confidential_items_are_for_coordinators(address: String) {
    let world = World::new(&address).await;
    let query = world.fill(&quoted("{ gatheringReport(id: $public) { revision items { id confidential } } }"));
    let found = world.ask(4, &query).await;
    let report = &found["data"]["gatheringReport"];
    let hidden =
        report["items"].as_array().expect("items").iter().find(|item| item["confidential"] == true).expect("one")["id"].clone();
    let node = format!("{{ node(id: {hidden}) {{ id }} }}");
    for (caller, role) in CALLERS.iter().enumerate() {
        let answer = world.ask(caller, &node).await;
        assert_eq!(!answer["data"]["node"].is_null(), caller >= 4, "{role}: {answer}");
    }
    let amend = async |caller: usize, change: Value| {
        let mut input = json!({ "report": world.names["public"], "expectedRevision": report["revision"] });
        input["changeItems"] = json!([change]);
        let writer = Writer::new(&world.hand.service, world.tokens[caller].as_deref().expect("a token"));
        writer.ask("amendGatheringReport", input, "__typename").await["userErrors"].clone()
    };
    let refused = amend(3, json!({ "id": hidden, "confidential": false })).await;
    assert_eq!((&refused[0]["code"], &refused[0]["field"]), (&json!("NOT_FOUND"), &json!(["input", "changeItems", "0", "id"])));
    assert_eq!(amend(4, json!({ "id": hidden, "text": "told otherwise" })).await, json!([]));
}
on_both!(confidential_items_are_for_coordinators);
