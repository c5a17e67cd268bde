//! What the console can be told to do. One table is the source of the key map, the footer, the
//! help and the tests that hold them together; running a command is `core`'s business.

mod available;
mod chord;
mod keymap;
mod scope;
mod table;

pub(crate) use available::Availability;
pub(crate) use chord::Chord;
pub(crate) use keymap::{Found, Keymap, Keys};
pub(crate) use scope::Scope;
pub(crate) use table::{Command, CommandId, group, rows};
