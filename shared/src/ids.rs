//! Identifiers.
//!
//! Ids are ULIDs that only the server makes; a client's text becomes one only in its canonical
//! form, so that one thing has one name. An id is never a credential.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use ulid::Ulid;

/// The text is not an identifier of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadId(&'static str);

/// Crockford's base 32: no I, L, O or U, so that a person can read it out.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

macro_rules! text_form {
    ($name:ident) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

macro_rules! ulid_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Ulid);

        impl $name {
            /// Wraps a ULID that the server made.
            pub const fn from_ulid(ulid: Ulid) -> Self {
                Self(ulid)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                let ulid = Ulid::from_string(text).map_err(|_| BadId($what))?;
                let mut canonical = [0; ulid::ULID_LEN];
                if ulid.array_to_str(&mut canonical) == text { Ok(Self(ulid)) } else { Err(BadId($what)) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        text_form!($name);
        crate::schema::text!($name, "a ULID in its canonical form");
    };
}

ulid_id!(
    /// Names a ticket.
    TicketId,
    "not a ticket id"
);
ulid_id!(
    /// Names an entry of a ticket's log.
    MessageId,
    "not a message id"
);
ulid_id!(
    /// Names an agent.
    AgentId,
    "not an agent id"
);
ulid_id!(
    /// Names a guest. It is no secret: what proves a guest is the signed cookie.
    GuestId,
    "not a guest id"
);
ulid_id!(
    /// Names a canned reply.
    CannedId,
    "not the id of a canned reply"
);
ulid_id!(
    /// Names one login of an agent, from sign-in to sign-out.
    SessionId,
    "not a session id"
);

/// The handle of a ticket that people read and type: 6 characters of Crockford's base 32.
///
/// Parsing takes either case and the look-alikes that Crockford names (`o` is 0, `i` and `l` are 1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TicketRef([u8; Self::LEN]);

impl TicketRef {
    /// Characters in a ref.
    pub const LEN: usize = 6;

    /// Makes a ref of the lower 30 bits of `bits`.
    pub fn from_bits(bits: u32) -> Self {
        Self(std::array::from_fn(|place| {
            ALPHABET[(bits >> (5 * (Self::LEN - 1 - place)) & 31) as usize]
        }))
    }
}

impl FromStr for TicketRef {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        const BAD: BadId = BadId("not a ticket ref: 6 letters and digits");
        let bytes: [u8; Self::LEN] = text.as_bytes().try_into().map_err(|_| BAD)?;
        let mut canonical = bytes;
        for byte in &mut canonical {
            *byte = match byte.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => other,
            };
            if !ALPHABET.contains(byte) {
                return Err(BAD);
            }
        }
        Ok(Self(canonical))
    }
}

impl fmt::Display for TicketRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{}", char::from(*byte)))
    }
}

text_form!(TicketRef);
crate::schema::text!(TicketRef, "6 characters of Crockford's base 32, in any case");

/// A ticket as a person names it: by id or by ref.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketName {
    /// The ticket's id, in its canonical form.
    Id(TicketId),
    /// The ticket's ref, in any case.
    Ref(TicketRef),
}

impl FromStr for TicketName {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        if text.len() == TicketRef::LEN {
            text.parse().map(Self::Ref)
        } else {
            text.parse().map(Self::Id).map_err(|_| BadId("not a ticket id or ref"))
        }
    }
}

/// A client's own name for a message, 1 to 64 of `A-Z a-z 0-9 _ -`.
///
/// Sending the same id again gives the stored message. Its scope is (ticket, sender); for
/// `ticket:create` it is the guest.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientMessageId(String);

impl ClientMessageId {
    /// The most characters an id may have.
    pub const MAX: usize = 64;

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClientMessageId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if plain && (1..=Self::MAX).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadId("clientMessageId must be 1 to 64 of A-Z a-z 0-9 _ -"))
        }
    }
}

impl fmt::Display for ClientMessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_form!(ClientMessageId);
crate::schema::text!(ClientMessageId, "1 to 64 of A-Z a-z 0-9 _ -");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_is_taken_in_its_canonical_form_only() {
        let id = TicketId::from_ulid(Ulid::from_parts(1_700_000_000_000, 42));
        let text = id.to_string();

        assert_eq!(text.parse(), Ok(id));
        assert!(text.to_lowercase().parse::<TicketId>().is_err());
        assert!(text[1..].parse::<TicketId>().is_err());
        assert!("".parse::<TicketId>().is_err());
        assert!("8ZZZZZZZZZZZZZZZZZZZZZZZZZ".parse::<TicketId>().is_err());
        assert!(serde_json::from_str::<TicketId>("1042").is_err());
        assert!(serde_json::from_str::<TicketId>(r#"{"$gt":""}"#).is_err());
    }

    #[test]
    fn a_ref_is_read_in_any_case_and_with_look_alikes() {
        let canonical: TicketRef = "K7Q41D".parse().unwrap();

        assert_eq!("k7q4ld".parse(), Ok(canonical));
        assert_eq!("K7Q4iD".parse(), Ok(canonical));
        assert!("K7Q4UD".parse::<TicketRef>().is_err());
        assert!("K7Q41".parse::<TicketRef>().is_err());
        assert!("K7Q4é".parse::<TicketRef>().is_err());
    }

    #[test]
    fn a_client_message_id_has_a_closed_alphabet_and_a_length() {
        for good in ["a", "A-Z_09", &"x".repeat(64)] {
            assert!(good.parse::<ClientMessageId>().is_ok(), "{good}");
        }
        for bad in ["", "../", "a b", "é", "🙂", "$where", &"x".repeat(65)] {
            assert!(bad.parse::<ClientMessageId>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_ref_survives_printing_and_parsing(bits in 0u32..1 << 30) {
            let made = TicketRef::from_bits(bits);
            prop_assert_eq!(made.to_string().parse(), Ok(made));
        }
    }
}
