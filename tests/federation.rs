//! Convene as a part of a larger graph: composed with a second service, and asked and followed through a gateway.

use std::{fs, process::Command};

use serde_json::{Value, json};

use crate::{
    databases::{Kind, with_database},
    events::Events,
    live::{Writer, text, token},
    program::{Running, Service, convene, project, succeed},
    weave::{Places, import},
};

/// Both services have a part in it: rooms are the other's.
const FOLLOW: &str = "subscription ($within: ID!, $after: String) { gatheringReportChanged(within: $within, after: $after) { \
    cursor change { entityId } report { gathering { title hosts { slug rooms { seats } } } } } }";

/// Both gateways and the second service, in one program that ends with the test.
struct Gateways {
    _program: Running,
    _folder: tempfile::TempDir,
    /// The one that follows Convene by server-sent events, and the one that does over a WebSocket.
    urls: [String; 2],
}

impl Gateways {
    /// Composes what Convene prints as its schema with the second service, which has these rooms.
    fn start(service: &Service, rooms: &Value) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in [".npmrc", "package.json", "package-lock.json", "gateway.js", "rooms.js"] {
            fs::copy(project("tests/federation").join(name), folder.path().join(name)).expect("copies");
        }
        let output = Command::new("npm").arg("ci").current_dir(&folder).output();
        let output = output.expect("Node is here: run the tests with `cargo xtask test`");
        assert!(output.status.success(), "{output:?}");
        fs::write(folder.path().join("rooms.json"), rooms.to_string()).expect("writes");
        let mut command = Command::new("node");
        command.args(["gateway.js", &service.url]).arg(project("schema/federation.graphql")).arg("rooms.json");
        command.current_dir(folder.path());
        let program = Running::start(command);
        for library in ["apollo", "guild"] {
            assert_eq!(program.line(library), format!("{library} composed: []"));
        }
        let urls = ["sse at ", "ws at "].map(|road| program.line(road).trim_start_matches(road).to_owned());
        Self { _program: program, _folder: folder, urls }
    }
}

/// A request to a gateway, with a token or without.
fn request(url: &str, token: Option<&str>, query: &str, variables: &Value) -> reqwest::RequestBuilder {
    let request = reqwest::Client::new().post(format!("{url}/graphql"));
    let request = request.json(&json!({ "query": query, "variables": variables }));
    if let Some(token) = token { request.bearer_auth(token) } else { request }
}

async fn ask(url: &str, token: Option<&str>, query: &str) -> Value {
    request(url, token, query, &json!({})).send().await.expect("answers").json().await.expect("JSON")
}

/// Follows through a gateway, from the checkpoint that comes first, or from a cursor.
async fn follow(url: &str, token: Option<&str>, within: &str, after: Option<&str>) -> Events {
    let mut events = Events::open(request(url, token, FOLLOW, &json!({ "within": within, "after": after }))).await;
    if after.is_none() {
        assert_eq!(item(&mut events).await["change"], Value::Null);
    }
    events
}

async fn item(events: &mut Events) -> Value {
    let (_, _, mut data) = events.next().await.expect("an event");
    assert_eq!(data.get("errors"), None, "{data}");
    data["data"]["gatheringReportChanged"].take()
}

/// The next item that tells of a change.
async fn change(events: &mut Events) -> Value {
    loop {
        let item = item(events).await;
        if !item["change"].is_null() {
            return item;
        }
    }
}

async fn submit(writer: &Writer, places: &Places, n: usize, audience: &str) -> String {
    let input = json!({ "gathering": places.gatherings[&format!("g-{n:04}")], "audience": audience });
    text(&writer.done("submitGatheringReport", input, "report { id }").await["report"]["id"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_joins_convene_with_another_service() {
    with_database(Kind::Sqlite, async |address| {
        import(&address, 12);
        let (token, service) = (token(&address), Service::start(&address));
        let (places, writer) = (Places::find(&service).await, Writer::new(&service, &token));
        let reports = [submit(&writer, &places, 0, "MEMBERS").await, submit(&writer, &places, 1, "PUBLIC").await];
        let gatherings = [places.gatherings["g-0000"].as_str(), "gat_01900000000070008000000000000001", "garden"];
        let rooms = json!([
            { "id": "hall", "seats": 40, "community": places.id("rift-0"), "gatherings": gatherings, "reports": reports },
            { "id": "attic", "seats": 8, "community": places.id("rift-0") },
        ]);
        let gateways = Gateways::start(&service, &rooms);
        let url = gateways.urls[0].as_str();
        joined(url, &token, &places).await;
        refused(url, &service).await;
        // Each follows in turn; the one does not know of the other.
        for (n, url) in [(2, &gateways.urls[0]), (7, &gateways.urls[1])] {
            followed(url, &token, (&writer, &places), n).await;
        }
    })
    .await;
}

/// Questions that both services answer, and who may read what of it.
async fn joined(url: &str, token: &str, places: &Places) {
    let query =
        format!("{{ community(id: {:?}) {{ name gatherings {{ totalCount }} rooms {{ id seats }} }} }}", places.id("rift-0"));
    let rooms = json!([{ "id": "hall", "seats": 40 }, { "id": "attic", "seats": 8 }]);
    let expected = json!({ "name": "rift 0", "gatherings": { "totalCount": 3 }, "rooms": rooms });
    assert_eq!(ask(url, None, &query).await, json!({ "data": { "community": expected } }));

    // Only what may be null is asked for, so that the gateway has no reason to complain of an entity that is null.
    let query = "{ rooms { seats community { slug parent { slug rooms { id } } } gatherings { venueCity } \
        reports { attendance submittedAt } } }";
    for (token, hidden) in [(None, true), (Some(token), false)] {
        let answer = ask(url, token, query).await;
        let hall = &answer["data"]["rooms"][0];
        assert_eq!(hall["community"], json!({ "slug": "rift-0", "parent": { "slug": "rift", "rooms": [] } }), "{answer}");
        assert_eq!(hall["reports"][0]["submittedAt"].is_null(), hidden, "{answer}");
        assert!(hall["reports"][1]["submittedAt"].is_string(), "{answer}");
        // What is malformed is told with its code, and costs nobody else an answer.
        let errors = answer["errors"].as_array().expect("one malformed id");
        assert_eq!(errors.len(), 1, "{answer}");
        assert_eq!(errors[0]["extensions"]["code"], "BAD_USER_INPUT", "{answer}");
        assert!(text(&errors[0]["message"]).starts_with("representations[2].id is not an id of the form gat_"), "{answer}");
    }
}

/// What Convene refuses reaches whoever asked the gateway with its code.
async fn refused(url: &str, service: &Service) {
    let query = "{ networks { nodes { slug } } }";
    assert_eq!(ask(url, Some("made-up"), query).await["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    let mut events = Events::open(request(url, Some("made-up"), FOLLOW, &json!({ "within": "net_1" }))).await;
    let (_, _, answer) = events.next().await.expect("an event");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{answer}");
    let mutation = r#"mutation { openCommunity(input: { idempotencyKey: "1", community: "com_01900000000070008000000000000001", expectedRevision: 1 }) { userErrors { code } } }"#;
    assert_eq!(ask(url, None, mutation).await["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    // Schemas are composed from what `convene schema --federation` prints.
    let answer = service.answer("{ _service { sdl } }", json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{answer}");
}

/// Follows through a gateway what is written there and elsewhere: five reports, from the one with this number on.
async fn followed(url: &str, token: &str, (direct, places): (&Writer, &Places), n: usize) {
    let (within, through) = (places.id("weave"), Writer::at(url, token));
    let (mut member, mut stranger) = (follow(url, Some(token), within, None).await, follow(url, None, within, None).await);
    let hidden = submit(&through, places, n, "MEMBERS").await;
    let open = submit(direct, places, n + 1, "PUBLIC").await;
    for id in [&hidden, &open] {
        assert_eq!(change(&mut member).await["change"]["entityId"], **id);
    }
    let seen = change(&mut stranger).await;
    assert_eq!(seen["change"]["entityId"], *open, "the other is for members");
    let host = ["rift-0", "rift-1", "coast-0", "coast-1"][(n + 1) % 4];
    let rooms = if host == "rift-0" { json!([{ "seats": 40 }, { "seats": 8 }]) } else { json!([]) };
    let gathering = json!({ "title": format!("Circle {}", n + 1), "hosts": [{ "slug": host, "rooms": rooms }] });
    assert_eq!(seen["report"]["gathering"], gathering);

    drop((member, stranger));
    let missed = [submit(direct, places, n + 2, "PUBLIC").await, submit(&through, places, n + 3, "PUBLIC").await];
    let mut again = follow(url, None, within, seen["cursor"].as_str()).await;
    let later = submit(&through, places, n + 4, "PUBLIC").await;
    for id in [&missed[0], &missed[1], &later] {
        assert_eq!(change(&mut again).await["change"]["entityId"], **id);
    }
}

#[tokio::test]
async fn a_developer_reads_the_schema_of_the_subgraph_over_http_too() {
    with_database(Kind::Sqlite, async |address| {
        let mut command = convene(&address, &["--listen", "127.0.0.1:0"]);
        command.env("CONVENE_PROFILE", "development");
        let service = Service::follow(Running::start(command));
        let sdl = service.ask("{ _service { sdl } }", json!({})).await["_service"]["sdl"].take();
        assert_eq!(text(&sdl).trim(), succeed(&address, &["schema", "--federation"]).trim());
        assert!(text(&sdl).contains("type Community implements Node @key(fields: \"id\") {"));
    })
    .await;
}
