//! `GET /.well-known/openid-configuration`: where programs that verify access tokens find the issuer and the keys (OpenID
//! Connect Discovery 1.0, section 4; RFC 8414). It must say only what is true: there is no authorization endpoint.

use contracts::jwks::OpenidConfiguration;
use edge::{Handler, Problem, Request, Response};
use ports::BoxFuture;

/// The path of the key set.
const KEY_SET: &str = "/.well-known/jwks.json";
/// The claims of an access token.
const CLAIMS: [&str; 10] = ["sub", "org_id", "role", "email", "sid", "iss", "aud", "iat", "exp", "jti"];

/// The handler.
pub struct GetOpenidConfiguration {
    /// `iss` of every token. It is a URL only where the deployment has a domain.
    pub issuer: String,
}

impl Handler for GetOpenidConfiguration {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
            let document = OpenidConfiguration {
                issuer: self.issuer.clone(),
                jwks_uri: format!("{}{KEY_SET}", self.base_url(request)),
                response_types_supported: texts(&["none"]),
                subject_types_supported: texts(&["public"]),
                id_token_signing_alg_values_supported: texts(&["RS256"]),
                claims_supported: texts(&CLAIMS),
            };
            Ok(Response::json(200, &document)?.with_header("Cache-Control", "public, max-age=3600"))
        })
    }
}

impl GetOpenidConfiguration {
    /// The address of the API: the issuer if it is a URL, and otherwise the address to which the gateway took the request.
    /// The header `Host` is not read, because it is the client's.
    fn base_url(&self, request: &Request) -> String {
        if self.issuer.contains("://") {
            return self.issuer.trim_end_matches('/').to_owned();
        }
        request.base_url()
    }
}
