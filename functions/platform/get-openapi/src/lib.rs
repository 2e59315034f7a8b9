//! `GET /v1/openapi.json`: the API's description for programs. It is made at build time from `infra/openapi.yaml`, and
//! must never contain the parts for API Gateway.

use edge::http::Document;
use edge::{Handler, Problem, Request, Response};
use ports::BoxFuture;

/// The OpenAPI 3.0 document as JSON.
pub const fn document() -> &'static str {
    include_str!(concat!(env!("OUT_DIR"), "/openapi.json"))
}

/// The document in every content coding.
const DOCUMENT: Document = Document {
    content_type: "application/json",
    text: document(),
    gzip: include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.gz")),
    brotli: include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.br")),
    hash: include_str!(concat!(env!("OUT_DIR"), "/openapi.json.hash")),
};

/// The answer changes only with a deployment.
const CACHE_CONTROL: &str = "public, max-age=300";

/// The answer is the same for every caller.
pub struct GetOpenapi;

impl Handler for GetOpenapi {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async { Ok(DOCUMENT.answer(request).with_header("Cache-Control", CACHE_CONTROL)) })
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn is_the_whole_contract_without_the_gateway() {
        let document: serde_json::Value = serde_json::from_str(super::document()).unwrap();
        assert_eq!(document["openapi"], "3.0.1");
        assert_eq!(document["paths"]["/v1/leads/{id}/score"]["post"]["operationId"], "scoreLead");
        for hidden in ["x-amazon-", "Fn::Sub", "arn:$"] {
            assert!(!super::document().contains(hidden), "{hidden}");
        }
    }
}
