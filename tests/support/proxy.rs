//! A road to a server on which everything can go wrong that goes wrong on networks.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

use super::garble::Garbler;

/// What happens on the road.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Pass,
    /// All connections are closed, and so is each new one.
    Cut,
    /// Nothing goes on, and nothing is lost: it arrives when this ends, as after a short break of the network.
    Hold,
    /// Everything is swallowed, and nobody is told. Whoever was on the road is lost for good.
    Swallow,
    /// The server's end is closed; the other end is not told. New connections pass.
    HalfOpen,
    /// Everything takes this long, and up to as long again.
    Slow(Duration),
    /// The messages of Redis are dropped, doubled and brought out of order.
    Garble,
}

/// A road to a server. Closed when dropped.
#[derive(Debug)]
pub struct Proxy {
    pub address: SocketAddr,
    mode: watch::Sender<Mode>,
    to: Arc<Mutex<String>>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Opens a road to the server at this host and port.
    pub async fn open(to: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let address = listener.local_addr().expect("an address");
        let (mode, seen) = watch::channel(Mode::Pass);
        let to = Arc::new(Mutex::new(to.to_owned()));
        let leads = Arc::clone(&to);
        let accepting = tokio::spawn(async move {
            let mut seed = 0;
            while let Ok((near, _)) = listener.accept().await {
                seed += 1;
                let to = leads.lock().expect("is whole").clone();
                tokio::spawn(carry(near, to, seen.clone(), StdRng::seed_from_u64(seed)));
            }
        });
        Self { address, mode, to, accepting }
    }

    /// Says what happens from now on.
    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// Leads new connections to another server.
    pub fn lead_to(&self, to: &str) {
        to.clone_into(&mut self.to.lock().expect("is whole"));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.set(Mode::Cut);
    }
}

/// How a connection ended.
enum End {
    ByItself,
    Cut,
    HalfClosed,
}

async fn carry(mut near: TcpStream, to: String, mut mode: watch::Receiver<Mode>, mut dice: StdRng) {
    let now = *mode.borrow_and_update();
    if now == Mode::Cut {
        return;
    }
    if now == Mode::Swallow {
        return swallow(near, mode).await;
    }
    let Ok(mut far) = TcpStream::connect(&to).await else { return };
    // Small messages go on at once, as they came.
    if near.set_nodelay(true).and_then(|()| far.set_nodelay(true)).is_err() {
        return;
    }
    let (lost, there, back) = (Mutex::new(false), StdRng::from_rng(&mut dice), dice);
    let end = {
        let ((from_near, to_near), (from_far, to_far)) = (near.split(), far.split());
        let there = pump(from_near, to_far, (mode.clone(), &lost), (there, false));
        let back = pump(from_far, to_near, (mode.clone(), &lost), (back, true));
        let mut of_ends = mode.clone();
        tokio::select! {
            _ = async { tokio::join!(there, back) } => End::ByItself,
            _ = mode.wait_for(|mode| *mode == Mode::Cut) => End::Cut,
            // Only those that were there before.
            _ = async { of_ends.changed().await.ok(); of_ends.wait_for(|mode| *mode == Mode::HalfOpen).await.is_ok() } => End::HalfClosed,
        }
    };
    if matches!(end, End::HalfClosed) {
        drop(far);
        swallow(near, mode).await;
    }
}

/// Takes whatever comes, and says nothing, until the other side gives up or all is cut.
async fn swallow(mut near: TcpStream, mut mode: watch::Receiver<Mode>) {
    let mut buffer = [0; 4_096];
    let reading = async { while near.read(&mut buffer).await.is_ok_and(|read| read > 0) {} };
    tokio::select! {
        () = reading => {}
        _ = mode.wait_for(|mode| *mode == Mode::Cut) => {}
    }
}

/// Carries one direction to its end.
async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    (mut mode, lost): (watch::Receiver<Mode>, &Mutex<bool>),
    (mut dice, back): (StdRng, bool),
) {
    let (mut buffer, mut garbler) = (vec![0; 16 << 10], Garbler::default());
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if mode.wait_for(|mode| *mode != Mode::Hold).await.is_err() {
            break;
        }
        let now = *mode.borrow_and_update();
        if now == Mode::Swallow {
            *lost.lock().expect("is whole") = true;
        }
        // A stream that lacks something is of no use any more, but nobody says so.
        if *lost.lock().expect("is whole") {
            continue;
        }
        if let Mode::Slow(delay) = now {
            tokio::time::sleep(delay.mul_f64(dice.random_range(1.0..2.0))).await;
        }
        let written = if back && (now == Mode::Garble || !garbler.is_empty()) {
            let out = garbler.take(&buffer[..read], (now == Mode::Garble).then_some(&mut dice));
            to.write_all(&out).await
        } else {
            to.write_all(&buffer[..read]).await
        };
        if written.is_err() {
            break;
        }
    }
    // The other direction may still have something to say; if it has not, this ends it.
    let _ = to.shutdown().await;
}
