//! Fast and slow peers, silent ones, and the end of the service.

use super::{super::operations::LARGEST_MESSAGE, *};

/// More than the buffers of the system hold between a server and a client that does not read, in messages of the flood.
const BUFFERED: usize = (64 << 20) >> 16;

/// Little patience with a peer that does not read, and none once it is given up.
const STRICT: Patience = Patience { write: Duration::from_millis(300), farewell: Duration::from_millis(100), ..LONG };

#[tokio::test]
async fn events_keep_their_order_and_operations_take_turns() {
    let service = Service::start(LONG).await;
    let (a, b) = (service.feed("a"), service.feed("b"));
    for number in 0..500 {
        a.send(event(number)).unwrap();
        b.send(event(number)).unwrap();
    }
    let mut client = service.client().await;
    client.subscribe("a", "feed a").await;
    client.subscribe("b", "feed b").await;
    let mut received: Vec<Value> = Vec::new();
    while received.len() < 1_000 {
        received.push(client.receive().await);
    }
    for id in ["a", "b"] {
        let own: Vec<_> = received.iter().filter(|message| message["id"] == id).cloned().collect();
        assert_eq!(own, (0..500).map(|number| next(id, number)).collect::<Vec<_>>());
    }
    let first_of_b = received.iter().position(|message| message["id"] == "b").unwrap();
    let last_of_a = received.iter().rposition(|message| message["id"] == "a").unwrap();
    let runs = received[first_of_b..last_of_a].chunk_by(|one, other| one["id"] == other["id"]);
    // The runtime may end a turn early, and then begin with the same operation again.
    assert!(runs.map(<[Value]>::len).max().unwrap() <= 32);
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_not_written_for_and_dropped_in_the_end() {
    let service = Service::start(STRICT).await;
    let mut client = service.client().await;
    client.subscribe("1", "flood").await;
    soon(service.operations.dried.cancelled()).await;
    assert!(service.operations.flooded.load(Ordering::Relaxed) < BUFFERED);
    until(|| service.open.is_empty()).await;
}

#[tokio::test]
async fn a_peer_that_sends_and_never_reads_is_dropped_too() {
    let patience = Patience { write: Duration::from_millis(600), ping: Duration::from_millis(200), ..STRICT };
    let service = Service::start(patience).await;
    let mut client = service.client().await;
    client.subscribe("1", "flood").await;
    let sending = async {
        // Signs of life, and pings from the other side, for as long as there is another side.
        while client.socket.send(json!({ "type": "pong" }).to_string().into()).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    soon(sending).await;
    until(|| service.open.is_empty()).await;
}

#[tokio::test]
async fn what_had_to_wait_for_a_slow_peer_begins_when_it_reads() {
    let service = Service::start(LONG).await;
    let mut client = service.client().await;
    client.subscribe("flood", "flood").await;
    until(|| service.operations.flooded.load(Ordering::Relaxed) > 0).await;
    for number in 0..40 {
        client.subscribe(&number.to_string(), "caller").await;
    }
    client.complete("flood").await;
    let mut ended = 0;
    while ended < 40 {
        let message = client.receive().await;
        ended += usize::from(message["type"] == "complete");
    }
}

#[tokio::test]
async fn a_peer_is_heard_while_it_does_not_read() {
    let service = Service::start(LONG).await;
    let mut client = service.client().await;
    client.subscribe("1", "flood").await;
    // A query goes on as well; else it would sit on what it uses.
    client.subscribe("2", "hang").await;
    until(|| service.operations.hanging.load(Ordering::Relaxed) == 1).await;
    for _ in 0..10 {
        client.socket.feed(tungstenite::Message::Ping(Bytes::new())).await.unwrap();
    }
    client.complete("1").await;
    soon(service.operations.dried.cancelled()).await;
    assert!(service.operations.flooded.load(Ordering::Relaxed) < BUFFERED);
    service.operations.release.add_permits(1);
    while client.receive().await["id"] == "1" {}
    assert_eq!(client.receive().await, complete("2"));
    assert_eq!(client.received().await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_peer_that_reads_no_pongs_is_not_read_for_ever() {
    let service = Service::start(STRICT).await;
    let mut client = service.client().await;
    let ping = json!({ "type": "ping", "payload": "x".repeat(100_000) }).to_string();
    let sent = async {
        let mut sent = 0;
        while client.socket.send(ping.clone().into()).await.is_ok() {
            sent += 1;
        }
        sent
    };
    assert!(soon(sent).await < 1_000);
    until(|| service.open.is_empty()).await;
}

#[tokio::test]
async fn only_so_many_operations_are_started_at_once() {
    let service = Service::start(LONG).await;
    let mut client = service.client().await;
    for number in 0..20 {
        client.subscribe(&number.to_string(), "hang").await;
    }
    assert_eq!(client.received().await, Vec::<Value>::new());
    assert_eq!(service.operations.hanging.load(Ordering::Relaxed), 16);
    service.operations.release.add_permits(20);
    for _ in 0..40 {
        client.receive().await;
    }
}

#[tokio::test]
async fn messages_may_be_large_but_not_without_limit() {
    let service = Service::start(LONG).await;
    let mut client = service.client().await;
    client.subscribe("1", "large 8000000").await;
    assert_eq!(client.receive().await["payload"]["data"].as_str().unwrap().len(), 8_000_000);
    assert_eq!(client.receive().await, complete("1"));
    client.subscribe("1", &format!("large {LARGEST_MESSAGE}")).await;
    let error = client.receive().await;
    assert_eq!((code_of(&error), &error["payload"][0]["extensions"]["limit"]), ("TOO_COMPLEX", &json!(LARGEST_MESSAGE)));
    client.subscribe("1", "caller").await;
    assert_eq!(client.receive().await["type"], "next");
    // This one may not even be read to its end, so that it is a matter of luck whether the reason arrives.
    let _ = client.socket.send("x".repeat((1 << 18) + 1).into()).await;
    until(|| service.open.is_empty()).await;
}

#[tokio::test]
async fn a_sign_of_life_is_asked_for() {
    let (ping, silence) = (Duration::from_millis(20), Duration::from_secs(1));
    let service = Service::start(Patience { ping, silence, ..LONG }).await;
    let (heard, silent) = (service.feed("heard"), service.feed("silent"));
    let mut client = service.client().await;
    client.subscribe("1", "feed heard").await;
    for _ in 0..60 {
        assert!(matches!(soon(client.socket.next()).await, Some(Ok(tungstenite::Message::Ping(_)))));
    }
    heard.send(event(1)).unwrap();
    assert_eq!(client.receive().await, next("1", 1));
    // Only who reads answers.
    let mut client = service.client().await;
    client.subscribe("1", "feed silent").await;
    soon(silent.closed()).await;
}

#[tokio::test]
async fn a_socket_that_fails_takes_no_other_along() {
    let service = Service::start(LONG).await;
    let feed = service.feed("a");
    let (mut client, mut other) = (service.client().await, service.client().await);
    other.subscribe("1", "feed a").await;
    client.subscribe("1", "panic").await;
    assert!(!matches!(soon(client.socket.next()).await, Some(Ok(_))));
    feed.send(event(1)).unwrap();
    assert_eq!(other.receive().await, next("1", 1));
    service.client().await;
}

#[tokio::test]
async fn the_service_waits_for_operations_to_end_and_says_goodbye() {
    let service = Service::start(LONG).await;
    let feed = service.feed("a");
    let mut idle = service.connect().await;
    let mut client = service.client().await;
    client.subscribe("1", "feed a").await;
    feed.send(event(1)).unwrap();
    assert_eq!(client.receive().await, next("1", 1));
    service.stop.cancel();
    let goodbye = (1001, "service is stopping".to_owned());
    assert_eq!(idle.closed().await, goodbye);
    client.subscribe("2", "caller").await;
    assert_eq!(code_of(&client.receive().await), "SHUTTING_DOWN");
    assert!(!service.running.is_finished());
    feed.send(Event::Errors(Bytes::from_static(br#"[{"message":"no","extensions":{"code":"SHUTTING_DOWN"}}]"#))).unwrap();
    assert_eq!(code_of(&client.receive().await), "SHUTTING_DOWN");
    assert_eq!(client.closed().await, goodbye);
    // Only their goodbye is missing now.
    assert!(soon(idle.socket.next()).await.is_none() && soon(client.socket.next()).await.is_none());
    soon(service.running).await.unwrap();
}

#[tokio::test]
async fn the_service_does_not_wait_for_ever() {
    let service =
        Service::start(Patience { finish: Duration::from_millis(200), farewell: Duration::from_millis(200), ..LONG }).await;
    let _feed = service.feed("a");
    let mut client = service.client().await;
    client.subscribe("1", "feed a").await;
    // This one never says goodbye.
    let mut absent = service.client().await;
    absent.subscribe("1", "flood").await;
    service.stop.cancel();
    assert_eq!(client.closed().await.0, 1001);
    soon(service.running).await.unwrap();
}
