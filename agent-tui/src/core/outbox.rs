//! What has been written and is not known to be stored by the server.
//!
//! A text enters here when Enter is pressed, is on disk before the first attempt, and leaves when
//! the server has acknowledged it or the agent takes it back. It is sent again under the same name
//! until the answer is final; a final refusal keeps it, with its reason. One is under way at a
//! time, oldest first, so the order in a ticket is the order of writing.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use support_shared::message::{Message, SenderRole};
use support_shared::{
    AgentId, ApiError, ClientMessageId, ErrorCode, TicketId, TicketRef, Timestamp,
};

use super::card::Card;
use super::draft::Mode;
use crate::text::Untrusted;

/// A text with its destination, as it is kept on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Parcel {
    pub(crate) ticket_id: TicketId,
    #[serde(rename = "ref")]
    pub(crate) reference: TicketRef,
    pub(crate) client_message_id: ClientMessageId,
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) mode: Mode,
    /// Who answered for the ticket when this was written.
    #[serde(default)]
    pub(crate) assignee: Option<AgentId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Not on disk yet: must not be sent.
    Unsaved,
    Waiting,
    Sending,
    /// Refused for good. The agent decides what becomes of it.
    Failed(Untrusted),
    /// The ticket is not what it was when this was written. The agent decides.
    Held(Untrusted),
}

#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) parcel: Parcel,
    pub(crate) standing: Standing,
    /// It has been under way, and its log has not been read since: it may be stored.
    in_doubt: bool,
    /// The save that puts it on disk.
    revision: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    items: Vec<Item>,
    revision: u64,
    /// The tickets whose standing is known since the connection is there; none if that of every
    /// ticket is. What waits for another one waits until it is.
    known: Option<BTreeSet<TicketId>>,
    /// Nothing is sent before this, because the server asked for it.
    pub(crate) not_before: Option<Timestamp>,
}

impl Outbox {
    /// What an earlier run left behind.
    pub(crate) fn recovered(parcels: Vec<Parcel>) -> Self {
        let items = parcels
            .into_iter()
            .map(|parcel| Item { parcel, standing: Standing::Waiting, in_doubt: true, revision: 0 })
            .collect();
        Self { items, known: Some(BTreeSet::new()), ..Self::default() }
    }

    pub(crate) fn items(&self) -> &[Item] {
        &self.items
    }

    pub(crate) fn of(&self, ticket: TicketId) -> impl DoubleEndedIterator<Item = &Item> {
        self.items.iter().filter(move |item| item.parcel.ticket_id == ticket)
    }

    pub(crate) fn first_failed(&self) -> Option<&Parcel> {
        self.items.iter().find(|item| item.is_failed()).map(|item| &item.parcel)
    }

    pub(crate) fn get(&self, id: &ClientMessageId) -> Option<&Item> {
        self.items.iter().find(|item| item.parcel.client_message_id == *id)
    }

    /// Whether this one may be stored already, as far as is known here.
    pub(crate) fn is_in_doubt(&self, id: &ClientMessageId) -> bool {
        self.get(id).is_some_and(|item| item.in_doubt)
    }

    /// The log of a ticket has been read to its end: what it does not name is not stored, unless it
    /// is under way.
    pub(crate) fn read(&mut self, ticket: TicketId) {
        let items = self.items.iter_mut().filter(|item| item.parcel.ticket_id == ticket);
        for item in items.filter(|item| item.standing != Standing::Sending) {
            item.in_doubt = false;
        }
    }

    pub(crate) fn failed_in(&self, ticket: TicketId) -> Option<ClientMessageId> {
        let failed = self.of(ticket).find(|item| item.is_failed());
        failed.map(|item| item.parcel.client_message_id.clone())
    }

    /// The texts of a ticket that have no answer yet and will get one without the agent.
    pub(crate) fn unanswered_in(&self, ticket: TicketId) -> impl Iterator<Item = &ClientMessageId> {
        let unanswered = self.of(ticket).filter(|item| !item.is_failed());
        unanswered.map(|item| &item.parcel.client_message_id)
    }

    pub(crate) fn has(&self, id: &ClientMessageId) -> bool {
        self.get(id).is_some()
    }

    /// Whether this one has no answer yet and will get one without the agent.
    pub(crate) fn is_unanswered(&self, id: &ClientMessageId) -> bool {
        self.get(id).is_some_and(|item| !item.is_failed())
    }

    /// Whether there is such a one in any ticket.
    pub(crate) fn has_unanswered(&self) -> bool {
        self.items.iter().any(|item| !item.is_failed())
    }

    /// What must be on disk now, and the number of that state.
    pub(crate) fn snapshot(&mut self) -> (u64, Vec<Parcel>) {
        self.revision += 1;
        (self.revision, self.items.iter().map(|item| item.parcel.clone()).collect())
    }

    pub(crate) fn add(&mut self, parcel: Parcel) {
        let revision = self.revision + 1;
        let standing = Standing::Unsaved;
        self.items.push(Item { parcel, standing, in_doubt: false, revision });
    }

    /// Everything up to this save is on disk, or could not be put there.
    pub(crate) fn saved(&mut self, revision: u64, outcome: Result<(), &Untrusted>) {
        for item in &mut self.items {
            if item.standing == Standing::Unsaved && item.revision <= revision {
                item.standing = match outcome {
                    Ok(()) => Standing::Waiting,
                    Err(why) => Standing::Failed(why.clone()),
                };
            }
        }
    }

    /// The next to send, marked as under way.
    pub(crate) fn next(&mut self, now: Timestamp) -> Option<Parcel> {
        if self.not_before.is_some_and(|at| now < at) {
            return None;
        }
        self.not_before = None;
        if self.items.iter().any(|item| item.standing == Standing::Sending) {
            return None;
        }
        // What waits behind an unsaved text of the same ticket waits for it too: the order counts.
        let item = self.items.iter_mut().find(|item| !item.is_failed())?;
        let is_known =
            self.known.as_ref().is_none_or(|known| known.contains(&item.parcel.ticket_id));
        if item.standing != Standing::Waiting || !is_known {
            return None;
        }
        item.standing = Standing::Sending;
        item.in_doubt = true;
        Some(item.parcel.clone())
    }

    /// The connection is gone, and what is known of tickets may be old when it is back.
    pub(crate) fn disconnected(&mut self) {
        self.interrupted();
        self.known = Some(BTreeSet::new());
    }

    /// An answer will not come: what was under way is waiting again.
    pub(crate) fn interrupted(&mut self) {
        for item in &mut self.items {
            if item.standing == Standing::Sending {
                item.standing = Standing::Waiting;
            }
        }
    }

    /// What a ticket is now. What waits for it is held if the ticket was given to somebody else
    /// since it was written; says how many were.
    pub(crate) fn learned(&mut self, card: &Card, me: AgentId) -> usize {
        if let Some(known) = &mut self.known {
            known.insert(card.id);
        }
        let mut held = 0;
        for item in self.items.iter_mut().filter(|item| item.parcel.ticket_id == card.id) {
            if item.standing != Standing::Waiting {
                continue;
            }
            // A note is for the desk, whoever answers for the ticket. Whether a closed ticket has
            // taken the message before it was closed, only the server knows.
            let elsewhere = card.assignee_id.filter(|it| *it != me);
            let given = elsewhere.is_some() && elsewhere != item.parcel.assignee;
            if given && card.is_open() && item.parcel.mode == Mode::Reply {
                let name = card.assignee.as_ref().map(|name| name.line(30)).unwrap_or_default();
                item.standing = Standing::Held(format!("given to {name} meanwhile").into());
                held += 1;
            }
        }
        held
    }

    /// The queue has been read to its end: what it does not name, the server knows.
    pub(crate) fn learned_all(&mut self) {
        self.known = None;
    }

    /// The server answered with an error. Says whether that was its last word.
    pub(crate) fn refused(
        &mut self,
        id: &ClientMessageId,
        error: &ApiError,
        now: Timestamp,
    ) -> bool {
        let Some(item) = self.items.iter_mut().find(|item| item.parcel.client_message_id == *id)
        else {
            return false;
        };
        let wait = match error.code {
            ErrorCode::Unavailable | ErrorCode::RateLimited | ErrorCode::Internal => {
                Some(error.retry_after_ms.unwrap_or(2_000).clamp(200, 60_000))
            }
            ErrorCode::Unauthenticated => Some(1_000),
            _ => None,
        };
        if let Some(wait) = wait {
            item.standing = Standing::Waiting;
            self.not_before = Some(now.plus_millis(i64::try_from(wait).unwrap_or(60_000)));
            return false;
        }
        item.standing = Standing::Failed(error.message.as_str().into());
        item.in_doubt = false;
        true
    }

    /// It is stored. Says whether it was here.
    pub(crate) fn settle(&mut self, id: &ClientMessageId) -> bool {
        let before = self.items.len();
        self.items.retain(|item| item.parcel.client_message_id != *id);
        self.items.len() < before
    }

    /// An entry of the log may be one of these: seeing it is as good as an acknowledgement.
    pub(crate) fn settle_by(&mut self, entry: &Message, me: &str) -> bool {
        let mine = entry.sender_role == SenderRole::Agent && entry.sender_id.as_deref() == Some(me);
        match &entry.client_message_id {
            Some(id) if mine => self.settle(id),
            _ => false,
        }
    }

    /// Tries a refused one again, although `assignee` answers for the ticket now.
    pub(crate) fn retry(&mut self, id: &ClientMessageId, assignee: Option<AgentId>) {
        let revision = self.revision + 1;
        for item in &mut self.items {
            if item.parcel.client_message_id == *id && item.is_failed() {
                item.parcel.assignee = assignee;
                item.standing = Standing::Unsaved;
                item.revision = revision;
            }
        }
    }

    /// Takes a refused one back out.
    pub(crate) fn take_back(&mut self, id: &ClientMessageId) -> Option<(Mode, String)> {
        let at = self
            .items
            .iter()
            .position(|item| item.parcel.client_message_id == *id && item.is_failed())?;
        let parcel = self.items.remove(at).parcel;
        Some((parcel.mode, parcel.text))
    }
}

impl Item {
    /// Whether the agent has to decide what becomes of it.
    pub(crate) fn is_failed(&self) -> bool {
        matches!(self.standing, Standing::Failed(_) | Standing::Held(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::fixture::{client_id, noon, ticket};

    fn parcel(n: u64) -> Parcel {
        let ticket = ticket(1);
        Parcel {
            ticket_id: ticket.id,
            reference: ticket.reference,
            client_message_id: client_id(n),
            text: format!("text {n}"),
            mode: Mode::Reply,
            assignee: None,
        }
    }

    fn filled(count: u64) -> Outbox {
        let mut outbox = Outbox::default();
        for n in 1..=count {
            outbox.add(parcel(n));
        }
        let (revision, _) = outbox.snapshot();
        outbox.saved(revision, Ok(()));
        outbox
    }

    #[test]
    fn nothing_is_sent_before_it_is_on_disk() {
        let mut outbox = Outbox::default();
        outbox.add(parcel(1));
        let (revision, kept) = outbox.snapshot();

        assert_eq!(outbox.next(noon()), None);
        assert_eq!(kept, [parcel(1)]);
        outbox.saved(revision, Ok(()));
        assert_eq!(outbox.next(noon()), Some(parcel(1)));
    }

    #[test]
    fn one_is_under_way_at_a_time_and_the_order_is_kept_over_a_cut() {
        let mut outbox = filled(2);

        assert_eq!(outbox.next(noon()), Some(parcel(1)));
        assert_eq!(outbox.next(noon()), None);
        outbox.interrupted();
        assert_eq!(outbox.next(noon()), Some(parcel(1)));
        outbox.settle(&client_id(1));
        assert_eq!(outbox.next(noon()), Some(parcel(2)));
    }

    #[test]
    fn a_refusal_for_now_waits_and_one_for_good_is_kept_with_its_reason() {
        let mut outbox = filled(1);
        outbox.next(noon());
        let mut busy = ApiError::new(ErrorCode::RateLimited, "too fast");
        busy.retry_after_ms = Some(500);

        assert!(!outbox.refused(&client_id(1), &busy, noon()));
        assert_eq!(outbox.next(noon().plus_millis(499)), None);
        assert_eq!(outbox.next(noon().plus_millis(500)), Some(parcel(1)));

        let closed = ApiError::new(ErrorCode::TicketClosed, "this conversation is closed");
        assert!(outbox.refused(&client_id(1), &closed, noon()));
        assert_eq!(
            outbox.items()[0].standing,
            Standing::Failed("this conversation is closed".into())
        );
        assert_eq!(outbox.take_back(&client_id(1)), Some((Mode::Reply, "text 1".to_owned())));
        assert!(outbox.items().is_empty());
    }

    #[test]
    fn a_text_that_cannot_be_saved_is_kept_and_can_be_tried_again() {
        let mut outbox = Outbox::default();
        outbox.add(parcel(1));
        let (revision, _) = outbox.snapshot();
        outbox.saved(revision, Err(&"disk full".into()));

        assert_eq!(outbox.next(noon()), None);
        outbox.retry(&client_id(1), None);
        let (revision, _) = outbox.snapshot();
        outbox.saved(revision, Ok(()));
        assert_eq!(outbox.next(noon()), Some(parcel(1)));
    }
}
