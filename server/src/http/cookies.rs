//! The two cookies: how they are found in a request and how they are set. A cookie that comes twice
//! is refused: somebody has put one beside it.

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::{Cookie, CookieBuilder, SameSite, time::Duration};

use crate::auth::guest::MAX_AGE_S;

const AGENT: &str = "agentToken";
const GUEST: &str = "guestId";
/// Under https: a browser keeps such a cookie to this host, to `/` and to https.
const GUEST_SECURE: &str = "__Host-guestId";

/// Of a session that began in another site's frame. A browser keeps it apart for each such site, so
/// that it never meets the one that the guest has where it visits the desk itself.
const GUEST_FRAMED: &str = "__Host-guestId-framed";

/// Where a guest's session is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// For the desk's own pages.
    Own,
    /// For the desk's page in the frame of one other site.
    Framed,
}

/// What a request carries under one name.
pub(crate) enum Found {
    None,
    One(String),
    Several,
}

/// How cookies are set here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cookies {
    /// The desk is reached by https.
    pub(crate) secure: bool,
}

/// The agent's token in a cookie.
pub(crate) fn agent(headers: &HeaderMap) -> Found {
    find(headers, |name| name == AGENT)
}

fn find(headers: &HeaderMap, named: impl Fn(&str) -> bool) -> Found {
    let texts = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let cookies = texts.flat_map(Cookie::split_parse).filter_map(Result::ok);
    let mut values = cookies.filter(|cookie| named(cookie.name()));
    match (values.next(), values.next()) {
        (None, _) => Found::None,
        (Some(cookie), None) => Found::One(cookie.value().to_owned()),
        (Some(_), Some(_)) => Found::Several,
    }
}

impl Cookies {
    /// The guest's cookie. Under https only the name that no other host and no http could have set.
    pub(crate) fn guest(self, headers: &HeaderMap) -> Found {
        self.guest_at(headers).0
    }

    /// The same, and where it was. A frame of the desk's own site gets both: its own counts.
    pub(crate) fn guest_at(self, headers: &HeaderMap) -> (Found, Place) {
        match find(headers, |name| name == self.guest_name(Place::Own)) {
            Found::None if self.secure => {
                (find(headers, |name| name == GUEST_FRAMED), Place::Framed)
            }
            found => (found, Place::Own),
        }
    }

    fn guest_name(self, place: Place) -> &'static str {
        match (self.secure, place) {
            (true, Place::Own) => GUEST_SECURE,
            (true, Place::Framed) => GUEST_FRAMED,
            (false, _) => GUEST,
        }
    }

    /// Sets the guest's cookie. In another site's frame browsers take only one that is for every
    /// site (`None`) and kept apart for each (`Partitioned`), and only under https. What such a
    /// cookie may be used for is the origin check's to say, not `SameSite`'s.
    pub(crate) fn set_guest(self, value: String, place: Place) -> HeaderValue {
        let name = self.guest_name(place);
        let cookie = Cookie::build((name, value)).max_age(Duration::seconds(MAX_AGE_S));
        if self.secure && place == Place::Framed {
            return header_value(
                cookie
                    .same_site(SameSite::None)
                    .partitioned(true)
                    .secure(true)
                    .path("/")
                    .http_only(true),
            );
        }
        self.set(cookie)
    }

    /// Sets the agent's cookie for so many seconds; 0 removes it.
    pub(crate) fn set_agent(self, token: String, seconds: i64) -> HeaderValue {
        self.set(Cookie::build((AGENT, token)).max_age(Duration::seconds(seconds)))
    }

    fn set(self, cookie: CookieBuilder<'static>) -> HeaderValue {
        header_value(cookie.path("/").http_only(true).same_site(SameSite::Lax).secure(self.secure))
    }
}

#[expect(clippy::expect_used, reason = "tokens and our own names are of header characters")]
fn header_value(cookie: CookieBuilder<'static>) -> HeaderValue {
    let text = cookie.build().to_string();
    HeaderValue::from_str(&text).expect("a cookie of header characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookies: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_str(cookies).unwrap());
        headers
    }

    #[test]
    fn a_session_in_another_sites_frame_has_a_cookie_of_its_own_under_https_only() {
        let text = |secure, place| {
            let value = Cookies { secure }.set_guest("x".to_owned(), place);
            value.to_str().unwrap().to_owned()
        };

        let framed = text(true, Place::Framed);
        assert!(framed.starts_with("__Host-guestId-framed=x; "), "{framed}");
        for part in ["SameSite=None", "Secure", "Partitioned", "HttpOnly", "Path=/"] {
            assert!(framed.contains(part), "{part} in {framed}");
        }
        for (secure, place) in [(true, Place::Own), (false, Place::Own), (false, Place::Framed)] {
            let own = text(secure, place);
            assert!(own.contains("SameSite=Lax") && !own.contains("Partitioned"), "{own}");
        }
    }

    #[test]
    fn the_desks_own_cookie_counts_before_the_one_of_a_frame() {
        let cookies = Cookies { secure: true };
        let found = |text: &str| match cookies.guest_at(&headers(text)) {
            (Found::One(value), place) => Some((value, place)),
            (Found::None | Found::Several, _) => None,
        };

        let both = found("__Host-guestId-framed=b; __Host-guestId=a");
        assert_eq!(both, Some(("a".to_owned(), Place::Own)));
        assert_eq!(found("__Host-guestId-framed=b"), Some(("b".to_owned(), Place::Framed)));
        assert_eq!(found("__Host-guestId-framed=b; __Host-guestId-framed=c"), None);
        assert!(matches!(
            Cookies { secure: false }.guest(&headers("__Host-guestId-framed=b")),
            Found::None
        ));
    }
}
