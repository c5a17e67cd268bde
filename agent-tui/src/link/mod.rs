//! The connection to the server, on a thread and a runtime of its own: a terminal that stalls must
//! not stop the heart-beats.
//!
//! Nothing outside this module names the Socket.IO library. What passes the wall are the console's
//! own types: requests in, [`Msg`]s out, both through bounded channels.

mod answer;
mod backoff;
mod connection;
mod supervisor;

#[cfg(test)]
mod tests;

use std::thread::JoinHandle;
use std::time::Duration;

use support_shared::request::AgentRequest;
use support_shared::ticket::Agent;
use tokio::sync::mpsc;

use crate::core::Msg;
use crate::core::sign_in::Password;
use crate::credentials::{Credentials, Session};
use crate::ops::Desk;

/// How many requests may wait for the link. A console asks one thing for each key.
const REQUESTS: usize = 1024;

/// What the link is told.
#[derive(Debug)]
pub(crate) enum Order {
    Ask(Box<AgentRequest>),
    /// Read the canned replies.
    ReadCanned,
    /// Sign in again as this agent, and go on.
    SignIn {
        agent: Box<Agent>,
        password: Password,
    },
    /// Connect now instead of waiting.
    Hurry,
}

/// How long the link waits for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For the namespace to answer, from the first byte on.
    pub(crate) connect: Duration,
    /// For the acknowledgement of a request.
    pub(crate) answer: Duration,
    /// Without anything heard, before a cheap request asks whether anybody is there.
    pub(crate) silence: Duration,
    /// The first and the longest wait between attempts.
    pub(crate) first_wait: Duration,
    pub(crate) longest_wait: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(10),
            // The library hides the server's pings. With the answer's time a dead connection is
            // noticed after 30 s of silence.
            silence: Duration::from_secs(20),
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
        }
    }
}

/// A running link. Dropping it disconnects and waits for its thread.
pub(crate) struct Link {
    orders: Option<mpsc::Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Link {
    /// Starts the link; it tells by `tell`, and stops when that or the link itself is dropped.
    pub(crate) fn start(
        desk: Desk,
        credentials: Credentials,
        session: Session,
        patience: Patience,
        tell: mpsc::Sender<Msg>,
    ) -> std::io::Result<Self> {
        let (orders, inbox) = mpsc::channel(REQUESTS);
        let farewell = Farewell(tell.clone());
        let supervisor =
            supervisor::Supervisor::new(desk, credentials, session, patience, inbox, tell);
        let thread = std::thread::Builder::new().name("link".to_owned()).spawn(move || {
            let _farewell = farewell;
            supervisor.run();
        })?;
        Ok(Self { orders: Some(orders), thread: Some(thread) })
    }

    /// Hands an order over, or gives it back if the link does not keep up.
    pub(crate) fn order(&self, order: Order) -> Result<(), Order> {
        match &self.orders {
            Some(orders) => orders.try_send(order).map_err(|error| match error {
                mpsc::error::TrySendError::Full(order)
                | mpsc::error::TrySendError::Closed(order) => order,
            }),
            None => Err(order),
        }
    }
}

/// Says that the link's thread is over, however it ended. A console that is gone does not listen.
struct Farewell(mpsc::Sender<Msg>);

impl Drop for Farewell {
    fn drop(&mut self) {
        let _ = self.0.blocking_send(Msg::Fatal("the connection's thread has failed"));
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
