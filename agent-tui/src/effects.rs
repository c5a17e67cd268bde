//! Carries out what `core` decided. Nothing here waits: what takes time is handed to the link or
//! the store, and its outcome comes back as a message.

use support_shared::TicketId;

use crate::core::draft::Mode;
use crate::core::link::{LinkEvent, Refusal};
use crate::core::{Effect, Msg};
use crate::link::{Link, Order};
use crate::store::Store;

/// What only the main loop can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Turn {
    Redraw,
    Suspend,
    Edit {
        ticket: TicketId,
        mode: Mode,
        text: String,
    },
    /// The session is over; a screen goes on all the same.
    SignedOut,
    Quit,
    Fail(&'static str),
}

pub(crate) struct Effects {
    pub(crate) link: Link,
    pub(crate) store: Store,
}

impl Effects {
    /// Does it, or says what the main loop must do, or what happened at once.
    pub(crate) fn run(&self, effect: Effect) -> (Option<Turn>, Option<Msg>) {
        match effect {
            Effect::Ask(request) => match self.link.order(Order::Ask(request)) {
                Err(Order::Ask(request)) => {
                    let answer = Err(Refusal::Lost);
                    (None, Some(Msg::Link(LinkEvent::Answered { request, answer })))
                }
                _ => (None, None),
            },
            Effect::SaveOutbox { revision, parcels } => {
                self.store.save(revision, parcels);
                (None, None)
            }
            Effect::SaveDrafts(drafts) => {
                self.store.save_drafts(drafts);
                (None, None)
            }
            Effect::Edit { ticket, mode, text } => (Some(Turn::Edit { ticket, mode, text }), None),
            Effect::ReadCanned => match self.link.order(Order::ReadCanned) {
                Err(_) => (None, Some(Msg::Canned(Err("the link is busy".into())))),
                Ok(()) => (None, None),
            },
            Effect::Reconnect => {
                // A link that is too busy to hear it is not waiting.
                let _ = self.link.order(Order::Hurry);
                (None, None)
            }
            // There is one writer, and that is the main loop.
            Effect::Notify(_) | Effect::Copy(_) | Effect::Say { .. } => (None, None),
            Effect::Redraw => (Some(Turn::Redraw), None),
            Effect::Suspend => (Some(Turn::Suspend), None),
            Effect::SignedOut => (Some(Turn::SignedOut), None),
            Effect::SignIn { agent, password } => {
                let order = Order::SignIn { agent: Box::new(agent), password };
                let refused = LinkEvent::SignInRefused { why: "the link is busy".into() };
                (None, self.link.order(order).err().map(|_| Msg::Link(refused)))
            }
            Effect::Quit => (Some(Turn::Quit), None),
            Effect::Fail(why) => (Some(Turn::Fail(why)), None),
        }
    }
}
