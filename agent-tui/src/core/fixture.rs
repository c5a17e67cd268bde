//! Fixed tickets, messages, names and times for tests.

use support_shared::message::{Message, SenderRole};
use support_shared::ticket::{
    Agent, AgentRole, Guest, LastMessage, Priority, Ticket, TicketStatus,
};
use support_shared::{
    AgentId, ClientMessageId, GuestId, MessageId, TicketId, TicketRef, Timestamp,
};
use ulid::Ulid;

pub(crate) fn noon() -> Timestamp {
    "2026-11-22T12:00:00.000Z".parse().unwrap()
}

fn ulid(kind: u64, n: u64) -> Ulid {
    Ulid::from_parts(kind * 1_000_000 + n, u128::from(n))
}

pub(crate) fn ticket_id(n: u64) -> TicketId {
    TicketId::from_ulid(ulid(1, n))
}

pub(crate) fn client_id(n: u64) -> ClientMessageId {
    format!("client-{n}").parse().unwrap()
}

pub(crate) fn agent() -> Agent {
    Agent {
        id: AgentId::from_ulid(ulid(2, 1)),
        username: "alice".to_owned(),
        display_name: "Alice".to_owned(),
        role: AgentRole::Agent,
        disabled: false,
        must_change_password: false,
    }
}

pub(crate) fn ticket(n: u64) -> Ticket {
    let then = noon().plus_millis(-5 * 60_000);
    Ticket {
        id: ticket_id(n),
        reference: TicketRef::from_bits(0x1234_5600 + u32::try_from(n).unwrap()),
        status: TicketStatus::Open,
        subject: Some(format!("Card declined {n}")),
        guest: Guest {
            id: GuestId::from_ulid(ulid(3, n)),
            name: Some("Maya".to_owned()),
            email: None,
        },
        assignee: None,
        tags: Vec::new(),
        priority: Priority::Normal,
        created_at: then,
        updated_at: then,
        closed_at: None,
        closed_by: None,
        ended_by_guest: false,
        rating: None,
        last_seq: 1,
        last_note_seq: 0,
        guest_read_seq: 0,
        agent_read_seq: 0,
        waiting_since: Some(then),
        last_message: Some(LastMessage {
            seq: 1,
            sender_role: SenderRole::Guest,
            sender_name: "Maya".to_owned(),
            preview: "it still fails".to_owned(),
            created_at: then,
        }),
    }
}

/// A message of ticket 1.
pub(crate) fn message(seq: u64, role: SenderRole, content: &str) -> Message {
    let (name, sender) = match role {
        SenderRole::Guest => ("Maya", Some(GuestId::from_ulid(ulid(3, 1)).to_string())),
        SenderRole::Agent => ("Alice", Some(agent().id.to_string())),
        SenderRole::System => ("system", None),
    };
    Message {
        id: MessageId::from_ulid(ulid(4, seq)),
        ticket_id: ticket_id(1),
        seq: Some(seq),
        note_seq: None,
        after_seq: None,
        sender_role: role,
        sender_name: name.to_owned(),
        sender_id: sender,
        content: content.to_owned(),
        created_at: noon().plus_millis(-60_000 + i64::try_from(seq).unwrap() * 100),
        client_message_id: None,
        internal: false,
        event: None,
    }
}

/// A note to ticket 1, written when its conversation ended with `after`.
pub(crate) fn note(number: u64, after: u64, content: &str) -> Message {
    Message {
        id: MessageId::from_ulid(ulid(5, number)),
        seq: None,
        note_seq: Some(number),
        after_seq: Some(after),
        internal: true,
        ..message(after, SenderRole::Agent, content)
    }
}
