//! The two cookies: how they are found in a request and how they are set. A cookie that comes twice
//! is refused: somebody has put one beside it.

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::{Cookie, SameSite, time::Duration};

use crate::auth::guest::MAX_AGE_S;

const AGENT: &str = "agentToken";
const GUEST: &str = "guestId";
/// Under https: a browser keeps such a cookie to this host, to `/` and to https.
const GUEST_SECURE: &str = "__Host-guestId";

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
        find(headers, |name| name == self.guest_name())
    }

    fn guest_name(self) -> &'static str {
        if self.secure { GUEST_SECURE } else { GUEST }
    }

    /// Sets the guest's cookie.
    pub(crate) fn set_guest(self, value: String) -> HeaderValue {
        self.set(Cookie::build((self.guest_name(), value)).max_age(Duration::seconds(MAX_AGE_S)))
    }

    /// Sets the agent's cookie for so many seconds; 0 removes it.
    pub(crate) fn set_agent(self, token: String, seconds: i64) -> HeaderValue {
        self.set(Cookie::build((AGENT, token)).max_age(Duration::seconds(seconds)))
    }

    #[expect(clippy::expect_used, reason = "tokens and our own names are of header characters")]
    fn set(self, cookie: cookie::CookieBuilder<'static>) -> HeaderValue {
        let cookie = cookie.path("/").http_only(true).same_site(SameSite::Lax).secure(self.secure);
        let text = cookie.build().to_string();
        HeaderValue::from_str(&text).expect("a cookie of header characters")
    }
}
