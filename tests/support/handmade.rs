//! A small network, made by hand through the API.

use std::cell::Cell;

use serde_json::{Value, json};

use crate::{
    issuer::Issuer,
    program::{Running, Service, convene, succeed},
};

/// A network that a test fills as it likes.
pub struct Handmade {
    pub service: Service,
    pub token: String,
    pub network: String,
    keys: Cell<u32>,
}

impl Handmade {
    /// An empty network.
    pub async fn new(address: &str) -> Self {
        let token = succeed(address, &["token", "create", "--name", "Test"]).trim().to_owned();
        let handmade = Self { service: Service::start(address), token, network: String::new(), keys: Cell::new(0) };
        let made = handmade.done("createNetwork", json!({ "slug": "relief", "name": "Relief" }), "network { id }").await;
        let network = made["network"]["id"].as_str().expect("an id").to_owned();
        Self { network, ..handmade }
    }

    /// An empty network of a service that trusts an issuer.
    pub async fn with_issuer(address: &str) -> (Issuer, Self) {
        let (issuer, mut handmade) = (Issuer::start(), Self::new(address).await);
        let trusted = format!("{} convene", issuer.url);
        handmade.service =
            Service::follow(Running::start(convene(address, &["--listen", "127.0.0.1:0", "--oidc-issuers", &trusted])));
        (issuer, handmade)
    }

    /// Sends a mutation and gives its payload, whatever came of it.
    pub async fn send(&self, mutation: &str, mut input: Value, selected: &str) -> Value {
        self.keys.set(self.keys.get() + 1);
        input["idempotencyKey"] = format!("key {}", self.keys.get()).into();
        let (first, rest) = mutation.split_at(1);
        let query = format!(
            "mutation($input: {}{rest}Input!) {{ {mutation}(input: $input) {{ {selected} userErrors {{ code field message }} }} }}",
            first.to_uppercase()
        );
        self.service.ask_as(&self.token, &query, json!({ "input": input })).await[mutation].take()
    }

    /// Sends a mutation that has to be done.
    pub async fn done(&self, mutation: &str, input: Value, selected: &str) -> Value {
        let payload = self.send(mutation, input, selected).await;
        assert_eq!(payload["userErrors"], json!([]), "{mutation}: {payload}");
        payload
    }

    /// Sends a mutation that has to be refused, and gives the only reason's code and the last step of its path.
    pub async fn refused(&self, mutation: &str, input: Value) -> (String, String) {
        let payload = self.send(mutation, input, "__typename").await;
        let [error] = payload["userErrors"].as_array().expect("errors").as_slice() else { panic!("{mutation}: {payload}") };
        let field = error["field"].as_array().and_then(|path| path.last()).and_then(Value::as_str).unwrap_or_default();
        (error["code"].as_str().expect("a code").to_owned(), field.to_owned())
    }

    /// A new community.
    pub async fn community(&self, slug: &str, level: &str, parent: Option<&str>, more: Value) -> String {
        let mut input = json!({ "network": self.network, "slug": slug, "name": slug, "level": level, "parent": parent });
        merge(&mut input, more);
        id(&self.done("createCommunity", input, "community { id }").await["community"])
    }

    /// A planned gathering.
    pub async fn planned(&self, hosts: &[&str], start: &str, more: Value) -> String {
        let mut input = json!({ "hosts": hosts, "title": "Meeting", "startDate": start });
        if more.get("startsAt").is_some() {
            input.as_object_mut().expect("an object").remove("startDate");
        }
        merge(&mut input, more);
        id(&self.done("planGathering", input, "gathering { id }").await["gathering"])
    }

    /// A gathering that was held.
    pub async fn held(&self, hosts: &[&str], start: &str, more: Value) -> String {
        let gathering = self.planned(hosts, start, more).await;
        self.done("holdGathering", json!({ "gathering": gathering, "expectedRevision": 1 }), "__typename").await;
        gathering
    }

    /// A report that is handed in.
    pub async fn report(&self, gathering: &str, content: Value) -> String {
        let mut input = json!({ "gathering": gathering });
        merge(&mut input, content);
        id(&self.done("submitGatheringReport", input, "report { id }").await["report"])
    }

    /// The revision of a network or community.
    pub async fn revision(&self, id: &str) -> i64 {
        let query = "query ($id: ID!) { node(id: $id) { ... on Network { revision } ... on Community { revision } } }";
        self.service.ask_as(&self.token, query, json!({ "id": id })).await["node"]["revision"].as_i64().expect("a revision")
    }

    /// Sends a mutation of a community at the revision it has.
    pub async fn change(&self, mutation: &str, community: &str, more: Value) {
        let mut input = json!({ "community": community, "expectedRevision": self.revision(community).await });
        merge(&mut input, more);
        self.done(mutation, input, "__typename").await;
    }
}

fn merge(input: &mut Value, more: Value) {
    if let (Value::Object(input), Value::Object(more)) = (input, more) {
        input.extend(more);
    }
}

fn id(record: &Value) -> String {
    record["id"].as_str().expect("an id").to_owned()
}
