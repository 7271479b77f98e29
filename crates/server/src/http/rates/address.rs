//! From which address a request comes.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, header};

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The other end of a connection, handed to its requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Whether a proxy says whom it asks for.
pub(super) fn is_passed_on(headers: &HeaderMap) -> bool {
    headers.contains_key(FORWARDED_FOR) || headers.contains_key(header::FORWARDED)
}

/// The address of the client, where so many proxies stand between it and us: each of them has written down, at the end, who asked it. What
/// stands before that was written by anyone.
pub(super) fn client(headers: &HeaderMap, peer: IpAddr, proxies: usize) -> IpAddr {
    let values = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let told: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    let place = proxies.checked_sub(1).and_then(|behind| told.len().checked_sub(1 + behind));
    place.and_then(|place| read(told[place])).unwrap_or(peer).to_canonical()
}

/// Some write the port, too.
fn read(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// What of an address is one caller's: of IPv6 each household and each machine has as many as it likes.
pub(super) fn network(address: IpAddr) -> [u8; 9] {
    let mut network = [0; 9];
    match address {
        IpAddr::V4(address) => network[1..5].copy_from_slice(&address.octets()),
        IpAddr::V6(address) => {
            network[0] = 6;
            network[1..].copy_from_slice(&address.octets()[..8]);
        }
    }
    network
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_trusted_proxies_wrote_is_believed() {
        let peer: IpAddr = "192.0.2.9".parse().unwrap();
        let client = |told: &[&str], proxies| {
            let mut headers = HeaderMap::new();
            for told in told {
                headers.append("x-forwarded-for", told.parse().unwrap());
            }
            client(&headers, peer, proxies).to_string()
        };
        assert_eq!(client(&[], 0), "192.0.2.9");
        assert_eq!(client(&["198.51.100.1"], 0), "192.0.2.9");
        assert_eq!(client(&["203.0.113.5, 198.51.100.1"], 1), "198.51.100.1");
        assert_eq!(client(&["203.0.113.5", "198.51.100.1, 198.51.100.2"], 2), "198.51.100.1");
        assert_eq!(client(&["[2001:db8::1]:443"], 1), "2001:db8::1");
        assert_eq!(client(&["203.0.113.5:1234"], 1), "203.0.113.5");
        assert_eq!(client(&["::ffff:203.0.113.5"], 1), "203.0.113.5");
        // Fewer than there should be, or nonsense: whoever is at the other end.
        assert_eq!(client(&["203.0.113.5"], 2), "192.0.2.9");
        assert_eq!(client(&["unknown"], 1), "192.0.2.9");
    }
}
