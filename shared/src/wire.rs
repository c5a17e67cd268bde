//! How events are put together and taken apart.
//!
//! Each family of events is one list: from it come the enum, the names, the parser and the
//! TypeScript. A payload is parsed straight from its bytes, so that what a general JSON value would
//! let pass (a key given twice) is refused.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// A packet that is not one of the events of the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// No event of this name can be sent here.
    #[error("unknown event")]
    UnknownEvent,
    /// An event has exactly one payload.
    #[error("an event takes one payload")]
    NotOnePayload,
    /// The payload is not what the event takes.
    #[error("{0}")]
    Payload(String),
}

/// Takes the JSON array of a Socket.IO event apart: its name and its one payload.
///
/// A missing payload reads as `{}`, for events without required fields.
pub fn parse_packet(packet: &str) -> Result<(Cow<'_, str>, &RawValue), DecodeError> {
    // A missing or doubled payload and a name that is not text are the client's mistakes alike.
    let parts: Vec<&RawValue> =
        serde_json::from_str(packet).map_err(|error| DecodeError::Payload(error.to_string()))?;
    match parts[..] {
        [name, payload] => match serde_json::from_str(name.get()) {
            Ok(Name(name)) => Ok((name, payload)),
            Err(_) => Err(DecodeError::UnknownEvent),
        },
        _ => Err(DecodeError::NotOnePayload),
    }
}

#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

macro_rules! events {
    ($(#[$doc:meta])* $family:ident { $($(#[$what:meta])* $name:literal => $variant:ident($payload:ty),)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        #[serde(untagged)]
        pub enum $family {
            $($(#[$what])* $variant($payload),)*
        }

        impl $family {
            /// The names of these events, in the order of the contract.
            pub const NAMES: &[&str] = &[$($name),*];

            /// The event's name on the wire.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)* }
            }

            /// Parses the payload of the event called `name`.
            pub fn decode(name: &str, payload: &str) -> Result<Self, $crate::wire::DecodeError> {
                match name {
                    $($name => $crate::wire::payload(payload).map(Self::$variant),)*
                    _ => Err($crate::wire::DecodeError::UnknownEvent),
                }
            }
        }
    };
}
pub(crate) use events;

pub(crate) fn payload<T: serde::de::DeserializeOwned>(json: &str) -> Result<T, DecodeError> {
    // A list of values in the order of the fields would be taken for an object.
    if !json.trim_start().starts_with('{') {
        return Err(DecodeError::Payload("a payload is an object".to_owned()));
    }
    object(json).map_err(DecodeError::Payload)
}

/// Parses an object, or says in which field it is wrong and how.
///
/// # Errors
/// What is wrong, without serde's line and column: it is one line of a program's making.
pub fn object<T: serde::de::DeserializeOwned>(json: &str) -> Result<T, String> {
    let mut parser = serde_json::Deserializer::from_str(json);
    let parsed = serde_path_to_error::deserialize(&mut parser).map_err(|error| {
        let (path, text) = (error.path().to_string(), error.inner().to_string());
        let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
        if path == "." { what.to_owned() } else { format!("{path}: {what}") }
    })?;
    parser.end().map_err(|_| "there is more after its end".to_owned())?;
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_a_name_and_one_payload() {
        let (name, payload) = parse_packet(r#"["message:send",{"a":1}]"#).unwrap();

        assert_eq!((name.as_ref(), payload.get()), ("message:send", r#"{"a":1}"#));
        assert_eq!(parse_packet(r#"["x"]"#).unwrap_err(), DecodeError::NotOnePayload);
        assert_eq!(parse_packet(r#"["x",1,2]"#).unwrap_err(), DecodeError::NotOnePayload);
        assert_eq!(parse_packet("[1,{}]").unwrap_err(), DecodeError::UnknownEvent);
        assert!(parse_packet("[").is_err());
    }
}
