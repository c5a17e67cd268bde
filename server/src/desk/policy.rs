//! Who may do what. One pure table, asked at one line of the desk; its whole content, caller ×
//! action × situation, is the golden file beside it, for people to read.
//!
//! What a caller may not see does not exist for it: `Hidden` is answered as `not_found`, byte for
//! byte. Whether a ticket is closed is not decided here but by its log, in the step that writes.

/// Who asks, as the records behind its credential say now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Nobody in particular.
    Stranger,
    /// A guest.
    Guest,
    /// An agent.
    Agent,
    /// An agent whose record says admin.
    Admin,
    /// An agent that has still to change a one-time password.
    NewAgent,
    /// Somebody whose session has ended: logged out, expired, disabled, forgotten.
    Ended,
    /// Whoever has the data directory in its hands.
    Operator,
}

/// What it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    ConnectAsGuest,
    ConnectAsAgent,
    StartGuestSession,
    SignIn,
    ManageOwnSession,
    ChangeOwnPassword,
    AdministerAgents,
    ListCanned,
    AdministerCanned,
    OpenTicket,
    ListTickets,
    ListOwnTickets,
    JoinTicket,
    WatchTicket,
    LeaveTicket,
    CloseTicket,
    SendMessage,
    SendNote,
    ReadConversation,
    ReadNotes,
    ReopenTicket,
    AssignTicket,
    TagTicket,
    EndTicket,
    RateTicket,
    MarkRead,
    Type,
    TypeNote,
}

/// How the caller stands to what it asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Situation {
    /// No ticket is concerned.
    General,
    /// There is no such ticket.
    Missing,
    /// The ticket is the caller's own.
    Own,
    /// The ticket is a guest's, and the caller is not that guest.
    Others,
}

/// What it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Allow,
    /// Not for this role.
    Forbidden,
    /// It does not exist, as far as the caller knows.
    Hidden,
    /// Without a session that stands.
    Unauthenticated,
    /// After a new password.
    PasswordFirst,
}

/// Who may do what: the whole of it.
#[expect(clippy::match_same_arms, reason = "the table is read by who asks")]
pub(crate) fn decide(caller: Caller, action: Action, situation: Situation) -> Decision {
    use Action as A;
    use Caller as C;
    use Decision::{Allow, Forbidden, Hidden, PasswordFirst, Unauthenticated};

    match (caller, action) {
        (_, A::StartGuestSession | A::SignIn) => Allow,
        (C::Stranger | C::Ended, _) => Unauthenticated,

        (C::Agent | C::Admin | C::NewAgent, A::ManageOwnSession | A::ChangeOwnPassword) => Allow,
        (C::NewAgent, _) => PasswordFirst,

        (C::Admin | C::Operator, A::AdministerAgents) => Allow,
        (C::Admin, A::AdministerCanned) => Allow,
        (C::Operator, _) => Forbidden,

        (C::Guest, A::ConnectAsGuest | A::OpenTicket | A::ListOwnTickets) => Allow,
        (
            C::Guest,
            A::JoinTicket
            | A::LeaveTicket
            | A::SendMessage
            | A::ReadConversation
            | A::EndTicket
            | A::RateTicket
            | A::MarkRead
            | A::Type,
        ) => match situation {
            Situation::Own => Allow,
            Situation::Others | Situation::Missing | Situation::General => Hidden,
        },
        (C::Guest, _) => Forbidden,

        (C::Agent | C::Admin, A::ConnectAsAgent | A::ListTickets | A::ListCanned) => Allow,
        (
            C::Agent | C::Admin,
            A::JoinTicket
            | A::WatchTicket
            | A::LeaveTicket
            | A::CloseTicket
            | A::SendMessage
            | A::SendNote
            | A::ReadConversation
            | A::ReadNotes
            | A::ReopenTicket
            | A::AssignTicket
            | A::TagTicket
            | A::MarkRead
            | A::Type
            | A::TypeNote,
        ) => match situation {
            Situation::Own | Situation::Others => Allow,
            Situation::Missing | Situation::General => Hidden,
        },
        (C::Agent | C::Admin, _) => Forbidden,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/desk/policy.golden");

    const CALLERS: [Caller; 7] = [
        Caller::Stranger,
        Caller::Guest,
        Caller::Agent,
        Caller::Admin,
        Caller::NewAgent,
        Caller::Ended,
        Caller::Operator,
    ];

    const GENERAL: &[Situation] = &[Situation::General];
    const OF_A_TICKET: &[Situation] = &[Situation::Missing, Situation::Own, Situation::Others];

    /// Every action, with the situations it can be asked in. A new action does not compile without
    /// its line.
    fn situations(action: Action) -> &'static [Situation] {
        match action {
            Action::ConnectAsGuest
            | Action::ConnectAsAgent
            | Action::StartGuestSession
            | Action::SignIn
            | Action::ManageOwnSession
            | Action::ChangeOwnPassword
            | Action::AdministerAgents
            | Action::ListCanned
            | Action::AdministerCanned
            | Action::OpenTicket
            | Action::ListTickets
            | Action::ListOwnTickets => GENERAL,
            Action::JoinTicket
            | Action::WatchTicket
            | Action::LeaveTicket
            | Action::CloseTicket
            | Action::SendMessage
            | Action::SendNote
            | Action::ReadConversation
            | Action::ReadNotes
            | Action::ReopenTicket
            | Action::AssignTicket
            | Action::TagTicket
            | Action::EndTicket
            | Action::RateTicket
            | Action::MarkRead
            | Action::Type
            | Action::TypeNote => OF_A_TICKET,
        }
    }

    const ACTIONS: [Action; 28] = [
        Action::ConnectAsGuest,
        Action::ConnectAsAgent,
        Action::StartGuestSession,
        Action::SignIn,
        Action::ManageOwnSession,
        Action::ChangeOwnPassword,
        Action::AdministerAgents,
        Action::ListCanned,
        Action::AdministerCanned,
        Action::OpenTicket,
        Action::ListTickets,
        Action::ListOwnTickets,
        Action::JoinTicket,
        Action::WatchTicket,
        Action::LeaveTicket,
        Action::CloseTicket,
        Action::SendMessage,
        Action::SendNote,
        Action::ReadConversation,
        Action::ReadNotes,
        Action::ReopenTicket,
        Action::AssignTicket,
        Action::TagTicket,
        Action::EndTicket,
        Action::RateTicket,
        Action::MarkRead,
        Action::Type,
        Action::TypeNote,
    ];

    fn table() -> String {
        let mut table = String::new();
        let _ = write!(table, "{:<20}{:<10}", "action", "situation");
        for caller in CALLERS {
            let _ = write!(table, "{:<16}", format!("{caller:?}"));
        }
        for action in ACTIONS {
            for situation in situations(action) {
                let row = format!("{:<20}{:<10}", format!("{action:?}"), format!("{situation:?}"));
                let _ = write!(table, "\n{row}");
                for caller in CALLERS {
                    let cell = format!("{:?}", decide(caller, action, *situation));
                    let _ = write!(table, "{cell:<16}");
                }
            }
        }
        table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
    }

    #[test]
    fn the_policy_is_the_golden_table() {
        let fresh = table();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(GOLDEN, &fresh).unwrap();
        }

        let golden = std::fs::read_to_string(GOLDEN).unwrap_or_default();

        assert!(
            fresh == golden,
            "the policy has changed; read the difference, then: \
             UPDATE_GOLDEN=1 cargo test -p support-server policy\n{fresh}"
        );
    }
}
