//! The guest page, embedded by the build, and the launcher that puts it on other sites. Files under
//! `/assets/` have their content's hash in their name and never change.

#[cfg(not(feature = "page"))]
pub(super) fn routes() -> axum::Router<super::Http> {
    axum::Router::new()
}

#[cfg(feature = "page")]
pub(super) use embedded::{headers, routes, style};

#[cfg(feature = "page")]
mod embedded {
    use axum::{
        Router,
        extract::{Path, State},
        http::{HeaderMap, HeaderName, header},
        response::{IntoResponse, Response},
        routing::get,
    };

    use crate::http::{Http, plain, problem};

    #[derive(rust_embed::RustEmbed)]
    #[folder = "$OUT_DIR/page"]
    struct Files;

    /// Everything from here, nothing inline; in whose frame, the operator says.
    const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
        connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'";

    /// Looked for anew each time, so that a new version of the page is seen at once.
    const FRESH: &str = "no-cache";
    const FOR_EVER: &str = "public, max-age=31536000, immutable";

    pub(in crate::http) fn routes() -> Router<Http> {
        Router::new()
            .route("/", get(index))
            .route("/embed.js", get(launcher))
            .route("/assets/{file}", get(asset))
            .merge(plain::routes())
    }

    async fn index(State(http): State<Http>, asked: HeaderMap) -> Response {
        file(&http, &asked, "index.html", FRESH).await
    }

    /// What stands in the launcher where it wants to know the sites that may have it.
    const SITES: &str = "SUPPORT_DESK_SITES";

    /// It is told which sites it is for, and stays away from others: their visitors would see a
    /// frame with nothing in it.
    async fn launcher(State(http): State<Http>) -> Response {
        let Some(file) = Files::get("embed.js") else {
            return problem::unknown_route().await.into_response();
        };
        let script = String::from_utf8_lossy(&file.data).replace(SITES, &http.origins.sites());
        // The launcher stands in pages of whatever encoding.
        let kind = "text/javascript; charset=utf-8";
        let own = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, FRESH)];
        (headers(&http), own, script).into_response()
    }

    async fn asset(
        State(http): State<Http>,
        Path(name): Path<String>,
        asked: HeaderMap,
    ) -> Response {
        file(&http, &asked, &format!("assets/{name}"), FOR_EVER).await
    }

    async fn file(http: &Http, asked: &HeaderMap, name: &str, caching: &'static str) -> Response {
        let Some(file) = Files::get(name) else {
            return problem::unknown_route().await.into_response();
        };
        let kind = format!("{}; charset=utf-8", file.metadata.mimetype());
        let own = [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, caching.to_owned()),
            (header::VARY, "accept-encoding".to_owned()),
        ];
        match Files::get(&format!("{name}.gz")).filter(|_| takes_gzip(asked)) {
            Some(packed) => {
                let packing = [(header::CONTENT_ENCODING, "gzip")];
                (headers(http), own, packing, packed.data).into_response()
            }
            None => (headers(http), own, file.data).into_response(),
        }
    }

    /// The build has packed every file once; nothing is packed while it is asked for.
    fn takes_gzip(asked: &HeaderMap) -> bool {
        let values = asked.get_all(header::ACCEPT_ENCODING).iter();
        let mut codings =
            values.filter_map(|it| it.to_str().ok()).flat_map(|it| it.split(',')).map(str::trim);
        codings.any(|it| it == "gzip" || (it.starts_with("gzip;") && !it.ends_with("q=0")))
    }

    /// What every page for guests says of itself.
    pub(in crate::http) fn headers(http: &Http) -> [(HeaderName, String); 1] {
        let policy = format!("{POLICY}; frame-ancestors {}", http.origins.frame_ancestors());
        [(header::CONTENT_SECURITY_POLICY, policy)]
    }

    /// Where the style sheet is.
    pub(in crate::http) fn style() -> String {
        let is_style =
            |name: &str| std::path::Path::new(name).extension().is_some_and(|it| it == "css");
        Files::iter().find(|name| is_style(name)).map(String::from).unwrap_or_default()
    }
}
