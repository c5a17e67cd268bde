//! The state of the connection as the console knows it, and what passes between the console and
//! the link. How the connection is kept is the link's business, not known here.

use support_shared::answer::{Joined, MessagePage, MessageSent, TicketPage};
use support_shared::notice::AgentNotice;
use support_shared::request::AgentRequest;
use support_shared::ticket::{Agent, Ticket};
use support_shared::{AgentId, ApiError, ErrorCode, Timestamp};

use crate::text::Untrusted;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum LinkState {
    #[default]
    Connecting,
    Online,
    /// Not connected; the next attempt is at `retry_at`.
    Offline {
        why: Untrusted,
        retry_at: Timestamp,
    },
    /// The session ended: nothing goes on before somebody signs in.
    SignedOut,
}

/// What the link tells.
#[derive(Debug)]
pub(crate) enum LinkEvent {
    Connecting,
    /// The server has let us in, as this agent.
    Online(Box<Agent>),
    Offline {
        why: Untrusted,
        retry_at: Timestamp,
    },
    SignedOut {
        why: Untrusted,
    },
    /// Nobody could be signed in again.
    SignInRefused {
        why: Untrusted,
    },
    Notice(Box<AgentNotice>),
    /// The one answer to a request.
    Answered {
        request: Box<AgentRequest>,
        answer: Result<Answer, Refusal>,
    },
}

/// What a request was answered with.
#[derive(Debug)]
pub(crate) enum Answer {
    Tickets(Box<TicketPage<Ticket>>),
    Joined(Box<Joined<Ticket>>),
    Left,
    Closed(Box<Ticket>),
    /// The ticket now, after a change that leaves it open.
    Changed(Box<Ticket>),
    /// Done, and nothing more to say.
    Noted,
    Sent(Box<MessageSent>),
    Messages(Box<MessagePage>),
}

/// Why a request has no answer.
#[derive(Debug)]
pub(crate) enum Refusal {
    Error(ApiError),
    /// The connection ended before the answer: it may have been done or not.
    Lost,
}

/// Who has the ticket that could not be claimed, if that is what the error says.
pub(crate) fn winner(error: &ApiError) -> Option<(Option<AgentId>, Untrusted)> {
    let assignee = error.details.as_ref()?.get("assignee")?;
    let id = assignee.get("id").and_then(|id| id.as_str()?.parse().ok());
    let name = assignee.get("name")?.as_str()?;
    (error.code == ErrorCode::Conflict).then(|| (id, name.into()))
}
