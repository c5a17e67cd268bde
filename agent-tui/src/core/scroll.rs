//! Where the conversation is scrolled to: an anchor of (entry, row of it), not a number of rows.
//! So the row that somebody reads stays where it is when messages come below or above it or the
//! width changes. Knows heights only; what the rows say is none of its business.

use super::timeline::Place;

/// Names a block of rows: an entry by its place, or a text that is not sent yet by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Entry(Place),
    Pending(usize),
}

/// How many rows a block has: those that lead it in (day, author) and those of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Height {
    pub(crate) above: usize,
    pub(crate) body: usize,
}

impl Height {
    fn total(self) -> usize {
        self.above + self.body
    }
}

/// The blocks of a conversation, ascending by key.
pub(crate) trait Blocks {
    fn len(&self) -> usize;
    fn key(&self, index: usize) -> Key;
    fn height(&self, index: usize) -> Height;

    /// How many rows a block has.
    fn total(&self, index: usize) -> usize {
        self.height(index).total()
    }

    /// The block called `key`, or the next one if it is gone.
    fn find(&self, key: Key) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.key(middle) < key { low = middle + 1 } else { high = middle }
        }
        low.min(self.len().saturating_sub(1))
    }
}

/// What is at the top of the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Scroll {
    /// Nothing in particular: the newest row is at the bottom.
    #[default]
    Follow,
    /// This row of this block. Rows count from the block's text; those that lead it in are below 0.
    At { key: Key, row: isize },
}

/// The first row that is drawn: so many rows into this block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Top {
    pub(crate) index: usize,
    pub(crate) skip: usize,
}

impl Scroll {
    pub(crate) fn is_following(self) -> bool {
        self == Self::Follow
    }

    /// The first row of a window of `view` rows.
    pub(crate) fn top(self, blocks: &impl Blocks, view: usize) -> Top {
        let Self::At { key, row } = self else { return bottom(blocks, view) };
        if blocks.len() == 0 {
            return bottom(blocks, view);
        }
        let index = blocks.find(key);
        let height = blocks.height(index);
        let skip = if blocks.key(index) == key {
            height.above.saturating_add_signed(row).min(height.total().saturating_sub(1))
        } else {
            0
        };
        let top = Top { index, skip };
        if is_far_above(blocks, index, view) { top } else { top.min(bottom(blocks, view)) }
    }

    /// One step towards the beginning.
    pub(crate) fn up(self, blocks: &impl Blocks, view: usize, by: usize) -> Self {
        let top = self.top(blocks, view);
        let mut left = by;
        let Top { mut index, mut skip } = top;
        while left > 0 {
            if skip >= left {
                skip -= left;
                left = 0;
            } else if index == 0 {
                skip = 0;
                left = 0;
            } else {
                left -= skip + 1;
                index -= 1;
                skip = blocks.height(index).total().saturating_sub(1);
            }
        }
        Self::anchored(blocks, Top { index, skip }, view)
    }

    /// One step towards the end; at the end the newest row is followed.
    pub(crate) fn down(self, blocks: &impl Blocks, view: usize, by: usize) -> Self {
        let Top { mut index, mut skip } = self.top(blocks, view);
        let mut left = by;
        while left > 0 && index < blocks.len() {
            let rest = blocks.height(index).total() - skip;
            if left < rest {
                skip += left;
                left = 0;
            } else {
                left -= rest;
                index += 1;
                skip = 0;
            }
        }
        Self::anchored(blocks, Top { index, skip }, view)
    }

    /// The very beginning of what is here.
    pub(crate) fn start(blocks: &impl Blocks, view: usize) -> Self {
        Self::anchored(blocks, Top { index: 0, skip: 0 }, view)
    }

    /// A window that begins with a block.
    pub(crate) fn begin(blocks: &impl Blocks, index: usize, view: usize) -> Self {
        Self::anchored(blocks, Top { index, skip: 0 }, view)
    }

    fn anchored(blocks: &impl Blocks, top: Top, view: usize) -> Self {
        let far = is_far_above(blocks, top.index, view);
        if blocks.len() == 0 || (!far && top >= bottom(blocks, view)) {
            return Self::Follow;
        }
        let above = blocks.height(top.index).above;
        Self::At { key: blocks.key(top.index), row: signed(top.skip) - signed(above) }
    }
}

fn signed(rows: usize) -> isize {
    isize::try_from(rows).unwrap_or(isize::MAX)
}

/// Whether a window that begins in this block surely ends before the last row: so many blocks come
/// after it, and each has a row at least. Spares the heights of the last ones.
fn is_far_above(blocks: &impl Blocks, index: usize, view: usize) -> bool {
    blocks.len().saturating_sub(index) > view
}

/// The first row of the window that ends with the last row.
fn bottom(blocks: &impl Blocks, view: usize) -> Top {
    let mut left = view;
    for index in (0..blocks.len()).rev() {
        let height = blocks.height(index).total();
        if height >= left {
            return Top { index, skip: height - left };
        }
        left -= height;
    }
    Top { index: 0, skip: 0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    struct Fake(Vec<(u64, Height)>);

    fn key(seq: u64) -> Key {
        Key::Entry(Place::of_message(seq))
    }

    impl Blocks for Fake {
        fn len(&self) -> usize {
            self.0.len()
        }
        fn key(&self, index: usize) -> Key {
            key(self.0[index].0)
        }
        fn height(&self, index: usize) -> Height {
            self.0[index].1
        }
    }

    impl Fake {
        fn of(seqs: std::ops::Range<u64>, body: usize) -> Self {
            Self(seqs.map(|seq| (seq, Height { above: usize::from(seq % 3 == 0), body })).collect())
        }

        /// What the rows of a window are: (seq, row of the text).
        fn window(&self, scroll: Scroll, view: usize) -> Vec<(u64, isize)> {
            let top = scroll.top(self, view);
            let rows = self.0.iter().enumerate().skip(top.index).flat_map(|(at, (seq, height))| {
                let from = if at == top.index { top.skip } else { 0 };
                (from..height.total()).map(|row| (*seq, signed(row) - signed(height.above)))
            });
            rows.take(view).collect()
        }
    }

    #[test]
    fn following_shows_the_last_rows() {
        let blocks = Fake::of(1..10, 2);

        assert_eq!(blocks.window(Scroll::Follow, 3).last(), Some(&(9, 1)));
    }

    #[test]
    fn a_page_up_and_a_page_down_come_back() {
        let blocks = Fake::of(1..50, 3);

        let up = Scroll::Follow.up(&blocks, 10, 9).up(&blocks, 10, 9);
        let back = up.down(&blocks, 10, 9).down(&blocks, 10, 9);

        assert!(!up.is_following());
        assert!(back.is_following());
    }

    #[test]
    fn a_conversation_that_fits_is_always_followed() {
        let blocks = Fake::of(1..3, 2);

        assert!(Scroll::Follow.up(&blocks, 20, 19).is_following());
        assert!(Scroll::start(&Fake(vec![]), 20).is_following());
    }

    proptest! {
        #[test]
        fn the_row_at_the_top_stays_under_append_prepend_and_resize(
            moves in prop::collection::vec(1usize..30, 1..6),
            view in 3usize..30, later in 0u64..20, earlier in 0u64..20, body in 1usize..5, other in 1usize..5,
        ) {
            let blocks = Fake::of(100..160, body);
            let scroll = moves.iter().fold(Scroll::Follow, |scroll, by| scroll.up(&blocks, view, *by));
            let Scroll::At { key: Key::Entry(place), row } = scroll else { return Ok(()) };

            let grown = Fake::of(100 - earlier..160 + later, body);
            prop_assert_eq!(grown.window(scroll, view), blocks.window(scroll, view));

            let resized = Fake::of(100 - earlier..160 + later, other);
            let top = resized.window(scroll, view)[0];
            let whole = resized.window(scroll, view).len() == view;
            prop_assert!(whole);
            let seq = place.number();
            prop_assert!(top.0 <= seq);
            // Only the end of the conversation may push the anchor down.
            if top != (seq, row.min(signed(other) - 1)) {
                prop_assert_eq!(resized.window(scroll, view), resized.window(Scroll::Follow, view));
            }
        }

        #[test]
        fn the_window_has_no_hole_and_both_ends_can_be_reached(count in 1u64..60, body in 1usize..6, view in 1usize..30) {
            let blocks = Fake::of(1..count + 1, body);
            let whole: Vec<_> = blocks.window(Scroll::At { key: key(0), row: 0 }, usize::MAX >> 1);
            let total = whole.len();

            let mut scroll = Scroll::Follow;
            for _ in 0..total {
                let window = blocks.window(scroll, view);
                prop_assert_eq!(window.len(), view.min(total));
                let at = whole.iter().position(|row| Some(row) == window.first()).unwrap_or(0);
                prop_assert_eq!(&window[..], &whole[at..at + window.len()]);
                scroll = scroll.up(&blocks, view, 1);
            }
            prop_assert_eq!(blocks.window(scroll, view)[0], whole[0]);
            for _ in 0..total {
                scroll = scroll.down(&blocks, view, 1);
            }
            prop_assert!(scroll.is_following());
        }
    }
}
