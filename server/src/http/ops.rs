//! Health, for balancers and supervisors. Says as little as they need.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::Http;

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

/// The process runs.
pub(super) async fn alive() -> Response {
    Json(Health { status: "ok" }).into_response()
}

/// The store answers.
pub(super) async fn ready(State(http): State<Http>) -> Response {
    if http.desk.is_ready().await {
        Json(Health { status: "ok" }).into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(Health { status: "unavailable" })).into_response()
    }
}
