//! What browsers need to let a page of another origin read an answer (Fetch, section 3.3; CORS).
//!
//! The stage of the API has the list of allowed origins, and every proxy event brings it along: a changed list takes effect
//! in all functions at once, without a new version of any. An origin is answered only when it is in the list, by name:
//! never `*`, and never one that is not listed. There are no cookies, so that no answer allows credentials.

use super::Request;
use super::proxy_event::ProxyEvent;
use super::response::Response;

/// The stage variable with the allowed origins, separated by commas.
const ALLOWED_ORIGINS: &str = "allowed_origins";

/// The headers of answers that pages may read, besides those that they always may.
pub const EXPOSED_HEADERS: &str = "Accept-Encoding, Allow, ETag, Idempotency-Replayed, Location, RateLimit, \
    RateLimit-Policy, Retry-After, WWW-Authenticate, X-Correlation-Id, X-Ratelimit-Limit-Requests, \
    X-Ratelimit-Remaining-Requests, X-Ratelimit-Reset-Requests, X-Sextant-Attempts, X-Sextant-Cache, X-Sextant-Cost-Usd, \
    X-Sextant-Model, X-Sextant-Overhead-Ms, X-Sextant-Provider";

/// The headers of requests that pages may send, besides those that they always may. OpenAI's client sends the last eight.
pub const REQUEST_HEADERS: &str = "Authorization, Cache-Control, Content-Type, Idempotency-Key, If-Match, If-None-Match, \
    X-Stainless-Arch, X-Stainless-Lang, X-Stainless-OS, X-Stainless-Package-Version, X-Stainless-Retry-Count, \
    X-Stainless-Runtime, X-Stainless-Runtime-Version, X-Stainless-Timeout";

/// How long a browser may keep the answer to a preflight, in seconds: the longest that Chromium does.
const PREFLIGHT_SECONDS: &str = "7200";

/// Where a request comes from, as its browser says, and whether that is allowed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Origin {
    /// No origin is allowed, so that no answer depends on it.
    #[default]
    Unconfigured,
    /// It is not in the list, or the request is not from a browser's page.
    Foreign,
    /// It is in the list.
    Allowed(String),
}

impl Origin {
    pub(super) fn of(event: &ProxyEvent) -> Self {
        let Some(list) = event.stage_variable(ALLOWED_ORIGINS) else { return Self::Unconfigured };
        let allowed = |origin: &&str| list.split(',').any(|listed| listed.trim() == *origin);
        match event.header("Origin").filter(|origin| !origin.is_empty()).filter(allowed) {
            Some(origin) => Self::Allowed(origin.to_owned()),
            None => Self::Foreign,
        }
    }

    /// The answer, readable by the page that asked for it when its origin is allowed.
    pub(super) fn open(&self, response: Response) -> Response {
        match self {
            Self::Unconfigured => response,
            Self::Foreign => response.with_vary("Origin"),
            Self::Allowed(origin) => response
                .with_vary("Origin")
                .with_header("Access-Control-Allow-Origin", origin)
                .with_header("Access-Control-Expose-Headers", EXPOSED_HEADERS),
        }
    }
}

impl Request {
    /// The answer to `OPTIONS` on a path that takes these methods. A preflight of an allowed origin is told what its page
    /// may send; to everybody else it says the methods alone.
    pub fn options(&self, methods: &str) -> Response {
        let response = Response::no_content().with_header("Allow", methods);
        let is_preflight = self.header("Access-Control-Request-Method").is_some();
        match Origin::of(self.event()) {
            Origin::Allowed(_) if is_preflight => response
                .with_header("Access-Control-Allow-Methods", methods)
                .with_header("Access-Control-Allow-Headers", REQUEST_HEADERS)
                .with_header("Access-Control-Max-Age", PREFLIGHT_SECONDS),
            _ => response,
        }
    }
}
