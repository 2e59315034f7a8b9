//! `GET /docs`: the API's description for people, one page without scripts and without requests to other places. It is
//! rendered at build time from `infra/openapi.yaml`.

use edge::http::Document;
use edge::{Handler, Problem, Request, Response};
use ports::BoxFuture;

#[cfg(test)]
mod page;

/// The `Content-Security-Policy` of the page: only its own style, named by hash, may take effect. When the style
/// changes, a test fails and prints the new hash.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'sha256-7wfZUI4fz0tC3dtWI5/VYfKfHwbLnjH7wv0NwOrRoq8='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page as HTML in UTF-8.
pub const fn page() -> &'static str {
    include_str!(concat!(env!("OUT_DIR"), "/page.html"))
}

/// The page in every content coding.
const PAGE: Document = Document {
    content_type: "text/html; charset=utf-8",
    text: page(),
    gzip: include_bytes!(concat!(env!("OUT_DIR"), "/page.html.gz")),
    brotli: include_bytes!(concat!(env!("OUT_DIR"), "/page.html.br")),
    hash: include_str!(concat!(env!("OUT_DIR"), "/page.html.hash")),
};

/// The answer changes only with a deployment.
const CACHE_CONTROL: &str = "public, max-age=300";

/// The answer is the same for every caller.
pub struct GetApiDocs;

impl Handler for GetApiDocs {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async {
            Ok(PAGE
                .answer(request)
                .with_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
                .with_header("Cache-Control", CACHE_CONTROL))
        })
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};

    #[test]
    fn the_policy_allows_exactly_the_style_of_the_page() {
        let style = super::page().split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
        let hash = STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, style.as_bytes()));
        assert!(super::CONTENT_SECURITY_POLICY.contains(&format!("'sha256-{hash}'")), "the hash is {hash}");
        assert!(!super::page().contains(" style="), "inline styles are not allowed by the policy");
    }

    #[test]
    fn the_page_asks_nobody_for_anything() {
        for asking in ["<script", "<link", "<img", "<iframe", "@import", "url("] {
            assert!(!super::page().contains(asking), "{asking}");
        }
    }

    #[test]
    fn the_page_shows_every_operation_of_the_contract() {
        let contract = include_str!("../../../../infra/openapi.yaml");
        let operations: Vec<_> =
            contract.lines().filter_map(|line| line.trim().strip_prefix("operationId: ")).collect();
        assert!(operations.len() > 15);
        for operation in operations {
            assert!(super::page().contains(&format!("id=\"{operation}\"")), "{operation}");
        }
    }
}
