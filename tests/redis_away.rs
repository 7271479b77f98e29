//! A Redis that is frozen or cut off: nothing is closed, nobody answers.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

use crate::{
    databases::{Kind, with_database},
    live::{EVERYTHING, Follower, Writer, text, token, until},
    program::{Running, Service, convene, redis_address},
    weave::{Places, import},
};

/// A road to Redis on which everything can be made to stand still: connections are made and stay, and nothing crosses.
struct Ford {
    address: SocketAddr,
    still: watch::Sender<bool>,
}

impl Ford {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let (address, still) = (listener.local_addr().expect("an address"), watch::Sender::new(false));
        let watching = still.subscribe();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let watching = watching.clone();
                tokio::spawn(async move {
                    let far = TcpStream::connect(redis_address()).await.expect("Redis is there");
                    let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
                    tokio::join!(cross(from_near, to_far, watching.clone()), cross(from_far, to_near, watching));
                });
            }
        });
        Self { address, still }
    }
}

async fn cross(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut still: watch::Receiver<bool>) {
    let mut buffer = vec![0; 1 << 14];
    while let Ok(read) = from.read(&mut buffer).await {
        // It only ends with the test.
        let _ = still.wait_for(|still| !still).await;
        if read == 0 || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

async fn readiness(service: &Service) -> (u16, Value) {
    let response = reqwest::get(format!("{}/readyz", service.url)).await.expect("answers");
    (response.status().as_u16(), response.json().await.expect("JSON"))
}

async fn becomes(service: &Service, status: &str, redis: &str) {
    until(&format!("{status}, redis {redis}"), async || {
        let (code, body) = readiness(service).await;
        assert_eq!((code, &body["parts"]["database"]), (200, &json!("ok")), "{body}");
        body["status"] == status && body["parts"]["redis"] == redis
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_stands_still_is_noticed_and_nobody_waits_for_it() {
    with_database(Kind::Postgres, async |address| {
        import(&address, 8);
        let ford = Ford::open().await;
        let serve = || {
            let mut command = convene(&address, &["--listen", "127.0.0.1:0"]);
            command.env("REDIS_URL", format!("redis://{}", ford.address));
            Service::follow(Running::start(command))
        };
        let (service, other) = (serve(), serve());
        becomes(&service, "ok", "ok").await;
        becomes(&other, "ok", "ok").await;
        let (places, within) = (Places::find(&service).await, service.network("weave").await);
        let writer = Writer::new(&service, &token(&address));
        let mut follower = Follower::start(&other, None, EVERYTHING, &within, None).await;
        let submit = async |n: usize| {
            let input = json!({ "gathering": places.gatherings[&format!("g-{n:04}")], "audience": "PUBLIC" });
            let began = Instant::now();
            let payload = writer.done("submitGatheringReport", input, "report { id }").await;
            (text(&payload["report"]["id"]), began.elapsed())
        };

        ford.still.send_replace(true);
        let mut quickest = Duration::MAX;
        for n in 0..5 {
            let (report, took) = submit(n).await;
            quickest = quickest.min(took);
            assert_eq!(follower.change().await.1["change"]["entityId"], report);
        }
        // The machine may be slow, but not every time; whoever waits for Redis waits every time.
        assert!(quickest < Duration::from_millis(250), "a write waits for Redis: {quickest:?}");
        becomes(&service, "degraded", "away").await;
        becomes(&other, "degraded", "away").await;
        let metrics =
            async || reqwest::get(format!("{}/metrics", service.url)).await.expect("answers").text().await.expect("text");
        assert!(metrics().await.contains("convene_redis_up 0\n"));
        // A machine that is very busy may lose it more often, but says so once each time.
        let said = |program: &Running| program.count("Redis is away") - program.count("Redis is back");
        assert_eq!((said(&service.program), said(&other.program)), (1, 1));

        ford.still.send_replace(false);
        becomes(&service, "ok", "ok").await;
        becomes(&other, "ok", "ok").await;
        assert!(metrics().await.contains("convene_redis_up 1\n"));
        let (report, _) = submit(5).await;
        assert_eq!(follower.change().await.1["change"]["entityId"], report);
        for program in [&service.program, &other.program] {
            program.line("Redis is back");
            assert_eq!(said(program), 0);
        }
    })
    .await;
}
