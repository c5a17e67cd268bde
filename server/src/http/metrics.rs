//! Figures for Prometheus, on a listener of their own: what the operator reads is not on the address
//! that everybody reaches.

use axum::{Router, extract::State, http::header, routing::get};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::problem;
use crate::telemetry::Meter;

/// The media type of the `OpenMetrics` text format, version 1.0.0.
const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(crate) async fn serve(listener: TcpListener, meter: Meter, stopping: CancellationToken) {
    let app = Router::new()
        .route(
            "/metrics",
            get(|State(meter): State<Meter>| async move {
                ([(header::CONTENT_TYPE, TEXT)], meter.text())
            }),
        )
        .fallback(problem::unknown_route)
        .with_state(meter);
    let stopped = stopping.cancelled_owned();
    if let Err(error) = axum::serve(listener, app).with_graceful_shutdown(stopped).await {
        tracing::warn!(%error, "the figures are not served any more");
    }
}
