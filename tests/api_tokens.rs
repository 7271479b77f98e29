//! The first administrator, and the tokens that those who signed in make for programs.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::{Value, json};

use crate::{
    databases::{Kind, execute, with_database},
    issuer::Issuer,
    live::{EVERYTHING, Follower, Writer, text, token, until},
    on_both,
    program::{Running, Service, convene, run, succeed},
};

/// Someone whom the issuer knows.
async fn someone(issuer: &Issuer, service: &Service, subject: &str) -> Writer {
    let now = chrono::Utc::now().timestamp();
    let claims = json!({ "iss": issuer.url, "sub": subject, "aud": "convene", "exp": now + 600, "name": subject });
    Writer::new(service, &issuer.sign("ES256", json!({}), &claims).await)
}

fn serve(address: &str, issuer: &Issuer, more: &[&str]) -> Service {
    let trusted = format!("{} convene", issuer.url);
    let arguments = [&["--listen", "127.0.0.1:0", "--oidc-issuers", &trusted], more].concat();
    Service::follow(Running::start(convene(address, &arguments)))
}

/// The code of the only reason why something was refused.
fn refusal(payload: &Value) -> String {
    let errors = payload["userErrors"].as_array().expect("a list");
    assert_eq!(errors.len(), 1, "{payload}");
    text(&errors[0]["code"])
}

async fn create(who: &Writer, mut input: Value) -> Value {
    input["name"] = json!("Dashboard");
    who.ask("createApiToken", input, "secret apiToken { id name role within verbs expiresAt lastUsedAt }").await
}

async fn become_administrator(who: &Writer, secret: &str) -> Value {
    who.ask("becomeAdministrator", json!({ "secret": secret }), "done").await
}

/// An identity as it is stored.
fn stored(address: &str, id: &str) -> String {
    let hex = id.rsplit('_').next().expect("an id");
    if address.starts_with("sqlite") { format!("X'{hex}'") } else { format!("CAST('{hex}' AS uuid)") }
}

async fn someone_becomes_administrator_and_makes_tokens(address: String) {
    let issuer = Issuer::start();
    let service = serve(&address, &issuer, &[]);
    let [asha, ben] = [someone(&issuer, &service, "asha").await, someone(&issuer, &service, "ben").await];
    let operator = token(&address);
    let program = Writer::new(&service, &operator);

    // One secret is too old, and one is used up.
    let old = succeed(&address, &["admin", "link"]).trim().to_owned();
    execute(&address, "UPDATE admin_secrets SET expires_at = created_at").await;
    let secret = succeed(&address, &["admin", "link"]).trim().to_owned();
    for wrong in ["", "cva_0000", &old] {
        assert_eq!(refusal(&become_administrator(&asha, wrong).await), "INVALID", "{wrong}");
    }
    assert_eq!(refusal(&become_administrator(&program, &secret).await), "NOT_ALLOWED", "a token is nobody");
    let query = "mutation ($secret: String!) { becomeAdministrator(input: { idempotencyKey: \"x\", secret: $secret }) { done } }";
    let stranger = service.answer(query, json!({ "secret": secret })).await;
    assert_eq!(stranger["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    let late = succeed(&address, &["admin", "link"]).trim().to_owned();
    assert_eq!(refusal(&create(&asha, json!({})).await), "FORBIDDEN", "nobody gave her a role");
    assert_eq!(become_administrator(&asha, &secret).await["done"], true);
    assert_eq!(become_administrator(&asha, &secret).await["done"], true, "the answer may have been lost");
    assert_eq!(refusal(&become_administrator(&ben, &secret).await), "NOT_ALLOWED", "there is one now");
    assert_eq!(refusal(&become_administrator(&ben, &late).await), "NOT_ALLOWED", "there is one now");
    assert_eq!(run(&address, &["admin", "link"]).status.code(), Some(1));

    let (network, _) = asha.make("createNetwork", json!({ "slug": "weave", "name": "Weave" }), "network").await;
    let community = async |slug: &str, level: &str, parent: Option<&str>| {
        let input = json!({ "network": network, "slug": slug, "name": slug, "level": level, "parent": parent });
        program.make("createCommunity", input, "community").await.0
    };
    let region = community("rift", "REGIONAL", None).await;
    let (nakuru, mombasa) = (community("nakuru", "CITY", Some(&region)).await, community("mombasa", "CITY", None).await);
    let plan = json!({ "hosts": [nakuru], "title": "Circle", "startDate": "2026-05-01" });
    let (gathering, _) = program.make("planGathering", plan, "gathering").await;
    let (report, _) = program.make("draftGatheringReport", json!({ "gathering": gathering }), "report").await;
    let reads = async |secret: &str| {
        let query = "query ($id: ID!) { gatheringReport(id: $id) { id } }";
        let answer = Writer::new(&service, secret).query(query, json!({ "id": report })).await;
        answer["data"]["gatheringReport"]["id"] == json!(report)
    };

    // What is asked for twice is made once, and its secret told once.
    let input = json!({ "idempotencyKey": "one", "within": network, "role": "FACILITATOR", "verbs": ["READ"] });
    let made = create(&asha, input.clone()).await;
    let (secret, id) = (text(&made["secret"]), text(&made["apiToken"]["id"]));
    assert_eq!((&made["apiToken"]["role"], &made["apiToken"]["within"]), (&json!("FACILITATOR"), &json!(network)));
    assert_eq!((&made["apiToken"]["verbs"], &made["apiToken"]["lastUsedAt"]), (&json!(["READ"]), &Value::Null));
    let again = create(&asha, input.clone()).await;
    assert_eq!((&again["secret"], &again["apiToken"]["id"]), (&Value::Null, &json!(id)));
    let mut other = input;
    other["role"] = json!("MEMBER");
    assert_eq!(refusal(&create(&asha, other).await), "CONFLICT");
    assert!(reads(&secret).await, "facilitators read drafts");
    assert_eq!(refusal(&create(&Writer::new(&service, &secret), json!({})).await), "NOT_ALLOWED", "a token makes no tokens");
    let line = || {
        let listed = succeed(&address, &["token", "list"]);
        listed.lines().find(|line| line.contains(&id)).expect("it is listed").to_owned()
    };
    assert!(line().contains(&format!("FACILITATOR in {network} to READ")), "{}", line());
    until("its use is noted", async || line().contains("last used at 2")).await;
    for (input, code) in [
        (json!({ "within": "net_00000000000000000000000000000000" }), "NOT_FOUND"),
        (json!({ "within": nakuru, "role": "ADMIN" }), "INVALID"),
        (json!({ "role": "MEMBER" }), "INVALID"),
        (json!({ "verbs": [] }), "INVALID"),
        (json!({ "expiresAt": "2020-01-01T00:00:00Z" }), "INVALID"),
    ] {
        assert_eq!(refusal(&create(&asha, input.clone()).await), code, "{input}");
    }

    // A token is never more than who made it, then and later.
    execute(
        &address,
        &format!(
            "INSERT INTO grants (id, network_id, community_id, account_id, role, granted_at)
             SELECT {}, {}, {region}, id, 'COORDINATOR', created_at FROM accounts WHERE subject = 'ben'",
            stored(&address, "gra_00000000000000000000000000000001"),
            stored(&address, &network),
            region = stored(&address, &region),
        ),
    )
    .await;
    for (within, role, code) in [
        (&network, "MEMBER", "FORBIDDEN"),
        (&mombasa, "MEMBER", "FORBIDDEN"),
        (&nakuru, "COORDINATOR", ""),
        (&region, "COORDINATOR", ""),
    ] {
        let made = create(&ben, json!({ "within": within, "role": role })).await;
        let refused = made["userErrors"][0]["code"].as_str().unwrap_or_default();
        assert_eq!(refused, code, "{within} {role}: {made}");
    }
    let bens = create(&ben, json!({ "within": nakuru, "role": "FACILITATOR" })).await;
    let lasting = text(&create(&ben, json!({ "within": nakuru })).await["secret"]);
    let (bens_secret, bens_id) = (text(&bens["secret"]), text(&bens["apiToken"]["id"]));
    assert!(reads(&bens_secret).await);
    execute(&address, "UPDATE grants SET role = 'MEMBER' WHERE community_id IS NOT NULL").await;
    assert!(!reads(&bens_secret).await, "members do not read drafts");
    execute(&address, "UPDATE grants SET revoked_at = granted_at WHERE community_id IS NOT NULL").await;
    assert!(!reads(&bens_secret).await);

    // Revoked at the API, it ends at once.
    let revoke = async |who: &Writer, id: &str| who.ask("revokeApiToken", json!({ "token": id }), "revoked").await;
    assert_eq!(refusal(&revoke(&ben, &id).await), "NOT_FOUND", "it is none of his");
    let mut open = Follower::start(&service, Some(&secret), EVERYTHING, &network, None).await;
    let began = Instant::now();
    assert_eq!(revoke(&asha, &id).await["revoked"], json!(id));
    let end = open.message().await;
    assert!(end.contains("UNAUTHENTICATED") && end.contains("\"cursor\""), "{end}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(!reads(&secret).await);
    assert_eq!(revoke(&asha, &id).await["revoked"], json!(id), "it stays revoked");

    // An administrator revokes what could be used in their network; and tokens end with the account.
    assert_eq!(revoke(&asha, &bens_id).await["revoked"], json!(bens_id));
    let status = async |secret: &str| {
        let request = reqwest::Client::new().post(format!("{}/graphql", service.url)).bearer_auth(secret);
        request.json(&json!({ "query": "{ __typename }" })).send().await.expect("answers").status().as_u16()
    };
    assert_eq!(status(&bens_secret).await, 401);
    assert_eq!(status(&lasting).await, 200);
    execute(&address, "UPDATE accounts SET erased_at = created_at WHERE subject = 'ben'").await;
    assert_eq!(status(&lasting).await, 401);

    // Operators see who administers everything, and take it back: what is followed with it ends, and the trail tells of it.
    let listed = succeed(&address, &["admin", "list"]);
    let id = listed.split_whitespace().next().expect("an account").to_owned();
    assert!(listed.contains("\"asha\"") && listed.trim_end().ends_with("still") && listed.lines().count() == 1, "{listed}");
    let mut open = Follower::start(&service, Some(&asha.token), EVERYTHING, &network, None).await;
    succeed(&address, &["admin", "revoke", &id]);
    let end = open.message().await;
    assert!(end.contains("SCOPE_CHANGED"), "{end}");
    assert_eq!(refusal(&create(&asha, json!({})).await), "FORBIDDEN");
    assert_eq!(refusal(&become_administrator(&asha, &secret).await), "INVALID", "what the secret gave was taken back");
    let cyd = someone(&issuer, &service, "cyd").await;
    assert_eq!(refusal(&become_administrator(&cyd, &late).await), "INVALID", "what was handed out before is used up");
    assert_eq!(run(&address, &["admin", "revoke", &id]).status.code(), Some(1));
    assert!(succeed(&address, &["admin", "list"]).contains("until 2"));
    let trail = "query ($within: ID!) { auditTrail(within: $within, first: 1) { items { kind entityType grant { role account { name } } } } }";
    assert_eq!(
        program.query(trail, json!({ "within": network })).await["data"]["auditTrail"]["items"],
        json!([{ "kind": "REMOVED", "entityType": "GRANT", "grant": { "role": "ADMIN", "account": { "name": "asha" } } }])
    );
    let next = succeed(&address, &["admin", "link"]).trim().to_owned();
    assert_eq!(become_administrator(&asha, &next).await["done"], true, "there was none any more");
    succeed(&address, &["verify"]);
}
on_both!(someone_becomes_administrator_and_makes_tokens);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_administrator_can_be_named_in_the_settings() {
    with_database(Kind::Sqlite, async |address| {
        let issuer = Issuer::start();
        let first = format!("{} asha", issuer.url);
        let service = serve(&address, &issuer, &["--first-admin", &first]);
        let [asha, ben] = [someone(&issuer, &service, "asha").await, someone(&issuer, &service, "ben").await];
        assert_eq!(refusal(&create(&ben, json!({})).await), "FORBIDDEN");
        assert_eq!(create(&asha, json!({})).await["apiToken"]["role"], "ADMIN");
        drop(service);

        // As long as there is one, another is not made.
        let first = format!("{} ben", issuer.url);
        let service = serve(&address, &issuer, &["--first-admin", &first]);
        let ben = someone(&issuer, &service, "ben").await;
        assert_eq!(refusal(&create(&ben, json!({})).await), "FORBIDDEN");
        drop(service);

        // What was taken back, or given up, stays so while the setting stands.
        let first = format!("{} asha", issuer.url);
        let service = serve(&address, &issuer, &["--first-admin", &first]);
        let asha = someone(&issuer, &service, "asha").await;
        assert_eq!(create(&asha, json!({})).await["apiToken"]["role"], "ADMIN");
        let listed = succeed(&address, &["admin", "list"]);
        let account = listed.split_whitespace().next().expect("an account").to_owned();
        let grants = asha.query("{ viewer { grants { id } } }", json!({})).await;
        let own = json!({ "grant": grants["data"]["viewer"]["grants"][0]["id"] });
        assert_eq!(refusal(&asha.ask("revokeRole", own, "revoked").await), "NOT_ALLOWED", "whoever has the machine does");
        succeed(&address, &["admin", "revoke", &account]);
        assert_eq!(refusal(&create(&asha, json!({})).await), "FORBIDDEN");
        let link = succeed(&address, &["admin", "link"]).trim().to_owned();
        assert_eq!(become_administrator(&asha, &link).await["done"], true);
        asha.done("eraseAccount", json!({ "account": account }), "erased").await;
        assert_eq!(refusal(&create(&asha, json!({})).await), "FORBIDDEN", "she comes for the first time");
    })
    .await;
}

/// However many are asked for at once; and what was done is answered again when it is over.
async fn an_account_has_so_many_tokens_and_no_more(address: String) {
    let issuer = Issuer::start();
    let first = format!("{} asha", issuer.url);
    let service = serve(&address, &issuer, &["--first-admin", &first]);
    let asha = someone(&issuer, &service, "asha").await;
    let end = (chrono::Utc::now() + Duration::from_secs(3)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let short = json!({ "idempotencyKey": "short", "expiresAt": end });
    let made = create(&asha, short.clone()).await;
    let status = async || {
        let request = reqwest::Client::new().post(format!("{}/graphql", service.url)).bearer_auth(text(&made["secret"]));
        request.json(&json!({ "query": "{ __typename }" })).send().await.expect("answers").status().as_u16()
    };
    until("it is over", async || status().await == 401).await;
    let again = create(&asha, short).await;
    assert_eq!((&again["secret"], &again["apiToken"], &again["userErrors"]), (&Value::Null, &made["apiToken"], &json!([])));

    let names: Vec<String> = (0..100).map(|n| format!("token {n}")).collect();
    for name in &names[..95] {
        assert_eq!(create(&asha, json!({ "idempotencyKey": name })).await["userErrors"], json!([]));
    }
    let more = (0..20).map(|n| create(&asha, json!({ "idempotencyKey": format!("more {n}") })));
    let made = join_all(more).await.into_iter().filter(|made| made["userErrors"] == json!([])).count();
    assert_eq!(made, 5);
    assert_eq!(refusal(&create(&asha, json!({})).await), "NOT_ALLOWED");
    assert_eq!(create(&asha, json!({ "idempotencyKey": names[0] })).await["userErrors"], json!([]), "it is there");
    let tokens = asha.query("{ viewer { apiTokens { id } } }", json!({})).await;
    assert_eq!(tokens["data"]["viewer"]["apiTokens"].as_array().map(Vec::len), Some(100));
}
on_both!(an_account_has_so_many_tokens_and_no_more);

async fn a_token_says_where_it_holds_and_for_what(address: String) {
    let service = Service::start(&address);
    let writer = Writer::new(&service, &token(&address));
    let (network, _) = writer.make("createNetwork", json!({ "slug": "weave", "name": "Weave" }), "network").await;
    let city = json!({ "network": network, "slug": "nakuru", "name": "Nakuru", "level": "CITY" });
    let (city, _) = writer.make("createCommunity", city, "community").await;
    let create = |more: &[&str]| run(&address, &[&["token", "create", "--name", "Field team"], more].concat());
    for (more, what) in [
        (&["--within", &city][..], format!("COORDINATOR in {city} to READ, WRITE, MANAGE")),
        (&["--within", &city, "--role", "member", "--verbs", "read"], format!("MEMBER in {city} to READ,")),
        (&["--network", &network, "--verbs", "READ,WRITE"], format!("ADMIN in {network} to READ, WRITE,")),
        (&["--expires", "3"], "ADMIN everywhere to READ, WRITE, MANAGE".to_owned()),
    ] {
        let made = create(more);
        let said = String::from_utf8_lossy(&made.stderr).into_owned();
        assert!(made.status.success() && said.contains(&what) && said.contains("never used"), "{more:?}: {said}");
        assert!(succeed(&address, &["token", "list"]).contains(&what));
    }
    for (more, reason) in [
        (&["--within", &city, "--role", "ADMIN"][..], "role cannot be ADMIN in a community"),
        (&["--role", "MEMBER"], "role is one in a network or a community"),
        (&["--within", "com_00000000000000000000000000000000"], "does not exist"),
        (&["--within", "rep_00000000000000000000000000000000"], "is not the id of a network"),
        (&["--verbs", "look"], "READ, WRITE, MANAGE"),
        (&["--role", "owner"], "MEMBER, FACILITATOR, COORDINATOR, ADMIN"),
        (&["--verbs", ""], "verb"),
    ] {
        let made = create(more);
        let said = String::from_utf8_lossy(&made.stderr).into_owned();
        assert!(!made.status.success() && made.stdout.is_empty() && said.contains(reason), "{more:?}: {said}");
    }
}
on_both!(a_token_says_where_it_holds_and_for_what);

/// What a token may write it may not therefore read.
async fn whoever_may_only_write_is_told_nothing_that_others_wrote(address: String) {
    let service = Service::start(&address);
    let writer = Writer::new(&service, &token(&address));
    let (network, _) = writer.make("createNetwork", json!({ "slug": "weave", "name": "Weave" }), "network").await;
    let city = json!({ "network": network, "slug": "nakuru", "name": "Nakuru", "level": "CITY" });
    let (city, _) = writer.make("createCommunity", city, "community").await;
    let with = |role: &str, verbs: &str| {
        let arguments = ["token", "create", "--name", "Desk", "--within", &city, "--role", role, "--verbs", verbs];
        Writer::new(&service, succeed(&address, &arguments).trim())
    };
    let plan = json!({ "hosts": [city], "title": "Circle", "startDate": "2026-05-01" });
    let (gathering, _) = writer.make("planGathering", plan, "gathering").await;
    let items = json!([{ "kind": "NEED", "text": "told by others" }]);
    let draft = json!({ "gathering": gathering, "audience": "MEMBERS", "attendance": 9, "items": items });
    let (report, _) = writer.make("draftGatheringReport", draft, "report").await;
    let select = "report { id attendance items { text } gathering { report { id } } }";
    let more = json!({ "report": report, "items": [{ "kind": "NEED", "text": "told here" }] });
    let [only, both] = [with("FACILITATOR", "WRITE"), with("FACILITATOR", "READ,WRITE")];
    assert_eq!(only.done("appendToGatheringReport", more.clone(), select).await["report"], Value::Null);
    let told = both.done("appendToGatheringReport", more, select).await["report"].take();
    assert_eq!((&told["attendance"], told["items"].as_array().map(Vec::len)), (&json!(9), Some(3)), "{told}");
    let submit = json!({ "gathering": gathering, "expectedRevision": 3 });
    assert_eq!(only.done("submitGatheringReport", submit, select).await["report"], Value::Null);
    let review = json!({ "report": report, "expectedRevision": 4 });
    let reviewed = with("COORDINATOR", "MANAGE").done("reviewGatheringReport", review, select).await;
    assert_eq!(reviewed["report"], Value::Null);
}
on_both!(whoever_may_only_write_is_told_nothing_that_others_wrote);
