//! Who is told of what, and how often. Decides from the tickets that the queue tells of; how a
//! notice gets out of the console is `notify`'s business.
//!
//! A notice has none of the guest's words in it unless the agent has asked for them.

use support_shared::message::SenderRole;
use support_shared::request::{AgentRequest, AssignTicket};
use support_shared::{TicketId, TicketRef, Timestamp};

use super::card::Card;
use super::conversation::Room;
use super::toast::Toast;
use super::{Effect, Focus, State};

/// The least time between two notices; what happens meanwhile goes into the next.
const PAUSE_MILLIS: i64 = 5_000;
/// How many happenings one notice sums up one by one.
const MOST: usize = 100;

/// How much of the guest's words a notice may have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Preview {
    #[default]
    Nothing,
    Name,
    Text,
}

/// What the agent is told outside the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    /// The console's own words.
    pub(crate) text: String,
    /// The guest's, neutralised; only for those who want it.
    pub(crate) preview: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Attention {
    pub(crate) preview: Preview,
    /// Do not disturb.
    pub(crate) quiet: bool,
    /// Whether the terminal has the agent's eye; unknown where terminals do not tell.
    focused: Option<bool>,
    happened: Vec<Happening>,
    /// No notice before this.
    not_before: Option<Timestamp>,
    /// The ticket that this console is assigning: that it becomes ours is no news.
    assigning: Option<TicketId>,
}

#[derive(Debug)]
struct Happening {
    what: What,
    ticket: TicketRef,
    preview: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Message,
    NewTicket,
    Assigned,
}

/// The queue tells of a ticket; `before` is what was known of it.
pub(super) fn hear(state: &mut State, before: Option<&Card>, now: &Card) {
    let what = what(state, before, now);
    let attention = &mut state.attention;
    if attention.assigning == Some(now.id) && now.assignee_id.is_some() {
        // Done: the next time it is somebody else's doing.
        attention.assigning = None;
    }
    let Some(what) = what else { return };
    if attention.quiet {
        return;
    }
    let name = now.guest.line(40);
    let preview = match attention.preview {
        Preview::Nothing => None,
        Preview::Name => Some(name),
        Preview::Text => {
            let said = now.preview.as_ref().map(|said| said.line(100)).unwrap_or_default();
            Some(format!("{name}: {said}"))
        }
    };
    let happening = Happening { what, ticket: now.reference, preview };
    if attention.focused == Some(true) {
        // Whoever looks at the console is told in it, without a sound.
        state.toast = Some(Toast::new(sum_up(&[happening]), state.now));
    } else if attention.happened.len() < MOST {
        attention.happened.push(happening);
    }
}

fn what(state: &State, before: Option<&Card>, now: &Card) -> Option<What> {
    let newer = before.is_none_or(|before| before.updated_at <= now.updated_at);
    if !now.is_open() || !newer || is_watched(state, now.id) {
        return None;
    }
    let mine = now.assignee_id == Some(state.me.id);
    let was_mine = before.is_some_and(|before| before.assignee_id == Some(state.me.id));
    if mine && !was_mine {
        return (state.attention.assigning != Some(now.id)).then_some(What::Assigned);
    }
    let said = now.last_role == Some(SenderRole::Guest)
        && before.is_none_or(|before| before.last_message < now.last_message);
    let inside =
        state.conversations.get(&now.id).is_some_and(|it| it.room != Room::Left && !it.silent);
    match before {
        Some(_) if said && (mine || inside) => Some(What::Message),
        None if said && now.assignee_id.is_none() => Some(What::NewTicket),
        _ => None,
    }
}

/// Whether the newest message of a ticket is before the agent's eyes.
fn is_watched(state: &State, ticket: TicketId) -> bool {
    let on_screen = state.layout().conversation.is_some() && state.open == Some(ticket);
    state.attention.focused != Some(false)
        && on_screen
        && state.focus != Focus::Queue
        && state.conversation().is_some_and(|open| open.scroll.is_following())
}

/// The terminal has got or lost the agent's eye.
pub(super) fn focus(state: &mut State, focused: bool) {
    state.attention.focused = Some(focused);
    if focused {
        state.attention.happened.clear();
    }
}

pub(super) fn toggle_quiet(state: &mut State) {
    let attention = &mut state.attention;
    attention.quiet = !attention.quiet;
    attention.happened.clear();
    let text = if attention.quiet {
        "do not disturb: no bell and no notices until D is pressed again"
    } else {
        "you are told of what happens again"
    };
    state.toast = Some(Toast::new(text, state.now));
}

/// What this console is doing itself is no news to its agent.
pub(super) fn note_own(state: &mut State, effects: &[Effect]) {
    for effect in effects {
        if let Effect::Ask(request) = effect
            && let AgentRequest::AssignTicket(AssignTicket { ticket_id, .. }) = &**request
        {
            state.attention.assigning = Some(*ticket_id);
        }
    }
}

/// Lets a notice out, if there is something to tell and the last one is long enough ago.
pub(super) fn flush(state: &mut State, effects: &mut Vec<Effect>) {
    let attention = &mut state.attention;
    let due = attention.not_before.is_none_or(|at| at <= state.now);
    if !due || attention.happened.is_empty() {
        return;
    }
    let happened = std::mem::take(&mut attention.happened);
    attention.not_before = Some(state.now.plus_millis(PAUSE_MILLIS));
    let text = sum_up(&happened);
    let preview = happened.into_iter().next_back().and_then(|last| last.preview);
    effects.push(Effect::Notify(Notice { text, preview }));
}

/// When the next notice may go out, if there is one.
pub(super) fn next_notice(state: &State) -> Option<Timestamp> {
    state.attention.not_before.filter(|_| !state.attention.happened.is_empty())
}

fn sum_up(happened: &[Happening]) -> String {
    if let [one] = happened {
        return match one.what {
            What::Message => format!("New message in {}", one.ticket),
            What::NewTicket => format!("New ticket {}", one.ticket),
            What::Assigned => format!("{} was assigned to you", one.ticket),
        };
    }
    let count = |what| happened.iter().filter(|it| it.what == what).count();
    let several = |many, one: &str, more: &str| match many {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{many} {more}")),
    };
    let parts = [
        several(count(What::Message), "new message", "new messages"),
        several(count(What::NewTicket), "new ticket", "new tickets"),
        several(count(What::Assigned), "ticket assigned to you", "tickets assigned to you"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
