//! The guest page, embedded by the build. Files under `/assets/` have their content's hash in their
//! name and never change.

use axum::Router;

use super::Http;

#[cfg(not(feature = "page"))]
pub(super) fn routes() -> Router<Http> {
    Router::new()
}

#[cfg(feature = "page")]
pub(super) fn routes() -> Router<Http> {
    use axum::routing::get;

    Router::new().route("/", get(embedded::index)).route("/assets/{file}", get(embedded::asset))
}

#[cfg(feature = "page")]
mod embedded {
    use axum::{
        extract::Path,
        http::header,
        response::{IntoResponse, Response},
    };

    use crate::http::problem;

    #[derive(rust_embed::RustEmbed)]
    #[folder = "$OUT_DIR/page"]
    struct Files;

    /// Everything from here, nothing inline, nobody's frame.
    const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
        connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; \
        frame-ancestors 'none'";

    /// Looked for anew each time, so that a new version of the page is seen at once.
    const FRESH: &str = "no-cache";
    const FOR_EVER: &str = "public, max-age=31536000, immutable";

    pub(super) async fn index() -> Response {
        file("index.html", FRESH).await
    }

    pub(super) async fn asset(Path(name): Path<String>) -> Response {
        file(&format!("assets/{name}"), FOR_EVER).await
    }

    async fn file(name: &str, caching: &'static str) -> Response {
        let Some(file) = Files::get(name) else {
            return problem::unknown_route().await.into_response();
        };
        let kind = file.metadata.mimetype().to_owned();
        let headers = [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, caching.to_owned()),
            (header::CONTENT_SECURITY_POLICY, POLICY.to_owned()),
        ];
        (headers, file.data).into_response()
    }
}
