//! Who may say who hosts a gathering: whatever may be done with its report follows the hosts.

use serde_json::{Value, json};

use crate::{
    handmade::Handmade,
    live::{Writer, text},
    memberships::{sign_in, viewer},
    on_both,
};

/// What someone is refused for: the code, the role that it takes, and where.
fn refusal(payload: &Value) -> [String; 3] {
    let error = &payload["userErrors"][0];
    ["code", "neededRole", "neededAt"].map(|field| error[field].as_str().unwrap_or_default().to_owned())
}

async fn a_role_at_every_host_that_comes_or_goes(address: String) {
    let (issuer, hand) = Handmade::with_issuer(&address).await;
    let service = &hand.service;
    let here = hand.community("here", "CITY", None, json!({})).await;
    let there = hand.community("there", "CITY", None, json!({})).await;
    let someone = async |name: &str, roles: &[(&str, &String)]| {
        let token = sign_in(&issuer, name).await;
        let account = text(&viewer(service, &token).await["account"]["id"]);
        for (role, at) in roles {
            hand.done("grantRole", json!({ "account": account, "at": at, "role": role }), "__typename").await;
        }
        Writer::new(service, &token)
    };
    let ana = someone("ana", &[("FACILITATOR", &here), ("COORDINATOR", &there)]).await;
    let ben = someone("ben", &[("FACILITATOR", &here)]).await;
    let cyd = someone("cyd", &[("FACILITATOR", &there)]).await;
    let dan = someone("dan", &[("COORDINATOR", &here), ("FACILITATOR", &there)]).await;
    let told = "userErrors { neededRole neededAt }";
    let plan = async |who: &Writer, hosts: &[&String]| {
        let input = json!({ "hosts": hosts, "title": "Circle", "startDate": "2026-05-01" });
        who.ask("planGathering", input, &format!("gathering {{ id }} {told}")).await
    };
    let change = async |who: &Writer, gathering: &str, hosts: &[&String]| {
        let query = "query ($id: ID!) { gathering(id: $id) { revision hosts { id } } }";
        let read = async || service.ask_as(&hand.token, query, json!({ "id": gathering })).await["gathering"].take();
        let before = read().await;
        let input = json!({ "gathering": gathering, "expectedRevision": before["revision"], "hosts": hosts });
        let refused = refusal(&who.ask("changeGathering", input, told).await);
        let after: Vec<_> = read().await["hosts"].as_array().expect("hosts").iter().map(|host| text(&host["id"])).collect();
        match refused[0].as_str() {
            "" => assert_eq!(after, hosts.iter().map(ToString::to_string).collect::<Vec<_>>()),
            _ => assert_eq!(read().await, before),
        }
        refused
    };
    let needs = |role: &str, at: &String| ["FORBIDDEN".to_owned(), role.to_owned(), at.clone()];
    let done: [String; 3] = Default::default();

    // Nobody plans in the name of others.
    for hosts in [[&here, &there], [&there, &here]] {
        assert_eq!(refusal(&plan(&ben, &hosts).await), needs("FACILITATOR", &there));
    }
    let planned = text(&plan(&ben, &[&here]).await["gathering"]["id"]);
    let joint = text(&plan(&ana, &[&here, &there]).await["gathering"]["id"]);

    // Nobody is made a host, or is one no more, without someone of theirs.
    assert_eq!(change(&ben, &planned, &[&here, &there]).await, needs("FACILITATOR", &there));
    assert_eq!(change(&ben, &planned, &[&there]).await, needs("FACILITATOR", &there));
    assert_eq!(change(&cyd, &joint, &[&there]).await, needs("FACILITATOR", &here));
    assert_eq!(change(&ben, &joint, &[&here]).await, needs("FACILITATOR", &there));
    assert_eq!(change(&cyd, &joint, &[&there, &here]).await, done, "in another order they are the same");
    assert_eq!(change(&ana, &planned, &[&here, &there]).await, done);
    assert_eq!(change(&ana, &planned, &[&here]).await, done);

    // A report is let into other hands by whoever looks after it, and not by those who would gain it.
    let items = json!([{ "kind": "NEED", "text": "for few", "confidential": true }]);
    let input = json!({ "gathering": planned, "audience": "MEMBERS", "items": items });
    let report = text(&ben.done("draftGatheringReport", input, "report { id }").await["report"]["id"]);
    let reads = async |who: &Writer| {
        let query = "query ($id: ID!) { gatheringReport(id: $id) { items { text } } }";
        let found = who.query(query, json!({ "id": report })).await["data"]["gatheringReport"].take();
        found["items"].as_array().is_some_and(|items| items.len() == 1)
    };
    assert_eq!(change(&ana, &planned, &[&here, &there]).await, needs("COORDINATOR", &here));
    assert_eq!(change(&ana, &planned, &[&there]).await, needs("COORDINATOR", &here));
    assert_eq!(change(&ben, &planned, &[&here]).await, done, "nothing is let go");
    assert_eq!((reads(&ana).await, reads(&dan).await), (false, true));
    assert_eq!(change(&dan, &planned, &[&here, &there]).await, done);
    assert!(reads(&ana).await);
    assert_eq!(change(&cyd, &planned, &[&there]).await, needs("COORDINATOR", &here));
    assert_eq!(change(&ana, &planned, &[&there]).await, done);
    assert!(!reads(&dan).await);

    // To say that two gatherings are one makes hosts, too.
    let alone = text(&plan(&ben, &[&here]).await["gathering"]["id"]);
    let eva = someone("eva", &[("COORDINATOR", &here)]).await;
    let merge = async |who: &Writer| {
        let query = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Gathering { revision } } }";
        let found = service.ask_as(&hand.token, query, json!({ "ids": [alone, joint] })).await["nodes"].take();
        let input = json!({ "gathering": alone, "expectedRevision": found[0]["revision"], "merged": joint, "expectedMergedRevision": found[1]["revision"] });
        refusal(&who.ask("mergeGatherings", input, told).await)
    };
    assert_eq!(merge(&eva).await, needs("FACILITATOR", &there));
    assert_eq!(merge(&dan).await, done);
}
on_both!(a_role_at_every_host_that_comes_or_goes);
