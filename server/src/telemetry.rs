//! What the server says of itself while it runs: to standard error, without anybody's words, names,
//! tokens or addresses.

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
