//! The packets of Engine.IO 4 and Socket.IO 5 as text: what every client of these tests reads and
//! writes. Knows no connection.

use serde_json::{Value, json};

/// What the server has sent.
#[derive(Debug, PartialEq)]
pub(crate) enum Packet {
    Ping,
    /// The namespace lets the client in.
    Connected,
    /// The namespace does not, with this message.
    Refused(String),
    /// The namespace is over.
    Disconnected,
    Ack(u64, Value),
    Notice(String, Value),
    Other,
}

/// What asks to be let into `namespace`.
pub(crate) fn connect(namespace: &str, auth: &Value) -> String {
    format!("40{namespace},{auth}")
}

/// An event that asks for the acknowledgement `ack`.
pub(crate) fn event(namespace: &str, ack: u64, name: &str, payload: &Value) -> String {
    format!("42{namespace},{ack}{}", json!([name, payload]))
}

/// Reads a packet to `namespace`.
pub(crate) fn parse(namespace: &str, text: &str) -> Packet {
    if text == "2" {
        return Packet::Ping;
    }
    let Some((kind, rest)) = text.split_at_checked(2) else { return Packet::Other };
    let Some(rest) = rest.strip_prefix(namespace) else { return Packet::Other };
    let rest = rest.strip_prefix(',').unwrap_or(rest);
    match kind {
        "40" => Packet::Connected,
        "41" => Packet::Disconnected,
        "42" => {
            let mut parts: Value = serde_json::from_str(rest).unwrap();
            Packet::Notice(parts[0].as_str().unwrap().to_owned(), parts[1].take())
        }
        "43" => {
            let (number, answers) = rest.split_at(rest.find('[').unwrap());
            let mut answers: Value = serde_json::from_str(answers).unwrap();
            assert_eq!(answers.as_array().map(Vec::len), Some(1), "{text}");
            Packet::Ack(number.parse().unwrap(), answers[0].take())
        }
        "44" => {
            let error: Value = serde_json::from_str(rest).unwrap();
            Packet::Refused(error["message"].as_str().unwrap().to_owned())
        }
        _ => Packet::Other,
    }
}

#[test]
fn every_kind_of_packet_is_told_apart() {
    let read = |text: &str| parse("/guest", text);

    assert_eq!(read("2"), Packet::Ping);
    assert_eq!(read("0{\"sid\":\"x\"}"), Packet::Other);
    assert_eq!(read("40/guest,{\"sid\":\"x\"}"), Packet::Connected);
    assert_eq!(read("44/guest,{\"message\":\"no\"}"), Packet::Refused("no".to_owned()));
    assert_eq!(read("41/guest,"), Packet::Disconnected);
    assert_eq!(read("41/guest"), Packet::Disconnected);
    assert_eq!(read("43/guest,17[{\"ok\":true}]"), Packet::Ack(17, json!({ "ok": true })));
    let notice = Packet::Notice("ticket:head".to_owned(), json!({ "seq": 3 }));
    assert_eq!(read("42/guest,[\"ticket:head\",{\"seq\":3}]"), notice);
    assert_eq!(read("42/agent,[\"x\",{}]"), Packet::Other);
}
