//! Someone of every role, and what they may see or not: four reports and all around them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    handmade::Handmade,
    live::{Writer, text},
    program::succeed,
};

/// Those who ask: a stranger, a member of another community of the network, and those who have a role at the community that
/// everything is about, or, the last, in its network.
pub const CALLERS: [&str; 6] = ["ANONYMOUS", "ELSEWHERE", "MEMBER", "FACILITATOR", "COORDINATOR", "ADMIN"];

/// How many of the four reports each may read.
pub const READ: [u64; 6] = [1, 2, 3, 4, 4, 4];
/// The same of what was handed in.
pub const HANDED_IN: [u64; 6] = [1, 2, 3, 3, 3, 3];

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

pub fn assert_all_named<'n>(sdl: &str, root: &str, named: impl Iterator<Item = &'n str>) {
    assert_eq!(fields(sdl, root), named.map(str::to_owned).collect(), "{root}: the table and the schema name the same fields");
}

/// The four reports and all around them.
pub struct World {
    pub hand: Handmade,
    pub names: BTreeMap<&'static str, String>,
    pub tokens: Vec<Option<String>>,
}

impl World {
    pub async fn new(address: &str) -> Self {
        Self::around(Handmade::new(address).await, address).await
    }

    /// Fills an empty network.
    pub async fn around(hand: Handmade, address: &str) -> Self {
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
        // The fewer may read it the newer it is.
        for (name, gathering_name, date, audience, items) in [
            ("public", "publicGathering", "2026-05-01", "PUBLIC", json!([item("ONE", false), item("TWO", true)])),
            ("forNetwork", "networkGathering", "2026-05-02", "NETWORK", json!([item("THREE", false)])),
            ("forMembers", "membersGathering", "2026-05-03", "MEMBERS", json!([item("FOUR", false)])),
        ] {
            let gathering = hand.held(&[&city], date, json!({ "format": "ONLINE", "endDate": date })).await;
            let report = hand.report(&gathering, json!({ "audience": audience, "items": items })).await;
            names.extend([(name, report), (gathering_name, gathering)]);
        }
        let gathering = hand.held(&[&city], "2026-05-04", json!({ "format": "ONLINE", "endDate": "2026-05-04" })).await;
        let input = json!({ "gathering": gathering, "audience": "PUBLIC", "items": [item("ONE", false)] });
        let draft = hand.done("draftGatheringReport", input, "report { id }").await;
        names.extend([("draft", text(&draft["report"]["id"])), ("draftGathering", gathering)]);
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
    pub fn fill(&self, text: &str) -> String {
        // The longest first: some begin like others.
        let mut names: Vec<_> = self.names.iter().collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        let key = uuid::Uuid::new_v4().simple().to_string();
        names.iter().fold(text.to_owned(), |text, (name, id)| text.replace(&format!("${name}"), id)).replace("$key", &key)
    }

    pub async fn ask(&self, caller: usize, query: &str) -> Value {
        match &self.tokens[caller] {
            None => self.hand.service.answer(query, json!({})).await,
            Some(token) => Writer::new(&self.hand.service, token).query(query, json!({})).await,
        }
    }
}

/// The code of the first error of an answer.
pub fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

/// Puts names that stand for ids in quotes.
pub fn quoted(query: &str) -> String {
    let mut text = String::new();
    for (index, part) in query.split('$').enumerate() {
        let end = part.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(part.len());
        text += &if index == 0 { part.to_owned() } else { format!("\"${}\"{}", &part[..end], &part[end..]) };
    }
    text
}
