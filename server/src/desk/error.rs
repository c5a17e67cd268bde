//! Why the desk did not do it, and the one way this becomes what a client reads. Causes inside the
//! house are logged here, once, and never sent.

use support_shared::{ApiError, ErrorCode, ticket::AgentName};

use super::log::{Refusal, TAGS};
use super::store::StoreError;

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The command is not one that can be carried out.
    #[error("{0}")]
    Invalid(String),
    /// Over a size limit.
    #[error("{message}")]
    TooLarge {
        /// The limit's setting.
        limit: &'static str,
        /// How much would be right.
        message: String,
    },
    /// No credential, or one that is bad or has ended.
    #[error("sign in first")]
    Unauthenticated,
    /// Wrong name or password.
    #[error("wrong username or password")]
    InvalidCredentials,
    /// A one-time password must be changed first.
    #[error("change the one-time password first")]
    PasswordChangeRequired,
    /// Not for this role.
    #[error("not allowed for you")]
    Forbidden,
    /// Not there, or not for this caller to see.
    #[error("no such ticket")]
    NotFound,
    /// Something other than a ticket is not there.
    #[error("{0}")]
    Missing(String),
    /// The conversation is closed.
    #[error("this conversation is closed")]
    TicketClosed,
    /// Against the present state.
    #[error("{0}")]
    Conflict(String),
    /// Somebody else was faster.
    #[error("{}", match .0 {
        Some(agent) => format!("{} answers for this ticket", agent.name),
        None => "nobody answers for this ticket".to_owned(),
    })]
    Assigned(Option<AgentName>),
    /// Too much, too fast.
    #[error("too many requests, try again later")]
    RateLimited {
        /// The limit's setting.
        limit: &'static str,
        /// Milliseconds after which it may succeed.
        retry_after_ms: u64,
    },
    /// More at once than is done at once, by everybody together.
    #[error("too much at once, try again in a moment")]
    Busy {
        /// What is full.
        limit: &'static str,
        /// Milliseconds after which it may succeed.
        retry_after_ms: u64,
    },
    /// The store is out of reach.
    #[error("the desk is out of reach for a moment, nothing was stored; try again")]
    Unavailable(#[source] anyhow::Error),
    /// Our fault.
    #[error("something went wrong on our side")]
    Internal(#[source] anyhow::Error),
}

impl DeskError {
    /// What programs read.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Invalid(_) => ErrorCode::Invalid,
            Self::TooLarge { .. } => ErrorCode::TooLarge,
            Self::Unauthenticated => ErrorCode::Unauthenticated,
            Self::InvalidCredentials => ErrorCode::InvalidCredentials,
            Self::PasswordChangeRequired => ErrorCode::PasswordChangeRequired,
            Self::Forbidden => ErrorCode::Forbidden,
            Self::NotFound | Self::Missing(_) => ErrorCode::NotFound,
            Self::TicketClosed => ErrorCode::TicketClosed,
            Self::Conflict(_) | Self::Assigned(_) => ErrorCode::Conflict,
            Self::RateLimited { .. } => ErrorCode::RateLimited,
            Self::Unavailable(_) | Self::Busy { .. } => ErrorCode::Unavailable,
            Self::Internal(_) => ErrorCode::Internal,
        }
    }

    /// The error as a client receives it; `id` finds it in the log.
    pub fn to_api(&self, id: ulid::Ulid) -> ApiError {
        let mut error = ApiError::new(self.code(), self.to_string());
        match self {
            Self::RateLimited { retry_after_ms, .. } | Self::Busy { retry_after_ms, .. } => {
                error.retry_after_ms = Some(*retry_after_ms);
            }
            Self::Assigned(assignee) => {
                error.details = Some(serde_json::json!({ "assignee": assignee }));
            }
            Self::Unavailable(cause) => {
                error.retry_after_ms = Some(1_000);
                tracing::warn!(cause = format!("{cause:#}"), "the store is unavailable");
            }
            Self::Internal(cause) => {
                error.details = Some(serde_json::json!({ "id": id.to_string() }));
                tracing::error!(error.id = %id, cause = format!("{cause:#}"), "internal error");
            }
            _ => {}
        }
        error
    }
}

impl From<StoreError> for DeskError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::Unavailable(error.into()),
            StoreError::Corrupt(_) => Self::Internal(error.into()),
        }
    }
}

impl From<Refusal> for DeskError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Closed => Self::TicketClosed,
            Refusal::NotClosed => Self::Conflict("this conversation is open".to_owned()),
            Refusal::Assigned(assignee) => Self::Assigned(assignee),
            Refusal::TooManyTags => Self::Invalid(format!("a ticket has at most {TAGS} tags")),
        }
    }
}
