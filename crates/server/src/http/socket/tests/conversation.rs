//! Who says what, and what ends a conversation.

use super::*;

#[tokio::test]
async fn only_the_one_subprotocol_is_spoken() {
    let service = Service::start(LONG).await;
    for offered in [None, Some("graphql-ws"), Some("Graphql-Transport-Ws")] {
        let Err(tungstenite::Error::Http(response)) = service.shake_hands(offered).await else { panic!("{offered:?}") };
        assert_eq!(response.status(), 400);
        let body: Value = serde_json::from_slice(response.body().as_ref().unwrap()).unwrap();
        assert_eq!(body["errors"][0]["extensions"]["code"], "MALFORMED_REQUEST");
    }
    assert!(service.shake_hands(Some("graphql-ws, graphql-transport-ws")).await.is_ok());
    let url = format!("http://{}/graphql", service.address);
    let client = reqwest::Client::new();
    for request in [
        client.get(&url).header("upgrade", "websocket"),
        client.get(&url).header("upgrade", "WebSocket").header("connection", "upgrade").header("sec-websocket-version", "8"),
    ] {
        let response = soon(request.send()).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (400, &"application/json; charset=utf-8".parse().unwrap())
        );
    }
    // What is none of our protocols is no reason not to answer, and nor is a socket that no GET asks for.
    let other = soon(client.get(&url).header("upgrade", "h2c").header("connection", "upgrade").send()).await.unwrap();
    assert!(other.text().await.unwrap().contains("MALFORMED_REQUEST"));
    let post = soon(client.post(&url).header("upgrade", "websocket").send()).await.unwrap();
    assert_eq!(post.status(), 415);
}

#[tokio::test]
async fn what_breaks_the_protocol_closes_the_socket() {
    let service = Service::start(LONG).await;
    let _feed = service.feed("a");
    let init = |authorization: Value| json!({ "type": "connection_init", "payload": { "authorization": authorization } });
    let plain = json!({ "type": "connection_init" });
    let subscribe = json!({ "type": "subscribe", "id": "ä", "payload": { "query": "feed a" } });
    let unclear = "authorization must be one text: Bearer and a token";
    let again = "Subscriber for ä already exists";
    for (messages, code, reason) in [
        (vec![subscribe.clone()], 4401, "Unauthorized"),
        (vec![init(json!("Bearer never")), subscribe.clone()], 4401, "Unauthorized"),
        (vec![init(json!("Bearer eve"))], 4403, "no"),
        (vec![init(json!("ana"))], 4403, unclear),
        (vec![init(json!(["Bearer ana"]))], 4403, unclear),
        (vec![init(json!("Bearer later"))], 1013, "try again later"),
        (vec![plain.clone(), plain.clone()], 4429, "Too many initialisation requests"),
        (vec![init(json!("Bearer never")), plain.clone()], 4429, "Too many initialisation requests"),
        (vec![plain.clone(), subscribe.clone(), subscribe], 4409, again),
        (vec![json!({ "type": "start" })], 4400, "the type of the message is unknown"),
        (vec![json!([])], 4400, "a message is a JSON object with a type"),
        (vec![json!({ "type": "ping", "payload": "x".repeat(17_000) })], 1009, "message is too large"),
    ] {
        let mut client = service.connect().await;
        for message in messages {
            client.send(message).await;
        }
        assert_eq!(client.closed().await, (code, reason.to_owned()));
        assert!(soon(client.socket.next()).await.is_none());
    }
    let mut client = service.client().await;
    client.socket.send(tungstenite::Message::binary("{}")).await.unwrap();
    assert_eq!(client.closed().await.0, 4400);
}

#[tokio::test]
async fn whoever_says_nothing_is_not_waited_for() {
    let service = Service::start(Patience { init: Duration::from_millis(50), ..LONG }).await;
    let mut silent = service.connect().await;
    assert_eq!(silent.closed().await, (4408, "Connection initialisation timeout".to_owned()));
    let mut pinging = service.connect().await;
    pinging.send(json!({ "type": "pong" })).await;
    assert_eq!(pinging.closed().await.0, 4408);
}

#[tokio::test]
async fn the_caller_is_the_one_of_the_first_message() {
    let service = Service::start(LONG).await;
    for (payload, expected) in [
        (json!({}), "Anonymous"),
        (json!({ "authorization": "Bearer ana" }), "Operator"),
        (json!({ "Authorization": "bearer ana" }), "Operator"),
    ] {
        let mut client = service.connect().await;
        client.send(json!({ "type": "connection_init", "payload": payload })).await;
        client.receive().await;
        client.subscribe("1", "caller").await;
        assert_eq!(client.receive().await["payload"]["data"]["caller"], expected);
    }
}

#[tokio::test]
async fn an_answer_is_followed_by_its_end_and_a_refusal_is_the_end() {
    let service = Service::start(LONG).await;
    let mut client = service.client().await;
    client.subscribe("a", "caller").await;
    let answer = json!({ "type": "next", "id": "a", "payload": { "data": { "caller": "Anonymous" } } });
    assert_eq!([client.receive().await, client.receive().await], [answer, complete("a")]);
    client.subscribe("a", "{").await;
    assert_eq!(code_of(&client.receive().await), "GRAPHQL_PARSE_FAILED");
    assert_eq!(client.received().await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_is_no_request_is_no_message() {
    let service = Service::start(LONG).await;
    let wrong = [
        json!({ "type": "subscribe", "id": "a" }),
        json!({ "type": "subscribe", "id": "a", "payload": null }),
        json!({ "type": "subscribe", "id": "a", "payload": {} }),
        json!({ "type": "subscribe", "id": "a", "payload": "{ a }" }),
        json!({ "type": "subscribe", "id": "a", "payload": { "query": 1 } }),
        json!({ "type": "subscribe", "id": "a", "payload": { "query": "caller", "variables": [] } }),
    ];
    for message in wrong {
        let mut client = service.client().await;
        client.send(message.clone()).await;
        assert_eq!(client.closed().await.0, 4400, "{message}");
    }
}

#[tokio::test]
async fn operations_run_beside_each_other_and_ids_can_be_used_again() {
    let service = Service::start(LONG).await;
    let (a, b) = (service.feed("a"), service.feed("b"));
    let mut client = service.client().await;
    client.subscribe("a", "feed a").await;
    client.subscribe("b", "feed b").await;
    a.send(event(1)).unwrap();
    assert_eq!(client.receive().await, next("a", 1));
    b.send(event(2)).unwrap();
    assert_eq!(client.receive().await, next("b", 2));
    client.subscribe("c", "caller").await;
    assert_eq!((client.receive().await["id"].clone(), client.receive().await), (json!("c"), complete("c")));
    // What others are sent as well is not written anew.
    a.send(Event::Next(Item::new(Bytes::from_static(b"{\"data\" :  3}"), None))).unwrap();
    assert_eq!(client.text().await, r#"{"type":"next","id":"a","payload":{"data" :  3}}"#);
    drop(a);
    assert_eq!(client.receive().await, complete("a"));
    b.send(Event::Errors(Bytes::from_static(br#"[{"message":"no","extensions":{"code":"LAGGED"}}]"#))).unwrap();
    assert_eq!(code_of(&client.receive().await), "LAGGED");
    soon(b.closed()).await;
    let b = service.feed("b");
    client.subscribe("a", "feed b").await;
    b.send(event(4)).unwrap();
    assert_eq!(client.receive().await, next("a", 4));
}

#[tokio::test]
async fn nothing_is_said_of_an_operation_that_the_client_ended() {
    let service = Service::start(LONG).await;
    let (a, b) = (service.feed("a"), service.feed("b"));
    let mut client = service.client().await;
    client.subscribe("1", "feed a").await;
    a.send(event(1)).unwrap();
    assert_eq!(client.receive().await, next("1", 1));
    client.complete("1").await;
    soon(a.closed()).await;
    client.complete("1").await;
    client.subscribe("1", "feed b").await;
    b.send(event(2)).unwrap();
    assert_eq!(client.receive().await, next("1", 2));
    client.subscribe("2", "hang").await;
    until(|| service.operations.hanging.load(Ordering::Relaxed) == 1).await;
    client.complete("2").await;
    client.received().await;
    service.operations.release.add_permits(1);
    client.complete("1").await;
    assert_eq!(client.received().await, Vec::<Value>::new());
    client.socket.close(None).await.unwrap();
    soon(b.closed()).await;
    until(|| service.open.is_empty()).await;
}

#[tokio::test]
async fn one_socket_has_only_so_many_operations() {
    let service = Service::with_limits(LONG, SocketLimits { operations: 3, ..WIDE }).await;
    let mut client = service.client().await;
    let feeds: Vec<_> = (1..=3).map(|number| service.feed(&number.to_string())).collect();
    for number in 1..=3 {
        client.subscribe(&number.to_string(), &format!("feed {number}")).await;
    }
    feeds[1].send(event(1)).unwrap();
    assert_eq!(client.receive().await, next("2", 1));
    // Those that have ended do not count.
    client.complete("2").await;
    client.subscribe("one more", "caller").await;
    assert_eq!(client.receive().await["type"], "next");
    assert_eq!(client.receive().await, complete("one more"));
    for number in 4..=5 {
        client.subscribe(&number.to_string(), "hang").await;
    }
    assert_eq!(client.closed().await, (4429, "Too many operations".to_owned()));
    for feed in &feeds {
        soon(feed.closed()).await;
    }
}

#[tokio::test]
async fn one_socket_sends_only_so_many_messages_in_a_second() {
    let service = Service::with_limits(LONG, SocketLimits { rate: 5, ..WIDE }).await;
    let mut client = service.client().await;
    for _ in 0..4 {
        client.send(json!({ "type": "ping" })).await;
        assert_eq!(client.receive().await, json!({ "type": "pong" }));
    }
    // Twice as many as a second allows: no test is slow enough for all of them to be in time.
    for _ in 0..20 {
        client.socket.feed(json!({ "type": "pong" }).to_string().into()).await.unwrap();
    }
    client.socket.flush().await.unwrap();
    assert_eq!(client.closed().await, (4429, "Too many messages".to_owned()));
}

#[tokio::test]
async fn messages_that_are_too_large_are_not_read() {
    let service = Service::with_limits(LONG, SocketLimits { message: 20_000, ..WIDE }).await;
    let mut client = service.client().await;
    let ping = |bytes: usize| json!({ "type": "ping", "payload": "x".repeat(bytes) });
    client.send(ping(19_000)).await;
    assert_eq!(client.receive().await["payload"].as_str().unwrap().len(), 19_000);
    client.send(ping(20_001)).await;
    assert_eq!(client.closed().await, (1009, "message is too large".to_owned()));
}

#[tokio::test]
async fn beyond_so_many_connections_all_are_told_to_come_later() {
    let service = Service::start(LONG).await;
    let mut clients = Vec::new();
    while clients.len() < CONNECTIONS {
        clients.push(service.client().await);
        // For a moment a socket counts twice, as the connection that it was as well.
        until(|| service.open.len() == clients.len()).await;
    }
    let Err(tungstenite::Error::Http(refused)) = service.shake_hands(Some(SUBPROTOCOL)).await else { panic!("not refused") };
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (503, &"5".parse().unwrap()));
    let ask = async |path: &str| soon(reqwest::get(format!("http://{}{path}", service.address))).await.unwrap();
    let answer = ask("/graphql?query=%7Ba%7D").await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["connection"]), (503, &"close".parse().unwrap()));
    let answer: Value = soon(answer.json()).await.unwrap();
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAVAILABLE");
    // Whoever would start it anew for want of an answer gets one.
    assert_eq!(ask("/livez").await.status(), 200);
    clients.pop();
    until(|| service.open.len() < CONNECTIONS).await;
    service.client().await;
}

#[tokio::test]
async fn pings_are_answered() {
    let service = Service::start(LONG).await;
    let mut client = service.connect().await;
    client.send(json!({ "type": "ping" })).await;
    assert_eq!(client.text().await, r#"{"type":"pong"}"#);
    client.send(json!({ "type": "ping", "payload": { "at": [1] } })).await;
    assert_eq!(client.receive().await, json!({ "type": "pong", "payload": { "at": [1] } }));
    client.socket.send(tungstenite::Message::Ping(Bytes::from_static(b"p"))).await.unwrap();
    let pong = soon(client.socket.next()).await.unwrap().unwrap();
    assert_eq!(pong, tungstenite::Message::Pong(Bytes::from_static(b"p")));
}

#[tokio::test]
async fn each_operation_is_paid_for_whatever_comes_of_it() {
    let service = Service::with(LONG, WIDE, Some(2)).await;
    let mut client = service.client().await;
    client.send(json!({ "type": "subscribe", "id": "1", "payload": [{ "query": "caller" }] })).await;
    assert_eq!(code_of(&client.receive().await), "BATCH_NOT_SUPPORTED");
    client.send(json!({ "type": "subscribe", "id": "2", "payload": { "query": 1 } })).await;
    assert_eq!(client.closed().await.0, 4400);
    let mut client = service.client().await;
    client.subscribe("3", "caller").await;
    assert_eq!(code_of(&client.receive().await), "RATE_LIMITED");
}
