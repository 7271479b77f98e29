//! What one process writes is announced to the others, after the commit and as one new head.

use std::time::Duration;

use futures::StreamExt;

use crate::{
    on_both,
    program::{DEADLINE, convene, project, succeed},
};

fn redis() -> String {
    std::env::var("CONVENE_TEST_REDIS_URL").expect("CONVENE_TEST_REDIS_URL is set: run the tests with `cargo xtask test`")
}

async fn an_import_announces_its_new_head(address: String) {
    let client = redis::Client::open(redis()).expect("an address");
    let mut subscriber = client.get_async_pubsub().await.expect("connects");
    subscriber.subscribe("convene:heads").await.expect("subscribes");
    let sample = project("samples");
    let output =
        convene(&address, &["import", sample.to_str().expect("a path")]).env("REDIS_URL", redis()).output().expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // The other tests announce on the same Redis.
    let summary = String::from_utf8(output.stdout).expect("text");
    let network =
        summary.lines().find_map(|line| line.strip_prefix("log of ")).and_then(|line| line.split(':').next()).expect("a network");
    let mut messages = subscriber.on_message();
    loop {
        let message = tokio::time::timeout(DEADLINE, messages.next()).await.expect("in time").expect("a message");
        let text: String = message.get_payload().expect("text");
        let words: Vec<&str> = text.split(' ').collect();
        if words[0] == network {
            assert_eq!((words.len(), words[1]), (3, "426"));
            assert!(words[2].starts_with("chg_"), "{text}");
            return;
        }
    }
}
on_both!(an_import_announces_its_new_head);

/// Redis is only the fast road: without it the import is as good, and hardly slower.
async fn an_import_does_not_need_redis(address: String) {
    let sample = project("samples");
    let began = std::time::Instant::now();
    let output = convene(&address, &["import", sample.to_str().expect("a path")])
        .env("REDIS_URL", "redis://127.0.0.1:1")
        .output()
        .expect("runs");
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("a wake-up was not sent"));
    // Generous for a slow machine, and still far below what a client waits by itself for a Redis that is not there.
    assert!(began.elapsed() < Duration::from_secs(9), "nobody waits for Redis");
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
}
on_both!(an_import_does_not_need_redis);
