//! The guest page's TypeScript types, generated from this crate. `UPDATE_WIRE=1 cargo test -p
//! support-shared` writes them.

use std::fmt::Write;

use ts_rs::{Config, TS};

use crate::{answer, error, message, notice, request, ticket};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest-web/src/wire.ts");

const HEAD: &str = "\
// What the guest page and the server say to each other.
// Generated from the crate support-shared; a test there fails when this file is stale.
// To write it anew: UPDATE_WIRE=1 cargo test -p support-shared
";

fn declare<T: TS>(out: &mut String, config: &Config) {
    let _ = writeln!(out, "\nexport {}", T::decl(config));
}

/// An interface with one method for each event, as socket.io-client's types want it.
fn event_map(out: &mut String, name: &str, events: &[(&str, &str, Option<&str>)], names: &[&str]) {
    let listed: Vec<&str> = events.iter().map(|(event, ..)| *event).collect();
    assert_eq!(listed, names, "{name} lists every event once, in the order of the contract");
    let _ = writeln!(out, "\nexport interface {name} {{");
    for (event, payload, answer) in events {
        let ack = answer.map_or(String::new(), |it| format!(", ack: (answer: Ack<{it}>) => void"));
        let _ = writeln!(out, "  '{event}': (payload: {payload}{ack}) => void;");
    }
    let _ = writeln!(out, "}}");
}

fn typescript() -> String {
    let config = Config::default();
    let mut out = HEAD.to_owned();
    declare::<error::ErrorCode>(&mut out, &config);
    declare::<error::ApiError>(&mut out, &config);
    let _ = writeln!(
        out,
        "\nexport type Ack<T> = {{ ok: true, data: T, }} | {{ ok: false, error: ApiError, }};"
    );
    declare::<message::SenderRole>(&mut out, &config);
    declare::<ticket::TicketStatus>(&mut out, &config);
    declare::<ticket::AgentName>(&mut out, &config);
    declare::<ticket::Guest>(&mut out, &config);
    declare::<ticket::GuestAssignee>(&mut out, &config);
    declare::<ticket::Rating>(&mut out, &config);
    declare::<ticket::LastMessage>(&mut out, &config);
    declare::<ticket::GuestTicket>(&mut out, &config);
    declare::<ticket::Participant>(&mut out, &config);
    declare::<message::SystemEvent>(&mut out, &config);
    declare::<message::Message>(&mut out, &config);
    declare::<request::CreateTicket>(&mut out, &config);
    declare::<request::ListOwnTickets>(&mut out, &config);
    declare::<request::JoinTicket>(&mut out, &config);
    declare::<request::NameTicket>(&mut out, &config);
    declare::<request::SendMessage>(&mut out, &config);
    declare::<request::ListMessages>(&mut out, &config);
    declare::<request::MarkRead>(&mut out, &config);
    declare::<request::Typing>(&mut out, &config);
    declare::<request::RateTicket>(&mut out, &config);
    declare::<answer::Empty>(&mut out, &config);
    declare::<answer::TicketCreated<ticket::GuestTicket>>(&mut out, &config);
    declare::<answer::TicketPage<ticket::GuestTicket>>(&mut out, &config);
    declare::<answer::Joined<ticket::GuestTicket>>(&mut out, &config);
    declare::<answer::MessageSent>(&mut out, &config);
    declare::<answer::MessagePage>(&mut out, &config);
    declare::<answer::GuestAnswer>(&mut out, &config);
    declare::<notice::MessageNew>(&mut out, &config);
    declare::<notice::TicketNotice<ticket::GuestTicket>>(&mut out, &config);
    declare::<notice::TypingNotice>(&mut out, &config);
    declare::<notice::ReadNotice>(&mut out, &config);
    declare::<notice::HeadNotice>(&mut out, &config);
    declare::<answer::TicketAnswer<ticket::GuestTicket>>(&mut out, &config);
    declare::<notice::SessionEnded>(&mut out, &config);
    declare::<notice::ServerDraining>(&mut out, &config);
    event_map(
        &mut out,
        "Requests",
        &[
            ("ticket:create", "CreateTicket", Some("TicketCreated<GuestTicket>")),
            ("ticket:list", "ListOwnTickets", Some("TicketPage<GuestTicket>")),
            ("ticket:join", "JoinTicket", Some("Joined<GuestTicket>")),
            ("ticket:leave", "NameTicket", Some("Empty")),
            ("message:send", "SendMessage", Some("MessageSent")),
            ("message:list", "ListMessages", Some("MessagePage")),
            ("ticket:read", "MarkRead", Some("Empty")),
            ("ticket:typing", "Typing", None),
            ("ticket:end", "NameTicket", Some("TicketAnswer<GuestTicket>")),
            ("ticket:rate", "RateTicket", Some("TicketAnswer<GuestTicket>")),
        ],
        request::GuestRequest::NAMES,
    );
    event_map(
        &mut out,
        "Notices",
        &[
            ("message:new", "MessageNew", None),
            ("ticket:updated", "TicketNotice<GuestTicket>", None),
            ("ticket:closed", "TicketNotice<GuestTicket>", None),
            ("ticket:typing", "TypingNotice", None),
            ("ticket:read", "ReadNotice", None),
            ("ticket:head", "HeadNotice", None),
            ("session:ended", "SessionEnded", None),
            ("server:draining", "ServerDraining", None),
        ],
        notice::GuestNotice::NAMES,
    );
    out
}

#[test]
fn the_pages_types_are_those_of_the_server() {
    let fresh = typescript();
    if std::env::var_os("UPDATE_WIRE").is_some() {
        std::fs::write(FILE, &fresh).unwrap();
    }

    let committed = std::fs::read_to_string(FILE).unwrap_or_default();

    assert!(
        committed == fresh,
        "guest-web/src/wire.ts is stale: UPDATE_WIRE=1 cargo test -p support-shared"
    );
}
