//! What the mouse does, for those who have asked for it: the wheel scrolls what it is over, a click
//! selects a ticket, marks a message or goes to the composer. It never joins, sends or closes.

use ratatui::layout::{Position, Rect};

use super::cards::Cards;
use super::copy::{Mark, at_row};
use super::{Effect, Focus, State, run};
use crate::commands::CommandId as C;

/// How many rows one step of the wheel goes.
const WHEEL: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pointer {
    WheelUp,
    WheelDown,
    Press,
}

pub(super) fn act(state: &mut State, what: Pointer, at: Position, effects: &mut Vec<Effect>) {
    if state.overlay.is_some() {
        return;
    }
    let layout = state.layout();
    if let Some(area) = layout.queue.filter(|area| area.contains(at)) {
        return queue(state, what, area, at);
    }
    let Some(parts) = layout.conversation.filter(|_| state.conversation().is_some()) else {
        return;
    };
    if parts.timeline.contains(at) {
        match what {
            Pointer::WheelUp => wheel(state, C::RowUp, effects),
            Pointer::WheelDown => wheel(state, C::RowDown, effects),
            Pointer::Press => {
                state.focus = Focus::Timeline;
                let mark = at_row(state, at.y - parts.timeline.y).map(Mark::pointed_at);
                if let Some(conversation) = state.conversation_mut() {
                    conversation.mark = mark;
                }
            }
        }
    } else if parts.composer.contains(at) && what == Pointer::Press {
        state.focus = Focus::Composer;
    }
}

fn wheel(state: &mut State, command: C, effects: &mut Vec<Effect>) {
    for _ in 0..WHEEL {
        run::run_scroll(state, command, effects);
    }
}

fn queue(state: &mut State, what: Pointer, area: Rect, at: Position) {
    match what {
        Pointer::WheelUp => state.queue.step(-1),
        Pointer::WheelDown => state.queue.step(1),
        Pointer::Press => {
            state.focus = Focus::Queue;
            let index = Cards::of(state, area).at(at.y - area.y);
            let id = index.and_then(|at| state.queue.shown().get(at).map(|card| card.id));
            if let Some(id) = id {
                state.queue.select(id, state.now);
            }
        }
    }
}
