//! What the server says of itself while it runs: logs to standard error and figures for Prometheus.
//! Neither has anybody's words, names, tokens or addresses.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Starts logging. `SUPPORT_LOG` sets the level (`warn` unless told otherwise) and
/// `SUPPORT_LOG_FORMAT=json` writes JSON lines.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_env("SUPPORT_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    let json = std::env::var("SUPPORT_LOG_FORMAT").is_ok_and(|format| format == "json");
    let layer = fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    // Somebody who embeds the server may have set up logging already; then theirs stays.
    let _ =
        if json { registry.with(layer.json()).try_init() } else { registry.with(layer).try_init() };
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Limit {
    limit: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Outcome {
    action: String,
    outcome: &'static str,
}

/// Counts what happens. A handle: clones count into the same figures.
#[derive(Clone)]
pub struct Meter {
    registry: Arc<Mutex<Registry>>,
    limited: Family<Limit, Counter>,
    commands: Family<Outcome, Counter>,
    seconds: Histogram,
}

impl Default for Meter {
    fn default() -> Self {
        Self::new()
    }
}

impl Meter {
    /// Figures that are all at zero.
    pub fn new() -> Self {
        // From a cached read to a store that is out of reach.
        let seconds = Histogram::new([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0]);
        let meter = Self {
            registry: Arc::default(),
            limited: Family::default(),
            commands: Family::default(),
            seconds,
        };
        let mut registry = Registry::with_prefix("support");
        let limited = "What was refused because of a limit, by the limit's setting";
        registry.register("limited", limited, meter.limited.clone());
        let commands = "Commands, by what they were and how they ended";
        registry.register("commands", commands, meter.commands.clone());
        let seconds = "How long commands took";
        registry.register("command_seconds", seconds, meter.seconds.clone());
        *meter.registry.lock().unwrap_or_else(PoisonError::into_inner) = registry;
        meter
    }

    /// Something was refused because of this limit.
    pub(crate) fn limited(&self, limit: &'static str) {
        self.limited.get_or_create(&Limit { limit }).inc();
    }

    /// A command has ended.
    pub(crate) fn command(&self, action: String, outcome: &'static str, took: Duration) {
        self.commands.get_or_create(&Outcome { action, outcome }).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// All figures, as Prometheus reads them.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        // Writing to a string does not fail.
        let _ = encode(&mut text, &registry);
        text
    }
}
