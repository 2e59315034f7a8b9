//! The headers with which a browser lets a page of another origin read an answer (Fetch, section 3.3; CORS).
//!
//! The allowed origins are a variable of the API's stage, and every proxy event contains it. So a changed list takes
//! effect in all functions at once, without a new version of a function. An answer names an origin only if the list
//! contains it; it never contains `*`. Answers to pages of these origins also allow credentials, so that a browser stores and
//! sends the cookie with the refresh token.

use super::Request;
use super::proxy_event::ProxyEvent;
use super::response::Response;

/// The stage variable with the allowed origins, separated by commas.
const ALLOWED_ORIGINS: &str = "allowed_origins";

/// The answer headers that pages may read in addition to those that they always may read.
pub const EXPOSED_HEADERS: &str = "Accept-Encoding, Allow, ETag, Idempotency-Replayed, Location, RateLimit, \
    RateLimit-Policy, Request-Id, Retry-After, WWW-Authenticate, X-Correlation-Id, X-Ratelimit-Limit-Requests, \
    X-Ratelimit-Remaining-Requests, X-Ratelimit-Reset-Requests, X-Request-Id, X-Sextant-Attempts, X-Sextant-Cache, \
    X-Sextant-Cost-Usd, X-Sextant-Model, X-Sextant-Overhead-Ms, X-Sextant-Provider";

/// The request headers that pages may send in addition to those that they always may send. OpenAI's and Anthropic's
/// clients send the last twelve.
pub const REQUEST_HEADERS: &str = "Authorization, Cache-Control, Content-Type, Idempotency-Key, If-Match, If-None-Match, \
    X-Requested-With, Anthropic-Beta, Anthropic-Dangerous-Direct-Browser-Access, Anthropic-Version, X-Api-Key, X-Stainless-Arch, \
    X-Stainless-Lang, X-Stainless-OS, X-Stainless-Package-Version, X-Stainless-Retry-Count, X-Stainless-Runtime, \
    X-Stainless-Runtime-Version, X-Stainless-Timeout";

/// How long a browser may cache the answer to a preflight request, in seconds. Chromium caches it for no longer than
/// this.
const PREFLIGHT_SECONDS: &str = "7200";

/// The origin of a request, as its browser states it, and whether it is allowed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Origin {
    /// No origin is allowed, so no answer depends on the origin.
    #[default]
    Unconfigured,
    /// The origin is not in the list, or the request does not come from a page in a browser.
    Foreign,
    /// The origin is in the list.
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

    /// The answer with the headers that let the calling page read it, if its origin is allowed.
    pub(super) fn open(&self, response: Response) -> Response {
        match self {
            Self::Unconfigured => response,
            Self::Foreign => response.with_vary("Origin"),
            Self::Allowed(origin) => response
                .with_vary("Origin")
                .with_header("Access-Control-Allow-Origin", origin)
                .with_header("Access-Control-Allow-Credentials", "true")
                .with_header("Access-Control-Expose-Headers", EXPOSED_HEADERS),
        }
    }
}

/// Methods of requests to paths that do not exist: all that a client may try.
const ANY_METHOD: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";

impl Request {
    /// The answer to `OPTIONS` on a path with these methods. A preflight request of an allowed origin is also told what
    /// its page may send.
    pub fn options(&self, methods: &str) -> Response {
        let response = Response::no_content().with_header("Allow", methods);
        if self.is_allowed_preflight() { permitting(response, methods) } else { response }
    }

    /// The answer to a preflight request of an allowed origin for a path that does not exist. It lets the request
    /// through, because otherwise the page could not read the answer that names the right path. `None` for all other
    /// requests.
    pub fn preflight_of_unknown_path(&self) -> Option<Response> {
        let is_preflight = self.method() == "OPTIONS" && self.is_allowed_preflight();
        is_preflight.then(|| permitting(Response::no_content(), ANY_METHOD))
    }

    fn is_allowed_preflight(&self) -> bool {
        self.header("Access-Control-Request-Method").is_some()
            && matches!(Origin::of(self.event()), Origin::Allowed(_))
    }
}

/// The answer to a preflight request, which tells what a page may send.
fn permitting(response: Response, methods: &str) -> Response {
    response
        .with_header("Access-Control-Allow-Methods", methods)
        .with_header("Access-Control-Allow-Headers", REQUEST_HEADERS)
        .with_header("Access-Control-Max-Age", PREFLIGHT_SECONDS)
}
