//! Messages whose end is kept back, and bytes that are no messages.

use tokio::io::AsyncWriteExt;

use super::*;

/// The first part of a text message that has so many bytes in all, with the mask 0.
fn begin(sent: usize, of: u64) -> Vec<u8> {
    let mut frame = vec![0x81, 0x80 | 127];
    frame.extend(of.to_be_bytes());
    frame.extend([0; 4]);
    frame.resize(frame.len() + sent, b' ');
    frame
}

impl Client {
    async fn write(&mut self, bytes: &[u8]) {
        soon(self.socket.get_mut().write_all(bytes)).await.unwrap();
    }
}

#[tokio::test]
async fn large_messages_have_so_much_room_together() {
    let service = Service::start(LONG).await;
    // Others have taken most of it.
    let others = Arc::clone(&service.room).try_acquire_many_owned((16 << 10) - 200).unwrap();
    let mut holding = Vec::new();
    for left in [102, 4] {
        let mut client = service.client().await;
        client.write(&begin(100_000, 200_000)).await;
        // As much as has arrived, not as much as was announced.
        until(|| service.room.available_permits() == left).await;
        holding.push(client);
    }
    let mut third = service.client().await;
    third.write(&begin(100_000, 200_000)).await;
    assert_eq!(third.closed().await, (1013, "try again later".to_owned()));
    // Small ones need none of it, and what is whole gives it back.
    let mut small = service.client().await;
    small.write(&begin(1_000, 2_000)).await;
    small.write(&[b' '; 1_000 - 15]).await;
    small.write(br#"{"type":"ping"}"#).await;
    assert_eq!(small.receive().await, json!({ "type": "pong" }));
    drop(others);
    let rest = json!({ "type": "ping", "payload": "x".repeat(100_000 - 28) }).to_string();
    assert_eq!(rest.len(), 100_000);
    let mut first = holding.remove(0);
    first.write(rest.as_bytes()).await;
    assert_eq!(first.receive().await["type"], "pong");
    until(|| service.room.available_permits() == (16 << 10) - 98).await;
    drop(holding);
    until(|| service.room.available_permits() == 16 << 10).await;
}

#[tokio::test]
async fn nobody_waits_for_ever_for_the_end_of_a_message() {
    let service = Service::start(Patience { init: Duration::from_millis(300), ..LONG }).await;
    for sent in [1, 20_000] {
        let mut client = service.client().await;
        client.write(&begin(sent, 50_000)).await;
        let sending = async {
            // Signs of life between its bytes are none of it.
            while client.socket.get_mut().write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let _ = timeout(Duration::from_millis(400), sending).await;
        assert_eq!(client.closed().await, (1008, "message took too long to arrive".to_owned()));
    }
    let mut idle = service.client().await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(idle.received().await, Vec::<Value>::new());
}

#[tokio::test]
async fn whoever_has_not_said_who_they_are_sends_little() {
    let service = Service::start(LONG).await;
    let mut client = service.connect().await;
    client.write(&begin(20_000, 200_000)).await;
    assert_eq!(client.closed().await, (1009, "message is too large".to_owned()));
    assert_eq!(service.room.available_permits(), 16 << 10);
}

#[tokio::test]
async fn a_socket_goes_on_after_large_messages_with_all_that_it_does() {
    let service = Service::start(LONG).await;
    let feed = service.feed("a");
    let mut client = service.client().await;
    client.subscribe("1", "feed a").await;
    let large = json!({ "type": "ping", "payload": "x".repeat(200_000) });
    for number in 0..20 {
        client.socket.feed(large.to_string().into()).await.unwrap();
        client.socket.feed(tungstenite::Message::Ping(Bytes::from_static(b"there?"))).await.unwrap();
        if number % 2 == 0 {
            // With the next one, or after it was taken.
            soon(client.socket.flush()).await.unwrap();
            assert_eq!(client.receive().await["type"], "pong");
        }
        feed.send(event(number)).unwrap();
        while client.receive().await != next("1", number) {}
    }
    // Of the 20 pongs of the protocol none was lost: each of those of the WebSocket was sent too.
    client.complete("1").await;
    soon(feed.closed()).await;
}

#[tokio::test]
async fn what_is_no_frame_is_answered_with_the_protocol_s_code() {
    let service = Service::start(LONG).await;
    for wrong in [&[0x83, 0x80, 0, 0, 0, 0][..], &[0x81, 0x02, b'{', b'}'], &[0xc1, 0x80, 0, 0, 0, 0], &[0x80, 0x80, 0, 0, 0, 0]]
    {
        let mut client = service.client().await;
        client.write(wrong).await;
        assert_eq!(client.closed().await.0, 1002, "{wrong:?}");
    }
}
