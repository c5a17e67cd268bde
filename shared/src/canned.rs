//! Canned replies: texts that the desk keeps for all its agents, with blanks to be filled in.
//!
//! In a text, `{guest.name}`, `{agent.name}` and `{ticket.ref}` are filled in by whoever inserts it;
//! any other `{…}` on one line is a hole that the agent fills. Nothing is filled in by the server:
//! what is sent is an ordinary message.

use serde::{Deserialize, Serialize};

use crate::{
    CannedId, Timestamp,
    text::{Content, Shortcut, Title},
};

/// A canned reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Canned {
    /// Its id.
    pub id: CannedId,
    /// What is typed to find it; no two have the same.
    pub shortcut: String,
    /// What it is for, in a line.
    pub title: String,
    /// The text, with its variables and holes.
    pub text: String,
    /// When it was written or changed.
    pub updated_at: Timestamp,
}

/// A canned reply to be added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewCanned {
    /// What is typed to find it.
    pub shortcut: Shortcut,
    /// What it is for, in a line.
    pub title: Title,
    /// The text, with its variables and holes.
    pub text: Content,
}

/// What is to change of a canned reply. What is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CannedEdit {
    /// What is typed to find it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shortcut: Option<Shortcut>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Title>,
    /// The text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Content>,
}

/// The answer to a change of a canned reply (HTTP).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CannedAnswer {
    /// The canned reply as it is now.
    pub canned: Canned,
}

/// The answer to `GET /api/v1/canned` (HTTP).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CannedList {
    /// All of them, by shortcut.
    pub canned: Vec<Canned>,
}
