//! What a frame costs: as much with a long history as with a short one, and nothing at rest.

use std::time::{Duration, Instant};

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Rect, Size};
use ratatui::{Terminal, TerminalOptions, Viewport};

use super::stage::{drawn, sized, talk};
use super::{Theme, draw};
use crate::core::Msg;
use crate::core::fixture::ticket;
use crate::core::stories::{Story, guest};

/// The fastest of many frames, each after a message that is new: whatever else the machine does makes
/// the others slower.
fn frame(messages: u64) -> Duration {
    let mut story = Story::in_conversation((1..=messages).map(guest));
    story.happens(Msg::Resize(Size::new(120, 40)));
    let times = (1..=31).map(|more| {
        let began = Instant::now();
        story.says(guest(messages + more));
        drawn(&story, Theme::Ansi16);
        began.elapsed()
    });
    times.min().unwrap()
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

/// A terminal's end of the line, which counts.
#[derive(Clone, Default)]
struct Line(Rc<RefCell<usize>>);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        *self.0.borrow_mut() += bytes.len();
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The bytes of the first frame of a story, and those of a frame after each of these keys.
fn sent(mut story: Story, keys: &[&str]) -> (usize, Vec<usize>) {
    let line = Line::default();
    let Size { width, height } = story.state.size;
    let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, width, height)) };
    let mut terminal =
        Terminal::with_options(CrosstermBackend::new(line.clone()), options).unwrap();
    let mut frame = |story: &Story| {
        let before = *line.0.borrow();
        terminal.draw(|frame| draw(&story.state, Theme::Ansi16, frame)).unwrap();
        let after = *line.0.borrow();
        after - before
    };
    let first = frame(&story);
    let after = keys.iter().map(|key| {
        story.keys(key);
        frame(&story)
    });
    (first, after.collect())
}

#[test]
fn a_key_sends_the_terminal_a_small_part_of_a_screen() {
    for (width, height) in [(80, 24), (200, 60)] {
        let mut writing = Story::in_conversation(talk());
        writing.keys("I am looking");
        let (whole, letters) = sent(sized(writing, width, height), &[" ", "a", "t", " ", "i", "t"]);
        for bytes in letters {
            // Some dozens, whatever the size: the letter, where it goes, and the cursor.
            assert!(bytes < 100 && bytes * 10 < whole, "{bytes} of {whole} at {width}x{height}");
        }
        let queue = sized(Story::online((1..=20).map(ticket)), width, height);
        let (whole, steps) = sent(queue, &["j", "j", "k"]);
        for bytes in steps {
            assert!(bytes * 2 < whole, "{bytes} of {whole} at {width}x{height}");
        }
    }
}

#[test]
fn a_frame_of_what_has_not_changed_sends_next_to_nothing() {
    for (width, height) in [(80, 24), (200, 60)] {
        let (_, again) = sent(sized(Story::in_conversation(talk()), width, height), &[""]);
        assert!(again[0] < 40, "{again:?} at {width}x{height}");
    }
}
