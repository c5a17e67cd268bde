//! A body has to be there in time, all of it: one that comes byte by byte holds its connection no
//! longer than one that does not come.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use hyper::body::{Frame, SizeHint};
use tokio::time::Sleep;

use super::arrival;
use crate::telemetry::Meter;

/// A body, and when it must have ended.
struct InTime {
    body: Body,
    deadline: Pin<Box<Sleep>>,
    meter: Meter,
}

impl HttpBody for InTime {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.deadline.as_mut().poll(cx).is_ready() {
            self.meter.limited(arrival::LIMIT);
            return Poll::Ready(Some(Err(axum::Error::new(io::Error::from(
                io::ErrorKind::TimedOut,
            )))));
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Gives up a body that is not there in time, whoever reads it.
pub(super) async fn in_time(
    State((patience, meter)): State<(Duration, Meter)>,
    request: Request,
    next: Next,
) -> Response {
    let request = if request.body().is_end_stream() {
        request
    } else {
        let deadline = Box::pin(tokio::time::sleep(patience));
        request.map(|body| Body::new(InTime { body, deadline, meter }))
    };
    next.run(request).await
}
