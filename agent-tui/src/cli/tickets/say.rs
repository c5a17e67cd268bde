//! `tickets reply` and `note`. A text has one name for all its tries, so that however often it is
//! sent it is stored once.

use std::time::Duration;

use anyhow::Context as _;
use support_shared::ErrorCode;

use super::{Say, path_of};
use crate::cli::{Context, input, output};
use crate::fresh;
use crate::ops::Failure;

/// How long to wait before the second and the third try.
const WAITS: [Duration; 2] = [Duration::from_millis(500), Duration::from_millis(1_500)];

pub(super) async fn run(context: &Context, say: Say, internal: bool) -> anyhow::Result<()> {
    let content = match say.text {
        Some(text) => text,
        None => input::text()?,
    };
    let session = context.session().await?;
    let name = path_of(say.which.ticket);
    let id = fresh::client_message_id();
    let sent = tries(&WAITS, async || {
        context.desk.say(&session.token, &name, &id, &content, internal).await
    })
    .await;
    let (text, answer) = match sent {
        Err(failure) if passes(&failure) => {
            return Err(failure).context("it is not certain that it was sent");
        }
        other => other?,
    };
    if say.which.json {
        output::json(&text)?;
        return Ok(());
    }
    let message = answer.message;
    match (message.note_seq, message.seq) {
        (Some(number), _) => output::line(&format!("note {number} is stored"))?,
        (None, number) => {
            output::line(&format!("message {} is sent", number.unwrap_or_default()))?;
        }
    }
    Ok(())
}

/// Tries again, after each of these waits, what failed for reasons that pass.
async fn tries<T>(
    waits: &[Duration],
    attempt: impl AsyncFn() -> Result<T, Failure>,
) -> Result<T, Failure> {
    for wait in waits {
        match attempt().await {
            Err(failure) if passes(&failure) => tokio::time::sleep(*wait).await,
            done => return done,
        }
    }
    attempt().await
}

fn passes(failure: &Failure) -> bool {
    matches!(failure, Failure::Unreachable { .. }) || failure.code() == Some(ErrorCode::Unavailable)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use support_shared::ApiError;

    use super::*;

    /// How often it was tried, and what came of it, when the first tries end like this.
    fn tried(errors: &[ErrorCode]) -> (usize, Result<(), Failure>) {
        let count = Cell::new(0);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let outcome = runtime.block_on(tries(&[Duration::ZERO; 2], async || {
            let at = count.replace(count.get() + 1);
            match errors.get(at) {
                Some(code) => Err(Failure::Refused(ApiError::new(*code, "no"))),
                None => Ok(()),
            }
        }));
        (count.get(), outcome)
    }

    #[test]
    fn what_passes_is_tried_three_times() {
        let busy = ErrorCode::Unavailable;

        assert!(matches!(tried(&[busy, busy]), (3, Ok(()))));
        assert!(matches!(tried(&[busy, busy, busy]), (3, Err(_))));
    }

    #[test]
    fn a_last_word_is_not_asked_for_again() {
        assert!(matches!(tried(&[ErrorCode::TicketClosed]), (1, Err(_))));
        assert!(matches!(tried(&[]), (1, Ok(()))));
    }
}
