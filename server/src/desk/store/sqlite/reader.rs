//! Read-only connections, lent to one blocking task at a time. At most as many reads run as there
//! are connections; the rest wait in line, each bounded by the caller's time limit.

use std::sync::Arc;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::{Result, StoreError};

/// The connections that are not lent out.
pub(super) struct Readers {
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

/// A connection that goes back when the read is over, also when it panics.
struct Lent {
    readers: Arc<Readers>,
    connection: Option<Connection>,
    /// Given back after the connection, also when nobody waits for the read any more.
    _permit: OwnedSemaphorePermit,
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }
}

impl Readers {
    pub(super) fn new(connections: Vec<Connection>) -> Self {
        Self { permits: Arc::new(Semaphore::new(connections.len())), idle: Mutex::new(connections) }
    }

    /// Runs `read` on a connection, off the async threads.
    pub(super) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|e| StoreError::Unavailable(e.into()))?;
        let connection = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let lent = Lent { readers: Arc::clone(self), connection, _permit: permit };
        let result = tokio::task::spawn_blocking(move || match &lent.connection {
            Some(connection) => read(connection),
            None => Err(StoreError::Unavailable(anyhow::anyhow!("no connection is idle"))),
        })
        .await;
        // A read that never began, because the process ends, is no fault of what is stored.
        result.map_err(|error| {
            if error.is_cancelled() {
                StoreError::Unavailable(error.into())
            } else {
                StoreError::Corrupt(error.into())
            }
        })?
    }
}
