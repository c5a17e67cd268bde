//! Requests that other sites' pages make a browser send. A browser says whose page asked; a wrong
//! origin is refused before anything else is looked at, Socket.IO's handshakes too, by polling and
//! by websocket. Compared as scheme, host and port, never as text.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use support_shared::{ApiError, ErrorCode};

use super::cookies::{self, Found};
use super::problem::Problem;

/// An origin: scheme, host in lower case, port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

impl Origin {
    /// Parses `scheme://host[:port]` and nothing more.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let parts = uri.into_parts();
        let scheme = parts.scheme?.as_str().to_ascii_lowercase();
        let authority = parts.authority?;
        let bare = parts.path_and_query.is_none_or(|path| path.as_str() == "/");
        let host = authority.host().to_ascii_lowercase();
        let plain = bare && !text.ends_with('/') && !authority.as_str().contains('@');
        let default = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            // A colon without a number, or with a wrong one, is not an origin.
            None if authority.as_str().ends_with(':') => return None,
            None => default,
        };
        (plain && !host.is_empty() && !host.ends_with('.')).then_some(Self { scheme, host, port })
    }

    /// As a browser says it: without the port that the scheme has anyway.
    #[cfg(any(feature = "page", test))]
    fn said(&self) -> String {
        let Self { scheme, host, port } = self;
        match (scheme.as_str(), *port) {
            ("http", 80) | ("https", 443) => format!("{scheme}://{host}"),
            _ => self.to_string(),
        }
    }

    /// Whether pages come to it over https.
    pub(crate) fn is_secure(&self) -> bool {
        self.scheme == "https"
    }
}

/// Which origins are the desk's own.
#[derive(Debug)]
pub(crate) struct Origins {
    /// Where the desk says it is; without it, the host that a request was sent to is believed.
    pub(crate) public: Option<Origin>,
    /// Sites that may show the guest page in a frame. They may not talk to the desk for all that:
    /// the page in the frame is the desk's own, and so is the origin that it sends.
    pub(crate) embedding: Vec<Origin>,
}

impl Origins {
    /// Whether this is the origin of a site that may show the guest page in a frame.
    pub(super) fn embeds(&self, text: &str) -> Option<&Origin> {
        let origin = Origin::parse(text)?;
        self.embedding.iter().find(|it| **it == origin)
    }

    /// What the guest page's content security policy says of who may show it.
    #[cfg(any(feature = "page", test))]
    pub(super) fn frame_ancestors(&self) -> String {
        if self.embedding.is_empty() {
            return "'none'".to_owned();
        }
        self.embedding.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    /// The sites that may show the guest page, as their browsers call them.
    #[cfg(any(feature = "page", test))]
    pub(super) fn sites(&self) -> String {
        self.embedding.iter().map(Origin::said).collect::<Vec<_>>().join(" ")
    }

    fn allow(&self, origin: &Origin, headers: &HeaderMap) -> bool {
        if let Some(public) = &self.public {
            origin == public
        } else {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
            host.and_then(|host| Origin::parse(&format!("http://{host}"))).as_ref() == Some(origin)
        }
    }
}

pub(super) async fn check(
    State(origins): State<Arc<Origins>>,
    request: Request,
    next: Next,
) -> Response {
    // Over polling each packet is a POST. Whose connection it is was asked when it was opened, and a
    // cookie is no credential there unless an origin came with it.
    let socket = request.uri().path().starts_with("/socket.io/");
    let method = if socket { &Method::GET } else { request.method() };
    if is_allowed(&origins, method, request.headers()) {
        return next.run(request).await;
    }
    let message = "this page may not talk to this server";
    Problem::new(ApiError::new(ErrorCode::ForbiddenOrigin, message)).into_response()
}

fn is_allowed(origins: &Origins, method: &Method, headers: &HeaderMap) -> bool {
    let mut sent = headers.get_all(header::ORIGIN).iter();
    match (sent.next(), sent.next()) {
        (Some(origin), None) => {
            let origin = origin.to_str().ok().and_then(Origin::parse);
            origin.is_some_and(|origin| origins.allow(&origin, headers))
        }
        (Some(_), Some(_)) => false,
        // Without an origin it was no browser, or a request that changes nothing. A cookie that can
        // close tickets is not believed from who will not say where it comes from.
        (None, _) => {
            let changes = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
            let bearer = headers.contains_key(header::AUTHORIZATION);
            !changes || bearer || matches!(cookies::agent(headers), Found::None)
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn origins(public: &str) -> Origins {
        Origins { public: Some(Origin::parse(public).unwrap()), embedding: Vec::new() }
    }

    fn allowed(origins: &Origins, host: &str, sent: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
        for origin in sent {
            headers.append(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
        }
        is_allowed(origins, &Method::POST, &headers)
    }

    #[test]
    fn an_origin_is_compared_as_scheme_host_and_port() {
        let ours = origins("https://chat.example");
        for good in ["https://chat.example", "https://CHAT.example:443"] {
            assert!(allowed(&ours, "chat.example", &[good]), "{good}");
        }
        for bad in [
            "null",
            "",
            "https://evil.example",
            "https://chat.example.evil.com",
            "https://chat.example@evil.com",
            "https://evil.com@chat.example",
            "http://chat.example",
            "https://chat.example:8443",
            "https://chat.example.",
            "https://chat.example/",
            "https://chat.example/x",
            "https://chat.example:",
            "https://chat.example:443:443",
            "file://chat.example",
            "chat.example",
        ] {
            assert!(!allowed(&ours, "chat.example", &[bad]), "{bad}");
        }
        assert!(!allowed(&ours, "x", &["https://chat.example", "https://chat.example"]));
    }

    #[test]
    fn a_site_that_shows_the_page_in_a_frame_may_not_talk_to_the_desk() {
        let shop = Origin::parse("https://shop.example").unwrap();
        let ours = Origins { embedding: vec![shop], ..origins("https://chat.example") };

        assert!(ours.embeds("https://SHOP.example:443").is_some());
        assert!(ours.embeds("https://shop.example.evil.com").is_none());
        assert_eq!(ours.frame_ancestors(), "https://shop.example:443");
        assert_eq!(ours.sites(), "https://shop.example");
        assert!(!allowed(&ours, "chat.example", &["https://shop.example"]));
    }

    #[test]
    fn without_a_public_address_the_host_that_was_asked_is_the_origin() {
        let ours = Origins { public: None, embedding: Vec::new() };

        assert!(allowed(&ours, "127.0.0.1:3000", &["http://127.0.0.1:3000"]));
        assert!(!allowed(&ours, "127.0.0.1:3000", &["http://127.0.0.1:3001"]));
        assert!(!allowed(&ours, "127.0.0.1:3000", &["https://127.0.0.1:3000"]));
    }

    #[test]
    fn an_agents_cookie_without_an_origin_changes_nothing() {
        let ours = Origins { public: None, embedding: Vec::new() };
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("agentToken=x"));

        assert!(!is_allowed(&ours, &Method::POST, &headers));
        assert!(is_allowed(&ours, &Method::GET, &headers));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        assert!(is_allowed(&ours, &Method::POST, &headers));
    }
}
