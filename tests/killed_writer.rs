//! A process that is killed while it writes: whoever repeats what was not answered, with its key, loses and doubles nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::{Value, json};

use crate::{
    live::{Follower, REPORTS, Writer, text, token, until},
    on_both,
    program::{Running, Service, convene, succeed},
    weave::{Places, import},
};

const REPORTED: usize = 120;
const WRITERS: usize = 6;
const KILLS: usize = 4;

fn input(places: &Places, n: usize) -> Value {
    json!({ "idempotencyKey": format!("report-{n}"), "gathering": places.gatherings[&format!("g-{n:04}")], "attendance": n,
        "items": [{ "kind": "REQUEST", "text": format!("Request {n}") }] })
}

/// Sends the same mutation until it is answered, and gives the report and the cursor.
async fn persist(writer: &Writer, input: &Value) -> (String, String) {
    loop {
        let Some(answer) = writer.send("submitGatheringReport", input, "report { id revision }").await else {
            tokio::task::yield_now().await;
            continue;
        };
        let payload = &answer["data"]["submitGatheringReport"];
        if payload.is_null() {
            // The process was just being killed, or has not opened its database yet.
            assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{answer}");
            continue;
        }
        assert_eq!(payload["userErrors"], json!([]), "{answer}");
        assert_eq!(payload["report"]["revision"], 1, "{answer}");
        return (text(&payload["report"]["id"]), text(&payload["cursor"]));
    }
}

async fn what_is_acknowledged_is_there_once_however_often_the_writer_is_killed(address: String) {
    import(&address, REPORTED);
    let secret = token(&address);
    let beside = Service::start(&address);
    let places = Arc::new(Places::find(&beside).await);
    let mut follower = Follower::start(&beside, Some(&secret), REPORTS, places.id("weave"), None).await;
    let received = tokio::spawn(async move { follower.changes(REPORTED).await });

    let mut killed = Service::start(&address);
    let listen = format!("127.0.0.1:{}", killed.url.rsplit(':').next().expect("a port"));
    let (writer, acknowledged) = (Writer::new(&killed, &secret), Arc::new(AtomicUsize::new(0)));
    let writers: Vec<_> = (0..WRITERS)
        .map(|offset| {
            let (writer, places, acknowledged) = (writer.clone(), Arc::clone(&places), Arc::clone(&acknowledged));
            tokio::spawn(async move {
                let mut mine = BTreeMap::new();
                for n in (offset..REPORTED).step_by(WRITERS) {
                    mine.insert(n, persist(&writer, &input(&places, n)).await);
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                }
                mine
            })
        })
        .collect();
    for kill in 1..=KILLS {
        // In the middle of it, and somewhere else in a write each time.
        let enough = REPORTED * kill / (KILLS + 2);
        until("enough is acknowledged", async || acknowledged.load(Ordering::Relaxed) >= enough).await;
        killed.program.signal("KILL");
        killed.program.end();
        killed = Service::follow(Running::start(convene(&address, &["--listen", &listen])));
    }
    let mut told = BTreeMap::new();
    for writer in writers {
        told.extend(writer.await.expect("writes"));
    }

    let received = received.await.expect("receives");
    let reports: BTreeSet<String> = received.iter().map(|(_, item)| text(&item["report"]["id"])).collect();
    assert_eq!(reports, told.values().map(|(report, _)| report.clone()).collect(), "received and acknowledged");
    assert_eq!((reports.len(), received.len()), (REPORTED, REPORTED), "each once");
    let data = killed
        .ask("query ($within: ID!) { gatheringReports(within: $within) { totalCount } }", json!({ "within": places.id("weave") }))
        .await;
    assert_eq!(data["gatheringReports"]["totalCount"], REPORTED);
    // Much later the same request still has the same answer.
    for n in [0, REPORTED / 2, REPORTED - 1] {
        assert_eq!(persist(&writer, &input(&places, n)).await, told[&n]);
    }
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
}
on_both!(what_is_acknowledged_is_there_once_however_often_the_writer_is_killed);
