//! Nodes over one database, and one Redis if there is one, with a proxy on each road.

use std::time::Duration;

use crate::{
    live::token,
    program::{Running, Service, convene},
    proxy::Proxy,
};

/// A node, and the roads to it and from it.
pub struct Node {
    service: Option<Service>,
    /// What its clients use.
    pub front: Proxy,
    /// What it uses; none for a file.
    pub database: Option<Proxy>,
    pub redis: Option<Proxy>,
    address: String,
}

impl Node {
    /// Starts a node on a database, with a Redis at this host and port.
    pub async fn start(address: &str, redis: Option<&str>) -> Self {
        let (mut address, mut database) = (address.to_owned(), None);
        if let Some((server, name)) = address.split_once("://").filter(|(scheme, _)| *scheme == "postgres").map(|(_, rest)| {
            let (server, name) = rest.rsplit_once('/').expect("an address with a database");
            (server.to_owned(), name.to_owned())
        }) {
            let (user, host) = server.rsplit_once('@').expect("an address with a user");
            let proxy = Proxy::open(host).await;
            address = format!("postgres://{user}@{}/{name}", proxy.address);
            database = Some(proxy);
        }
        let redis = match redis {
            Some(redis) => Some(Proxy::open(redis).await),
            None => None,
        };
        let mut node = Self { service: None, front: Proxy::open("127.0.0.1:1").await, database, redis, address };
        node.revive();
        node
    }

    /// Starts the process, again if it was there before, on another port.
    pub fn revive(&mut self) {
        let mut command = convene(&self.address, &["--listen", "127.0.0.1:0", "--shutdown-grace", "4"]);
        if let Some(redis) = &self.redis {
            command.env("REDIS_URL", format!("redis://{}", redis.address));
        }
        let service = tokio::task::block_in_place(|| Service::follow(Running::start(command)));
        self.front.lead_to(service.url.trim_start_matches("http://"));
        self.service = Some(service);
    }

    /// The address that its clients know.
    pub fn url(&self) -> String {
        format!("http://{}", self.front.address)
    }

    pub fn service(&self) -> &Service {
        self.service.as_ref().expect("runs")
    }

    fn running(&mut self) -> &mut Running {
        &mut self.service.as_mut().expect("runs").program
    }

    pub fn kill(&mut self) {
        self.running().signal("KILL");
        self.running().end();
    }

    /// Tells it to stop and waits until it has, in good order.
    pub fn terminate(&mut self) {
        self.running().signal("TERM");
        let code = tokio::task::block_in_place(|| self.running().end());
        assert_eq!(code, Some(0), "it stops in good order");
    }

    pub fn freeze(&mut self, frozen: bool) {
        self.running().signal(if frozen { "STOP" } else { "CONT" });
    }

    /// How much memory it has in KiB, and how many descriptors; nothing where the system does not tell.
    pub fn size(&self) -> Option<(usize, usize)> {
        let pid = self.service().program.child.id();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()?;
        Some((memory, std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count()))
    }
}

/// Nodes that belong together.
pub struct Cluster {
    /// The database, without a proxy.
    pub address: String,
    pub secret: String,
    pub nodes: Vec<Node>,
}

impl Cluster {
    /// Starts so many nodes on a database that has been migrated.
    pub async fn start(address: &str, nodes: usize, redis: Option<&str>) -> Self {
        let mut started = Vec::new();
        for _ in 0..nodes {
            started.push(Node::start(address, redis).await);
        }
        Self { address: address.to_owned(), secret: token(address), nodes: started }
    }

    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(Node::url).collect()
    }
}

/// Waits while something is broken: how long it is, is what is tested.
pub async fn broken_for(seconds: f64) {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}
