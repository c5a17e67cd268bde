//! Errors as RFC 9457 `application/problem+json`, whoever makes them: the desk, the router, or a
//! body that does not parse.

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::JsonRejection},
    http::{HeaderValue, StatusCode, Uri, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{
    Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::value::RawValue;
use support_shared::{ApiError, ErrorCode};

use super::Http;

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

    pub(super) fn with(status: StatusCode, code: ErrorCode, message: impl Into<String>) -> Self {
        Self { status, error: Box::new(ApiError::new(code, message)) }
    }
}

const TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Whether an answer is a problem already.
pub(super) fn is_one(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE) == Some(&TYPE)
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
        headers.insert(header::CONTENT_TYPE, TYPE);
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

impl<T: DeserializeOwned> FromRequest<Http> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, http: &Http) -> Result<Self, Problem> {
        let unsupported = |text: &str| {
            Problem::with(StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::Invalid, text)
        };
        if request.headers().contains_key(header::CONTENT_ENCODING) {
            return Err(unsupported("send the body as it is, without an encoding"));
        }
        let body = match Json::<Box<RawValue>>::from_request(request, http).await {
            Ok(Json(body)) => body,
            Err(JsonRejection::MissingJsonContentType(_)) => {
                return Err(unsupported("send application/json"));
            }
            Err(rejection) => {
                return Err(unread(http, rejection.status(), &rejection.body_text()));
            }
        };
        // A list of values in the order of the fields would be taken for an object.
        if !body.get().starts_with('{') {
            return Err(invalid("the body is an object"));
        }
        support_shared::object(body.get()).map(Self).map_err(|text| invalid(&text))
    }
}

fn invalid(text: &str) -> Problem {
    Problem::with(StatusCode::BAD_REQUEST, ErrorCode::Invalid, text)
}

/// A body that could not be read, or is no JSON.
fn unread(http: &Http, status: StatusCode, text: &str) -> Problem {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        http.meter.limited("packet_bytes");
        return Problem::with(status, ErrorCode::TooLarge, "the body is too large");
    }
    invalid(&what_is_wrong(text))
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

/// What is sent where nothing is asked for: nothing at all, or an object of whatever.
pub(super) type NoBody = OptionalBody<IgnoredAny>;

impl<T: DeserializeOwned + Default> FromRequest<Http> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, http: &Http) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        // Only its end shows whether there is one: it may come in chunks.
        let whole = Bytes::from_request(Request::from_parts(parts.clone(), body), http).await;
        let whole = whole.map_err(|error| unread(http, error.status(), &error.body_text()))?;
        if whole.is_empty() {
            return Ok(Self(T::default()));
        }
        let request = Request::from_parts(parts, whole.into());
        Body::from_request(request, http).await.map(|Body(body)| Self(body))
    }
}

/// A query string.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = format!("/?{}", in_range(parts.uri.query().unwrap_or_default()));
        let query: Uri = query.parse().map_err(|_| invalid("the query is not one"))?;
        let asked = Query::<T>::try_from_uri(&query);
        asked
            .map(|Query(asked)| Self(asked))
            .map_err(|rejection| invalid(&what_is_wrong(&rejection.body_text())))
    }
}

/// The query with a `limit` that is too large for its type as the largest one: it is over every
/// maximum, and so clamped.
fn in_range(query: &str) -> String {
    let clamped = |pair: &str| {
        let digits =
            pair.strip_prefix("limit=").filter(|it| it.bytes().all(|it| it.is_ascii_digit()));
        match digits {
            Some(digits) if !digits.is_empty() && digits.parse::<u64>().is_err() => {
                format!("limit={}", u64::MAX)
            }
            _ => pair.to_owned(),
        }
    };
    query.split('&').map(clamped).collect::<Vec<_>>().join("&")
}

/// A part of the path.
pub(super) struct Named<T>(pub(super) T);

impl<T: std::str::FromStr<Err: std::fmt::Display>, S: Send + Sync> FromRequestParts<S>
    for Named<T>
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| invalid(&rejection.body_text()))?;
        text.parse().map(Self).map_err(|error: T::Err| invalid(&error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_beyond_64_bits_is_the_largest_and_nothing_else_is_touched() {
        for (query, read) in [
            ("", ""),
            ("limit=50&q=a%20b", "limit=50&q=a%20b"),
            ("limit=99999999999999999999", "limit=18446744073709551615"),
            ("q=limit&limit=18446744073709551616&", "q=limit&limit=18446744073709551615&"),
            (
                "limit=&limit=x&limit=-99999999999999999999",
                "limit=&limit=x&limit=-99999999999999999999",
            ),
            ("before=99999999999999999999", "before=99999999999999999999"),
        ] {
            assert_eq!(in_range(query), read);
        }
    }

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
