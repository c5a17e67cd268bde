//! Error codes. People read the message, programs the code; one table says what a code is over HTTP
//! and as an exit status.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal, $exit:literal;)*) => {
        /// What went wrong, as programs read it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[cfg_attr(test, derive(ts_rs::TS))]
        #[serde(rename_all = "snake_case")]
        pub enum ErrorCode {
            $($(#[$doc])* $name,)*
        }

        impl ErrorCode {
            /// Every code, in the order of the contract.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The code as it is on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The HTTP status that goes with the code.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// The exit status with which a command line ends.
            pub const fn exit_status(self) -> u8 {
                match self { $(Self::$name => $exit,)* }
            }
        }
    };
}

codes! {
    /// Does not parse, blank, out of range, not an id at all, an unknown event.
    Invalid = "invalid", 400, 2;
    /// Over a size limit.
    TooLarge = "too_large", 413, 2;
    /// No credential, or one that is bad or has ended.
    Unauthenticated = "unauthenticated", 401, 3;
    /// Wrong name or password; the two are not told apart.
    InvalidCredentials = "invalid_credentials", 401, 3;
    /// A one-time password must be changed first.
    PasswordChangeRequired = "password_change_required", 403, 3;
    /// Not for this role.
    Forbidden = "forbidden", 403, 4;
    /// The request comes from a page of another site.
    ForbiddenOrigin = "forbidden_origin", 403, 4;
    /// Not there, or not for this caller to see: the very same answer.
    NotFound = "not_found", 404, 5;
    /// The conversation is closed.
    TicketClosed = "ticket_closed", 409, 6;
    /// Lost a race, or against the present state.
    Conflict = "conflict", 409, 6;
    /// Too much, too fast; `retryAfterMs` says when to come again.
    RateLimited = "rate_limited", 429, 7;
    /// Store or broker out of reach: nothing was stored, try again.
    Unavailable = "unavailable", 503, 8;
    /// Our fault; `details.id` finds it in the log.
    Internal = "internal", 500, 1;
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An error as clients receive it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
#[error("{message}")]
pub struct ApiError {
    /// What programs decide on.
    pub code: ErrorCode,
    /// What people read: lower case, no full stop.
    pub message: String,
    /// Milliseconds after which the same request may succeed.
    #[serde(default)]
    #[cfg_attr(test, ts(type = "number | null"))]
    pub retry_after_ms: Option<u64>,
    /// More about the code, such as who won a claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(type = "unknown", optional))]
    pub details: Option<serde_json::Value>,
}

impl ApiError {
    /// An error without a time to come again and without details.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after_ms: None, details: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_the_same_in_text_and_in_json() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
