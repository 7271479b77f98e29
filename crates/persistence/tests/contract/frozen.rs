//! A client that is frozen in the middle of a write stops nobody for long.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use convene_domain::id::GatheringId;
use convene_persistence::{Database, verify};

use crate::{
    databases::{Kind, with_database},
    network::{add_gathering, change_gathering, plant, position},
};

/// A process that has written a change to a gathering and was stopped before it sealed it.
struct Frozen(Child);

impl Frozen {
    fn new(address: &str, gathering: GatheringId) -> Self {
        let this = std::env::current_exe().expect("a path");
        let program: PathBuf =
            [this.parent().and_then(|deps| deps.parent()).expect("a folder"), "examples/held_write".as_ref()].iter().collect();
        let mut child = Command::new(program)
            .args([address, &gathering.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("an output")).read_line(&mut line).expect("reads");
        assert_eq!(line, "written\n");
        let stopped = Command::new("kill").args(["-STOP", &child.id().to_string()]).status().expect("runs");
        assert!(stopped.success());
        Self(child)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        // SIGKILL reaches a stopped process as well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// On SQLite the lock of the file is the frozen process's until it goes on or dies, and nobody can take it away: that
/// is why one process serves a SQLite database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_writer_stops_nobody_for_long() {
    with_database(Kind::Postgres, |address| async move {
        let database = Database::open(&address, 8).await.expect("opens");
        let tree = plant(&database).await;
        let hosts = [tree.cities[0]];
        let (_, gathering) = add_gathering(&database, &tree, &hosts, 1).await.expect("writes");
        let before = position(&database, tree.network).await;
        let frozen = Frozen::new(&address, gathering);

        // Who writes something else does not notice.
        let began = Instant::now();
        for month in 0..5 {
            add_gathering(&database, &tree, &hosts, month).await.expect("writes");
        }
        let elsewhere = began.elapsed();
        // Who writes the same record waits until the frozen client is cut off.
        let began = Instant::now();
        change_gathering(&database, &tree, gathering, &hosts, 30).await.expect("writes");
        let same_record = began.elapsed();
        eprintln!("five writes elsewhere: {elsewhere:?}; the record it holds: {same_record:?}");
        assert!(elsewhere < Duration::from_millis(900), "{elsewhere:?}");
        assert!(same_record < Duration::from_secs(3), "{same_record:?}");

        drop(frozen);
        let after = position(&database, tree.network).await;
        assert_eq!(after, before + 6);
        assert_eq!(verify::run(&database, |_| {}).await.expect("verifies"), Vec::new());
    })
    .await;
}
