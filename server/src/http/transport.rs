//! Engine.IO's own refusals in the form of every other one: the library answers with forms of its
//! own, or with nothing but a status.

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use support_shared::ErrorCode;

use super::problem::{self, Problem};
use crate::telemetry::Meter;

const PATH: &str = "/socket.io";

/// Bytes that the library says of what is wrong, at most.
const SAID: usize = 1024;

/// What the library says of what is wrong.
#[derive(Deserialize)]
struct Said {
    message: String,
}

pub(super) async fn check(State(meter): State<Meter>, request: Request, next: Next) -> Response {
    if request.uri().path().trim_end_matches('/') != PATH {
        return next.run(request).await;
    }
    if !matches!(*request.method(), Method::GET | Method::POST) {
        let mut refused = problem::wrong_method().await.into_response();
        refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET,POST"));
        return refused;
    }
    let response = next.run(request).await;
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() || problem::is_one(&response) {
        return response;
    }
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        meter.limited("packet_bytes");
        let message = "the body is too large";
        return Problem::with(status, ErrorCode::TooLarge, message).into_response();
    }
    let code = if status.is_server_error() { ErrorCode::Internal } else { ErrorCode::Invalid };
    Problem::with(status, code, said(response.into_body()).await).into_response()
}

async fn said(body: Body) -> String {
    let body = to_bytes(body, SAID).await.unwrap_or_default();
    let said = serde_json::from_slice(&body).map(|Said { message }| message);
    said.unwrap_or_else(|_| "this is no request of Engine.IO 4".to_owned())
}
