//! How many connections each peer of the network holds while they speak HTTP. Counted by the TCP
//! peer, before anything that it says is read; a proxy that the operator trusts brings others'
//! connections, and is not counted.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::desk::Address;
use crate::http::network::Proxies;
use crate::telemetry::Meter;

/// The connections that are open, by who holds them.
pub(crate) struct Peers {
    open: Mutex<HashMap<Address, u32>>,
    /// 0 is no limit.
    most: u32,
    proxies: Arc<Proxies>,
    meter: Meter,
}

/// A connection that is counted as long as this lives.
pub(crate) struct Counted(Option<(Arc<Peers>, Address)>);

impl Peers {
    pub(crate) fn new(most: u32, proxies: Arc<Proxies>, meter: Meter) -> Arc<Self> {
        Arc::new(Self { open: Mutex::default(), most, proxies, meter })
    }

    /// Counts a connection, or refuses it when its peer has as many as it may.
    pub(crate) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Counted> {
        if self.most == 0 || self.proxies.trusts(peer.to_canonical()) {
            return Some(Counted(None));
        }
        let address = Address::of(peer);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if *count >= self.most {
            self.meter.limited("address_connections");
            return None;
        }
        *count += 1;
        Some(Counted(Some((Arc::clone(self), address))))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Some((peers, address)) = self.0.take() else { return };
        let mut open = peers.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peers(most: u32) -> Arc<Peers> {
        let proxies = Proxies(vec!["10.0.0.0/8".parse().unwrap()]);
        Peers::new(most, Arc::new(proxies), Meter::new())
    }

    fn of(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_peer_has_so_many_and_a_network_of_ipv6_is_one_peer() {
        let peers = peers(2);
        let first = peers.admit(of("192.0.2.1")).unwrap();
        let _second = peers.admit(of("::ffff:192.0.2.1")).unwrap();

        assert!(peers.admit(of("192.0.2.1")).is_none());
        let _other = peers.admit(of("192.0.2.2")).unwrap();
        drop(first);
        let _third = peers.admit(of("192.0.2.1")).unwrap();

        let _six = [1, 2].map(|it| peers.admit(of(&format!("2001:db8:0:1::{it}"))).unwrap());
        assert!(peers.admit(of("2001:db8:0:1:ffff::3")).is_none());
        assert!(peers.admit(of("2001:db8:0:2::3")).is_some());
    }

    #[test]
    fn a_trusted_proxy_is_not_counted_and_nobody_is_remembered_for_ever() {
        let peers = peers(1);

        let held: Vec<_> = (0..10).map(|_| peers.admit(of("10.1.2.3")).unwrap()).collect();
        let mapped = peers.admit(of("::ffff:10.1.2.3"));
        assert!(mapped.is_some());
        let one = peers.admit(of("192.0.2.1")).unwrap();
        drop((held, mapped, one));

        assert!(peers.open.lock().unwrap().is_empty());
    }
}
