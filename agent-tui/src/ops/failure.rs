//! Why something was not done, in words that are fit for a terminal.

use std::fmt;

use serde_json::Value;
use support_shared::{ApiError, ErrorCode};

use crate::text::Untrusted;

/// Why something was not done. Its text is fit for a terminal.
#[derive(Debug)]
pub(crate) enum Failure {
    Refused(ApiError),
    Unreachable {
        server: String,
        why: String,
    },
    /// The server answered, and not as the contract says.
    Nonsense,
}

impl Failure {
    /// The same as the contract says it.
    pub(crate) fn error(&self) -> ApiError {
        match self {
            Self::Refused(error) => error.clone(),
            Self::Unreachable { .. } => ApiError::new(ErrorCode::Unavailable, self.to_string()),
            Self::Nonsense => ApiError::new(ErrorCode::Internal, self.to_string()),
        }
    }

    pub(crate) fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(error) => Some(error.code),
            _ => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => {
                let message = Untrusted::from(error.message.as_str()).line(300);
                write!(f, "{message} ({})", error.code)?;
                match error.retry_after_ms {
                    Some(wait) => write!(f, ", try again in {} s", wait.div_ceil(1000)),
                    None => Ok(()),
                }
            }
            Self::Unreachable { server, why } => {
                write!(f, "cannot reach {server}: {}", Untrusted::from(why.as_str()).line(200))
            }
            Self::Nonsense => f.write_str("the answer is not one of a support server"),
        }
    }
}

impl std::error::Error for Failure {}

/// An error answer; one that is not of the contract is named by its status.
pub(super) fn problem(status: u16, text: &str) -> Failure {
    let Ok(problem) = serde_json::from_str::<Value>(text) else { return Failure::Nonsense };
    let code =
        problem.get("code").and_then(|code| serde_json::from_value::<ErrorCode>(code.clone()).ok());
    let code = code.or_else(|| ErrorCode::ALL.iter().copied().find(|code| code.status() == status));
    let Some(code) = code else { return Failure::Nonsense };
    let words = problem.get("detail").or_else(|| problem.get("title")).and_then(Value::as_str);
    let mut error = ApiError::new(code, words.unwrap_or("no reason given"));
    error.retry_after_ms = problem.get("retryAfterMs").and_then(Value::as_u64);
    error.details = problem.get("details").cloned();
    Failure::Refused(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_its_code_and_its_words() {
        let failure = problem(
            409,
            r#"{"type":"about:blank","status":409,"detail":"closed\u001b[31m","code":"ticket_closed","retryAfterMs":null}"#,
        );

        assert_eq!(failure.to_string(), "closed (ticket_closed)");
        assert_eq!(failure.error().code.exit_status(), 6);
    }

    #[test]
    fn what_is_no_problem_of_ours_is_named_by_its_status_or_as_nonsense() {
        assert_eq!(problem(429, r#"{"title":"slow"}"#).error().code.exit_status(), 7);
        assert_eq!(problem(502, "<html>").error().code.exit_status(), 1);
    }
}
