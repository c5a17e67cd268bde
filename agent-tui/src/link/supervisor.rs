//! Keeps a connection up: one attempt after the other, each on fresh ground, with a wait between
//! that grows. Answers every request it was given exactly once, if only with "lost".

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use serde_json::Value;
use support_shared::canned::CannedList;
use support_shared::notice::AgentNotice;
use support_shared::request::{AgentRequest, Count, ListTickets};
use support_shared::{AgentId, ErrorCode};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::answer::decode;
use super::backoff::Backoff;
use super::connection::{Connection, Ground, Heard, Watch};
use super::{Order, Patience};
use crate::clock::{self, sleep_or_never};
use crate::core::Msg;
use crate::core::link::{LinkEvent, Refusal};
use crate::credentials::{Credentials, Session};
use crate::ops::{Desk, Failure};

/// A connection that held this long was a good one.
const HELD: Duration = Duration::from_secs(5);
/// After a refresh that did not work for reasons that pass.
const REFRESH_AGAIN: Duration = Duration::from_mins(1);

/// Why an attempt is over.
#[derive(Debug)]
enum End {
    /// The console is gone.
    Stop,
    Lost(String),
    SignedOut(String),
}

pub(super) struct Supervisor {
    desk: Desk,
    credentials: Credentials,
    session: Option<Session>,
    patience: Patience,
    orders: mpsc::Receiver<Order>,
    tell: mpsc::Sender<Msg>,
    backoff: Backoff,
    /// Since when there has been no connection that held.
    lost_at: Option<Instant>,
    /// Requests that have no answer yet; the first may be under way.
    waiting: VecDeque<Box<AgentRequest>>,
}

/// A request under way, or a probe.
struct Asked {
    probe: bool,
    until: Instant,
}

/// A call over HTTP while the connection goes on.
type Call<T> = Pin<Box<dyn Future<Output = Result<T, Failure>>>>;

impl Supervisor {
    pub(super) fn new(
        desk: Desk,
        credentials: Credentials,
        session: Session,
        patience: Patience,
        orders: mpsc::Receiver<Order>,
        tell: mpsc::Sender<Msg>,
    ) -> Self {
        let (session, backoff, waiting) = (Some(session), Backoff::default(), VecDeque::new());
        Self { desk, credentials, session, patience, orders, tell, backoff, lost_at: None, waiting }
    }

    pub(super) fn run(mut self) {
        let mut wait = None;
        loop {
            let end = match Ground::new() {
                Ok(ground) => {
                    let end = ground.runtime.block_on(self.attempt(ground.watch(), wait.take()));
                    // Ends the library's receiving task with the ground it stands on.
                    ground.runtime.shutdown_background();
                    end
                }
                // Without a runtime there is nothing to wait on: the console hears that we are gone.
                Err(_) => return,
            };
            tracing::debug!(?end, "an attempt is over");
            match end {
                End::Stop => return,
                End::Lost(why) => {
                    let away = self.lost_at.get_or_insert_with(Instant::now).elapsed();
                    let pause = self.backoff.next(&self.patience, away, rand::random());
                    wait = Some((pause, why));
                }
                End::SignedOut(why) => {
                    self.session = None;
                    wait = Some((Duration::ZERO, why));
                }
            }
        }
    }

    /// Waits its time, connects, and serves until the connection is over.
    async fn attempt(&mut self, watch: Watch, wait: Option<(Duration, String)>) -> End {
        match self.try_attempt(watch, wait).await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn try_attempt(
        &mut self,
        watch: Watch,
        wait: Option<(Duration, String)>,
    ) -> Result<std::convert::Infallible, End> {
        match (wait, self.session.is_some()) {
            (Some((_, why)), false) => {
                self.say(LinkEvent::SignedOut { why: why.into() }).await?;
                self.lose_waiting().await?;
                self.rest(None).await?;
            }
            (Some((pause, why)), true) => {
                let retry_at = clock::now().plus_millis(millis(pause));
                self.say(LinkEvent::Offline { why: why.into(), retry_at }).await?;
                self.lose_waiting().await?;
                self.rest(Some(Instant::now() + pause)).await?;
            }
            (None, _) => {}
        }
        self.say(LinkEvent::Connecting).await?;
        let session = self.fresh_session().await?;
        let mut connection = self.connect(&session, watch).await?;
        let since = Instant::now();
        self.say(LinkEvent::Online(Box::new(session.agent))).await?;
        let end = self.serve(&mut connection).await;
        if since.elapsed() >= HELD {
            self.lost_at = None;
        }
        connection.close().await;
        end
    }

    async fn say(&self, event: LinkEvent) -> Result<(), End> {
        self.tell.send(Msg::Link(event)).await.map_err(|_| End::Stop)
    }

    /// Whatever was asked will not be answered on this connection.
    async fn lose_waiting(&mut self) -> Result<(), End> {
        while let Some(request) = self.waiting.pop_front() {
            self.say(LinkEvent::Answered { request, answer: Err(Refusal::Lost) }).await?;
        }
        Ok(())
    }

    /// Does nothing until a moment, a hurry, or (without a session) a sign-in.
    async fn rest(&mut self, until: Option<Instant>) -> Result<(), End> {
        let mut sign_in: Option<Call<Session>> = None;
        let mut agent = None;
        loop {
            let order = tokio::select! {
                order = self.orders.recv() => order,
                () = sleep_or_never(until) => return Ok(()),
                outcome = done(&mut sign_in) => {
                    sign_in = None;
                    match signed_in(agent, outcome) {
                        Ok(session) => {
                            self.keep(session);
                            return Ok(());
                        }
                        Err(why) => {
                            self.say(LinkEvent::SignInRefused { why: why.into() }).await?;
                            continue;
                        }
                    }
                }
            };
            match order {
                None => return Err(End::Stop),
                Some(Order::Hurry) if self.session.is_some() => return Ok(()),
                // Whoever asked hears that we are offline.
                Some(Order::Hurry | Order::ReadCanned) => {}
                Some(Order::SignIn { agent: asks, password }) => {
                    agent = Some(asks.id);
                    let desk = self.desk.clone();
                    sign_in = Some(Box::pin(async move {
                        desk.login(&asks.username, password.reveal()).await
                    }));
                }
                Some(Order::Ask(request)) => {
                    self.waiting.push_back(request);
                    self.lose_waiting().await?;
                }
            }
        }
    }

    /// The session, renewed if it ends soon.
    async fn fresh_session(&mut self) -> Result<Session, End> {
        let Some(session) = self.session.clone() else {
            return Err(End::SignedOut("signed out".to_owned()));
        };
        let now = clock::now();
        if session.is_over(now) {
            return Err(End::SignedOut("the session has ended".to_owned()));
        }
        if session.renew_at() > now {
            return Ok(session);
        }
        match self.desk.refresh(&session.token).await {
            Ok(renewed) => {
                self.keep(renewed.clone());
                Ok(renewed)
            }
            Err(failure) if is_signed_out(&failure) => Err(End::SignedOut(failure.to_string())),
            Err(failure) => Err(End::Lost(failure.to_string())),
        }
    }

    fn keep(&mut self, session: Session) {
        if let Err(error) = self.credentials.save(&session) {
            tracing::warn!(%error, "the renewed token is not stored");
        }
        self.session = Some(session);
    }

    /// A connection whose namespace has let us in.
    async fn connect(&mut self, session: &Session, watch: Watch) -> Result<Connection, End> {
        let server = self.desk.server().clone();
        let admitted = async {
            let mut connection = Connection::open(&server, &session.token, watch)
                .await
                .map_err(|words| refusal(&words))?;
            loop {
                match connection.hear().await {
                    Heard::Admitted => return Ok(connection),
                    Heard::Failed(words) => return Err(refusal(&words)),
                    Heard::Closed => {
                        return Err(End::Lost("the server closed the connection".to_owned()));
                    }
                    Heard::Notice { .. } | Heard::Answer(_) => {}
                }
            }
        };
        tokio::time::timeout(self.patience.connect, admitted)
            .await
            .unwrap_or_else(|_| Err(End::Lost("no answer in time".to_owned())))
    }

    async fn serve(
        &mut self,
        connection: &mut Connection,
    ) -> Result<std::convert::Infallible, End> {
        let mut asked: Option<Asked> = None;
        let mut heard_at = Instant::now();
        let mut renew_at = self.renew_at();
        let mut renewal: Option<Call<Session>> = None;
        let mut reading: Option<Call<CannedList>> = None;
        loop {
            if asked.is_none()
                && let Some(request) = self.waiting.front()
            {
                asked = Some(ask(connection, request, false, &self.patience).await?);
            }
            let quiet_until =
                asked.as_ref().map_or(heard_at + self.patience.silence, |asked| asked.until);
            tokio::select! {
                heard = connection.hear() => {
                    heard_at = Instant::now();
                    self.heard(heard, &mut asked).await?;
                }
                order = self.orders.recv() => match order {
                    None => return Err(End::Stop),
                    Some(Order::Ask(request)) => self.waiting.push_back(request),
                    Some(Order::ReadCanned) => reading = self.read_canned(),
                    // There is a session already.
                    Some(Order::Hurry | Order::SignIn { .. }) => {}
                },
                () = sleep_until(quiet_until) => {
                    if asked.is_some() {
                        return Err(End::Lost("no answer in time".to_owned()));
                    }
                    let limit = Some(Count::ONE);
                    let probe = AgentRequest::ListTickets(ListTickets { limit, ..ListTickets::default() });
                    asked = Some(ask(connection, &probe, true, &self.patience).await?);
                }
                () = sleep_or_never(renew_at) => {
                    renew_at = None;
                    if let Some(token) = self.session.as_ref().map(|session| session.token.clone()) {
                        let desk = self.desk.clone();
                        renewal = Some(Box::pin(async move { desk.refresh(&token).await }));
                    }
                }
                read = done(&mut reading) => {
                    reading = None;
                    let outcome = read.map(|list| list.canned).map_err(|it| it.to_string().into());
                    self.tell.send(Msg::Canned(outcome)).await.map_err(|_| End::Stop)?;
                }
                renewed = done(&mut renewal) => {
                    renewal = None;
                    match renewed {
                        Ok(session) => {
                            self.keep(session);
                            renew_at = self.renew_at();
                        }
                        Err(failure) if is_signed_out(&failure) => return Err(End::SignedOut(failure.to_string())),
                        Err(_) => renew_at = Some(Instant::now() + REFRESH_AGAIN),
                    }
                }
            }
        }
    }

    fn read_canned(&self) -> Option<Call<CannedList>> {
        let (desk, token) = (self.desk.clone(), self.session.as_ref()?.token.clone());
        Some(Box::pin(async move { desk.canned(&token).await.map(|(_, list)| list) }))
    }

    async fn heard(&mut self, heard: Heard, asked: &mut Option<Asked>) -> Result<(), End> {
        if let Heard::Notice { name, .. } = &heard {
            tracing::debug!(name, "heard");
        }
        match heard {
            Heard::Admitted => Ok(()),
            Heard::Closed => Err(End::Lost("the server closed the connection".to_owned())),
            Heard::Failed(words) => Err(refusal(&words)),
            Heard::Answer(json) => match asked.take() {
                Some(Asked { probe: false, .. }) => match self.waiting.pop_front() {
                    Some(request) => {
                        let answer = decode(&request, json);
                        self.say(LinkEvent::Answered { request, answer }).await
                    }
                    None => Ok(()),
                },
                _ => Ok(()),
            },
            Heard::Notice { name, payload } => match AgentNotice::decode(&name, &payload) {
                Ok(AgentNotice::SessionEnded(ended)) => Err(match ended.code {
                    ErrorCode::Unavailable | ErrorCode::RateLimited | ErrorCode::Internal => {
                        End::Lost(ended.message)
                    }
                    _ => End::SignedOut(ended.message),
                }),
                Ok(AgentNotice::ServerDraining(draining)) => {
                    self.backoff.ask(Duration::from_millis(draining.reconnect_in_ms));
                    Ok(())
                }
                Ok(notice) => self.say(LinkEvent::Notice(Box::new(notice))).await,
                // Notices of a newer server are none of our business.
                Err(_) => Ok(()),
            },
        }
    }

    fn renew_at(&self) -> Option<Instant> {
        let left = self.session.as_ref()?.renew_at().as_millis() - clock::now().as_millis();
        Some(Instant::now() + Duration::from_millis(u64::try_from(left).unwrap_or(0)))
    }
}

async fn ask(
    connection: &Connection,
    request: &AgentRequest,
    probe: bool,
    patience: &Patience,
) -> Result<Asked, End> {
    let payload = serde_json::to_value(request).map_err(|error| End::Lost(error.to_string()))?;
    let until = Instant::now() + patience.answer;
    connection.ask(request.name(), payload, patience.answer).await.map_err(End::Lost)?;
    Ok(Asked { probe, until })
}

/// What the library's words mean: a refused namespace carries the server's code.
fn refusal(words: &str) -> End {
    let refused = words.split_once("ConnectError frame: ").map(|(_, json)| json);
    let code = refused
        .and_then(|json| serde_json::from_str::<Value>(json).ok())
        .and_then(|json| json.get("message").and_then(Value::as_str).map(str::to_owned));
    match code {
        Some(code)
            if matches!(
                code.as_str(),
                "unauthenticated" | "forbidden" | "password_change_required"
            ) =>
        {
            End::SignedOut(format!("the server says: {code}"))
        }
        Some(code) => End::Lost(format!("the server says: {code}")),
        // The library's name for whatever happened to the connection.
        None if words == "EngineIO Error" => End::Lost("connection broken".to_owned()),
        None => End::Lost(words.to_owned()),
    }
}

fn is_signed_out(failure: &Failure) -> bool {
    failure
        .code()
        .is_some_and(|code| code.exit_status() == ErrorCode::Unauthenticated.exit_status())
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The session of the agent who was signed in before, or why there is none, in words for whoever
/// has typed the password.
fn signed_in(agent: Option<AgentId>, outcome: Result<Session, Failure>) -> Result<Session, String> {
    match outcome {
        Ok(session) if Some(session.agent.id) != agent => {
            Err("this name is another agent's by now".to_owned())
        }
        Ok(session) if session.agent.must_change_password => {
            Err("this password is for one use: choose your own with support-agent login".to_owned())
        }
        Ok(session) => Ok(session),
        Err(failure) if failure.code() == Some(ErrorCode::InvalidCredentials) => {
            Err("wrong password".to_owned())
        }
        Err(failure) => Err(failure.to_string()),
    }
}

/// The outcome of a call, if one is under way.
async fn done<T>(call: &mut Option<Call<T>>) -> Result<T, Failure> {
    match call {
        Some(call) => call.await,
        None => std::future::pending().await,
    }
}
