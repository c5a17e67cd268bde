//! Guests' cookies. A guest's id is no secret, so the cookie carries a proof: a MAC over every
//! field and over the word `guest`, so that no value made for something else passes for it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use support_shared::{GuestId, Timestamp};

use super::keys::Ring;
use crate::clock::Source;

/// Milliseconds that a cookie is good for after it was made or renewed: 90 days.
const LIFE_MS: i64 = 90 * 24 * 60 * 60 * 1000;

/// Milliseconds until a cookie is renewed on use: a day.
const FRESH_MS: i64 = 24 * 60 * 60 * 1000;

/// Milliseconds by which another node's clock may be ahead of this one's.
const SKEW_MS: i64 = 60 * 1000;

/// Seconds that a browser keeps the cookie.
pub(crate) const MAX_AGE_S: i64 = LIFE_MS / 1000;

/// Makes and verifies the values of guests' cookies.
pub(crate) struct GuestCookies {
    ring: Ring,
    source: Source,
}

impl GuestCookies {
    pub(crate) fn new(ring: Ring, source: Source) -> Self {
        Self { ring, source }
    }

    /// The value that proves to be this guest.
    pub(crate) fn issue(&self, guest: GuestId) -> String {
        let key = self.ring.newest();
        let fields = format!("v1.{}.{guest}.{}", key.id, self.source.now().as_millis());
        let mac = mac(&key.bytes, &fields).finalize().into_bytes();
        format!("{fields}.{}", URL_SAFE_NO_PAD.encode(mac))
    }

    /// Who the value proves to be.
    pub(crate) fn verify(&self, value: &str) -> Option<GuestId> {
        self.read(value).map(|(guest, _)| guest)
    }

    /// The value in place of one that is good but not new any more, or not of the newest key.
    pub(crate) fn renew(&self, value: &str) -> Option<String> {
        let (guest, issued) = self.read(value)?;
        let old = self.source.now() >= issued.plus_millis(FRESH_MS);
        let key = value.split('.').nth(1);
        (old || key != Some(self.ring.newest().id.as_str())).then(|| self.issue(guest))
    }

    fn read(&self, value: &str) -> Option<(GuestId, Timestamp)> {
        let (fields, proof) = value.rsplit_once('.')?;
        let mut parts = fields.split('.');
        let (version, key, guest, issued) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if version != "v1" || parts.next().is_some() {
            return None;
        }
        let key = self.ring.get(key)?;
        let proof = URL_SAFE_NO_PAD.decode(proof).ok()?;
        mac(&key.bytes, fields).verify_slice(&proof).ok()?;
        let issued = Timestamp::from_millis(issued.parse().ok()?);
        let now = self.source.now();
        let its_time = issued <= now.plus_millis(SKEW_MS) && now < issued.plus_millis(LIFE_MS);
        if its_time { Some((guest.parse().ok()?, issued)) } else { None }
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn mac(key: &[u8], fields: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(b"guest\0");
    mac.update(fields.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ulid::Ulid;

    use super::*;
    use crate::auth::keys::Ring;

    fn cookies(keys: &[(&str, u8)]) -> GuestCookies {
        GuestCookies::new(Ring::of(keys), Source::system())
    }

    #[test]
    fn a_cookie_proves_its_guest_and_outlives_a_new_key() {
        let guest = GuestId::from_ulid(Ulid::from(1));
        let value = cookies(&[("a", 1)]).issue(guest);

        assert!(value.len() < 512);
        assert_eq!(cookies(&[("b", 2), ("a", 1)]).verify(&value), Some(guest));
        assert_eq!(cookies(&[("b", 2)]).verify(&value), None);
    }

    #[test]
    fn a_cookie_that_was_not_made_here_proves_nothing() {
        let cookies = cookies(&[("a", 1)]);
        let guest = GuestId::from_ulid(Ulid::from(1));
        let other = GuestId::from_ulid(Ulid::from(2));
        let good = cookies.issue(guest);
        let (fields, proof) = good.rsplit_once('.').unwrap();
        let unbound = {
            let mut mac = Hmac::<Sha256>::new_from_slice(&[1; 32]).unwrap();
            mac.update(fields.as_bytes());
            format!("{fields}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
        };

        let refused = [
            ("an id", guest.to_string()),
            ("another guest", good.replace(&guest.to_string(), &other.to_string())),
            ("another key id", good.replacen(".a.", ".b.", 1)),
            ("a cut proof", good[..good.len() - 4].to_owned()),
            ("no proof", format!("{fields}.")),
            ("a proof for another purpose", unbound),
            ("another version", good.replacen("v1", "v2", 1)),
            ("more fields", format!("v1.{fields}.{proof}")),
            ("a null byte", format!("{good}%00")),
            ("nothing", String::new()),
        ];
        for (what, value) in refused {
            assert_eq!(cookies.verify(&value), None, "{what}");
        }
        for place in 0..good.len() {
            let mut flipped = good.clone().into_bytes();
            flipped[place] ^= 1;
            let flipped = String::from_utf8(flipped).unwrap();
            // The last character of base64 has bits that say nothing; a flip of them is refused
            // as not canonical.
            assert_eq!(cookies.verify(&flipped), None, "{flipped}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_a_cookie_or_makes_a_panic(value in ".{0,200}", fields in "v1\\.a\\.[0-9A-Z]{26}\\.[0-9]{1,20}\\.[A-Za-z0-9_-]{0,60}") {
            let cookies = cookies(&[("a", 1)]);
            prop_assert_eq!(cookies.verify(&value), None);
            prop_assert_eq!(cookies.verify(&fields), None);
        }
    }

    #[test]
    fn a_cookie_ends_after_90_days() {
        use crate::clock::{Clock, System};
        struct At(i64);
        impl Clock for At {
            fn now(&self) -> Timestamp {
                Timestamp::from_millis(self.0)
            }
        }
        let at = |millis| GuestCookies::new(Ring::of(&[("a", 1)]), Source::new(At(millis), System));
        let value = at(1_000_000).issue(GuestId::from_ulid(Ulid::from(1)));

        assert!(at(1_000_000 + LIFE_MS - 1).verify(&value).is_some());
        assert!(at(1_000_000 + LIFE_MS).verify(&value).is_none());
        assert!(at(1_000_000 - SKEW_MS - 1).verify(&value).is_none());
        assert_eq!(at(1_000_000 + FRESH_MS - 1).renew(&value), None);
        let renewed = at(1_000_000 + FRESH_MS).renew(&value).unwrap();
        assert!(at(1_000_000 + LIFE_MS).verify(&renewed).is_some());
        assert_eq!(at(1_000_000 + LIFE_MS).renew(&value), None);
    }
}
