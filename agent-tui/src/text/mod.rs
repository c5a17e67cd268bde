//! Text that other people wrote, on its way to a terminal.
//!
//! Everything that came over the wire is [`Untrusted`] until [`sanitise()`] has seen it; widths are
//! ratatui's own, so that what is measured here is what is drawn.

mod direction;
mod links;
mod sanitise;
mod untrusted;
mod width;
mod wrap;

pub(crate) use direction::has_rtl;
pub(crate) use links::links;
pub(crate) use sanitise::sanitise;
pub use untrusted::Untrusted;
pub(crate) use width::{fit, width};
pub(crate) use wrap::{TAB, expand_tabs, rows};
