//! What the trace says of things, in short.

use super::*;

impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Wake(client, wake) => write!(f, "client {client}: {wake:?}"),
            Self::Open(link) => write!(f, "link {link} opens"),
            Self::Request(link, request, command) => {
                write!(f, "link {link} > {request} {:?} {:?}", command.action(), command.ticket())
            }
            Self::Frame(link, frame) => write!(f, "link {link} < {}", frame.brief()),
            Self::LostAtServer(link) => write!(f, "link {link} is gone for the server"),
            Self::LostAtClient(link) => write!(f, "link {link} is gone for the client"),
            Self::Bus(node, tell) => write!(f, "bus to {node:?}: {}", tell.brief()),
            Self::Fault(fault) => write!(f, "==== {fault:?}"),
        }
    }
}

fn entry(message: &Message) -> String {
    let Message { id, ticket_id, seq, note_seq, sender_role, client_message_id, event, .. } =
        message;
    let event = event.as_ref().map(|_| &message.content);
    format!("{id} {ticket_id} {seq:?} {note_seq:?} {sender_role:?} {client_message_id:?} {event:?}")
}

fn guest_notice(notice: &GuestNotice) -> String {
    match notice {
        GuestNotice::MessageNew(new) => entry(&new.message),
        GuestNotice::TicketUpdated(it) | GuestNotice::TicketClosed(it) => {
            format!("{} {} {}", notice.name(), it.ticket.id, it.ticket.last_seq)
        }
        GuestNotice::Head(head) => format!("{head:?}"),
        other => other.name().to_owned(),
    }
}

fn agent_notice(notice: &AgentNotice) -> String {
    match notice {
        AgentNotice::MessageNew(new) => entry(&new.message),
        AgentNotice::TicketUpdated(it) | AgentNotice::TicketClosed(it) => {
            format!("{} {} {}", notice.name(), it.ticket.id, it.ticket.last_seq)
        }
        AgentNotice::Head(head) => format!("{head:?}"),
        other => other.name().to_owned(),
    }
}

impl Frame {
    pub(super) fn brief(&self) -> String {
        match self {
            Self::Accepted => "accepted".to_owned(),
            Self::Refused(code) => format!("refused: {code:?}"),
            Self::Guest(notice) => guest_notice(notice),
            Self::Agent(notice) => agent_notice(notice),
            Self::Answer(request, Err(code)) => format!("{request}: {code:?}"),
            Self::Answer(request, Ok(reply)) => match reply {
                Reply::Sent(sent) => format!("{request}: {}", entry(&sent.message)),
                Reply::Joined(joined) => {
                    let seqs: Vec<_> = joined.messages.iter().map(|it| it.seq).collect();
                    let (reset, more) = (joined.reset, joined.has_more);
                    format!(
                        "{request}: joined, {} reset {reset}, {seqs:?} more {more}",
                        joined.epoch
                    )
                }
                _ => format!("{request}: done"),
            },
        }
    }
}

impl Tell {
    pub(super) fn brief(&self) -> String {
        match self {
            Self::Guest(ticket, notice) => format!("guest of {ticket}: {}", guest_notice(notice)),
            Self::Agents(agents, notice) => format!("{agents:?}: {}", agent_notice(notice)),
            other => format!("{other:?}"),
        }
    }
}
