//! One running server: puts the parts together, serves until it is told to stop, and stops within
//! a time that is known.

use std::sync::Arc;
use std::time::Duration;

use support_shared::{notice::ServerDraining, text::Username, ticket::AgentRole};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::accept::{self, Patience, Terms};
use crate::auth::{self, guest::GuestCookies, token::Tokens};
use crate::clock::Source;
use crate::config::Config;
use crate::desk::{Actor, Command, Desk, DeskError, NewAgent, Secret, Who};
use crate::http::{Http, cookies::Cookies, gate::Gate, metrics, openapi, origin::Origins};
use crate::hub::Rooms;
use crate::peers::Peers;
use crate::socket::{self, Sockets};
use crate::telemetry::Meter;

/// How long stopping may take in each of its steps.
const STEP: Duration = Duration::from_secs(2);

/// Milliseconds over which clients are asked to spread when they come back.
const SPREAD_MS: u64 = 2_000;

/// A server that is ready to listen.
pub struct Server {
    desk: Arc<Desk>,
    rooms: Rooms,
    http: Http,
    config: Config,
    source: Source,
    tasks: TaskTracker,
    first_password: Option<String>,
    meter: Meter,
    /// From when on nobody is let in any more.
    stopping: CancellationToken,
}

/// Why a server could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store could not be opened.
    #[error(transparent)]
    Store(#[from] crate::desk::OpenError),
    /// The keys could not be read or made.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The desk did not do what a start needs.
    #[error("cannot start: {0}")]
    Desk(#[from] DeskError),
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct KeysError(#[from] auth::keys::KeysError);

impl Server {
    /// Opens the store and the keys. Without any agent, adds `admin` with a password for one use.
    pub async fn open(config: Config, source: Source) -> Result<Self, StartError> {
        let rooms = Rooms::default();
        let meter = Meter::new();
        let stopping = CancellationToken::new();
        let desk = Desk::open(
            &config.store,
            Arc::new(rooms.clone()),
            config.limits.clone(),
            source.clone(),
            meter.clone(),
        )
        .await?;
        let keys = auth::keys::load(&config.data, &source).map_err(KeysError)?;
        let first_password = add_first_admin(&desk, &source).await?;
        desk.resume().await?;
        let http = Http {
            desk: Arc::clone(&desk),
            tokens: Arc::new(Tokens::new(keys.tokens, source.clone())),
            guest_cookies: Arc::new(GuestCookies::new(keys.guests, source.clone())),
            source: source.clone(),
            cookies: Cookies { secure: config.is_behind_tls() },
            origins: Arc::new(Origins {
                public: config.public_url.clone(),
                embedding: config.embed_origins.clone(),
            }),
            proxies: Arc::new(config.trusted_proxies.clone()),
            gate: Arc::new(Gate::new(
                config.limits.handshakes_per_second,
                Duration::from_millis(config.limits.connect_timeout_ms),
                stopping.clone(),
                meter.clone(),
            )),
            body_bytes: config.limits.packet_bytes,
            body_patience: Duration::from_millis(config.limits.connect_timeout_ms),
            meter: meter.clone(),
            openapi: openapi::text(),
        };
        let tasks = TaskTracker::new();
        Ok(Self { desk, rooms, http, config, source, tasks, first_password, meter, stopping })
    }

    /// The password of `admin`, if this start has made it. It is said once.
    pub fn first_password(&self) -> Option<&str> {
        self.first_password.as_deref()
    }

    /// Serves until `shutdown`, then tells the connected, finishes what was begun and returns.
    pub async fn run(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let Self { desk, rooms, http, config, source, tasks, meter, stopping, .. } = self;
        if let Some(address) = config.metrics {
            let figures = TcpListener::bind(address).await?;
            tasks.spawn(metrics::serve(figures, meter.clone(), stopping.clone()));
        }
        let intake = CancellationToken::new();
        let sockets = Sockets {
            desk: Arc::clone(&desk),
            tokens: Arc::clone(&http.tokens),
            cookies: Arc::clone(&http.guest_cookies),
            cookie_names: http.cookies,
            rooms: rooms.clone(),
            source: source.clone(),
            tasks: tasks.clone(),
            meter: meter.clone(),
            stopping: intake.clone(),
        };
        let (layer, io) = socket::build(sockets, &config.limits);
        let (most, proxies) = (config.limits.address_connections, Arc::clone(&http.proxies));
        let peers = Peers::new(most, proxies, meter.clone());
        let app = http.router(layer);
        let patience = Patience {
            head: Duration::from_millis(config.limits.connect_timeout_ms),
            peer: Duration::from_millis(config.limits.peer_timeout_ms.into()),
        };
        let told = CancellationToken::new();
        let terms = Terms { patience, peers, packet: config.limits.packet_bytes, meter };
        let serving = accept::serve(listener, app, terms, told.clone(), STEP);
        let stop = async move {
            shutdown.await;
            stopping.cancel();
            drain(&rooms, &source, &intake, &tasks).await;
            // A connection that does not read would hold this up for ever.
            let _ = tokio::time::timeout(STEP, io.close()).await;
            told.cancel();
        };
        tokio::join!(serving, stop);
        if tokio::time::timeout(STEP, desk.close()).await.is_err() {
            tracing::warn!("the store did not close in time");
        }
        Ok(())
    }
}

/// Tells everybody that the server stops, takes nothing more in, and answers what has come.
async fn drain(rooms: &Rooms, source: &Source, intake: &CancellationToken, requests: &TaskTracker) {
    rooms.tell_everybody("server:draining", || {
        let reconnect_in_ms = 500 + u64::from(u32::from_le_bytes(source.bytes())) % SPREAD_MS;
        ServerDraining { reconnect_in_ms }
    });
    intake.cancel();
    requests.close();
    if tokio::time::timeout(STEP, requests.wait()).await.is_err() {
        tracing::warn!("some requests did not end in time");
    }
}

async fn add_first_admin(desk: &Arc<Desk>, source: &Source) -> Result<Option<String>, StartError> {
    if !desk.has_no_agents().await? {
        return Ok(None);
    }
    let password = readable_password(source);
    let admin = NewAgent {
        username: Username::try_from("admin".to_owned())
            .map_err(|error| DeskError::Invalid(error.to_string()))?,
        display_name: None,
        role: AgentRole::Admin,
        password: Secret::new(password.clone()),
        must_change_password: true,
    };
    let operator = Actor::without_connection(Who::Operator);
    desk.execute(&operator, Command::AddAgent(admin)).await?;
    Ok(Some(password))
}

/// 100 bits that a person can type: 20 letters and digits of Crockford's base 32 in groups.
pub(crate) fn readable_password(source: &Source) -> String {
    use support_shared::TicketRef;

    let groups: Vec<String> = (0..4)
        .map(|_| {
            TicketRef::from_bits(u32::from_le_bytes(source.bytes())).to_string()[1..].to_owned()
        })
        .collect();
    groups.join("-").to_ascii_lowercase()
}
