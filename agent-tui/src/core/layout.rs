//! Where things are, by the size of the terminal and nothing else. Both scrolling and drawing ask
//! here, so they never disagree about how many rows there are.

use ratatui::layout::{Rect, Size};

/// From this width on queue and conversation stand side by side.
const WIDE: u16 = 100;
/// The least and the most columns of the queue beside a conversation.
const QUEUE_WIDTH: std::ops::RangeInclusive<u16> = 30..=48;
/// From this width on the details are a third pane.
const THREE: u16 = 140;
const DETAILS_WIDTH: u16 = 34;
/// Below this there is nothing sensible to draw.
const LEAST: Size = Size { width: 40, height: 10 };
/// The columns left of a text: the gutter bar and a blank.
pub(crate) const GUTTER: u16 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) header: Rect,
    pub(crate) footer: Rect,
    pub(crate) queue: Option<Rect>,
    /// The line between two panes.
    pub(crate) divider: Option<Rect>,
    pub(crate) conversation: Option<Conversation>,
    pub(crate) details: Option<Rect>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Conversation {
    pub(crate) title: Rect,
    pub(crate) timeline: Rect,
    /// The rule above the composer: its title, and what is new below.
    pub(crate) rule: Rect,
    pub(crate) composer: Rect,
}

pub(crate) fn is_too_small(size: Size) -> bool {
    size.width < LEAST.width || size.height < LEAST.height
}

pub(crate) fn is_wide(size: Size) -> bool {
    size.width >= WIDE
}

/// The width of a conversation's texts.
pub(crate) fn text_width(pane: u16) -> usize {
    usize::from(pane.saturating_sub(GUTTER)).max(1)
}

/// The columns in which the composer's text is written: after its prompt, with room for the cursor.
pub(crate) fn composer_width(pane: u16) -> usize {
    usize::from(pane.saturating_sub(GUTTER + 1)).max(1)
}

/// The most rows of the composer in a body of this height.
fn composer_most(height: u16) -> u16 {
    match height {
        0..20 => 1,
        20..30 => 3,
        _ => height / 5,
    }
}

/// How wide the queue's pane is beside a conversation: it has three tenths of what both have.
fn queue_width(size: Size) -> u16 {
    let both = size.width.saturating_sub(details_width(size));
    (both * 3 / 10).clamp(*QUEUE_WIDTH.start(), *QUEUE_WIDTH.end())
}

fn details_width(size: Size) -> u16 {
    if size.width >= THREE { DETAILS_WIDTH + 1 } else { 0 }
}

/// How wide the conversation's pane is.
pub(crate) fn conversation_width(size: Size) -> u16 {
    if is_wide(size) {
        size.width - queue_width(size) - 1 - details_width(size)
    } else {
        size.width
    }
}

/// Lays out the screen; `queue_first` says which pane a narrow screen shows, `composer_rows` how
/// many rows the written text has.
pub(crate) fn layout(size: Size, queue_first: bool, composer_rows: usize) -> Layout {
    let Size { width, height } = size;
    let body = Rect::new(0, 1, width, height.saturating_sub(2));
    let wide = is_wide(size);
    let beside = queue_width(size);
    let queue =
        if wide { Some(Rect { width: beside, ..body }) } else { queue_first.then_some(body) };
    let pane = if wide {
        Some(Rect { x: beside + 1, width: conversation_width(size), ..body })
    } else {
        (!queue_first).then_some(body)
    };
    Layout {
        header: Rect::new(0, 0, width, 1),
        footer: Rect::new(0, height.saturating_sub(1), width, 1),
        queue,
        details: (width >= THREE).then(|| Rect {
            x: width - DETAILS_WIDTH,
            width: DETAILS_WIDTH,
            ..body
        }),
        divider: wide.then_some(Rect { x: beside, width: 1, ..body }),
        conversation: pane.map(|pane| conversation(pane, composer_rows, height)),
    }
}

fn conversation(pane: Rect, composer_rows: usize, height: u16) -> Conversation {
    let rows = u16::try_from(composer_rows).unwrap_or(u16::MAX).clamp(1, composer_most(height));
    let timeline = pane.height.saturating_sub(rows + 2);
    Conversation {
        title: Rect { height: 1, ..pane },
        timeline: Rect { y: pane.y + 1, height: timeline, ..pane },
        rule: Rect { y: pane.y + 1 + timeline, height: 1, ..pane },
        composer: Rect { y: pane.y + 2 + timeline, height: rows, ..pane },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_80_by_24_the_conversation_keeps_76_by_17_however_much_is_written() {
        for rows in [1, 2, 3, 50] {
            let layout = layout(Size::new(80, 24), false, rows);
            let conversation = layout.conversation.unwrap();
            assert!(text_width(conversation.timeline.width) >= 76);
            assert!(conversation.timeline.height >= 17);
            assert!(layout.queue.is_none());
        }
    }

    #[test]
    fn the_rows_fill_the_screen_without_overlap() {
        for (width, height) in [(40, 10), (80, 24), (100, 30), (200, 60)] {
            let layout = layout(Size::new(width, height), false, 4);
            let conversation = layout.conversation.unwrap();
            assert_eq!(conversation.timeline.bottom(), conversation.rule.y);
            assert_eq!(conversation.rule.bottom(), conversation.composer.y);
            assert_eq!(conversation.composer.bottom(), layout.footer.y);
            assert_eq!(layout.footer.bottom(), height);
        }
    }
}
