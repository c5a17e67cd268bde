//! A short line to the agent that goes by itself: what happened, or why a key did nothing.

use support_shared::Timestamp;

use crate::commands::CommandId;

/// How long a line stays, unless a key is pressed before.
const SHOWN_MILLIS: i64 = 5_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Toast {
    pub(crate) text: String,
    pub(crate) until: Timestamp,
    /// The command that shows more of it.
    pub(crate) leads_to: Option<CommandId>,
}

impl Toast {
    /// `text` is the console's own words; what is quoted in it has been neutralised.
    pub(crate) fn new(text: impl Into<String>, now: Timestamp) -> Self {
        Self { text: text.into(), until: now.plus_millis(SHOWN_MILLIS), leads_to: None }
    }

    /// One that tells by which command the agent sees more of it.
    pub(crate) fn leading(text: impl Into<String>, now: Timestamp, to: CommandId) -> Self {
        Self { leads_to: Some(to), ..Self::new(text, now) }
    }
}
