//! Which of the tickets a list is about. The open ones are all here, so three of the filters need
//! no server; the closed ones are asked for.

use support_shared::AgentId;
use support_shared::request::{AssigneeFilter, ListTickets};
use support_shared::ticket::TicketStatus;

use super::card::Card;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Filter {
    Mine,
    Unassigned,
    #[default]
    Open,
    Closed,
}

impl Filter {
    /// In the order of their keys, `1` to `4`.
    pub(crate) const ALL: [Self; 4] = [Self::Mine, Self::Unassigned, Self::Open, Self::Closed];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Mine => "mine",
            Self::Unassigned => "unassigned",
            Self::Open => "all open",
            Self::Closed => "closed",
        }
    }

    /// Whether a list of this filter has the ticket in it.
    pub(crate) fn takes(self, card: &Card, me: AgentId) -> bool {
        match self {
            Self::Mine => card.is_open() && card.assignee_id == Some(me),
            Self::Unassigned => card.is_open() && card.assignee_id.is_none(),
            Self::Open => card.is_open(),
            Self::Closed => !card.is_open(),
        }
    }

    /// Asks the server for the tickets of this filter that have these words.
    pub(super) fn request(self, words: &str, cursor: Option<String>) -> ListTickets {
        let closed = self == Self::Closed;
        ListTickets {
            status: Some(if closed { TicketStatus::Closed } else { TicketStatus::Open }),
            assignee: match self {
                Self::Mine => Some(AssigneeFilter::Me),
                Self::Unassigned => Some(AssigneeFilter::None),
                Self::Open | Self::Closed => None,
            },
            q: (!words.is_empty()).then(|| words.to_owned()),
            cursor,
            ..ListTickets::default()
        }
    }
}
