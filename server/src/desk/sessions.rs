//! Logins that have ended where this node could not see it: on another node, or by a write of one
//! that has died since. Their connections are looked for in rounds and ended. What ends a login is
//! in `accounts`; that a connection outlives its token is for `socket` to prevent.

use std::sync::Arc;
use std::time::Duration;

use super::{Desk, DeskError, hub::Ending};

/// How often the logins of connected agents are looked up on a store that other nodes write to:
/// they are to be gone within a second.
const ROUND: Duration = Duration::from_millis(750);

/// How often on a store that is this node's alone, where only what the store did not answer in time
/// can have been missed.
const ROUND_ALONE: Duration = Duration::from_secs(5);

impl Desk {
    /// Ends the connections of logins that have ended, again and again, until the server stops.
    pub(super) async fn look_after_sessions(self: Arc<Self>) {
        let round = if self.store.is_shared() { ROUND } else { ROUND_ALONE };
        while self.waits(round).await {
            if let Err(error) = self.look_at_sessions().await {
                tracing::warn!(%error, "which logins have ended was not looked up");
            }
        }
    }

    async fn look_at_sessions(&self) -> Result<(), DeskError> {
        let connected = self.connections.sessions();
        if connected.is_empty() {
            return Ok(());
        }
        for session in self.store.ended_sessions(connected).await? {
            self.end(Ending::Session(session), "this login has ended, sign in again");
        }
        Ok(())
    }
}
