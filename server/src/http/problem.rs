//! Errors as RFC 9457 `application/problem+json`, whoever makes them: the desk, the router, or a
//! body that does not parse.

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::JsonRejection},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use support_shared::{ApiError, ErrorCode};

/// An error on its way out.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    error: Box<ApiError>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Form<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: ErrorCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a serde_json::Value>,
}

impl Problem {
    pub(crate) fn new(error: ApiError) -> Self {
        let status = StatusCode::from_u16(error.code.status());
        Self { status: status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), error: Box::new(error) }
    }

    /// A request that no page of ours has made.
    pub(super) fn foreign(message: &str) -> Self {
        Self::new(ApiError::new(ErrorCode::ForbiddenOrigin, message))
    }

    /// A value that is none.
    #[cfg(feature = "page")]
    pub(super) fn wrong(what: impl std::fmt::Display) -> Self {
        Self::new(ApiError::new(ErrorCode::Invalid, what.to_string()))
    }

    #[cfg(feature = "page")]
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// What programs decide on.
    #[cfg(feature = "page")]
    pub(super) fn code(&self) -> ErrorCode {
        self.error.code
    }

    /// What people read.
    #[cfg(feature = "page")]
    pub(super) fn message(&self) -> &str {
        &self.error.message
    }

    fn with(status: StatusCode, code: ErrorCode, message: impl Into<String>) -> Self {
        Self { status, error: Box::new(ApiError::new(code, message)) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { status, error } = self;
        let form = Form {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: &error.message,
            code: error.code,
            retry_after_ms: error.retry_after_ms,
            details: error.details.as_ref(),
        };
        let mut response = (status, Json(form)).into_response();
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, json);
        if let Some(millis) = error.retry_after_ms {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(millis.div_ceil(1000)));
        }
        response
    }
}

pub(super) async fn unknown_route() -> Problem {
    Problem::with(StatusCode::NOT_FOUND, ErrorCode::NotFound, "there is nothing at this address")
}

pub(super) async fn wrong_method() -> Problem {
    let message = "this address takes other methods";
    Problem::with(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::Invalid, message)
}

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let invalid = |text: &str| Problem::with(StatusCode::BAD_REQUEST, ErrorCode::Invalid, text);
        let unsupported = |text: &str| {
            Problem::with(StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::Invalid, text)
        };
        if request.headers().contains_key(header::CONTENT_ENCODING) {
            return Err(unsupported("send the body as it is, without an encoding"));
        }
        let body = match Json::<Box<RawValue>>::from_request(request, state).await {
            Ok(Json(body)) => body,
            Err(JsonRejection::MissingJsonContentType(_)) => {
                return Err(unsupported("send application/json"));
            }
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                let text = "the body is too large";
                return Err(Problem::with(rejection.status(), ErrorCode::TooLarge, text));
            }
            Err(rejection) => return Err(invalid(&what_is_wrong(&rejection.body_text()))),
        };
        // A list of values in the order of the fields would be taken for an object.
        if !body.get().starts_with('{') {
            return Err(invalid("the body is an object"));
        }
        support_shared::object(body.get()).map(Self).map_err(|text| invalid(&text))
    }
}

/// What a parser says, without what it says of itself and of places in one line of a program's
/// making.
fn what_is_wrong(text: &str) -> String {
    without_place(text.split_once(": ").map_or(text, |(_, what)| what))
}

fn without_place(text: &str) -> String {
    text.rsplit_once(" at line ").map_or(text, |(what, _)| what).to_owned()
}

/// A JSON body, or nothing at all for the default.
pub(super) struct OptionalBody<T>(pub(super) T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let headers = request.headers();
        let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let chunked = headers.contains_key(header::TRANSFER_ENCODING);
        if !chunked && length.is_none_or(|length| length == "0") {
            return Ok(Self(T::default()));
        }
        Body::from_request(request, state).await.map(|Body(body)| Self(body))
    }
}

/// A query string.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(rejection) => {
                let text = what_is_wrong(&rejection.body_text());
                Err(Problem::with(StatusCode::BAD_REQUEST, ErrorCode::Invalid, text))
            }
        }
    }
}

/// A part of the path.
pub(super) struct Named<T>(pub(super) T);

impl<T: std::str::FromStr<Err: std::fmt::Display>, S: Send + Sync> FromRequestParts<S>
    for Named<T>
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let invalid =
            |text: String| Problem::with(StatusCode::BAD_REQUEST, ErrorCode::Invalid, text);
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| invalid(rejection.body_text()))?;
        text.parse().map(Self).map_err(|error: T::Err| invalid(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_what_is_wrong_and_not_who_found_it() {
        for (text, what) in [
            (
                "Failed to deserialize the JSON body into the target type: missing field `password` at line 1 column 16",
                "missing field `password`",
            ),
            (
                "Failed to parse the request body as JSON: EOF while parsing an object at line 1 column 1",
                "EOF while parsing an object",
            ),
            ("Failed to deserialize query string: limit: invalid value", "limit: invalid value"),
            ("nonsense", "nonsense"),
        ] {
            assert_eq!(what_is_wrong(text), what);
        }
    }
}
