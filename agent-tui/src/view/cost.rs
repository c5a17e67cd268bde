//! What a frame costs: as much with a long history as with a short one, and nothing at rest.

use std::time::{Duration, Instant};

use ratatui::layout::Size;

use super::Theme;
use super::screens::drawn;
use crate::core::Msg;
use crate::core::fixture::ticket;
use crate::core::stories::{Story, guest};

/// The middle of many frames, each after a message that is new.
fn frame(messages: u64) -> Duration {
    let mut story = Story::in_conversation((1..=messages).map(guest));
    story.happens(Msg::Resize(Size::new(120, 40)));
    let mut times: Vec<Duration> = (1..=31)
        .map(|more| {
            let began = Instant::now();
            story.says(guest(messages + more));
            drawn(&story, Theme::Ansi16);
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

#[test]
fn a_frame_costs_the_same_however_long_the_history_is() {
    let (short, long) = (frame(200), frame(50_000));

    assert!(long < short * 4, "{short:?} with 200 messages, {long:?} with 50,000");
}

#[test]
fn at_rest_nothing_is_due() {
    let answered = support_shared::ticket::Ticket { waiting_since: None, ..ticket(1) };
    let mut story = Story::online([answered]);

    assert_eq!(story.state.next_deadline(), None);
    story.keys("<enter>");
    story.joined(None, [guest(1)]);
    story.now = story.now.plus_millis(10_000);
    story.happens(Msg::Deadline);
    // That it was joined brings a ticket whose guest waits: its age is all that changes.
    let due = story.state.next_deadline().unwrap();
    assert!(due.as_millis() - story.now.as_millis() > 10_000, "{due}");
}
