//! The console without a terminal and without a network.
//!
//! [`update`](update::update) takes what happened and says what is to be done; it reads no clock,
//! makes no ids and does no I/O, so everything the console does can be told as a story in a test.

mod astray;
pub(crate) mod attention;
pub(crate) mod canned;
pub(crate) mod card;
pub(crate) mod cards;
pub(crate) mod colleagues;
pub(crate) mod composer;
pub(crate) mod conversation;
pub(crate) mod copy;
mod deferred;
mod desk;
pub(crate) mod details;
pub(crate) mod draft;
pub(crate) mod filter;
mod heal;
mod inbound;
pub(crate) mod layout;
pub(crate) mod line;
pub(crate) mod link;
mod listing;
mod needs;
pub(crate) mod outbox;
pub(crate) mod overlay;
pub(crate) mod people;
pub(crate) mod pick;
pub(crate) mod plain;
pub(crate) mod pointer;
pub(crate) mod queue;
mod reading;
pub(crate) mod rows;
pub(crate) mod run;
pub(crate) mod scroll;
pub(crate) mod sign_in;
pub(crate) mod template;
pub(crate) mod timeline;
pub(crate) mod toast;
pub(crate) mod unsent;
pub(crate) mod update;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
pub(crate) mod stories;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use ratatui::layout::Size;
use support_shared::request::AgentRequest;
use support_shared::ticket::Agent;
use support_shared::{ClientMessageId, TicketId, Timestamp};

use crate::commands::{Chord, Keymap};
use crate::text::Untrusted;
pub(crate) use needs::next as next_need;

use attention::{Attention, Notice};
use colleagues::Colleagues;
use conversation::Conversation;
use draft::{Draft, Drafts, Mode};
use link::{LinkEvent, LinkState};
use outbox::{Outbox, Parcel};
use overlay::Overlay;
use queue::Queue;
use rows::ConversationRows;
use toast::Toast;

/// What happened.
#[derive(Debug)]
pub(crate) enum Msg {
    Key(Chord),
    Paste(String),
    Resize(Size),
    /// The terminal has got or lost the agent's eye.
    Focus(bool),
    /// The mouse, for those who have asked for it.
    Pointer(pointer::Pointer, ratatui::layout::Position),
    Link(LinkEvent),
    /// The outbox up to this revision is on disk, or why it is not.
    Saved {
        revision: u64,
        outcome: Result<(), Untrusted>,
    },
    /// The drafts are on disk, or why they are not.
    DraftsSaved(Result<(), Untrusted>),
    /// The editor has ended: with another text, with none, or it could not be used.
    Edited {
        ticket: TicketId,
        mode: Mode,
        outcome: Result<String, String>,
    },
    /// The canned replies of the desk, or why they could not be read.
    Canned(Result<Vec<support_shared::canned::Canned>, Untrusted>),
    /// Something that the console cannot do without has ended.
    Fatal(&'static str),
    /// A line of the line mode.
    Word(plain::Word),
    /// A moment has come that [`State::next_deadline`] named.
    Deadline,
}

/// When it happened, and a new id in case one is needed.
#[derive(Debug, Clone)]
pub(crate) struct Stamp {
    pub(crate) now: Timestamp,
    pub(crate) id: ClientMessageId,
}

/// What is to be done.
#[derive(Debug, PartialEq)]
pub(crate) enum Effect {
    Ask(Box<AgentRequest>),
    SaveOutbox {
        revision: u64,
        parcels: Vec<Parcel>,
    },
    SaveDrafts(Vec<Draft>),
    /// Leave the screen to the agent's editor with this text, and come back.
    Edit {
        ticket: TicketId,
        mode: Mode,
        text: String,
    },
    /// Read the canned replies of the desk.
    ReadCanned,
    /// Try to connect now, not when the wait is over.
    Reconnect,
    /// Hand a text to the terminal's clipboard.
    Copy(String),
    /// Tell the agent, who may be looking elsewhere.
    Notify(Notice),
    /// A line of the line mode's own, and what has failed, if something has.
    Say {
        text: String,
        fault: Option<support_shared::ErrorCode>,
    },
    Suspend,
    /// The session is over: whoever has no screen cannot go on.
    SignedOut,
    /// Sign in again as this agent.
    SignIn {
        agent: Agent,
        password: sign_in::Password,
    },
    /// Draw every cell anew: somebody else has written on the screen.
    Redraw,
    Quit,
    /// Leave, and say why.
    Fail(&'static str),
}

/// Which pane the keys go to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Focus {
    #[default]
    Queue,
    Timeline,
    Composer,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) now: Timestamp,
    pub(crate) zone: TimeZone,
    pub(crate) size: Size,
    /// The server as people read it.
    pub(crate) server: String,
    pub(crate) me: Agent,
    pub(crate) my_id: String,
    pub(crate) link: LinkState,
    /// Why the session ended, for the prompt.
    pub(crate) ended: Option<Untrusted>,
    pub(crate) sign_in: sign_in::SignIn,
    pub(crate) focus: Focus,
    /// Which keys run what.
    pub(crate) keymap: Keymap,
    /// The keys pressed so far of several that make a command together.
    pub(crate) pressed: Vec<Chord>,
    pub(crate) queue: Queue,
    /// The way that the agent has gone from one ticket that needs us to the next.
    walk: needs::Walk,
    pub(crate) attention: Attention,
    pub(crate) colleagues: Colleagues,
    pub(crate) replies: canned::Replies,
    pub(crate) earlier: details::Earlier,
    /// What the line mode waits for.
    pub(crate) lines: plain::Lines,
    /// What was written to go with changes that were not made.
    kept: line::Kept,
    pub(crate) conversations: BTreeMap<TicketId, Conversation>,
    pub(crate) open: Option<TicketId>,
    /// The conversation that was on the screen when we looked last.
    in_sight: Option<TicketId>,
    pub(crate) outbox: Outbox,
    /// What waits for texts of the outbox.
    deferred: Vec<deferred::Deferred>,
    pub(crate) drafts: Drafts,
    pub(crate) overlay: Option<Overlay>,
    pub(crate) toast: Option<Toast>,
    /// When to ask again for queue and rooms, because the server could not answer.
    pub(crate) resync_at: Option<Timestamp>,
    /// Until when a second Ctrl-C leaves the console.
    pub(crate) leaving_until: Option<Timestamp>,
}

impl State {
    pub(crate) fn new(
        server: String,
        me: Agent,
        zone: TimeZone,
        now: Timestamp,
        unsent: Vec<Parcel>,
        drafts: Vec<Draft>,
    ) -> Self {
        Self {
            now,
            zone,
            size: Size::new(80, 24),
            server,
            my_id: me.id.to_string(),
            queue: Queue::new(me.id),
            walk: needs::Walk::default(),
            attention: Attention::default(),
            colleagues: Colleagues::default(),
            replies: canned::Replies::default(),
            earlier: details::Earlier::default(),
            lines: plain::Lines::default(),
            kept: line::Kept::default(),
            me,
            link: LinkState::default(),
            ended: None,
            sign_in: sign_in::SignIn::default(),
            focus: Focus::default(),
            keymap: Keymap::default(),
            pressed: Vec::new(),
            conversations: BTreeMap::new(),
            open: None,
            in_sight: None,
            outbox: Outbox::recovered(unsent),
            deferred: Vec::new(),
            drafts: Drafts::recovered(drafts),
            overlay: None,
            toast: None,
            resync_at: None,
            leaving_until: None,
        }
    }

    pub(crate) fn conversation(&self) -> Option<&Conversation> {
        self.conversations.get(&self.open?)
    }

    pub(crate) fn conversation_mut(&mut self) -> Option<&mut Conversation> {
        self.conversations.get_mut(&self.open?)
    }

    pub(crate) fn is_online(&self) -> bool {
        self.link == LinkState::Online
    }

    /// The handle of a ticket as people read it; empty for one that is not known.
    pub(crate) fn reference(&self, ticket: TicketId) -> String {
        desk::card(self, ticket).map(|card| card.reference.to_string()).unwrap_or_default()
    }

    /// Whether something is written in a ticket that nobody has sent.
    pub(crate) fn has_draft(&self, ticket: TicketId) -> bool {
        self.conversations.get(&ticket).is_some_and(Conversation::has_draft)
            || self.drafts.has_shelved(ticket)
    }

    /// Whether leaving would lose what is written.
    pub(crate) fn would_lose(&self) -> bool {
        self.drafts.unsafe_on_disk && self.conversations.values().any(Conversation::has_draft)
    }

    /// The screen as it is laid out now.
    pub(crate) fn layout(&self) -> layout::Layout {
        let cells = layout::composer_width(layout::conversation_width(self.size));
        let written =
            self.conversation().map_or(1, |c| crate::text::rows(c.composer.text(), cells).len());
        layout::layout(self.size, self.focus == Focus::Queue, written)
    }

    /// The rows of a conversation in a pane of this width.
    pub(crate) fn rows<'a>(
        &'a self,
        conversation: &'a Conversation,
        pane: u16,
    ) -> ConversationRows<'a> {
        ConversationRows::new(
            conversation,
            &self.outbox,
            &self.my_id,
            &self.zone,
            layout::text_width(pane),
        )
    }

    /// The earliest moment at which something visible changes, or something is due, by itself.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        let toast = self.toast.as_ref().map(|toast| toast.until);
        let countdown = match &self.link {
            LinkState::Offline { retry_at, .. } if *retry_at > self.now => {
                let left = retry_at.as_millis() - self.now.as_millis();
                Some(self.now.plus_millis((left - 1) % 1000 + 1))
            }
            _ => None,
        };
        let ages = self.queue.cards().iter().filter_map(|card| card.waiting_since);
        let age = ages.map(|since| card::age_changes(since, self.now)).min();
        let writing = self.conversation().and_then(|open| open.writing.as_ref());
        let writing = writing.map(|writing| writing.until);
        let resend = self.outbox.not_before.filter(|_| self.is_online());
        let drafts = self.drafts.due();
        let resync = self.resync_at.filter(|_| self.is_online());
        let lookup = self.queue.due().filter(|_| self.is_online());
        let notice = attention::next_notice(self);
        let check = heal::next_check(self).filter(|_| self.is_online());
        let visible = [toast, self.leaving_until, countdown, age, writing];
        let read = reading::due(self).filter(|_| self.is_online());
        let due = [resend, resync, check, lookup, notice, drafts, read];
        visible.into_iter().chain(due).flatten().min()
    }
}
