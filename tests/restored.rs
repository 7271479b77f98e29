//! A database that was copied back and written on: whoever comes with a cursor of what is no more is told so.

use std::fs;

use serde_json::{Value, json};

use crate::{
    databases::{Kind, execute, with_database},
    live::{Follower, REPORTS, Writer, text, token},
    program::{Service, succeed},
    weave::{Places, import},
};

async fn report(writer: &Writer, places: &Places, n: usize) -> String {
    let input = json!({ "gathering": places.gatherings[&format!("g-{n:04}")], "attendance": n });
    text(&writer.done("submitGatheringReport", input, "report { id }").await["cursor"])
}

/// What the query says to a cursor, and what the subscription says.
async fn said_to(service: &Service, token: &str, within: &str, cursor: &str) -> [String; 2] {
    let variables = json!({ "within": within, "after": cursor });
    let query = "query ($within: ID!, $after: String) { changes(within: $within, after: $after) { cursor } }";
    let body = json!({ "query": query, "variables": variables });
    let request = reqwest::Client::new().post(format!("{}/graphql", service.url)).bearer_auth(token).json(&body);
    let answer: Value = request.send().await.expect("answers").json().await.expect("JSON");
    let (_, first) = Follower::open(service, Some(token), REPORTS, variables).await;
    let first: Value = serde_json::from_str(&first).expect("JSON");
    [code(&answer["errors"]), code(&first["payload"])]
}

fn code(errors: &Value) -> String {
    errors[0]["extensions"]["code"].as_str().unwrap_or("none").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_file_that_was_copied_back_ends_newer_cursors() {
    with_database(Kind::Sqlite, async |address| {
        import(&address, 40);
        let secret = token(&address);
        let file = address.trim_start_matches("sqlite://").to_owned();
        let mut service = Service::start(&address);
        let places = Places::find(&service).await;
        let before = report(&Writer::new(&service, &secret), &places, 0).await;
        service.program.signal("TERM");
        service.program.end();
        fs::copy(&file, format!("{file}.old")).expect("copies");

        let mut service = Service::start(&address);
        let writer = Writer::new(&service, &secret);
        let mut lost = String::new();
        for n in 1..4 {
            lost = report(&writer, &places, n).await;
        }
        service.program.signal("TERM");
        service.program.end();
        for left in ["-wal", "-shm"] {
            // There when the last one to close did not put it away.
            let _ = fs::remove_file(format!("{file}{left}"));
        }
        fs::copy(format!("{file}.old"), &file).expect("copies");

        let service = Service::start(&address);
        // Its place is not reached yet, then taken by another change, then far behind.
        assert_eq!(said_to(&service, &secret, places.id("weave"), &lost).await, ["CURSOR_EXPIRED", "CURSOR_EXPIRED"]);
        let writer = Writer::new(&service, &secret);
        for n in 10..13 {
            report(&writer, &places, n).await;
            let said = said_to(&service, &secret, places.id("weave"), &lost).await;
            assert_eq!(said, ["CURSOR_EXPIRED", "CURSOR_EXPIRED"], "{n}");
        }
        report(&writer, &places, 13).await;
        assert_eq!(said_to(&service, &secret, places.id("weave"), &lost).await, ["CURSOR_EXPIRED", "CURSOR_EXPIRED"]);
        // What was read before the copy was made is in it.
        assert_eq!(said_to(&service, &secret, places.id("weave"), &before).await, ["none", "none"]);
        assert!(succeed(&address, &["verify"]).contains("nothing differs"));
    })
    .await;
}

/// The database is put back while a service runs whose clients follow it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followers_of_a_database_that_is_put_back_are_ended() {
    with_database(Kind::Postgres, async |address| {
        import(&address, 40);
        let secret = token(&address);
        let (server, name) = address.rsplit_once('/').expect("an address");
        let (admin, copy) = (format!("{server}/postgres"), format!("{name}_copy"));
        let put = async |from: &str, to: &str| {
            let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{from}'");
            // The service connects again at once, and a database that is copied must be alone.
            execute(&admin, &format!("ALTER DATABASE {from} ALLOW_CONNECTIONS false")).await;
            execute(&admin, &end).await;
            execute(&admin, &format!("CREATE DATABASE {to} TEMPLATE {from}")).await;
            execute(&admin, &format!("ALTER DATABASE {from} ALLOW_CONNECTIONS true")).await;
        };
        put(name, &copy).await;
        let (service, other) = (Service::start(&address), Service::start(&address));
        let places = Places::find(&service).await;
        let writer = Writer::new(&service, &secret);
        let mut followers = Vec::new();
        for place in ["weave", "rift"] {
            followers.push(Follower::start(&service, Some(&secret), REPORTS, places.id(place), None).await);
        }
        let mut lost = String::new();
        for n in 0..4 {
            lost = report(&writer, &places, n).await;
        }
        followers[0].changes(4).await;
        followers[1].changes(2).await;

        execute(&admin, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
        put(&copy, name).await;
        execute(&admin, &format!("DROP DATABASE {copy}")).await;
        let back = std::time::Instant::now();
        for follower in &mut followers {
            let end: Value = serde_json::from_str(&follower.message().await).expect("JSON");
            assert_eq!((end["type"].as_str(), code(&end["payload"]).as_str()), (Some("error"), Some("CURSOR_EXPIRED")), "{end}");
        }
        let told = back.elapsed();
        eprintln!("followers were told after {told:?}");
        assert!(told < std::time::Duration::from_secs(3), "{told:?}");
        // Others write past the place of the cursor, at another process.
        let writer = Writer::new(&other, &secret);
        for n in 10..16 {
            report(&writer, &places, n).await;
        }
        for at in [&service, &other] {
            assert_eq!(said_to(at, &secret, places.id("weave"), &lost).await, ["CURSOR_EXPIRED", "CURSOR_EXPIRED"]);
            let mut follower = Follower::start(at, Some(&secret), REPORTS, places.id("weave"), None).await;
            let n = if at.url == service.url { 20 } else { 21 };
            report(&writer, &places, n).await;
            assert_eq!(follower.change().await.1["report"]["attendance"], n);
        }
        assert!(succeed(&address, &["verify"]).contains("nothing differs"));
    })
    .await;
}
