//! Where a request comes from. What a proxy says of it is believed only from the proxies that the
//! operator has named: anybody can send the header.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::{
    extract::{ConnectInfo, Request, State},
    http::HeaderMap,
    middleware::Next,
    response::Response,
};
use ipnet::IpNet;

use crate::desk::Address;

const FORWARDED: &str = "x-forwarded-for";

/// The networks whose word about an address is taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proxies(pub(crate) Vec<IpNet>);

impl Proxies {
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The last address on the way here that is not a proxy of ours.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let said: Vec<&str> =
            headers.get_all(FORWARDED).iter().filter_map(|value| value.to_str().ok()).collect();
        let mut hops = said.iter().flat_map(|value| value.split(',')).map(str::trim).rev();
        while self.trusts(client) {
            match hops.next().map(str::parse::<IpAddr>) {
                Some(Ok(address)) => client = address.to_canonical(),
                Some(Err(_)) | None => break,
            }
        }
        client
    }
}

/// Notes the address of a request, for whoever counts by it.
pub(super) async fn note(
    State(proxies): State<Arc<Proxies>>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    if let Some(peer) = peer {
        let address = Address::of(proxies.client(peer, request.headers()));
        request.extensions_mut().insert(address);
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn client(proxies: &[&str], peer: &str, said: &[&str]) -> String {
        let proxies = Proxies(proxies.iter().map(|it| it.parse().unwrap()).collect());
        let mut headers = HeaderMap::new();
        for value in said {
            headers.append(FORWARDED, HeaderValue::from_str(value).unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn a_forwarded_address_is_believed_from_a_named_proxy_only() {
        assert_eq!(client(&[], "192.0.2.1", &["1.2.3.4"]), "192.0.2.1");
        assert_eq!(client(&["10.0.0.0/8"], "192.0.2.1", &["1.2.3.4"]), "192.0.2.1");
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["1.2.3.4"]), "1.2.3.4");
        assert_eq!(client(&["10.0.0.0/8"], "::ffff:10.0.0.1", &["1.2.3.4"]), "1.2.3.4");
    }

    #[test]
    fn what_a_client_wrote_before_the_proxy_is_not_believed() {
        let proxies = ["10.0.0.0/8"];

        assert_eq!(client(&proxies, "10.0.0.1", &["6.6.6.6, 1.2.3.4"]), "1.2.3.4");
        assert_eq!(client(&proxies, "10.0.0.1", &["6.6.6.6", "1.2.3.4, 10.0.0.2"]), "1.2.3.4");
        assert_eq!(client(&proxies, "10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(client(&proxies, "10.0.0.1", &[]), "10.0.0.1");
    }
}
