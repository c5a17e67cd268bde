//! Agents' tokens: JWTs of one algorithm, HS256, signed by the newest key of a ring.
//!
//! A token says who and until when. Whether that still holds is looked up at every command; nothing
//! in a token gives a right.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode_header};
use serde::{Deserialize, Serialize};
use support_shared::{AgentId, SessionId, Timestamp};

use super::keys::Ring;
use crate::clock::Source;
use crate::desk::Who;

/// Milliseconds that a token is good for: an hour.
const LIFE_MS: i64 = 60 * 60 * 1000;

/// Milliseconds by which another node's clock may be ahead of this one's.
const SKEW_MS: i64 = 60 * 1000;

/// RFC 9068, section 2.1: says that this is a token for access and for nothing else.
const TYPE: &str = "at+jwt";
const ISSUER: &str = "support-server";
const AUDIENCE: &str = "support-agent";

/// Makes and verifies tokens.
pub(crate) struct Tokens {
    ring: Ring,
    source: Source,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: AgentId,
    sid: SessionId,
    jti: String,
    iat: i64,
    exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
}

impl Tokens {
    pub(crate) fn new(ring: Ring, source: Source) -> Self {
        Self { ring, source }
    }

    /// A token for an hour, or until the session ends if that is sooner; and when that is.
    pub(crate) fn issue(
        &self,
        agent: AgentId,
        session: SessionId,
        session_ends_at: Timestamp,
    ) -> anyhow::Result<(String, Timestamp)> {
        let now = self.source.now();
        let expires_at = now.plus_millis(LIFE_MS).min(session_ends_at);
        let expires_at = Timestamp::from_millis(expires_at.as_millis() / 1000 * 1000);
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: agent,
            sid: session,
            jti: self.source.ulid().to_string(),
            iat: now.as_millis() / 1000,
            exp: expires_at.as_millis() / 1000,
            nbf: None,
        };
        let key = self.ring.newest();
        let header = Header {
            typ: Some(TYPE.to_owned()),
            kid: Some(key.id.clone()),
            ..Header::new(Algorithm::HS256)
        };
        let token = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&key.bytes))?;
        Ok((token, expires_at))
    }

    /// Who the token is about, if it is one of ours and its time is now.
    pub(crate) fn verify(&self, token: &str) -> Option<Who> {
        let header = decode_header(token).ok()?;
        // A header that points to a key of its own is never one of ours.
        let foreign = header.jku.is_some()
            || header.jwk.is_some()
            || header.x5u.is_some()
            || header.x5c.is_some();
        if foreign || header.typ.as_deref() != Some(TYPE) {
            return None;
        }
        let key = self.ring.get(header.kid.as_deref()?)?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Times are checked below, by the clock that is an argument.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let key = DecodingKey::from_secret(&key.bytes);
        let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation).ok()?.claims;
        let now = self.source.now().as_millis();
        let millis = |seconds: i64| seconds.checked_mul(1000);
        let (issued, expires) = (millis(claims.iat)?, millis(claims.exp)?);
        let begins = claims.nbf.map_or(Some(issued), millis)?.max(issued);
        let its_time = now < expires && begins <= now + SKEW_MS;
        let not_too_long = expires.checked_sub(issued)? <= LIFE_MS;
        (its_time && not_too_long).then_some(Who::Agent {
            agent: claims.sub,
            session: claims.sid,
            expires_at: Timestamp::from_millis(expires),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use serde_json::{Value, json};
    use ulid::Ulid;

    use super::*;
    use crate::clock::{Clock, System};

    const NOW: i64 = 1_800_000_000;

    struct Fixed(Arc<AtomicI64>);

    impl Clock for Fixed {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Ordering::Relaxed) * 1000)
        }
    }

    fn tokens(keys: &[(&str, u8)]) -> (Tokens, Arc<AtomicI64>) {
        let now = Arc::new(AtomicI64::new(NOW));
        let source = Source::new(Fixed(Arc::clone(&now)), System);
        (Tokens::new(Ring::of(keys), source), now)
    }

    fn ids() -> (AgentId, SessionId) {
        (AgentId::from_ulid(Ulid::from(1)), SessionId::from_ulid(Ulid::from(2)))
    }

    fn claims() -> Value {
        let (agent, session) = ids();
        json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": agent, "sid": session, "jti": "x",
                "iat": NOW, "exp": NOW + 3600 })
    }

    fn signed(header: &Header, claims: &Value, key: &[u8]) -> String {
        jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(key)).unwrap()
    }

    fn header() -> Header {
        Header {
            typ: Some(TYPE.to_owned()),
            kid: Some("a".to_owned()),
            ..Header::new(Algorithm::HS256)
        }
    }

    #[test]
    fn a_token_is_good_for_an_hour_and_never_longer_than_its_session() {
        let (tokens, now) = tokens(&[("a", 1)]);
        let (agent, session) = ids();
        let far = Timestamp::from_millis((NOW + 100_000) * 1000);

        let (token, expires_at) = tokens.issue(agent, session, far).unwrap();

        assert_eq!(expires_at.as_millis(), (NOW + 3600) * 1000);
        assert_eq!(tokens.verify(&token), Some(Who::Agent { agent, session, expires_at }));
        now.store(NOW + 3600, Ordering::Relaxed);
        assert_eq!(tokens.verify(&token), None);
        now.store(NOW, Ordering::Relaxed);
        let soon = Timestamp::from_millis((NOW + 60) * 1000);
        assert_eq!(tokens.issue(agent, session, soon).unwrap().1, soon);
    }

    #[test]
    fn an_older_key_of_the_ring_still_verifies_and_a_removed_one_does_not() {
        let (agent, session) = ids();
        let far = Timestamp::from_millis((NOW + 100_000) * 1000);
        let (token, _) = tokens(&[("a", 1)]).0.issue(agent, session, far).unwrap();

        assert!(tokens(&[("b", 2), ("a", 1)]).0.verify(&token).is_some());
        assert!(tokens(&[("b", 2)]).0.verify(&token).is_none());
    }

    #[test]
    fn a_token_that_is_not_ours_is_nobodys() {
        let (tokens, _) = tokens(&[("a", 1)]);
        let right = [1; 32];
        assert!(tokens.verify(&signed(&header(), &claims(), &right)).is_some());
        let with = |field: &str, value: Value| {
            let mut changed = claims();
            changed[field] = value;
            signed(&header(), &changed, &right)
        };
        let without = |field: &str| {
            let mut changed = claims();
            changed.as_object_mut().unwrap().remove(field);
            signed(&header(), &changed, &right)
        };
        let plain = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let unsigned = |algorithm: &str| {
            let header = json!({ "alg": algorithm, "typ": TYPE, "kid": "a" });
            format!("{}.{}.", plain(&header), plain(&claims()))
        };
        let good = signed(&header(), &claims(), &right);
        let headed = |change: fn(&mut Header)| {
            let mut changed = header();
            change(&mut changed);
            signed(&changed, &claims(), &right)
        };

        let refused = [
            ("no algorithm", unsigned("none")),
            ("no algorithm in capitals", unsigned("nOnE")),
            ("another algorithm", unsigned("RS256")),
            ("an empty signature", good.rsplit_once('.').unwrap().0.to_owned() + "."),
            ("another key", signed(&header(), &claims(), &[2; 32])),
            ("a longer hash", headed(|it| it.alg = Algorithm::HS512)),
            ("another type", headed(|it| it.typ = Some("JWT".to_owned()))),
            ("no type", headed(|it| it.typ = None)),
            ("no key id", headed(|it| it.kid = None)),
            ("an injected key id", headed(|it| it.kid = Some("a' OR 1=1--".to_owned()))),
            ("a path as key id", headed(|it| it.kid = Some("../../a".to_owned()))),
            ("a key of its own", headed(|it| it.jku = Some("http://127.0.0.1:1/".to_owned()))),
            ("another issuer", with("iss", json!("evil"))),
            ("another audience", with("aud", json!("support-guest"))),
            ("no issuer", without("iss")),
            ("no audience", without("aud")),
            ("no expiry", without("exp")),
            ("expired", with("exp", json!(NOW))),
            ("for ever", with("exp", json!(i64::MAX))),
            ("for two hours", with("exp", json!(NOW + 7200))),
            ("not yet", with("nbf", json!(NOW + 86_400))),
            ("from the future", with("iat", json!(NOW + 3600))),
            ("five parts", format!("{good}.x.y")),
            ("in JSON", json!({ "payload": good }).to_string()),
            ("nothing", String::new()),
        ];
        for (what, token) in refused {
            assert_eq!(tokens.verify(&token), None, "{what}");
        }
    }
}
