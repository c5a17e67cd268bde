//! What can be done, and what comes back. Entries (Socket.IO, HTTP, command line) build an actor and
//! a command and nothing else.

use serde::Serialize;
use support_shared::{
    AgentId, CannedId, ClientMessageId, SessionId, TicketId, Timestamp,
    answer::{
        AgentAnswer, AgentList, Empty, GuestAnswer, Joined, MessagePage, MessageSent, TicketAnswer,
        TicketCreated, TicketPage,
    },
    canned::{CannedAnswer, CannedEdit, CannedList, NewCanned},
    ids::TicketName,
    request::{
        AgentRequest, Assignment, CreateTicket, GuestRequest, JoinTicket, Limit, ListOwnTickets,
        ListTickets, MarkRead, RateTicket, Tagging, Typing,
    },
    text::{Content, Email, Name, Subject, Username},
    ticket::{Agent, AgentRole, GuestTicket, Ticket},
};

use super::{actor::Side, policy::Action};

/// What can be done to the desk.
#[derive(Debug)]
pub enum Command {
    /// Comes in on this side, with a live connection.
    Connect(Side),
    /// Starts being a guest, or goes on being one.
    StartGuestSession {
        /// What the guest wants to be called.
        name: Option<Name>,
        /// Where it can be reached.
        email: Option<Email>,
    },
    /// Proves to be an agent.
    SignIn {
        /// The name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// Ends this login.
    SignOut,
    /// Goes on with this login.
    RefreshSession,
    /// Asks who it is.
    ShowMe,
    /// Changes its own password.
    ChangePassword {
        /// The one until now.
        current: Secret,
        /// The one from now on.
        new: Secret,
    },
    /// Adds an agent.
    AddAgent(NewAgent),
    /// Opens a ticket.
    OpenTicket(CreateTicket),
    /// Lists any tickets.
    ListTickets(ListTickets),
    /// Lists its own tickets.
    ListOwnTickets(ListOwnTickets),
    /// Reads a ticket and its latest page.
    ShowTicket(TicketName),
    /// Enters a ticket's room and reads its log.
    JoinTicket(JoinTicket),
    /// Leaves a ticket's room.
    LeaveTicket(TicketId),
    /// Closes a ticket.
    CloseTicket {
        /// Which.
        ticket: TicketName,
        /// Why.
        reason: Option<Subject>,
    },
    /// Sends a message or a note.
    SendMessage {
        /// Where to.
        ticket: TicketName,
        /// What it says.
        content: Content,
        /// The sender's own name for it.
        client_message_id: ClientMessageId,
        /// Into the notes.
        internal: bool,
    },
    /// Opens a closed ticket again.
    ReopenTicket(TicketName),
    /// Says who answers for a ticket.
    AssignTicket {
        /// Which.
        ticket: TicketName,
        /// Who, and from which state on.
        assignment: Assignment,
    },
    /// Changes tags and priority.
    TagTicket {
        /// Which.
        ticket: TicketName,
        /// How.
        tagging: Tagging,
    },
    /// Says that it is done (guests).
    EndTicket(TicketId),
    /// Says how it was (guests).
    RateTicket(RateTicket),
    /// Says how far it has read.
    MarkRead(MarkRead),
    /// Says that it is writing.
    Typing(Typing),
    /// Lists the agents.
    ListAgents,
    /// Changes an agent.
    ChangeAgent {
        /// Which, by id or username.
        agent: AgentNamed,
        /// How.
        change: AgentEdit,
    },
    /// Lists the canned replies.
    ListCanned,
    /// Adds a canned reply.
    AddCanned(NewCanned),
    /// Changes a canned reply.
    ChangeCanned {
        /// Which.
        id: CannedId,
        /// How.
        edit: CannedEdit,
    },
    /// Removes a canned reply.
    RemoveCanned(CannedId),
    /// Reads a page of a log.
    ListMessages {
        /// Whose.
        ticket: TicketName,
        /// Those with a smaller number.
        before: Option<u64>,
        /// How many.
        limit: Limit,
        /// Of the notes.
        notes: bool,
    },
}

/// An agent as a person names it: by id or by username.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentNamed {
    /// By id.
    Id(AgentId),
    /// By username.
    Username(Username),
}

impl std::str::FromStr for AgentNamed {
    type Err = support_shared::text::BadText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(id) => Ok(Self::Id(id)),
            Err(_) => Username::try_from(text.to_owned()).map(Self::Username),
        }
    }
}

/// What is to change of an agent.
#[derive(Debug, Default)]
pub struct AgentEdit {
    /// What it may do.
    pub role: Option<AgentRole>,
    /// Whether it may do nothing.
    pub disabled: Option<bool>,
    /// The name that guests see.
    pub display_name: Option<Name>,
    /// Its password; one that an admin sets needs no change.
    pub password: Option<Secret>,
}

/// An agent to be added.
#[derive(Debug)]
pub struct NewAgent {
    /// The name to sign in with.
    pub username: Username,
    /// The name that guests see; the username when there is none.
    pub display_name: Option<Name>,
    /// What it may do.
    pub role: AgentRole,
    /// Its password.
    pub password: Secret,
    /// The password is for one use.
    pub must_change_password: bool,
}

/// A password. It has no printed form.
#[derive(Clone, serde::Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a password.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl From<GuestRequest> for Command {
    fn from(request: GuestRequest) -> Self {
        match request {
            GuestRequest::CreateTicket(it) => Self::OpenTicket(it),
            GuestRequest::ListTickets(it) => Self::ListOwnTickets(it),
            GuestRequest::JoinTicket(it) => Self::JoinTicket(it),
            GuestRequest::LeaveTicket(it) => Self::LeaveTicket(it.ticket_id),
            GuestRequest::SendMessage(it) => Self::SendMessage {
                ticket: TicketName::Id(it.ticket_id),
                content: it.content,
                client_message_id: it.client_message_id,
                internal: it.internal,
            },
            GuestRequest::MarkRead(it) => Self::MarkRead(it),
            GuestRequest::Typing(it) => Self::Typing(it),
            GuestRequest::EndTicket(it) => Self::EndTicket(it.ticket_id),
            GuestRequest::RateTicket(it) => Self::RateTicket(it),
            GuestRequest::ListMessages(it) => Self::ListMessages {
                ticket: TicketName::Id(it.ticket_id),
                before: it.before,
                limit: it.limit,
                notes: it.notes,
            },
        }
    }
}

impl From<AgentRequest> for Command {
    fn from(request: AgentRequest) -> Self {
        match request {
            AgentRequest::ListTickets(it) => Self::ListTickets(it),
            AgentRequest::CloseTicket(it) => {
                Self::CloseTicket { ticket: TicketName::Id(it.ticket_id), reason: it.reason }
            }
            AgentRequest::ReopenTicket(it) => Self::ReopenTicket(TicketName::Id(it.ticket_id)),
            AgentRequest::AssignTicket(it) => Self::AssignTicket {
                ticket: TicketName::Id(it.ticket_id),
                assignment: Assignment {
                    agent_id: it.agent_id,
                    note: it.note,
                    if_assignee: it.if_assignee,
                },
            },
            AgentRequest::TagTicket(it) => Self::TagTicket {
                ticket: TicketName::Id(it.ticket_id),
                tagging: Tagging { add: it.add, remove: it.remove, priority: it.priority },
            },
            AgentRequest::MarkRead(it) => Self::MarkRead(it),
            AgentRequest::Typing(it) => Self::Typing(it),
            AgentRequest::JoinTicket(it) => GuestRequest::JoinTicket(it).into(),
            AgentRequest::LeaveTicket(it) => GuestRequest::LeaveTicket(it).into(),
            AgentRequest::SendMessage(it) => GuestRequest::SendMessage(it).into(),
            AgentRequest::ListMessages(it) => GuestRequest::ListMessages(it).into(),
        }
    }
}

impl Command {
    /// What the policy calls it.
    pub(crate) fn action(&self) -> Action {
        match self {
            Self::Connect(Side::Guest) => Action::ConnectAsGuest,
            Self::Connect(Side::Agent) => Action::ConnectAsAgent,
            Self::StartGuestSession { .. } => Action::StartGuestSession,
            Self::SignIn { .. } => Action::SignIn,
            Self::SignOut | Self::RefreshSession | Self::ShowMe => Action::ManageOwnSession,
            Self::ChangePassword { .. } => Action::ChangeOwnPassword,
            Self::AddAgent(_) | Self::ListAgents | Self::ChangeAgent { .. } => {
                Action::AdministerAgents
            }
            Self::ListCanned => Action::ListCanned,
            Self::AddCanned(_) | Self::ChangeCanned { .. } | Self::RemoveCanned(_) => {
                Action::AdministerCanned
            }
            Self::ReopenTicket(_) => Action::ReopenTicket,
            Self::AssignTicket { .. } => Action::AssignTicket,
            Self::TagTicket { .. } => Action::TagTicket,
            Self::EndTicket(_) => Action::EndTicket,
            Self::RateTicket(_) => Action::RateTicket,
            Self::MarkRead(_) => Action::MarkRead,
            Self::Typing(Typing { internal: true, .. }) => Action::TypeNote,
            Self::Typing(_) => Action::Type,
            Self::OpenTicket(_) => Action::OpenTicket,
            Self::ListTickets(_) => Action::ListTickets,
            Self::ListOwnTickets(_) => Action::ListOwnTickets,
            Self::ShowTicket(_) | Self::JoinTicket(JoinTicket { silent: true, .. }) => {
                Action::WatchTicket
            }
            Self::JoinTicket(_) => Action::JoinTicket,
            Self::LeaveTicket(_) => Action::LeaveTicket,
            Self::CloseTicket { .. } => Action::CloseTicket,
            Self::SendMessage { internal: true, .. } => Action::SendNote,
            Self::SendMessage { .. } => Action::SendMessage,
            Self::ListMessages { notes: true, .. } => Action::ReadNotes,
            Self::ListMessages { .. } => Action::ReadConversation,
        }
    }

    /// The ticket that it is about.
    pub(crate) fn ticket(&self) -> Option<TicketName> {
        match self {
            Self::JoinTicket(it) => Some(TicketName::Id(it.ticket_id)),
            Self::LeaveTicket(id) | Self::EndTicket(id) => Some(TicketName::Id(*id)),
            Self::RateTicket(it) => Some(TicketName::Id(it.ticket_id)),
            Self::MarkRead(it) => Some(TicketName::Id(it.ticket_id)),
            Self::Typing(it) => Some(TicketName::Id(it.ticket_id)),
            Self::ShowTicket(name)
            | Self::ReopenTicket(name)
            | Self::AssignTicket { ticket: name, .. }
            | Self::TagTicket { ticket: name, .. }
            | Self::CloseTicket { ticket: name, .. }
            | Self::SendMessage { ticket: name, .. }
            | Self::ListMessages { ticket: name, .. } => Some(*name),
            Self::Connect(_)
            | Self::StartGuestSession { .. }
            | Self::SignIn { .. }
            | Self::SignOut
            | Self::RefreshSession
            | Self::ShowMe
            | Self::ChangePassword { .. }
            | Self::AddAgent(_)
            | Self::ListAgents
            | Self::ChangeAgent { .. }
            | Self::ListCanned
            | Self::AddCanned(_)
            | Self::ChangeCanned { .. }
            | Self::RemoveCanned(_)
            | Self::OpenTicket(_)
            | Self::ListTickets(_)
            | Self::ListOwnTickets(_) => None,
        }
    }
}

/// A ticket as the caller may see it.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum TicketView {
    /// For agents.
    Agent(Box<Ticket>),
    /// For its guest.
    Guest(Box<GuestTicket>),
}

/// What a command is answered with. Prints as the `data` of the contract.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// Done, and nothing to say.
    Empty(Empty),
    /// The guest.
    Guest(GuestAnswer),
    /// The agent.
    Agent(AgentAnswer),
    /// The agents.
    Agents(AgentList),
    /// A canned reply.
    Canned(CannedAnswer),
    /// The canned replies.
    CannedList(CannedList),
    /// A login, for which a token is to be made.
    #[serde(skip)]
    Session(Session),
    /// A new ticket.
    Created(TicketCreated<TicketView>),
    /// A list of tickets.
    Tickets(TicketPage<TicketView>),
    /// A ticket and its logs.
    Joined(Joined<TicketView>),
    /// A ticket.
    Ticket(TicketAnswer<TicketView>),
    /// A message.
    Sent(MessageSent),
    /// A page of a log.
    Messages(MessagePage),
}

/// A login that stands.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub agent: Agent,
    /// When it ends whatever happens.
    pub ends_at: Timestamp,
}
